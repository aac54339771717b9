"""`pipeline effectiveness` as text: no figure is cut, left out, or made up."""

import re
from pathlib import Path

from tests.support import metrics_line, pipeline, write

AT = "2026-02-12T12:00:00Z"
LOG = "api/logs/metrics.jsonl"
TYPES = {"spec": 1057, "impl": 1058, "docs": 1100, None: 1011, "review": 1001, "heal": 1003}


def of_types(root: Path) -> Path:
    lines = [
        metrics_line(AT, task_id=f"{kind}{place}", task_type=kind)
        for kind, count in TYPES.items()
        for place in range(count)
    ]
    return write(root, {LOG: "".join(lines)})


def words(root: Path, *arguments: str, columns: int = 80) -> str:
    text = pipeline(root, *arguments, env={"COLUMNS": str(columns)}).text
    assert max(map(len, text.splitlines())) <= columns
    return " ".join(text.split())


def test_tasks_of_other_types_or_none_are_counted_among_the_completed(tmp_path: Path) -> None:
    said = words(of_types(tmp_path), "effectiveness")
    assert (
        "By type 6230 completed: 1057 spec, 1058 impl, 0 test, 1001 review, 1003 heal; "
        "2111 of other types or none"
    ) in said
    assert "2111 completed of other types or none" in words(tmp_path, "explain", "progress")


def test_of_the_known_types_alone_nothing_is_left_over(tmp_path: Path) -> None:
    write(tmp_path, {LOG: metrics_line(AT, task_type="impl")})
    assert "other types" not in words(tmp_path, "effectiveness")
    assert "types or none" not in words(tmp_path, "explain", "progress")


def test_no_figure_is_cut_where_the_width_is_short(tmp_path: Path) -> None:
    root = of_types(tmp_path)
    figures = re.findall(r"[0-9][0-9,.]*", words(root, "effectiveness", columns=300))
    assert re.findall(r"[0-9][0-9,.]*", words(root, "effectiveness", columns=50)) == figures


def test_where_the_monitor_never_ran_issues_are_no_data(tmp_path: Path) -> None:
    said = words(tmp_path, "effectiveness")
    assert "Issues no data there is no issues file that can be read Healed" in said
    found = pipeline(tmp_path, "effectiveness", "--json").json
    assert (found["issues"], found["samples"]["issues"]) == ({"open": 0, "resolved_7d": 0}, None)
    assert "Here unknown Because no data: there is no issues file" in words(
        tmp_path, "explain", "open"
    )


def test_resolutions_without_an_issues_file_are_counted(tmp_path: Path) -> None:
    line = f'{{"condition": "stuck", "resolved_at": "{AT}"}}\n'
    write(tmp_path, {"api/logs/monitor_resolutions.jsonl": line})
    assert "that can be read; 1 resolved" in words(tmp_path, "effectiveness")


def test_where_the_monitor_found_nothing_no_issue_is_open(tmp_path: Path) -> None:
    write(tmp_path, {"api/logs/monitor_issues.json": '{"issues": []}'})
    assert "Issues 0 open 0 resolved" in words(tmp_path, "effectiveness")
    found = pipeline(tmp_path, "effectiveness", "--json").json
    assert found["samples"]["issues"] == 0
    assert "Here 0 Because 0 entries" in words(tmp_path, "explain", "open")


def test_a_tracked_phase_without_items_is_no_data(tmp_path: Path) -> None:
    write(tmp_path, {"backlog/006-overnight-backlog.md": "## Phase 6: x\n1. a\n"})
    said = words(tmp_path, "effectiveness")
    assert "Phase 7 no data no items" in said
    assert re.search(r"Phase 6 \S+ 0.0% 0 of 1; x", said)
    plan = pipeline(tmp_path, "effectiveness", "--json").json["plan_progress"]
    assert plan["phase_7"] == {"completed": 0, "total": 0, "pct": 0.0}

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

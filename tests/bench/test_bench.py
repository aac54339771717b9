"""The benchmarks measure what they say. No test here asserts a time."""

import json
import sys
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.formats import backlog_md, frontmatter, spec_md
from pipeline_cli.formats.markdown import Document
from pipeline_cli.render.demo import CLOCK
from tests.bench import generate, opponents
from tests.bench.__main__ import document
from tests.bench.groups import growth_cells
from tests.bench.measure import Case, Limit, Measured, exponent, measure, run_once
from tests.bench.table import Table, markdown, of_cases, plain
from tests.support import NOW, pipeline


def records(count: int, *, disordered: bool = False, window: int | None = None) -> list[Any]:
    lines = generate.metrics_lines(count, disordered=disordered, window=window)
    return [json.loads(line) for line in lines]


def stamps(found: list[Any]) -> list[datetime]:
    return [datetime.fromisoformat(record["created_at"]) for record in found]


def test_metrics_log_is_ordered_and_its_last_twentieth_is_the_window() -> None:
    found = records(2_000)

    assert len(found) == len({record["task_id"] for record in found}) == 2_000
    assert all(first < second for first, second in pairwise(stamps(found)))
    inside = [record["created_at"] >= generate.since() for record in found]
    assert inside == [False] * 1_900 + [True] * 100
    assert found[-1]["created_at"] <= NOW


def test_window_of_a_log_can_be_kept_while_its_history_grows() -> None:
    for count in (400, 4_000):
        found = records(count, window=100)
        assert sum(record["created_at"] >= generate.since() for record in found) == 100


def test_disordered_log_holds_the_same_lines_more_than_a_day_out_of_order() -> None:
    ordered, mixed = records(3_000), records(3_000, disordered=True)

    def by_id(record: Any) -> str:
        return str(record["task_id"])

    assert sorted(mixed, key=by_id) == sorted(ordered, key=by_id)
    highest, back = stamps(mixed)[0], timedelta(0)
    for stamp in stamps(mixed):
        highest, back = max(highest, stamp), max(back, highest - stamp)
    assert back > timedelta(hours=24)


def test_our_program_counts_the_window_of_either_log(tmp_path: Path) -> None:
    answers = []
    for disordered in (False, True):
        root = generate.workspace(tmp_path / str(disordered), specs=3)
        lines = generate.metrics_lines(2_000, disordered=disordered)
        generate.write_lines(root / generate.LOGS / "metrics.jsonl", lines)
        ran = pipeline(root, "metrics", "--json")
        assert ran.code == 0
        answers.append(ran.json["success_rate"])

    assert answers[0] == answers[1]
    assert answers[0]["total"] == 100


def test_generators_give_the_same_bytes_again(tmp_path: Path) -> None:
    def everything(root: Path) -> dict[str, bytes]:
        generate.workspace(root, items=120, specs=12)
        for name, lines in {
            "metrics": generate.metrics_lines(60, disordered=True),
            "tasks": generate.task_lines(20),
            "resolutions": generate.resolution_lines(20),
            "table": generate.table_lines(20),
        }.items():
            generate.write_lines(root / name, lines)
        generate.backlog_md(root / "one", 3)
        generate.openspec(root / "two", 3)
        files = sorted(path for path in root.rglob("*") if path.is_file())
        return {str(path.relative_to(root)): path.read_bytes() for path in files}

    assert everything(tmp_path / "a") == everything(tmp_path / "b")


def test_specs_are_read_without_findings_and_one_header_in_ten_is_longer() -> None:
    longer = 0
    for number in range(100):
        text = generate.spec_text(number)
        spec, findings = spec_md.parse(SourceFile(f"specs/{generate.spec_name(number)}.md", text))
        assert not findings
        assert spec.status
        header = frontmatter.parse(text, "specs/a.md")
        assert header is not None
        longer += header.values.get("summary", "").endswith("folded over two lines.")
    assert longer == 10


def test_backlog_has_so_many_items_in_phases_of_fifty() -> None:
    text = "".join(generate.backlog_lines(120, 10))
    backlog = backlog_md.parse(SourceFile("backlog/006-overnight-backlog.md", text))

    assert len(backlog.items) == 120
    assert [phase.number for phase in backlog.phases] == [1, 2, 3]
    assert not backlog.findings


def test_other_inputs_have_the_size_that_was_asked_for() -> None:
    assert len(list(generate.task_lines(40))) == 120
    assert len(json.loads(generate.issues_text(40))["issues"]) == 40
    assert len(list(generate.resolution_lines(40))) == 40
    (table,) = Document("".join(generate.table_lines(40))).tables
    assert len(list(table.rows())) == 40


def test_demo_is_measured_at_its_own_clock() -> None:
    assert generate.DEMO_NOW == CLOCK


def test_exponent_of_known_growth() -> None:
    sizes = [500, 5_000, 50_000]

    assert exponent(sizes, [0.06, 0.15, 1.05], 0.05) == pytest.approx(1)
    assert exponent(sizes, [1.25, 101.0, 10_001.0], 1.0) == pytest.approx(2.3, abs=0.01)
    assert exponent(sizes, [0.07, 0.07, 0.07], 0.05) == pytest.approx(0)
    assert exponent(sizes[:2], [1.5, 51.0], 1.0) == pytest.approx(2)
    assert exponent(sizes, [0.0505, 0.1, 0.5], 0.05) is None  # the first is noise
    assert exponent([500], [1.0], 0.0) is None


def test_growth_row_names_what_failed() -> None:
    fine = {
        "0": Measured((0.1,), 20),
        "10": Measured((0.2,), 20),
        "100": Measured((1.6,), 900),
    }
    sizes = "10 / 100"
    assert growth_cells("x", (10, 100), fine) == (
        *("x", sizes, "100", "200 / 1,600", "1.18, missed"),
        "900, missed",
    )
    broken = {**fine, "100": Measured(trouble="exit 70: a bug")}
    assert growth_cells("x", (10, 100), broken)[0] == "x: exit 70: a bug"


RESULTS = {
    "bare": Measured((0.01, 0.03, 0.01), 900),
    "peer": Measured((0.5,), 910),
    "gone": Measured(trouble="not installed"),
    "ours": Measured((0.08, 0.07, 0.09), 2_000),
}


def rendered() -> Table:
    limits = (Limit("bare", 7.5), Limit("peer", 0.5), Limit("gone", 2))
    cases = [
        Case("bare", ()),
        Case("peer", ()),
        Case("gone", ()),
        Case("ours", (), limits, peak=1_000, ours=True),
    ]
    return of_cases("Start", "Words.", cases, RESULTS, "bare")


def test_table_as_aligned_text() -> None:
    assert plain(rendered()).split("\n") == [
        "== Start",
        "Ratios are to: bare. Words.",
        "",
        "                       ms  ratio                               goal    MiB  runs",
        "bare                 10.0   1.00                                       900     3",
        "peer                  500   50.0                                       910     1",
        "gone: not installed     —      —                                  —      —     —",
        "ours                 80.0   8.00  ≤ 7.5, missed; ≤ 1000 MiB, missed  2,000     3",
        "… against peer             0.160                              ≤ 0.5",
        "… against gone                 —                                ≤ 2",
        "",
    ]


def test_table_as_markdown() -> None:
    lines = markdown(rendered()).split("\n")

    assert lines[0] == "## Start"
    assert lines[4] == "|  | ms | ratio | goal | MiB | runs |"
    assert lines[5] == "| --- | ---: | ---: | ---: | ---: | ---: |"
    assert lines[6] == "| bare | 10.0 | 1.00 |  | 900 | 3 |"
    assert {line.count("|") for line in lines[4:-1]} == {7}


def test_only_a_failure_of_ours_counts_as_one() -> None:
    assert not rendered().failed
    cases = [Case("bare", ()), Case("gone", (), ours=True)]
    assert of_cases("Start", "", cases, RESULTS, "bare").failed


def test_document_says_how_it_was_made() -> None:
    text = document("python -m tests.bench", ["2 cores"], [rendered()])

    assert "```sh\npython -m tests.bench\n```" in text
    assert "- 2 cores\n" in text
    assert "## Start" in text


def test_measuring_runs_in_turns_and_tells_why_it_could_not(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def noting(word: str) -> tuple[str, ...]:
        return ("sh", "-c", f"echo {word} >> {log}")

    cases = [
        Case("a", noting("a")),
        Case("b", noting("b")),
        Case("absent", ("no-such-program-here",)),
        Case("library", (sys.executable, "-c", f"raise SystemExit({opponents.NOT_INSTALLED})")),
        Case("broken", ("sh", "-c", "echo why >&2; exit 3"), ours=True),
    ]
    results = measure(cases, runs=3, budget=10)

    assert log.read_text().split() == ["a", "b"] * 4  # one round of warm-up and three of runs
    assert len(results["a"].seconds) == 3
    assert results["a"].peak > 0
    assert results["absent"].trouble == results["library"].trouble == "not installed"
    assert results["broken"].trouble == "exit 3, why"


def test_slow_case_has_fewer_runs() -> None:
    results = measure([Case("slow", ("sleep", "0.05"))], runs=9, budget=0.01)

    assert len(results["slow"].seconds) == 1


def test_peak_is_that_of_the_process() -> None:
    hog = "data = bytearray(300 << 20)"

    assert run_once(Case("hog", (sys.executable, "-c", hog))).peak > 290


def test_coverage_has_a_row_for_none_of_its_specs(tmp_path: Path) -> None:
    root = generate.coverage_workspace(tmp_path, 40)
    answer = pipeline(root, "update-coverage", "--tests-passed", "--dry-run", "--json").json
    assert answer["coverage"] == {
        "rows": 43, "added": 3, "promoted": 0, "demoted": 0, "ambiguous": 0,
    }  # fmt: skip


def test_claims_of_generated_specs_are_found(tmp_path: Path) -> None:
    root = generate.evidence_workspace(tmp_path, 10)
    answer = pipeline(root, "verify", "--json").json
    assert answer["summary"]["supported"] == answer["summary"]["unclaimed"] == 5
    evidence = [one for spec in answer["specs"] for one in spec["evidence"]]
    assert len(evidence) == 90
    assert all(one["ok"] for one in evidence)


def test_opponents_run(tmp_path: Path) -> None:
    generate.write_lines(tmp_path / "log", generate.metrics_lines(40))
    generate.write_lines(tmp_path / "table.md", generate.table_lines(5))
    generate.write_specs(tmp_path / "specs", 8)
    opponents.read_bytes(str(tmp_path / "log"))
    opponents.msgspec_three_fields(str(tmp_path / "log"), generate.since())
    opponents.json_held_in_list(str(tmp_path / "log"), generate.since())
    opponents.scan_and_stat(str(tmp_path / "specs"))
    opponents.read_all(str(tmp_path / "specs"))
    opponents.our_splice(str(tmp_path / "table.md"))

    command = opponents.command("libyaml_header", tmp_path / "specs")
    assert run_once(Case("as a process", command)).code in (0, opponents.NOT_INSTALLED)


def test_unknown_library_is_told_by_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["-c", "duckdb_group_by", "x", "y"])
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(SystemExit) as stop:
        opponents.main()
    assert stop.value.code == opponents.NOT_INSTALLED

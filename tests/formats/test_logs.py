"""The three logs line by line (contracts §5, §8): what counts, and what is said of the rest."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.issues import ResolvedIssue
from pipeline_cli.domain.metrics import MetricsRecord, measure
from pipeline_cli.domain.moments import windows_back
from pipeline_cli.domain.tasks import ItemReference, Task
from pipeline_cli.formats.jsonl import split_lines
from pipeline_cli.formats.metrics_log import MetricsLog
from pipeline_cli.formats.resolution_log import read_resolutions
from pipeline_cli.formats.task_log import fold_tasks
from tests.support import event_line, metrics_line

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)
AT = "2026-02-12T17:00:00Z"
FIVE = datetime(2026, 2, 12, 17, tzinfo=UTC)
#: Stamps at both sides of the five minutes that clocks may differ.
JUST_BEFORE, JUST_AFTER = "2026-02-12T18:05:00Z", "2026-02-12T18:05:01Z"


def metrics(*lines: str) -> tuple[list[MetricsRecord], int, list[Finding]]:
    """The records, how many lines were skipped, and the findings."""
    tally = Tally()
    log = MetricsLog("metrics.jsonl", tally, now=NOW)
    records = list(log.measured(split_lines([_bytes(lines)])))
    return records, log.skipped, list(tally.result())


def record(**fields: Any) -> tuple[MetricsRecord, list[str]]:
    (only,), _, findings = metrics(metrics_line(AT, **fields))
    return only, [finding.code for finding in findings]


def raw_duration(written: str) -> tuple[float | None, list[str]]:
    line = f'{{"task_id": "a", "created_at": "{AT}", "duration_seconds": {written}}}\n'
    (only,), _, findings = metrics(line)
    return only.duration, [finding.code for finding in findings]


def tasks(*lines: str) -> tuple[tuple[Task, ...], list[Finding]]:
    tally = Tally()
    found = fold_tasks("tasks.jsonl", split_lines([_bytes(lines)]), tally, now=NOW)
    return found, list(tally.result())


def resolutions(*lines: str) -> tuple[list[ResolvedIssue], list[Finding]]:
    tally = Tally()
    found = list(read_resolutions("r.jsonl", split_lines([_bytes(lines)]), tally, now=NOW))
    return found, list(tally.result())


def resolution_line(at: str | None = AT, **fields: Any) -> str:
    return json.dumps({"condition": "stuck", "resolved_at": at, **fields}) + "\n"


def codes(findings: Iterable[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def _bytes(lines: Iterable[str]) -> bytes:
    return "".join(lines).encode("utf-8", "surrogateescape")


# Metrics


def test_a_line_becomes_a_record_at_its_moment() -> None:
    records, skipped, findings = metrics(metrics_line(AT))
    assert records == [MetricsRecord(f"task_{AT}", "impl", "m", "completed", 60.0, FIVE)]
    assert (skipped, findings) == (0, [])


@pytest.mark.parametrize("missing", [None, ""])
def test_a_missing_type_or_model_is_unknown(missing: str | None) -> None:
    found, found_codes = record(task_type=missing, model=missing)
    assert (found.task_type, found.model) == ("unknown", "unknown")
    assert found_codes == []


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "", None])
def test_any_status_is_kept_as_it_is(status: str | None) -> None:
    assert record(status=status)[0].status == status


@pytest.mark.parametrize("field", ["task_type", "model", "status", "task_id"])
@pytest.mark.parametrize("value", [7, True, [], {}])
def test_a_field_of_the_wrong_type_is_missing_and_drops_no_record(
    field: str, value: object
) -> None:
    found, found_codes = record(**{field: value})
    assert getattr(found, field) in (None, "unknown")
    assert found_codes == ["log-field-type"]


@pytest.mark.parametrize(
    ("written", "duration"), [("0", 0.0), ("0.5", 0.5), ("7", 7.0), ("1e3", 1_000.0)]
)
def test_a_finite_duration_that_is_not_negative_is_one(written: str, duration: float) -> None:
    assert raw_duration(written) == (duration, [])


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("-1", "metrics-bad-duration"),
        ("-0.001", "metrics-bad-duration"),
        ("1e999", "log-not-finite"),
        ("-1e999", "log-not-finite"),
        ("NaN", "log-not-finite"),
        ("Infinity", "log-not-finite"),
        ("true", "log-field-type"),
        ('"60"', "log-field-type"),
        ("[60]", "log-field-type"),
        ("1" + "0" * 400, "log-field-type"),
    ],
)
def test_any_other_duration_is_left_out_with_a_finding(written: str, code: str) -> None:
    assert raw_duration(written) == (None, [code])


def test_a_missing_duration_is_no_finding() -> None:
    assert raw_duration("null") == (None, [])


@pytest.mark.parametrize("at", [None, "", "yesterday", 1_770_919_200, True])
def test_a_line_without_a_readable_stamp_is_skipped_with_a_finding(at: object) -> None:
    records, skipped, findings = metrics(metrics_line(AT, created_at=at), metrics_line(AT))
    assert (len(records), skipped) == (1, 1)
    assert (findings[-1].code, findings[-1].path) == ("log-no-stamp", "metrics.jsonl")
    assert findings[-1].line == 1


def test_a_stamp_just_within_five_minutes_counts() -> None:
    records, skipped, findings = metrics(metrics_line(JUST_BEFORE))
    assert (len(records), skipped, findings) == (1, 0, [])


def test_a_stamp_further_ahead_is_a_finding_and_counts_nowhere() -> None:
    records, skipped, findings = metrics(metrics_line(JUST_AFTER))
    assert (records, skipped, codes(findings)) == ([], 1, ["log-future-stamp"])


def test_stamps_without_a_zone_are_utc_with_one_finding_a_file() -> None:
    naive = metrics_line("2026-02-12T17:00:00")
    records, skipped, findings = metrics(naive, metrics_line(AT), naive)
    assert [found.moment for found in records] == [FIVE] * 3
    assert (skipped, codes(findings), findings[0].line) == (0, ["log-naive-stamp"], 1)


def test_any_offset_is_the_same_moment() -> None:
    records, _, _ = metrics(metrics_line("2026-02-12T19:30:00+02:30"))
    assert records[0].moment == FIVE


def test_one_bad_line_never_spoils_the_others() -> None:
    good = metrics_line(AT)
    records, skipped, findings = metrics(good, "{bad\n", "[1]\n", "\n", good, '{"torn": ')
    assert (len(records), skipped) == (2, 3)
    assert [(finding.code, finding.line) for finding in findings] == [
        ("log-bad-line", 2),
        ("log-not-object", 3),
        ("log-torn-line", 6),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_record() -> None:
    records, skipped, findings = metrics("\ufeff" + metrics_line(AT))
    assert (len(records), skipped, findings) == (1, 0, [])


def test_carriage_returns_and_nul_lines_do_not_stop_the_reading() -> None:
    line = metrics_line(AT).rstrip("\n")
    records, skipped, _ = metrics(f"{line}\r\n", "\0\n", f"{line}\r\n")
    assert (len(records), skipped) == (2, 1)


_RECORDS = st.lists(
    st.builds(
        lambda task, minute, status, duration: metrics_line(
            f"2026-02-{5 + task % 8:02}T{10 + minute % 9}:{minute:02}:00Z",
            status,
            task_id=f"t{task}-{minute}-{status}-{duration}",
            duration_seconds=duration,
            task_type=f"type{task % 3}",
        ),
        st.integers(0, 30),
        st.integers(0, 59),
        st.sampled_from(["completed", "failed", "odd"]),
        st.none() | st.floats(0, 10_000),
    ),
    max_size=25,
    unique=True,
)


@given(_RECORDS, st.randoms(use_true_random=False))
def test_measuring_does_not_depend_on_the_order_of_lines(lines: list[str], random: Any) -> None:
    shuffled = random.sample(lines, len(lines))
    window = windows_back(NOW, 7)
    assert measure(metrics(*lines)[0], window) == measure(metrics(*shuffled)[0], window)


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\n"), max_size=30), max_size=6))
def test_what_was_read_is_what_was_used_and_what_was_skipped(texts: list[str]) -> None:
    lines = [
        text.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape") for text in texts
    ]
    records, skipped, findings = metrics(*(f"{line}\n" for line in lines))
    used = len(records) + skipped
    # A file told to be in another encoding reads as absent as a whole.
    if "not-text" not in codes(findings):
        assert used == sum(bool(_bytes([line]).strip()) for line in lines)


# Tasks


def test_events_are_folded_into_tasks_in_the_order_of_first_appearance() -> None:
    found, findings = tasks(
        event_line("b", "created", "2026-02-12T16:00:00Z", task_type="impl", model="m"),
        event_line("a", "created", "2026-02-12T15:00:00Z"),
        event_line("b", "started", AT),
    )
    assert [(task.id, task.status) for task in found] == [("b", "running"), ("a", "pending")]
    assert findings == []


def test_an_event_carries_the_item_of_its_task() -> None:
    line = event_line("a", "created", AT, item={"backlog": "006", "number": 56})
    (task,), _ = tasks(line)
    assert task.item == ItemReference("006", 56)


def test_an_event_without_a_stamp_still_moves_its_task_and_is_a_finding() -> None:
    (task,), findings = tasks(
        event_line("a", "created", AT), '{"task_id": "a", "event": "started"}\n'
    )
    assert (task.status, task.started) == ("running", None)
    assert [(finding.code, finding.line) for finding in findings] == [("log-no-stamp", 2)]


def test_an_event_from_the_future_moves_its_task_but_its_stamp_counts_nowhere() -> None:
    (task,), findings = tasks(
        event_line("a", "created", AT),
        event_line("a", "finished", JUST_AFTER, status="completed"),
    )
    assert (task.status, task.finished, task.updated) == ("completed", None, FIVE)
    assert codes(findings) == ["log-future-stamp"]


def test_a_bad_line_spoils_no_task() -> None:
    found, findings = tasks(event_line("a", "created", AT), "{\n", event_line("b", "created", AT))
    assert [task.id for task in found] == ["a", "b"]
    assert codes(findings) == ["log-bad-line"]


@pytest.mark.parametrize("field", ["item", "output_chars", "duration_seconds", "direction"])
def test_a_wrong_type_in_an_event_is_missing_and_drops_no_event(field: str) -> None:
    found, findings = tasks(event_line("a", "created", AT, **{field: [1]}))
    assert [task.id for task in found] == ["a"]
    assert codes(findings) == ["log-field-type"]


def test_findings_name_the_log_and_the_line() -> None:
    _, (finding,) = tasks(event_line("a", "created", AT), event_line("b", "started", AT))
    assert (finding.code, finding.path, finding.line) == ("task-event-orphan", "tasks.jsonl", 2)


# Resolutions


def test_a_resolution_is_read() -> None:
    found, findings = resolutions(resolution_line(heal_task_id="t9"))
    assert (found, findings) == ([ResolvedIssue("stuck", FIVE, "t9")], [])


@pytest.mark.parametrize("heal", [None, ""])
def test_a_resolution_without_a_heal_task_is_one_too(heal: str | None) -> None:
    found, findings = resolutions(resolution_line(heal_task_id=heal))
    assert not found[0].heal_task_id
    assert findings == []


@pytest.mark.parametrize("condition", [None, ""])
def test_a_resolution_without_a_condition_counts_and_is_reported(condition: str | None) -> None:
    found, findings = resolutions(resolution_line(condition=condition))
    assert [entry.condition for entry in found] == ["unknown"]
    assert codes(findings) == ["resolution-no-condition"]


@pytest.mark.parametrize(
    ("at", "code"),
    [(None, "log-no-stamp"), ("soon", "log-no-stamp"), (JUST_AFTER, "log-future-stamp")],
)
def test_a_resolution_without_a_moment_counts_nowhere(at: str | None, code: str) -> None:
    found, findings = resolutions(resolution_line(at), resolution_line())
    assert (len(found), codes(findings)) == (1, [code])


def test_a_bad_resolution_line_does_not_end_the_count() -> None:
    found, findings = resolutions(resolution_line(), "oops\n", resolution_line())
    assert (len(found), codes(findings)) == (2, ["log-bad-line"])


def test_a_resolution_seven_days_old_is_read_whatever_the_window() -> None:
    old = (NOW - timedelta(days=400)).isoformat()
    assert len(resolutions(resolution_line(old))[0]) == 1


@pytest.mark.parametrize(
    "held",
    ['{"backlog": "006", "backlog": "007"}', '{"number": 5, "number": null, "backlog": "007"}'],
)
def test_a_key_of_a_nested_object_that_is_there_twice_is_a_finding(held: str) -> None:
    line = event_line("a", "created", AT, task_type="impl", item=1).replace(": 1}", f": {held}}}")
    assert held in line
    (task,), found = tasks(line)
    assert codes(found) == ["log-duplicate-key"]
    assert task.task_type == "impl"

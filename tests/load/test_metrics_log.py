"""The metrics log read from its end: the same answer as reading it whole (contracts §5)."""

import json
import os
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_cli.domain import documents
from pipeline_cli.domain import metrics as domain_metrics
from pipeline_cli.domain.documents import Piece
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.metrics import (
    LogReading,
    Measuring,
    Metrics,
    MetricsRecord,
    batch,
    measure,
)
from pipeline_cli.domain.moments import windows_back
from pipeline_cli.domain.tail import Tail
from pipeline_cli.errors import BusyError
from pipeline_cli.formats.jsonl import split_lines
from pipeline_cli.formats.metrics_log import MetricsLog
from pipeline_cli.load import metrics_log
from pipeline_cli.load.context import Context, open_context
from pipeline_cli.load.metrics_log import load_metrics, windows
from pipeline_cli.load.task_log import load_tasks
from pipeline_cli.store import workspace
from pipeline_cli.store.workspace import Workspace
from tests.support import event_line, write

NOW = datetime(2026, 3, 16, 6, tzinfo=UTC)
LOG = "api/logs/metrics.jsonl"
HOUR = timedelta(hours=1)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat logs of a few lines as the long ones: two pieces in 700 bytes, short up to 1,000."""
    monkeypatch.setattr(metrics_log, "SHORT_LOG", 1_000)
    monkeypatch.setattr(metrics_log, "PIECE", 350)
    monkeypatch.setattr(metrics_log, "STRETCH", 700)


def line(at: datetime | str, place: int = 0, **fields: Any) -> str:
    stamp = at if isinstance(at, str) else at.isoformat().replace("+00:00", "Z")
    record = {
        "task_id": f"task_{place:05d}",
        "task_type": ("spec", "impl", "test")[place % 3],
        "model": ("a", "b")[place % 2],
        "duration_seconds": 1.5 * place,
        "status": "failed" if place % 5 == 0 else "completed",
        "created_at": stamp,
    }
    return json.dumps({**record, **fields}) + "\n"


def opened(root: Path, text: str | bytes) -> Context:
    write(root, {LOG: text})
    return open_context(str(root), None, NOW.isoformat(), {})


class Answer:
    """The metrics of this window and the one before it, what was read, and the findings."""

    def __init__(self, context: Context) -> None:
        tally = Tally()
        self.metrics: tuple[Metrics, ...]
        self.reading: LogReading
        self.metrics, self.reading = load_metrics(context, windows(context, 2), tally)
        self.found = tally.result()


def read_line_by_line(context: Context) -> tuple[tuple[Metrics, ...], tuple[Finding, ...]]:
    """Answer from the whole log, each line read the careful way, from the first to the last."""
    tally = Tally()
    log = MetricsLog(LOG, tally, now=context.now)
    records = list(log.measured(split_lines(context.workspace.blocks(LOG))))
    return measure(records, windows(context, 2)), tally.result()


# The same answer


ODD_LINES = [
    "{torn\n",
    "\n",
    "[1]\n",
    '{"task_id": "x", "created_at": "2026-03-15T02:00:00Z"}\n',
    line("2026-03-15T02:00:00", 7),
    line("2026-03-15T02:00:00+05:30", 8),
    line("2026-03-15t02:00:00z", 8),
    line("2026-03-15T02:00Z", 8),
    line("2036-03-15T02:00:00Z", 9),
    line("0001-01-01T00:00:00+01:00", 9),
    line("9999-12-31T23:59:59-01:00", 9),
    line("2026-03-15T02:00:00.123456789Z", 9),
    line("2026-03-15T02:00:00Z", 10, duration_seconds=-1),
    line("2026-03-15T02:00:00Z", 10, duration_seconds=True),
    line("2026-03-15T02:00:00Z", 11, duration_seconds=None, model=None, task_type=None),
    line("2026-03-15T02:00:00Z", 11, task_type="", model=""),
    line("2026-03-15T02:00:00Z", 12, task_id=None, status="cancelled"),
    line("2026-03-15T02:00:00Z", 13, further={"a": [1, {"b": 2}]}),
    line("2026-03-15T02:00:00Z", 14, model="a, b"),
    line("2026-03-15T02:00:00Z", 14, model="NAME").replace("NAME", "modèle \u2028"),
    line("2026-03-15T02:00:00Z", 15).replace('"model"', '"status": "failed", "model"'),
    line("2026-03-15T02:00:00Z", 15).replace("}", ',"st\\u0061tus":"failed"}'),
    line("2026-03-15T02:00:00Z", 16).rstrip() + line("2026-03-15T03:00:00Z", 17),
    line("2026-03-15T02:00:00Z", 18).replace("\n", "\r\n"),
    line("2026-03-15T02:00:00Z", 19).replace(", ", ",\n", 1),
    line("2026-03-15T02:00:00Z", 20, model="x" * 900),
]


@st.composite
def logs_in_order(draw: st.DrawFn) -> str:
    """Return a log whose stamps are out of order within the slack, odd lines in it."""
    count = draw(st.integers(0, 60))
    quarter = 6 * 3600  # of the slack: an odd line stands anywhere in its day
    parts = []
    for place in range(count):
        at = NOW - timedelta(days=30) * (1 - place / count)
        at += timedelta(seconds=draw(st.integers(-quarter, quarter)))
        parts.append(line(min(at, NOW), draw(st.integers(0, 40))))
        if draw(st.integers(0, 9)) == 0:
            odd = draw(st.sampled_from(ODD_LINES))
            parts.append(odd.replace("2026-03-15", at.date().isoformat()))
    text = "".join(parts)
    return text if draw(st.booleans()) else text.removesuffix("\n")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=logs_in_order())
def test_reading_from_the_end_gives_the_figures_of_the_whole(
    text: str, small: None, tmp_path: Path
) -> None:
    context = opened(tmp_path, text)
    assert Answer(context).metrics == read_line_by_line(context)[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=logs_in_order(), shuffled=st.randoms())
def test_a_log_out_of_order_is_read_whole_or_answers_the_same(
    text: str, shuffled: Any, small: None, tmp_path: Path
) -> None:
    lines = text.splitlines(keepends=True)
    shuffled.shuffle(lines)
    context = opened(tmp_path, "".join(lines))
    answer = Answer(context)
    if "log-disorder" in {finding.code for finding in answer.found}:
        assert answer.metrics == read_line_by_line(context)[0]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.sampled_from([*ODD_LINES, line(NOW - HOUR, 1)]), max_size=50))
def test_a_short_log_answers_as_if_read_line_by_line_findings_too(
    lines: list[str], tmp_path: Path
) -> None:
    context = opened(tmp_path, "".join(lines))
    answer = Answer(context)
    metrics, found = read_line_by_line(context)
    assert answer.metrics == metrics
    assert answer.reading.whole
    assert sorted(map(repr, answer.found)) == sorted(map(repr, found))


@pytest.mark.parametrize("odd", ODD_LINES)
def test_one_odd_line_is_read_as_if_alone(odd: str, tmp_path: Path) -> None:
    plain = [line(NOW - HOUR, place) for place in (90, 91)]
    context = opened(tmp_path, odd.join(plain))
    answer = Answer(context)
    metrics, found = read_line_by_line(context)
    assert answer.metrics == metrics
    assert sorted(map(repr, answer.found)) == sorted(map(repr, found))


def test_findings_have_the_line_numbers_of_the_whole_log(small: None, tmp_path: Path) -> None:
    lines = [line(NOW - HOUR * (2_000 - place), place) for place in range(2_000)]
    lines[1_990] = "{torn\n"
    answer = Answer(opened(tmp_path, "".join(lines)))
    assert not answer.reading.whole
    assert [(finding.code, finding.line) for finding in answer.found] == [("log-bad-line", 1_991)]


def test_of_many_findings_the_first_are_kept_and_the_rest_counted(
    small: None, tmp_path: Path
) -> None:
    lines = [line(NOW - HOUR, place) for place in range(100)]
    lines[30:80] = ["{torn\n"] * 50
    answer = Answer(opened(tmp_path, "".join(lines)))
    *first, more = answer.found
    assert [finding.line for finding in first] == list(range(31, 51))
    assert more.message == "30 more of the same, 50 in all"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    text=logs_in_order(),
    shuffled=st.none() | st.randoms(),
    piece=st.sampled_from([70, 100, 175, 350]),
    spare=st.integers(0, 700),
)
def test_what_is_read_does_not_depend_on_the_size_of_the_pieces(
    text: str, shuffled: Any, piece: int, spare: int, small: None, tmp_path: Path
) -> None:
    lines = [f"{spare * ' '}\n", *text.splitlines(keepends=True)]
    if shuffled:
        shuffled.shuffle(lines)
    context = opened(tmp_path, "".join(lines))
    answers = []
    with pytest.MonkeyPatch.context() as patch:
        for size in (700, piece):
            patch.setattr(metrics_log, "PIECE", size)
            answers.append(Answer(context))
    assert vars(answers[0]) == vars(answers[1])


# How far back


def test_a_long_log_is_read_only_as_far_back_as_the_windows_need(
    small: None, tmp_path: Path
) -> None:
    lines = [line(NOW - HOUR * (2_000 - place), place) for place in range(2_000)]
    answer = Answer(opened(tmp_path, "".join(lines)))
    needed = (14 + 1) * 24
    assert needed <= answer.reading.records < needed + 3 * 6
    assert not answer.reading.whole


def test_a_short_log_is_read_whole(tmp_path: Path) -> None:
    lines = [line(NOW - HOUR * (2_000 - place), place) for place in range(2_000)]
    assert Answer(opened(tmp_path, "".join(lines))).reading == LogReading(2_000, 0, whole=True)


@pytest.mark.parametrize("zone", ["Z", ""])
def test_disorder_beyond_the_slack_is_told_and_nothing_is_missed(
    small: None, tmp_path: Path, zone: str
) -> None:
    lines = [line(NOW - HOUR * (2_000 - place), place) for place in range(2_000)]
    lines.insert(0, line(NOW - HOUR, 9_000))  # long before anything that a short look would see
    lines.insert(1_995, line(NOW - timedelta(days=3), 9_001))
    lines[700] = "{torn\n"
    context = opened(tmp_path, "".join(lines).replace('Z"', f'{zone}"'))
    answer = Answer(context)
    assert {finding.code for finding in answer.found} >= {"log-disorder"}
    assert answer.metrics == read_line_by_line(context)[0]
    if zone:
        assert [finding.line for finding in answer.found] == [701, None]


def test_a_long_line_in_a_part_that_is_only_looked_at_is_told(
    small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "MAX_LINE", 1_500)
    lines = [line(NOW - HOUR * (2_000 - place), place) for place in range(2_000)]
    lines.insert(1_995, line(NOW - timedelta(days=3), 9_001))
    lines[700] = line(NOW - HOUR * 1_300, 700, model="x" * 2_000)
    answer = Answer(opened(tmp_path, "".join(lines)))
    found = [(finding.code, finding.line) for finding in answer.found]
    assert found == [("log-line-too-long", 701), ("log-disorder", None)]
    assert answer.reading.whole
    assert answer.reading.records < 1_000


@pytest.mark.parametrize(
    ("hours", "broken"),
    [((0, 30), False), ((30, 0), True), ((24, 0), False), ((0, 30, 10, 3), True)],
)
def test_order_within_a_piece_counts_too(hours: Sequence[int], broken: bool) -> None:
    moments = [NOW + HOUR * hour for hour in hours]
    tail = Tail(NOW - 99 * HOUR)
    tail.take(moments, min(moments), max(moments))
    assert not tail.enough()
    assert tail.broken is broken


def test_order_across_pieces_counts_too() -> None:
    tail = Tail(NOW - 99 * HOUR)
    tail.take([NOW], NOW, NOW)
    later = NOW + 25 * HOUR
    tail.take([later], later, later)
    assert not tail.enough()
    assert tail.broken


def test_it_is_enough_where_nothing_since_the_last_answer_lies_near_the_window() -> None:
    tail = Tail(NOW)
    for hours in (20, 30):
        at = NOW - HOUR * hours
        tail.take([at], at, at)
    assert not tail.enough()
    assert not tail.enough(), "nothing was taken since"
    tail.take([at], at, at)
    assert tail.enough()


@pytest.mark.parametrize("ordered", [True, False])
def test_doubles_are_found_whatever_is_let_go(
    ordered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain_metrics, "_REMEMBERED", 3)
    records = [
        MetricsRecord(f"t{hour // 2 * 2}", "impl", "m", "completed", 1.0, NOW - HOUR * (hour // 2))
        for hour in range(120)
    ]
    measuring = Measuring(windows_back(NOW, 7), ordered=ordered)
    for place in range(0, 120, 3):
        measuring.add(batch(records[place : place + 3]))
    (found,) = measuring.result()
    assert (found.samples.records, found.samples.doubles) == (60, 60)


def test_at_the_end_of_the_calendar_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain_metrics, "_REMEMBERED", 0)
    last = datetime(9999, 12, 31, 12, tzinfo=UTC)
    records = [MetricsRecord(name, "impl", "m", "completed", 1.0, last) for name in "aab"]
    measuring = Measuring(windows_back(last, 7), ordered=True)
    for record in records:
        measuring.add(batch([record]))
    (found,) = measuring.result()
    assert (found.samples.records, found.samples.doubles) == (2, 1)


def test_a_stamp_in_the_future_is_no_disorder(small: None, tmp_path: Path) -> None:
    lines = [line(NOW - HOUR * (2_000 - place), place) for place in range(2_000)]
    lines.insert(1_900, line(NOW + timedelta(days=400), 9_000))
    answer = Answer(opened(tmp_path, "".join(lines)))
    assert [(finding.code, finding.line) for finding in answer.found] == [
        ("log-future-stamp", 1_901)
    ]
    assert not answer.reading.whole


def test_a_piece_without_a_usable_stamp_does_not_end_the_reading(
    small: None, tmp_path: Path
) -> None:
    lines = [line(NOW - HOUR * (400 - place), place) for place in range(400)]
    lines[390:390] = ["{torn\n"] * 500
    context = opened(tmp_path, "".join(lines))
    assert Answer(context).metrics == read_line_by_line(context)[0]


def test_a_log_in_utf16_is_one_finding(small: None, tmp_path: Path) -> None:
    text = "".join(line(NOW - HOUR, place) for place in range(50))
    answer = Answer(opened(tmp_path, text.encode("utf-16")))
    assert [finding.code for finding in answer.found] == ["not-text"]
    assert answer.metrics[0].samples.records == 0


# Pieces


def pieces(root: Path, data: bytes, length: int) -> list[Piece]:
    write(root, {"log": data})
    return list(Workspace(root).pieces_from_end("log", length))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    parts=st.lists(st.binary(max_size=12) | st.just(b"\n"), max_size=30),
    length=st.integers(1, 20),
)
def test_pieces_put_together_are_the_log_and_hold_whole_lines(
    parts: Sequence[bytes], length: int, tmp_path: Path
) -> None:
    data = b"".join(parts)
    found = pieces(tmp_path, data, length)
    assert b"".join(piece.data or b"" for piece in reversed(found)) == data
    for piece in found:
        assert piece.data
        assert piece.offset == 0 or data[piece.offset - 1 : piece.offset] == b"\n"
        assert data[piece.offset :].startswith(piece.data)


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("before", [b"", b"a\n", b"a\nbb\n"])
@pytest.mark.parametrize("after", [b"", b"c\n", b"c\ndd"])
def test_a_line_that_is_too_long_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes, after: bytes, end: bytes
) -> None:
    monkeypatch.setattr(workspace, "MAX_LINE", 40)
    long = b"x" * 200 + (b"\n" if after else end)
    found = pieces(tmp_path, before + long + after, 30)
    dropped = [piece for piece in found if piece.data is None]
    assert dropped == [Piece(len(before), None)]
    assert b"".join(piece.data or b"" for piece in reversed(found)) == before + after


def test_the_longest_line_of_a_log_is_read(tmp_path: Path) -> None:
    context = opened(tmp_path, line(NOW - HOUR, model="x" * (documents.MAX_LINE - 200)))
    assert Answer(context).metrics[0].samples.records == 1


@pytest.mark.parametrize("length", [documents.MAX_LINE, 3 << 20])
def test_a_longer_line_is_reported_with_its_number(tmp_path: Path, length: int) -> None:
    texts = [line(NOW - HOUR), line(NOW, model="x" * length), line(NOW - HOUR, 1)]
    answer = Answer(opened(tmp_path, "".join(texts)))
    assert answer.metrics[0].samples.records == 2
    assert [(finding.code, finding.line) for finding in answer.found] == [("log-line-too-long", 2)]


def test_a_line_that_is_too_long_at_the_start_is_reported_too(tmp_path: Path) -> None:
    texts = [line(NOW, model="x" * documents.MAX_LINE), line(NOW - HOUR, 1)]
    answer = Answer(opened(tmp_path, "".join(texts)))
    assert answer.metrics[0].samples.records == 1
    assert [(finding.code, finding.line) for finding in answer.found] == [("log-line-too-long", 1)]


# A log that changes while it is read


def interrupted(context: Context, change: Any) -> Iterator[Piece]:
    """Yield the pieces of a log, and change it after the first."""
    reading = context.workspace.pieces_from_end(LOG, 700)
    yield next(reading)
    change(context.workspace.root / LOG)
    yield from reading


def many_lines() -> str:
    return "".join(line(NOW - HOUR, place) for place in range(40))


def test_what_is_appended_meanwhile_is_not_read(tmp_path: Path) -> None:
    context = opened(tmp_path, many_lines())

    def grow(log: Path) -> None:
        with log.open("a") as file:
            file.write(line(NOW, 99))

    found = list(interrupted(context, grow))
    assert b"".join(piece.data or b"" for piece in reversed(found)) == many_lines().encode()


def test_a_log_that_is_replaced_is_read_as_it_was(tmp_path: Path) -> None:
    context = opened(tmp_path, many_lines())

    def replace(log: Path) -> None:
        (log.parent / "new").write_text("{}\n")
        (log.parent / "new").replace(log)

    found = list(interrupted(context, replace))
    assert b"".join(piece.data or b"" for piece in reversed(found)) == many_lines().encode()


def test_a_log_that_shrinks_is_try_again(tmp_path: Path) -> None:
    context = opened(tmp_path, many_lines())
    with pytest.raises(BusyError) as raised:
        list(interrupted(context, lambda log: os.truncate(log, 10)))
    assert (raised.value.code, raised.value.exit_code) == ("log-changed", 4)


def test_a_line_that_is_just_being_written_is_not_torn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = line(NOW - HOUR, 1_000)
    context = opened(tmp_path, many_lines() + whole[:40])

    def write_on(_: float) -> None:
        with (tmp_path / LOG).open("a") as file:
            file.write(whole[40:])

    monkeypatch.setattr("pipeline_cli.store.workspace.sleep", write_on)
    answer = Answer(context)
    assert (answer.found, answer.reading.records) == ((), len(many_lines().splitlines()) + 1)


def test_an_event_that_is_just_being_written_is_not_torn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = event_line("t1", "created", "2026-02-12T10:00:00Z", task_type="impl")
    context = opened(tmp_path, "")
    log = write(tmp_path, {"api/logs/tasks.jsonl": event[:40]}) / "api/logs/tasks.jsonl"

    def write_on(_: float) -> None:
        with log.open("a") as file:
            file.write(event[40:])

    monkeypatch.setattr("pipeline_cli.store.workspace.sleep", write_on)
    tally = Tally()
    assert ([one.id for one in load_tasks(context, tally)], tally.result()) == (["t1"], ())


def test_a_log_that_grows_all_the_time_is_read_to_an_end(tmp_path: Path) -> None:
    context = opened(tmp_path, many_lines())
    stop = threading.Event()

    def grow() -> None:
        place = 1_000
        while not stop.is_set():
            place += 1
            with (tmp_path / LOG).open("a") as file:
                file.write(line(NOW - HOUR, place))

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        for _ in range(20):
            answer = Answer(context)
            assert answer.metrics[0].samples.records == answer.reading.records >= 40
            assert answer.found == ()
    finally:
        stop.set()
        thread.join()


def test_plain_lines_are_decoded_as_they_are(tmp_path: Path) -> None:
    piece = Piece(0, line(NOW - HOUR, 4).encode())
    log = MetricsLog(LOG, Tally(), now=NOW)
    found = log.read(piece)
    assert found is not None
    assert log.lines == 1
    (record,) = found.records
    assert record == MetricsRecord("task_00004", "impl", "a", "completed", 6.0, NOW - HOUR)

"""Archiving: what moves, what stays, and figures that are the same before and after."""

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_cli.domain.archive import AgeError, Cut
from pipeline_cli.errors import BusyError, InputError
from pipeline_cli.load.archive import reading
from pipeline_cli.load.context import Context, open_context
from pipeline_cli.load.effectiveness import effectiveness_answer
from pipeline_cli.load.metrics import metrics_answer
from pipeline_cli.load.metrics_log import period_of
from pipeline_cli.load.prune import prune
from pipeline_cli.load.tasks import tasks_answer
from pipeline_cli.render.payload import effectiveness_keys, metrics_keys, tasks_keys
from pipeline_cli.store.archive import digest, shorten
from tests.support import NOW, event_line, metrics_line, pipeline, snapshot, write

LOGS = "api/logs"
TASKS, METRICS = f"{LOGS}/tasks.jsonl", f"{LOGS}/metrics.jsonl"
RESOLUTIONS, ARCHIVE = f"{LOGS}/monitor_resolutions.jsonl", f"{LOGS}/archive"
OLD, YOUNG = "2025-06-01T10:00:00Z", "2026-02-10T10:00:00Z"


def opened(root: Path) -> Context:
    return open_context(str(root), None, NOW, {})


def task_lines(name: str, at: str, end: str | None = "completed", **fields: Any) -> str:
    lines = event_line(name, "created", at, task_type="impl", **fields)
    lines += event_line(name, "started", at)
    if end == "cancelled":
        return lines + event_line(name, "cancelled", at)
    if end:
        lines += event_line(name, "finished", at, status=end, duration_seconds=7)
    return lines


def resolution(at: str, condition: str = "c", **fields: Any) -> str:
    return json.dumps({"condition": condition, "resolved_at": at, **fields}) + "\n"


def archived(root: Path) -> dict[str, str]:
    return {
        path.name: gzip.decompress(path.read_bytes()).decode()
        for path in sorted((root / ARCHIVE).glob("*.gz"))
    }


def figures(root: Path, since: str = "2025-01-01", until: str | None = None) -> dict[str, Any]:
    """Return what the three answers say of a period, but for how much of the logs was read."""
    context = opened(root)
    period = period_of(context, since, until, by_day=True)
    metrics = metrics_keys(metrics_answer(context, period).value)
    effect = effectiveness_keys(effectiveness_answer(context, period).value)
    tasks = tasks_keys(tasks_answer(context, period).value)
    kept = {name: value for name, value in metrics.items() if name != "reading"}
    shown = {name: value for name, value in tasks.items() if name != "attention"}
    found: dict[str, Any] = msgspec.to_builtins(
        {"metrics": kept, "effectiveness": effect, "tasks": shown}
    )
    return found


def test_old_lines_move_and_everything_open_stays(tmp_path: Path) -> None:
    young, pending = task_lines("young", YOUNG), task_lines("open", OLD, None)
    old, heal = task_lines("old", OLD), task_lines("heal", OLD)
    issues = {"issues": [{"id": "i1", "condition": "c", "heal_task_id": "heal"}]}
    write(
        tmp_path,
        {
            TASKS: old + young + pending + heal + "{torn\n" + task_lines("gone", OLD, "cancelled"),
            METRICS: metrics_line(OLD, task_id="old")
            + metrics_line(YOUNG)
            + metrics_line(OLD, task_id="heal")
            + "{}\n",
            RESOLUTIONS: resolution(OLD) + resolution(OLD, "d") + resolution(YOUNG, "d"),
            f"{LOGS}/monitor_issues.json": json.dumps(issues),
            f"{LOGS}/task_old.log": "said\n",
            f"{LOGS}/task_open.log": "said\n",
            f"{LOGS}/task_heal.log": "said\n",
        },
    )
    before = snapshot(tmp_path)
    planned = prune(opened(tmp_path), 90, dry_run=True).value
    assert snapshot(tmp_path) == before
    done = prune(opened(tmp_path), 90).value
    assert [(log.log, log.lines_archived, log.lines_kept_open) for log in done.logs] == [
        ("metrics.jsonl", 1, 1),
        ("monitor_resolutions.jsonl", 1, 1),
        ("tasks.jsonl", 6, 5),
    ]
    assert planned.logs == done.logs
    assert (planned.files_removed, planned.bytes_freed) == (1, done.bytes_freed)
    assert (tmp_path / TASKS).read_text() == young + pending + heal + "{torn\n"
    assert (tmp_path / RESOLUTIONS).read_text() == resolution(OLD) + resolution(YOUNG, "d")
    assert archived(tmp_path) == {
        "metrics-2025-06.jsonl.gz": metrics_line(OLD, task_id="old"),
        "monitor_resolutions-2025-06.jsonl.gz": resolution(OLD, "d"),
        "tasks-2025-06.jsonl.gz": old + task_lines("gone", OLD, "cancelled"),
    }
    assert [path.name for path in sorted((tmp_path / LOGS).glob("task_*.log"))] == [
        "task_heal.log",
        "task_open.log",
    ]
    taken = sum(len(data) for data in archived(tmp_path).values()) + len("said\n")
    grown = sum(path.stat().st_size for path in (tmp_path / ARCHIVE).glob("*.gz"))
    assert (done.bytes_freed, done.bytes_archived) == (taken, grown)


def test_a_second_prune_finds_nothing(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: metrics_line(OLD) + metrics_line(YOUNG)})
    prune(opened(tmp_path), 90)
    before = snapshot(tmp_path)
    assert prune(opened(tmp_path), 90).value.lines_archived == 0
    assert snapshot(tmp_path) == before


def test_a_month_takes_further_members(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: metrics_line(OLD)})
    prune(opened(tmp_path), 90)
    with (tmp_path / METRICS).open("a") as log:
        log.write(metrics_line(OLD.replace("T10", "T11"))[:-1])  # no newline at its end
    prune(opened(tmp_path), 90)
    assert (tmp_path / METRICS).read_bytes() == b""
    (text,) = archived(tmp_path).values()
    assert text == metrics_line(OLD) + metrics_line(OLD.replace("T10", "T11"))
    assert figures(tmp_path)["metrics"]["success_rate"]["total"] == 2


def test_without_since_the_archive_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: metrics_line(OLD)})
    prune(opened(tmp_path), 90)
    part = next((tmp_path / ARCHIVE).glob("*.gz"))
    part.write_bytes(b"broken")
    assert metrics_answer(opened(tmp_path)).value.metrics.samples.records == 0
    for damaged in (b"broken", gzip.compress(b"{}\n" * 1000)[:-4]):
        part.write_bytes(damaged)
        with pytest.raises(InputError, match="archive is damaged"):
            figures(tmp_path)
        # Nothing is put behind a damaged part, where nobody could read it.
        log = metrics_line(OLD)
        (tmp_path / METRICS).write_text(log)
        with pytest.raises(InputError, match="archive is damaged"):
            prune(opened(tmp_path), 90)
        assert (tmp_path / METRICS).read_text() == log


def test_only_the_months_that_are_needed_are_read(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: metrics_line("2024-03-01T10:00:00Z") + metrics_line(OLD)})
    prune(opened(tmp_path), 90)
    (tmp_path / ARCHIVE / "metrics-2024-03.jsonl.gz").write_bytes(b"broken")
    assert figures(tmp_path, "2025-05-25", "2025-06-10")["metrics"]["success_rate"]["total"] == 1


def test_a_byte_order_mark_stays_with_the_log(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: "\ufeff" + metrics_line(OLD) + metrics_line(YOUNG)})
    prune(opened(tmp_path), 90)
    assert (tmp_path / METRICS).read_text() == "\ufeff" + metrics_line(YOUNG)
    assert list(archived(tmp_path).values()) == [metrics_line(OLD)]


def test_a_captured_output_that_an_open_task_shares_stays(tmp_path: Path) -> None:
    log = f"{LOGS}/task_a.log"
    lines = task_lines("a", OLD) + task_lines("task_a", OLD, None)
    write(tmp_path, {TASKS: lines, log: "x"})
    assert prune(opened(tmp_path), 90).value.files_removed == 0
    assert (tmp_path / log).exists()


def test_a_log_in_another_encoding_stays_as_it_is(tmp_path: Path) -> None:
    foreign = ("\ufeff" + metrics_line(OLD)).encode("utf-16-le")
    write(tmp_path, {METRICS: foreign})
    assert prune(opened(tmp_path), 90).value.lines_archived == 0
    assert (tmp_path / METRICS).read_bytes() == foreign


def test_too_few_days_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AgeError):
        prune(opened(tmp_path), 1)


def test_lines_that_move_while_they_are_read_are_noticed(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: metrics_line(OLD)})
    context = opened(tmp_path)
    span = period_of(context, "2025-01-01").window
    with (
        pytest.raises(BusyError, match="archived while it was read"),
        reading(context, "metrics.jsonl", span.start, span.end),
    ):
        prune(opened(tmp_path), 90)


def test_a_step_that_was_killed_before_the_log_was_shortened(tmp_path: Path) -> None:
    """As the kill sweep leaves it: the record, the part with the lines, and the whole log."""
    log = metrics_line(OLD, task_id=None) * 3 + metrics_line(YOUNG)
    write(tmp_path, {METRICS: metrics_line(OLD, task_id="first")})
    prune(opened(tmp_path), 90)
    part = tmp_path / ARCHIVE / "metrics-2025-06.jsonl.gz"
    (tmp_path / METRICS).write_text(log)
    whole = figures(tmp_path)
    size = part.stat().st_size
    summed = digest(opened(tmp_path).workspace, METRICS, len(log))
    record = {"size": len(log), "digest": summed, "before": {"2025-06": size, "2025-07": 0}}
    part.write_bytes(part.read_bytes() + gzip.compress((metrics_line(OLD) * 3).encode()))
    write(tmp_path, {f"{ARCHIVE}/metrics.prune.json": json.dumps(record)})
    write(tmp_path, {f"{ARCHIVE}/metrics-2025-07.jsonl.gz": gzip.compress(b"{}")})
    assert figures(tmp_path) == whole
    with (tmp_path / METRICS).open("a") as file:  # the log goes on
        file.write(metrics_line(OLD, task_id="more"))
    whole = figures(tmp_path)
    assert prune(opened(tmp_path), 90).value.lines_archived == 4
    assert figures(tmp_path) == whole
    assert [path.name for path in (tmp_path / ARCHIVE).iterdir()] == [part.name]
    # And once the log is short, a record that is left says nothing any more.
    write(tmp_path, {f"{ARCHIVE}/metrics.prune.json": json.dumps(record)})
    assert figures(tmp_path) == whole
    prune(opened(tmp_path), 90)
    assert figures(tmp_path) == whole


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"size": 1, "digest": "", "before": {"a": []}}']
)
def test_a_record_that_cannot_be_read_is_said(tmp_path: Path, text: str) -> None:
    write(tmp_path, {METRICS: metrics_line(OLD)})
    prune(opened(tmp_path), 90)
    write(tmp_path, {f"{ARCHIVE}/metrics.prune.json": text})
    with pytest.raises(InputError, match="record of an archiving step"):
        figures(tmp_path)


MOMENTS = st.sampled_from(
    [
        f"202{y}-{m:02}-{d:02}T{h:02}:00:00Z"
        for y in "56"
        for m in (1, 2)
        for d in (1, 9)
        for h in (0, 5)
    ]
)
STATES = st.sampled_from([None, "completed", "failed", "cancelled"])


@settings(max_examples=25, deadline=None)
@given(
    records=st.lists(st.tuples(MOMENTS, st.sampled_from(["completed", "failed"])), max_size=12),
    tasks=st.lists(st.tuples(MOMENTS, STATES), max_size=8),
    resolved=st.lists(st.tuples(MOMENTS, st.sampled_from(["c", "d"])), max_size=6),
    days=st.integers(14, 400),
    open_condition=st.sampled_from([None, "c"]),
)
def test_figures_of_a_period_are_the_same_before_and_after(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[tuple[str, str]],
    tasks: list[tuple[str, str | None]],
    resolved: list[tuple[str, str]],
    days: int,
    open_condition: str | None,
) -> None:
    root = tmp_path_factory.mktemp("w")
    issue = {"id": "i", "condition": open_condition, "created_at": "2026-01-09T00:00:00Z"}
    write(
        root,
        {
            METRICS: "".join(
                metrics_line(at, state, duration_seconds=n) for n, (at, state) in enumerate(records)
            ),
            TASKS: "".join(task_lines(f"t{n}", at, state) for n, (at, state) in enumerate(tasks)),
            RESOLUTIONS: "".join(
                resolution(at, name, heal_task_id="h", opened_at="2025-01-01T00:00:00Z")
                for at, name in resolved
            ),
            f"{LOGS}/monitor_issues.json": json.dumps(
                {"issues": [issue] if open_condition else []}
            ),
        },
    )
    spans = (("2025-01-01", None), ("2025-01-05", "2025-02-05"), ("2026-01-20", None))
    before = [figures(root, *span) for span in spans]
    lines = sum(data.count(b"\n") for name, data in snapshot(root).items() if name.endswith("l"))
    done = prune(opened(root), days).value
    assert [figures(root, *span) for span in spans] == before
    left = sum(data.count(b"\n") for name, data in snapshot(root).items() if name.endswith("l"))
    moved = sum(text.count("\n") for text in archived(root).values())
    assert (left + moved, moved) == (lines, done.lines_archived)


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            METRICS: metrics_line(OLD) + metrics_line(YOUNG),
            TASKS: task_lines("open", OLD, None) + task_lines("old", OLD),
            f"{LOGS}/task_old.log": "said\n",
        },
    )
    dry = pipeline(tmp_path, "task", "prune", "--older-than", "90d", "--dry-run")
    assert (dry.code, dry.text.splitlines()[-1]) == (0, "dry run, nothing was written")
    ran = pipeline(tmp_path, "task", "prune", "--older-than", "90d")
    assert (ran.code, ran.err) == (0, "")
    *lines, size = ran.text.splitlines()
    assert lines == [
        "metrics.jsonl             1 line archived",
        "tasks.jsonl               3 lines archived, 2 kept because open",
        "captured outputs          1 removed",
    ]
    assert size.startswith("bytes                     ")
    now = "2026-02-12T18:00:00.123456Z"
    again = pipeline(tmp_path, "task", "prune", "--older-than", "60w", now=now)
    assert again.text == "nothing is older than 2024-12-19T18:00:00Z\n"


def test_an_archived_task_is_shown_out_of_the_archive_and_it_is_said(tmp_path: Path) -> None:
    log = task_lines("old", OLD) + task_lines("older", "2025-03-01T10:00:00Z")
    write(tmp_path, {TASKS: log + task_lines("young", YOUNG), f"{LOGS}/task_old.log": "said\n"})
    before = pipeline(tmp_path, "task", "show", "old")
    pipeline(tmp_path, "task", "prune", "--older-than", "90d")
    place = f"{ARCHIVE}/tasks-2025-06.jsonl.gz"
    shown = pipeline(tmp_path, "task", "show", "old")
    assert (shown.code, shown.text) == (0, before.text)
    assert place in shown.err
    answer = pipeline(tmp_path, "task", "show", "old", "--json").json
    assert [(one["code"], one["path"]) for one in answer["findings"]] == [("task-archived", place)]
    assert pipeline(tmp_path, "task", "show", "older", "-q").err == ""
    assert pipeline(tmp_path, "task", "show", "young").err == ""
    gone = pipeline(tmp_path, "task", "show", "old", "--log")
    assert (gone.code, "prune" in gone.err) == (3, True)
    unknown = pipeline(tmp_path, "task", "show", "yung")
    assert (unknown.code, "did you mean young?" in unknown.err) == (2, True)


@pytest.mark.parametrize("span", ["1d", "13d", "soon", "90", "999999w"])
def test_a_span_that_is_none_is_refused(tmp_path: Path, span: str) -> None:
    ran = pipeline(tmp_path, "task", "prune", "--older-than", span)
    assert (ran.code, snapshot(tmp_path)) == (2, {})
    assert "--older-than 90d" in ran.err


def test_what_the_figures_rest_on_is_never_archived(tmp_path: Path) -> None:
    """Two windows of figures are the same before and after the sharpest prune there is."""
    days = [f"2026-02-{day:02}T10:00:00Z" for day in range(1, 13)]
    log = "".join(metrics_line(at, task_id=at) for at in ["2026-01-29T10:00:00Z", *days])
    write(tmp_path, {METRICS: log})

    def figures() -> list[dict[str, Any]]:
        found = [pipeline(tmp_path, name, "--json").json for name in ("metrics", "effectiveness")]
        return [{key: value for key, value in one.items() if key != "reading"} for one in found]

    before = figures()
    ran = pipeline(tmp_path, "task", "prune", "--older-than", "14d")
    assert "1 line archived" in ran.text
    assert figures() == before
    assert before[1]["trend"]["success_rate"] is not None
    wide = pipeline(
        tmp_path, "task", "prune", "--older-than", "20d", env={"PIPELINE_WINDOW_DAYS": "14"}
    )
    assert (wide.code, "28 is the least" in wide.err) == (2, True)


def test_the_monitor_archives_what_the_settings_do_not_keep(tmp_path: Path) -> None:
    keep = {"PIPELINE_LOGS_KEEP_DAYS": "90"}
    write(tmp_path, {METRICS: metrics_line(OLD) + metrics_line(YOUNG)})
    pipeline(tmp_path, "monitor")
    pipeline(tmp_path, "monitor", "--dry-run", env=keep)
    pipeline(tmp_path, "heal-resolve", env=keep)
    assert archived(tmp_path) == {}
    ran = pipeline(tmp_path, "monitor", env=keep)
    assert "note: 1 line archived" in ran.err
    assert (tmp_path / METRICS).read_text() == metrics_line(YOUNG)
    assert "archived" not in pipeline(tmp_path, "monitor", env=keep).err
    assert pipeline(tmp_path, "monitor", env={"PIPELINE_LOGS_KEEP_DAYS": "1"}).code == 2


def test_a_damaged_archive_is_no_matter_where_no_period_is_asked(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: metrics_line(OLD)})
    prune(opened(tmp_path), 90)
    next((tmp_path / ARCHIVE).glob("*.gz")).write_bytes(b"broken")
    assert pipeline(tmp_path, "metrics").code == 0
    ran = pipeline(tmp_path, "metrics", "--since", "2025-01-01")
    assert ran.code == 3
    assert "archive/metrics-2025-06.jsonl.gz" in ran.err


def test_findings_in_the_archive_name_its_file_and_line(tmp_path: Path) -> None:
    odd = metrics_line(OLD, duration_seconds=-1)
    write(tmp_path, {METRICS: metrics_line(OLD, task_id="x") + odd})
    prune(opened(tmp_path), 90)
    context = opened(tmp_path)
    (finding,) = metrics_answer(context, period_of(context, "2025-01-01")).findings
    assert (finding.code, finding.line) == ("metrics-bad-duration", 2)
    assert finding.path == f"{ARCHIVE}/metrics-2025-06.jsonl.gz"


def test_what_was_appended_while_lines_moved_stays(tmp_path: Path) -> None:
    log = metrics_line(OLD) + metrics_line(YOUNG)
    write(tmp_path, {METRICS: log + '{"late": 1}\n'})
    shorten(opened(tmp_path).workspace, METRICS, [Cut(0, len(metrics_line(OLD)), "x")], len(log))
    assert (tmp_path / METRICS).read_text() == metrics_line(YOUNG) + '{"late": 1}\n'

"""Bad input of every kind: the right exit code, the finding with its place and remedy, no harm.

`run` holds what is promised of every run here: no traceback, no bug of ours, nothing written.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support import Ran, backlog_text, event_line, metrics_line, pipeline, snapshot, write

BACKLOG = "backlog/006-overnight-backlog.md"
META = "backlog/007-meta-pipeline-backlog.md"
PLAN = "docs/PLAN.md"
SPEC = "specs/001-first.md"
TASKS = "api/logs/tasks.jsonl"
METRICS = "api/logs/metrics.jsonl"
RESOLUTIONS = "api/logs/monitor_resolutions.jsonl"
ISSUES = "api/logs/monitor_issues.json"
STATE = "api/logs/project_manager_state.json"
HEARTBEAT = "api/logs/heartbeat.json"
QUESTIONS = "api/logs/meta_questions.json"

GOOD = metrics_line("2026-02-12T10:00:00Z")
GOOD_TASK = event_line("a", "created", "2026-02-12T10:00:00Z", task_type="impl")

#: Every input, each of them sound.
SOUND: Mapping[str, str | bytes] = {
    BACKLOG: backlog_text({1: 3, 6: 2, 7: 5}),
    META: "# Meta\n\n1. Look back\n",
    PLAN: "# Plan\n\n## Phase 1: Part 1\n\n## Phase 6: Part 6\n\n## Phase 7: Part 7\n",
    SPEC: "---\ntitle: First\n---\n# First\n",
    TASKS: GOOD_TASK,
    METRICS: GOOD,
    RESOLUTIONS: '{"condition": "stuck", "resolved_at": "2026-02-12T09:00:00Z"}\n',
    ISSUES: '{"issues": [], "last_check": "2026-02-12T17:00:00Z"}\n',
    STATE: '{"backlog_index": 4}\n',
    HEARTBEAT: '{"beat_at": "2026-02-12T17:59:50Z", "workers": 1}\n',
    QUESTIONS: '{"run_at": "2026-02-12T09:00:00Z", "summary": {}}\n',
}


def sound(root: Path, **changed: str | bytes) -> Path:
    """Write a workspace in which everything is sound."""
    return write(root, {**SOUND, **changed})


def without(root: Path, path: str) -> Path:
    """Write a sound workspace but for one file, whose folder is there."""
    (root / path).parent.mkdir(parents=True)
    return write(root, {name: text for name, text in SOUND.items() if name != path})


def run(root: Path, *arguments: str, **options: Any) -> Ran:
    before = snapshot(root)
    done = pipeline(root, *arguments, **options)
    assert "Traceback" not in done.err
    assert "a bug of ours" not in done.err
    assert snapshot(root) == before
    return done


def finding(done: Ran, code: str, path: str | None = None) -> dict[str, Any]:
    """Return the one finding of a code, in a file where one is named."""
    found: list[dict[str, Any]] = [
        finding
        for finding in done.json["findings"]
        if finding["code"] == code and path in (None, finding["path"])
    ]
    assert len(found) == 1, done.finding_codes()
    return found[0]


@pytest.mark.parametrize("command", ["status", "effectiveness", "metrics", "tasks"])
def test_sound_input_has_no_findings(tmp_path: Path, command: str) -> None:
    done = run(sound(tmp_path), command, "--json")
    assert (done.code, done.finding_codes()) == (0, [])


# Nothing there


@pytest.mark.parametrize("command", ["status", "effectiveness", "metrics", "tasks"])
def test_an_empty_folder_is_no_failure(tmp_path: Path, command: str) -> None:
    assert run(tmp_path, command).code == 0


def test_status_of_an_empty_folder_says_what_is_missing_and_how_to_begin(tmp_path: Path) -> None:
    text = run(tmp_path, "status").text
    assert "Not there yet" in text
    for path in (BACKLOG, PLAN, "specs/", TASKS):
        assert f"\n{path} " in text
    assert "## Phase 1:" in run(tmp_path, "status", env={"COLUMNS": "120"}).text


def test_align_without_a_backlog_names_what_is_missing_and_exits_3(tmp_path: Path) -> None:
    done = run(tmp_path, "align")
    assert (done.code, done.out) == (3, b"")
    assert done.err.startswith("error[backlog-missing]: ")
    assert f"\n  {BACKLOG}\n  hint: write items as `1. …`" in done.err


def test_align_without_a_backlog_answers_an_error_object(tmp_path: Path) -> None:
    done = run(tmp_path, "align", "--json")
    assert (done.code, done.json["meta"]["ok"]) == (3, False)
    assert (done.json["error"]["code"], done.json["error"]["path"]) == ("backlog-missing", BACKLOG)


def test_effectiveness_without_a_backlog_notes_it(tmp_path: Path) -> None:
    done = run(tmp_path, "effectiveness", "--json")
    found = finding(done, "backlog-missing")
    assert (done.code, found["severity"], found["path"]) == (0, "note", BACKLOG)
    assert found["hint"]


@pytest.mark.parametrize("command", ["effectiveness", "metrics", "tasks"])
def test_without_data_the_text_says_no_data(tmp_path: Path, command: str) -> None:
    text = run(tmp_path, command).text
    assert "no data" in text
    assert "0%" not in text


def test_a_root_that_does_not_exist_is_exit_3_with_its_name(tmp_path: Path) -> None:
    done = pipeline(tmp_path / "none", "status")
    assert (done.code, done.out) == (3, b"")
    assert done.err.startswith("error[root-missing]: ")
    assert f"\n  {tmp_path / 'none'}\n  hint: " in done.err


def test_outside_of_any_repository_the_current_folder_is_the_root(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: GOOD})
    done = pipeline(None, "metrics", "--json", cwd=tmp_path)
    assert (done.code, done.json["success_rate"]["total"]) == (0, 1)


def test_a_current_folder_that_is_gone_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    prefix = ("sh", "-c", 'cd gone && rmdir ../gone && exec "$@"', "sh")
    done = pipeline(None, "status", cwd=tmp_path, prefix=prefix)
    assert (done.code, "a bug of ours" in done.err) == (3, False)


# The backlog


def test_an_empty_backlog_claims_nothing(tmp_path: Path) -> None:
    done = run(sound(tmp_path, **{BACKLOG: "", STATE: "{}"}), "effectiveness", "--json")
    plan = done.json["plan_progress"]
    assert (done.code, plan["total"], plan["pct"]) == (0, 0, 0.0)
    assert plan["backlog_alignment"]["phase_6_7_status"] is None


def test_a_backlog_of_a_hundred_thousand_items_is_counted(tmp_path: Path) -> None:
    text = backlog_text({1: 60_000, 6: 10_000, 7: 30_000})
    sound(tmp_path, **{BACKLOG: text, STATE: '{"backlog_index": 65000}'})
    plan = run(tmp_path, "effectiveness", "--json").json["plan_progress"]
    assert (plan["total"], plan["pct"], plan["phase_6"]["completed"]) == (100_000, 65.0, 5000)


def test_align_of_a_hundred_thousand_items_maps_each(tmp_path: Path) -> None:
    sound(tmp_path, **{BACKLOG: backlog_text({1: 60_000, 6: 10_000, 7: 30_000})})
    done = run(tmp_path, "align", "--json")
    assert (done.code, done.json["items"]["mapped"]) == (0, 100_000)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: text.replace("item 2", "item \0 2").encode(),
        lambda text: text.replace("item 2", "item \u2028 2").encode(),
        lambda text: text.replace("item 2", "item fä\xdf").encode("latin-1"),
    ],
    ids=["crlf", "bom", "bom-crlf", "no-newline", "nul", "u2028", "latin-1"],
)
def test_every_item_of_an_unusual_backlog_counts(tmp_path: Path, change: Any) -> None:
    sound(tmp_path, **{BACKLOG: change(backlog_text({1: 3, 6: 2, 7: 5}))})
    done = run(tmp_path, "effectiveness", "--json")
    plan = done.json["plan_progress"]
    assert (done.code, plan["total"], plan["phase_6"]["total"], plan["index"]) == (0, 10, 2, 4)


def test_a_backlog_that_is_not_utf8_is_reported_with_the_line(tmp_path: Path) -> None:
    sound(tmp_path, **{BACKLOG: backlog_text({1: 3}).replace("item 2", "fä").encode("latin-1")})
    found = finding(run(tmp_path, "effectiveness", "--json"), "not-utf8")
    assert (found["path"], found["line"], found["severity"]) == (BACKLOG, 5, "warning")
    assert "UTF-8" in found["hint"]


def test_the_text_of_a_latin_1_backlog_reaches_json_as_escapes(tmp_path: Path) -> None:
    sound(tmp_path, **{BACKLOG: b"## Phase 1: f\xe4\n1. f\xe4\n"})
    write(tmp_path, {STATE: "{}"})
    done = run(tmp_path, "status", "--json")
    assert done.json["next"][0]["title"] == "f\\udce4"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_a_backlog_in_another_encoding_reads_as_absent(tmp_path: Path, encoding: str) -> None:
    sound(tmp_path, **{BACKLOG: backlog_text({1: 3}).encode(encoding)})
    done = run(tmp_path, "effectiveness", "--json")
    found = finding(done, "not-text")
    assert (done.code, found["path"], done.json["plan_progress"]["total"]) == (0, BACKLOG, 0)
    assert found["hint"].startswith("convert it: iconv -f UTF-")


def test_align_needs_a_backlog_that_is_text(tmp_path: Path) -> None:
    sound(tmp_path, **{BACKLOG: backlog_text({1: 3}).encode("utf-16")})
    assert run(tmp_path, "align", "--json").code == 3


def test_align_says_that_the_backlog_is_not_text_rather_than_missing(tmp_path: Path) -> None:
    sound(tmp_path, **{BACKLOG: backlog_text({1: 3}).encode("utf-16")})
    assert "UTF-16" in run(tmp_path, "align").err


def test_a_backlog_over_the_size_limit_is_unreadable(tmp_path: Path) -> None:
    sound(tmp_path)
    os.truncate(tmp_path / BACKLOG, (64 << 20) + 1)
    done = pipeline(tmp_path, "effectiveness", "--json")
    assert (done.code, done.json["error"]["code"]) == (3, "too-large")
    assert done.json["error"]["hint"]


# The state


@pytest.mark.parametrize(
    ("text", "index", "code"),
    [
        ('{"backlog_index": "7"}', 7, None),
        ('{"backlog_index": 7.9}', 7, None),
        ('{"backlog_index": "7.0"}', 7, None),
        ('{"backlog_index": -3}', -3, "state-index-outside"),
        ('{"backlog_index": 1000000000}', 10**9, "state-index-outside"),
        ('{"next_backlog_idx": 6, "backlog_index": 2}', 6, None),
        ('\ufeff{"backlog_index": 7}', 7, None),
        ('{"backlog_index": 3, "backlog_index": 7}', 7, "json-duplicate-key"),
        ('{"backlog_index": 7, "items": {"006:1": 5}}', 7, "json-entry-type"),
        ('{"backlog_index": 7, "updated_at": "yesterday"}', 7, "json-stamp"),
    ],
)
def test_a_usable_index_is_shown_as_it_is(
    tmp_path: Path, text: str, index: int, code: str | None
) -> None:
    done = run(sound(tmp_path, **{STATE: text}), "effectiveness", "--json")
    assert (done.code, done.json["plan_progress"]["index"]) == (0, index)
    assert done.finding_codes() == ([code] if code else [])


@pytest.mark.parametrize(("index", "pct"), [(-3, 0.0), (10**9, 100.0)])
def test_an_index_outside_is_counted_within_the_backlog(
    tmp_path: Path, index: int, pct: float
) -> None:
    sound(tmp_path, **{STATE: json.dumps({"backlog_index": index})})
    done = run(tmp_path, "effectiveness", "--json")
    assert done.json["plan_progress"]["pct"] == pct
    assert finding(done, "state-index-outside", STATE)["hint"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[]", "json-not-object"),
        ("null", "json-not-object"),
        ("", "json-invalid"),
        ('{"backlog_index": 7', "json-invalid"),
        ('{"backlog_index": ' + "9" * 5000 + "}", "json-invalid"),
        ("[" * 100_000, "json-invalid"),
        ('{"backlog_index": true}', "state-no-index"),
        ('{"backlog_index": 1e999}', "state-no-index"),
        ('{"backlog_index": NaN}', "state-no-index"),
        ('{"backlog_index": [7]}', "state-no-index"),
        ("{}", "state-no-index"),
    ],
)
def test_a_state_without_a_usable_index_is_passed_over(
    tmp_path: Path, text: str, code: str
) -> None:
    done = run(sound(tmp_path, **{STATE: text}), "effectiveness", "--json")
    found = finding(done, code, STATE)
    assert (done.code, done.json["plan_progress"]["state_file"], bool(found["hint"])) == (
        0,
        "",
        True,
    )


def test_a_broken_state_is_reported_with_its_line(tmp_path: Path) -> None:
    sound(tmp_path, **{STATE: '{\n  "backlog_index": 7,\n  oops\n}'})
    assert finding(run(tmp_path, "effectiveness", "--json"), "json-invalid")["line"] == 3


def test_where_no_state_is_usable_the_source_of_the_progress_says_so(tmp_path: Path) -> None:
    sound(tmp_path, **{STATE: '{"backl'})
    assert "done marks, no usable state" in run(tmp_path, "effectiveness").text


def test_beside_a_broken_state_the_other_one_counts(tmp_path: Path) -> None:
    broken = "api/logs/project_manager_state_overnight.json"
    done = run(sound(tmp_path, **{broken: '{"backl'}), "effectiveness", "--json")
    assert done.json["plan_progress"]["state_file"] == "project_manager_state.json"


@pytest.mark.parametrize("command", ["status", "tasks", "align"])
def test_a_broken_state_stops_no_report(tmp_path: Path, command: str) -> None:
    done = run(sound(tmp_path, **{STATE: "null"}), command, "--json")
    assert (done.code, finding(done, "json-not-object")["path"]) == (0, STATE)


@pytest.mark.parametrize("path", [ISSUES, HEARTBEAT, QUESTIONS, STATE])
@pytest.mark.parametrize("text", ["[]", '{"half\0'])
def test_status_reports_a_broken_json_file_and_goes_on(
    tmp_path: Path, path: str, text: str
) -> None:
    done = run(sound(tmp_path, **{path: text}), "status", "--json")
    assert done.code == 0
    assert [found["path"] for found in done.json["findings"]] == [path]
    assert done.json["findings"][0]["code"].startswith("json-")


# Logs: the bad line stands between two good ones

BAD_LINES = [
    pytest.param(b"not json", "log-bad-line", id="no-json"),
    pytest.param(b'{"task_id": "x", "cre', "log-bad-line", id="cut"),
    pytest.param(b"[1, 2]", "log-not-object", id="list"),
    pytest.param(b"null", "log-not-object", id="null"),
    pytest.param(b"\x80\xff\0\x01{", "log-bad-line", id="binary"),
    pytest.param(b"{" + b" " * (2 << 20) + b"}", "log-line-too-long", id="two-mebibytes"),
    pytest.param(b'{"a": ' * 50_000, "log-bad-line", id="deep"),
    pytest.param(b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "log-bad-line", id="deep-closed"),
    pytest.param(b'{"duration_seconds": ' + b"9" * 5000 + b"}", "log-bad-line", id="long-number"),
    pytest.param(b"{}", "log-no-stamp", id="empty-object"),
]


@pytest.mark.parametrize(("line", "code"), BAD_LINES)
def test_a_bad_line_is_reported_with_its_place_and_the_others_count(
    tmp_path: Path, line: bytes, code: str
) -> None:
    later = metrics_line("2026-02-12T11:00:00Z", "failed")
    write(tmp_path, {METRICS: GOOD.encode() + line + b"\n" + later.encode()})
    done = run(tmp_path, "metrics", "--json")
    found = finding(done, code)
    assert (done.code, found["path"], found["line"]) == (0, METRICS, 2)
    assert (done.json["success_rate"]["total"], done.json["skipped"]) == (2, 1)


@pytest.mark.parametrize(("path", "command"), [(TASKS, "tasks"), (RESOLUTIONS, "effectiveness")])
def test_a_bad_line_of_another_log_is_reported_too(tmp_path: Path, path: str, command: str) -> None:
    text = SOUND[path]
    assert isinstance(text, str)
    done = run(sound(tmp_path, **{path: text + "oops\n" + text}), command, "--json")
    assert finding(done, "log-bad-line", path)["line"] == 2


def test_a_skipped_line_is_named_with_its_byte_and_a_remedy(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: GOOD + "oops\n" + GOOD})
    found = finding(run(tmp_path, "metrics", "--json"), "log-bad-line")
    assert f"byte {len(GOOD)}" in found["message"]
    assert found["hint"]


def test_the_text_view_names_the_line_on_stderr(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: GOOD + "oops\n"})
    done = run(tmp_path, "metrics")
    assert done.err.startswith("warning[log-bad-line]: ")
    assert f"({METRICS}:2)\n  hint: " in done.err


def test_a_torn_last_line_is_told_as_such(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: GOOD + '{"task_id": "x"'})
    done = run(tmp_path, "metrics", "--json")
    assert finding(done, "log-torn-line")["line"] == 2
    assert done.json["success_rate"]["total"] == 1


def test_a_last_line_that_is_whole_but_for_its_newline_counts(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: GOOD.rstrip("\n")})
    done = run(tmp_path, "metrics", "--json")
    assert (done.json["success_rate"]["total"], done.finding_codes()) == (1, [])


@pytest.mark.parametrize(
    "data",
    [
        GOOD.encode().replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + GOOD.encode(),
        b"\n\n" + GOOD.encode() + b"  \n",
        GOOD.replace('"m"', '"m\u2028\u2029\x85n"').encode(),
    ],
    ids=["crlf", "bom", "blank-lines", "u2028"],
)
def test_an_unusual_log_without_a_bad_line_has_no_findings(tmp_path: Path, data: bytes) -> None:
    done = run(write(tmp_path, {METRICS: data}), "metrics", "--json")
    assert (done.json["success_rate"]["total"], done.finding_codes()) == (1, [])


def test_nan_reads_as_missing_and_the_record_counts(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: GOOD.replace("60.0", "NaN") + GOOD})
    done = run(tmp_path, "metrics", "--json")
    assert finding(done, "log-not-finite")["line"] == 1
    assert done.json["success_rate"]["total"] == 1  # one task, twice recorded


@pytest.mark.parametrize("duration", ["-1", "1e999", "Infinity", "true", '"long"'])
def test_a_duration_that_is_none_is_left_out_of_times_and_counted(
    tmp_path: Path, duration: str
) -> None:
    write(tmp_path, {METRICS: GOOD.replace("60.0", duration)})
    done = run(tmp_path, "metrics", "--json")
    samples = done.json["samples"]
    assert (samples["records"], samples["execution_time"], len(done.finding_codes())) == (1, 0, 1)


def test_a_key_that_is_there_twice_is_reported_and_the_last_stands(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: GOOD.replace('{"', '{"status": "failed", "', 1)})
    done = run(tmp_path, "metrics", "--json")
    assert finding(done, "log-duplicate-key")["line"] == 1
    assert done.json["success_rate"]["completed"] == 1


def test_a_lone_surrogate_in_a_log_is_carried_to_json(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: GOOD.replace('"m"', '"\\ud800"')})
    done = run(tmp_path, "metrics", "--json")
    assert (done.code, next(iter(done.json["by_model"].values()))["count"]) == (0, 1)


def test_a_log_in_utf_16_reads_as_absent(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: GOOD.encode("utf-16")})
    done = run(tmp_path, "metrics", "--json")
    assert (done.code, finding(done, "not-text")["path"]) == (0, METRICS)


def test_a_flood_of_bad_lines_is_counted_and_not_listed(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: "oops\n" * 5000 + GOOD})
    done = run(tmp_path, "metrics", "--json")
    assert (len(done.json["findings"]), done.json["skipped"]) == (21, 5000)
    assert done.json["findings"][-1]["message"] == "4,980 more of the same, 5,000 in all"


def test_a_flood_of_findings_is_short_on_stderr(tmp_path: Path) -> None:
    done = run(write(tmp_path, {METRICS: "oops\n" * 5000 + GOOD}), "metrics")
    assert len(done.err.splitlines()) < 30
    assert "more findings: pipeline metrics --json" in done.err


def test_a_single_further_finding_is_said_in_english(tmp_path: Path) -> None:
    done = run(write(tmp_path, {METRICS: "oops\n" * 9 + GOOD}), "metrics")
    assert "… and 1 more finding: pipeline metrics --json" in done.err


# Stamps


@pytest.mark.parametrize(
    ("stamp", "counted", "codes"),
    [
        ("2026-02-12T10:00:00", 1, ["log-naive-stamp"]),
        ("2026-02-12T18:04:00Z", 1, []),
        ("2026-02-12T18:06:00Z", 0, ["log-future-stamp"]),
        ("2026-02-13T03:00:00+09:30", 1, []),
        ("2026-02-12T10:00:00-08:00", 1, []),
        ("2026-02-12T12:00:00-08:00", 0, ["log-future-stamp"]),
        ("2026-02-29T10:00:00Z", 0, ["log-no-stamp"]),
        ("yesterday", 0, ["log-no-stamp"]),
        ("0001-01-01T00:00:00+14:00", 0, ["log-no-stamp"]),
        ("9999-12-31T23:59:59Z", 0, ["log-future-stamp"]),
        ("2026-02-05T18:00:00Z", 1, []),
        ("2026-02-05T17:59:59Z", 0, []),
    ],
)
def test_a_stamp_counts_where_it_should(
    tmp_path: Path, stamp: str, counted: int, codes: list[str]
) -> None:
    done = run(write(tmp_path, {METRICS: metrics_line(stamp)}), "metrics", "--json")
    assert (done.json["samples"]["records"], done.finding_codes()) == (counted, codes)


def test_a_leap_day_is_a_day(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: metrics_line("2028-02-29T10:00:00Z")})
    done = run(tmp_path, "metrics", "--json", now="2028-03-01T00:00:00Z")
    assert (done.json["samples"]["records"], done.finding_codes()) == (1, [])


def test_stamps_without_a_zone_are_told_once_a_file(tmp_path: Path) -> None:
    lines = [metrics_line(f"2026-02-12T1{hour}:00:00") for hour in range(5)]
    done = run(write(tmp_path, {METRICS: "".join(lines)}), "metrics", "--json")
    assert (done.json["samples"]["records"], done.finding_codes()) == (5, ["log-naive-stamp"])


def test_a_stamp_that_is_a_number_is_no_stamp(tmp_path: Path) -> None:
    write(tmp_path, {METRICS: GOOD.replace('"2026-02-12T10:00:00Z"', "1770890400")})
    done = run(tmp_path, "metrics", "--json")
    assert (done.code, done.json["skipped"]) == (0, 1)


# Front matter

MERGE_BOMB = "a0: &a0 {k: v}\n" + "".join(
    f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("title: " + "[" * 60_000, "frontmatter-refused"),
        ("title: " + "[" * 60_000 + "]" * 60_000, "frontmatter-refused"),
        ("title: " + "{a: " * 200 + "}" * 200, "frontmatter-refused"),
        ("- " * 30_000 + "x", "frontmatter-refused"),
        (MERGE_BOMB, "frontmatter-refused"),
        ("a: &x [1, 2]\nb: *x", "frontmatter-refused"),
        ("title: x\n" + "# long\n" * 200_000, "frontmatter-refused"),
        ("title: one\ntitle: two", "frontmatter-invalid"),
        ("title: a: b: c", "frontmatter-invalid"),
        ("title: [unclosed", "frontmatter-invalid"),
        ("\ttitle: tab", "frontmatter-invalid"),
        ("- a\n- list", "frontmatter-invalid"),
        ("just text", "frontmatter-invalid"),
        ("title: \0", "frontmatter-invalid"),
    ],
    ids=[
        "brackets",
        "closed-brackets",
        "braces",
        "dashes",
        "merge-bomb",
        "alias",
        "too-long",
        "duplicate-key",
        "colons",
        "unclosed-list",
        "tab",
        "list",
        "scalar",
        "nul",
    ],
)
def test_front_matter_that_is_refused_or_invalid_is_a_finding_and_the_spec_stays(
    tmp_path: Path, header: str, code: str
) -> None:
    sound(tmp_path, **{SPEC: f"---\n{header}\n---\n# First\n"})
    done = run(tmp_path, "align", "--json", timeout=20)
    found = finding(done, code, SPEC)
    assert (done.code, done.json["specs"]["total"]) == (0, 1)
    assert found["line"] >= 1
    assert found["hint"]


def test_a_repeated_key_is_reported_with_its_line_in_the_file(tmp_path: Path) -> None:
    sound(tmp_path, **{SPEC: "---\ntitle: one\nstatus: x\ntitle: two\n---\n"})
    assert finding(run(tmp_path, "align", "--json"), "frontmatter-invalid")["line"] == 4


def test_front_matter_that_never_closes_is_a_finding(tmp_path: Path) -> None:
    sound(tmp_path, **{SPEC: "---\ntitle: one\n\n# First\n"})
    found = finding(run(tmp_path, "align", "--json"), "frontmatter-unclosed", SPEC)
    assert (found["line"], found["hint"]) == (1, "add a line `---` after the last key")


def test_a_spec_that_is_not_utf8_is_a_finding(tmp_path: Path) -> None:
    sound(tmp_path, **{SPEC: "---\ntitle: fä\n---\n".encode("latin-1")})
    done = run(tmp_path, "align", "--json")
    assert (done.code, finding(done, "not-utf8", SPEC)["line"]) == (0, 2)


def test_a_spec_in_utf_16_keeps_its_name(tmp_path: Path) -> None:
    sound(tmp_path, **{SPEC: "# First\n".encode("utf-16")})
    done = run(tmp_path, "align", "--json")
    assert (done.code, done.json["specs"]["total"]) == (0, 1)
    assert finding(done, "not-text")["path"] == SPEC


# Not a file

#: Each input with a command that cannot answer without it.
NEEDED = [
    (BACKLOG, "effectiveness"),
    (BACKLOG, "align"),
    (META, "align"),
    (PLAN, "align"),
    (STATE, "effectiveness"),
    (ISSUES, "effectiveness"),
    (RESOLUTIONS, "metrics"),
    (METRICS, "metrics"),
    (METRICS, "effectiveness"),
    (TASKS, "tasks"),
]


@pytest.mark.parametrize(("path", "command"), NEEDED)
def test_a_fifo_in_place_of_an_input_is_exit_3_and_blocks_nobody(
    tmp_path: Path, path: str, command: str
) -> None:
    os.mkfifo(without(tmp_path, path) / path)
    done = run(tmp_path, command, "--json", timeout=20)
    error = done.json["error"]
    assert (done.code, error["code"], error["path"]) == (3, "unreadable", path)
    assert "FIFO" in error["message"]
    assert error["hint"]


@pytest.mark.parametrize(("path", "command"), NEEDED)
def test_a_folder_in_place_of_an_input_is_exit_3_in_words(
    tmp_path: Path, path: str, command: str
) -> None:
    (without(tmp_path, path) / path).mkdir(parents=True)
    done = run(tmp_path, command)
    assert (done.code, done.out) == (3, b"")
    assert done.err.startswith("error[unreadable]: the file cannot be read: it is a folder")
    assert f"\n  {path}\n  hint: " in done.err


@pytest.mark.parametrize(
    "path", [BACKLOG, STATE, TASKS, METRICS, RESOLUTIONS, ISSUES, HEARTBEAT, QUESTIONS]
)
def test_status_answers_with_a_fifo_in_place_of_an_input(tmp_path: Path, path: str) -> None:
    os.mkfifo(without(tmp_path, path) / path)
    done = run(tmp_path, "status", "--json", timeout=20)
    assert (done.code, finding(done, "unreadable")["path"]) == (0, path)


@pytest.mark.parametrize("path", [BACKLOG, STATE, TASKS, METRICS, ISSUES])
def test_status_names_a_folder_in_place_of_an_input_in_words(tmp_path: Path, path: str) -> None:
    (without(tmp_path, path) / path).mkdir(parents=True)
    done = run(tmp_path, "status")
    assert done.code == 0
    assert f"({path})" in done.err


def test_what_status_cannot_read_is_not_called_fine(tmp_path: Path) -> None:
    (without(tmp_path, METRICS) / METRICS).mkdir(parents=True)
    assert run(tmp_path, "status", "--json").json["layer_0_goal"]["status"] != "ok"


def test_a_spec_that_is_a_fifo_blocks_nobody(tmp_path: Path) -> None:
    os.mkfifo(sound(tmp_path) / "specs/002-second.md")
    assert run(tmp_path, "align", timeout=20).code == 0


@pytest.mark.parametrize("folder", ["specs", "api/logs", "backlog", "docs"])
def test_a_file_in_place_of_a_folder_stops_no_status(tmp_path: Path, folder: str) -> None:
    kept = {name: text for name, text in SOUND.items() if not name.startswith(f"{folder}/")}
    done = run(write(tmp_path, {**kept, folder: "a file"}), "status", "--json")
    assert done.code == 0


# Links


@pytest.mark.parametrize(("path", "command"), [(BACKLOG, "effectiveness"), (METRICS, "metrics")])
def test_a_link_out_of_the_workspace_is_not_followed(
    tmp_path: Path, path: str, command: str
) -> None:
    write(tmp_path, {"secret": "1. The secret\n"})
    root = without(tmp_path / "w", path)
    (root / path).symlink_to(tmp_path / "secret")
    done = run(root, command, "--json")
    assert (done.code, done.json["error"]["code"]) == (3, "path-outside")
    assert (done.json["error"]["path"], "secret" in done.text) == (path, False)


def test_status_reports_a_link_out_of_the_workspace(tmp_path: Path) -> None:
    write(tmp_path, {"secret": "1. The secret\n"})
    root = without(tmp_path / "w", BACKLOG)
    (root / BACKLOG).symlink_to(tmp_path / "secret")
    done = run(root, "status", "--json")
    assert (done.code, finding(done, "path-outside")["path"]) == (0, BACKLOG)


def test_a_spec_that_is_a_link_out_of_the_workspace_is_a_finding(tmp_path: Path) -> None:
    write(tmp_path, {"secret.md": "---\ntitle: The secret\n---\n"})
    (sound(tmp_path / "w") / "specs/002-second.md").symlink_to(tmp_path / "secret.md")
    done = run(tmp_path / "w", "align", "--json")
    assert (done.code, finding(done, "path-outside")["path"]) == (0, "specs/002-second.md")


def test_a_link_within_the_workspace_is_followed(tmp_path: Path) -> None:
    root = without(tmp_path, METRICS)
    write(root, {"elsewhere/m.jsonl": GOOD})
    (root / METRICS).symlink_to("../../elsewhere/m.jsonl")
    assert run(root, "metrics", "--json").json["success_rate"]["total"] == 1


def test_a_loop_of_links_is_unreadable(tmp_path: Path) -> None:
    (without(tmp_path, METRICS) / METRICS).symlink_to("metrics.jsonl")
    assert run(tmp_path, "metrics").code == 3


# Unreadable


def denied(path: Path, *calls: str, error: str = "EACCES") -> tuple[str, ...]:
    """Return what to run a command under, so that calls on a path are denied."""
    names = ",".join(calls or ("openat",))
    rules = ("-e", f"trace={names}", "-e", f"inject={names}:error={error}")
    return ("strace", "-f", "-qq", "-o", "/dev/null", "-P", str(path), *rules)


@pytest.mark.needs_strace
@pytest.mark.parametrize(("path", "command"), NEEDED)
def test_an_input_that_may_not_be_read_is_exit_3(tmp_path: Path, path: str, command: str) -> None:
    done = run(sound(tmp_path), command, "--json", prefix=denied(tmp_path / path))
    error = done.json["error"]
    assert (done.code, error["code"], error["path"]) == (3, "unreadable", path)
    assert "Permission denied" in error["message"]
    assert "permissions" in error["hint"]


@pytest.mark.needs_strace
@pytest.mark.parametrize("path", [BACKLOG, TASKS, METRICS, ISSUES, HEARTBEAT, "specs"])
def test_status_answers_where_an_input_may_not_be_read(tmp_path: Path, path: str) -> None:
    done = run(sound(tmp_path), "status", "--json", prefix=denied(tmp_path / path))
    assert (done.code, finding(done, "unreadable")["path"]) == (0, path)


@pytest.mark.needs_strace
def test_a_spec_that_may_not_be_read_is_a_finding_and_keeps_its_name(tmp_path: Path) -> None:
    done = run(sound(tmp_path), "align", "--json", prefix=denied(tmp_path / SPEC))
    assert (done.code, done.json["specs"]["total"]) == (0, 1)
    assert finding(done, "unreadable")["path"] == SPEC


@pytest.mark.needs_strace
def test_a_specs_folder_that_may_not_be_read_is_exit_3_for_align(tmp_path: Path) -> None:
    done = run(sound(tmp_path), "align", "--json", prefix=denied(tmp_path / "specs"))
    assert (done.code, done.json["error"]["path"]) == (3, "specs")


@pytest.mark.needs_strace
def test_a_disk_error_while_reading_is_exit_3(tmp_path: Path) -> None:
    prefix = denied(sound(tmp_path) / METRICS, "pread64", error="EIO")
    done = run(tmp_path, "metrics", "--json", prefix=prefix)
    assert (done.code, done.json["error"]["path"]) == (3, METRICS)


@pytest.mark.needs_strace
def test_a_disk_error_while_reading_a_document_is_exit_3(tmp_path: Path) -> None:
    prefix = denied(sound(tmp_path) / BACKLOG, "read", error="EIO")
    done = run(tmp_path, "effectiveness", "--json", prefix=prefix)
    assert (done.code, done.json["error"]["path"]) == (3, BACKLOG)


@pytest.mark.needs_strace
def test_a_folder_that_may_not_be_searched_is_not_called_missing(tmp_path: Path) -> None:
    calls = ("openat", "?stat", "?lstat", "?newfstatat", "?statx", "?readlink", "?readlinkat")
    prefix = denied(sound(tmp_path) / BACKLOG, *calls)
    done = run(tmp_path, "align", "--json", prefix=prefix)
    assert (done.code, done.json["error"]["code"]) == (3, "unreadable")


# Settings


def refused(root: Path, *arguments: str, **options: Any) -> dict[str, Any]:
    """Run a command whose settings cannot stand; return the error."""
    done = run(root, "status", "--json", *arguments, **options)
    assert (done.code, done.json["error"]["code"]) == (2, "config")
    error: dict[str, Any] = done.json["error"]
    return error


def test_settings_that_are_no_toml_are_refused_with_the_line(tmp_path: Path) -> None:
    error = refused(write(tmp_path, {"pipeline.toml": "window_days = 7\noops oops\n"}))
    assert (error["path"], error["line"], bool(error["hint"])) == ("pipeline.toml", 2, True)


def test_the_words_of_a_settings_error_name_place_and_remedy(tmp_path: Path) -> None:
    done = run(write(tmp_path, {"pipeline.toml": "window_days = 7\noops oops\n"}), "tasks")
    assert (done.code, done.out) == (2, b"")
    assert done.err.startswith("error[config]: the file is no TOML: ")
    assert "\n  pipeline.toml:2\n  hint: " in done.err


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("window_day = 7", "window_days"),
        ("[attention]\nstuck_minute = 5", "attention.stuck_minutes"),
    ],
)
def test_an_unknown_setting_gets_a_suggestion(tmp_path: Path, text: str, suggestion: str) -> None:
    error = refused(write(tmp_path, {"pipeline.toml": text}))
    assert error["hint"] == f"did you mean {suggestion}?"


def test_an_unknown_section_gets_a_suggestion(tmp_path: Path) -> None:
    error = refused(write(tmp_path, {"pipeline.toml": "[path]\nspecs = 'x'"}))
    assert error["hint"].startswith("did you mean paths")


def test_a_setting_like_no_other_is_refused_with_a_way_on(tmp_path: Path) -> None:
    error = refused(write(tmp_path, {"pipeline.toml": "zzz = 1"}))
    assert "'zzz'" in error["message"]
    assert error["hint"]


@pytest.mark.parametrize(
    "text",
    [
        "window_days = 0",
        "window_days = 7.5",
        "window_days = '7'",
        "window_days = 1000000",
        "tracked_phases = 6",
        "[attention]\nsuccess_rate_min = 80",
        "[attention]\nstuck_minutes = nan",
        "[rotation]\nmeta_ratio = 'a lot'",
        "[rotation]\nmeta_ratio = '3/2'",
        "[paths]\nbacklog = ''",
        "[monitor]\npersist_resolved = 'yes'",
    ],
)
def test_a_value_that_cannot_stand_is_refused(tmp_path: Path, text: str) -> None:
    error = refused(write(tmp_path, {"pipeline.toml": text}))
    assert error["path"] == "pipeline.toml"
    assert error["hint"]


def test_settings_in_both_files_are_refused(tmp_path: Path) -> None:
    files = {"pipeline.toml": "", "pyproject.toml": "[tool.pipeline]\nwindow_days = 7\n"}
    assert refused(write(tmp_path, files))["hint"] == "keep one of them"


def test_a_table_that_is_no_table_is_refused(tmp_path: Path) -> None:
    error = refused(write(tmp_path, {"pyproject.toml": "[tool]\npipeline = 5\n# [tool.pipeline\n"}))
    assert error["path"] == "pyproject.toml"


def test_settings_in_pyproject_are_refused_by_the_name_of_that_file(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[tool.pipeline]\nwindow_days = 0\n"})
    assert refused(tmp_path)["path"] == "pyproject.toml"


def test_a_broken_pyproject_without_our_table_is_not_ours_to_judge(tmp_path: Path) -> None:
    assert run(write(tmp_path, {"pyproject.toml": "oops oops"}), "status").code == 0


@pytest.mark.parametrize("name", ["none.toml", "", "."])
def test_settings_that_are_named_and_cannot_be_read_are_refused(tmp_path: Path, name: str) -> None:
    assert refused(tmp_path, "--config", str(tmp_path / name))["hint"]


def test_named_settings_win_over_those_of_the_workspace(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": "oops oops", "other.toml": "window_days = 3"})
    done = run(tmp_path, "metrics", "--json", "--config", str(tmp_path / "other.toml"))
    assert done.json["window"]["start"] == "2026-02-09T18:00:00Z"


@pytest.mark.parametrize("data", [b"window_days = 7 # f\xe4", "x = 1\n".encode("utf-16")])
def test_settings_that_are_not_utf8_are_refused(tmp_path: Path, data: bytes) -> None:
    assert refused(write(tmp_path, {"pipeline.toml": data}))["path"] == "pipeline.toml"


@pytest.mark.parametrize("name", ["pipeline.toml", "pyproject.toml"])
def test_a_fifo_in_place_of_settings_is_refused(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert refused(tmp_path, timeout=20)["path"] == name


def test_a_fifo_in_place_of_pyproject_does_not_block_the_search_for_the_root(
    tmp_path: Path,
) -> None:
    os.mkfifo(tmp_path / "pyproject.toml")
    assert pipeline(None, "status", cwd=tmp_path, timeout=5).code in (0, 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIPELINE_WINDOW_DAYS", "soon"),
        ("PIPELINE_WINDOW_DAYS", ""),
        ("PIPELINE_ATTENTION_STUCK_MINUTES", "-5"),
        ("PIPELINE_ATTENTION_SUCCESS_RATE_MIN", "80%"),
        ("PIPELINE_TRACKED_PHASES", "six"),
        ("MONITOR_PERSIST_RESOLVED", "perhaps"),
        ("PIPELINE_META_BACKLOG", ""),
    ],
)
def test_an_environment_value_that_cannot_stand_is_refused_by_name(
    tmp_path: Path, name: str, value: str
) -> None:
    error = refused(tmp_path, env={name: value})
    assert name in error["message"]
    assert error["hint"].startswith("expected ")


def test_a_variable_of_the_users_own_is_no_error(tmp_path: Path) -> None:
    assert run(tmp_path, "status", env={"PIPELINE_MY_OWN": "x"}).code == 0


@pytest.mark.parametrize("path", ["../outside.md", "/outside.md"])
def test_a_path_setting_that_leaves_the_workspace_is_exit_3(tmp_path: Path, path: str) -> None:
    write(tmp_path / "w", {"pipeline.toml": f"[paths]\nbacklog = '{path}'\n"})
    done = run(tmp_path / "w", "effectiveness", "--json")
    assert (done.code, done.json["error"]["code"]) == (3, "path-outside")


def test_a_folder_setting_that_leaves_the_workspace_stops_no_status(tmp_path: Path) -> None:
    write(tmp_path / "w", {"pipeline.toml": "[paths]\nspecs = '../specs'\n[logs]\ndir = '/l'\n"})
    done = run(tmp_path / "w", "status", "--json")
    assert (done.code, "path-outside" in done.finding_codes()) == (0, True)

"""The boundary: arguments, streams, environment, signals, and text that means harm."""

import json
import os
import pty
import re
import shlex
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from rich.cells import cell_len

import pipeline_cli.cli
from tests.support import (
    CRON_ENVIRONMENT,
    NOW,
    backlog_text,
    event_line,
    metrics_line,
    pipeline,
    snapshot,
    write,
)

COMMANDS = ("status", "effectiveness", "metrics", "tasks", "align")
METRICS = "api/logs/metrics.jsonl"
SGR = re.compile(r"\x1b\[[0-9;]*m")


QUESTIONS = (
    "| Question | If No → Action |\n|---|---|\n| Is the backlog aligned with the plan? | Align |\n"
)


def workspace(root: Path) -> Path:
    """Write a workspace with something to say in every view, warnings too."""
    tasks = [
        event_line("t1", "created", "2026-02-12T10:00:00Z", task_type="impl", direction="Do it"),
        event_line("t1", "started", "2026-02-12T10:01:00Z"),
        event_line("t2", "created", "2026-02-12T11:00:00Z", task_type="test", direction="Try it"),
        event_line("t3", "created", "2026-02-12T09:00:00Z", task_type="spec"),
        event_line("t3", "finished", "2026-02-12T09:30:00Z", status="failed", output_chars=0),
    ]
    lines = [metrics_line(f"2026-02-12T1{hour}:00:00Z") for hour in range(5)]
    return write(
        root,
        {
            "backlog/006-overnight-backlog.md": backlog_text({1: 3, 6: 2, 7: 5}),
            "docs/META-QUESTIONS.md": QUESTIONS,
            "docs/PLAN.md": "# Plan\n\n## Phase 1: Part 1\n\n## Phase 9: Nobody's\n",
            "specs/001-first.md": "---\ntitle: First\n---\n",
            "api/logs/tasks.jsonl": "".join(tasks),
            METRICS: "".join(lines) + "oops\n",
            "api/logs/project_manager_state.json": '{"backlog_index": 4}',
        },
    )


def with_stdout(stdout: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline_cli", *arguments],
        env=CRON_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


def injecting(path: Path, rule: str) -> tuple[str, ...]:
    """Return what to run a command under, so that a fault strikes at calls on a path."""
    rules = ("-e", f"trace={rule.partition(':')[0]}", "-e", f"inject={rule}")
    return ("strace", "-f", "-qq", "-o", "/dev/null", "-P", str(path), *rules)


# Arguments


def test_the_name_alone_shows_the_help(tmp_path: Path) -> None:
    done = pipeline(None, now=None, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert all(command in done.text for command in COMMANDS)


def test_a_global_option_alone_shows_the_help_too(tmp_path: Path) -> None:
    done = pipeline(tmp_path)
    assert (done.code, "Usage: pipeline" in done.text) == (0, True)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_that_says_that_it_writes_nothing(command: str) -> None:
    done = pipeline(None, command, "--help", now=None)
    assert (done.code, done.err) == (0, "")
    assert re.search(r"writes\s+nothing", done.text, re.IGNORECASE)


def test_the_help_names_the_exit_codes_and_where_the_manual_is() -> None:
    shown = " ".join(pipeline(None, "--help", now=None).text.split())
    assert "Exit codes: 0 done" in shown
    assert "Manual: docs/README.md in the repository" in shown


@pytest.mark.parametrize("words", [("status",), ("task",), ("task", "run"), ("rotate",)])
def test_the_help_of_a_command_leads_to_the_global_options(words: tuple[str, ...]) -> None:
    shown = " ".join(pipeline(None, *words, "--help", now=None).text.split())
    assert "Global options (--root, --json, -q and more): pipeline --help" in shown


@pytest.mark.parametrize("arguments", [["--version"], ["status", "--version"]])
def test_the_version_is_one_line(arguments: list[str]) -> None:
    done = pipeline(None, *arguments, now=None)
    assert (done.code, done.err) == (0, "")
    assert re.fullmatch(r"pipeline \d+\.\d+\.\d+\S*\n", done.text)


@pytest.mark.parametrize(
    "order",
    [
        ["--root", "{root}", "--now", NOW, "--json", "metrics"],
        ["metrics", "--root", "{root}", "--now", NOW, "--json"],
        ["--json", "metrics", "--root={root}", f"--now={NOW}"],
        ["-q", "--root", "{root}", "metrics", "--color", "never", "--now", NOW, "--json"],
    ],
)
def test_global_options_may_stand_before_and_after_the_command(
    tmp_path: Path, order: list[str]
) -> None:
    write(tmp_path, {METRICS: metrics_line("2026-02-12T10:00:00Z")})
    wanted = pipeline(tmp_path, "metrics", "--json")
    arguments = [word.replace("{root}", str(tmp_path)) for word in order]
    assert pipeline(None, *arguments, now=None) == wanted


def test_an_unknown_command_gets_a_suggestion(tmp_path: Path) -> None:
    done = pipeline(tmp_path, "stauts")
    assert (done.code, done.out) == (2, b"")
    assert re.match(r"error\[usage\]: .*'stauts'.*'status'", done.err)


def test_the_hint_for_an_unknown_command_can_be_typed(tmp_path: Path) -> None:
    hint = pipeline(tmp_path, "stauts").err.partition("hint: pipeline ")[2]
    assert pipeline(tmp_path, *shlex.split(hint)).code == 0


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("task",), "pipeline task --help"),
        (("task", "strat"), "pipeline task --help"),
        (("task", "prune"), "pipeline task prune --help"),
        (("task", "run", "--timeout", "x", "--", "true"), "pipeline task run --help"),
        (("monitor", "--fail-on", "x"), "pipeline monitor --help"),
        (("stauts",), "pipeline --help"),
        (("--color", "pink", "status"), "pipeline --help"),
    ],
)
def test_the_hint_names_the_command_that_was_meant(
    tmp_path: Path, words: tuple[str, ...], hint: str
) -> None:
    done = pipeline(tmp_path, *words)
    assert (done.code, done.out) == (2, b"")
    assert re.match(r"error\[usage\]: \S", done.err)
    assert f"  hint: {hint}\n" in done.err


def test_help_is_set_in_whole_lines(tmp_path: Path) -> None:
    shown = pipeline(tmp_path, "task", "run", "--help", env={"COLUMNS": "80"}).text
    assert " 126 not executable, 127 not found, 128+n killed. " in shown
    assert "QUESTION" in pipeline(tmp_path, "task", "ask", "--help").text


def test_an_unknown_option_gets_a_suggestion(tmp_path: Path) -> None:
    done = pipeline(tmp_path, "align", "--chek")
    assert (done.code, done.out) == (2, b"")
    assert re.match(r"error\[usage\]: .*--chek.*--check", done.err)


def test_an_unknown_global_option_gets_a_suggestion(tmp_path: Path) -> None:
    done = pipeline(tmp_path, "status", "--jsn")
    assert done.code == 2
    assert "--json" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "extra"],
        ["status", "--", "--json"],
        ["status", "--color", "purple"],
        ["status", "--tree", "--flat"],
        ["status", "--root"],
    ],
)
def test_a_wrong_command_line_is_exit_2_with_a_hint(tmp_path: Path, arguments: list[str]) -> None:
    done = pipeline(tmp_path, *arguments)
    assert (done.code, done.out) == (2, b"")
    assert done.err.startswith("error[usage]: ")
    assert "\n  hint: " in done.err


def test_an_option_without_its_value_is_named(tmp_path: Path) -> None:
    assert "--config" in pipeline(tmp_path, "status", "--config").err.partition("\n")[0]


@pytest.mark.parametrize("now", ["nonsense", "", "2026-02-30", "25:00", "0001-01-01T00:00+14:00"])
def test_a_now_that_is_no_moment_is_exit_2(tmp_path: Path, now: str) -> None:
    done = pipeline(tmp_path, "status", now=now)
    assert (done.code, done.out) == (2, b"")
    assert "hint: for example --now 2026-02-12T06:00:00Z" in done.err


@pytest.mark.parametrize("now", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("command", ["status", "metrics"])
def test_a_now_at_the_edge_of_the_calendar_is_answered(
    tmp_path: Path, now: str, command: str
) -> None:
    done = pipeline(workspace(tmp_path), command, "--json", now=now)
    assert done.code == 0, done.err


def test_now_with_an_offset_is_the_same_moment(tmp_path: Path) -> None:
    there = pipeline(workspace(tmp_path), "status", "--json", now="2026-02-12T19:00:00+01:00")
    assert there == pipeline(tmp_path, "status", "--json")


# JSON


@pytest.mark.parametrize("arguments", [["nonsense"], ["status", "--nonsense"], ["align"]])
def test_a_failure_is_an_object_on_stdout_and_a_line_on_stderr(
    tmp_path: Path, arguments: list[str]
) -> None:
    done = pipeline(tmp_path, *arguments, "--json")
    assert set(done.json) == {"meta", "error", "findings"}
    assert set(done.json["error"]) == {"code", "message", "path", "line", "hint"}
    assert done.json["meta"]["ok"] is False
    assert re.fullmatch(r"error\[[a-z-]+\]: .+\n", done.err)


def test_a_failure_answers_for_the_moment_that_was_asked(tmp_path: Path) -> None:
    assert pipeline(tmp_path, "align", "--json").json["meta"]["generated_at"] == NOW


@pytest.mark.parametrize("command", COMMANDS)
def test_an_answer_is_one_object_with_its_schema_and_nothing_on_stderr(
    tmp_path: Path, command: str
) -> None:
    done = pipeline(workspace(tmp_path), command, "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json["meta"]["schema"] == f"pipeline/{command}"
    assert (done.json["meta"]["ok"], done.json["meta"]["generated_at"]) == (True, NOW)
    assert done.out.endswith(b"}\n")


@pytest.mark.parametrize("flags", [["-q"], ["--debug"], ["--color", "always"], ["--tree"]])
def test_the_bytes_of_an_answer_depend_on_no_flag(tmp_path: Path, flags: list[str]) -> None:
    plain = pipeline(workspace(tmp_path), "status", "--json")
    assert pipeline(tmp_path, "status", "--json", *flags).out == plain.out


def test_quiet_keeps_warnings_from_stderr(tmp_path: Path) -> None:
    workspace(tmp_path)
    assert "log-bad-line" in pipeline(tmp_path, "metrics").err
    assert pipeline(tmp_path, "metrics", "-q").err == ""


def test_quiet_keeps_an_error_on_stderr(tmp_path: Path) -> None:
    assert "backlog-missing" in pipeline(tmp_path, "align", "-q").err


# Gates


def test_a_report_on_bad_news_is_exit_0(tmp_path: Path) -> None:
    assert pipeline(workspace(tmp_path), "align").code == 0


def test_a_gate_on_bad_news_is_exit_1(tmp_path: Path) -> None:
    assert pipeline(workspace(tmp_path), "align", "--check").code == 1


# Environment


@pytest.mark.parametrize("arguments", [["status"], ["align"], ["tasks", "--json"]])
def test_the_bytes_are_the_same_under_any_environment(tmp_path: Path, arguments: list[str]) -> None:
    bare = pipeline(workspace(tmp_path), *arguments)
    rich = {
        "HOME": str(tmp_path),
        "LANG": "C",
        "LC_ALL": "C",
        "TZ": "America/New_York",
        "TERM": "xterm-256color",
        "USER": "somebody",
        "PYTHONIOENCODING": "ascii",
        "PYTHONUTF8": "0",
        "CI": "true",
    }
    assert pipeline(tmp_path, *arguments, env=rich) == bare


def test_the_bytes_do_not_depend_on_the_current_folder(tmp_path: Path) -> None:
    workspace(tmp_path)
    inside = pipeline(tmp_path, "status", cwd=tmp_path / "docs")
    assert inside == pipeline(tmp_path, "status")


def test_the_workspace_is_found_from_below(tmp_path: Path) -> None:
    workspace(tmp_path)
    below = pipeline(None, "status", cwd=tmp_path / "api/logs")
    assert below == pipeline(tmp_path, "status")


@pytest.mark.needs_strace
def test_nothing_in_the_workspace_is_opened_for_writing(tmp_path: Path) -> None:
    log = tmp_path / "trace"
    prefix = ("strace", "-f", "-qq", "-o", str(log), "-e", "trace=%file")
    pipeline(workspace(tmp_path / "w"), "status", prefix=prefix)
    ours = [line for line in log.read_text().splitlines() if str(tmp_path / "w") in line]
    changing = r"O_WRONLY|O_RDWR|O_CREAT|\b(?:mkdir|rename|unlink|link|chmod|utime|trunc)"
    assert ours
    assert [line for line in ours if re.search(changing, line)] == []


# Streams


@pytest.mark.parametrize(
    "arguments", [["status"], ["metrics", "--json"], ["--version"], ["--help"], ["tasks", "--help"]]
)
def test_a_reader_of_stdout_that_went_away_is_exit_141_and_quiet(
    tmp_path: Path, arguments: list[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing):
        done = with_stdout(writing, "--root", str(tmp_path), *arguments)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_failure_whose_reader_went_away_is_exit_141() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing):
        done = with_stdout(writing, "nonsense", "--json")
    assert done.returncode == 141


def test_a_head_on_a_long_answer_is_quiet(tmp_path: Path) -> None:
    lines = [
        event_line(f"t{number}", "created", "2026-02-12T10:00:00Z", direction="x" * 100)
        for number in range(2000)
    ]
    write(tmp_path, {"api/logs/tasks.jsonl": "".join(lines) + "oops\n" * 3000})
    command = [sys.executable, "-m", "pipeline_cli", "--root", str(tmp_path), "tasks", "--json"]
    with subprocess.Popen(
        command, env=CRON_ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = os.read(process.stdout.fileno(), 1)
        process.stdout.close()
        told = process.stderr.read()
    assert (first, told) == (b"{", b"")
    assert process.returncode in (0, 141)


@pytest.mark.needs_strace
@pytest.mark.parametrize("arguments", [["status"], ["metrics", "--json"], ["--version"]])
def test_a_full_disk_under_stdout_is_exit_3_in_one_error(
    tmp_path: Path, arguments: list[str]
) -> None:
    workspace(tmp_path / "w")
    out = tmp_path / "out"
    with out.open("wb") as stream:
        done = subprocess.run(
            [
                *injecting(out, "write:error=ENOSPC"),
                *(sys.executable, "-m", "pipeline_cli", "-q", "--root", str(tmp_path / "w")),
                *arguments,
            ],
            env=CRON_ENVIRONMENT,
            stdout=stream,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 3
    assert "No space left" in done.stderr
    assert "a bug of ours" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.needs_strace
def test_a_full_disk_under_stderr_keeps_the_answer(tmp_path: Path) -> None:
    workspace(tmp_path / "w")
    err = tmp_path / "err"
    with err.open("wb") as stream:
        done = subprocess.run(
            [
                *injecting(err, "write:error=ENOSPC"),
                *(sys.executable, "-m", "pipeline_cli", "--root", str(tmp_path / "w"), "metrics"),
            ],
            env=CRON_ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=stream,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0
    assert done.stdout.startswith(b"Task metrics")


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- 2>&-"])
def test_closed_streams_keep_the_answer(tmp_path: Path, closed: str) -> None:
    wanted = pipeline(workspace(tmp_path), "metrics", "--json")
    prefix = ("sh", "-c", f'exec "$@" {closed}', "sh")
    assert pipeline(tmp_path, "metrics", "--json", prefix=prefix) == wanted


def test_a_closed_stdout_is_no_bug(tmp_path: Path) -> None:
    prefix = ("sh", "-c", 'exec "$@" >&-', "sh")
    done = pipeline(workspace(tmp_path), "metrics", "-q", prefix=prefix)
    assert (done.code, done.err) == (0, "")


def test_a_reader_of_stderr_that_went_away_keeps_the_answer(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing):
        done = subprocess.run(
            [sys.executable, "-m", "pipeline_cli", "--root", str(workspace(tmp_path)), "metrics"],
            env=CRON_ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=writing,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout[:12]) == (0, b"Task metrics")


# Signals


@pytest.mark.needs_strace
@pytest.mark.parametrize(("name", "code"), [("TERM", 143), ("INT", 130), ("HUP", 129)])
@pytest.mark.parametrize("arguments", [["metrics"], ["status", "--json"]])
def test_a_signal_during_a_run_is_128_and_its_number_and_quiet(
    tmp_path: Path, name: str, code: int, arguments: list[str]
) -> None:
    prefix = injecting(workspace(tmp_path) / METRICS, f"openat:signal={name}")
    done = pipeline(tmp_path, *arguments, prefix=prefix)
    assert (done.code, done.out, done.err) == (code, b"", "")


@pytest.mark.needs_strace
def test_an_interrupt_while_the_program_starts_is_quiet(tmp_path: Path) -> None:
    module = Path(pipeline_cli.cli.__file__)
    prefix = injecting(module, "?stat,?newfstatat,?statx:signal=INT:when=1")
    done = pipeline(workspace(tmp_path), "metrics", prefix=prefix)
    assert (done.code in (130, -2), done.out, done.err) == (True, b"", "")


@pytest.mark.needs_strace
def test_a_hangup_that_the_caller_ignores_stays_ignored(tmp_path: Path) -> None:
    strace = injecting(workspace(tmp_path) / METRICS, "openat:signal=HUP")
    prefix = ("sh", "-c", """trap '' HUP; exec "$@" """, "sh", *strace)
    assert pipeline(tmp_path, "metrics", "--json", prefix=prefix).code == 0


# Colour and width


@pytest.mark.parametrize(
    ("flags", "environment", "colored"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color=never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_follows_flag_and_environment(
    tmp_path: Path, flags: list[str], environment: dict[str, str], colored: bool
) -> None:
    done = pipeline(workspace(tmp_path), "tasks", *flags, env=environment)
    assert ("\x1b[" in done.text) is colored


def test_colour_changes_no_word(tmp_path: Path) -> None:
    colored = pipeline(workspace(tmp_path), "status", "--color", "always")
    assert SGR.sub("", colored.text) == pipeline(tmp_path, "status").text


def test_a_failure_as_json_has_no_colour(tmp_path: Path) -> None:
    done = pipeline(tmp_path, "align", "--json", "--color", "always")
    assert (b"\x1b" in done.out, "\x1b" in done.err) == (False, False)


@pytest.mark.parametrize(("term", "colored"), [("xterm", True), ("dumb", False)])
def test_a_terminal_gets_colour_unless_it_is_dumb(tmp_path: Path, term: str, colored: bool) -> None:
    outer, inner = pty.openpty()
    with os.fdopen(outer, "rb", buffering=0) as screen:
        subprocess.run(
            [sys.executable, "-m", "pipeline_cli", "--root", str(workspace(tmp_path)), "metrics"],
            env={**CRON_ENVIRONMENT, "TERM": term},
            stdin=subprocess.DEVNULL,
            stdout=inner,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=True,
        )
        shown = screen.read(4000)
        os.close(inner)
    assert shown
    assert (b"\x1b[" in shown) is colored


LONG = "An item whose words go on and on, 日本語のとても長い項目, to " + "the_very_end" * 20


def wide_workspace(root: Path) -> Path:
    fields = {"task_type": LONG, "model": LONG}
    issue = {"condition": LONG, "severity": LONG, "message": LONG, "priority": 1}
    logs = {
        "api/logs/tasks.jsonl": event_line(
            LONG, "created", "2026-02-12T10:00:00Z", direction=LONG, **fields
        )
        + event_line("b", "created", "2026-02-12T10:00:00Z", direction=LONG, task_type="impl")
        + event_line(
            "b", "finished", "2026-02-12T11:00:00Z", status="completed", output_preview=LONG
        ),
        METRICS: metrics_line("2026-02-12T10:00:00Z", **fields),
        "api/logs/monitor_issues.json": json.dumps({"issues": [issue]}),
    }
    name = "a-very-long-name-" * 10
    return write(
        root,
        {
            "backlog/006-overnight-backlog.md": f"## Phase 6: {LONG}\n1. {LONG} spec 009-{name}x\n",
            "docs/PLAN.md": f"## Phase 7: {LONG}\n",
            f"specs/001-{name}.md": f"---\ntitle: {LONG}\n---\n",
            **logs,
        },
    )


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("arguments", [*([name] for name in COMMANDS), ["status", "--flat"]])
def test_no_line_is_wider_than_the_screen(tmp_path: Path, width: int, arguments: list[str]) -> None:
    done = pipeline(wide_workspace(tmp_path), *arguments, env={"COLUMNS": str(width)})
    assert done.code == 0
    wider = [line for line in done.text.split("\n") if cell_len(line) > width]
    # A word that no line holds stays whole, on a line of its own.
    assert [line for line in wider if len(line.split()) > 1] == []
    assert arguments == ["align"] or wider == []


@pytest.mark.parametrize("width", ["0", "-5", "1", "nonsense", "100000"])
def test_an_odd_width_is_no_failure(tmp_path: Path, width: str) -> None:
    assert pipeline(workspace(tmp_path), "status", env={"COLUMNS": width}).code == 0


# Text that means harm

CONTROLS = "\x1b[31m\x1b[2J\x1b]52;c;aGk=\x07\x9b31m\x85back\b\x7f\rover"
HIDDEN = "\u202egnp.exe\u2066\u200b\ufeff\u2028\u061cseen"
COMMAND = "::error file=x::y ##[error]z ##vso[task.complete]done"
MARKUP = "[bold red]x[/nothing] [/] :smile: [link=x]y"
HOSTILE = (CONTROLS, HIDDEN, COMMAND, MARKUP)


def hostile_workspace(root: Path, text: str) -> Path:
    """Write a workspace with a text in every field that a view or a finding may show."""
    flat = " ".join(text.split("\n"))
    fields = {"task_type": text, "model": text}
    issue = {
        "id": text,
        "condition": text,
        "severity": text,
        "message": text,
        "suggested_action": text,
        "created_at": text,
        "heal_task_id": text,
    }
    at = "2026-02-12T10:00:00Z"
    tasks = [
        event_line(text, "created", at, direction=text, item={"backlog": text}, **fields),
        event_line(f"{text}2", "created", at, direction=text, **fields),
        event_line(f"{text}2", "started", at, host=text, log=text),
        event_line(f"{text}3", "created", at, direction=text, **fields),
        event_line(f"{text}3", "finished", at, status=text, output_preview=text),
        event_line(f"{text}4", "needs_decision", at, question=text),
        event_line(f"{text}5", text, at),
        event_line(f"{text}6", "created", text),
    ]
    header = f"title: {json.dumps(text)}\nstatus: {json.dumps(text)}\nsource: {json.dumps(text)}\n"
    return write(
        root,
        {
            "backlog/006-overnight-backlog.md": f"# {flat}\n\n## Phase 6: {flat} (items 1–{flat})\n"
            f"1. {flat}\n2. specs/009-gone.md — {flat}\n\n## {flat}\n3. {flat}\n7) {flat}\n",
            "backlog/007-meta-pipeline-backlog.md": f"## {flat}\n1. {flat} spec 008-gone\n",
            "docs/PLAN.md": f"# {flat}\n\n## Phase 9: {flat}\n",
            "specs/001-first.md": f"---\n{header}---\n# {flat}\n",
            "specs/002-second.md": f"---\ntitle: {flat}: {flat}\n{flat}: x\n&a *b\n---\n",
            f"specs/003-{flat.replace('/', '')}.md": "# A name that means harm\n",
            "api/logs/tasks.jsonl": "".join(tasks),
            METRICS: metrics_line(at, text, task_id=text, **fields)
            + metrics_line(text)
            + metrics_line(at, duration_seconds=text)
            + json.dumps({text: 1, "created_at": at})[:-1]
            + f", {json.dumps(text)}: 2}}\n",
            "api/logs/monitor_issues.json": json.dumps(
                {"issues": [issue, text], "resolved_since_last": [text], "last_check": text}
            ),
            "api/logs/monitor_resolutions.jsonl": json.dumps({"condition": text, "resolved_at": at})
            + "\n",
            "api/logs/project_manager_state.json": json.dumps(
                {
                    "backlog_index": 0,
                    "phase": text,
                    "current_task_id": text,
                    "blocked": True,
                    "items": {"006:1": {"status": text, "reason": text, "since": text}, text: 5},
                    "updated_at": text,
                }
            ),
            "api/logs/heartbeat.json": json.dumps({"beat_at": text, "workers": text}),
            "api/logs/meta_questions.json": json.dumps(
                {"run_at": at, "summary": {"failed": [text], "unanswered": [text]}}
            ),
        },
    )


def raw(text: str) -> set[str]:
    """Return the characters of a text that a terminal would act on."""
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return {
        character
        for character in text
        if (unicodedata.category(character) in ("Cc", "Zl", "Zp") and character not in "\n\t")
        or unicodedata.bidirectional(character) in bidi
        or character in "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
    }


def workflow_commands(text: str) -> list[str]:
    """Return the lines of a text that a CI log would take for a command."""
    return [
        line
        for line in text.splitlines()
        if line.lstrip().startswith("::") or "##[" in line or "##vso[" in line
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_hostile_text_reaches_no_stream_as_a_control_or_a_command(
    tmp_path: Path, command: str
) -> None:
    found: dict[str, object] = {}
    for place, text in enumerate(HOSTILE):
        done = pipeline(hostile_workspace(tmp_path / str(place), text), command)
        shown = done.text + done.err
        if done.code != 0 or raw(shown) or workflow_commands(shown):
            found[text] = (done.code, raw(shown), workflow_commands(shown))
    assert found == {}


@pytest.mark.parametrize("command", COMMANDS)
def test_newlines_in_data_begin_no_line_of_their_own(tmp_path: Path, command: str) -> None:
    done = pipeline(hostile_workspace(tmp_path, "a\nFORGED\n::error::b"), command)
    lines = (done.text + done.err).splitlines()
    assert done.code == 0
    assert [line for line in lines if line.startswith(("FORGED", ": :error"))] == []


@pytest.mark.parametrize("command", ["status", "metrics", "tasks"])
def test_markup_in_data_is_shown_as_it_is(tmp_path: Path, command: str) -> None:
    done = pipeline(hostile_workspace(tmp_path, MARKUP), command, env={"COLUMNS": "200"})
    assert MARKUP in done.text


def test_with_colour_the_only_escapes_are_colours(tmp_path: Path) -> None:
    root = hostile_workspace(tmp_path, "".join(HOSTILE))
    shown = [pipeline(root, name, "--color", "always").text for name in COMMANDS]
    assert raw(SGR.sub("", "".join(shown))) == set()
    assert workflow_commands(SGR.sub("", "".join(shown))) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_hostile_text_in_json_is_escaped(tmp_path: Path, command: str) -> None:
    root = hostile_workspace(tmp_path, "".join(HOSTILE))
    assert raw(pipeline(root, command, "--json").text) == set()


@pytest.mark.parametrize("command", ["status", "tasks"])
def test_hostile_text_in_json_begins_no_command(tmp_path: Path, command: str) -> None:
    root = hostile_workspace(tmp_path, "".join(HOSTILE))
    assert workflow_commands(pipeline(root, command, "--json").text) == []


def test_hostile_text_in_json_is_kept_as_data(tmp_path: Path) -> None:
    text = "".join(HOSTILE)
    done = pipeline(hostile_workspace(tmp_path, text), "tasks", "--json")
    assert done.json["project_manager"]["phase"] == text


@pytest.mark.parametrize(
    "arguments",
    [
        ["\x1b[31mstatus"],
        ["status", "--\x1b]52;c;aGk=\x07"],
        ["status", "--now", "\x9b31m\u202e"],
        ["status", "--root", "\x1b[2J\n::error::x"],
        ["status", "--config", "\n##[error]x"],
    ],
)
def test_a_hostile_argument_is_shown_without_its_harm(tmp_path: Path, arguments: list[str]) -> None:
    done = pipeline(None, *arguments, cwd=tmp_path)
    assert done.code in (2, 3)
    assert (raw(done.err), workflow_commands(done.err)) == (set(), [])


def test_a_hostile_setting_is_shown_without_its_harm(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": '"\\u001b[31m\\n::error::" = 1\n'})
    done = pipeline(tmp_path, "status")
    assert (done.code, raw(done.err), workflow_commands(done.err)) == (2, set(), [])


def test_a_folder_that_nothing_makes_a_workspace_is_said(tmp_path: Path) -> None:
    def said(folder: str, *words: str) -> str:
        (tmp_path / folder).mkdir(exist_ok=True)
        return pipeline(None, *words, cwd=tmp_path / folder).err

    assert said("bare", "status").startswith(f"note: {tmp_path / 'bare'} is no workspace: ")
    assert "  hint: name one with --root DIR, or make one with pipeline init\n" in said(
        "bare", "monitor", "--dry-run"
    )
    assert said("bare", "status", "-q") == ""
    assert pipeline(tmp_path / "bare", "status").err == ""  # it was named
    write(tmp_path, {"set/pipeline.toml": "", "logs/api/logs/tasks.jsonl": ""})
    subprocess.run(["git", "init", "-q", str(tmp_path / "repository")], check=True)
    for folder in ("set", "logs", "repository", "repository/below"):
        assert said(folder, "status") == ""


#: What records something, and what it needs for that.
RECORDING = [
    (("monitor",), 3),
    (("monitor", "--heal"), 3),
    (("heal-resolve",), 3),
    (("task", "start"), 3),
    (("task", "finish", "t1", "--status", "completed"), 3),
    (("task", "cancel", "t1"), 3),
    (("task", "run", "--", "touch", "ran"), 125),
    (("task", "prune", "--older-than", "90d"), 3),
    (("rotate", "--advance"), 3),
    (("meta-check",), 3),
]


@pytest.mark.parametrize(("words", "code"), RECORDING, ids=lambda value: str(value))
def test_nothing_is_recorded_where_no_workspace_is(
    tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    questions = "| Question | If No → Action |\n|--|--|\n| Is it? | Do it |\n"
    write(tmp_path, {"docs/META-QUESTIONS.md": questions})
    before = snapshot(tmp_path)
    ran = pipeline(None, *words, cwd=tmp_path)
    assert (ran.code, ran.out) == (code, b"")
    assert "error[no-workspace]: nothing is recorded in a folder that is no workspace" in ran.err
    assert (snapshot(tmp_path), (tmp_path / "api").exists()) == (before, False)


@pytest.mark.parametrize("named", [("--root", "."), ("--config", "own.toml")])
def test_a_folder_that_is_named_is_taken_at_its_word(
    tmp_path: Path, named: tuple[str, str]
) -> None:
    write(tmp_path, {"own.toml": ""})
    assert pipeline(None, *named, "monitor", cwd=tmp_path).code == 0
    assert (tmp_path / "api/logs/monitor_issues.json").exists()


def test_init_makes_a_workspace_in_which_something_is_recorded(tmp_path: Path) -> None:
    assert pipeline(None, "init", cwd=tmp_path).code == 0
    assert pipeline(None, "monitor", cwd=tmp_path).code == 0


def test_documents_of_a_folder_that_is_none_are_brought_up_to_date(tmp_path: Path) -> None:
    table = "| Spec | Present | Spec'd | Tested | Notes |\n|--|--|--|--|--|\n"
    write(tmp_path, {"docs/SPEC-COVERAGE.md": table, "specs/001-a.md": "# A\n"})
    ran = pipeline(None, "update-coverage", "--tests-passed", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "| 001 A |" in (tmp_path / "docs/SPEC-COVERAGE.md").read_text()


#: Longer than a line, and nowhere to be cut.
DEEP = "api/" + "a_folder_of_the_program/" * 4 + "module.py"
TASK = "task_" + "x" * 59


def deep_workspace(root: Path) -> Path:
    table = (
        "| Spec | Present | Spec'd | Tested | Notes |\n|--|--|--|--|--|\n| 001 A | ✓ | ✓ | ✓ | |\n"
    )
    issue = {
        "id": "aaaaaaaa",
        "condition": "orphan_running",
        "created_at": "2026-02-12T10:00:00Z",
        "heal_task_id": TASK,
    }
    sources = "".join(f"  - file: {DEEP}{number}\n" for number in range(8))
    return write(
        root,
        {
            "specs/001-a.md": f"---\ntitle: A\nsource:\n{sources}---\n# A\n",
            "docs/SPEC-COVERAGE.md": table,
            "backlog/006-overnight-backlog.md": f"## Phase 6: A\n1. See [it](../specs/{DEEP}.md)\n",
            "docs/PLAN.md": "## Phase 6: A\n",
            "api/logs/monitor_issues.json": json.dumps({"issues": [issue]}),
        },
    )


@pytest.mark.parametrize("columns", [{"COLUMNS": "80"}, {}])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify",), f"{DEEP}0: absent"),
        (("verify",), "… and 2 more: pipeline verify --spec 001-a"),
        (("verify", "--only", "contradicted"), f"✗ file {DEEP}7: absent"),
        (("monitor", "--dry-run"), f"{DEEP}0: absent (specs/001-a.md:4); and 7 more"),
        (("heal-resolve", "--dry-run"), f"credit to {TASK} (assumed)"),
        (("update-coverage", "--tests-passed", "--sync", "--dry-run"), f"by {DEEP}0: absent"),
    ],
)
def test_long_paths_and_ids_can_be_copied_whole(
    tmp_path: Path, words: tuple[str, ...], said: str, columns: dict[str, str]
) -> None:
    ran = pipeline(deep_workspace(tmp_path), *words, env=columns)
    assert (ran.code, said in " ".join(ran.text.split())) == (0, True)


@pytest.mark.parametrize(
    "words",
    [("--color", "metrics"), ("--now", "yesterday"), ("--config", "nofile"),
     ("--root", "/nonexistent")],
)  # fmt: skip
def test_a_bad_global_option_is_an_error_where_no_command_is_named(words: tuple[str, ...]) -> None:
    done = pipeline(None, *words, now=None)
    assert (done.code in (2, 3), done.out) == (True, b"")
    assert "\n  hint: " in done.err


@pytest.mark.parametrize("words", [("--root", ""), ("--root=",), ("--config", "")])
def test_an_empty_name_is_no_wish_to_work_here(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = pipeline(None, *words, "task", "start", "--id", "t", now=None, cwd=tmp_path)
    assert done.code == 2
    assert f"{words[0].rstrip('=')} is empty" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_demo_that_is_kept_nowhere_is_refused(tmp_path: Path) -> None:
    assert pipeline(None, "demo", "--keep", "", now=None, cwd=tmp_path).code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("metrics", "--json=1"), "--json takes no value"),
        (("metrics", "-q=1"), "-q takes no value"),
        (("--", "metrics", "--now", "X"), "--now stands before `--`"),
        (("task", "start", "--direction", "-q"), "--direction=VALUE"),
        (("task", "run", "--id", "q", "printf", "x", "-q"), "whether -q is an option of ours"),
        (("task", "run", "sh", "x", "--model", "m"), "whether --model is an option of ours"),
        (("-q", "task", "run", "echo", "--version"), "whether --version is an option of ours"),
    ],
)
def test_a_slip_is_told_with_the_way_out(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = pipeline(tmp_path, *words)
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / "api").exists()


def test_what_stands_behind_two_dashes_is_the_commands_own(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": ""})
    words = ("task", "run", "--id", "q", "--", "printf", "[%s]", "-q", "--now")
    assert pipeline(tmp_path, *words).out == b"[-q][--now]"
    assert pipeline(tmp_path, "task", "run", "--id=r", "printf", "x").out == b"x"


def test_a_mistyped_command_answers_as_the_program_itself(tmp_path: Path) -> None:
    assert pipeline(tmp_path, "--json", "metrc").json["meta"]["schema"] == "pipeline/pipeline"
    done = pipeline(tmp_path, "--json", "metrics", "--nope")
    assert done.json["meta"]["schema"] == "pipeline/metrics"

"""Run the tests that specs name, through the command that the settings name."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline_cli.errors import InputError
from pipeline_cli.load.context import Context
from pipeline_cli.store.workspace import Workspace

if TYPE_CHECKING:
    from pipeline_cli.store.capture import Captured

#: So many lines of what the tests printed are told, out of so many bytes at the end.
_LAST_LINES, _LAST_BYTES = 3, 600


def run_tests(context: Context, targets: Sequence[str], folder: Path, *, stream: int | None) -> str:
    """Run `executor.test_command` on some tests, in the root; return the path of its report.

    `{tests}` in the command stands for the tests, `{junit}` for the report; where they are not
    in it, pytest's way is taken: the tests at the end, and `--junitxml`. What it prints goes to
    the descriptor `stream`, and it ends after `executor.test_timeout` seconds. Raises InputError
    where it leaves no report; without a `stream` that says what was printed last.
    """
    from pipeline_cli.store.capture import capture

    report = folder / "report.xml"
    command = command_of(context.settings.executor.test_command, targets, str(report))
    done = capture(
        command,
        folder / "output.log",
        stream=stream,
        timeout=context.settings.executor.test_timeout,
        folder=context.workspace.root,
    )
    if done.interrupted is not None:
        from pipeline_cli.errors import Signalled

        raise Signalled(done.interrupted)
    if not report.is_file():
        unseen = stream is None and not done.not_started
        said = _said_last(Workspace(folder), "output.log") if unseen else ""
        raise InputError(
            f"the tests left no report: {_how_ended(done)}{said}",
            code="report-missing",
            path=" ".join(command[:4]),
            hint=_remedy(done, "what they print" if unseen else "what they print above"),
        )
    return str(report)


def _how_ended(done: "Captured") -> str:
    if done.not_started:
        return done.not_started
    if done.timed_out:
        return f"they were ended after {done.duration:.0f} s"
    return f"they ended with code {done.code}"


def _said_last(workspace: Workspace, log: str) -> str:
    """Return the last lines that were printed, for an error; most often they name its cause."""
    size = workspace.size(log)
    start = max(0, size - _LAST_BYTES)
    text = workspace.part(log, start, size - start).decode("utf-8", "replace")
    lines = [" ".join(line.split()) for line in text.split("\n") if line.strip()]
    if not lines:
        return ", and printed nothing"
    return f"; they printed last: {' | '.join(lines[-_LAST_LINES:])}"


def _remedy(done: "Captured", printed: str) -> str:
    if done.timed_out:
        return f"see {printed}; executor.test_timeout gives them more seconds"
    if done.not_started:
        return "see executor.test_command; no shell reads it, so its first word is a program"
    return f"see {printed}; executor.test_command must write a JUnit report"


def command_of(command: Sequence[str], targets: Sequence[str], report: str) -> list[str]:
    """Put tests and report into a command; no word of it is ever read by a shell.

    A test whose path begins with a dash is written `./-…`: it is no option.
    """
    targets = [f"./{one}" if one.startswith("-") else one for one in targets]
    words: list[str] = []
    for word in command:
        if word == "{tests}":
            words += targets
        else:
            words.append(word.replace("{junit}", report))
    if not any("{junit}" in word for word in command):
        words.append(f"--junitxml={report}")
    if "{tests}" not in command:
        words += targets
    return words

"""Run the tests that specs name, through the command that the settings name."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline_cli.errors import InputError
from pipeline_cli.load.context import Context

if TYPE_CHECKING:
    from pipeline_cli.store.capture import Captured


def run_tests(context: Context, targets: Sequence[str], folder: Path, *, stream: int | None) -> str:
    """Run `executor.test_command` on some tests, in the root; return the path of its report.

    `{tests}` in the command stands for the tests, `{junit}` for the report; where they are not
    in it, pytest's way is taken: the tests at the end, and `--junitxml`. What it prints goes to
    the descriptor `stream`, and it ends after `executor.test_timeout` seconds. Raises InputError
    where it leaves no report.
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
        raise InputError(
            f"the tests left no report: {_how_ended(done)}",
            code="report-missing",
            path=" ".join(command[:4]),
            hint=_remedy(done),
        )
    return str(report)


def _how_ended(done: "Captured") -> str:
    if done.not_started:
        return done.not_started
    if done.timed_out:
        return f"they were ended after {done.duration:.0f} s"
    return f"they ended with code {done.code}"


def _remedy(done: "Captured") -> str:
    if done.timed_out:
        return "see what they print above; executor.test_timeout gives them more seconds"
    if done.not_started:
        return "see executor.test_command; no shell reads it, so its first word is a program"
    return "see what they print above; executor.test_command must write a JUnit report"


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

"""Run the tests that specs name, through the command that the settings name."""

from collections.abc import Sequence
from pathlib import Path

from pipeline_cli.errors import InputError
from pipeline_cli.load.context import Context

#: So long a run of tests may take.
_TIME_LIMIT = 3600.0


def run_tests(context: Context, targets: Sequence[str], folder: Path, *, stream: int | None) -> str:
    """Run `executor.test_command` on some tests, in the root; return the path of its report.

    `{tests}` in the command stands for the tests, `{junit}` for the report; where they are not
    in it, pytest's way is taken: the tests at the end, and `--junitxml`. What it prints goes to
    the descriptor `stream`. Raises InputError where it leaves no report.
    """
    from pipeline_cli.store.capture import capture

    report = folder / "report.xml"
    command = command_of(context.settings.executor.test_command, targets, str(report))
    done = capture(
        command,
        folder / "output.log",
        stream=stream,
        timeout=_TIME_LIMIT,
        folder=context.workspace.root,
    )
    if done.interrupted is not None:
        from pipeline_cli.errors import Signalled

        raise Signalled(done.interrupted)
    if not report.is_file():
        raise InputError(
            f"the tests left no report: {done.not_started or f'they ended with code {done.code}'}",
            code="report-missing",
            path=" ".join(command[:4]),
            hint="see what they print above; executor.test_command must write a JUnit report",
        )
    return str(report)


def command_of(command: Sequence[str], targets: Sequence[str], report: str) -> list[str]:
    """Put tests and report into a command; no word of it is ever read by a shell."""
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

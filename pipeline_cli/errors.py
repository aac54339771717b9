"""The one hierarchy of errors: what keeps the program from doing its job.

Each class knows its exit code (`cli.md`, exit codes). Nothing here prints or exits; a problem
in the user's data is no error but a `domain.findings.Finding`.
"""


class PipelineError(Exception):
    """A job that could not be done, with its place and its remedy.

    `code` is a stable name for scripts, `path` is relative to the workspace where it lies
    inside, `line` counts from 1, `hint` is the next thing to type or to change.
    """

    exit_code = 70
    default_code = "internal"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        path: str | None = None,
        line: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.path = path
        self.line = line
        self.hint = hint


class UsageError(PipelineError):
    """The command line itself is wrong."""

    exit_code = 2
    default_code = "usage"


class ConfigError(UsageError):
    """A setting has an unknown name or a value that cannot stand."""

    default_code = "config"


class InputError(PipelineError):
    """An input that the command needs is missing or unreadable, or the disk refused."""

    exit_code = 3
    default_code = "input"


class BusyError(PipelineError):
    """Another of our processes held the lock, or a file changed while we ran: try again."""

    exit_code = 4
    default_code = "busy"


class GitError(PipelineError):
    """Git refused, or its state forbids what was asked."""

    exit_code = 5
    default_code = "git"


class Signalled(BaseException):
    """A signal asked us to stop; raised where it arrived so that every `finally` runs.

    It is no `Exception`, so that nothing that recovers from errors swallows it.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number

"""What runs by itself: lines for cron, and units for systemd, as text.

Owns the quoting of both, which is not that of a shell alone.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from pipeline_cli.errors import UsageError

#: Neither a crontab nor a unit can hold these in a word.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: What a shell takes as it stands.
_PLAIN = re.compile(r"[A-Za-z0-9_@+=:,./-]+", re.ASCII)


class Job(msgspec.Struct, frozen=True):
    """One command that is to run again and again.

    `words` follow the program and its root; `cron` is the five fields, `calendar` the same in
    systemd's words. `why` stands above it as a comment.
    """

    name: str
    words: tuple[str, ...]
    cron: str
    calendar: str
    why: str
    speaks: bool = False


JOBS = (
    Job(
        "monitor",
        ("monitor",),
        "*/5 * * * *",
        "*:0/5",
        "Evaluate the rules, open and resolve issues, write the status report.",
    ),
    Job(
        "meta-check",
        ("meta-check",),
        "7 * * * *",
        "*:07",
        "Ask the meta questions; it asks nothing before they are due.",
    ),
    Job(
        "rotate",
        ("rotate",),
        "0 21 * * *",
        "21:00",
        "Say what is next, before the night. To work it, run a loop of your own in its place:\n"
        "docs/rotation.md has one of five lines.",
        speaks=True,
    ),
)


def crontab(
    program: Sequence[str], options: Sequence[str], lacking: Mapping[str, str] | None = None
) -> str:
    """Return the lines of a crontab; `program` and `options` are words as they are.

    A job that lacks something (`lacking`: its name, and what) stays a comment. stdout goes to
    nobody but where it is the point, stderr to cron's mail: it holds errors alone. Raises
    UsageError for a word that no crontab can hold.
    """
    lines = ["# Each may run twice at once, and beside any other."]
    for job in JOBS:
        quiet = () if job.speaks else ("--quiet",)
        words = [*program, *options, *quiet, *job.words]
        # To cron a bare % ends the command, quoted or not.
        command = " ".join(map(_shell_word, words)).replace("%", "\\%")
        lines += [f"# {line}" for line in job.why.split("\n")]
        line = f"{job.cron} {command}" + ("" if job.speaks else " >/dev/null")
        why = (lacking or {}).get(job.name)
        lines += [line] if why is None else [f"# Not yet: {why}.", f"# {line}"]
    return "\n".join(lines) + "\n"


def units(
    program: Sequence[str], options: Sequence[str], lacking: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return systemd's units by their file names: a service and a timer for each job.

    A job that lacks something has none. Raises UsageError for a word that no unit can hold.
    """
    texts: dict[str, str] = {}
    for job in JOBS:
        if job.name in (lacking or {}):
            continue
        quiet = () if job.speaks else ("--quiet",)
        words = [*program, *options, *quiet, *job.words]
        first, *rest = (_unit_word(word) for word in words)
        # A `$` is a variable in every word but the program.
        command = " ".join([first, *(word.replace("$", "$$") for word in rest)])
        why = "".join(f"# {line}\n" for line in job.why.split("\n"))
        output = "" if job.speaks else "StandardOutput=null\n"
        texts[f"pipeline-{job.name}.service"] = (
            f"{why}[Unit]\nDescription=pipeline {job.name}\n\n"
            f"[Service]\nType=oneshot\nExecStart={command}\n{output}"
        )
        texts[f"pipeline-{job.name}.timer"] = (
            f"[Unit]\nDescription=When pipeline {job.name} runs\n\n"
            f"[Timer]\nOnCalendar={job.calendar}\nPersistent=true\n\n"
            "[Install]\nWantedBy=timers.target\n"
        )
    return texts


def listing(texts: Mapping[str, str], lacking: Mapping[str, str] | None = None) -> str:
    """Return units as one text, each under its file's name; what is left out is said first."""
    head = (
        "# Put each under ~/.config/systemd/user/, then: systemctl --user enable --now NAME.timer\n"
    )
    head += "".join(f"# Left out: {name}: {why}.\n" for name, why in (lacking or {}).items())
    return head + "".join(f"\n# ---- {name}\n{text}" for name, text in texts.items())


def _shell_word(word: str) -> str:
    _refuse_control(word)
    if _PLAIN.fullmatch(word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"


def _unit_word(word: str) -> str:
    _refuse_control(word)
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return word if _PLAIN.fullmatch(word) else f'"{word}"'


def _refuse_control(word: str) -> None:
    if _CONTROL.search(word):
        raise UsageError(
            f"the path {word!r} holds a control character, which no crontab and no unit can hold",
            hint="rename the folder",
        )

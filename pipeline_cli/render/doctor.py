"""The answer of `doctor` as text."""

import posixpath
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from pipeline_cli.domain.findings import Finding, how_many
from pipeline_cli.domain.health import Doctor, FileRow, GitReport, LogRow, SettingRow
from pipeline_cli.domain.phrases import plural
from pipeline_cli.render.text import finding_groups, grid, heading, labelled, plain

_MOST = 6
_COLORS = {"found": "green", "missing": "yellow", "absent": "dim"}


def doctor_view(answer: Doctor, findings: Sequence[Finding]) -> list[RenderableType]:
    """Show what is wrong first, then everything that a bug report needs."""
    parts: list[RenderableType] = [*_verdict(answer, findings), "", heading("Files")]
    parts.append(grid((_file_line(row) for row in answer.files), indent=2, flexible=2))
    parts += _left_out(answer)
    folder = posixpath.dirname(answer.logs[0].path) if answer.logs else ""
    parts += ["", heading(f"Logs and state in {folder}" if folder else "Logs and state")]
    # In one table the counts of the logs would leave no room for the names of the other files.
    for is_log in (True, False):
        rows = [row for row in answer.logs if row.path.endswith(".jsonl") == is_log]
        parts.append(grid(map(_log_line, rows), indent=2, flexible=1))
    parts += ["", heading("Settings")]
    changed = [row for row in answer.settings if row.origin != "default"]
    parts.append(grid((_setting_line(row) for row in changed), indent=2, flexible=1))
    rest = len(answer.settings) - len(changed)
    parts.append(_line(f"{rest} more have their defaults: --json lists them"))
    parts += ["", heading("Surroundings"), labelled(_surroundings(answer))]
    return parts


def _line(text: str) -> RenderableType:
    return grid([[plain(text, "dim")]], indent=2)


def _verdict(answer: Doctor, findings: Sequence[Finding]) -> list[RenderableType]:
    if not findings:
        missing = sum(row.state == "missing" for row in answer.files)
        rest = f"; {missing} missing: pipeline init --dry-run" if missing else ""
        return [Text("Nothing is damaged", style="bold green").append(rest, style="default")]
    return [heading(f"Findings ({how_many(findings)})"), *finding_groups(findings, _MOST)]


def _state(state: str) -> Text:
    return Text(state.replace("_", " "), style=_COLORS.get(state, "bold red"))


def _file_line(row: FileRow) -> list[Text | str]:
    size = "" if row.bytes is None else f"{row.bytes:,} B"
    return [_state(row.state), row.what, row.path, size]


def _left_out(answer: Doctor) -> Iterable[RenderableType]:
    specs = answer.specs
    words = plural(specs.count, "spec")
    if specs.left_out:
        one = len(specs.left_out) == 1
        words += f", {len(specs.left_out)} {'file' if one else 'files'} beside "
        words += f"{'it' if specs.count == 1 else 'them'} {'is' if one else 'are'} none"
    yield _line(words)
    if specs.left_out:
        rows = ([entry.path, entry.reason] for entry in specs.left_out[:_MOST])
        yield grid(rows, indent=4, flexible=0)
    if len(specs.left_out) > _MOST:
        yield _line(f"… and {len(specs.left_out) - _MOST} more: --json lists them")


def _log_line(row: LogRow) -> list[Text | str]:
    counts = "" if row.bytes is None else f"{row.bytes:,} B"
    if row.records is not None:
        counts += f", {plural(row.records, 'record')}, {row.skipped:,} skipped"
    return [_state(row.state), posixpath.basename(row.path), counts]


def _setting_line(row: SettingRow) -> list[Text | str]:
    return [row.name, _words(row.value), f"from {row.origin}", f"default {_words(row.default)}"]


def _words(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _surroundings(answer: Doctor) -> list[tuple[str, Text | str, Text | str]]:
    tool, names = answer.tool, answer.environment
    extras = ", ".join(f"{name} {state}" for name, state in answer.extras.items())
    limits = list(answer.platform) or ["none known"]
    return [
        ("Tool", f"pipeline {tool.version}", f"{tool.implementation} {tool.python}"),
        ("Platform", tool.platform, ""),
        ("Root", answer.root.path, f"by {answer.root.origin}"),
        ("Git", _git_words(answer.git), answer.git.reason or ""),
        ("Variables", _names(names.used), "used here"),
        ("", _names(names.foreign), "PIPELINE_* of others, left alone"),
        ("", _names(names.kept), "read by update-coverage"),
        ("Extras", extras or "none defined", ""),
        *(("Limits" if place == 0 else "", words, "") for place, words in enumerate(limits)),
    ]


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _git_words(git: GitReport) -> str:
    if not git.repository:
        return "no repository"
    words = [git.branch or "no branch", git.head or "no commit"]
    if git.dirty is not None:
        words.append(f"{git.dirty} changed" if git.dirty else "clean")
    if git.state:
        words.append(f"in a {git.state}")
    if git.worktree:
        words.append("linked worktree")
    return ", ".join(words)

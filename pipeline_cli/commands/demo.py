"""`pipeline demo`: the five answers on packaged data, with a fixed clock."""

from collections.abc import Callable, Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pipeline_cli.commands import align, effectiveness, metrics, status, tasks
from pipeline_cli.commands.output import Options, emit_json, emit_text
from pipeline_cli.domain.changes import ChangeSet, Create
from pipeline_cli.load.alignment import align_answer
from pipeline_cli.load.effectiveness import effectiveness_answer
from pipeline_cli.load.metrics import metrics_answer
from pipeline_cli.load.status import status_answer
from pipeline_cli.load.tasks import tasks_answer
from pipeline_cli.render import payload
from pipeline_cli.render.demo import CLOCK, closing, opening, step
from pipeline_cli.store.folders import empty_folder
from pipeline_cli.store.workspace import Workspace

_WALK: dict[str, tuple[str, Callable[[Options], int]]] = {
    "status": (
        "One screen in the morning: what needs you comes first.",
        lambda options: status.run(options, shape="tree"),
    ),
    "tasks": ("What runs, what waits, what has just ended.", tasks.run),
    "effectiveness": ("Is it working? Each figure with its sample.", effectiveness.run),
    "metrics": ("The task log by type and by model.", metrics.run),
    "align": (
        "Does the backlog still serve the plan? Some faults are planted here.",
        lambda options: align.run(options, check=False),
    ),
}


def run(options: Options, *, keep: str | None) -> int:
    """Unpack the packaged workspace and walk through the commands in it."""
    with empty_folder(keep) as folder:
        unpack(folder)
        inside = options._replace(root=str(folder), now=CLOCK, quiet=True, config=None)
        if options.json:
            _answer(inside)
        else:
            _walk(inside, options, keep)
    return 0


def unpack(folder: Path) -> None:
    """Write the packaged workspace into a folder; raise InputError where a file is in the way."""
    root = resources.files("pipeline_cli") / "demo_data" / "workspace"
    creates = tuple(
        Create(path, file.read_bytes().decode("utf-8", "surrogateescape"))
        for path, file in sorted(_packaged(root, ""))
    )
    Workspace(folder).apply(ChangeSet("unpack the demo", creates=creates))


def _packaged(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _packaged(entry, f"{path}/")
        else:
            yield path, entry


def _walk(inside: Options, options: Options, keep: str | None) -> None:
    context = inside.open()
    emit_text(options, opening())
    for name, (words, command) in _WALK.items():
        emit_text(options, step(name, words))
        command(inside)
    figures, seen = effectiveness_answer(context), tasks_answer(context)
    faults = align_answer(context).findings
    emit_text(options, closing(figures.value, seen.value, faults, keep))


def _answer(inside: Options) -> None:
    """Write every answer as one object, each under its command's name."""
    context = inside.open()
    report, _ = status_answer(context)
    figures, numbers = effectiveness_answer(context), metrics_answer(context)
    seen, aligned = tasks_answer(context), align_answer(context)
    answers: dict[str, dict[str, Any]] = {
        "status": {**payload.status_keys(report.value), "findings": report.findings},
        "tasks": {**payload.tasks_keys(seen.value), "findings": seen.findings},
        "effectiveness": {
            **payload.effectiveness_keys(figures.value),
            "findings": figures.findings,
        },
        "metrics": {**payload.metrics_keys(numbers.value), "findings": numbers.findings},
        "align": {**payload.align_keys(aligned.value), "findings": aligned.findings},
    }
    emit_json("demo", context, {"clock": CLOCK, "answers": answers}, ())

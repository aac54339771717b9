"""`pipeline demo`: the answers on packaged data, with a fixed clock."""

from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from pipeline_cli.commands import effectiveness, explain, metrics, status, tasks
from pipeline_cli.commands.output import Options, as_text, emit_json, emit_text
from pipeline_cli.domain.changes import ChangeSet, Create
from pipeline_cli.domain.documents import MAX_LINE
from pipeline_cli.domain.findings import by_weight
from pipeline_cli.load.alignment import align_answer
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import Context, open_context
from pipeline_cli.load.effectiveness import effectiveness_answer
from pipeline_cli.load.metrics import metrics_answer
from pipeline_cli.load.status import status_answer
from pipeline_cli.load.tasks import tasks_answer
from pipeline_cli.render import payload
from pipeline_cli.render.demo import CLOCK, closing, damaged, opening, step
from pipeline_cli.render.terminal import note, write_text
from pipeline_cli.render.work import align_view
from pipeline_cli.store.folders import empty_folder

#: So many lines of the faults that `align` lists are enough for a first look.
_MOST_LINES = 32

#: How each command is answered, and the keys of its answer.
_ANSWERS: dict[str, tuple[Callable[[Context], Answer[Any]], Callable[[Any], dict[str, Any]]]] = {
    "status": (lambda context: status_answer(context)[0], payload.status_keys),
    "tasks": (tasks_answer, payload.tasks_keys),
    "effectiveness": (effectiveness_answer, payload.effectiveness_keys),
    "metrics": (metrics_answer, payload.metrics_keys),
    "align": (align_answer, payload.align_keys),
}

#: The workspaces with faults that no healthy one has: the command that shows them, and why.
_DAMAGED = {
    "damaged/foreign-text": ("effectiveness", "the backlog is UTF-16"),
    "damaged/no-plan": ("align", "nobody wrote a plan"),
    "damaged/loose-plan": ("align", "the plan is prose"),
    "damaged/after-a-crash": ("status", "half-written, lost, misplaced"),
}
_LONG_LOG = "damaged/after-a-crash/api/logs/tasks.jsonl"


def _top_of_align(options: Options) -> int:
    answer = align_answer(options.open())
    text = as_text(options, align_view(answer.value, by_weight(answer.findings)))
    write_text("".join(text.splitlines(keepends=True)[:_MOST_LINES]))
    return 0


#: What is typed, the words beside it, and what shows it.
_WALK: tuple[tuple[str, str, Callable[[Options], int]], ...] = (
    (
        "status",
        "One screen in the morning: what needs you comes first.",
        lambda options: status.run(options, shape="tree"),
    ),
    ("tasks", "What runs, what waits, what has just ended.", tasks.run),
    ("effectiveness", "Is it working? Each figure with its sample.", effectiveness.run),
    (
        "explain goal_proximity",
        "Why this figure? Ask so at every name.",
        lambda options: explain.run(options, name="goal_proximity"),
    ),
    ("metrics", "The task log by type and by model.", metrics.run),
    (
        f"align | head -{_MOST_LINES}",
        "Does the backlog still serve the plan? Every fault comes with its remedy.",
        _top_of_align,
    ),
)


class _Inside(Options):
    """Options of the walk: settings in the user's environment are none of the demo's."""

    def open(self) -> Context:
        """Open the workspace with nothing but its own settings."""
        return open_context(self.root, None, self.now, {})


def run(options: Options, *, keep: str | None) -> int:
    """Unpack the packaged workspace and walk through the commands in it."""
    with empty_folder(keep) as folder:
        inside = _Inside(*options)._replace(root=str(folder), now=CLOCK, quiet=True)
        context = inside.open()
        versioned = unpack(context)
        if not versioned and not options.quiet:
            note("git is not installed, so the demo's folder is no repository")
        found = {name: load(context) for name, (load, _) in _ANSWERS.items()}
        beside = {place: _beside(inside, place) for place in _DAMAGED}
        if options.json:
            _answer(context, found, beside)
        else:
            _walk(inside, found, beside, keep)
    return 0


def unpack(context: Context) -> bool:
    """Write the packaged workspace into an empty one and commit it, dated by the fixed clock.

    False where git is not installed. Raises InputError where a file is in the way, GitError
    where git refuses.
    """
    from pipeline_cli.store.gitrepo import commit_everything, create_repository

    root = resources.files("pipeline_cli") / "demo_data" / "workspace"
    creates = tuple(
        Create(path, file.read_bytes().decode("utf-8", "surrogateescape"))
        for path, file in sorted(_packaged(root, ""))
    )
    workspace = context.workspace
    versioned = create_repository(workspace.root)
    workspace.apply(ChangeSet("unpack the demo", creates=(*creates, _long_log())))
    if versioned:
        commit_everything(workspace.root, "Fourteen nights of Tideline", context.now)
    return versioned


def _packaged(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _packaged(entry, f"{path}/")
        else:
            yield path, entry


def _long_log() -> Create:
    """Make the log whose one line is too long; it is not worth a megabyte in the package."""
    output = "." * MAX_LINE
    line = f'{{"task_id": "task_0001", "event": "finished", "output_preview": "{output}"}}'
    return Create(_LONG_LOG, f"{line}\n")


def _beside(inside: Options, place: str) -> Answer[Any]:
    """Answer the command that shows what is wrong with a damaged workspace."""
    load, _ = _ANSWERS[_DAMAGED[place][0]]
    return load(inside._replace(root=f"{inside.root}/{place}").open())


def _walk(
    options: Options,
    found: Mapping[str, Answer[Any]],
    beside: Mapping[str, Answer[Any]],
    keep: str | None,
) -> None:
    emit_text(options, opening(found["align"].value, found["metrics"].value))
    for name, words, command in _WALK:
        emit_text(options, step(name, words))
        command(options)
    seen = ((place, *_DAMAGED[place], answer.findings) for place, answer in beside.items())
    emit_text(options, damaged(seen))
    faults = [finding for answer in found.values() for finding in answer.findings]
    emit_text(options, closing(found["effectiveness"].value, found["tasks"].value, faults, keep))


def _answer(
    context: Context, found: Mapping[str, Answer[Any]], beside: Mapping[str, Answer[Any]]
) -> None:
    """Write every answer as one object, each under its command's name."""
    answers = {name: _keys(name, answer) for name, answer in found.items()}
    others = {}
    for place, answer in beside.items():
        name, _ = _DAMAGED[place]
        others[place] = {name: _keys(name, answer)}
    emit_json("demo", context, {"clock": CLOCK, "answers": answers, "damaged": others}, ())


def _keys(name: str, answer: Answer[Any]) -> dict[str, Any]:
    _, keys = _ANSWERS[name]
    return {**keys(answer.value), "findings": answer.findings}

"""`pipeline demo`: a night and its morning on packaged data, with a fixed clock."""

import os
from collections.abc import Callable, Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

from pipeline_cli.commands import demo_steps
from pipeline_cli.commands.output import Options, colored, emit_json, emit_text
from pipeline_cli.domain.changes import ChangeSet, Create
from pipeline_cli.domain.documents import MAX_LINE
from pipeline_cli.errors import UsageError
from pipeline_cli.load import coverage, rotation
from pipeline_cli.load.alignment import align_answer
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import Context, open_context
from pipeline_cli.load.effectiveness import effectiveness_answer
from pipeline_cli.load.evidence import verify_answer
from pipeline_cli.load.meta import ask
from pipeline_cli.load.metrics import metrics_answer
from pipeline_cli.load.status import status_answer
from pipeline_cli.load.tasks import tasks_answer
from pipeline_cli.render import payload
from pipeline_cli.render.coverage import update_keys
from pipeline_cli.render.demo import CLOCK, Ending, closing, damaged, opening, part, step
from pipeline_cli.render.terminal import ColorChoice, harmless_in_ci, note, visible, write_text
from pipeline_cli.store.folders import empty_folder
from pipeline_cli.store.surroundings import own_environment

#: Code of the packaged project is kept as text, so that no installer compiles it.
_CODE = ".py.txt"
_LONG_LOG = "damaged/after-a-crash/api/logs/tasks.jsonl"


class _Report(NamedTuple):
    """How a question is answered where nothing is written, and the keys of its answer."""

    load: Callable[[Context], Answer[Any]]
    keys: Callable[[Any], dict[str, Any]]


def _verified(context: Context) -> Answer[Any]:
    report = str(context.workspace.root / demo_steps.REPORT)
    named = (report,) if context.workspace.exists(demo_steps.REPORT) else ()
    return verify_answer(context, junit=named)


def _compared(context: Context) -> Answer[Any]:
    return coverage.answer_of(coverage.plan_update(context, coverage.Asked(check=True)), ())


_ANSWERS: dict[str, _Report] = {
    "status": _Report(lambda context: status_answer(context)[0], payload.status_keys),
    "tasks": _Report(tasks_answer, payload.tasks_keys),
    "effectiveness": _Report(effectiveness_answer, payload.effectiveness_keys),
    "metrics": _Report(metrics_answer, payload.metrics_keys),
    "align": _Report(align_answer, payload.align_keys),
    "verify": _Report(_verified, payload.fields),
    "rotate": _Report(
        lambda context: rotation.rotate(context, rotation.Ask(count=demo_steps.SLOTS)),
        payload.fields,
    ),
    "meta-check": _Report(lambda context: ask(context, dry_run=True), payload.fields),
    "update-coverage": _Report(_compared, update_keys),
}
#: What is asked in the demo's own folder.
_MORNING = ("status", "tasks", "effectiveness", "metrics", "align", "verify", "rotate")


class _Damage(NamedTuple):
    """A workspace with faults that no healthy one has: a command that shows them, and why."""

    place: str
    name: str
    words: str
    options: str = ""


_DAMAGED = (
    _Damage("damaged/foreign-text", "effectiveness", "the backlog is UTF-16"),
    _Damage("damaged/no-plan", "align", "nobody wrote a plan"),
    _Damage("damaged/loose-plan", "align", "the plan is prose"),
    _Damage("damaged/after-a-crash", "status", "half-written, lost, misplaced"),
    _Damage("damaged/odd-documents", "verify", "a table kept by many hands"),
    _Damage("damaged/odd-documents", "update-coverage", "whose row?", " --check"),
    _Damage("damaged/odd-documents", "meta-check", "asked twice", " --dry-run"),
    _Damage("damaged/numbered-lists", "update-coverage", "lists of another shape", " --check"),
)


class _Inside(Options):
    """Options of the walk: settings in the user's environment are none of the demo's."""

    def open(self) -> Context:
        """Open the workspace with nothing but its own settings."""
        return open_context(self.root, None, self.now, {})


def run(options: Options, *, keep: str | None) -> int:
    """Unpack the packaged workspace, go through a night in it, and look at it in the morning."""
    from pipeline_cli.store.gitrepo import git_dates

    if keep == "":
        raise UsageError("--keep names no folder", hint="pipeline demo --keep DIR")
    with empty_folder(keep) as folder:
        color: ColorChoice = "always" if colored(options) else "never"
        inside = _Inside(*options)._replace(
            root=str(folder), now=CLOCK, quiet=True, color=color, json=False
        )
        context = inside.open()
        nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        with own_environment({**nobody, **git_dates(context.now)}):
            versioned = unpack(context)
            if not versioned and not options.quiet:
                note("git is not installed, so the demo's folder is no repository")
            if options.json:
                _answer(inside, context, versioned=versioned)
            else:
                _walk(inside, context, keep, versioned=versioned)
    return 0


def unpack(context: Context) -> bool:
    """Write the packaged workspace into an empty one and commit it, dated by the fixed clock.

    False where git is not installed. Raises InputError where a file is in the way, GitError
    where git refuses.
    """
    from pipeline_cli.store.gitrepo import commit_everything, create_repository

    root = resources.files("pipeline_cli") / "demo_data" / "workspace"
    creates = tuple(
        Create(_unpacked(path), file.read_bytes().decode("utf-8", "surrogateescape"))
        for path, file in sorted(_packaged(root, ""))
    )
    workspace = context.workspace
    versioned = create_repository(workspace.root)
    workspace.apply(ChangeSet("unpack the demo", creates=(*creates, _long_log())))
    if versioned:
        commit_everything(workspace.root, "Fourteen nights of Tideline", context.now)
    return versioned


def _unpacked(path: str) -> str:
    return path.removesuffix(".txt") if path.endswith(_CODE) else path


def _packaged(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _packaged(entry, f"{path}/")
        else:
            yield path, entry


def _long_log() -> Create:
    """Make the log whose first line is too long, and whose last is torn.

    It is not worth a megabyte in the package.
    """
    output = "." * MAX_LINE
    line = f'{{"task_id": "task_0001", "event": "finished", "output_preview": "{output}"}}'
    return Create(_LONG_LOG, f'{line}\n{{"task_id": "task_0002", "ev')


def _found(context: Context) -> dict[str, Answer[Any]]:
    return {name: _ANSWERS[name].load(context) for name in _MORNING}


def _beside(inside: Options) -> list[tuple[_Damage, Answer[Any]]]:
    """Answer the commands that show what is wrong with the damaged workspaces."""
    return [
        (one, _ANSWERS[one.name].load(inside._replace(root=f"{inside.root}/{one.place}").open()))
        for one in _DAMAGED
    ]


def _walk(inside: Options, context: Context, keep: str | None, *, versioned: bool) -> None:
    """Go through the night first, since the morning is looked at as it then is."""
    night = [
        (one, demo_steps.run_text(one, inside))
        for one in demo_steps.night(inside, versioned=versioned)
    ]
    found = _found(context)
    emit_text(inside, opening(found["align"].value, found["metrics"].value))
    title = "The end of the night: what cron and the runner type, each at its time (--now)"
    emit_text(inside, part(title))
    for one, text in night:
        _show(inside, one, text)
    if versioned:
        _show_commit(inside, context)
    emit_text(inside, part("The morning: what you type; nothing of it writes"))
    for one in demo_steps.MORNING:
        _show(inside, one, demo_steps.run_text(one, inside))
    seen = [
        (one.place, f"{one.name}{one.options}", one.words, answer.findings)
        for one, answer in _beside(inside)
    ]
    emit_text(inside, damaged(seen))
    faults = [finding for answer in found.values() for finding in answer.findings]
    ending = Ending(
        found["effectiveness"].value,
        found["tasks"].value,
        found["verify"].value,
        found["status"].value,
        faults,
    )
    emit_text(inside, closing(ending, keep))


def _show(inside: Options, one: demo_steps.Step, text: str) -> None:
    at = None if one.at == CLOCK else one.at
    emit_text(inside, step(f"pipeline {one.line}", one.words, at))
    write_text(text)


def _show_commit(inside: Options, context: Context) -> None:
    from pipeline_cli.store.gitrepo import show_stat

    words = "Two documents, the reason, and the proof: a commit that anybody can read."
    emit_text(inside, step("git show --stat", words, None))
    shown = show_stat(context.workspace.root).decode("utf-8", "replace")
    write_text(harmless_in_ci(visible(shown)))


def _answer(inside: Options, context: Context, *, versioned: bool) -> None:
    """Write every answer as one object: those of the night in order, the others by name."""
    steps = [
        {"at": one.at, "command": one.typed, "answer": demo_steps.run_json(one, inside)}
        for one in demo_steps.night(inside, versioned=versioned)
    ]
    answers = {name: _keys(name, answer) for name, answer in _found(context).items()}
    others: dict[str, dict[str, Any]] = {}
    for one, answer in _beside(inside):
        others.setdefault(one.place, {})[one.name] = _keys(one.name, answer)
    keys = {"clock": CLOCK, "steps": steps, "answers": answers, "damaged": others}
    emit_json("demo", context, keys, ())


def _keys(name: str, answer: Answer[Any]) -> dict[str, Any]:
    return {**_ANSWERS[name].keys(answer.value), "findings": answer.findings}

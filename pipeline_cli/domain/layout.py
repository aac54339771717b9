"""What a workspace holds, which of the places found is meant, and what `init` would create.

Owns the rules of `init`: pure, so that what it would do can be said without doing it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from pipeline_cli.domain.changes import Create

State = Literal["there", "elsewhere", "absent"]

#: Where work begins when nothing says otherwise: the phases that the default settings track.
FIRST_PHASES = ((6, "Make it work"), (7, "Make it last"))
SETTINGS_FILE = "pipeline.toml"
EXAMPLE_SPEC = "001-first-steps.md"
#: What keeps a folder in git that holds nothing yet.
FOLDER_KEEPER = ".gitkeep"
#: Of one kind so many places that were seen and not chosen are named.
_MOST_SEEN = 4
_PLAIN_SPEC = re.compile(r"[\w./-]+\.md")


class Place(msgspec.Struct, frozen=True):
    """A part of a workspace: its name, the setting that says where it lies, what it is for."""

    what: str
    setting: str
    purpose: str


PLACES = (
    Place("specs", "paths.specs", "what is to be built"),
    Place("backlog", "paths.backlog", "the items, under phases"),
    Place("meta_backlog", "paths.meta_backlog", "the items about the pipeline itself"),
    Place("plan", "paths.plan", "the phases and why"),
    Place("questions", "paths.questions", "what is asked of the pipeline again and again"),
    Place("coverage", "paths.coverage", "which spec is present, written down and tested"),
    Place("status", "paths.status", "what is implemented and what is pending"),
    Place("logs", "logs.dir", "logs and state"),
)
SETTING_OF = {place.what: place.setting for place in PLACES}


class PhaseSeen(msgspec.Struct, frozen=True):
    """A phase of a document: `open` where it holds an item that is not done."""

    number: int
    title: str
    items: int = 0
    open: bool = True


class Candidate(msgspec.Struct, frozen=True):
    """A place where something may lie; one that does not suit is only named.

    `weight` says how much there is of it. What is `hidden` lies where nothing is looked for, and is
    named wherever else something was found.
    """

    what: str
    path: str
    weight: int = 0
    suits: bool = True
    hidden: bool = False


class Where(msgspec.Struct, frozen=True):
    """Where a part of the workspace lies, or where it belongs when it is absent."""

    what: str
    path: str
    state: State


class Look(msgspec.Struct, frozen=True):
    """All that was seen before anything is written.

    `plan` and `backlog` are null where there is none; `stated` are the settings that a file or
    the environment sets, `settings_file` the file where one is there. `specs_folder` tells whether
    something lies where the specs belong.
    """

    where: Mapping[str, Where]
    candidates: tuple[Candidate, ...] = ()
    specs: tuple[str, ...] = ()
    backlog: tuple[PhaseSeen, ...] | None = None
    plan: tuple[PhaseSeen, ...] | None = None
    stated: frozenset[str] = frozenset()
    settings_file: str | None = None
    specs_folder: bool = False


#: What a place lacks that is not taken for what its name says.
_LACKS = {"backlog": "no items", "meta_backlog": "no items", "plan": "no phases"}


class Found(msgspec.Struct, frozen=True):
    """Something that was there; `setting` is null where none is needed, or it is not used.

    `why` says why it is not used.
    """

    what: str
    path: str
    setting: str | None
    used: bool
    why: str = ""


class Kept(msgspec.Struct, frozen=True):
    """A file that stays as it is, and why."""

    path: str
    why: str


class Created(msgspec.Struct, frozen=True):
    """A file that `init` makes."""

    path: str
    bytes: int


class NotMade(msgspec.Struct, frozen=True):
    """A file that is missing and that `init` leaves to a person, and why."""

    path: str
    why: str


class Proposal(msgspec.Struct, frozen=True):
    """What `init` would do; `settings` is the text of the settings file, or the lines to add."""

    creates: tuple[Create, ...]
    not_made: tuple[NotMade, ...]
    kept: tuple[Kept, ...]
    found: tuple[Found, ...]
    settings: str


class AlignOutcome(msgspec.Struct, frozen=True):
    """What `pipeline align` shows afterwards: how many findings by code, or why it cannot."""

    findings: dict[str, int]
    error: str | None = None


class InitAnswer(msgspec.Struct, frozen=True):
    """The answer of `init`; `align` is null where nothing was written to be aligned."""

    root: str
    created: tuple[Created, ...]
    not_made: tuple[NotMade, ...]
    kept: tuple[Kept, ...]
    found: tuple[Found, ...]
    settings: str
    dry_run: bool
    align: AlignOutcome | None
    next: tuple[str, ...]


def choose(candidates: Iterable[Candidate]) -> Candidate | None:
    """Choose the place that is meant: the one that holds most, then the least deep, by name."""
    suitable = [candidate for candidate in candidates if candidate.suits]
    return min(
        suitable,
        key=lambda candidate: (-candidate.weight, candidate.path.count("/"), candidate.path),
        default=None,
    )


def propose(look: Look) -> Proposal:
    """Say what is created, what is kept, what was found, and which settings lead there."""
    phases = _new_phases(look.plan)
    tracked = _tracked(look, phases)
    lines = _setting_lines(look, tracked)
    new_file = look.settings_file is None
    settings = _settings_text(lines) if new_file else lines
    creates = ([Create(SETTINGS_FILE, settings)] if new_file else []) + _documents(look, phases)
    return Proposal(
        tuple(creates), tuple(_not_made(look)), tuple(_kept(look)), tuple(_found(look)), settings
    )


def _new_phases(plan: Sequence[PhaseSeen] | None) -> tuple[tuple[int, str], ...]:
    """Return the phases of a backlog that is made anew: the plan's, else the tracked ones."""
    titles: dict[int, str] = {}
    for phase in plan or ():
        titles.setdefault(phase.number, phase.title)
    return tuple(titles.items()) or FIRST_PHASES


def _tracked(look: Look, phases: Sequence[tuple[int, str]]) -> tuple[int, ...] | None:
    """Return the phases to track; None where the default or a stated value stands.

    Of a backlog that is there: the last two with open items; of a new one: the first two, where
    the work begins.
    """
    if "tracked_phases" in look.stated:
        return None
    default = tuple(number for number, _ in FIRST_PHASES)
    if look.backlog is None:
        wanted = tuple(number for number, _ in phases[:2]) if _absent(look, "backlog") else default
    else:
        held = [phase for phase in look.backlog if phase.items]
        if not held or any(phase.number in default for phase in held):
            return None
        live = [phase for phase in held if phase.open] or held
        wanted = tuple(phase.number for phase in live[-2:])
    return None if wanted == default else wanted


def _absent(look: Look, what: str) -> bool:
    return look.where[what].state == "absent"


def _setting_lines(look: Look, tracked: tuple[int, ...] | None) -> str:
    """Return the settings that differ from the defaults, as TOML; empty where none does."""
    lines = []
    if tracked is not None:
        lines += [
            "# Not the default, phases 6 and 7: of a backlog that was there, the last two",
            "# phases with open items are tracked; of a new one, the first two.",
            f"tracked_phases = [{', '.join(map(str, tracked))}]",
        ]
    tables: dict[str, list[str]] = {}
    for place in PLACES:
        where = look.where[place.what]
        if where.state == "elsewhere":
            table, _, key = place.setting.partition(".")
            tables.setdefault(table, []).append(f'{key} = "{where.path}"')
    for table in sorted(tables):
        lines += ["", f"[{table}]", *tables[table]]
    return "\n".join(lines).lstrip("\n") + "\n" if lines else ""


def _settings_text(lines: str) -> str:
    opening = (
        "# Settings of pipeline; this file marks the root of the workspace.\n"
        "# What is not here has its default. `pipeline doctor` shows all values,\n"
        "# docs/settings.md of meta-pipeline explains them.\n"
    )
    return f"{opening}\n{lines}" if lines else opening


def _lacks_phases(look: Look) -> bool:
    """Tell whether a plan is missing that would have no phase: the backlog names none."""
    return _absent(look, "plan") and look.backlog == ()


def _not_made(look: Look) -> Iterator[NotMade]:
    if _lacks_phases(look):
        why = "the backlog names no phase that a plan could have"
        yield NotMade(look.where["plan"].path, why)


def _kept(look: Look) -> Iterator[Kept]:
    if look.settings_file is not None:
        yield Kept(look.settings_file, "it is there already")
    for place in PLACES:
        where = look.where[place.what]
        if where.state == "there":
            yield Kept(where.path, "it is there already")
        elif where.state == "elsewhere":
            yield Kept(where.path, "it was found and is used where it lies")


def _found(look: Look) -> Iterator[Found]:
    """Yield what is used, and where it was not at its place, what else could have been meant."""
    for place in PLACES:
        where = look.where[place.what]
        if where.state != "absent":
            setting = place.setting if where.state == "elsewhere" else None
            yield Found(place.what, where.path, setting, used=True)
        if where.state != "there":
            others = {
                candidate.path: candidate.suits
                for candidate in look.candidates
                if candidate.what == place.what
                and candidate.path != where.path
                and not candidate.hidden
            }
            for path, suits in sorted(others.items())[:_MOST_SEEN]:
                why = "another fits better" if suits else _LACKS.get(place.what, "it does not fit")
                yield Found(place.what, path, None, used=False, why=why)
    for candidate in look.candidates:
        if candidate.hidden and candidate.path != look.where[candidate.what].path:
            why = f"hidden; set {SETTING_OF[candidate.what]} to use it"
            yield Found(candidate.what, candidate.path, None, used=False, why=why)


def _documents(look: Look, phases: Sequence[tuple[int, str]]) -> list[Create]:
    """Return the documents that are missing; the example spec only for a backlog of ours.

    Beside a backlog that is there the folder of the specs is made, and nothing in it.
    """
    absent = {what: where.path for what, where in look.where.items() if where.state == "absent"}
    if _lacks_phases(look):
        del absent["plan"]
    example = None
    made = []
    if "backlog" in absent and "specs" in absent and not look.specs:
        example = f"{absent['specs'].rstrip('/')}/{EXAMPLE_SPEC}"
        made = [Create(example, SPEC)]
    elif "specs" in absent and not look.specs_folder:
        made = [Create(f"{absent['specs'].rstrip('/')}/{FOLDER_KEEPER}", "")]
    specs = [example] if example else [path for path in look.specs if _PLAIN_SPEC.fullmatch(path)]
    texts = {
        "backlog": backlog_text(phases, specs, example=example is not None),
        "meta_backlog": META_BACKLOG,
        "plan": plan_text(look.backlog if look.backlog is not None else _as_seen(phases)),
        "questions": QUESTIONS,
        "coverage": coverage_text(example is not None),
        "status": status_text(example is not None),
    }
    return made + [Create(absent[what], text) for what, text in texts.items() if what in absent]


def _as_seen(phases: Iterable[tuple[int, str]]) -> tuple[PhaseSeen, ...]:
    return tuple(PhaseSeen(number, title) for number, title in phases)


def _words(title: str) -> str:
    """Take from a title of a user's document whatever could open something in ours."""
    return re.sub(r"[^\w ,.&'+-]", "", title).strip(" -") or "Untitled"


def backlog_text(phases: Sequence[tuple[int, str]], specs: Sequence[str], *, example: bool) -> str:
    """Return a product backlog: every phase has an item, every spec is named by one."""
    lines = [
        "# Backlog",
        "",
        "Items are numbered lines under phases, in the order in which they are to be done. Write",
        "`[x]` after the number of one that is done. The phases are those of the plan;",
        "`pipeline align` holds items, plan and specs against each other.",
    ]
    verb = "build what it says" if example else "check that it is built, and tick this item"
    number = 0
    for place, (phase, title) in enumerate(phases):
        lines += ["", f"## Phase {phase}: {_words(title)}"]
        texts = [f"{path} — {verb}" for path in specs] if place == 0 else []
        texts = texts or [_EXAMPLES[min(place, len(_EXAMPLES) - 1)]]
        for text in texts:
            number += 1
            lines.append(f"{number}. {text}")
    return "\n".join(lines) + "\n"


_EXAMPLES = (
    "Replace this item by the first thing to build",
    "Replace this item by what is to follow",
)


def plan_text(phases: Iterable[PhaseSeen]) -> str:
    """Return a plan with the phases of the backlog."""
    lines = ["# Plan", "", "What is to be reached, phase by phase, and how one sees that it is."]
    seen: set[int] = set()
    for phase in phases:
        if phase.number not in seen:
            seen.add(phase.number)
            lines += [
                "",
                f"## Phase {phase.number}: {_words(phase.title)}",
                "",
                "Say here when this phase is reached.",
            ]
    return "\n".join(lines) + "\n"


def coverage_text(example: bool) -> str:
    """Return the table of specs, with the example's row where there is one."""
    row = "| 001 First Steps | ? | ? | ? | Pending |\n" if example else ""
    return (
        "# Spec coverage\n\n"
        "| Spec | Present | Spec'd | Tested | Notes |\n|---|---|---|---|---|\n" + row
    )


def status_text(example: bool) -> str:
    """Return the status document, with the example pending where there is one."""
    return (
        "# Status\n\n## Specs Implemented\n\n- None\n\n## Specs Pending Implementation\n\n"
        f"- {'001 First Steps' if example else 'None'}\n\n"
        "## Test Count\n\n- 0 tests (not counted yet)\n"
    )


META_BACKLOG = """# Meta backlog

What improves the pipeline itself. Some of each night goes into these items.

1. Read the tasks that failed last, and write down what they have in common
2. Compare the directions of tasks that succeeded with those of tasks that failed
3. Take questions out of the checklist that nobody acts on
"""

QUESTIONS = """# Meta questions

| Question | If No → Action | Check |
|---|---|---|
| Does every item of the backlog serve a phase of the plan? | See `pipeline align` | align |
| Is the work of the last night committed? | Commit it, or say why not | committed |
| Is the goal nearer than one week earlier? | Read the failed tasks and file an item | goal |
| Was every problem of last week seen by a rule? | Add the rule that is missing | blind-spots |
| Would these questions have shown what surprised us last? | Add the one that would have | |
"""

SPEC = """---
title: First Steps
status: pending
---
# First Steps

An example: replace it by the first thing that you want built, or delete it with its item.

## Requirements

- [ ] It says what is to be true afterwards, so that a test can tell.
"""

"""Deterministic inputs of a given size: the same arguments give the same bytes.

What is large is written as it is made: the peak of a measured process is never seen below that
of the process that starts it.
"""

import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pipeline_cli
from pipeline_cli.domain.layout import QUESTIONS
from tests.support import CRON_ENVIRONMENT, NOW, event_line, write

#: The clock of the packaged demo.
DEMO_NOW = "2026-03-16T06:00:00Z"
DAYS = 7
#: Without another word the window is so small a part of a log.
PART = 20
LOGS = "api/logs"
PHASE = 50

#: So many specs are about one file of code.
SPECS_A_MODULE = 4
_TYPES = ("spec", "impl", "test", "review")
_MODELS = ("atlas-large", "atlas-small", "borealis")
_STATUSES = ("done", "in-progress", "draft", "accepted")
_AREAS = ("gauge", "forecast", "alert", "station", "payload", "archive", "dashboard")
_PARTS = ("read", "keep", "answer", "render", "watch")
_PARAGRAPH = (
    "The station answers within a second, and says when its last reading is older than an hour. "
    "What it cannot read it reports with the line, and goes on with the rest of the file.\n\n"
)
_NOW = datetime.fromisoformat(NOW)


def since() -> str:
    """Return the lower end of the window."""
    return _stamp(_NOW - timedelta(days=DAYS))


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def metrics_lines(
    count: int, *, window: int | None = None, disordered: bool = False
) -> Iterator[str]:
    """Yield a metrics log: evenly spread, its last `window` lines within the window.

    `disordered` swaps every fiftieth line with one three days away; nothing else changes.
    """
    step = timedelta(days=DAYS) / (window or max(1, count // PART))
    apart = max(1, round(timedelta(days=3) / step / 50)) * 50
    for place in range(count):
        number = _partner(place, apart, count) if disordered else place
        at = _stamp(_NOW - (count - number - 0.5) * step)
        status = "failed" if number % 9 == 4 else "completed"
        yield (
            f'{{"task_id": "task_{number:07d}", "task_type": "{_TYPES[number % 4]}", '
            f'"model": "{_MODELS[number % 3]}", '
            f'"duration_seconds": {30 + number * 7919 % 9000 / 10}, '
            f'"status": "{status}", "created_at": "{at}"}}\n'
        )


def _partner(place: int, apart: int, count: int) -> int:
    if place % 50:
        return place
    partner = place + apart if place // apart % 2 == 0 else place - apart
    return partner if partner < count else place


def write_lines(path: Path, lines: Iterable[str]) -> Path:
    """Write lines to a file, its folder too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(lines)
    return path


def spec_name(number: int) -> str:
    """Return the stem of a spec."""
    return f"{_AREAS[number % len(_AREAS)]}-{number:05d}"


def spec_text(number: int) -> str:
    """Return a spec; one header in ten has a comment after quotes, and a folded text."""
    area = _AREAS[number % len(_AREAS)]
    title = f"{area.capitalize()} part {number}"
    head = f"title: {title}\nstatus: {_STATUSES[number % 4]}\n"
    if number % 10 == 7:
        head = (
            f'title: "{title}: what it promises"  # kept short\nstatus: {_STATUSES[number % 4]}\n'
            f"summary: >-\n  Of {area}, folded\n  over two lines.\n"
        )
    source = "".join(
        f"  - file: tideline/{area}/{part}.py\n    symbols: [{part}_{area}, Check, load]\n"
        for part in _PARTS[: 2 + number % 4]
    )
    tests = "".join(
        f"  - pytest tests/{area}/test_{part}.py\n" for part in _PARTS[: 1 + number % 4]
    )
    marks = "".join(f"- [{'x' if n < number % 4 else ' '}] Requirement {n}\n" for n in range(4))
    body = f"# {title}\n\n{_PARAGRAPH * (2 + number % 4)}## Requirements\n\n{marks}"
    return f"---\n{head}source:\n{source}test:\n{tests}---\n{body}"


def write_specs(folder: Path, count: int) -> None:
    """Write so many specs."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{spec_name(number)}.md").write_text(spec_text(number), encoding="utf-8")


def claim_text(number: int, module: int) -> str:
    """Return a spec that cites a file of code, what it defines, and its tests; every other done."""
    code, tests = f"src/mod_{module}.py", f"tests/test_mod_{module}.py"
    head = (
        f"title: Thing {number}\nstatus: {'done' if number % 2 else 'open'}\n"
        f"source:\n  - file: {code}\n    symbols: [Thing{number}, make_{number}]\n"
        f"done_when:\n  - 'file_exists(\"{code}\")'\n  - 'pytest_passes(\"{tests}\")'\n"
        f'test: "python -m pytest {tests} -q"\n'
    )
    body = (
        f"# Thing {number}\n\n## Requirements\n\n- [x] it does the thing\n- [ ] it does it well\n\n"
        f"## Files to Create/Modify\n\n- `{code}` — the code\n- `{tests}` — the tests\n\n"
        f"## Acceptance Tests\n\n- `{tests}::test_make_{number}`\n\n## Out of Scope\n\n- nothing\n"
    )
    return f"---\n{head}---\n{body}"


def evidence_workspace(root: Path, specs: int) -> Path:
    """Write a repository of specs that claim, and the code and tests of every four of them."""
    (root / "specs").mkdir(parents=True, exist_ok=True)
    for number in range(specs):
        path = root / f"specs/thing-{number:05d}.md"
        path.write_text(claim_text(number, number // SPECS_A_MODULE), encoding="utf-8")
    for module, first in enumerate(range(0, specs, SPECS_A_MODULE)):
        numbers = range(first, min(specs, first + SPECS_A_MODULE))
        code = (
            f"class Thing{n}:\n    def go(self):\n        return {n}\n\n\n"
            f"def make_{n}():\n    return Thing{n}()\n\n\n"
            for n in numbers
        )
        tests = (f"def test_make_{n}():\n    assert True\n\n\n" for n in numbers)
        write_lines(root / f"src/mod_{module}.py", code)
        write_lines(root / f"tests/test_mod_{module}.py", tests)
    return commit_all(write(root, {"README.md": "# Things\n"}))


def backlog_lines(items: int, specs: int) -> Iterator[str]:
    """Yield a backlog in phases of fifty items; every third names one of the specs."""
    yield "# Backlog\n"
    for number in range(1, items + 1):
        if number % PHASE == 1:
            phase, last = number // PHASE + 1, min(items, number + PHASE - 1)
            yield f"\n## Phase {phase}: Part {phase} (items {number}–{last})\n"
        place = f"specs/{spec_name(number % specs)}.md — " if specs and number % 3 == 0 else ""
        yield f"{number}. {place}make part {number} answer within a second\n"


def plan_lines(items: int) -> Iterator[str]:
    """Yield a plan that names every phase of the backlog."""
    yield "# Plan\n\n| Phase | What | Done when |\n|---|---|---|\n"
    for phase in range(1, -(-items // PHASE) + 1):
        yield f"| {phase} | Part {phase} | it answers |\n"


def task_lines(count: int) -> Iterator[str]:
    """Yield the three events of each task, evenly spread over the window; all have ended."""
    step = timedelta(days=DAYS) / max(1, count)
    for number in range(count):
        at, name = _NOW - (count - number) * step, f"task_{number:07d}"
        yield event_line(
            name,
            "created",
            _stamp(at),
            task_type=_TYPES[number % 4],
            model=_MODELS[number % 3],
            direction=f"Work on item {number % 200 + 1} of the overnight backlog",
            item={"backlog": "006", "number": number % 200 + 1},
        )
        yield event_line(name, "started", _stamp(at + 0.1 * step), pid=4100, host="night-runner")
        yield event_line(
            name,
            "finished",
            _stamp(at + 0.9 * step),
            status="failed" if number % 9 == 4 else "completed",
            duration_seconds=300.0,
            output_chars=80,
            output_preview=f"part {number}: " + "four tests passed. " * 4,
        )


def issues_text(count: int) -> str:
    """Return the monitor's issues, one in ten still open."""
    issues = [
        {
            "id": f"{number:08x}",
            "condition": "repeated_failures",
            "severity": ("high", "medium", "low")[number % 3],
            "priority": number % 3 + 1,
            "message": f"The last three tasks on item {number} have failed",
            "suggested_action": "Read the logs of the last three tasks",
            "created_at": NOW,
            "resolved_at": None if number % 10 == 0 else NOW,
        }
        for number in range(count)
    ]
    return json.dumps({"issues": issues}, indent=2) + "\n"


def resolved_lines(count: int) -> Iterator[str]:
    """Yield resolutions as the monitor records them, evenly spread over the window."""
    step = timedelta(days=DAYS) / max(1, count)
    for number in range(count):
        at = _NOW - (count - number - 0.5) * step
        line = {
            "condition": "output_empty",
            "resolved_at": _stamp(at),
            "heal_task_id": f"task_{number:07d}",
            "issue_id": f"{number:08x}",
            "opened_at": _stamp(at - 0.5 * step),
            "attribution": "completed",
            "evidence": f"task_{number:07d} completed {_stamp(at - 0.1 * step)}",
        }
        yield json.dumps(line) + "\n"


def resolution_lines(count: int) -> Iterator[str]:
    """Yield resolutions, evenly spread over the window."""
    step = timedelta(days=DAYS) / max(1, count)
    for number in range(count):
        line: dict[str, Any] = {"condition": "output_empty"}
        line["resolved_at"] = _stamp(_NOW - (count - number - 0.5) * step)
        if number % 2:
            line["heal_task_id"] = f"task_{number:07d}"
        yield json.dumps(line) + "\n"


def workspace(root: Path, *, items: int = 200, specs: int = 50) -> Path:
    """Write a workspace without logs: backlog, plan, state and specs."""
    write_lines(root / "backlog/006-overnight-backlog.md", backlog_lines(items, specs))
    write_lines(root / "docs/PLAN.md", plan_lines(items))
    state = {"backlog_index": items // 2, "phase": "impl", "updated_at": NOW}
    write(root, {f"{LOGS}/project_manager_state.json": json.dumps(state, indent=2) + "\n"})
    write_specs(root / "specs", specs)
    return root


def demo(root: Path) -> Path:
    """Copy the packaged demo, as it lies in the package: before its last half hour."""
    packaged = Path(pipeline_cli.__file__).parent / "demo_data/workspace"
    shutil.copytree(packaged, root)
    return root


def meta_questions(root: Path) -> Path:
    """Write the checklist that `init` writes, and that it was asked at the demo's moment."""
    asked = datetime.fromisoformat(DEMO_NOW).timestamp()
    last_run = f'{{"at": {asked:.0f}}}\n'
    return write(
        root,
        {
            "docs/META-QUESTIONS.md": QUESTIONS,
            f"{LOGS}/meta_questions_last_run.json": last_run,
        },
    )


def table_lines(rows: int) -> Iterator[str]:
    """Yield a document that holds one table of so many rows."""
    yield "# Coverage\n\n| Spec | Source | Tests | State |\n|---|---|---|:---:|\n"
    for number in range(rows):
        stem, area = spec_name(number), _AREAS[number % len(_AREAS)]
        yield f"| {stem} | `tideline/{area}.py` | tests/{area}/test_{number}.py | ✓ |\n"
    yield "\nWhat follows the table stays as it is.\n"


def coverage_lines(rows: int) -> Iterator[str]:
    """Yield a coverage document with so many rows, and a row for none of the specs beside it."""
    yield "# Coverage\n\n| Spec | Present | Spec'd | Tested | Notes |\n|---|---|---|---|---|\n"
    for number in range(rows):
        stem = spec_name(number)
        yield f"| {stem} | {'✓?—'[number % 3]} | ✓ | ? | tests/test_{number}.py |\n"
    yield "\nWhat follows the table stays as it is.\n"


def coverage_workspace(root: Path, rows: int) -> Path:
    """Write a coverage document, a status page, and three specs that have no row yet."""
    write_lines(root / "docs/SPEC-COVERAGE.md", coverage_lines(rows))
    lists = "## Specs Implemented\n- None\n\n## Specs Pending Implementation\n- None\n"
    specs = {f"specs/{number:03d}-new-tide.md": "# New\n" for number in range(3)}
    return write(root, {"docs/STATUS.md": f"# Status\n\n{lists}", **specs})


def backlog_md(root: Path, tasks: int) -> Path:
    """Write a project of backlog.md, and beside it what our program reads of the same files."""
    workspace(root, items=50, specs=0)
    write(
        root,
        {
            "pipeline.toml": '[paths]\nspecs = "backlog/tasks"\n',
            "backlog/config.yml": 'project_name: "bench"\ndefault_status: "To Do"\n'
            'statuses: ["To Do", "In Progress", "Done"]\nremote_operations: false\n'
            'check_active_branches: false\nfilesystem_only: true\ntask_prefix: "task"\n',
        },
    )
    for number in range(1, tasks + 1):
        head = (
            f"id: TASK-{number}\ntitle: Part {number}\nstatus: To Do\nassignee: []\n"
            "created_date: '2026-02-01 10:00'\nlabels: []\ndependencies: []\n"
            f"ordinal: {number}000\n"
        )
        text = f"---\n{head}---\n\n## Description\n\n{_PARAGRAPH * 2}"
        write(root, {f"backlog/tasks/task-{number} - Part-{number}.md": text})
    return root


def openspec(root: Path, specs: int) -> Path:
    """Write a project of openspec, and beside it what our program reads of the same files."""
    workspace(root, items=50, specs=0)
    write(root, {"pipeline.toml": '[paths]\nspecs = "openspec/specs"\n'})
    (root / "openspec/changes").mkdir(parents=True)
    for number in range(specs):
        wants = "".join(
            f"### Requirement: Answer {n}\nThe system SHALL answer question {n}.\n\n"
            f"#### Scenario: Asked\n- **WHEN** asked\n- **THEN** it answers\n\n"
            for n in range(3)
        )
        text = f"# {spec_name(number)}\n\n## Purpose\n{_PARAGRAPH}## Requirements\n\n{wants}"
        write(root, {f"openspec/specs/{spec_name(number)}/spec.md": text})
    return root


def commit_all(root: Path) -> Path:
    """Make a repository of a folder, with everything in it committed."""
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "all")):
        subprocess.run(["git", *words], cwd=root, env=CRON_ENVIRONMENT, check=True)
    return root

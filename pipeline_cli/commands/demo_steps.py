"""What `pipeline demo` types: the end of a night, which writes, and the morning, which reads.

Each step is a real run of a command's module in the demo's folder, at its own moment.
"""

import contextlib
from collections.abc import Callable, Iterator
from io import BytesIO, TextIOWrapper
from typing import Any, NamedTuple

import msgspec

from pipeline_cli.commands import (
    align,
    effectiveness,
    explain,
    meta_check,
    metrics,
    monitor,
    rotate,
    status,
    task,
    tasks,
    update_coverage,
    verify,
)
from pipeline_cli.commands.output import Options
from pipeline_cli.domain.findings import Tally
from pipeline_cli.load.context import Context
from pipeline_cli.load.rotation import Ask
from pipeline_cli.load.task_log import load_tasks
from pipeline_cli.render.demo import CLOCK

REPORT = "reports/tests.xml"
SLOTS = 10

#: What the demo follows through its life.
CONDITION = "repeated_failures"
_NIGHT = "2026-03-16T05:{minute:02}:00Z"
#: What the executor captured of them: a file without a byte.
_SILENT = "out.txt"
_FAILING = ("task_1012", "task_1013", "task_1014")
#: So many lines of the faults that `align` lists are enough for a first look.
_MOST_LINES = 21


class Step(NamedTuple):
    """A command as it is typed, what runs it, and the words beside it; none continue the last.

    Of its lines those with `only` are shown, as by `grep`, and no more than `most`, as by `head`.
    """

    typed: str
    run: Callable[[Options], int]
    words: str = ""
    at: str = CLOCK
    only: str | None = None
    most: int | None = None

    @property
    def line(self) -> str:
        """The whole line, with what picks of its output."""
        grep = f" | grep {self.only}" if self.only else ""
        return f"{self.typed}{grep}" + (f" | head -{self.most}" if self.most else "")


def night(options: Options, *, versioned: bool) -> Iterator[Step]:
    """Yield what cron and the runner type from 05:24 on; each is to be run before the next.

    Where the folder is no repository, nothing is committed.
    """
    opens = "Three tasks in a row have failed: an issue opens, and a heal is asked for."
    yield _watch(24, opens, heal=True)
    name = _heal_task(options.open())
    heals = "The runner takes the heal up, and it says that it is done."
    yield _start(25, name, "heal", "atlas-large", heals)
    yield _finish(28, name, "completed")
    yield Step(
        "heal-resolve",
        lambda options: monitor.resolve(options, issue=None, dry_run=False),
        "The condition is gone. Who earned it is recorded.",
        _at(29),
        only=CONDITION,
    )
    for place, failing in enumerate(_FAILING):
        words = "" if place else "It does not last: the next three fail as those before did."
        yield _start(30 + 2 * place, failing, "test", "atlas-small", words)
        yield _finish(31 + 2 * place, failing, "failed")
    yield _watch(36, "So it is a relapse, and the heal's credit is gone.", heal=False)
    yield Step(
        "meta-check",
        lambda options: meta_check.run(options, meta_check.Asked()),
        "The checklist is due once a day; a no comes with its action.",
    )
    commit = " --commit" if versioned else ""
    mode = update_coverage.Mode(commit=versioned)
    yield Step(
        f"update-coverage --junit {REPORT}{commit}",
        lambda options: update_coverage.run(
            options, mode, tests_passed=False, junit=(_given(options, REPORT),), sync=False
        ),
        "A test report proves one spec: its marks become ✓, nothing else is touched.",
    )


def _at(minute: int) -> str:
    return _NIGHT.format(minute=minute)


def _watch(minute: int, words: str, *, heal: bool) -> Step:
    return Step(
        "monitor --heal" if heal else "monitor",
        lambda options: monitor.run(options, monitor.Watch(heal=heal)),
        words,
        _at(minute),
        only=CONDITION,
    )


def _start(minute: int, name: str, kind: str, model: str, words: str) -> Step:
    return Step(
        f"task start --id {name} --type {kind} --model {model}",
        lambda options: task.start(options, task_id=name, task_type=kind, model=model),
        words,
        _at(minute),
    )


def _finish(minute: int, name: str, outcome: Any) -> Step:
    return Step(
        f"task finish {name} --status {outcome} --output {_SILENT}",
        lambda options: task.finish(
            options, task_id=name, status=outcome, output_file=_given(options, _SILENT)
        ),
        at=_at(minute),
    )


def _heal_task(context: Context) -> str:
    """Return the task that the monitor has just filed for the issue."""
    for one in load_tasks(context, Tally()):
        if one.heal_for is not None and one.heal_for.condition == CONDITION:
            return one.id
    raise AssertionError(f"no heal was asked for {CONDITION}")


def _given(options: Options, path: str) -> str:
    """Return a file of the folder as the command takes it, wherever the demo was started."""
    return f"{options.root}/{path}"


#: The morning: what is typed, the words beside it, and what shows it.
MORNING = (
    Step(
        "status --tree",
        lambda options: status.run(options, shape="tree"),
        "One screen in the morning: what needs you comes first.",
    ),
    Step("tasks", tasks.run, "What runs, what waits, what has just ended."),
    Step(
        "effectiveness",
        effectiveness.run,
        "Is it working? Each figure with its sample; heals count net of relapses.",
    ),
    Step(
        "explain goal_proximity",
        lambda options: explain.run(options, name="goal_proximity"),
        "Why this figure? Ask so at every name.",
    ),
    Step("metrics", metrics.run, "The task log by type and by model."),
    Step(
        "align",
        lambda options: align.run(options, check=False),
        "Does the backlog still serve the plan? Every fault comes with its remedy.",
        most=_MOST_LINES,
    ),
    Step(
        f"verify --junit {REPORT}",
        lambda options: verify.run(options, verify.Wanted(junit=(_given(options, REPORT),))),
        "Is every done true? One ✓ is not.",
    ),
    Step(
        f"rotate --count {SLOTS}",
        lambda options: rotate.run(options, Ask(count=SLOTS), field=None),
        "What comes next: one slot in five works on the pipeline itself.",
    ),
)


def run_text(step: Step, options: Options) -> str:
    """Run a step and return what of its text is shown."""
    lines = _printed(step, options).decode("utf-8").splitlines(keepends=True)
    picked = [line for line in lines if step.only is None or step.only in line]
    return "".join(picked[: step.most])


def run_json(step: Step, options: Options) -> dict[str, Any]:
    """Run a step and return its answer to `--json`, without the envelope.

    The name of the machine is no part of the demo.
    """
    answer: dict[str, Any] = msgspec.json.decode(_printed(step, options._replace(json=True)))
    del answer["meta"]
    for event in answer.get("recorded", ()):
        event.pop("host", None)
    return answer


def _printed(step: Step, options: Options) -> bytes:
    """Run a step at its moment and return what it writes to stdout.

    What it says of faults on stderr is left out: the demo lists them at its end.
    """
    printed, aside = (TextIOWrapper(BytesIO(), encoding="utf-8") for _ in range(2))
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(aside):
        code = step.run(options._replace(now=step.at))
    if code:
        raise AssertionError(f"pipeline {step.typed} ended with code {code}")
    printed.seek(0)
    return printed.buffer.read()

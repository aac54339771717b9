"""Tasks: events of the task log folded into one state a task, and the view of them.

Owns contracts §5 (`tasks.jsonl`) and §6 but for the flags, which are in `attention`.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.metrics import TASK_TYPES, MetricsRecord, usable_duration, whole
from pipeline_cli.domain.moments import iso, seconds_between

TaskStatus = Literal["pending", "running", "completed", "failed", "needs_decision", "cancelled"]
PHASES = tuple(kind for kind in TASK_TYPES if kind != "heal")
MOST_RUNNING, MOST_PENDING, MOST_RECENT = 10, 20, 10
DIRECTION_LENGTH = 100

_EVENTS = ("created", "started", "finished", "needs_decision", "decided", "cancelled")
#: An end is final: no event that comes later changes such a task.
ENDED = ("completed", "failed", "cancelled")


class ItemReference(msgspec.Struct, frozen=True, gc=False):
    """The backlog item that a task works on."""

    backlog: str | None = None
    number: int | None = None


class HealFor(msgspec.Struct, frozen=True, gc=False):
    """The issue that a heal task is to cure."""

    issue_id: str | None = None
    condition: str | None = None


class Process(msgspec.Struct, frozen=True, gc=False):
    """The process that works on a task: its host, number, and start in ticks since boot."""

    host: str
    pid: int
    started: int


class TaskEvent(msgspec.Struct, frozen=True, gc=False):
    """One line of `tasks.jsonl` as written; every field may be missing (contracts §5)."""

    task_id: str | None = None
    event: str | None = None
    at: str | None = None
    task_type: str | None = None
    model: str | None = None
    direction: str | None = None
    item: ItemReference | None = None
    heal_for: HealFor | None = None
    pid: int | None = None
    pid_started: int | None = None
    host: str | None = None
    log: str | None = None
    status: str | None = None
    exit_code: int | None = None
    duration_seconds: float | None = None
    output_chars: int | None = None
    output_preview: str | None = None
    commit: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    question: str | None = None
    answer: str | None = None
    reason: str | None = None


class Task(msgspec.Struct, gc=False):
    """A task as its events leave it; moments are UTC, `status` is its one state.

    `process` is what works on it; an ended task has none any more.

    `reason` says why it ended where not by itself: `lost` when its process was gone.
    """

    id: str
    status: TaskStatus = "pending"
    task_type: str | None = None
    model: str | None = None
    direction: str | None = None
    item: ItemReference | None = None
    heal_for: HealFor | None = None
    process: Process | None = None
    created: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None
    updated: datetime | None = None
    log: str | None = None
    exit_code: int | None = None
    duration: float | None = None
    output_chars: int | None = None
    output_preview: str | None = None
    commit: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    question: str | None = None
    answer: str | None = None
    reason: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the task is finished: completed or failed (§6)."""
        return self.status in ("completed", "failed")

    @property
    def ended_at(self) -> datetime | None:
        """When it finished; a missing finish time falls back to the creation time (§6)."""
        return self.finished or self.created

    @property
    def output_length(self) -> int | None:
        """The characters of its output; None where nobody recorded it."""
        if self.output_chars is not None:
            return self.output_chars
        return None if self.output_preview is None else len(self.output_preview)

    def apply(self, event: TaskEvent, moment: datetime | None) -> None:
        """Take over what an event says; the fields that it leaves out stay."""
        if moment and (self.updated is None or moment > self.updated):
            self.updated = moment
        if event.event == "created":
            self._describe(event, moment)
        elif event.event == "started":
            self.started = moment or self.started
            self.process = None if self.status in ENDED else _process_of(event)
            self.log = event.log or self.log
            self._move("running")
        elif event.event == "finished":
            self._finish(event, moment)
        elif event.event == "needs_decision":
            self.question, self.answer = event.question, None
            self._move("needs_decision")
        elif event.event == "decided":
            self.answer = event.answer
            self._move("running" if self.started else "pending")
        else:
            self._move("cancelled")

    def _describe(self, event: TaskEvent, moment: datetime | None) -> None:
        self.created = moment or self.created
        self.task_type = event.task_type or self.task_type
        self.model = event.model or self.model
        self.direction = event.direction or self.direction
        self.item = event.item or self.item
        self.heal_for = event.heal_for or self.heal_for

    def _finish(self, event: TaskEvent, moment: datetime | None) -> None:
        self.status = "completed" if event.status == "completed" else "failed"
        self.process = None
        self.finished = moment
        self.duration = event.duration_seconds
        self.output_chars = event.output_chars
        self.output_preview = event.output_preview
        self.exit_code = event.exit_code
        self.commit = event.commit
        self.tokens_in, self.tokens_out = event.tokens_in, event.tokens_out
        self.cost_usd = event.cost_usd
        self.reason = event.reason

    def _move(self, status: TaskStatus) -> None:
        # An end is final: an event that comes late in the file reopens nothing.
        if self.status not in ENDED:
            self.status = status
            if status in ENDED:
                self.process = None


class TaskFold:
    """Fold events in file order into one state a task, and report what does not fit.

    `path` is the log, for the findings. The tasks keep the order of first appearance.
    """

    def __init__(self, path: str, tally: Tally) -> None:
        self.tasks: dict[str, Task] = {}
        self._path = path
        self._tally = tally
        # Of the tasks that are not created first: all, and those that are created by now.
        self._orphans: set[str] = set()
        self._late: set[str] = set()
        # The few names that many tasks share; one copy of each is enough.
        self._names: dict[Any, Any] = {}

    def add(self, event: TaskEvent, moment: datetime | None, line: int) -> None:
        """Take one event; `moment` is its parsed stamp, None where it has no usable one."""
        if not event.task_id:
            self._report("task-no-id", "an event without task_id belongs to no task", line)
            return
        if event.event not in _EVENTS:
            self._report("task-event-unknown", f"unknown event {event.event!r}", line)
            return
        task = self.tasks.get(event.task_id)
        if task is None:
            task = self.tasks[event.task_id] = Task(event.task_id)
            self._check_first(event, line)
        else:
            self._check_order(task, event, line)
        if event.event == "finished" and event.status not in ("completed", "failed"):
            words = f"{_name(event)} has status {event.status!r}, read as failed"
            self._report("task-status-unknown", words, line)
        task.apply(event, moment)
        if event.event == "created":
            self._share(task)

    def _share(self, task: Task) -> None:
        shared = self._names.setdefault
        task.task_type = shared(task.task_type, task.task_type)
        task.model = shared(task.model, task.model)
        task.item = shared(task.item, task.item)

    def _check_first(self, event: TaskEvent, line: int) -> None:
        if event.event != "created" and event.task_id:
            words = f"{_name(event)} comes without its creation"
            self._report("task-event-orphan", words, line)
            self._orphans.add(event.task_id)

    def _check_order(self, task: Task, event: TaskEvent, line: int) -> None:
        if event.event == "created":
            if task.id in self._orphans and task.id not in self._late:
                words = f"{_name(event)} comes after other events of it"
                self._late.add(task.id)
            else:
                words = f"{_name(event)} is there twice"
            self._report("task-event-order", words, line)
        elif task.status in ENDED:
            self._report("task-event-order", f"{_name(event)} comes after its end", line)

    def _report(self, code: str, message: str, line: int) -> None:
        self._tally.add(
            Finding(
                code=code,
                severity="warning",
                message=message,
                path=self._path,
                line=line,
                hint="see docs/file-formats.md, tasks.jsonl",
            )
        )


def _name(event: TaskEvent) -> str:
    return f"{event.event} of task {event.task_id}"


class TaskRow(msgspec.Struct, frozen=True):
    """A task in the view; exactly one of the three times is set, in whole seconds."""

    id: str
    task_type: str | None
    model: str | None
    direction: str
    created_at: str | None
    updated_at: str | None
    wait_seconds: int | msgspec.UnsetType | None = msgspec.UNSET
    running_seconds: int | msgspec.UnsetType | None = msgspec.UNSET
    duration_seconds: int | msgspec.UnsetType | None = msgspec.UNSET
    output_len: int | msgspec.UnsetType | None = msgspec.UNSET
    lost: bool | msgspec.UnsetType = msgspec.UNSET
    status: TaskStatus | msgspec.UnsetType = msgspec.UNSET


class Question(msgspec.Struct, frozen=True):
    """A task that waits for a person's decision: what it asks, and for how many whole seconds."""

    id: str
    task_type: str | None
    question: str | None
    asked_at: str | None
    wait_seconds: int | None


class LatestRequest(msgspec.Struct, frozen=True):
    """The task that was asked for last."""

    id: str
    task_type: str | None
    status: TaskStatus
    direction: str
    created_at: str | None


class LatestResponse(msgspec.Struct, frozen=True):
    """The task that finished last, and how its output begins."""

    id: str
    task_type: str | None
    status: TaskStatus
    output_len: int | None
    output_preview: str | None
    updated_at: str | None


class TaskCounts(msgspec.Struct, frozen=True):
    """How many tasks there are of each state, beyond those that are shown."""

    running: int
    pending: int
    completed: int
    failed: int
    needs_decision: int
    cancelled: int


class TaskView(msgspec.Struct, frozen=True):
    """The tasks at a moment (contracts §6)."""

    running: tuple[TaskRow, ...]
    pending: tuple[TaskRow, ...]
    recent_completed: tuple[TaskRow, ...]
    needs_decision: tuple[Question, ...]
    running_by_phase: dict[str, int]
    project_manager: dict[str, Any] | None
    latest_request: LatestRequest | None
    latest_response: LatestResponse | None
    counts: TaskCounts


def view(
    tasks: Sequence[Task],
    project_manager: dict[str, Any] | None,
    *,
    now: datetime,
    is_lost: Callable[[Process], bool] = lambda _: False,
) -> TaskView:
    """Arrange the tasks for people: what runs, what waits, what has just ended (§6).

    `is_lost` tells whether the process of a running task is known to be gone.
    """
    running = [task for task in tasks if task.status == "running"]
    pending = oldest_first(task for task in tasks if task.status == "pending")
    recent = newest_first(tasks)
    phases = [task.task_type for task in (*running, *pending)]
    return TaskView(
        running=tuple(
            _row(
                task,
                running_seconds=whole_seconds(task.started or task.created, now),
                lost=True if task.process and is_lost(task.process) else msgspec.UNSET,
            )
            for task in running[:MOST_RUNNING]
        ),
        pending=tuple(
            _row(task, wait_seconds=whole_seconds(task.created, now))
            for task in pending[:MOST_PENDING]
        ),
        recent_completed=tuple(
            _row(
                task,
                duration_seconds=_rounded(usable_duration(task.duration)),
                output_len=task.output_length,
                status=task.status,
            )
            for task in recent[:MOST_RECENT]
        ),
        needs_decision=_questions(tasks, now),
        running_by_phase={phase: phases.count(phase) for phase in PHASES},
        project_manager=project_manager,
        latest_request=_latest_request(tasks),
        latest_response=_latest_response(recent),
        counts=TaskCounts(
            *(
                sum(task.status == status for task in tasks)
                for status in TaskCounts.__struct_fields__
            )
        ),
    )


def _questions(tasks: Iterable[Task], now: datetime) -> tuple[Question, ...]:
    asking = oldest_first(task for task in tasks if task.status == "needs_decision")
    return tuple(
        Question(
            task.id,
            task.task_type,
            task.question,
            _stamp(task.updated),
            whole_seconds(task.updated, now),
        )
        for task in asking[:MOST_PENDING]
    )


def finished_records(tasks: Iterable[Task]) -> list[MetricsRecord]:
    """Return the finished tasks as the metrics log would hold them."""
    return [
        MetricsRecord(
            task.id,
            task.task_type,
            task.model,
            task.status,
            usable_duration(task.duration),
            task.ended_at,
        )
        for task in tasks
        if task.has_ended and task.ended_at is not None
    ]


def newest_first(tasks: Iterable[Task]) -> list[Task]:
    """Return the finished tasks, the last to finish first; log order where they tie."""
    ended = [task for task in tasks if task.has_ended]
    return sorted(ended, key=lambda task: _order(task.ended_at), reverse=True)


def oldest_first(tasks: Iterable[Task]) -> list[Task]:
    """Return tasks by creation, the oldest first; those without a time come last."""
    return sorted(tasks, key=lambda task: (task.created is None, _order(task.created)))


def whole_seconds(since: datetime | None, now: datetime) -> int | None:
    """Return the whole seconds since a moment; None where the moment is unknown."""
    return None if since is None else int(seconds_between(since, now))


def _process_of(event: TaskEvent) -> Process | None:
    if event.pid is None or event.pid_started is None or event.host is None:
        return None
    return Process(event.host, event.pid, event.pid_started)


def _rounded(seconds: float | None) -> int | None:
    return None if seconds is None else whole(seconds)


def _order(moment: datetime | None) -> float:
    return moment.timestamp() if moment else float("-inf")


def _row(task: Task, **times: Any) -> TaskRow:
    return TaskRow(
        id=task.id,
        task_type=task.task_type,
        model=task.model,
        direction=(task.direction or "")[:DIRECTION_LENGTH],
        created_at=_stamp(task.created),
        updated_at=_stamp(task.updated),
        **times,
    )


def _stamp(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None


def _latest_request(tasks: Sequence[Task]) -> LatestRequest | None:
    if not tasks:
        return None
    # Of those of one moment an open one, whatever has been archived of the others.
    task = max(tasks, key=lambda task: (_order(task.created), task.status not in ENDED))
    return LatestRequest(
        task.id,
        task.task_type,
        task.status,
        (task.direction or "")[:DIRECTION_LENGTH],
        _stamp(task.created),
    )


def _latest_response(recent: Sequence[Task]) -> LatestResponse | None:
    if not recent:
        return None
    task = recent[0]
    return LatestResponse(
        task.id,
        task.task_type,
        task.status,
        task.output_length,
        task.output_preview,
        _stamp(task.ended_at),
    )

"""The JSON schemas of the answers, made from the very types that `payload` encodes.

A new field of a type appears in its schema by itself. What `payload` writes otherwise than the
type has it is in `_BY_HAND` and `_metrics`, nowhere else. A further answer is a line in ANSWERS.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import msgspec

from pipeline_cli.domain.alignment import Alignment
from pipeline_cli.domain.archive import Pruned
from pipeline_cli.domain.attention import TasksReport
from pipeline_cli.domain.coverage_update import UpdateAnswer
from pipeline_cli.domain.effectiveness import Effectiveness
from pipeline_cli.domain.evidence import Verification
from pipeline_cli.domain.explain import Explanation
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.health import Doctor
from pipeline_cli.domain.layout import InitAnswer
from pipeline_cli.domain.meta import MetaRun
from pipeline_cli.domain.metrics import LogReading, Metrics, MetricsReport
from pipeline_cli.domain.report import StatusReport
from pipeline_cli.domain.rotation import Rotation
from pipeline_cli.domain.tasks import HealFor, ItemReference, LatestRequest, TaskView
from pipeline_cli.render.payload import TRACKED_KEYS, VERSION, Failure, Meta

Schema: TypeAlias = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
STAMP: Schema = {"type": "string", "format": "date-time"}
TEXT: Schema = {"type": "string"}
_REFERENCE = "#/$defs/{name}"
_USED = re.compile(r'"#/\$defs/([^"]+)"')
#: A reference into the contracts by which this was built, which nobody who validates has.
_CITATION = re.compile(r" \(contracts [^)]*\)")


class Types:
    """The types of one schema, each defined once and as `payload` writes it."""

    def __init__(self) -> None:
        self._definitions: dict[str, Schema] = {}

    def reference(self, struct: type[msgspec.Struct]) -> Schema:
        """Return the schema that stands for a type, and define it."""
        (reference,), found = msgspec.json.schema_components([struct], ref_template=_REFERENCE)
        written = {name: _as_written(definition) for name, definition in found.items()}
        for name in _BY_HAND.keys() & written:
            written[name] = _BY_HAND[name](written)
        for name, definition in written.items():
            self.define(name, definition)
        return reference

    def define(self, name: str, definition: Schema) -> Schema:
        """Define a name, and return the schema that stands for it."""
        known = self._definitions.setdefault(name, definition)
        assert known == definition, f"two types are named {name}"
        return {"$ref": _REFERENCE.format(name=name)}

    def keys(self, struct: type[msgspec.Struct]) -> dict[str, Schema]:
        """Return the keys of a type with their schemas."""
        name = self.reference(struct)["$ref"].rpartition("/")[2]
        return dict(self._definitions[name]["properties"])

    def used_by(self, properties: Mapping[str, Schema]) -> dict[str, Schema]:
        """Return the definitions that properties need, those behind them included."""
        wanted = _references(properties)
        for name in wanted:  # grows while it is walked
            wanted += [n for n in _references(self._definitions[name]) if n not in wanted]
        return {name: self._definitions[name] for name in sorted(wanted)}


class Shape(NamedTuple):
    """What an answer is, and the keys of its own with their schemas."""

    description: str
    keys: Callable[[Types], dict[str, Schema]]


def closed(properties: Mapping[str, Schema], **further: Any) -> Schema:
    """Return the schema of an object with these keys, all of them and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        **further,
        "additionalProperties": False,
    }


def answer(struct: type[msgspec.Struct], words: str = "") -> Shape:
    """Return the shape of an answer whose keys are the fields of one type.

    Its description is the type's own, unless that says no more than whose answer it is.
    """
    return Shape(words or _words(struct.__doc__ or ""), lambda types: types.keys(struct))


def schema(name: str) -> Schema:
    """Return the schema of one of ANSWERS, envelope and findings included."""
    description, keys = ANSWERS[name]
    types = Types()
    findings = {"type": "array", "items": types.reference(Finding)}
    properties = {"meta": _meta(types, name), **keys(types), "findings": findings}
    return {
        "$schema": DRAFT,
        "$id": f"pipeline/{name}",
        "title": f"pipeline {name}",
        "description": description,
        **closed(properties),
        "$defs": types.used_by(properties),
    }


def _meta(types: Types, name: str) -> Schema:
    failed = name == "error"
    known = {
        # A failure carries the name of the command that failed.
        "schema": TEXT | {"pattern": "^pipeline/"} if failed else {"const": f"pipeline/{name}"},
        "version": {"const": VERSION},
        "ok": {"const": not failed},
        "generated_at": STAMP,
    }
    return closed(types.keys(Meta) | known)


def _as_written(definition: Schema) -> Schema:
    """Close a type: each field is written, but for those that may be unset."""
    if "properties" not in definition:
        return definition
    fields = definition["properties"]
    # msgspec gives a default to what may be left out of an input; only UNSET has none to give.
    required = [
        n for n, field in fields.items() if n in definition["required"] or "default" in field
    ]
    return {
        **definition,
        "description": _words(definition.get("description", "")),
        "properties": {name: _without_default(field) for name, field in fields.items()},
        "required": required,
        "additionalProperties": False,
    }


def _without_default(field: Schema) -> Schema:
    return {key: value for key, value in field.items() if key != "default"}


def _words(text: str) -> str:
    return _CITATION.sub("", " ".join(text.split()))


def _references(part: Any) -> list[str]:
    return list(dict.fromkeys(_USED.findall(msgspec.json.encode(part).decode())))


def _plan_progress(found: Mapping[str, Schema]) -> Schema:
    """Write each tracked phase as a key `phase_N`, as `plan_progress_keys` does."""
    written = found["PlanProgress"]
    fields = dict(written["properties"])
    del fields["tracked"]
    phase = found["PhaseProgress"]["properties"]
    tracked = closed({name: phase[name] for name in TRACKED_KEYS})
    words = {key: written[key] for key in ("title", "description")}
    return words | closed(fields, patternProperties={"^phase_[0-9]+$": tracked})


#: The types that `payload` writes otherwise than they are, wherever they stand.
_BY_HAND: dict[str, Callable[[Mapping[str, Schema]], Schema]] = {"PlanProgress": _plan_progress}


def _metrics(types: Types) -> dict[str, Schema]:
    """Return the keys that `metrics_keys` writes."""
    keys, report = types.keys(Metrics), types.keys(MetricsReport)
    del keys["exact_rate"], report["metrics"]
    return {
        **keys,
        **report,
        "skipped": types.keys(LogReading)["skipped"],
        "window": closed({"start": STAMP, "end": STAMP}),
    }


def _tasks(types: Types) -> dict[str, Schema]:
    """Return the keys that `tasks_keys` writes."""
    report = types.keys(TasksReport)
    del report["view"]
    return {**types.keys(TaskView), **report}


def _demo(types: Types) -> dict[str, Schema]:
    """Return the keys of the demo: answers without their envelopes, and those beside them."""
    findings = {"type": "array", "items": types.reference(Finding)}
    answers = {
        name: types.define(name, closed({**ANSWERS[name].keys(types), "findings": findings}))
        for name in (*_IN_DEMO, *_IN_ITS_NIGHT)
    }
    any_of_them = closed(answers, minProperties=1) | {"required": []}
    told: Schema = {"anyOf": [answers[name] for name in _IN_ITS_NIGHT]}
    return {
        "clock": STAMP,
        "steps": {
            "type": "array",
            "items": closed({"at": STAMP, "command": TEXT, "answer": told}),
        },
        "answers": closed({name: answers[name] for name in _IN_DEMO}),
        "damaged": {"type": "object", "additionalProperties": any_of_them},
    }


def _monitor(_: Types) -> dict[str, Schema]:
    """Return the keys of the issues file; an entry may hold keys that are not ours."""
    entry: Schema = {"type": "object", "required": ["id", "condition"]}
    resolution: Schema = {"type": "object", "required": ["condition", "resolved_at"]}
    rule = closed(
        {
            "condition": TEXT,
            "answer": {"enum": ["firing", "clear", "unknown"]},
            "count": {"type": ["integer", "null"]},
            "message": TEXT,
        }
    )
    looked = closed(
        {
            "issue_id": TEXT,
            "condition": TEXT,
            "answer": {"enum": ["firing", "clear", "unknown", "not_checked"]},
            "message": TEXT,
        }
    )
    heal = closed(
        {"issue_id": TEXT, "condition": TEXT, "task_id": TEXT, "decision": {"type": "boolean"}}
    )
    anything: Schema = {"type": "array"}
    return {
        "issues": {"type": "array", "items": entry},
        "last_check": {"anyOf": [STAMP, {"type": "null"}]},
        "history": anything,
        "resolved_since_last": {"type": "array", "items": TEXT},
        "resolved": anything,
        "seen": {"type": "object"},
        "rules": {"type": "array", "items": rule},
        "looked": {"type": "array", "items": looked},
        "recorded": {"type": "array", "items": resolution},
        "heal_tasks": {"type": "array", "items": heal},
        "dry_run": {"type": "boolean"},
    }


def _task(types: Types) -> dict[str, Schema]:
    """Return the keys of one task and of what was just recorded of it."""
    text, stamp, number = map(_or_null, (TEXT, STAMP, {"type": "number"}))
    count: Schema = {"type": ["integer", "null"]}
    task = closed(
        {
            "id": TEXT,
            "status": types.keys(LatestRequest)["status"],
            "task_type": text,
            "model": text,
            "direction": TEXT,
            "item": _or_null(types.reference(ItemReference)),
            "heal_for": _or_null(types.reference(HealFor)),
            "created_at": stamp,
            "started_at": stamp,
            "finished_at": stamp,
            "updated_at": stamp,
            "exit_code": count,
            "duration_seconds": number,
            "output_len": count,
            "output_preview": text,
            "log": text,
            "commit": text,
            "tokens_in": count,
            "tokens_out": count,
            "cost_usd": number,
            "question": text,
            "answer": text,
            "reason": text,
        }
    )
    event: Schema = {"type": "object", "required": ["task_id", "event", "at"]}
    return {
        "task": task,
        "recorded": {"type": "array", "items": event},
        "dry_run": {"type": "boolean"},
        "log": text,
    }


def _item(_: Types) -> dict[str, Schema]:
    """Return the keys of a decision on a backlog item; the entries stand as in the state."""
    return {
        "item": TEXT,
        "path": TEXT,
        "before": {},
        "after": _or_null({"type": "object"}),
        "changed": {"type": "boolean"},
        "dry_run": {"type": "boolean"},
    }


def _or_null(kind: Schema) -> Schema:
    return {"anyOf": [kind, {"type": "null"}]}


def _entries(types: Types) -> dict[str, Schema]:
    return {"entries": {"type": "array", "items": types.reference(Explanation)}}


def _names(_: Types) -> dict[str, Schema]:
    return {"names": {"type": "object", "additionalProperties": TEXT}}


def _failure(types: Types) -> dict[str, Schema]:
    return {"error": types.reference(Failure)}


_IN_DEMO = ("status", "tasks", "effectiveness", "metrics", "align", "verify", "rotate")
_IN_ITS_NIGHT = ("monitor", "heal-resolve", "task", "meta-check", "update-coverage")

#: Every answer by its command's name, and `error`, which each command gives where it fails.
ANSWERS: dict[str, Shape] = {
    "status": answer(StatusReport),
    "effectiveness": answer(Effectiveness),
    "metrics": Shape(answer(MetricsReport).description, _metrics),
    "tasks": Shape(answer(TasksReport).description, _tasks),
    "align": answer(Alignment, "Backlog, plan and specs held against each other."),
    "verify": answer(Verification, "Every claim of done, and what its evidence says."),
    "task": Shape("One task, and the events that were just recorded of it.", _task),
    "task-item": Shape("A decision on a backlog item: its entry before and after.", _item),
    "task-prune": answer(Pruned, "What was archived, or would be with a dry run."),
    "monitor": Shape("The issues as they were written, and what each rule answered.", _monitor),
    "heal-resolve": Shape("The issues after a check, and the resolutions recorded.", _monitor),
    "rotate": answer(Rotation),
    "meta-check": answer(MetaRun),
    "update-coverage": answer(UpdateAnswer),
    "demo": Shape("The answers of the other commands on packaged data, by their names.", _demo),
    "init": answer(InitAnswer, "What was there, and what was or would be created."),
    "doctor": answer(Doctor, "Files, settings, environment, git and logs as they were found."),
    "explain": Shape("What names mean, each with its value here.", _entries),
    "schema": Shape("The names that have a schema, and what each of them is.", _names),
    "error": Shape(answer(Failure).description, _failure),
}

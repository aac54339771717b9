"""The schemas: there for every command, valid themselves, and able to refuse an answer."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from pipeline_cli.cli.parts import PARTS
from pipeline_cli.domain.progress import PlanProgress
from pipeline_cli.domain.tasks import TaskRow
from pipeline_cli.render.schema import ANSWERS, Types, schema
from tests import support
from tests.cli.test_boundary import workspace
from tests.support import check_answer, pipeline, validator, write

#: What may be left out, by its path in an answer: counts by name, and times that a row has not.
MAY_BE_MISSING = re.compile(
    r"/(progress|by_model|by_task_type|running_by_phase|extras|names)/[^/]+"
    r"|/plan_progress/phase_\d+"
    r"|/(running|pending|recent_completed)/0/"
    r"(wait_seconds|running_seconds|duration_seconds|output_len|status|lost)"
)
#: Objects that take any key: free form, or keyed by names.
TAKES_MORE = re.compile(
    r"/(progress|by_model|by_task_type|running_by_phase|extras|names|project_manager)"
)
FREE_FORM = re.compile(
    r"/project_manager/.*|/entries/0/(value|issues).*|/settings/0/(value|default).*"
    r"|/(issues|history|resolved|recorded)/0.*|/seen(/.*)?"
    r"|/before|/after(/.*)?"
)
#: A command line for each answer; the demo's are those of others.
LINES = {
    "status": ("status",),
    "effectiveness": ("effectiveness",),
    "metrics": ("metrics",),
    "tasks": ("tasks",),
    "align": ("align",),
    "verify": ("verify",),
    "task": ("task", "show", "t1"),
    "task-item": ("task", "skip", "006:1", "--dry-run"),
    "task-prune": ("task", "prune", "--older-than", "90d", "--dry-run"),
    "monitor": ("monitor", "--dry-run"),
    "heal-resolve": ("heal-resolve", "--dry-run"),
    "rotate": ("rotate",),
    "meta-check": ("meta-check", "--dry-run"),
    "update-coverage": ("update-coverage", "--tests-passed", "--dry-run"),
    "init": ("init", "--dry-run"),
    "doctor": ("doctor",),
    "explain": ("explain", "success_rate"),
    "schema": ("schema",),
    "error": ("nothing",),
}

COVERAGE = "| Spec | Present | Spec'd | Tested | Notes |\n|--|--|--|--|--|\n| 9 | yes |\n"


class Sample(msgspec.Struct, frozen=True):
    """A type
    over two lines (contracts §5).
    """

    always: int
    often: str | None = None
    some: tuple[int, ...] = ()
    rarely: int | msgspec.UnsetType = msgspec.UNSET


def commands() -> set[str]:
    """Return the names of the commands of the app."""
    return {name for names in PARTS.values() for name in names}


def places(value: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the path of each value in an answer, with its holder and its key or index."""
    entries = value.items() if isinstance(value, dict) else enumerate(value[:1])
    for key, entry in entries:
        yield f"{path}/{key}", value, key
        if isinstance(entry, dict | list):
            yield from places(entry, f"{path}/{key}")


def objects(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each object in an answer with its path."""
    yield "", value
    for path, holder, key in places(value):
        if isinstance(holder[key], dict):
            yield path, holder[key]


def answer_of(name: str, root: Path) -> dict[str, Any]:
    write(workspace(root), {"docs/SPEC-COVERAGE.md": COVERAGE})
    return pipeline(root, *LINES[name], "--json").json


def test_every_command_has_a_schema() -> None:
    assert ANSWERS.keys() == commands() | {"error", "task-item", "task-prune"}
    assert ANSWERS.keys() == LINES.keys() | {"demo"}


@pytest.mark.parametrize("name", ANSWERS)
def test_each_schema_is_valid_and_says_what_it_is(name: str) -> None:
    ran = pipeline(None, "schema", name, now=None)
    assert ran.code == 0, ran.err
    found = ran.json
    Draft202012Validator.check_schema(found)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found["$id"] == f"pipeline/{name}"
    assert found["title"]
    assert found["description"]
    assert found["properties"]["meta"]["properties"]["ok"] == {"const": name != "error"}
    assert found == schema(name)
    assert "contracts" not in ran.text


@pytest.mark.parametrize("name", ANSWERS)
def test_every_object_of_a_schema_is_closed_or_free_on_purpose(name: str) -> None:
    found = schema(name)
    assert found["required"] == list(found["properties"])
    for _, part in objects(found):
        if isinstance(part.get("properties"), dict) and part.get("type") == "object":
            assert part["additionalProperties"] is False
    text = json.dumps(found)
    assert set(re.findall(r'"#/\$defs/([^"]+)"', text)) == found["$defs"].keys()


@pytest.mark.parametrize("name", LINES)
def test_a_missing_key_is_refused(name: str, tmp_path: Path) -> None:
    answer = answer_of(name, tmp_path)
    check_answer(answer)
    for path, part in objects(answer):
        for key in list(part):
            place = f"{path}/{key}"
            if MAY_BE_MISSING.fullmatch(place) or FREE_FORM.fullmatch(place):
                continue
            value = part.pop(key)
            assert not validator(name).is_valid(answer), f"{place} may be missing"
            part[key] = value


@pytest.mark.parametrize("name", LINES)
def test_a_further_key_is_refused(name: str, tmp_path: Path) -> None:
    answer = answer_of(name, tmp_path)
    for path, part in objects(answer):
        if TAKES_MORE.fullmatch(path) or FREE_FORM.fullmatch(path):
            continue
        part["further"] = 1
        assert not validator(name).is_valid(answer), f"{path} takes any key"
        del part["further"]


@pytest.mark.parametrize("name", LINES)
def test_a_value_of_another_type_is_refused(name: str, tmp_path: Path) -> None:
    answer = answer_of(name, tmp_path)
    for path, holder, key in list(places(answer)):
        if FREE_FORM.fullmatch(path):
            continue
        value = holder[key]
        holder[key] = 7 if isinstance(value, list) else []
        assert not validator(name).is_valid(answer), f"{path} takes any type"
        holder[key] = value


def test_a_refused_answer_fails_the_test_that_got_it(tmp_path: Path) -> None:
    answer = answer_of("tasks", tmp_path)
    answer["counts"]["running"] = "one"
    with pytest.raises(AssertionError, match=r"not a pipeline/tasks: \$\.counts\.running: 'one'"):
        check_answer(answer)


def test_whoever_runs_the_program_with_json_has_its_answer_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(support, "validator", lambda name: Draft202012Validator(False))
    pipeline(None, "schema")
    with pytest.raises(AssertionError, match="not a pipeline/schema"):
        pipeline(None, "schema", "--json")
    with pytest.raises(AssertionError, match="not a pipeline/error"):
        pipeline(None, "nothing", "--json")


def test_an_answer_without_a_schema_fails(tmp_path: Path) -> None:
    answer = answer_of("tasks", tmp_path)
    answer["meta"]["schema"] = "pipeline/elsewhere"
    with pytest.raises(KeyError):
        check_answer(answer)


def test_the_answers_of_the_demo_are_those_of_the_commands() -> None:
    answer = pipeline(None, "demo", "--json", now=None).json
    for name in answer["answers"]:
        broken = deepcopy(answer)
        broken["answers"][name]["further"] = 1
        assert not validator("demo").is_valid(broken)
        del broken["answers"][name]
        assert not validator("demo").is_valid(broken)
    for place, answers in answer["damaged"].items():
        broken = deepcopy(answer)
        del broken["damaged"][place][next(iter(answers))]["findings"]
        assert not validator("demo").is_valid(broken)


def test_a_tracked_phase_is_a_key_of_its_own_and_no_other_key_is(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": "tracked_phases = [6, 10]"})
    answer = answer_of("effectiveness", tmp_path)
    plan = answer["plan_progress"]
    assert {"phase_6", "phase_10"} <= plan.keys()
    for name in ("phase_", "phase_x", "phases_6", "my_phase_6"):
        plan[name] = plan["phase_6"]
        assert not validator("effectiveness").is_valid(answer), name
        del plan[name]
    fields = Types().keys(PlanProgress)
    assert set(PlanProgress.__struct_fields__) - fields.keys() == {"tracked"}


def test_a_field_appears_by_itself_required_unless_it_may_be_unset() -> None:
    types = Types()
    reference = types.reference(Sample)
    (definition,) = types.used_by({"sample": reference}).values()
    assert definition["required"] == ["always", "often", "some"]
    assert definition["properties"]["rarely"] == {"type": "integer"}
    assert definition["properties"]["often"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert definition["description"] == "A type over two lines."
    assert types.keys(TaskRow).keys() == set(TaskRow.__struct_fields__)


def test_two_types_of_one_name_are_noticed() -> None:
    types = Types()
    types.reference(Sample)
    with pytest.raises(AssertionError, match="two types are named Sample"):
        types.reference(msgspec.defstruct("Sample", ["other"]))


def test_without_a_name_the_names_are_listed() -> None:
    ran = pipeline(None, "schema", now=None)
    assert ran.code == 0
    assert max(map(len, ran.text.splitlines())) <= 80
    whole = re.sub(r"\n +", " ", ran.text).splitlines()  # what goes on is indented
    lines = dict(line.split(maxsplit=1) for line in whole)
    assert lines == {name: shape.description for name, shape in ANSWERS.items()}
    listed = pipeline(None, "schema", "--json")
    assert listed.code == 0
    assert listed.json["names"] == lines
    narrow = pipeline(None, "schema", env={"COLUMNS": "10"})
    assert (narrow.code, narrow.text.split()) == (0, ran.text.split())


@pytest.mark.parametrize(
    ("name", "near"), [("metrcs", "metrics"), ("Effectivenes", "effectiveness"), ("err", "error")]
)
def test_an_unknown_name_is_exit_2_with_a_suggestion(name: str, near: str) -> None:
    ran = pipeline(None, "schema", name, "--json")
    assert ran.code == 2
    assert ran.json["error"]["hint"] == f"did you mean {near}?"


@pytest.mark.parametrize("name", ["", "xyzzy", "../status", "x" * 10_000, "stat us\n\x1b[31m"])
def test_a_name_that_is_none_is_answered_shortly(name: str) -> None:
    ran = pipeline(None, "schema", name, timeout=10)
    assert ran.code == 2
    assert ran.out == b""
    assert len(ran.err) < 200
    assert "\x1b" not in ran.err
    assert "pipeline schema lists the names" in ran.err or "did you mean" in ran.err


def test_the_same_bytes_twice_and_anywhere(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": "= broken", "pyproject.toml": "[tool.pipeline"})
    runs = [
        pipeline(None, "schema", "demo", now=None),
        pipeline(None, "schema", "demo", cwd=tmp_path),
        pipeline(tmp_path / "gone", "schema", "demo", "--json"),
        pipeline(tmp_path, "schema", "demo", env={"PIPELINE_WINDOW_DAYS": "no number"}),
    ]
    assert {(ran.code, ran.err) for ran in runs} == {(0, "")}
    assert len({ran.out for ran in runs}) == 1

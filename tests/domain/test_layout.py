"""The rules of `init`: which place is meant, what is made, which settings lead there."""

import tomllib
from typing import Any

import pytest

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.health import Privacy, environment, left_out, platform_limits, setting_row
from pipeline_cli.domain.layout import (
    PLACES,
    Candidate,
    Look,
    PhaseSeen,
    Proposal,
    Where,
    choose,
    plan_text,
    propose,
)
from pipeline_cli.formats import backlog_md, plan_md

DEFAULTS = {
    "specs": "specs",
    "backlog": "backlog/006-overnight-backlog.md",
    "meta_backlog": "backlog/007-meta-pipeline-backlog.md",
    "plan": "docs/PLAN.md",
    "questions": "docs/META-QUESTIONS.md",
    "coverage": "docs/SPEC-COVERAGE.md",
    "status": "docs/STATUS.md",
    "logs": "api/logs",
}


def look(found: dict[str, Where] | None = None, **fields: Any) -> Look:
    absent = {place.what: Where(place.what, DEFAULTS[place.what], "absent") for place in PLACES}
    return Look(where={**absent, **(found or {})}, **fields)


def there(what: str) -> dict[str, Where]:
    return {what: Where(what, DEFAULTS[what], "there")}


def elsewhere(what: str, path: str) -> dict[str, Where]:
    return {what: Where(what, path, "elsewhere")}


def text_of(proposal: Proposal, path: str) -> str:
    return next(create.text for create in proposal.creates if create.path == path)


def settings(proposal: Proposal) -> dict[str, Any]:
    return tomllib.loads(proposal.settings)


def phases_of(text: str) -> list[tuple[int, list[int]]]:
    backlog = backlog_md.parse(SourceFile("b.md", text))
    assert backlog.findings == ()
    return [
        (phase.number, [item.number for item in backlog.in_phase(phase.number)])
        for phase in backlog.phases
    ]


def test_an_empty_folder_gets_everything_but_logs_and_no_setting() -> None:
    proposal = propose(look())
    made = {create.path for create in proposal.creates}
    documents = set(DEFAULTS.values()) - {"specs", "api/logs"}
    assert made == documents | {"pipeline.toml", "specs/001-first-steps.md"}
    assert settings(proposal) == {}
    assert (proposal.found, proposal.kept) == ((), ())


def test_the_settings_file_is_made_first_so_that_a_second_run_goes_on() -> None:
    assert propose(look()).creates[0].path == "pipeline.toml"


def test_a_fresh_backlog_and_a_fresh_plan_name_the_same_phases() -> None:
    proposal = propose(look())
    assert phases_of(text_of(proposal, DEFAULTS["backlog"])) == [(6, [1]), (7, [2])]
    plan = plan_md.parse(SourceFile("p.md", text_of(proposal, DEFAULTS["plan"])))
    assert [phase.number for phase in plan.phases] == [6, 7]


def test_a_new_backlog_follows_the_plan_and_tracks_where_the_work_begins() -> None:
    plan = tuple(PhaseSeen(number, f"Part {number}") for number in (1, 2, 3, 2))
    proposal = propose(look(there("plan"), plan=plan))
    assert phases_of(text_of(proposal, DEFAULTS["backlog"])) == [(1, [1]), (2, [2]), (3, [3])]
    assert settings(proposal) == {"tracked_phases": [1, 2]}


def test_a_new_backlog_names_every_spec_and_brings_no_example() -> None:
    specs = ("specs/001-a.md", "specs/002-b.md", "specs/003 odd\n## Phase 9.md")
    proposal = propose(look(there("specs"), specs=specs))
    text = text_of(proposal, DEFAULTS["backlog"])
    assert phases_of(text) == [(6, [1, 2]), (7, [3])]
    assert "specs/001-a.md" in text
    assert "specs/002-b.md" in text
    assert "odd" not in text
    assert not any("first-steps" in create.path for create in proposal.creates)


def test_no_example_spec_beside_a_backlog_that_would_not_name_it() -> None:
    proposal = propose(look(there("backlog"), backlog=(PhaseSeen(6, "x", 1),)))
    assert not any(create.path.endswith("first-steps.md") for create in proposal.creates)


def test_beside_a_backlog_the_folder_of_the_specs_is_made_where_nothing_lies_there() -> None:
    seen = {"backlog": (PhaseSeen(6, "x", 1),)}
    assert text_of(propose(look(there("backlog"), **seen)), "specs/.gitkeep") == ""
    proposal = propose(look(there("backlog"), specs_folder=True, **seen))
    assert not any(create.path.startswith("specs/") for create in proposal.creates)


def test_a_backlog_without_phases_gets_no_plan_and_it_is_said() -> None:
    proposal = propose(look(there("backlog"), backlog=()))
    assert [left.path for left in proposal.not_made] == [DEFAULTS["plan"]]
    assert DEFAULTS["plan"] not in {create.path for create in proposal.creates}
    assert propose(look(there("backlog") | there("plan"), backlog=())).not_made == ()
    assert propose(look(there("backlog"), backlog=(PhaseSeen(6, "x", 1),))).not_made == ()


@pytest.mark.parametrize(
    ("backlog", "tracked"),
    [
        ([(1, 2, True), (2, 2, True), (3, 2, True)], [2, 3]),
        ([(1, 2, True), (2, 2, True), (3, 2, False)], [1, 2]),
        ([(1, 2, False), (2, 2, False), (3, 2, False)], [2, 3]),
        ([(1, 2, True), (2, 0, False)], [1]),
        ([(1, 2, True), (6, 1, True)], None),
        ([], None),
    ],
)
def test_the_phases_of_an_existing_backlog_that_are_tracked(
    backlog: list[tuple[int, int, bool]], tracked: list[int] | None
) -> None:
    phases = tuple(PhaseSeen(number, "x", items, live) for number, items, live in backlog)
    assert settings(propose(look(there("backlog"), backlog=phases))).get("tracked_phases") == (
        tracked
    )


def test_stated_phases_are_left_alone() -> None:
    phases = (PhaseSeen(1, "x", 1),)
    stated = frozenset({"tracked_phases"})
    proposal = propose(look(there("backlog"), backlog=phases, stated=stated))
    assert "tracked_phases" not in settings(proposal)


def test_places_elsewhere_become_settings_and_are_not_made_again() -> None:
    found = {**elsewhere("specs", "docs/specs"), **elsewhere("logs", "var/logs")}
    proposal = propose(look({**found, **elsewhere("plan", "ROADMAP.md")}))
    assert settings(proposal) == {
        "paths": {"specs": "docs/specs", "plan": "ROADMAP.md"},
        "logs": {"dir": "var/logs"},
    }
    assert DEFAULTS["plan"] not in {create.path for create in proposal.creates}
    assert {found.setting for found in proposal.found} == {"paths.specs", "paths.plan", "logs.dir"}


def test_a_settings_file_that_is_there_is_kept_and_the_lines_to_add_are_said() -> None:
    proposal = propose(look(elsewhere("plan", "PLAN.md"), settings_file="pipeline.toml"))
    assert "pipeline.toml" not in {create.path for create in proposal.creates}
    assert proposal.settings == '[paths]\nplan = "PLAN.md"\n'
    assert proposal.kept[0].path == "pipeline.toml"


def test_with_everything_there_nothing_is_made() -> None:
    found = {place.what: Where(place.what, DEFAULTS[place.what], "there") for place in PLACES}
    proposal = propose(
        look(found, settings_file="pipeline.toml", backlog=(PhaseSeen(6, "x", 1),), plan=())
    )
    assert (proposal.creates, proposal.settings) == ((), "")


def test_the_place_that_holds_most_is_meant_then_the_least_deep() -> None:
    assert choose([]) is None
    assert choose([Candidate("plan", "a.md", 3, suits=False)]) is None
    many, few = Candidate("plan", "x/y/z.md", 3), Candidate("plan", "a.md", 2)
    assert choose([few, many]) == many
    shallow, deep = Candidate("plan", "z.md", 1), Candidate("plan", "a/a.md", 1)
    assert choose([deep, shallow]) == shallow


def test_the_title_of_a_phase_opens_nothing_in_what_we_write() -> None:
    title = "Go `x` | [a](b) <b> \x1b[31m — DONE ✓ #"
    text = plan_text([PhaseSeen(1, title)])
    line = next(line for line in text.splitlines() if line.startswith("## "))
    assert not set("`|[]<>\x1b✓") & set(line)
    assert plan_md.parse(SourceFile("p.md", text)).numbers == {1}


# The rules of `doctor`


def test_the_names_of_variables_are_sorted_by_whose_they_are() -> None:
    names = ["PIPELINE_WINDOW_DAYS", "PIPELINE_FOO", "CI", "HOME", "PIPELINE_AUTO_COMMIT"]
    seen = environment(names, ["PIPELINE_WINDOW_DAYS"], ["PIPELINE_WINDOW_DAYS", "pipeline.toml"])
    assert seen.used == ("PIPELINE_WINDOW_DAYS",)
    assert seen.foreign == ("PIPELINE_FOO",)
    assert seen.kept == ("CI", "PIPELINE_AUTO_COMMIT")


@pytest.mark.parametrize("name", ["notify.token", "x.api_key", "db.password", "client_secret"])
def test_a_setting_that_looks_secret_is_never_shown(name: str) -> None:
    assert setting_row(name, "v", "d", "pipeline.toml").value == "(hidden)"


@pytest.mark.parametrize("name", ["paths.backlog", "monitor.min_running", "window_days"])
def test_other_settings_are_shown(name: str) -> None:
    assert setting_row(name, "v", "d", "pipeline.toml").value == "v"


def test_why_a_file_is_no_spec() -> None:
    assert left_out("specs/README.md", ("README*",), ()).reason == "specs.ignore has README*"
    assert "backlog" in left_out("specs/006-b.md", (), ("specs/006-b.md",)).reason
    assert "NNN-slug" in left_out("specs/notes.md", (), ()).reason


def test_root_and_home_are_taken_out_of_a_text() -> None:
    clean = Privacy(("/home/joe/code",), "/home/joe").text
    assert clean("in /home/joe/code/docs and /home/joe/x, /home/joe") == "in ./docs and ~/x, ~"
    assert clean("/home/joel and feature/home/joe") == "/home/joel and feature/home/joe"
    assert Privacy(("/",), "/").text("/etc") == "/etc"


def test_platform_limits() -> None:
    assert platform_limits("Linux", ignores_case=False) == ()
    assert "reading only" in platform_limits("Windows", ignores_case=True)[0]
    assert len(platform_limits("Darwin", ignores_case=True)) == 1


def test_what_else_could_have_been_meant_is_named_as_not_used() -> None:
    places = [Candidate("plan", path, suits=False) for path in ("ROADMAP.md", "docs/b-plan.md")]
    proposal = propose(look(candidates=tuple(places)))
    why = "no phases"
    assert [(found.path, found.used, found.why) for found in proposal.found] == [
        ("ROADMAP.md", False, why),
        ("docs/b-plan.md", False, why),
    ]


def test_a_phase_that_a_backlog_has_twice_stands_in_the_plan_once() -> None:
    text = plan_text([PhaseSeen(6, "a"), PhaseSeen(6, "again"), PhaseSeen(7, "b")])
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Phase 6: a",
        "## Phase 7: b",
    ]


def test_what_is_hidden_is_named_with_the_setting_that_uses_it() -> None:
    places = [
        Candidate("specs", ".specify/specs", 3, hidden=True),
        Candidate("specs", "docs/specs", 2),
    ]
    (found,) = [one for one in propose(look(candidates=tuple(places))).found if not one.used][-1:]
    assert (found.path, found.why) == (".specify/specs", "hidden; set paths.specs to use it")

"""Which spec a row of the coverage table belongs to."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline_cli.domain.coverage import (
    Ambiguous,
    CoverageRow,
    Match,
    Matched,
    Nothing,
    Section,
    match,
    match_sections,
    whole,
)
from pipeline_cli.domain.specs import Spec, title_from_stem


def spec(stem: str, title: str | None = None) -> Spec:
    return Spec(stem, f"specs/{stem}.md", title or title_from_stem(stem))


def row(label: str, notes: str = "", *, line: int = 1) -> CoverageRow:
    from pipeline_cli.domain.coverage import plain_label

    text = f"| {label} | ✓ | ✓ | ✓ | {notes} |"
    return CoverageRow(
        label, plain_label(label), line, "✓", "✓", "✓", notes, False, 5, 0, len(text), text
    )


def matched(label: str, *stems: str | Spec, notes: str = "", there: str = "") -> Match:
    specs = [each if isinstance(each, Spec) else spec(each) for each in stems]
    return match([row(label, notes)], specs, lambda name: name == there)[0]


def test_a_number_and_a_shared_word_are_enough() -> None:
    assert matched("003 Decision Loop", "003-agent-decisions-loop") == Matched(
        "003-agent-decisions-loop", "number"
    )


def test_words_of_the_title_in_the_front_matter_count_too() -> None:
    given = spec("003-x", "Telegram decision loop")
    assert matched("003 Decision", given) == Matched("003-x", "number")


def test_small_words_are_shared_by_all_and_prove_nothing() -> None:
    found = matched("003 State of the Union", "003-rules-of-the-road")
    assert found == Ambiguous(("003-rules-of-the-road",))


@pytest.mark.parametrize(
    ("label", "stem"),
    [
        ("027 Fully Automated Pipeline", "027-fully-automated-pipeline"),
        ("027 Auto Update Framework", "027-auto-update-framework"),
    ],
)
def test_of_two_specs_with_one_number_the_words_decide(label: str, stem: str) -> None:
    found = matched(label, "027-fully-automated-pipeline", "027-auto-update-framework")
    assert found in (Matched(stem, "number"), Matched(stem, "label"))


def test_where_two_share_words_the_one_that_shares_more_is_it() -> None:
    assert matched("027 Auto Pipeline Update", "027-auto-update", "027-auto-pilot") == Matched(
        "027-auto-update", "number"
    )


def test_where_two_share_as_much_none_is_chosen() -> None:
    assert matched("027 Auto Thing", "027-auto-update", "027-auto-pilot") == Ambiguous(
        ("027-auto-pilot", "027-auto-update")
    )


def test_more_than_any_other_is_too_little_below_a_third_of_the_label() -> None:
    label = "027 alpha beta one two three four five six"
    assert matched(label, "027-alpha-beta", "027-alpha-x") == Ambiguous(
        ("027-alpha-beta", "027-alpha-x")
    )


def test_a_file_name_beats_the_number_and_the_title() -> None:
    for notes in ("see specs/009-real.md", "[doc](../specs/009-real.md#top)", "`009-real.md`"):
        assert matched("009 Other", "009-other", "009-real", notes=notes) in (
            Matched("009-other", "label"),
            Matched("009-real", "file"),
        )
        assert matched("009 Oth", "009-other-oth", "009-real", notes=notes) == Matched(
            "009-real", "file"
        )


def test_a_link_in_the_spec_cell_is_a_file_name() -> None:
    label = "[Gauges](../specs/002-gauge-import.md)"
    assert matched(label, "002-gauge-import", "003-gauges") == Matched("002-gauge-import", "file")


def test_a_file_in_the_notes_with_another_number_is_a_reference() -> None:
    specs = ("003-decision-loop-agent", "002-agent")
    assert matched("003 Decision Loop", *specs, notes="after 002-agent.md") == Matched(
        "003-decision-loop-agent", "number"
    )
    assert matched("003 Decision Loop", "002-agent", notes="now 002-agent.md") == Matched(
        "002-agent", "file"
    )


def test_a_file_that_is_no_spec_leaves_the_row_without_one() -> None:
    file = "007-meta-backlog.md"
    for label, notes in (("007 Backlog", f"see {file}"), (f"[007 Backlog]({file})", "")):
        found = matched(label, "007-backlog-landing", notes=notes, there=file)
        assert found == Nothing()


def test_a_file_that_is_not_there_tells_nothing() -> None:
    link = "[001 Login](../specs/001-login.md)"
    assert matched(link, "001-login-form") == Matched("001-login-form", "number")
    assert match([row(link)], [spec("001-login-form")]) == (Matched("001-login-form", "number"),)
    assert matched("001 Login", "001-login-form", notes="001-login.md") == (
        Matched("001-login-form", "number")
    )
    assert matched("[001 Sign-in](001-in.md)", "001-login", "005-auth", notes="005-auth.md") == (
        Matched("005-auth", "file")
    )
    assert matched("[001 Sign-in](001-in.md)", "001-login") == Ambiguous(("001-login",))


@pytest.mark.parametrize(
    "label",
    [
        "1 Login Form",
        "1. Login Form",
        "#1 Login Form",
        "Spec 1: Login Form",
        "spec #01 – Login Form",
        "S001 Login Form",
        "0001 Login Form",
        "[1](../specs/001-gone.md) Login-Form",
        "Login Form (001)",
        "Login Form (spec 1)",
        "Login Form [S001]",
        "Login Form #1",
        "Login Form, spec 1",
        "Login Form 001",
        "001-login-form.md",
        "`001-login-form.md`",
    ],
)
def test_the_same_number_in_another_shape_with_the_same_title_is_certain(label: str) -> None:
    found = matched(label, "001-login-form", "002-login-page")
    assert found in (Matched("001-login-form", "number"), Matched("001-login-form", "file"))


@pytest.mark.parametrize(
    ("label", "stems"),
    [
        ("1 Login", ("001-login-form",)),
        ("Login page (001)", ("001-login-form",)),
        ("2 Login Form", ("001-login-form", "002-form-fields")),
        ("3 Login Form", ("001-login-form",)),
        ("#1 Sign-in", ("001-login-form",)),
        ("0001 Sign-in", ("001-login-form",)),
        ("1", ("001-login-form",)),
        ("Login " + "(" * 100_000 + "001", ("001-login-form",)),
    ],
)
def test_what_shares_less_is_ambiguous(label: str, stems: tuple[str, ...]) -> None:
    assert matched(label, "001-login-form", "002-form-fields") == Ambiguous(stems)


@pytest.mark.parametrize(
    "label",
    [
        "1 Way to sign in",
        "S3 Upload",
        "2FA for all",
        "1000 Login Forms",
        "Python 3",
        "The answer (2024)",
        "HTTP 001x",
        "#99 Login page",
    ],
)
def test_a_number_in_a_title_is_none_of_a_spec(label: str) -> None:
    assert matched(label, "001-login-form", "002-form-fields", "003-cache") == Nothing()


def test_a_spec_without_a_number_is_found_by_the_title_behind_one() -> None:
    assert matched("1. Login Form", "login-form") == Matched("login-form", "title")
    twins = [spec("001-a", "Same"), spec("001-b", "Same")]
    assert matched("#1 Same", *twins) == Ambiguous(("001-a", "001-b"))


def test_two_files_in_one_row_are_ambiguous() -> None:
    assert matched("Both", "001-a", "002-b", notes="001-a.md and 002-b.md") == Ambiguous(
        ("001-a", "002-b")
    )
    assert matched("Both", "001-a", notes="README.md") == Nothing()


def test_without_a_number_the_title_is_held_against_the_slugs() -> None:
    assert matched("026 Agent Memory", "agent-memory", "agent") == Matched("agent-memory", "title")
    assert matched("Graph-Store", "019-graph-store") == Matched("019-graph-store", "title")


def test_rows_of_one_title_belong_to_the_same_spec() -> None:
    rows = [row("Heal Completion"), row("heal-completion"), row("Other"), row("Heal Completion")]
    found = match(rows, [spec("047-heal-completion")])
    same = Matched("047-heal-completion", "title")
    assert found == (same, same, Nothing(), same)


@example("a  b")
@given(st.text("a b\t\n\x00\ufffdé\x7f\xa0\u2028\udc80"))
def test_what_is_whole_already_stays_as_it_is(text: str) -> None:
    slow = " ".join(re.sub("[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]", "\ufffd", text).split())
    assert whole(text) == slow


def test_a_label_that_was_cut_fits_the_one_spec_that_begins_so() -> None:
    assert matched("030 Cach", "030-cache") == Matched("030-cache", "title")
    assert matched("Heal Completion Issue Resolutio", "heal-completion-issue-resolution") == (
        Matched("heal-completion-issue-resolution", "title")
    )


def test_a_cut_label_that_fits_two_is_ambiguous() -> None:
    assert matched("Agent Mem", "agent-memory", "agent-members") == Ambiguous(
        ("agent-members", "agent-memory")
    )


def test_a_cut_label_belongs_to_the_one_with_its_number() -> None:
    assert matched("030 Cach", "030-cache", "031-caches") == Matched("030-cache", "title")


def test_a_row_whose_spec_is_not_there_belongs_to_none() -> None:
    assert matched("015 Placeholder", "001-health-check") == Nothing()
    assert matched("", "001-health-check") == Nothing()
    assert matched("✓ ?", "001-health-check") == Nothing()


def test_a_number_alone_is_suspect_only_while_the_spec_has_no_row() -> None:
    health, other = row("001 Health"), row("001 Different")
    specs = [spec("001-health-check")]
    assert match([other], specs) == (Ambiguous(("001-health-check",)),)
    assert match([health, other], specs) == (Matched("001-health-check", "number"), Nothing())


def test_a_plan_row_belongs_to_no_spec() -> None:
    assert matched("PLAN Month 1", "month-1", "plan-month-1") == Nothing()
    assert matched("**PLAN** Month 1", "plan-month-1") == Nothing()
    assert matched("Plans of Month 1", "plans-of-month-1") == Matched("plans-of-month-1", "title")


def test_the_label_that_we_write_is_recognised_whatever_the_title_holds() -> None:
    for title, cell in (
        ("Rewrite of 002-b.md", "001 Rewrite of 002-b.md"),
        ("| ✓ |", r"001 \| ✓ \|"),
        ("--> <!-- x", "001 --&gt; &lt;!-- x"),
        ("a`b", "001 a&#96;b"),
        ("![x](y)", r"001 !\[x](y)"),
    ):
        found = matched(cell, spec("001-a", title), "002-b")
        assert found == Matched("001-a", "label"), title


def test_two_specs_with_one_label_are_ambiguous_until_a_file_is_named() -> None:
    twins = [spec("001-a", "Same"), spec("001-b", "Same")]
    assert matched("001 Same", *twins) == Ambiguous(("001-a", "001-b"))
    assert matched("001 Same", *twins, notes="001-b.md") == Matched("001-b", "file")


def test_sections_belong_to_the_spec_whose_title_shares_a_word() -> None:
    sections = [
        Section(("022", "025"), "Import Stack", 1, (), ()),
        Section(("027",), "Auto Update Framework", 9, (), ()),
        Section(("099",), "Gone", 12, (), ()),
        Section(("030",), "Unlike", 13, (), ()),
    ]
    specs = [
        spec("022-import-stack"),
        spec("025-requirements-import"),
        spec("027-auto-update"),
        spec("027-other"),
        spec("030-cache"),
    ]
    assert match_sections(sections, specs) == (
        (Matched("022-import-stack", "number"), Matched("025-requirements-import", "number")),
        (Matched("027-auto-update", "number"),),
        (Nothing(),),
        (Ambiguous(("030-cache",)),),
    )

"""Test reports: distinct cases, and how a person's name for a test finds them."""

from datetime import UTC, datetime

import pytest

from pipeline_cli.domain.asked_tests import Unasked
from pipeline_cli.domain.report_names import Spot, spots_of
from pipeline_cli.domain.reports import Case, CaseOutcome, Outcome, Report, Reports, fresh

AT = datetime(2026, 2, 12, 12, tzinfo=UTC)
LATER = datetime(2026, 2, 12, 13, tzinfo=UTC)
FILE = "api/tests/test_health.py"


def case(
    classname: str,
    name: str,
    outcome: CaseOutcome = "passed",
    *,
    suite: str = "pytest",
    file: str | None = None,
) -> Case:
    return Case(suite, classname, name, file, outcome)


def reports(*cases: Case, files: tuple[str, ...] = (), time: datetime | None = AT) -> Reports:
    return Reports([Report("junit.xml", cases, time)], files)


def counts(outcome: Outcome) -> tuple[str, int, int, int]:
    return (outcome.status, outcome.passed, outcome.failed, outcome.skipped)


PYTEST = reports(
    case("tests.test_health", "test_ok"),
    case("tests.test_health", "test_many[a-b]"),
    case("tests.test_health", "test_many[c::d]", "failed"),
    case("tests.test_health", "test_later", "skipped"),
    case("tests.test_health.TestX", "test_ok", "failed"),
    case("tests.test_health.TestX", "test_in"),
    case("tests.test_health.TestX.TestDeep", "test_deep", "error"),
    case("tests.test_other", "test_ok"),
)


@pytest.mark.parametrize(
    ("file", "names", "expected"),
    [
        (FILE, (), ("failed", 3, 3, 1)),
        ("tests/test_health.py", (), ("failed", 3, 3, 1)),
        (FILE, ("test_ok",), ("passed", 1, 0, 0)),
        (FILE, ("TestX", "test_ok"), ("failed", 0, 1, 0)),
        (FILE, ("test_many",), ("failed", 1, 1, 0)),
        (FILE, ("test_many[a-b]",), ("passed", 1, 0, 0)),
        (FILE, ("test_many[c::d]",), ("failed", 0, 1, 0)),
        (FILE, ("test_later",), ("skipped", 0, 0, 1)),
        (FILE, ("TestX",), ("failed", 1, 2, 0)),
        (FILE, ("test_in",), ("passed", 1, 0, 0)),
        (FILE, ("TestX", "TestDeep"), ("failed", 0, 1, 0)),
        (FILE, ("TestDeep", "test_deep"), ("failed", 0, 1, 0)),
        (FILE, ("test_man",), ("absent", 0, 0, 0)),
        (FILE, ("TestY", "test_ok"), ("absent", 0, 0, 0)),
        ("api/tests/test_healthy.py", (), ("absent", 0, 0, 0)),
        ("api/tests/test_health.ts", (), ("absent", 0, 0, 0)),
        ("other/test_health.py", (), ("absent", 0, 0, 0)),
        (None, ("test_in",), ("passed", 1, 0, 0)),
        (None, ("TestX",), ("failed", 1, 2, 0)),
        (None, ("test_none",), ("absent", 0, 0, 0)),
        (None, (), ("absent", 0, 0, 0)),
    ],
)
def test_a_pytest_report_answers(
    file: str | None, names: tuple[str, ...], expected: tuple[str, int, int, int]
) -> None:
    outcome = PYTEST.outcome_of(file, names)
    assert counts(outcome) == expected
    assert outcome.ambiguous == ()
    assert PYTEST.outcome_of(file, names) is outcome


def test_the_first_failing_case_is_named() -> None:
    failing = PYTEST.outcome_of(FILE).first_failing
    assert failing is not None
    assert failing.name == "test_many[c::d]"
    assert PYTEST.outcome_of(FILE, ("test_ok",)).first_failing is None


def test_a_bare_name_in_several_places_is_an_answer_only_where_they_agree() -> None:
    mixed = PYTEST.outcome_of(None, ("test_ok",))
    assert counts(mixed) == ("absent", 0, 0, 0)
    assert mixed.ambiguous == ("tests/test_health", "tests/test_other")
    agreed = reports(case("a.test_x", "test_ok"), case("b.test_y", "test_ok"))
    assert counts(agreed.outcome_of(None, ("test_ok",))) == ("passed", 2, 0, 0)


def test_a_case_is_counted_once_and_a_failure_stands() -> None:
    flaky = [
        Report("a.xml", (case("t.test_a", "test_x", "failed"), case("t.test_a", "test_y")), AT),
        Report("b.xml", (case("t.test_a", "test_x"), case("t.test_a", "test_y", "skipped")), LATER),
        Report("c.xml", (case("t.test_a", "test_z", "skipped"),), AT),
    ]
    for ordered in (flaky, flaky[::-1]):
        merged = Reports(ordered)
        assert merged.count == len(merged.cases) == 3
        assert counts(merged.outcome_of("t/test_a.py")) == ("failed", 1, 1, 1)
        assert merged.any_failed


def test_the_time_of_an_answer_is_that_of_the_oldest_report_it_rests_on() -> None:
    merged = Reports(
        [
            Report("a.xml", (case("t.test_a", "test_x"), case("t.test_a", "test_y")), AT),
            Report("b.xml", (case("t.test_a", "test_y"),), LATER),
            Report("c.xml", (case("t.test_b", "test_z"), case("t.test_a", "test_y")), None),
        ]
    )
    assert merged.outcome_of("t/test_a.py", ("test_y",)).time == LATER
    assert merged.outcome_of("t/test_a.py").time == AT
    assert merged.outcome_of("t/test_b.py").time is None
    assert merged.time is None
    assert reports(case("t.test_a", "test_x")).time == AT


def test_nothing_failed_where_nothing_ran() -> None:
    assert not Reports([]).any_failed
    assert Reports([]).time is None
    assert not reports(case("t.test_a", "test_x", "skipped"), case("t.test_a", "test_y")).any_failed
    assert reports(case("t.test_a", "test_x", "error")).any_failed


def test_a_report_is_fresh_from_the_last_change_on() -> None:
    assert fresh(AT, AT)
    assert fresh(LATER, AT)
    assert not fresh(AT, LATER)
    assert not fresh(None, AT)
    assert not fresh(AT, None)


WEB = "web/tests/test_health.py"


def test_a_place_that_fits_two_files_is_said_and_not_guessed() -> None:
    found = reports(case("tests.test_health", "test_ok"), files=(FILE, WEB))
    for file in (FILE, WEB):
        outcome = found.outcome_of(file, ("test_ok",))
        assert outcome.status == "absent"
        assert outcome.ambiguous == (FILE, WEB)
    assert found.outcome_of(FILE).ambiguous == (FILE, WEB)


def test_a_place_in_full_belongs_to_its_file_alone() -> None:
    found = reports(case("tests.test_health", "test_ok"), files=(FILE, WEB, "tests/test_health.py"))
    assert found.outcome_of("tests/test_health.py", ("test_ok",)).status == "passed"
    assert found.outcome_of(FILE, ("test_ok",)) == Outcome("absent")


def test_a_place_in_full_goes_with_one_in_part() -> None:
    found = reports(
        case("api.tests.test_health", "test_ok"),
        case("tests.test_health", "test_more", "failed"),
        files=(FILE,),
    )
    assert counts(found.outcome_of(FILE)) == ("failed", 1, 1, 0)


def test_two_files_of_the_report_that_fit_one_of_the_tree_are_said() -> None:
    found = reports(
        case("", "test_ok", file="api/tests/test_x.py"),
        case("", "test_ok", "failed", file="web/tests/test_x.py"),
        files=("tests/test_x.py",),
    )
    outcome = found.outcome_of("tests/test_x.py")
    assert outcome == Outcome("absent", ambiguous=("api/tests/test_x.py", "web/tests/test_x.py"))


def test_a_whole_path_in_the_report_goes_before_longer_ones() -> None:
    found = reports(
        case("", "test_ok", file="./tests/test_x.py"),
        case("", "test_no", "failed", file="api/tests/test_x.py"),
        files=("tests/test_x.py", "api/tests/test_x.py"),
    )
    assert counts(found.outcome_of("tests/test_x.py")) == ("passed", 1, 0, 0)
    assert counts(found.outcome_of("api/tests/test_x.py")) == ("failed", 0, 1, 0)


@pytest.mark.parametrize(
    "file", ["/home/runner/w/api/tests/test_health.py", r"C:\w\api\tests\test_health.py"]
)
def test_an_absolute_path_of_another_machine_is_found_by_its_end(file: str) -> None:
    found = reports(
        case("tests.test_health", "test_ok", file=file),
        case("tests.test_health", "test_b", file="/Users/x/api/tests/test_health.py"),
        files=(FILE,),
    )
    assert counts(found.outcome_of(FILE)) == ("passed", 2, 0, 0)


def test_an_inherited_test_is_found_by_its_class_and_by_its_file() -> None:
    found = reports(case("tests.test_health.TestX", "test_a", file="tests/base.py"))
    assert found.outcome_of(FILE, ("TestX", "test_a")).status == "passed"
    assert found.outcome_of("api/tests/base.py", ("test_a",)).status == "passed"


@pytest.mark.parametrize(
    "written",
    [
        # jest-junit as it comes, with a file, and with templates; vitest; Playwright; mocha.
        case("Health returns ok", "Health returns ok", suite="Health", file="src/h.test.ts"),
        case("Health", "returns ok", suite="Health", file="src/h.test.ts"),
        case("src/h.test.ts", "Health returns ok", suite="Health"),
        case("src/h.test.ts", "Health > returns ok", suite="src/h.test.ts"),
        case("h.test.ts", "Health › returns ok", suite="h.test.ts"),
        case("returns ok", "Health returns ok", suite="Health", file="/b/web/src/h.test.ts"),
    ],
)
@pytest.mark.parametrize(
    "names", [("Health › returns ok",), ("Health", "returns ok"), ("returns ok",), ("Health",), ()]
)
def test_a_title_is_found_as_text(written: Case, names: tuple[str, ...]) -> None:
    found = reports(
        written,
        case("x", "other", "failed", suite="Other", file="src/i.test.ts"),
        files=("web/src/h.test.ts", "web/src/i.test.ts"),
    )
    assert counts(found.outcome_of("web/src/h.test.ts", names)) == ("passed", 1, 0, 0)
    assert found.outcome_of("web/src/h.test.ts", ("returns",)).status == "absent"
    assert found.outcome_of("web/src/h.test.tsx", names).status == "absent"


def test_a_title_joined_with_blanks_is_found_whole() -> None:
    found = reports(case("A b works at last", "A b works at last", suite="A", file="a.test.js"))
    for names in (("A b works at last",), ("A", "b works at last"), ("b works at last",)):
        assert found.outcome_of("a.test.js", names).status == "passed"
    assert found.outcome_of("a.test.js", ("works at last",)).status == "absent"


def test_a_report_without_files_is_matched_by_a_title_that_it_has_once() -> None:
    once = case("Health returns ok", "Health returns ok", suite="Health")
    found = reports(once, case("Other fails", "Other fails", "failed", suite="Other"))
    assert found.outcome_of("web/h.test.ts", ("Health › returns ok",)).status == "passed"
    assert found.outcome_of("web/h.test.ts", ("Health › returns",)).status == "absent"
    assert found.outcome_of("web/h.test.ts", ("Health", "returns ok")).status == "passed"
    assert found.outcome_of("web/h.test.ts", ("Health returns ok",)).status == "passed"
    assert found.outcome_of("web/h.test.ts").status == "absent"
    twice = reports(once, case("Health returns ok", "Health returns ok", suite="Again"))
    assert twice.outcome_of("web/h.test.ts", ("Health returns ok",)).status == "absent"


HEALTH = "github.com/x/repo/pkg/health"
GO = reports(
    case(HEALTH, "TestFoo", suite=HEALTH),
    case(HEALTH, "TestFoo/sub", "failed", suite=HEALTH),
    case(HEALTH, "TestFoo/sub/deep", suite=HEALTH),
    case("health", "TestBar", suite="github.com/x/repo/health"),
    case("repo", "TestMain2", suite="github.com/x/repo"),
    files=(
        "pkg/health/a_test.go",
        "pkg/health/b_test.go",
        "health/h_test.go",
        "main_test.go",
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("file", "names", "expected"),
    [
        ("pkg/health/a_test.go", ("TestFoo",), ("failed", 2, 1, 0)),
        ("pkg/health/a_test.go", ("TestFoo/sub",), ("failed", 1, 1, 0)),
        ("pkg/health/a_test.go", ("TestFoo/sub/deep",), ("passed", 1, 0, 0)),
        ("pkg/health/a_test.go", ("TestBar",), ("absent", 0, 0, 0)),
        ("health/h_test.go", ("TestBar",), ("passed", 1, 0, 0)),
        ("health/h_test.go", (), ("passed", 1, 0, 0)),
        ("health/h_test.go", ("TestFoo",), ("absent", 0, 0, 0)),
        ("main_test.go", ("TestMain2",), ("passed", 1, 0, 0)),
        ("main_test.go", ("TestBar",), ("absent", 0, 0, 0)),
        ("elsewhere/x_test.go", ("TestBar",), ("absent", 0, 0, 0)),
        (None, ("TestFoo",), ("failed", 2, 1, 0)),
    ],
)
def test_a_go_report_answers_by_package(
    file: str | None, names: tuple[str, ...], expected: tuple[str, int, int, int]
) -> None:
    assert counts(GO.outcome_of(file, names)) == expected


def test_a_go_file_beside_another_has_no_cases_of_its_own() -> None:
    outcome = GO.outcome_of("pkg/health/a_test.go")
    assert outcome == Outcome("absent", ambiguous=("package github.com/x/repo/pkg/health",))


def test_a_go_package_named_in_part_is_found_where_one_folder_ends_so() -> None:
    part = case("health", "TestFoo", suite="")
    one = reports(part, files=("pkg/health/a_test.go", "main_test.go"))
    assert one.outcome_of("pkg/health/a_test.go", ("TestFoo",)).status == "passed"
    two = reports(part, files=("pkg/health/a_test.go", "cmd/health/b_test.go"))
    assert two.outcome_of("pkg/health/a_test.go", ("TestFoo",)).status == "absent"


def test_a_go_report_with_files_is_matched_by_them() -> None:
    found = reports(case("health", "TestFoo", suite="x/health", file="health/a_test.go"))
    assert found.outcome_of("health/a_test.go").status == "passed"


JAVA = "src/test/java/com/x/FooTest.java"


@pytest.mark.parametrize(
    ("file", "names", "expected"),
    [
        (JAVA, (), ("failed", 3, 1, 0)),
        (JAVA, ("testFoo",), ("passed", 2, 0, 0)),
        (JAVA, ("FooTest", "testFoo"), ("passed", 2, 0, 0)),
        (JAVA, ("Inner", "testIn"), ("failed", 0, 1, 0)),
        ("src/test/kotlin/com/x/FooTest.kt", (), ("failed", 3, 1, 0)),
        ("src/test/java/com/y/FooTest.java", (), ("absent", 0, 0, 0)),
        ("com/x.py", (), ("failed", 3, 1, 0)),
        (None, ("FooTest",), ("failed", 3, 1, 0)),
    ],
)
def test_a_surefire_report_answers(
    file: str | None, names: tuple[str, ...], expected: tuple[str, int, int, int]
) -> None:
    found = reports(
        case("com.x.FooTest", "testFoo(int)[1]"),
        case("com.x.FooTest", "testFoo{String}[2]"),
        case("com.x.FooTest", "plain"),
        case("com.x.FooTest$Inner", "testIn", "failed"),
    )
    assert counts(found.outcome_of(file, names)) == expected


def test_reports_are_doubted_after_a_change_unless_they_have_no_case() -> None:
    told = (case("tests.test_health", "test_ok"),)
    empty = Report("empty.xml", ())
    assert not Reports([empty]).tell_anything
    both = Reports([empty, Report("a.xml", told, AT)])
    assert both.tell_anything
    assert [both.doubt_after("x.py", one) for one in (None, AT)] == [None, None]
    assert both.doubt_after("x.py", LATER) == "the report a.xml is older than x.py"
    undated = Reports([Report("a.xml", told)])
    assert undated.doubt_after("x.py", None) == "the report a.xml has no time that counts"


def test_cases_that_are_only_counted_tell_something() -> None:
    unasked = Unasked()
    assert not Report("a.xml", (), AT, unasked).holds_any
    unasked.add("suite", "class", "name", None)
    assert Reports([Report("a.xml", (), AT, unasked)]).tell_anything


def test_a_case_says_where_it_lies_or_nothing() -> None:
    assert spots_of("pytest", "", None, "tests.test_broken") == ()
    assert spots_of("pytest", "test_a", None, "test_x") == (
        Spot("", "test_a", is_stem=True, python=True),
    )
    assert spots_of("s", "TestA", None, "test_x") == (Spot("", "TestA", is_stem=True),)
    assert spots_of("a b", "a title", None, "TestX") == ()


def test_a_name_alone_finds_its_module_wherever_it_lies() -> None:
    found = reports(case("test_health", "test_ok"), files=(FILE,))
    assert found.outcome_of(FILE, ("test_ok",)).status == "passed"
    below = reports(case("api.tests.test_health", "test_ok"), files=("test_health.py",))
    assert below.outcome_of("test_health.py", ("test_ok",)).status == "passed"


def test_twenty_thousand_questions_to_a_hundred_thousand_cases_are_answered() -> None:
    cases = tuple(
        case(f"tests.test_{file}.TestX", f"test_{number}[{number}]")
        for file in range(5000)
        for number in range(20)
    )
    files = tuple(f"api/tests/test_{file}.py" for file in range(5000))
    found = reports(*cases, files=files)
    for file in files:
        for number in range(4):
            assert found.outcome_of(file, (f"test_{number}",)).passed == 1

"""What is kept of a report answers as the whole report does, and every case is counted."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.asked_tests import AskedTests, Unasked
from pipeline_cli.domain.reports import Case, Report, Reports

SUITES = st.sampled_from(["pytest", "a.test.ts", "x/health", "Health", ""])
CLASSNAMES = st.sampled_from(
    ["tests.test_a", "tests.test_a.TestX", "api.tests.test_a", "tests.test_b", "com.x.FooTest",
     "com.x.FooTest$Inner", "Health", "Health works", "x/health", "health", "src/a.test.ts", ""]
)  # fmt: skip
NAMES = st.sampled_from(
    ["test_a", "test_b", "test_a[1]", "test_b[a::b]", "TestFoo", "TestFoo/sub", "works", "it works",
     "Health works", "Health › works", "testIn(int)[1]", ""]
)  # fmt: skip
IN_REPORT = st.sampled_from(
    [
        None,
        None,
        None,
        "tests/test_a.py",
        "/ci/w/tests/test_a.py",
        "a.test.ts",
        "x/health/a_test.go",
    ]
)
OUTCOMES = st.sampled_from(["passed", "passed", "failed", "error", "skipped"])
CASES = st.lists(st.builds(Case, SUITES, CLASSNAMES, NAMES, IN_REPORT, OUTCOMES), max_size=12)
FILES = (
    "tests/test_a.py",
    "api/tests/test_a.py",
    "tests/test_b.py",
    "src/a.test.ts",
    "src/FooTest.java",
    "x/health/a_test.go",
    "main_test.go",
    "Makefile",
)
ASKED = st.lists(
    st.tuples(
        st.sampled_from(FILES),
        st.sampled_from(
            [(), ("test_a",), ("test_b[a::b]",), ("TestX", "test_a"), ("TestX",), ("TestFoo",),
             ("TestFoo/sub",), ("works",), ("it works",), ("Health", "works"), ("Health › works",),
             ("FooTest", "testIn"), ("Inner", "testIn")]
        ),
    ),
    max_size=4,
)  # fmt: skip


def kept_of(cases: Iterable[Case], asked: AskedTests) -> Report:
    """Keep of a report what its reader keeps."""
    unasked, kept = Unasked(), []
    for case in cases:
        if asked.concern(*case[:4]):
            kept.append(case)
        else:
            unasked.add(*case[:4])
            unasked.any_failed |= case.outcome in ("failed", "error")
    return Report("junit.xml", tuple(kept), unasked=unasked)


@given(first=CASES, second=CASES, asked=ASKED)
def test_what_is_kept_answers_as_the_whole(
    first: list[Case], second: list[Case], asked: list[tuple[str, tuple[str, ...]]]
) -> None:
    whole = Reports([Report("junit.xml", tuple(cases)) for cases in (first, second)], FILES)
    wanted = AskedTests(asked)
    part = Reports([kept_of(cases, wanted) for cases in (first, second)], FILES)
    for file, names in asked:
        assert part.outcome_of(file, names) == whole.outcome_of(file, names)
    assert (part.count, part.any_failed) == (whole.count, whole.any_failed)


def test_a_case_that_nobody_asks_about_is_not_kept() -> None:
    asked = AskedTests([("tests/test_a.py", ("test_a",)), ("web/a.test.ts", ("works",))])
    kept = [
        case
        for case in (
            Case("pytest", "tests.test_a", "test_b", None, "passed"),
            Case("pytest", "tests.test_c", "test_a", None, "passed"),
            Case("Health", "it", "works", None, "passed"),
            Case("Health", "it", "fails", None, "passed"),
        )
        if asked.concern(*case[:4])
    ]
    assert [(case.classname, case.name) for case in kept] == [("tests.test_a", "test_b")]
    assert not AskedTests([]).concern("s", "c", "n", "f.py")


def test_a_go_package_can_count_for_each_of_its_files() -> None:
    asked = AskedTests([("x/health/a_test.go", ("TestFoo",))])
    assert asked.concern("x/health", "x/health", "TestBar", None)
    assert not AskedTests([("a.py", ())]).concern("x/health", "x/health", "TestFoo", None)


def test_cases_of_like_names_are_told_apart() -> None:
    one, other = Unasked(), Unasked()
    for unasked in (one, other, one):
        unasked.add("s", "c", "n", None)
        unasked.add("s", "cn", "", None)
    other.add("s", "c", "n", "f.py")
    assert Unasked.count([one]) == 2
    assert Unasked.count([one, other]) == 3
    assert Unasked.count([]) == 0

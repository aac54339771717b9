"""What is found of a citation in a tree: paths, tests, symbols, and what is not ours to judge."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from pipeline_cli.domain.evidence import Citation, Evidence
from pipeline_cli.domain.reports import Case, CaseOutcome, Report, Reports
from pipeline_cli.domain.symbols import Definitions, Unreadable
from pipeline_cli.domain.tree import ReportedTests, asked_by, is_test_path, look


class Files:
    """A tree given as paths and texts; Python files define what `defines` says."""

    def __init__(
        self, files: dict[str, str], defines: dict[str, Definitions] | None = None
    ) -> None:
        self.files = files
        self.defines = defines or {}
        self.away: dict[str, str] = {}
        self.moves: dict[str, str] = {}
        self.closed: list[str] = []
        self.unread: list[str] = []

    def is_file(self, path: str) -> bool:
        return path in self.files

    def is_folder(self, path: str) -> bool:
        return any(one.startswith(f"{path}/") for one in self.files)

    def matching(self, pattern: Callable[[str], object]) -> Sequence[str]:
        return sorted(path for path in self.files if pattern(path))

    def ending(self, suffix: str) -> Sequence[str]:
        return sorted(p for p in self.files if p == suffix or p.endswith(f"/{suffix}"))

    def apart(self, path: str) -> str | None:
        return self.away.get(path)

    def moved(self, path: str) -> str | None:
        return self.moves.get(path)

    def text(self, path: str) -> str | None:
        return self.files.get(path)

    def definitions(self, path: str) -> Definitions | Unreadable:
        return self.defines.get(path, Unreadable("no language that is known"))

    def tests_named(self, name: str) -> Sequence[str]:
        return sorted(path for path, one in self.defines.items() if name in one.names)

    def test_names(self) -> Sequence[str]:
        return sorted(n for one in self.defines.values() for n in one.names if n[:5] == "test_")

    def unseen(self) -> Sequence[str]:
        return self.closed

    def unread_tests(self) -> Sequence[str]:
        return self.unread


def names(*defined: str, **more: Any) -> Definitions:
    return Definitions(frozenset(defined), **more)


TREE = Files(
    {
        "api/app/main.py": "import helper  # make_it",
        "api/app/routers/health.py": "",
        "api/tests/test_health.py": "",
        "docs/RUNBOOK.md": "the page-header and make_it",
        "a/x.py": "",
        "b/x.py": "",
        "web/page.tsx": "",
        "torn.py": "",
        "web/[id]/page.tsx": "",
        "web/a.test.ts": "",
        "one/x.cfg": "",
        "two/x.cfg": "",
    },
    {
        "api/app/main.py": names("App", "run", members=frozenset({"App.run"})),
        "api/tests/test_health.py": names("test_ok", "test_ok_too", "test_other_long", "TestA"),
        "torn.py": names("known", partial=True),
        "web/a.test.ts": names("helper", titles=frozenset({"shows the page"})),
    },
)


def citation(kind: str = "file", *candidates: str, **more: Any) -> Citation:
    fields = {"ref": candidates[0] if candidates else "x", "path": "specs/1.md", "line": 1}
    fields |= {"origin": "files", "strength": "core", "candidates": candidates} | more
    return Citation(kind, **fields)  # type: ignore[arg-type]


def found(one: Citation, tree: Files = TREE) -> Evidence:
    (evidence,) = look([one], tree)
    return evidence


@pytest.mark.parametrize(
    ("path", "ok", "reason", "at"),
    [
        ("api/app/main.py", True, "found", "api/app/main.py"),
        ("routers/health.py", True, "found at api/app/routers/health.py",
         "api/app/routers/health.py"),
        ("health.py", True, "found at api/app/routers/health.py", "api/app/routers/health.py"),
        ("x.py", None, "ambiguous: a/x.py, b/x.py", None),
        ("api/app/*.py", True, "1 files match, api/app/main.py first", "api/app/main.py"),
        ("app/*.py", True, "1 files match, api/app/main.py first", "api/app/main.py"),
        ("api/*.rs", None, "no file matches", None),
        ("web/[id]/*.tsx", True, "1 files match, web/[id]/page.tsx first", "web/[id]/page.tsx"),
        ("api/app", True, "found, a directory", "api/app"),
        ("api/app/gone.py", False, "absent", None),
        ("api/health.py", False, "absent; same name at api/app/routers/health.py", None),
        ("gone.py", False, "absent", None),
        ("gone.cfg", None, "no file of this name", None),
        ("README.md", None, "no file of this name", None),
    ],
)  # fmt: skip
def test_a_path_is_looked_for_exactly_then_as_a_unique_end(
    path: str, ok: bool | None, reason: str, at: str | None
) -> None:
    evidence = found(citation("file", path))
    assert (evidence.ok, evidence.reason, evidence.at) == (ok, reason, at)


def test_a_directory_needs_a_file_in_it() -> None:
    assert found(citation("directory", "api/app/")).ok is True
    assert found(citation("directory", "api/none/")).ok is False


def test_of_many_files_of_one_name_none_is_offered() -> None:
    tree = Files({f"p{n}/page.tsx": "" for n in range(4)})
    assert found(citation("file", "web/page.tsx"), tree).reason == "absent"


def test_ambiguous_places_are_named_and_the_rest_is_counted() -> None:
    tree = Files({f"p{n}/page.tsx": "" for n in range(5)})
    reason = found(citation("file", "page.tsx"), tree).reason
    assert reason == "ambiguous: p0/page.tsx, p1/page.tsx, p2/page.tsx and 2 more"


def test_candidates_are_tried_in_order() -> None:
    one = citation("file", "api/api/app/main.py", "api/app/main.py")
    assert found(one).at == "api/app/main.py"


def test_what_a_key_of_its_own_names_is_missed_even_as_data() -> None:
    assert found(citation("file", "gone.cfg", explicit=True)).ok is False


def test_what_may_lie_where_nobody_can_look_is_not_missing() -> None:
    tree = Files({"a/b.py": "", "c.cfg": ""})
    tree.closed = ["far", "near"]
    why = "not there, and far, near cannot be looked into"
    assert found(citation("file", "a/gone.py"), tree).reason == why
    assert found(citation("directory", "a/gone/"), tree).ok is None
    assert found(citation("file", "a/b.py"), tree).ok is True
    assert found(citation("file", "near/x.py", absent=True), tree).ok is None
    assert found(citation("file", "nearer/x.py", absent=True), tree).ok is True
    tree.closed = []
    assert found(citation("file", "a/gone.py"), tree).ok is False


def test_a_test_that_may_stand_where_nobody_can_read_is_not_missing() -> None:
    one = citation("test", ref="test_x", names=("test_x",))
    for closed, unread in (["far"], []), ([], ["t/test_a.py"]), (["far"], ["t/test_a.py"]):
        tree = Files({})
        tree.closed, tree.unread = closed, unread
        places = ", ".join([*closed, *unread])
        assert found(one, tree).reason == f"no test of this name, and {places} cannot be read"
        assert found(one, tree).ok is None
    assert found(one, Files({})).ok is False


@pytest.mark.parametrize(
    ("one", "asked"),
    [
        (citation("test", "api/tests/test_health.py", names=("test_ok",)),
         [("api/tests/test_health.py", ("test_ok",))]),
        (citation("test", "tests/test_x.py/", "x.py"), [("tests/test_x.py", ()), ("x.py", ())]),
        (citation("test", "api/tests/*.py", names=("test_ok",)),
         [("api/tests/test_health.py", ("test_ok",))]),
        (citation("test", "none/*.py"), []),
        (citation("test", names=("test_ok",)), [("api/tests/test_health.py", ("test_ok",))]),
        (citation("test", names=("test_health",)),
         [("api/tests/test_health.py", ("test_health",))]),
        (citation("test", names=("test_nowhere",)), []),
        (citation("test"), []),
        (citation("file", "api/tests/test_health.py"), []),
    ],
)  # fmt: skip
def test_what_reports_may_be_asked_is_known_before_they_are_read(
    one: Citation, asked: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert list(asked_by(one, TREE)) == asked
    answer = found(one)
    if one.kind == "test" and answer.ok:
        assert answer.at is not None
        assert answer.at.rpartition("/")[2] in {file.rpartition("/")[2] for file, _ in asked}


def test_what_is_ignored_is_not_ours_to_judge() -> None:
    tree = Files({})
    tree.away["api/x.db"] = "it is ignored by git"
    evidence = found(citation("file", "api/x.db"), tree)
    assert (evidence.ok, evidence.reason) == (None, "not there, and it is ignored by git")


def test_where_a_file_went_is_said() -> None:
    tree = Files({})
    tree.moves["a/old.py"] = "b/new.py"
    evidence = found(citation("file", "a/old.py", ref="../a/old.py"), tree)
    assert (evidence.ok, evidence.reason) == (False, "a/old.py is gone, moved to b/new.py")


def test_a_doubt_makes_a_miss_unknown_and_no_hit() -> None:
    doubt = 'the line says "optional"'
    miss = found(citation("file", "a/gone.py", doubt=doubt))
    assert (miss.ok, miss.reason) == (None, f"absent; {doubt}")
    assert found(citation("file", "a/x.py", doubt=doubt)).ok is True


def test_what_is_to_be_gone() -> None:
    assert found(citation("file", "a/gone.py", absent=True)).ok is True
    assert found(citation("directory", "a/gone/", absent=True)).ok is True
    still = found(citation("file", "a/x.py", absent=True))
    assert (still.ok, still.at) == (None, "a/x.py")


def test_routes_and_requirements_are_not_looked_for() -> None:
    assert found(citation("route", doubt="it is a route")).reason == "it is a route"
    assert found(citation("requirement")).ok is None
    assert found(citation("file")).reason == "it names no path"


@pytest.mark.parametrize(
    ("path", "test", "ok", "reason"),
    [
        ("api/tests/test_health.py", ("test_ok",), True, "found"),
        ("api/tests/test_health.py", ("TestA", "test_ok"), True, "found"),
        ("api/tests/test_health.py", ("test_other",), None,
         "no test of this name there; it begins the name of test_other_long"),
        ("api/tests/test_health.py", ("test_gone",), False, "no test of this name there"),
        ("api/tests/test_health.py", ("test_o*",), True, "3 tests match there"),
        ("api/tests/test_health.py", ("test_z*",), None, "0 tests match there"),
        ("web/a.test.ts", ("shows the page",), True, "found"),
        ("web/a.test.ts", ("hides the page",), None, "no test of this title there"),
        ("web/page.tsx", ("x",), None,
         "the file is found; its tests cannot be read: no language that is known"),
        ("torn.py", ("test_gone",), None,
         "not found there, in a file that does not parse as a whole"),
        ("api/tests/test_gone.py", ("test_ok",), False, "absent"),
    ],
)  # fmt: skip
def test_a_test_is_looked_for_in_its_file(
    path: str, test: tuple[str, ...], ok: bool | None, reason: str
) -> None:
    evidence = found(citation("test", path, names=test))
    assert (evidence.ok, evidence.reason) == (ok, reason)


@pytest.mark.parametrize(
    ("test", "ok", "reason"),
    [
        ("test_ok", True, "found in api/tests/test_health.py"),
        ("test_health", True, "it names the module api/tests/test_health.py"),
        ("test_other", None, "no test of this name; it begins the name of test_other_long"),
        ("test_gone", False, "no test of this name in the tree"),
        ("test_o*", True, "3 tests match"),
        ("test_z*", None, "0 tests match"),
        ("test_", False, "no test of this name in the tree"),
    ],
)
def test_a_bare_name_is_looked_for_in_every_test_file(
    test: str, ok: bool | None, reason: str
) -> None:
    evidence = found(citation("test", names=(test,)))
    assert (evidence.ok, evidence.reason) == (ok, reason)


@pytest.mark.parametrize(
    ("path", "symbol", "ok", "reason"),
    [
        ("api/app/main.py", "run", True, "defined there"),
        ("api/app/main.py", "App.run", True, "defined there"),
        ("api/app/main.py", "App.stop", False, "not defined there"),
        ("api/app/main.py", "main", True, "it names the module"),
        ("api/app/main.py", "app.main", True, "it names the module"),
        ("api/app/main.py", "pp.main", False, "not defined there"),
        ("api/app/main.py", "make_it", None, "mentioned there, not defined"),
        ("api/app/main.py", "gone", None, "not there; it may be a plain word"),
        ("api/app/main.py", "is_gone", False, "not defined there"),
        ("torn.py", "is_gone", None, "not found there, in a file that does not parse as a whole"),
        ("docs/RUNBOOK.md", "page-header", True, "stands there"),
        ("docs/RUNBOOK.md", "RUNBOOK", True, "it names the file"),
        ("docs/RUNBOOK.md", "gone-word", None,
         "the file is found; its symbols cannot be told: no language that is known"),
        ("web/page.tsx", "Page", None,
         "the file is found; its symbols cannot be told: no language that is known"),
        ("api/app/gone.py", "run", False, "absent"),
    ],
)  # fmt: skip
def test_a_symbol_counts_where_it_is_defined(
    path: str, symbol: str, ok: bool | None, reason: str
) -> None:
    evidence = found(citation("symbol", path, names=(symbol,)))
    assert (evidence.ok, evidence.reason) == (ok, reason)


def test_a_plain_word_that_is_called_is_a_name() -> None:
    one = citation("symbol", "api/app/main.py", names=("gone",), explicit=True)
    assert found(one).ok is False


def test_a_literal_text_must_stand_in_the_file() -> None:
    def look_for(path: str, text: str) -> Evidence:
        return found(citation("symbol", path, names=(text,), literal=True))

    assert look_for("docs/RUNBOOK.md", "page-header and").ok is True
    assert look_for("docs/RUNBOOK.md", "page header").ok is False


def test_a_file_that_is_no_text_is_unknown() -> None:
    class Bytes(Files):
        def text(self, path: str) -> str | None:
            return None

    tree = Bytes({"a.bin": "", "b.py": ""}, {"b.py": names()})
    assert found(citation("symbol", "a.bin", names=("x",), literal=True), tree).ok is None
    assert found(citation("symbol", "b.py", names=("a_b",)), tree).ok is False


def test_of_alternatives_one_is_enough() -> None:
    pair = [citation("file", path, choice=1) for path in ("a/gone.py", "a/x.py")]
    gone, there = look(pair, TREE)
    assert (gone.ok, gone.reason) == (None, "absent; an alternative was found")
    assert there.ok is True
    neither = [citation("file", path, choice=1) for path in ("a/gone.py", "a/lost.py")]
    assert [one.ok for one in look(neither, TREE)] == [False, False]


def reports(*cases: tuple[str, CaseOutcome], time: datetime | None = None) -> Reports:
    file = "api/tests/test_health.py"
    return Reports([Report("r.xml", tuple(Case("s", "", n, file, o) for n, o in cases), time)])


OK = citation("test", "api/tests/test_health.py", names=("test_ok",))


@pytest.mark.parametrize(
    ("outcome", "ok", "status", "reason"),
    [
        ("passed", True, "passed", "found, 1 passed"),
        ("failed", False, "failed", "found, and 1 of its cases failed: test_ok"),
        ("error", False, "failed", "found, and 1 of its cases failed: test_ok"),
        ("skipped", True, "skipped", "found, skipped"),
    ],
)
def test_a_test_is_held_against_its_report(
    outcome: CaseOutcome, ok: bool, status: str, reason: str
) -> None:
    (one,) = look([OK], TREE, ReportedTests(reports(("test_ok", outcome))))
    assert (one.ok, one.outcome, one.reason) == (ok, status, reason)


def test_a_test_in_no_report_is_found_and_no_more() -> None:
    (one,) = look([OK], TREE, ReportedTests(reports(("test_else", "passed"))))
    assert (one.ok, one.outcome, one.reason) == (True, "absent", "found, in no report")


def test_a_doubted_test_that_failed_contradicts_nothing() -> None:
    one = msgspec.structs.replace(OK, doubt="x")
    assert look([one], TREE, ReportedTests(reports(("test_ok", "failed"))))[0].ok is None


def test_a_name_that_two_places_of_a_report_disagree_on_is_said() -> None:
    cases = (
        Case("s", "", "test_ok", "x/test_health.py", "passed"),
        Case("s", "", "test_ok", "y/test_health.py", "failed"),
    )
    tree = Files({"test_health.py": ""}, {"test_health.py": names("test_ok")})
    one = citation("test", "test_health.py", names=("test_ok",))
    (evidence,) = look([one], tree, ReportedTests(Reports([Report("r.xml", cases)])))
    assert evidence.outcome == "absent"
    assert evidence.reason.startswith("found, ambiguous in the report: ")


def test_a_report_of_an_older_file_proves_nothing() -> None:
    report, later = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC)
    held = ReportedTests(reports(("test_ok", "passed"), time=report), lambda path: later)
    (one,) = look([OK], TREE, held)
    assert (one.ok, one.outcome) == (True, "stale")
    held = ReportedTests(reports(("test_ok", "passed"), time=later), lambda path: report)
    assert look([OK], TREE, held)[0].outcome == "passed"


def test_a_file_and_what_is_missing_are_not_asked_of_reports() -> None:
    held = ReportedTests(reports(("test_ok", "passed")))
    for one in (citation("file", "a/x.py"), citation("test", "api/tests/test_gone.py")):
        assert look([one], TREE, held)[0].outcome is None


@pytest.mark.parametrize(
    ("path", "is_test"),
    [
        ("tests/test_a.py", True),
        ("a/b_test.go", True),
        ("a/b.test.tsx", True),
        ("a/b.spec.ts", True),
        ("a/b-test.js", True),
        ("__tests__/a.js", True),
        ("tests/fixtures/a.json", False),
        ("src/testing.py", False),
        ("specs/001-x.md", False),
    ],
)
def test_what_a_test_file_is_called(path: str, is_test: bool) -> None:
    assert is_test_path(path) is is_test


def test_a_data_file_is_no_test() -> None:
    assert not is_test_path("data/test_results.json")
    assert is_test_path("data/test_results.py")

"""What a piece of text cites: each notation of the evidence grammar."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.formats.citations import (
    NO_PATH,
    Place,
    bare_path,
    cite,
    cited_part,
    named_tests,
    tokens,
)
from pipeline_cli.formats.standing import hedge_in, speaks_of_removal

PLACE = Place("specs/001-x.md", 7, "files", "core", "specs")


def cited(text: str, *, tests_only: bool = False) -> list[tuple[str, tuple[str, ...], str | None]]:
    """Return kind, candidates or names, and doubt of what a token cites."""
    return [
        (one.kind, one.candidates + one.names, one.doubt)
        for one in cite(text, PLACE, tests_only=tests_only)
    ]


@pytest.mark.parametrize(
    ("text", "kind", "path"),
    [
        ("api/app/main.py", "file", "api/app/main.py"),
        ("./api/app/main.py", "file", "api/app/main.py"),
        ("../api/app/main.py", "file", "api/app/main.py"),
        ("../api/app/", "directory", "api/app/"),
        ("docs/", "directory", "docs/"),
        ("Makefile", "file", "Makefile"),
        (".env", "file", ".env"),
        ("main.py", "file", "main.py"),
        ("a/b.py:12", "file", "a/b.py"),
        ("a/b.py:12-20", "file", "a/b.py"),
        ("a/b.py#L12", "file", "a/b.py"),
        ("a/b.py (line 12)", "file", "a/b.py"),
        ("a/b.md#section", "file", "a/b.md"),
        ("web/app/x/[id]/page.tsx", "file", "web/app/x/[id]/page.tsx"),
        ("docs/My Notes.md", "file", "docs/My Notes.md"),
        ("src/*.py", "file", "src/*.py"),
        ("tests/test_a.py", "test", "tests/test_a.py"),
        ("web/a.test.ts", "test", "web/a.test.ts"),
        ("pkg/a_test.go", "test", "pkg/a_test.go"),
        ("tests/conftest.py", "test", "tests/conftest.py"),
    ],
)
def test_a_path_is_read_as_it_is_written(text: str, kind: str, path: str) -> None:
    assert cited(text) == [(kind, (path,), None)]


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("docs/<name>.md", "it is a placeholder"),
        ("specs/NNN-slug.md", "it is a placeholder"),
        ("api/{id}/x.py", "it is a placeholder"),
        ("logs/YYYY-MM-DD.md", "it is a placeholder"),
        ("docs/….md", "it is a placeholder"),
        ("versions/xxxx_add_table.py", "it is a placeholder"),
        ("scripts/run", NO_PATH),
        ("spec/impl/test", NO_PATH),
        ("/etc/passwd.txt", "it is a path outside the workspace"),
        ("~/x/notes.md", "it is a path outside the workspace"),
        ("../../other/x.py", "it is a path outside the workspace"),
        ("a/../../../x.py", "it is a path outside the workspace"),
        ("Node.js", "it may be the name of a product"),
    ],
)
def test_what_may_be_no_file_of_ours_is_doubted(text: str, doubt: str) -> None:
    assert [found for _, _, found in cited(text)] == [doubt]


@pytest.mark.parametrize(
    "text", ["/api/agent/metrics", "GET /api/health", "POST /x.json", "https://x.org/a.py", "/"]
)
def test_a_route_is_no_file(text: str) -> None:
    assert [kind for kind, _, _ in cited(text)] == ["route"]
    assert cited(text, tests_only=True) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "agent_service.update_task",
        "status",
        "index.py --target 5000",
        "run a/b.sh now",
        "python -m pytest a/test_b.py",
        "a|b.py",
        "a\nb.py",
        "x" * 301,
        "././",
        "a/b c",
        "€/x.py",
        "version 1.2",
        "?",
    ],
)
def test_what_is_no_path_cites_nothing(text: str) -> None:
    assert cited(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tests/test_a.py::test_b", ("tests/test_a.py", "test_b")),
        ("tests/test_a.py::TestC::test_b", ("tests/test_a.py", "TestC", "test_b")),
        ("tests/test_a.py::test_b[x-1]", ("tests/test_a.py", "test_b")),
        ("tests/test_a.py::test_b()", ("tests/test_a.py", "test_b")),
        ("web/a.test.ts::shows the page", ("web/a.test.ts", "shows the page")),
        ("test_b", ("test_b",)),
        ("test_b()", ("test_b",)),
        ("test_post_*_422", ("test_post_*_422",)),
    ],
)
def test_a_test_is_named_by_file_and_function(text: str, expected: tuple[str, ...]) -> None:
    assert cited(text, tests_only=True) == [("test", expected, None)]


def test_only_tests_count_where_only_tests_are_asked_for() -> None:
    assert cited("api/app/main.py", tests_only=True) == []


def test_braces_are_expanded() -> None:
    paths = [paths for _, paths, _ in cited("a/{b,c}/{d.py,e.py}")]
    assert paths == [("a/b/d.py",), ("a/b/e.py",), ("a/c/d.py",), ("a/c/e.py",)]


def test_braces_without_end_stay_few() -> None:
    assert len(cite("{a,b}/" * 40 + "x.py", PLACE)) <= 101


def test_the_place_is_kept_and_its_doubt_stands_behind_that_of_the_token() -> None:
    (one,) = cite("a/b.py", PLACE._replace(doubt='the line says "optional"', absent=True))
    assert (one.path, one.line, one.origin, one.strength) == ("specs/001-x.md", 7, "files", "core")
    assert one.absent
    assert one.doubt == 'the line says "optional"'


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("`a/b.py` — the code of `c.py`", "`a/b.py`"),
        ("`a/b.py` - the code", "`a/b.py`"),
        ("`a/b.py` -- the code", "`a/b.py`"),
        ("`a/b.py`: the code", "`a/b.py`"),
        ("`a/b — c.py` is one", "`a/b — c.py` is one"),
        ("`a/b.py` (mirrors `c.py`) and `d.py`", "`a/b.py` and `d.py`"),
        ("`a/b.py` (never closed", "`a/b.py`"),
        ("[a/b.py](../a/b.py) — x", "[a/b.py](../a/b.py)"),
    ],
)
def test_only_what_stands_before_the_remark_is_cited(text: str, part: str) -> None:
    assert re.sub(" +", " ", cited_part(text)).rstrip() == part


def test_code_and_links_are_the_tokens_of_a_line() -> None:
    line = '`a.py`, [`b.py`](../b.py "t"), [c](c.md) and `[d](d.md)`'
    assert [token.text for token in tokens(line)] == ["a.py", "../b.py", "c.md", "[d](d.md)"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("api/app/main.py — x", "api/app/main.py"),
        ("**api/app/main.py**", "api/app/main.py"),
        ("docs/", "docs/"),
        ("main.py.", "main.py"),
        ("Update the docs", None),
        ("and/or something", None),
        ("", None),
        ("`x`", None),
    ],
)
def test_a_bullet_may_begin_with_a_bare_path(text: str, path: str | None) -> None:
    assert bare_path(text) == path


def test_names_of_tests_are_found_in_a_text() -> None:
    text = "test_a, test_b_* and a/test_c.py or my_test_d, test_e.py"
    assert [match[0] for match in named_tests(text)] == ["test_a", "test_b_*"]


@pytest.mark.parametrize(
    "text",
    ["(optional)", "if needed", "when implemented", "or equivalent", "e.g. this", "status: pending",
     "no changes", "TBD"],
)  # fmt: skip
def test_a_hedge_is_named(text: str) -> None:
    assert hedge_in(text) is not None


@pytest.mark.parametrize("text", ["pending tasks are shown", "pending-task rank", "optionality"])
def test_a_word_that_only_looks_like_a_hedge_is_none(text: str) -> None:
    assert hedge_in(text) is None


def test_removal_is_spoken_of() -> None:
    assert speaks_of_removal("Deleted with this spec")
    assert not speaks_of_removal("undeletable")


@given(st.text(max_size=200))
def test_no_text_breaks_the_grammar(text: str) -> None:
    for token in tokens(text):
        assert text[token.start : token.end]
        cite(token.text, PLACE)
    cited_part(text)
    cite(text, PLACE, tests_only=True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("`a` [b](c.py) `d`", ["a", "c.py", "d"]),
        ("`x [b](c.py)` [d](e.py)", ["x [b](c.py)", "e.py"]),
        ("[`a`](b.py) ``c ` d``", ["b.py", "c ` d"]),
        ("`` never closed `a`", ["a"]),
        ("[page](app/(group)/page.tsx)", ["app/(group)/page.tsx"]),
        ("[a]([b](c.py)", ["c.py"]),
    ],
)
def test_spans_and_links_are_told_apart(text: str, found: list[str]) -> None:
    assert [token.text for token in tokens(text)] == found


def test_what_stands_in_brackets_is_blank() -> None:
    assert cited_part("a (b (c) d) e (f") == "a        d) e   "
    assert cited_part("`a (b)` (c) — d") == "`a (b)`    "


def test_domains_are_routes() -> None:
    assert [kind for kind, _, _ in cited("www.x.org/a.html") + cited("docs.x.org/a.html")] == [
        "route",
        "route",
    ]

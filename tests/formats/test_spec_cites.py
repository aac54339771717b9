"""Which parts of a spec cite: front matter in every shape, and the sections of the body."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.evidence import Citation
from pipeline_cli.formats.frontmatter import parse
from pipeline_cli.formats.spec_cites import Cited, read

PATH = "specs/001-x.md"


def cited(text: str) -> Cited:
    return read(text, PATH, parse(text, PATH))


def header(lines: str) -> list[Citation]:
    return list(cited(f"---\n{lines}\n---\n# X\n").citations)


def under(title: str, lines: str) -> list[Citation]:
    return list(cited(f"# X\n\n## {title}\n\n{lines}\n").citations)


def told(citations: list[Citation]) -> list[tuple[Any, ...]]:
    return [(one.kind, *one.candidates, *one.names) for one in citations]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("source:\n  - file: a/b.py\n    symbols: [f, g()]",
         [("file", "a/b.py"), ("symbol", "a/b.py", "f"), ("symbol", "a/b.py", "g")]),
        ("source:\n  - file: a/b.py", [("file", "a/b.py")]),
        ("source:\n  - a/b.py", [("file", "a/b.py")]),
        ("source: a/b.py", [("file", "a/b.py")]),
        ("source:\n  - a/b.py: the code", [("file", "a/b.py")]),
        ("source:\n  - path: a/b.py", [("file", "a/b.py")]),
        ("source:\n  - a/b.py — the code", [("file", "a/b.py")]),
        ("source:\n  - a/b.py (new)", [("file", "a/b.py")]),
        ("source:\n  - files: [a/b.py, a/c.py]", [("file", "a/b.py"), ("file", "a/c.py")]),
        ("source: []", []),
        ("source:", []),
        ("requirements:\n  - a/b.py", []),
    ],
)  # fmt: skip
def test_source_is_read_in_every_shape(lines: str, expected: list[tuple[Any, ...]]) -> None:
    assert told(header(lines)) == expected


def test_a_key_that_is_no_evidence_is_a_finding() -> None:
    found = cited("---\nsource:\n  - file: a/b.py\n    owner: me\n---\n").findings
    assert [(one.code, one.line) for one in found] == [("source-unknown-key", 4)]


@pytest.mark.parametrize(
    ("symbol", "name", "doubt"),
    [
        ("f", "f", None),
        ("f()", "f", None),
        ("f(a, b)", "f", None),
        ("A.b", "A.b", None),
        ("def f", "f", None),
        ("async def f()", "f", None),
        ("class A", "A", None),
        ("export const x", "x", None),
        ("f() — the entry", "f", None),
        ("`f`", "f", None),
        ("page-header", "page-header", "it is a word, no identifier"),
        ("name?", "name?", "it is a word, no identifier"),
        ("name!", "name!", "it is a word, no identifier"),
        ("the whole flow", "the whole flow", "it is prose, no symbol"),
        ("spec/impl", "spec/impl", "it is prose, no symbol"),
    ],
)
def test_a_symbol_is_stripped_of_what_is_no_name(symbol: str, name: str, doubt: str | None) -> None:
    _, one = header(f"source:\n  - file: a/b.py\n    symbols:\n      - '{symbol}'")
    assert (one.kind, one.names, one.doubt) == ("symbol", (name,), doubt)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ('file_exists("a/b.py")', [("file", "a/b.py")]),
        ("file_exists('a/b')", [("file", "a/b")]),
        ('symbol_in_file("a/b.py", "f")', [("symbol", "a/b.py", "f")]),
        ('symbol_in_file("a/b.py")', []),
        ('file_contains("a/b.md", "some text")', [("symbol", "a/b.md", "some text")]),
        ('pytest_passes("tests/test_a.py::test_b")', [("test", "tests/test_a.py", "test_b")]),
        ('route_answers("/api/x")', [("requirement",)]),
        ("pytest a/test_b.py passes", [("requirement",)]),
        ("a/b.py is gone", [("requirement",)]),
    ],
)
def test_only_known_verbs_of_done_when_are_read(
    entry: str, expected: list[tuple[Any, ...]]
) -> None:
    quoted = entry.replace("'", "''")
    assert told(header(f"done_when:\n  - '{quoted}'")) == expected


def test_what_only_a_person_can_check_is_said_with_its_reason() -> None:
    prose, verb = header("done_when:\n  - it feels right\n  - 'route_answers(\"/x\")'")
    assert (prose.ref, prose.line, prose.doubt) == ("it feels right", 3, "it is prose")
    assert verb.doubt == "the verb route_answers is not known"
    (long,) = header(f"done_when:\n  - it feels {'very ' * 50}right")
    assert (len(long.ref), long.ref[-1]) == (201, "…")


def test_a_path_with_a_key_of_its_own_needs_no_suffix() -> None:
    assert [one.doubt for one in header("source:\n  - file: scripts/run")] == [None]
    assert [one.doubt for one in under("Files", "- `scripts/run`")] == ["it may be no path"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("pytest tests/test_a.py", [("test", "tests/test_a.py")]),
        ("python -m pytest tests/test_a.py -q", [("test", "tests/test_a.py")]),
        ("cd api && pytest tests/test_a.py", [("test", "api/tests/test_a.py")]),
        ("cd api && cd x && pytest test_a.py", [("test", "api/x/test_a.py")]),
        ("cd . && pytest test_a.py", [("test", "test_a.py")]),
        ("cd api && pytest api/tests/test_a.py",
         [("test", "api/api/tests/test_a.py", "api/tests/test_a.py")]),
        ("cd $HOME && pytest test_a.py", [("test", "test_a.py")]),
        ("pytest a/test_b.py::test_c[x]", [("test", "a/test_b.py", "test_c")]),
        ("pytest -k test_a.py a/test_b.py", [("test", "a/test_b.py")]),
        ("pytest --ignore a/test_c.py a/test_b.py", [("test", "a/test_b.py")]),
        ("pytest --ignore=a/test_c.py a/test_b.py", [("test", "a/test_b.py")]),
        ("X=1 api/.venv/bin/pytest a/test_b.py", [("test", "a/test_b.py")]),
        ("pytest -k 'a or b' a/test_b.py", [("test", "a/test_b.py")]),
        ("(cd api && pytest test_b.py); ruff check a/test_c.py", [("test", "api/test_b.py")]),
        ("pytest a.py && ruff b.py", [("test", "a.py")]),
    ],
)  # fmt: skip
def test_of_a_command_only_the_files_of_pytest_count(
    command: str, expected: list[tuple[Any, ...]]
) -> None:
    quoted = command.replace("'", "''")
    assert told(header(f"test: '{quoted}'")) == expected


@pytest.mark.parametrize(
    "command", ["npm test", "pytest", "pytest tests/ -k x", "pytest 'never closed", "make check"]
)
def test_a_command_without_a_test_file_is_said_to_be_unknown(command: str) -> None:
    (one,) = header('test: "' + command + '"')
    assert one.candidates == ()
    assert one.doubt == "no test file of pytest in it; it is never run"


def test_lines_of_the_header_are_those_of_the_file() -> None:
    found = header(
        "title: X\nsource:\n  - file: a/b.py\n    symbols: [f]\n"
        "done_when:\n  - 'file_exists(\"a/b.py\")'\ntest: pytest tests/test_a.py"
    )
    assert [one.line for one in found] == [4, 5, 7, 8]


@pytest.mark.parametrize(
    "title",
    ["Files", "Files to Create/Modify", "Files Modified", "Implementation",
     "Implementation (Allowed Files)", "Files Changed"],
)  # fmt: skip
def test_headings_under_which_files_are_named(title: str) -> None:
    found = under(title, "- `a/b.py` — the code\n- [ ] a/c.py\n- [d](../a/d.py)")
    assert [one.candidates for one in found] == [("a/b.py",), ("a/c.py",), ("a/d.py",)]
    assert {one.strength for one in found} == {"core"}


@pytest.mark.parametrize(
    "title",
    ["Out of Scope", "See also", "Related Specs", "Research Inputs", "Risks", "Known Gaps",
     "Decision Gates", "Non-goals", "Follow-up", "Purpose", "Example", "Task Card", "Design",
     "files_allowed", "Requirements"],
)  # fmt: skip
def test_headings_under_which_nothing_is_cited(title: str) -> None:
    assert under(title, "- `a/b.py`\n- `tests/test_a.py::test_b`") == []


def test_deeper_headings_belong_to_the_one_above_unless_they_cite_nothing() -> None:
    text = "### Backend\n\n- `a/b.py`\n\n### Out of Scope\n\n- `a/c.py`\n\n## Design\n\n- `a/d.py`"
    assert [one.candidates for one in under("Files", text)] == [("a/b.py",)]


def test_paragraphs_under_files_cite_nothing() -> None:
    assert under("Files", "All of `a/b.py` changes.") == []


@pytest.mark.parametrize("title", ["Acceptance Tests", "Acceptance Criteria", "Verification",
                                   "Validation", "Tests"])  # fmt: skip
def test_headings_under_which_tests_are_named(title: str) -> None:
    found = under(
        title,
        "See `tests/test_a.py`.\n\n- `tests/test_a.py::test_b` — like `tests/test_z.py::test_z`\n"
        "- test_c, test_d (smoke)\n- **Root** — `test_e`: as in `app/main.py`\n"
        "- tests/test_f.py\n",
    )
    assert told(found) == [
        ("test", "tests/test_a.py"),
        ("test", "tests/test_a.py", "test_b"),
        ("test", "test_c"),
        ("test", "test_d"),
        ("test", "test_e"),
        ("test", "tests/test_f.py"),
    ]
    assert {one.strength for one in found} == {"body"}


def test_commands_under_verification_are_read_in_fences_and_in_code() -> None:
    text = (
        "```bash\ncd api && pytest tests/test_a.py # x tests/test_no.py\nruff check a.py\n```\n\n"
        "- `pytest -q tests/test_b.py tests/test_c.py`"
    )
    found = under("Verification", text)
    paths = ["api/tests/test_a.py", "tests/test_b.py", "tests/test_c.py"]
    assert [one.candidates for one in found] == [(path,) for path in paths]
    assert {one.origin for one in found} == {"verification"}


def test_a_fence_under_files_cites_nothing() -> None:
    assert under("Files", "```\npytest tests/test_a.py\n```") == []


def test_tables_cite_by_their_first_cell_or_their_tests() -> None:
    table = (
        "| File | Action | Why |\n|---|---|---|\n"
        "| `a/b.py` | **Create** | as `a/z.py` |\n| a/c.py | Delete | old |\n"
    )
    found = under("Files", table)
    assert [(one.candidates, one.absent) for one in found] == [
        (("a/b.py",), False),
        (("a/c.py",), True),
    ]
    tests = under("Acceptance Tests", "| R | Test |\n|---|---|\n| `x.py` | `test_a`, `test_b` |\n")
    assert told(tests) == [("test", "test_a"), ("test", "test_b")]


@pytest.mark.parametrize(
    ("line", "absent"),
    [
        ("- `a/old.py` → `a/new.py` — rename", [True, False]),
        ("- `a/old.py` -> `a/new.py`", [True, False]),
        ("- Delete `a/old.py`", [True]),
        ("- `a/old.py` — deleted.", [True]),
        ("- `a/old.py` (removed)", [True]),
        ("- `a/b.py` — remove the unused import", [False]),
        ("- `a/b.py` — the code", [False]),
    ],
)
def test_what_is_to_go_is_expected_to_be_gone(line: str, absent: list[bool]) -> None:
    assert [one.absent for one in under("Files", line)] == absent


def test_a_remark_about_removing_makes_a_miss_harmless() -> None:
    (one,) = under("Files", "- `a/b.py` — remove the unused import")
    assert one.doubt == "the line speaks of removing"


def test_a_heading_may_say_that_all_goes() -> None:
    assert [one.absent for one in under("Files to delete", "- `a/b.py`")] == [True]


@pytest.mark.parametrize("line", ["- `a/b.py` or `a/c.py`", "- `a/b.py`, or `a/c.py` — x"])
def test_alternatives_share_a_choice(line: str) -> None:
    one, other = under("Files", line)
    assert one.choice is not None
    assert one.choice == other.choice


def test_choices_end_where_no_other_or_follows() -> None:
    found = under("Files", "- `a.py` or `b.py` and `c.py`\n- `d.py` or `e.py`")
    assert [one.choice for one in found] == [1, 1, None, 2, 2]


def test_a_hedge_on_the_line_or_in_the_heading_is_kept() -> None:
    assert under("Files", "- `a/b.py` — optional")[0].doubt == 'the line says "optional"'
    assert under("Files (optional)", "- `a/b.py`")[0].doubt == 'the line says "optional"'


def test_what_a_line_cites_twice_is_one() -> None:
    assert len(under("Acceptance", "- x `tests/test_a.py` and `tests/test_a.py`")) == 1


def test_boxes_are_counted_anywhere_but_in_code() -> None:
    text = "# X\n\n- [x] a\n- [ ] b\n\n```\n- [ ] c\n```\n\n## Files\n\n1. [X] `a.py`\n"
    found = cited(text)
    assert (found.boxes, found.ticked) == (3, 2)


def test_headings_within_the_header_open_no_section() -> None:
    assert header("# Files\ntitle: X\n# - `a/b.py`") == []


@given(st.text(alphabet=st.sampled_from("#|-`[]()→ orFiles\n./ab_testpy:x*"), max_size=300))
def test_no_body_breaks_the_reading(text: str) -> None:
    cited(f"## Files\n\n{text}\n\n## Verification\n\n{text}")


def doubts(title: str, lines: str) -> list[tuple[str, bool, str | None]]:
    return [(one.ref, one.absent, one.doubt) for one in under(title, lines)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("- ~~`a/b.py`~~", [("a/b.py", True, None)]),
        ("- Do not touch `a/b.py`", [("a/b.py", False, "the line says that it is not")]),
        ("- `a.py` renamed to `b.py`", [("a.py", True, None), ("b.py", False, None)]),
        ("- Rename `a.py` to `b.py`", [("a.py", True, None), ("b.py", False, None)]),
        ("- `a.py` instead of `b.py`",
         [("a.py", False, None), ("b.py", False, "the line names it as the former one")]),
        ("| File | Action |\n|---|---|\n| `a.py` | Renamed |",
         [("a.py", False, "the row speaks of renaming")]),
        ("- `a.py` (planned)", [("a.py", False, 'the line says "planned"')]),
    ],
)  # fmt: skip
def test_what_is_renamed_negated_or_planned_is_said(
    line: str, expected: list[tuple[str, bool, str | None]]
) -> None:
    assert doubts("Files", line) == expected


def test_a_list_that_ends_with_or_is_one_choice() -> None:
    found = under("Files", "- `a.py`, `b.py` or `c.py`\n- `d.py`, `e.py`\n- `f.py` / `g.py`")
    assert [one.choice for one in found] == [1, 1, 1, None, None, 2, 2]


def test_a_comment_in_a_fence_is_no_command() -> None:
    assert under("Verification", "```\n# pytest a/test_b.py\n```") == []


@pytest.mark.parametrize(
    ("entry", "candidates", "doubt"),
    [
        ("'`a/b.py`'", ("a/b.py",), None),
        ("'[b](../a/b.py)'", ("a/b.py",), None),
        ("LICENSE-MIT", ("LICENSE-MIT",), "it may be no path"),
        ("/etc", (), None),
        ("../x;y", (), "it names no path of the workspace"),
        ("a&b — optional", ("a&b",), 'the line says "optional"'),
    ],
)
def test_a_source_is_never_dropped(
    entry: str, candidates: tuple[str, ...], doubt: str | None
) -> None:
    (one,) = header(f"source:\n  - {entry}")
    assert one.candidates == candidates
    assert one.kind == "route" or one.doubt == doubt


def test_what_is_beyond_a_limit_is_left_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_cli.formats.spec_cites.MAX_CITED", 2)
    found = cited("# X\n\n## Files\n\n- [x] `a.py`\n- `b.py`\n- `c.py`\n")
    assert [one.ref for one in found.citations] == ["a.py", "b.py"]
    assert [(one.code, one.line) for one in found.findings] == [("evidence-too-much", 7)]
    assert found.boxes == 0
    monkeypatch.setattr("pipeline_cli.formats.spec_cites.MAX_BODY", 5)
    found = cited("---\nsource: z.py\n---\n# X\n\n## Files\n\n- `a.py`\n")
    assert [one.ref for one in found.citations] == ["z.py"]
    assert [(one.code, one.line) for one in found.findings] == [("evidence-too-much", None)]


def test_values_on_one_line_have_its_number_in_any_order() -> None:
    lines = "source:\n  - file: a.py\n    symbols: [get_all, get, get_all, other_thing]"
    assert [one.line for one in header(lines)] == [3, 4, 4, 4]


def test_a_value_that_stands_there_otherwise_has_the_line_of_its_key() -> None:
    assert [one.line for one in header('title: x\nsource: "\\x62\\x63.py"')] == [3]


def test_a_bullet_of_words_cites_nothing() -> None:
    assert under("Files", "- all of the backend") == []


@pytest.mark.parametrize(
    ("symbol", "name"),
    [("Engine::start", "Engine.start"), ("Engine::start()", "Engine.start"),
     ("(*Set).Add", "Set.Add"), ("(Set).Add()", "Set.Add"), ("Ledger#put", "Ledger.put")],
)  # fmt: skip
def test_members_are_read_as_other_languages_write_them(symbol: str, name: str) -> None:
    _, one = header(f'source:\n  - file: a/b.x\n    symbols: ["{symbol}"]')
    assert (one.names, one.doubt) == ((name,), None)


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_a_comment_of_a_shell_line_names_no_test(quote: str) -> None:
    line = f"pytest -k {quote}#1{quote} {quote}tests/test_a.py{quote} # was tests/test_b.py"
    found = header(f"test: |\n  {line}\n  pytest tests/test_c.py")
    named = ["tests/test_a.py"] if quote else []  # without quotes the first sign begins it
    assert [one.ref for one in found] == [*named, "tests/test_c.py"]

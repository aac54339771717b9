"""Front matter: plain, by the library, and leniently, with one answer and within its limits."""

from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_cli.formats import frontmatter
from pipeline_cli.formats.frontmatter import (
    MAX_BYTES,
    MAX_DEPTH,
    FrontMatter,
    header_of,
    parse,
    read_lines,
    read_plain,
    read_yaml,
)

NotPlain = frontmatter._NotPlain
Refused = frontmatter._Refused
BOM = "\ufeff"


def spec(header: str) -> str:
    return f"---\n{header}\n---\n# Title\n"


def read(header: str) -> FrontMatter:
    found = parse(spec(header), "specs/a.md")
    assert found is not None
    return found


def codes(header: str) -> list[str]:
    return [finding.code for finding in read(header).findings]


def is_plain(text: str) -> bool:
    """Whether the plain reader answers."""
    try:
        read_plain(text)
    except NotPlain:
        return False
    return True


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in [key, *leaves(inner)]]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value]


# --- the two readers agree -------------------------------------------------------------------

keys = st.sampled_from(("status", "id", "no", "a-b", "_x", "n1", "source", "file", "y"))
words = st.sampled_from(
    (
        "done",
        "no",
        "012",
        "1e3",
        "null",
        "~",
        "a/b.py",
        ".5",
        "x=1",
        "f(a)",
        "50%",
        "1_0",
        "2026-02-12",
        "é",
        "…ü",
    )
)
plain_words = st.lists(words.filter(lambda word: word != "~"), min_size=1, max_size=3).map(" ".join)
later = st.sampled_from(("-", "—", "b,", "{c}", "[d]", '"e"', "'", "x:y", "c#", "&", "*", "!", "?"))
plain_scalars = st.builds(
    lambda first, rest, gap: gap.join([first, *rest]),
    plain_words,
    st.lists(words | later, max_size=3),
    st.sampled_from((" ", " ", "  ")),
)
printable = "".join(map(chr, range(0x20, 0x7F))) + "éß—✓😀"
in_quotes = st.text(printable.replace('"', "").replace("\\", "").replace("'", ""), max_size=9)
quoted = st.lists(
    st.text(printable.replace('"', "").replace("\\", ""), max_size=5)
    | st.sampled_from(('\\"', "\\\\")),
    max_size=3,
).map(lambda parts: f'"{"".join(parts)}"') | st.text(printable, max_size=9).map(
    lambda text: "'{}'".format(text.replace("'", "''"))
)
in_flow = plain_words | st.sampled_from(('"a, b"', "'[c] #'", "''", "d-e (f)", "g  h"))
flows = st.builds(
    lambda parts, comma, pad: f"[{pad}{comma.join(parts)}{pad}]",
    st.lists(in_flow, max_size=3),
    st.sampled_from((", ", ",", " ,  ")),
    st.sampled_from(("", " ")),
)
texts = st.lists(
    st.text(printable, min_size=1, max_size=9).filter(lambda text: text.strip(" ") == text),
    min_size=1,
    max_size=3,
)


class Parts(NamedTuple):
    """What headers are made of."""

    scalars: st.SearchStrategy[str]
    values: st.SearchStrategy[str]
    comments: st.SearchStrategy[str]
    kinds: tuple[str, ...] = ("scalar", "empty", "list", "objects", "blank")


WHOLE = Parts(
    plain_scalars | quoted,
    plain_scalars | quoted | flows,
    st.sampled_from(("", "", "", " # c", "   #: 'x'")),
    (*Parts._field_defaults["kinds"], "text"),
)
#: What the lenient reader takes as the library does.
SIMPLE = Parts(
    plain_words | in_quotes.map('"{}"'.format),
    plain_words
    | in_quotes.map("'{}'".format)
    | st.lists(plain_words, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
    st.just(""),
)


@st.composite
def plain_headers(draw: st.DrawFn, parts: Parts = WHOLE) -> str:
    """A header within the plain subset."""
    lines, has_text = [], False
    for key in draw(st.lists(keys, max_size=4, unique=True)):
        kind = draw(st.sampled_from(parts.kinds))
        if kind == "blank":
            blanks = ("",) if has_text or parts is SIMPLE else ("", "  ", "# c", "  # - c")
            lines.append(draw(st.sampled_from(blanks)))
        elif kind == "scalar":
            lines.append(f"{key}: {draw(parts.values)}{draw(parts.comments)}")
        elif kind == "text":
            has_text = True
            indent, mark = draw(st.sampled_from((" ", "  "))), draw(st.sampled_from("|>"))
            lines.append(f"{key}: {mark}{draw(st.sampled_from(('', '-')))}{draw(parts.comments)}")
            lines += [f"{indent}{text}" for text in draw(texts)]
            lines += draw(st.sampled_from(([], [""], ["", ""], ["# c"])))
        else:
            lines.append(f"{key}:{draw(parts.comments)}")
        if kind in ("list", "objects"):
            lines += draw(entries(kind == "objects", parts))
    newline = draw(st.sampled_from(("\n", "\r\n")))
    blank = "" if has_text else draw(st.sampled_from(("", " ")))
    return newline.join(f"{line}{blank}" for line in lines)


@st.composite
def entries(draw: st.DrawFn, objects: bool, parts: Parts) -> list[str]:
    indent = draw(st.sampled_from(("", "  ", " ")))
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        if not objects:
            lines.append(f"{indent}- {draw(parts.scalars)}{draw(parts.comments)}")
            continue
        names = draw(st.lists(keys, min_size=1, max_size=3, unique=True))
        for place, name in enumerate(names):
            begin = "  " if place else "- "
            lines.append(f"{indent}{begin}{name}: {draw(parts.values)}{draw(parts.comments)}")
    return lines


wild_lines = st.sampled_from(
    (
        *("a: b", "a:", "b: c", "b:", "a: 'q'", 'a: "q"', "a: # c", "a: b # c", "# c", "a: b #c"),
        *("- x", "  - x", "- a: b", "  - a: b", "    c: d", "  c: d", "  c:", "- - x", "-", "- "),
        *("- [a, b]", "- a: [x, y]", "a: [x, [y]]", "a: [x,y]", "a: [x , y]", "a: []", "a: [ ]"),
        *("a: {b: c}", "a: >", "a: |", "  folded", "a: b: c", "a: -", "a: - b", "a: b-", "a: b -c"),
        *(
            "a: @x",
            "a: `x`",
            "a: %x",
            "a: !x",
            "a: &x y",
            "a: *x",
            "a: ?",
            "? a",
            "a : b",
            '"a": b',
        ),
        *(
            "a:b",
            "a:  b",
            "a: b  c",
            "\ta: b",
            "a:\tb",
            "a: b\tc",
            "a: b:",
            "a: :b",
            "a: b,c",
            ", ",
        ),
        *(
            "a: .",
            "a: ...",
            "...",
            "--- x",
            "a: =",
            "a: <<",
            "<<: b",
            "a: ~",
            "~: a",
            "a: null",
            "a: é",
        ),
        *(
            "a: x\u2028y",
            "a: x\x85y",
            "a: x\ry",
            "\r",
            " ",
            "a: b ",
            "- x ",
            "a: 1:2",
            "a: (b)",
            "a: b)",
        ),
        *(
            "a: [a-b, c #d]",
            "a: [c #d",
            "a: b]",
            "a: [-x]",
            "a: >-",
            "a: |-",
            "b: > # c",
            "a: >+",
            "a: |2",
            "  text, more",
            "   deeper",
            "  ends ",
            "  # c",
            'a: "q" # c',
            'a: "q"# c',
            "a: 'q'#c",
            'a: "\\n"',
            "a: 'it''s'",
            'a: "\\""',
            "a: [x] # c",
            "a: [x, ]",
            "a: ['x', \"y, z\"]",
            "a: [x: y]",
            "a: [x?, y]",
            "a: b \r",
            "a: /",
            "a: ./b",
            "- ./b",
            "a: _",
            "  b",
        ),
    )
)
wild_headers = st.builds(
    lambda lines, newline: newline.join(lines),
    st.lists(wild_lines | st.text("ab:- #[],'\"\r\t=./_", max_size=8), max_size=6),
    st.sampled_from(("\n", "\n", "\r\n")),
)


@given(plain_headers())
def test_the_plain_subset_is_read_without_the_library(header: str) -> None:
    assert is_plain(header)


@given(plain_headers())
def test_the_plain_reader_answers_as_the_library_does(header: str) -> None:
    assert read_plain(header) == read_yaml(header)


@settings(max_examples=400)
@given(wild_headers)
def test_whenever_the_plain_reader_answers_the_library_gives_the_same(header: str) -> None:
    if is_plain(header):
        assert read_plain(header) == read_yaml(header)


@settings(max_examples=200)
@given(wild_headers)
def test_every_scalar_is_a_string(header: str) -> None:
    assert all(isinstance(leaf, str | list | dict) for leaf in leaves(read(header).values))


@settings(max_examples=200)
@given(wild_headers | st.text(max_size=40))
def test_no_header_raises_and_each_that_is_not_read_whole_is_told(header: str) -> None:
    found = parse(spec(header), "specs/a.md")
    if found is not None and not found.findings:
        assert found.values == read_yaml(found.text)


@given(wild_headers | st.text(max_size=40))
def test_a_finding_names_a_line_of_the_header(header: str) -> None:
    found = parse(spec(header), "specs/a.md")
    for finding in found.findings if found else ():
        assert finding.path == "specs/a.md"
        assert finding.line is not None
        assert 1 <= finding.line <= spec(header).count("\n") + 1


# --- where a header begins and ends ----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("---\na: b\n---\nbody", "a: b\n"),
        ("---\na: b\n---", "a: b\n"),
        ("---\n---\n", ""),
        ("--- \t\na: b\n---\t \n", "a: b\n"),
        ("---\r\na: b\r\n---\r\nbody", "a: b\r\n"),
        (f"{BOM}---\na: b\n---\n", "a: b\n"),
        ("---\na: b\n --- \n----\n--- x\n---\n---\n", "a: b\n --- \n----\n--- x\n"),
    ],
)
def test_a_header_lies_between_the_first_two_boundaries(text: str, header: str) -> None:
    assert header_of(text) == header


@pytest.mark.parametrize(
    "text",
    ["", "# Title\n", "\n---\na: b\n---\n", "----\na: b\n---\n", "---", "--- a\n---\n", " ---\n"],
)
def test_a_text_that_begins_otherwise_has_none(text: str) -> None:
    assert (header_of(text), parse(text, "a.md")) == (None, None)


@pytest.mark.parametrize(
    "text", ["---\na: b\n", "---\na: b\n----\n", f"{BOM}---\r\na: b\r\n", "---\n"]
)
def test_a_header_that_is_not_closed_is_told(text: str) -> None:
    found = parse(text, "a.md")
    assert found is not None
    (finding,) = found.findings
    assert (found.values, finding.code, finding.severity) == ({}, "frontmatter-unclosed", "warning")
    assert (finding.path, finding.line) == ("a.md", 1)


@pytest.mark.parametrize("header", ["a: b", "a: 'b'", "a: 'b' c"])
def test_a_header_after_a_byte_order_mark_is_read(header: str) -> None:
    found = parse(BOM + spec(header), "a.md")
    assert found is not None
    assert set(found.values) == {"a"}


@pytest.mark.parametrize("header", ["a: b\nc:\n- d", "a: 'b'\nc: [d]", "a: 'b' x\nc: d"])
def test_crlf_changes_no_value(header: str) -> None:
    found = parse(spec(header).replace("\n", "\r\n"), "a.md")
    assert found is not None
    assert found.values == read(header).values


def test_a_header_keeps_its_source_and_its_first_line() -> None:
    found = read("a: b")
    assert (found.text, found.line, found.findings) == ("a: b\n", 2, ())


# --- values ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    ["no", "yes", "True", "012", "0x1f", "1e3", "1_000", "null", "2026-02-12", ".inf", "12.50"],
)
@pytest.mark.parametrize("more", ["", "\nb: 'quoted'"])
def test_a_scalar_is_read_as_it_is_written(word: str, more: str) -> None:
    assert read(f"a: {word}{more}").values["a"] == word


@pytest.mark.parametrize("scalar", ["~", "12:30:00", "'no'", '"012"', "="])
def test_a_scalar_outside_the_plain_subset_is_a_string_too(scalar: str) -> None:
    assert read(f"a: {scalar}").values == {"a": scalar.strip("'\"")}


@pytest.mark.parametrize("header", ["a:", "a: ", "a:\nb: c", "a:\nb: 'c'", "a:\nb: 'c' d"])
def test_an_empty_value_is_the_empty_string(header: str) -> None:
    assert read(header).values["a"] == ""


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("", {}),
        ("\n \n", {}),
        ("a: b c", {"a": "b c"}),
        ("a: [b, c d]\ne: []", {"a": ["b", "c d"], "e": []}),
        ("a:\n- b\n- c", {"a": ["b", "c"]}),
        ("a:\n  - b\n  - c\nd: e", {"a": ["b", "c"], "d": "e"}),
        ("a:\n\n- b\n\n- c\n", {"a": ["b", "c"]}),
        ("a:\n- f: x.py\n  s: [m, n]\n- f: y", {"a": [{"f": "x.py", "s": ["m", "n"]}, {"f": "y"}]}),
        ("a:\n- b\n- f: x\n- c", {"a": ["b", {"f": "x"}, "c"]}),
        ("a: b \r\nc: d\r\n", {"a": "b", "c": "d"}),
        ("# c\na: b # c\nd: 'e' # f\ng: # h", {"a": "b", "d": "e", "g": ""}),
        ("a: é — ✓ [b], {c}", {"a": "é — ✓ [b], {c}"}),
        ("a: b:c#d - e", {"a": "b:c#d - e"}),
        ("a: 'it''s'\nb: \"say \\\"c:\\\\d\\\"\"", {"a": "it's", "b": 'say "c:\\d"'}),
        ("a: [b,c , 'd, e', \"[f]\", '']", {"a": ["b", "c", "d, e", "[f]", ""]}),
        ("a: >-\n  b: c\n  # d\ne: f", {"a": "b: c # d", "e": "f"}),
        ("a: >\n b\n c\n\nd: |-\n  e\n  f", {"a": "b c\n", "d": "e\nf"}),
        ("a: | # b\r\n  c\r\n  d\r\n", {"a": "c\nd\n"}),
    ],
)
def test_the_plain_subset_has_these_shapes(header: str, values: dict[str, Any]) -> None:
    assert read_plain(header) == values == read_yaml(header)


@pytest.mark.parametrize(
    "header",
    [
        "- a",
        "a: b\n- c",
        "a: []\n- c",
        "a:\n- b\n  - c",
        "a:\n  - b\n- c",
        "  a: b",
        "a:\n  b: c",
        "a:\n- b\n  c: d",
        "a:\n- b: c\n   d: e",
        "a:\n- b: c\n d: e",
        "a:\n- b: c\n  b: d",
        "a: b\na: c",
        "a: b: c",
        "a: \xa0b",
        "\ta: b",
        "a: b\u2028c: d",
        "a: b\rc: d",
        'a: ""\n- c',
        'a: "\\t"',
        "a: [b, ]",
        "a: [b?]",
        "a: 'b' c",
        "a: 'b'# c",
        "a: <<",
        "a: |\nb: c",
        "a: |\n\n  b",
        "a: |\n  b\n\n  c",
        "a: >\n  b\n   c",
        "a: >\n  b\n c",
        "a: >\n  b \n  c",
        "a: >\n  b\n\n  # c",
        "a: >\n  \tb",
        "a: |\r \n  b",
        "a: >+\n  b",
        "- a: |\n    b",
        "a:\n- b: |\n    c",
        "a:\n- b:\n    - c",
        "a" * 101 + ": b",
    ],
)
def test_the_plain_reader_leaves_everything_else_to_the_library(header: str) -> None:
    with pytest.raises(NotPlain):
        read_plain(header)


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("a: 'it''s'", {"a": "it's"}),
        ('a: "b\\tc"', {"a": "b\tc"}),
        ("a: b # c", {"a": "b"}),
        ("# c", {}),
        ("''", {}),
        ("a: [[b], {c: d}]", {"a": [["b"], {"c": "d"}]}),
        ("a:\n  b:\n    c: d", {"a": {"b": {"c": "d"}}}),
        ("a: >\n  b\n  c", {"a": "b c\n"}),
        ("a: |\n  b\n  c", {"a": "b\nc\n"}),
        ("a: b\n  c", {"a": "b c"}),
        ("a: é — ✓", {"a": "é — ✓"}),
        ("é: 'b'", {"é": "b"}),
        ("a: '*b' # &c", {"a": "*b"}),
        ("a: b & c", {"a": "b & c"}),
        ("? a\n: b", {"a": "b"}),
        ("a: '<<'", {"a": "<<"}),
    ],
)
def test_the_library_reads_the_rest(header: str, values: dict[str, Any]) -> None:
    found = read(header)
    assert (found.values, found.findings) == (values, ())


# --- limits ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "line"),
    [
        pytest.param("[" * 60_000, 2, id="brackets"),
        pytest.param("a: " + "[" * 30_000 + "]" * 30_000, 2, id="brackets that close"),
        pytest.param("a: b\nc: " + "{" * 60_000, 3, id="braces"),
        pytest.param("a: " + "[" * 64 + "]" * 64, 2, id="one bracket too many"),
        pytest.param("a:\n" + "".join(" " * n + "b:\n" for n in range(1, 66)), 66, id="indents"),
        pytest.param("a:\n" + "- " * 5_000 + "c", 3, id="dashes"),
        pytest.param("? " * 5_000 + "c", 2, id="question marks"),
        pytest.param("a: x\nb: [\n" + "[\n" * 70, 66, id="brackets over lines"),
        pytest.param("a: &x b\nc: *x", 3, id="alias"),
        pytest.param("a: 'b'\n<<: c", 3, id="merge key"),
        pytest.param("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]", 3, id="alias bomb"),
        pytest.param("x: &a {k: v}\nb: &b\n  <<: [*a, *a]", 4, id="merge bomb"),
        pytest.param("a: 'b'\n--- c", 3, id="second document"),
        pytest.param("a: 'b'\n...\n--- c", 4, id="second document after the end of the first"),
        pytest.param("a: " + "x" * MAX_BYTES, 1, id="longer than the limit"),
        pytest.param("a: '" + "x" * MAX_BYTES + "'", 1, id="quoted, longer than the limit"),
        pytest.param("a: '" + "é" * (MAX_BYTES // 2) + "'", 1, id="more bytes than the limit"),
        pytest.param("a: " + "[']', " * 100 + "x" + "]" * 100, 2, id="quoted brackets close none"),
        pytest.param("a: " + "[ #]\n " * 100 + "]" * 100, None, id="brackets in comments"),
        pytest.param("a: " + "{'}': " * 100 + "x" + "}" * 100, 2, id="quoted braces close none"),
        pytest.param(
            "a:\r" + "".join(" " * n + "b:\r" for n in range(1, 100)), None, id="indents after CR"
        ),
    ],
)
def test_a_header_beyond_a_limit_is_refused(header: str, line: int | None) -> None:
    found = read(header)
    (finding,) = found.findings
    assert (finding.code, finding.severity, found.values) == ("frontmatter-refused", "error", {})
    assert line is None or finding.line == line


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1), id="deep enough"),
        pytest.param("a:\n" + "- [x, 'y']\n" * 500, id="many lists side by side"),
        pytest.param("a:\n" + "".join(" " * n + "b:\n" for n in range(1, 60)), id="block levels"),
        pytest.param(
            "a:\n  b:\n    'c': d\n" + "e:\n  f:\n    g: h\n".replace("e", "x"), id="back"
        ),
        pytest.param(
            "a:\n" + "".join(" " * n + "b:\n" for n in range(1, 60)) + "c: [[[[[[[[[[d]]]]]]]]]]",
            id="levels that have ended",
        ),
        pytest.param("a: '" + "x" * (MAX_BYTES - 10) + "'", id="as long as is allowed"),
        pytest.param("a:\n" + "- 'b['\n" * 100, id="brackets in quotes"),
        pytest.param("a: 'b'\n" + "# [\n" * 100, id="brackets in comments"),
        pytest.param("a: ']]]'\nb: [[c]]", id="brackets that close nothing"),
        pytest.param("a: 'b'\n...", id="an end without a second document"),
        pytest.param("a: '*x <<'\nb: c*d", id="no alias"),
    ],
)
def test_a_header_within_the_limits_is_read(header: str) -> None:
    assert codes(header) == []


# --- what is no valid YAML -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "line", "values"),
    [
        ("a: b\nsymbols: [name?, {x]", 3, {"a": "b", "symbols": ["name?", "{x"]}),
        ("a: b\n'c' d: e", 3, {"a": "b"}),
        ('a: b\nc: "d" and e\nf: g', 3, {"a": "b", "c": '"d" and e', "f": "g"}),
        ("a: b\n\nc: `d`\ne: f", 4, {"a": "b", "c": "`d`", "e": "f"}),
        ("a: b: c", 2, {"a": "b: c"}),
        ("a: 'b'\na: c", 3, {"a": "b"}),
        ("a:\n- f: x\n  f: y", 4, {"a": [{"f": "x"}]}),
        ("a: [b, c]\nd: @e", 3, {"a": ["b", "c"], "d": "@e"}),
        ("[b]: c", 2, {}),
        ("x: 'y'\n? [b]\n: c", 3, {"x": "y"}),
        ("{a: b}: c", 2, {}),
    ],
)
def test_an_invalid_header_is_read_by_lines(header: str, line: int, values: dict[str, Any]) -> None:
    found = read(header)
    (finding,) = found.findings
    assert (finding.code, finding.severity, finding.line) == (
        "frontmatter-invalid",
        "warning",
        line,
    )
    assert finding.message.startswith("front matter is not valid YAML, read leniently")
    assert (found.values, found.text) == (values, header + "\n")


def test_the_finding_of_an_invalid_header_counts_crlf_once() -> None:
    found = parse(spec("a: b\nc: d\ne: `f`").replace("\n", "\r\n"), "a.md")
    assert found is not None
    assert [finding.line for finding in found.findings] == [4]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\r"])
def test_the_line_of_a_finding_counts_newlines_alone(separator: str) -> None:
    (finding,) = read(f"a: 'x{separator}y'\nb: c\nd: `e`").findings
    assert (finding.code, finding.line) == ("frontmatter-invalid", 4)


@pytest.mark.parametrize("header", ["- a\n- b", "just text", "'quoted'", "[a, b]", "- a: b"])
def test_a_header_that_is_no_mapping_is_told(header: str) -> None:
    (finding,) = read(header).findings
    assert (finding.code, finding.line) == ("frontmatter-invalid", 1)
    assert "mapping" in finding.message


@pytest.mark.parametrize("header", ["a: b\nc: \x07", "a: b\nc: 'x\udcff'"])
def test_characters_that_yaml_forbids_are_read_leniently(header: str) -> None:
    found = read(header)
    assert [finding.code for finding in found.findings] == ["frontmatter-invalid"]
    assert found.values["a"] == "b"


@pytest.mark.parametrize(("header", "message"), [("a: 1\na: 2", "the key a"), ("[b]: c", "string")])
def test_the_finding_says_what_is_wrong(header: str, message: str) -> None:
    assert message in read(header).findings[0].message


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("a: b", {"a": "b"}),
        ("a: 'b'", {"a": "b"}),
        ('a: "b"', {"a": "b"}),
        ("a: \"b'", {"a": "\"b'"}),
        ("a: '", {"a": "'"}),
        ("a: 'b' c", {"a": "'b' c"}),
        ("a: [b, 'c', , d?]", {"a": ["b", "c", "d?"]}),
        ("a: []", {"a": []}),
        ("a:\n- b\n  - 'c'\n\t- d", {"a": ["b", "c", "d"]}),
        ("a:\n- f: x\n  s: [m, n]\n- f: y", {"a": [{"f": "x", "s": ["m", "n"]}, {"f": "y"}]}),
        ("a:\n- f: x\n  f: y", {"a": [{"f": "x"}]}),
        ("a:\n- b\n  c: d", {"a": ["b"]}),
        ("a: b\na: c", {"a": "b"}),
        ("a: b\n- c\nd: e", {"a": "b", "d": "e"}),
        ("a: b\r\nc: d  \r\n", {"a": "b", "c": "d"}),
        ("# c: d\n\n???\na: b", {"a": "b"}),
        ("a:b", {"a": "b"}),
    ],
)
def test_lines_are_read_one_by_one(header: str, values: dict[str, Any]) -> None:
    assert read_lines(header) == values


@given(plain_headers(SIMPLE))
def test_lines_of_the_plain_subset_have_the_plain_values(header: str) -> None:
    plain = {key: value or "" for key, value in read_plain(header).items()}
    lines = {key: value or "" for key, value in read_lines(header).items()}
    assert lines == plain


def test_the_library_raises_what_a_caller_can_tell() -> None:
    with pytest.raises(Refused) as caught:
        read_yaml("a: 'b'\nc: *d")
    assert (caught.value.line, caught.value.lenient) == (2, False)

"""What a CI is shown: data in it is text and nothing else."""

import json
import re
from typing import Any, get_args

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pipeline_cli.domain.annotations import Annotation, Level
from pipeline_cli.render import github, markdown, sarif
from pipeline_cli.render.markdown import literal, table
from pipeline_cli.render.terminal import one_line, visible

#: Pieces that mean something to a CI log, a terminal, Markdown or HTML.
PIECES = (
    "::error::", "::", "##[error]", "##vso[x]", "::set-output name=a::b", "%0A", "%", ",", ":",
    "\n", "\r", "\r\n", "\u2028", "\x1b]52;c;x\x07", "\x00", "\u202e", "|", "\\|", "\\", "`",
    "```", "<script>", "<!--", "-->", "![a](b)", "[a](http://b)", "http://x.y", "www.x.y", "a@b.c",
    "@team", "#12", "- ", "1. ", "# ", "***", "~~", "&amp;", "&#60;", "| --- |", "[x]: y", "$a$",
    ":smile:", "=", "===", "ä", "😀", "\ud800", "a", " ", "{0}", "(c)", "<a@b.c>",
)  # fmt: skip
HOSTILE = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join))
LEVELS = st.sampled_from(get_args(Level))
ANNOTATIONS = st.builds(
    Annotation,
    level=LEVELS,
    path=st.none() | HOSTILE,
    line=st.none() | st.integers(1, 10**6),
    title=HOSTILE,
    message=HOSTILE,
    rule=st.sampled_from(["contradicted", "junit-invalid"]),
)
#: A command as the runner reads one.
COMMAND = re.compile(
    r"::(error|warning|notice)( (?:file=[^:,\r\n]*,(?:line=\d+,)?|)title=[^:,\r\n]*| file=[^:,]*"
    r"(?:,line=\d+)?|)::([^\r\n]*)"
)


def test_a_command_has_its_place_title_and_message() -> None:
    given = [
        Annotation("warning", "a.md", None, "", "m"),
        Annotation("error", "specs/a,b:c.md", 3, "100%, no: never", "x: 100%\ny, z"),
        Annotation("notice", None, 5, "t", " "),
    ]
    assert github.render(given, folder="sub/").splitlines() == [
        "::error file=sub/specs/a%2Cb%3Ac.md,line=3,title=100%25%2C no%3A never::x: 100%25%0Ay, z",
        "::warning file=sub/a.md::m",
        "::notice title=t::t",
    ]
    assert github.render([]) == ""


def test_the_last_line_says_how_many_are_left() -> None:
    many = [Annotation("error", None, None, "", str(number)) for number in range(12)]
    lines = github.render(many).splitlines()
    assert len(lines) == 11
    assert lines[-1].startswith("::notice::2 more errors: ")


@given(st.lists(ANNOTATIONS, max_size=4))
@example([Annotation("error", "::x", 1, "::y", "::set-output name=a::b\n::error::z")])
@example([Annotation("error", None, None, "", "a\r\n##[error]b")])
def test_data_starts_no_command_in_a_log(annotations: list[Annotation]) -> None:
    text = github.render(annotations)
    lines = text.split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(annotations)
    for line in lines:
        assert COMMAND.fullmatch(line), line
        assert line == visible(line)
        data = line.split("::", 2)[2].replace("%0A", "\n")
        assert not re.search(r"(?m)^\s*::|##\[|##vso\[", data)


def fields(value: dict[str, Any], needed: set[str], more: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    assert needed <= set(value) <= needed | set(more), value


def check_sarif(log: dict[str, Any]) -> dict[str, Any]:
    """Fail where a log breaks a rule of SARIF 2.1.0, or one of code scanning."""
    fields(log, {"$schema", "version", "runs"})
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    fields(run, {"tool", "results", "invocations", "originalUriBaseIds", "columnKind"})
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    fields(run["originalUriBaseIds"]["%SRCROOT%"], {"description"})
    driver = run["tool"]["driver"]
    fields(driver, {"name", "version", "rules"})
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids)
    for rule in driver["rules"]:
        fields(rule, {"id", "shortDescription", "defaultConfiguration"})
        assert rule["shortDescription"]["text"]
    for result in run["results"]:
        fields(result, {"ruleId", "ruleIndex", "level", "message", "locations"})
        assert ids[result["ruleIndex"]] == result["ruleId"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        fields(place, {"artifactLocation"}, {"region"})
        fields(place["artifactLocation"], {"uri", "uriBaseId"})
        assert place["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
        uri = place["artifactLocation"]["uri"]
        assert re.fullmatch(r"(?!/)(?:[\w.~/-]|%[0-9A-F]{2})+", uri, re.ASCII), uri
        assert ".." not in uri.split("/")
        assert place.get("region", {"startLine": 1})["startLine"] >= 1
    (invocation,) = run["invocations"]
    assert isinstance(invocation["executionSuccessful"], bool)
    for notification in invocation["toolExecutionNotifications"]:
        fields(notification, {"level", "message", "associatedRule"})
        assert ids[notification["associatedRule"]["index"]] == notification["associatedRule"]["id"]
    for each in [*run["results"], *invocation["toolExecutionNotifications"]]:
        assert each["level"] in ("none", "note", "warning", "error")
        assert each["message"]["text"]
    return dict(run)


def test_a_log_holds_rules_results_and_what_has_no_place() -> None:
    run = check_sarif(
        json.loads(
            sarif.render(
                [
                    Annotation("notice", "a b/ü:.md", 7, "t", "[x] {0} \\", "one"),
                    Annotation("error", "a.md", None, "t", "", "two"),
                    Annotation("warning", "/tmp/junit.xml", 1, "", "m", "two"),
                    Annotation("warning", "../x.md", 1, "", "m", "two"),
                    Annotation("warning", "C:\\x.md", 1, "", "m", "two"),
                    Annotation("warning", None, None, "", "", "three"),
                ],
                folder="sub",
            )
        )
    )
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["two", "three", "one"]
    first, second = run["results"]
    assert (first["ruleId"], first["level"], first["message"]) == ("two", "error", {"text": "t"})
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "sub/a.md", "uriBaseId": "%SRCROOT%"}
    }
    assert (second["level"], second["message"]["text"]) == ("note", r"\[x\] {{0}} \\")
    assert second["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "sub/a%20b/%C3%BC%3A.md", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 7},
    }
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 4
    assert "/tmp" not in json.dumps(run)


def test_a_log_without_results_is_one() -> None:
    assert check_sarif(json.loads(sarif.render([])))["results"] == []


@given(st.lists(ANNOTATIONS, max_size=4))
def test_any_data_makes_a_log(annotations: list[Annotation]) -> None:
    data = sarif.render(annotations)
    run = check_sarif(json.loads(data))
    placed = len(run["results"]) + len(run["invocations"][0]["toolExecutionNotifications"])
    assert placed == len(annotations)
    assert data == visible(data)


MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HARMLESS = {"inline", "text", "html_inline", "softbreak"}


def text_of(written: str) -> tuple[list[str], str]:
    """Return the kinds of blocks, and all text; fail on anything that data must not open."""
    kinds, texts = [], []
    for token in MARKDOWN.parse(written):
        kinds.append(token.type)
        for child in token.children or []:
            assert child.type in HARMLESS, (child.type, written)
            if child.type == "html_inline":
                assert child.content == "<!-- -->"
            else:
                texts.append(child.content)
    return kinds, "".join(texts)


@given(HOSTILE)
@example("a|b")
@example("\\|")
@example("1. x")
@example("-")
@example("===")
@example("[x]: http://y")
def test_data_is_text_wherever_it_stands(data: str) -> None:
    shown = one_line(data)
    for before, opened in (("", 0), ("- ", 1), ("## ", 0)):
        kinds, text = text_of(before + literal(data))
        assert text.strip() == shown
        assert not {"fence", "code_block", "html_block", "hr"} & set(kinds)
        assert kinds.count("bullet_list_open") + kinds.count("ordered_list_open") == opened


@given(HOSTILE)
def test_no_address_is_left_that_github_would_link(data: str) -> None:
    written = literal(data)
    assert not re.search(r"(?i)www\.|[:@](?!<!-- -->)", re.sub(r"&#\d+;<!-- -->", "", written))
    assert "://" not in written


@given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=3))
def test_data_opens_no_cell(rows: list[tuple[str, str]]) -> None:
    kinds, text = text_of(table(("A", "B"), rows))
    assert kinds.count("table_open") == 1
    assert kinds.count("tr_open") == len(rows) + 1
    assert kinds.count("td_open") == 2 * len(rows)
    assert text == "AB" + "".join(one_line(cell) for row in rows for cell in row)


def test_a_long_text_is_cut_and_says_so() -> None:
    assert literal("x" * 600) == "x" * 500 + " … (cut)"


def test_a_summary_has_figures_places_and_the_rest() -> None:
    found = [
        Annotation("warning", "a_b.md", 3, "spec 001", "the file is gone"),
        Annotation("error", "c.md", None, "", "torn"),
        Annotation("notice", None, None, "t", "t"),
        Annotation("warning", None, None, "t", "u"),
    ]
    text = markdown.render(found, title="3 specs", figures=[("supported", "2 of 3")], most=1)
    assert text == (
        "## 3 specs\n\n"
        "|   | n |\n| --- | --- |\n| supported | 2 of 3 |\n\n"
        "|   | Where | What |\n| --- | --- | --- |\n"
        "| ❌ error | c.md | torn |\n"
        "| ⚠️ warning | a&#95;b.md&#58;<!-- -->3 | spec 001&#58;<!-- --> the file is gone |\n\n"
        "1 more warning, 1 more notice\n"
    )
    assert markdown.render([]) == "## pipeline verify\n\nNothing to report.\n"


@given(HOSTILE, st.lists(ANNOTATIONS, max_size=3))
def test_a_summary_is_only_a_heading_and_tables(title: str, found: list[Annotation]) -> None:
    kinds, _ = text_of(markdown.render(found, title=title, figures=[("a", "1")]))
    assert kinds.count("heading_open") == 1
    assert kinds.count("table_open") == (2 if found else 1)
    assert "html_block" not in kinds

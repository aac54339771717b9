"""The way to the terminal, and the global options, without a process around them."""

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from pipeline_cli.cli.boundary import hoist
from pipeline_cli.domain.patterns import compiled
from pipeline_cli.errors import Signalled
from pipeline_cli.render import terminal
from pipeline_cli.render.terminal import ColorChoice, harmless_in_ci, one_line, visible, wants_color

# hoist


@pytest.mark.parametrize(
    ("arguments", "found", "rest"),
    [
        ([], [], []),
        (["status"], [], ["status"]),
        (["--json", "status"], ["--json"], ["status"]),
        (["status", "--json"], ["--json"], ["status"]),
        (["status", "--root", "x", "--tree"], ["--root", "x"], ["status", "--tree"]),
        (["status", "--root=x"], ["--root=x"], ["status"]),
        (["-q", "tasks", "--debug"], ["-q", "--debug"], ["tasks"]),
        (
            ["--now", "t", "tasks", "--color", "never"],
            ["--now", "t", "--color", "never"],
            ["tasks"],
        ),
        (["status", "--", "--json"], [], ["status", "--", "--json"]),
        (["--json", "status", "--", "--root", "x"], ["--json"], ["status", "--", "--root", "x"]),
        (["--root", "status", "tasks"], ["--root", "status"], ["tasks"]),
        (["--config", "--json", "tasks"], ["--config", "--json"], ["tasks"]),
        (["align", "--check"], [], ["align", "--check"]),
        (["status", "--jsonx"], [], ["status", "--jsonx"]),
    ],
)
def test_global_options_are_found_wherever_they_stand(
    arguments: list[str], found: list[str], rest: list[str]
) -> None:
    assert hoist(arguments) == (found, rest)


def test_hoist_loses_and_doubles_no_word() -> None:
    words = ["--root", "a", "status", "--json", "-q", "--now=x", "--flat", "--", "--json", "b"]
    found, rest = hoist(words)
    assert sorted(found + rest) == sorted(words)


# visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words, 100% of them", "plain words, 100% of them"),
        ("Maß — “quoted” 日本 \U0001f600", "Maß — “quoted” 日本 \U0001f600"),
        ("line\n\tindented", "line\n\tindented"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]52;c;aGk=\x07", "\\x1b]52;c;aGk=\\x07"),
        ("over\rwritten\b", "over\\x0dwritten\\x08"),
        ("\x7f\x9b31m\x85", "\\x7f\\x9b31m\\x85"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("a\u2028b", "a\\u2028b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_no_control_character_but_newline_and_tab_is_left() -> None:
    text = visible("".join(map(chr, range(0x110000))))
    left = {c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")}
    assert left == {"\n", "\t"}


def test_no_bidi_control_is_left() -> None:
    text = visible("".join(map(chr, range(0x110000))))
    kinds = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert [hex(ord(c)) for c in text if unicodedata.bidirectional(c) in kinds] == []


def test_nothing_without_a_width_that_formats_is_left() -> None:
    marks = "\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\xad"
    assert visible(marks).isascii()


def test_making_visible_twice_changes_nothing() -> None:
    once = visible("\x1b[31m\u202e\ud800 \\x1b")
    assert visible(once) == once


def test_a_text_on_one_line_has_no_newline() -> None:
    assert one_line(" a\n b\t\tc\r\nd\x0be\u2028f ") == "a b c d e f"


@given(st.text("a  \t\n\x1b\x7f\x85\xa0\u2028é"))
def test_what_is_one_line_already_stays_as_it_is(text: str) -> None:
    assert one_line(text) == visible(" ".join(text.split()))


@given(st.text("a:#[ \n") | st.sampled_from(("##vso[x]", " ::x", "\x1b[1m::x", "a ##[x]")))
def test_what_no_ci_log_could_take_for_a_command_stays_as_it_is(text: str) -> None:
    harmless = harmless_in_ci(text)
    assert (harmless == text) == (compiled(terminal._COMMAND_START).search(text) is None)


# harmless_in_ci


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("::error::x", ": :error::x"),
        ("  ::set-output name=a::b", "  : :set-output name=a::b"),
        ("\t::add-mask::x", "\t: :add-mask::x"),
        ("first\n::error::x\nlast", "first\n: :error::x\nlast"),
        ("\n\n::error::x", "\n\n: :error::x"),
        ("\x1b[1m::error::x\x1b[0m", "\x1b[1m: :error::x\x1b[0m"),
        ("##[command]x", "## [command]x"),
        ("a ##[error]x", "a ## [error]x"),
        ("a ##vso[task.setvariable]x", "a ## vso[task.setvariable]x"),
        ("std::vector and a ::b", "std::vector and a ::b"),
        ("## A heading [link]", "## A heading [link]"),
        (": one", ": one"),
        ("", ""),
    ],
)
def test_a_line_cannot_begin_a_command_of_a_ci_log(text: str, harmless: str) -> None:
    assert harmless_in_ci(text) == harmless


@pytest.mark.parametrize("text", [":::error::x", "::::x", "\xa0::error::x", "###[error]", "##[##["])
def test_what_was_made_harmless_is_harmless(text: str) -> None:
    done = harmless_in_ci(text)
    assert not done.lstrip().startswith("::")
    assert "##[" not in done


@pytest.mark.parametrize("text", ["::error::x", ":::x", "##[x", "a\n  ::b::\n##vso[c"])
def test_making_harmless_twice_changes_nothing(text: str) -> None:
    once = harmless_in_ci(text)
    assert harmless_in_ci(once) == once


# wants_color


@pytest.mark.parametrize(
    ("choice", "environment", "is_terminal", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": ""}, False, False),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_the_flag_beats_no_color_beats_force_color_beats_the_terminal(
    choice: ColorChoice, environment: dict[str, str], is_terminal: bool, wanted: bool
) -> None:
    assert wants_color(choice, environment, terminal=is_terminal) is wanted


# render


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_rendered_line_is_never_wider_than_asked(width: int) -> None:
    words = [Text("日本語のとても長い" * 9), Text("word " * 40), Text("x" * 300)]
    lines = terminal.render(words, color=False, width=width).split("\n")
    assert max(map(cell_len, lines)) <= width


def test_markup_in_a_plain_string_is_text() -> None:
    assert terminal.render(["[bold]x[/nothing] :smile:"], color=True, width=80) == (
        "[bold]x[/nothing] :smile:\n"
    )


def test_a_rendered_line_has_no_trailing_blanks() -> None:
    assert terminal.render([Text("word   ")], color=False, width=80) == "word\n"


def test_without_colour_there_is_no_escape_sequence() -> None:
    assert "\x1b" not in terminal.render([Text("x", style="bold red")], color=False, width=80)


def test_with_colour_there_is_one() -> None:
    assert "\x1b[" in terminal.render([Text("x", style="bold red")], color=True, width=80)


def test_a_line_that_is_broken_by_the_width_begins_no_command() -> None:
    text = "x" * 20 + " ::error::y"
    lines = terminal.render([Text(text)], color=False, width=20).split("\n")
    assert [line for line in lines if line.lstrip().startswith("::")] == []


# write


def test_a_reader_that_went_away_is_a_signal_of_ours() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as stream, pytest.raises(Signalled) as caught:
        terminal.write(b"text", stream)
    assert caught.value.exit_code == 141


def test_what_is_written_is_there_at_once(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as stream:
        terminal.write(b"text\n", stream)
        assert (tmp_path / "out").read_bytes() == b"text\n"

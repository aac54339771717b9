"""Wrapping: between words, nothing lost, and a word that no line holds stays whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from pipeline_cli.render.terminal import render
from pipeline_cli.render.text import indented

WORDS = st.lists(st.text("ab日é_/[].", min_size=1, max_size=30), min_size=1, max_size=12)


def wrapped(text: str, width: int, by: int = 2) -> list[str]:
    shown = render([indented(Text(text), by)], color=False, width=width)
    return shown.removesuffix("\n").split("\n")


@given(WORDS, st.integers(10, 60), st.integers(0, 4))
def test_a_text_is_wrapped_between_words_and_nothing_is_lost(
    words: list[str], width: int, by: int
) -> None:
    lines = wrapped(" ".join(words), width, by)
    assert [word for line in lines for word in line.split()] == words
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        assert line.startswith(" " * by)
        assert line[by:] == " ".join(line.split())
        assert cell_len(line) <= width or len(line.split()) == 1
        if after:  # no line ends early
            assert cell_len(f"{line} {after.split()[0]}") > width


@pytest.mark.parametrize("color", [False, True])
def test_a_text_that_is_cut_where_the_line_ends_stays_so(color: bool) -> None:
    text = Text("one two three", no_wrap=True, overflow="ellipsis")
    assert render([indented(text)], color=color, width=9) == "  one tw…\n"


def test_styles_go_with_their_words() -> None:
    text = Text("one ", style="red").append("twotwotwo", style="bold")
    shown = render([indented(text)], color=True, width=8)
    assert shown == "  \x1b[31mone\x1b[0m\n  \x1b[1;31mtwotwotwo\x1b[0m\n"

"""How counts and long texts are said in a line."""

from pathlib import Path

import pytest

from pipeline_cli.domain.phrases import plural, shortened

PACKAGE = Path(__file__).parents[2] / "pipeline_cli"


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 lines"), (1, "1 line"), (2, "2 lines"), (1200, "1,200 lines"), (0.5, "0.5 lines")],
)
def test_a_noun_agrees_with_its_count(count: float, words: str) -> None:
    assert plural(count, "line") == words


def test_a_plural_of_its_own_is_given() -> None:
    assert plural(1, "task waits", "tasks wait") == "1 task waits"
    assert plural(7.0, "task waits", "tasks wait") == "7 tasks wait"


def test_no_message_leaves_the_number_open() -> None:
    left = [
        f"{path.name}: {line.strip()}"
        for path in PACKAGE.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "(es)" in line or any(f"{word}(s)" in line for word in ("e", "k", "n", "r", "t", "y"))
        if '"' in line and "for s in" not in line
    ]
    assert left == []


@pytest.mark.parametrize(("text", "shown"), [("", ""), ("abc", "abc"), ("abcd", "abc…")])
def test_a_text_that_is_cut_says_so(text: str, shown: str) -> None:
    assert shortened(text, 3) == shown

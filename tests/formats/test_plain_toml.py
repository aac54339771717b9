"""The plain subset of TOML is read as Python reads it; all else is left to Python."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.formats.plain_toml import read_plain

BLANKS = st.text(" ", max_size=2)
KEYS = st.text("ab1_-", min_size=1, max_size=3)
TEXTS = st.text("ab #=,[]'é\\\"\t\n", max_size=4).map(lambda text: f'"{text}"')
WORDS = st.sampled_from(
    ("true", "True", "nan", "07", "-1", "1_0", "0x1", "1.", "1e3", "1979-05-27")
)
NUMBERS = st.integers(0, 10**20).map(str) | st.floats(0, 1e3).map(str)
VALUES = st.one_of(
    TEXTS,
    WORDS,
    NUMBERS,
    st.lists(TEXTS, max_size=3).map(", ".join).map(lambda texts: f"[{texts}]"),
    st.sampled_from(("[1]", '["a",]', '["a" "b"]', "{}", '"""a"""', "'a'", '["a", 1]', "[ ]")),
)
PAIRS = st.tuples(KEYS, BLANKS, VALUES, BLANKS).map(lambda p: f"{p[0]}{p[1]}={p[3]}{p[2]}")
LINES = st.one_of(
    PAIRS,
    PAIRS.map(lambda pair: f" {pair} # said"),
    KEYS.map(lambda key: f"[{key}]"),
    st.sampled_from(("", "  ", "# said", "[[a]]", "[a.b]", "[ a ]", "a.b = 1", "a", "\t", "\x7f#")),
)


def typed(value: Any) -> Any:
    """Return a value in which true is not 1, and the order of keys counts."""
    if isinstance(value, dict):
        return [(key, typed(one)) for key, one in value.items()]
    return [*map(typed, value)] if isinstance(value, list) else (type(value), value)


@given(st.lists(LINES, max_size=6), st.sampled_from(("\n", "\r\n")))
def test_what_is_taken_is_what_python_reads(lines: list[str], newline: str) -> None:
    text = newline.join(lines)
    values = read_plain(text)
    if values is not None:
        assert typed(values) == typed(tomllib.loads(text))


def test_a_usual_file_is_in_the_subset() -> None:
    text = (
        '# ours\nwindow_days = 7 # days\n\n[paths]\nspecs = "specs"\n[monitor]\n'
        "persist_resolved = false\nrelapse_hours=1.5\n  [executor]\n"
        'models = ["a", "b" ]\ncommand = []\n'
    )
    assert read_plain(text) == tomllib.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "[a]\n[a]",
        "a = 1\na = 2",
        "a = 1\n[a]",
        "[a]\nb = 1\nb = 2",
        "a = 01",
        "a = 1234567890123456789",
        'a = "\\n"',
        'a = "x',
        'a = x"y"',
        'a = ["x" "y"]',
        "a = 1.x",
        "[a",
        "a.b = 1",
        'a = "x" "y"',
        "a",
        "a =",
        "[a.b]",
        "[[a]]",
        "a = 1\r",
        "\ufeffa = 1",
        "a = 1\x00",
    ],
)
def test_a_mistake_or_a_doubt_is_left_to_python(text: str) -> None:
    assert read_plain(text) is None

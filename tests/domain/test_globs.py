"""Globs over paths, held against a matcher that tries every way."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.globs import glob_matcher


def by_trying(glob: str, path: str) -> bool:
    """Match as the words say it, without any care for time."""
    if not glob:
        return not path
    if glob.startswith("**/"):
        rest = [0, *(place.end() for place in re.finditer("/", path))]
        whole = [at for at in rest if not path.startswith("/") and "//" not in path[:at]]
        return any(by_folder(glob[3:], path[at:]) for at in whole)
    return by_folder(glob, path)


def by_folder(glob: str, path: str) -> bool:
    """Match what does not begin with a `**/` that goes over folders."""
    if not glob:
        return not path
    if glob.startswith("**"):
        if glob.startswith("**/") and path and by_trying(glob, path):
            return True
        return any(by_folder(glob[2:], path[at:]) for at in range(len(path) + 1))
    if glob[0] == "*":
        name = len(path.partition("/")[0])
        return any(by_folder(glob[1:], path[at:]) for at in range(name + 1))
    if not path or (glob[0] == "?" and path[0] == "/"):
        return False
    if glob[0] not in ("?", path[0]):
        return False
    return by_trying(glob[1:], path[1:]) if glob[0] == "/" else by_folder(glob[1:], path[1:])


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("*.py", "a.py", True),
        ("*.py", "a/b.py", False),
        ("**/*.py", "a.py", True),
        ("**/*.py", "a/b/c.py", True),
        ("docs/**", "docs/a/b", True),
        ("docs/**", "doc", False),
        ("a/**/b/**/c", "a/x/b/y/b/c", True),
        ("a/**/b/**/c", "a/x/y/c", False),
        ("*a*b", "xaxbxb", True),
        ("*a*b/*c", "aab/xc", True),
        ("*a*b/*c", "aab/x/c", False),
        ("a**/b", "ax/y/b", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[ab].py", "b.py", True),
        ("[!ab].py", "b.py", False),
        ("[[]id].py", "[id].py", True),
        ("a+b.py", "a+b.py", True),
    ],
)
def test_a_glob_fits_whole_paths(glob: str, path: str, fits: bool) -> None:
    assert bool(glob_matcher(glob)(path)) is fits


PARTS = st.lists(st.sampled_from(["*", "**/", "a", "b", "/", "?", "ab", "*a"]), max_size=7)


@given(PARTS.map("".join), st.lists(st.sampled_from(["a", "b", "ab", "ba"]), max_size=4))
def test_the_first_place_that_fits_is_as_good_as_any(glob: str, names: list[str]) -> None:
    if "***" in glob or re.search(r"[^/]\*\*/", glob) or "//" in glob or glob.startswith("/"):
        return  # no two shells agree on these
    for path in {"/".join(names), "".join(names)} - {""}:  # no file has an empty path
        assert bool(glob_matcher(glob)(path)) is by_trying(glob, path)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("*a" * 60 + "*b", "a" * 250),
        ("**/a/" * 40 + "b.py", "a/" * 200 + "c.py"),
        ("**a" * 40 + "**b", "a" * 250),
        ("**/" * 80 + "b", "a/" * 200 + "c"),
    ],
)
def test_no_number_of_wildcards_stalls(glob: str, path: str) -> None:
    """Were any place tried again, this would outlast the machine."""
    assert not glob_matcher(glob)(path)

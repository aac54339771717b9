"""Shell lines that run pytest: which test files they name. Nothing is ever run.

Owns the evidence grammar's key `test` and the commands under Verification.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from posixpath import normpath

import msgspec

from pipeline_cli.domain.evidence import Citation
from pipeline_cli.formats.citations import Place, cite

_TAKES_VALUE = re.compile(
    r"-[kmcpnWo]|--(?:ignore|deselect|ignore-glob|rootdir|confcutdir|cov|basetemp|junitxml|maxfail|"
    r"timeout|durations)"
)
_ENDS = frozenset({"&&", "||", ";", "|", "&", "(", ")"})


#: What takes a shell's reading: quotes, escapes, lists, subshells, several lines. `&&` between
#: blanks stands for itself.
_SHELL_MARKS = re.compile(r"[\"'\\();|\n]|(?<!&)&(?!&)|&&(?!\s)|(?<!\s)&&")
_LONGEST_COMMAND = 10_000


def command_cites(text: str, place: Place, *, said: bool = False) -> Iterator[Citation]:
    """Read the test files that a shell line gives to pytest; it is never run.

    `cd` before it is followed. A line without any is a citation that cannot be checked, where it
    was `said` to be a test.
    """
    found = list(_of_pytest(text, place))
    if not found and said:
        doubt = "no test file of pytest in it; it is never run"
        found = [
            Citation(
                "test",
                text[:200],
                place.path,
                place.line,
                place.origin,
                place.strength,
                doubt=doubt,
            )
        ]
    yield from found


def _of_pytest(text: str, place: Place) -> Iterator[Citation]:
    if "pytest" not in text or len(text) > _LONGEST_COMMAND:
        return
    try:
        words = _words(text)
    except ValueError:  # a quote that never closes
        return
    folder, part = "", list[str]()
    for word in [*words, ";"]:
        if word not in _ENDS and set(word) - set("();&|"):
            part.append(word)
            continue
        if len(part) > 1 and part[0] == "cd":
            folder = normpath(f"{folder}/{part[1]}" if folder else part[1])
        runs = next((n for n, one in enumerate(part) if _is_pytest(one)), None)
        if runs is not None:
            yield from pytest_cites(part[runs + 1 :], folder, place)
        part = []


#: What stands in quotes, or is a comment: a sign at the beginning of a word, to the line's end.
_QUOTED_OR_COMMENT = re.compile(r"('[^'\n]*'|\"[^\"\n]*\")|(?<!\S)#[^\n]*")


def _words(text: str) -> list[str]:
    if "#" in text:
        text = _QUOTED_OR_COMMENT.sub(lambda found: found[1] or "", text)
    if not _SHELL_MARKS.search(text):  # most commands: it is a fifth of the work
        return text.split()
    lexer = shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars="();&|")
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)


def _is_pytest(word: str) -> bool:
    return word.rpartition("/")[2] in ("pytest", "py.test")


def pytest_cites(words: Sequence[str], folder: str, place: Place) -> Iterator[Citation]:
    """Read the `*.py[::name]` among the arguments of pytest, run in a folder of the tree."""
    skip = False
    for word in words:
        if skip:
            skip = False
            continue
        if word.startswith("-"):
            skip = bool(_TAKES_VALUE.fullmatch(word))
            continue
        target = re.sub(r"\[.*$", "", word)
        if not re.search(r"\.py(?:$|::)", target):
            continue
        for citation in cite(target, place):
            yield _below(citation, folder)


def _below(citation: Citation, folder: str) -> Citation:
    """Put the folder of a `cd` before a path; one that has it already is tried from the root."""
    citation = msgspec.structs.replace(citation, kind="test")
    if folder in ("", ".") or not citation.candidates or folder.startswith(("/", "$", "~", "..")):
        return citation
    path = citation.candidates[0]
    inner = normpath(f"{folder}/{path}")
    candidates = (inner, path) if path.startswith(f"{folder}/") else (inner,)
    return msgspec.structs.replace(citation, candidates=candidates)

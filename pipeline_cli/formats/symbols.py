"""What a file of code defines: the choice of the reader by the file's suffix, and the limits.

Owns which languages are known (contracts §14; evidence, "Symbols"). Python is read by the
standard library, the others by tree-sitter, an extra. A file that cannot be read is
`Unreadable`, never a guess.
"""

from pipeline_cli.domain.symbols import Definitions, Unreadable

#: Larger files are not read: in them nobody defines by hand what a spec names.
MAX_BYTES = 2 << 20

#: How a missing extra is added.
INSTALL = "pip install 'meta-pipeline[symbols]'"

_PYTHON = frozenset({"py", "pyi"})
#: The grammar that reads a suffix.
_GRAMMARS = {
    "js": "javascript",
    "mjs": "javascript",
    "cjs": "javascript",
    "jsx": "javascript",
    "ts": "typescript",
    "mts": "typescript",
    "cts": "typescript",
    "tsx": "tsx",
    "go": "go",
    "rs": "rust",
    "java": "java",
}


def is_code(path: str) -> bool:
    """Tell whether the suffix is of a language whose definitions can be read, extra or not."""
    suffix = _suffix(path)
    return suffix in _PYTHON or suffix in _GRAMMARS


def definitions(path: str, text: str) -> Definitions | Unreadable:
    """Tell what the text of a file defines; `path` is used for its suffix alone.

    Never raises: a suffix of no known language, a missing extra, a syntax error and a file
    beyond a limit come back as `Unreadable`.
    """
    suffix = _suffix(path)
    if not is_code(path):
        return Unreadable("no language that is known")
    data = text.encode("utf-8", "surrogateescape")
    if len(data) > MAX_BYTES:
        return Unreadable(f"larger than {MAX_BYTES >> 20} MiB")
    if suffix in _PYTHON:
        from pipeline_cli.formats import symbols_python

        return symbols_python.definitions(data)
    from pipeline_cli.formats import symbols_trees

    return symbols_trees.definitions(_GRAMMARS[suffix], data, INSTALL)


def is_foreign(path: str) -> bool:
    """Tell whether a file is read by a grammar of the extra, and the extra is there."""
    from importlib.util import find_spec

    return _suffix(path) in _GRAMMARS and find_spec("tree_sitter") is not None


def _suffix(path: str) -> str:
    """Return what follows the last dot of the file's name, in lower case; empty without one."""
    _, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return suffix.lower() if dot else ""

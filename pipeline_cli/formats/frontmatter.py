"""Front matter: the header between `---` lines, every scalar a string.

Owns the split, the limits of charter 15, and the three ways a header is read: a strict reader
for the plain subset, python-frontmatter with a handler of ours for everything else, and line by
line where the header is no valid YAML, so that no spec is dropped (evidence, "Front matter").
YAML and front matter libraries are imported here and nowhere else, and only when needed: they
cost more than a bare interpreter.
"""

import re
from functools import cache, lru_cache
from operator import length_hint
from typing import Any, NamedTuple

import msgspec

from pipeline_cli.domain.documents import BOM
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.patterns import compiled

#: The limits of charter 15, checked before the YAML library sees the text.
MAX_BYTES = 1 << 20
MAX_DEPTH = 64

_BOUNDARY = r"(?m)^---[ \t]*\r?$"
_CLOSING = r"(?m)\n---[ \t]*\r?$"
_OPENING = r"\ufeff?---[ \t]*\r?\n"

# The plain subset, line by line; whatever is not matched goes to the library. A scalar without
# quotes begins with none of YAML's marks and holds neither `: ` nor ` #`. No pattern tries the
# same letters twice: a long line that does not match costs one pass.
_KEY = r"[A-Za-z_][A-Za-z0-9_-]{0,99}+"
_FIRST = r"""[^] \-?:,[{}#&*!|>'"%@`<]"""
_PLAIN = rf"{_FIRST}(?:[^:#]++|:(?! |$)|(?<! )#)*+"
_QUOTED = r""""(?:[^"\\]++|\\["\\])*+"|'(?:[^']++|'')*+'"""
_PART = rf""" *+(?:{_FIRST}[^],[{{}}:#?]*+|(?:"[^"\\]*+"|'[^']*+') *+)"""
_FLOW = rf"\[(?:{_PART}(?:,{_PART})*+| *+)\]"
_PAIR = rf"({_KEY}):(?: ++(?:({_PLAIN}|{_QUOTED}|{_FLOW})|([|>]-?)))?"
_LINE = rf"( *+)(- )?(?:{_PAIR}|({_PLAIN}|{_QUOTED}))? *+(?:(?<![^ ])#.*+)?"
_PARTS = r""""[^"]*"|'[^']*'|[^ ,][^,]*"""
_ESCAPED = r"\\(.)"
#: Specs say the same in many of their lines: so many are remembered. Longer headers are left to
#: the library, so that these lines are short.
_REMEMBERED, _LONGEST = 2048, 1 << 14


class FrontMatter(msgspec.Struct, frozen=True):
    """A header as read: scalars are strings, empty values the empty string.

    `line` is the first line of the header's body; `text` its source.
    """

    values: dict[str, Any]
    text: str = ""
    line: int = 2
    findings: tuple[Finding, ...] = ()

    def line_of(self, key: str) -> int:
        """Return the line in the file at which a key begins; the first where it is not found."""
        lines = enumerate(self.text.split("\n"), self.line)
        return next((number for number, text in lines if text.startswith(key)), self.line)


class _NotPlain(Exception):
    """The header is outside the plain subset."""


class _Refused(Exception):
    """The header goes beyond a limit, or is no valid YAML."""

    def __init__(self, message: str, line: int | None, *, lenient: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.lenient = lenient


def header_of(text: str) -> str | None:
    """Return the text between the first two `---` lines; None where no header begins."""
    opening = compiled(_OPENING).match(text)
    if not opening:
        return None
    begin = opening.end()
    place = text.find("\n---", begin - 1)  # faster than a pattern that looks for it
    while place >= 0 and not compiled(_CLOSING).match(text, place):
        place = text.find("\n---", place + 1)
    return text[begin : place + 1] if place >= 0 else None


def parse(text: str, path: str) -> FrontMatter | None:
    """Read the front matter of a text; None where it has none.

    Never raises: a header that is refused or invalid comes back with what could be read and a
    finding that names the line in the file.
    """
    if not text.startswith(("---", f"{BOM}---")):
        return None
    header = header_of(text)
    if header is None:
        return _unclosed(text, path)
    try:
        # No character takes more than four bytes.
        if 4 * len(header) > MAX_BYTES < len(header.encode("utf-8", "surrogateescape")):
            raise _Refused(f"it is longer than {MAX_BYTES >> 20} MiB", None)
        try:
            values = read_plain(header) if len(header) <= _LONGEST else read_yaml(header)
        except _NotPlain:
            values = read_yaml(header)
        return FrontMatter(values, header)
    except _Refused as refused:
        return _read_anyway(header, path, refused)


def _unclosed(text: str, path: str) -> FrontMatter | None:
    if not compiled(_OPENING).match(text):
        return None
    finding = Finding(
        code="frontmatter-unclosed",
        severity="warning",
        message="the front matter has no closing `---` line and is not read",
        path=path,
        line=1,
        hint="add a line `---` after the last key",
    )
    return FrontMatter({}, findings=(finding,))


def _read_anyway(header: str, path: str, refused: _Refused) -> FrontMatter:
    line = 1 if refused.line is None else refused.line + 1
    if not refused.lenient:
        finding = Finding(
            code="frontmatter-refused",
            severity="error",
            message=f"the front matter is refused: {refused.message}",
            path=path,
            line=line,
            hint="write it in plain keys, lists and strings",
        )
        return FrontMatter({}, header, findings=(finding,))
    finding = Finding(
        code="frontmatter-invalid",
        severity="warning",
        message=f"front matter is not valid YAML, read leniently: {refused.message}",
        path=path,
        line=line,
        hint="put the value in quotes",
    )
    return FrontMatter(read_lines(header), header, findings=(finding,))


class _Mark(NamedTuple):
    """The mark of a text in the lines below: whether these are folded, and the last newline cut."""

    folded: bool
    cut: bool


#: A line of the plain subset: its indent, whether a dash begins it, its key or None, and its value:
#: a tuple for a list in brackets, None where there is none. An empty line has nothing of these.
_Line = tuple[str, bool, str | None, str | tuple[str, ...] | _Mark | None]


def read_plain(header: str) -> dict[str, Any]:
    """Read a header in the plain subset, with the answers that the library gives.

    Raises _NotPlain for anything that it is not sure of, repeated keys included.
    """
    values: dict[str, Any] = {}
    entries: list[Any] = []  # of the key that was read last
    last, margin = "", ""
    lines = header.split("\n")
    rest = iter(lines)
    value: Any
    for indent, dash, key, value in map(_line, rest):
        value = [*value] if type(value) is tuple else value
        if dash:
            if not entries and values.get(last, "") is None:
                values[last], margin = entries, indent
            elif not entries or indent != margin:  # below no key, or one that has a value
                raise _NotPlain
            entries.append({key: value} if key else value)
        elif indent:
            entry = entries[-1] if entries else None
            if type(entry) is not dict or key in entry or indent != f"{margin}  ":
                raise _NotPlain
            entry[key] = value
        elif key:
            if key in values:
                raise _NotPlain
            if type(value) is _Mark:
                value = _take_text(lines, len(lines) - length_hint(rest), value)
            values[key], last, entries = value, key, []
    has_empty = None in values.values()
    return {k: "" if v is None else v for k, v in values.items()} if has_empty else values


@lru_cache(_REMEMBERED)
def _line(raw: str) -> _Line:
    """Read a line; raises _NotPlain where it is outside the plain subset."""
    line = raw.removesuffix("\r").rstrip(" ")
    found = compiled(_LINE).fullmatch(line) if line.isprintable() else None
    if found is None:
        raise _NotPlain
    indent, dash, key, value, mark, entry = found.groups()
    if not key and entry is None and not dash:
        return "", False, None, None
    if value is None and entry is None and (dash or indent):
        raise _NotPlain
    if entry is not None and not dash:
        raise _NotPlain
    if mark:
        return indent, False, key, _Mark(mark[0] == ">", mark.endswith("-"))
    value = value if key else entry
    return indent, bool(dash), key, None if value is None else _scalar_or_list(value)


def _scalar_or_list(value: str) -> str | tuple[str, ...]:
    if value[0] == "[":
        return tuple(_scalar(part.rstrip(" ")) for part in compiled(_PARTS).findall(value[1:-1]))
    return _scalar(value.rstrip(" "))


def _scalar(value: str) -> str:
    if value[0] == '"':
        return compiled(_ESCAPED).sub(r"\1", value[1:-1])
    return value[1:-1].replace("''", "'") if value[0] == "'" else value


def _take_text(lines: list[str], start: int, mark: _Mark) -> str:
    """Return a text of lines with one indent, and leave empty lines in its place."""
    after = start
    while after < len(lines) and lines[after].startswith(" "):
        after += 1
    beyond = after
    while beyond < len(lines) and not lines[beyond].strip("\r"):
        beyond += 1
    if beyond < len(lines) and lines[beyond].startswith(" "):  # it may go on there
        raise _NotPlain
    found = [raw.removesuffix("\r") for raw in lines[start:after]]
    text = [line.lstrip(" ") for line in found]
    if len({len(line) - len(part) for line, part in zip(found, text, strict=True)}) != 1:
        raise _NotPlain
    if not all(part.isprintable() and part[-1:] not in ("", " ") for part in text):
        raise _NotPlain
    lines[start:after] = [""] * len(text)
    return (" " if mark.folded else "\n").join(text) + ("" if mark.cut else "\n")


def read_yaml(header: str) -> dict[str, Any]:
    """Read a header with python-frontmatter over YAML's base loader; raises _Refused."""
    import frontmatter
    import yaml

    try:
        _check_events(header)
        values, _ = frontmatter.parse(f"---\n{header}\n---\n", handler=_handler())
    except yaml.MarkedYAMLError as error:
        line = _line_at(header, error.problem_mark or error.context_mark)
        problem = error.problem or "it cannot be read"
        # The C parser has a limit of its own, and may reach it before the events reach ours.
        raise _Refused(problem, line, lenient="nesting depth" not in problem) from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise _Refused(str(error).split("\n")[0], None, lenient=True) from error
    return values


def _check_events(header: str) -> None:
    """Refuse depth, aliases, merge keys and a second document before anything is built of them.

    The parser that yields events keeps its own stack and reads on demand, so stopping at the
    first event that goes too far costs nothing; what composes nodes recurses, and sees only
    what has passed here.
    """
    if _surely_harmless(header):
        return
    import yaml

    documents = depth = 0
    event: Any
    for event in yaml.parse(header, Loader=_loader()):
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        words = None
        if documents > 1:
            words = "it holds a second document"
        elif depth > MAX_DEPTH:
            words = f"it is nested deeper than {MAX_DEPTH} levels"
        elif isinstance(event, yaml.AliasEvent):
            words = f"it uses the alias *{event.anchor}"
        elif isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]:
            words = "it uses the merge key <<"
        if words is not None:
            # Only now: counting lines for each event is quadratic in a long header.
            raise _Refused(words, _line_at(header, event.start_mark))


def _surely_harmless(header: str) -> bool:
    """Tell by the text alone that a header cannot go beyond a limit.

    Each level takes a bracket, a dash or an indent, so their number bounds the depth.
    """
    if re.search(r"[*&\r\x85\u2028\u2029]|<<|^---|^\.\.\.", header, re.MULTILINE):
        return False
    levels = header.count("[") + header.count("{")
    levels += len(re.findall(r"(?<!\S)[-?](?!\S)", header))
    indents = {len(line) - len(line.lstrip(" \t")) for line in header.split("\n")}
    return levels + len(indents) < MAX_DEPTH


def _line_at(header: str, mark: Any) -> int | None:
    """Return the line of a mark, counted by newlines alone; YAML counts other breaks too."""
    return None if mark is None else header.count("\n", 0, mark.index) + 1


@cache
def _loader() -> Any:
    """Return YAML's base loader: every scalar a string, a repeated key refused."""
    import yaml

    base: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

    class StringLoader(base):  # type: ignore[misc]
        def resolve(self, kind: object, value: object, implicit: object) -> str:
            return ""  # no scalar has a type, so none is looked for

        def get_single_data(self) -> Any:
            node = self.get_single_node()
            return None if node is None else _built(node)

    return StringLoader


def _built(node: Any) -> Any:
    """Make strings, lists and dicts of a tree of YAML's nodes."""
    if node.id == "scalar":
        return node.value
    if node.id == "sequence":
        return [_built(entry) for entry in node.value]
    keys = set()
    for key, _ in node.value:
        if key.id != "scalar":
            raise _not_built("a key is no string", key)
        if key.value in keys:
            raise _not_built(f"the key {key.value} is there twice", key)
        keys.add(key.value)
    return {key.value: _built(value) for key, value in node.value}


def _not_built(problem: str, node: Any) -> Exception:
    import yaml

    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


@cache
def _handler() -> Any:
    from frontmatter.default_handlers import YAMLHandler

    class StringHandler(YAMLHandler):
        FM_BOUNDARY = compiled(_BOUNDARY)

        def load(self, fm: str, **kwargs: object) -> Any:
            # The newline after the opening line is no part of the header: lines count from it.
            values = super().load(fm.removeprefix("\n"), Loader=_loader(), **kwargs)
            if values is None or values == "":
                return {}
            if not isinstance(values, dict):
                raise ValueError("it is not a mapping of keys to values")
            return values

    return StringHandler()


_LINE_PAIR = r"([A-Za-z_][\w-]*):[ \t]*(.*)"
_LINE_ENTRY = r"[ \t]*-[ \t]+(.*)"
_LINE_MORE = r"[ \t]+([A-Za-z_][\w-]*):[ \t]*(.*)"


def read_lines(header: str) -> dict[str, Any]:
    """Read `key: value`, `- item`, `- key: value` and `[a, b]` by lines; skip what is neither.

    For headers that are no valid YAML. A value loses one pair of quotes around it; the first
    of two equal keys stands.
    """
    values: dict[str, Any] = {}
    entries: list[Any] = []
    key = ""
    for raw in header.split("\n"):
        line = raw.rstrip()
        if pair := compiled(_LINE_PAIR).fullmatch(line):
            key, entries = pair[1], []
            values.setdefault(key, _loose(pair[2]) if pair[2] else None)
        elif entry := compiled(_LINE_ENTRY).fullmatch(line):
            inner = compiled(_LINE_PAIR).fullmatch(entry[1])
            entries.append({inner[1]: _loose(inner[2])} if inner else _loose(entry[1]))
            if values.get(key) is None:
                values[key] = entries
        elif (
            (more := compiled(_LINE_MORE).fullmatch(line))
            and entries
            and isinstance(entries[-1], dict)
        ):
            entries[-1].setdefault(more[1], _loose(more[2]))
    return {key: "" if value is None else value for key, value in values.items()}


def _loose(value: str) -> Any:
    value = value.strip()
    if value.startswith("[") and value.endswith("]"):
        return [_unquoted(part.strip()) for part in value[1:-1].split(",") if part.strip()]
    return _unquoted(value)


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value

"""What a Python file defines, read from the syntax tree of the standard library.

Owns what counts as a definition in Python (evidence, "Symbols"): functions and classes at any
depth, names bound in a module or a class body, attributes that a method sets on its object.
Imports, strings, calls, parameters and the locals of a function define nothing. Nothing is ever
imported or executed.
"""

import ast
import platform
import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from pipeline_cli.domain.symbols import Definitions, Unreadable

#: A mark is what a node of the tree is made for; a node takes a kilobyte or two.
MAX_MARKS = 100_000
#: Up to Python 3.11 each interpolation costs the length of its string once more.
MAX_BRACES = 16_000

_MARK = re.compile(rb"\w+|[(\[{'\":]|\.\.\.")
_INTERPOLATED = re.compile(rb"[fF][rR]?['\"]")
_TEST = re.compile(r"\bdef[\s\\]+(test\w*)")

#: Where a statement that binds keeps what it binds; `type X = …` is known from Python 3.12 on.
_BINDS = {
    "Assign": "targets",
    "AnnAssign": "target",
    "AugAssign": "target",
    "For": "target",
    "AsyncFor": "target",
    "TypeAlias": "name",
}
#: Where a statement keeps the statements below it.
_BLOCKS = {
    "If": ("body", "orelse"),
    "For": ("body", "orelse"),
    "AsyncFor": ("body", "orelse"),
    "While": ("body", "orelse"),
    "With": ("body",),
    "AsyncWith": ("body",),
    "Try": ("body", "orelse", "finalbody"),
    "TryStar": ("body", "orelse", "finalbody"),
}


class _Scope(NamedTuple):
    """Where a statement stands.

    `owners`: the classes around it, outermost first, as far as no function lies between.
    `receivers`: the names whose attributes belong to the innermost of them. `binds`: whether a
    name that is bound here is a definition, which it is in a module and in a class.
    """

    owners: tuple[str, ...] = ()
    receivers: frozenset[str] = frozenset()
    binds: bool = True


def test_names(text: str) -> frozenset[str]:
    """Return the names of a Python file's functions that begin with `test`, without parsing it.

    One search, for an index over thousands of files. It also finds what stands in a comment or
    a string, so it only tells where to look: `definitions` decides.
    """
    return frozenset(_TEST.findall(text))


def definitions(data: bytes) -> Definitions | Unreadable:
    """Tell what Python source defines; what this interpreter cannot parse is `Unreadable`."""
    if len(data) > MAX_MARKS and sum(1 for _ in _MARK.finditer(data)) > MAX_MARKS:
        return Unreadable(f"more than {MAX_MARKS} words and brackets")
    if data.count(b"{") > MAX_BRACES and _INTERPOLATED.search(data):
        return Unreadable(f"more than {MAX_BRACES} braces beside an interpolated string")
    if b"\0" in data:
        return _refused("a NUL byte", data.count(b"\n", 0, data.find(b"\0")) + 1)
    try:
        with warnings.catch_warnings():
            # Invalid escapes and the like are the author's business.
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    except SyntaxError as error:
        return _refused(error.msg, error.lineno)
    except UnicodeDecodeError:  # while the parser words an error that comes before such a byte
        return _refused("bytes that are no UTF-8", None)
    except (RecursionError, MemoryError):
        return Unreadable("nested too deep to be parsed")
    reading = _Reading(walrus=b":=" in data)
    reading.walk(tree)
    return Definitions(frozenset(reading.names), frozenset(reading.members))


def _refused(message: str, line: int | None) -> Unreadable:
    version = ".".join(platform.python_version_tuple()[:2])
    place = f"line {line}: " if line else ""
    return Unreadable(f"cannot be parsed as Python {version}: {place}{message}")


class _Reading:
    """One walk over a tree: statements alone, but where an expression may bind a name."""

    def __init__(self, *, walrus: bool) -> None:
        self.names: set[str] = set()
        self.members: set[str] = set()
        self._walrus = walrus
        self._open: list[tuple[list[ast.stmt], _Scope]] = []

    def walk(self, tree: ast.Module) -> None:
        """Collect every definition; a list of what is open stands in for recursion."""
        self._open.append((tree.body, _Scope()))
        while self._open:
            statements, scope = self._open.pop()
            for statement in statements:
                self._statement(statement, scope)

    def _statement(self, node: ast.stmt, scope: _Scope) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._define(node.name, scope)
            self._open.append((node.body, _inside(node, scope)))
        elif isinstance(node, ast.ClassDef):
            self._define(node.name, scope)
            owners = (*scope.owners, node.name) if scope.binds else (node.name,)
            self._open.append((node.body, _Scope(owners)))
        else:
            self._simple(node, scope)
        if self._walrus and scope.binds:
            for name in _walrus_names(node):
                self._define(name, scope)

    def _simple(self, node: ast.stmt, scope: _Scope) -> None:
        kind = type(node).__name__
        if kind in _BINDS:
            self._bind(getattr(node, _BINDS[kind]), scope)
        elif isinstance(node, ast.With | ast.AsyncWith):
            self._bind([item.optional_vars for item in node.items if item.optional_vars], scope)
        elif isinstance(node, ast.Global):
            self.names.update(node.names)
        elif isinstance(node, ast.Match):
            self._match(node, scope)
        for block in _BLOCKS.get(kind, ()):
            self._open.append((getattr(node, block), scope))
        if isinstance(node, ast.Try | ast.TryStar):
            self._open.extend((handler.body, scope) for handler in node.handlers)

    def _match(self, node: ast.Match, scope: _Scope) -> None:
        for case in node.cases:
            self._open.append((case.body, scope))
            if scope.binds:
                for part in ast.walk(case.pattern):
                    name = getattr(
                        part, "rest" if isinstance(part, ast.MatchMapping) else "name", None
                    )
                    if name:
                        self._define(name, scope)

    def _bind(self, target: ast.expr | list[ast.expr], scope: _Scope) -> None:
        for part in _targets(target):
            if isinstance(part, ast.Name):
                if scope.binds:
                    self._define(part.id, scope)
            elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                if part.value.id in scope.receivers:
                    self._define(part.attr, scope._replace(binds=True))
                elif scope.binds:
                    self.names.add(part.attr)
                    self.members.add(f"{part.value.id}.{part.attr}")

    def _define(self, name: str, scope: _Scope) -> None:
        self.names.add(name)
        if scope.binds and scope.owners:
            self.members.add(f"{scope.owners[-1]}.{name}")
            if len(scope.owners) > 1:
                self.members.add(".".join((*scope.owners, name)))


def _inside(node: ast.FunctionDef | ast.AsyncFunctionDef, scope: _Scope) -> _Scope:
    """Return the scope of a function's body.

    In a method the first parameter is the object or its class; a function within it sees both.
    """
    if not scope.binds or not scope.owners:
        return scope._replace(binds=False)
    receivers = {"self", "cls"}
    first = [*node.args.posonlyargs, *node.args.args][:1]
    static = any(
        isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in node.decorator_list
    )
    if first and not static:
        receivers.add(first[0].arg)
    return _Scope(scope.owners, frozenset(receivers), binds=False)


def _targets(target: ast.expr | list[ast.expr]) -> Iterator[ast.expr]:
    """Yield the names and attributes of a target, out of tuples, lists and stars."""
    waiting = list(target) if isinstance(target, list) else [target]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.Tuple | ast.List):
            waiting.extend(part.elts)
        elif isinstance(part, ast.Starred):
            waiting.append(part.value)
        else:
            yield part


def _walrus_names(node: ast.stmt) -> Iterator[str]:
    """Yield what `:=` binds in the expressions of one statement, beside those in a lambda."""
    waiting: list[ast.AST] = _below(node)
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.NamedExpr):
            yield part.target.id
        if not isinstance(part, ast.Lambda):
            waiting.extend(_below(part))


def _below(node: ast.AST) -> list[ast.AST]:
    return [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]

"""The layers of docs/architecture.md, held against the imports and calls in the syntax tree."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipeline_cli

PACKAGE = Path(pipeline_cli.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

#: What each layer may import of ours; every layer may import itself.
MAY_IMPORT = {
    "errors": set[str](),
    "domain": {"errors"},
    "formats": {"domain", "errors"},
    "store": {"domain", "errors"},
    "config": {"errors"},
    "load": {"store", "formats", "domain", "config", "errors"},
    "render": {"domain", "errors"},
    "commands": {"load", "render", "store", "domain", "errors"},
    "cli": {"commands", "render", "errors"},
    "entry": {"cli"},
    "__main__": {"entry"},
    "__init__": set[str](),
}

#: Where a library may be imported: by layer, or by the one module that owns it.
FENCES = {
    "typer": {"cli", "commands"},
    "rich": {"render", "cli"},
    "git": {"store.gitfiles", "store.gitcommit"},
    "pathspec": {"formats.gitignore"},
    "yaml": {"formats.frontmatter"},
    "frontmatter": {"formats.frontmatter"},
    "tomllib": {"config"},
    "json": {"formats"},
    "subprocess": {"store"},
    "fcntl": {"store"},
    "tempfile": {"store"},
    "shutil": {"commands.output", "store"},
}

#: Calls that have one place.
CALLS = {
    "datetime.now": {"load.context", "cli.boundary", "cli.set_up"},
    "time.time": {"store.gitplain"},  # a commit is of the moment in which git would make it
    "print": set[str](),
    "sys.exit": {"__main__"},
    "exit": set[str](),
    "open": {"store"},
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def imports_of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            if node.module == "pipeline_cli":
                yield from (f"pipeline_cli.{alias.name}" for alias in node.names)
            elif node.module:
                yield node.module


def allowed(module: str, places: set[str]) -> bool:
    return module in places or module.split(".")[0] in places


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_follow_the_layers(path: Path) -> None:
    module = name_of(path)
    layer = module.split(".")[0]
    for imported in imports_of(ast.parse(path.read_text())):
        if not imported.startswith("pipeline_cli."):
            continue
        target = imported.split(".")[1]
        assert target in MAY_IMPORT[layer] | {layer, "__version__"}, f"{module} → {imported}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_libraries_stay_behind_their_fences(path: Path) -> None:
    module = name_of(path)
    for imported in imports_of(ast.parse(path.read_text())):
        top = imported.split(".")[0]
        if top in FENCES:
            assert allowed(module, FENCES[top]), f"{module} imports {imported}"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if name_of(path).startswith("domain.")], ids=name_of
)
def test_domain_imports_only_the_standard_library_and_msgspec(path: Path) -> None:
    for imported in imports_of(ast.parse(path.read_text())):
        top = imported.split(".")[0]
        assert top in sys.stdlib_module_names | {"msgspec", "pipeline_cli"}, imported
        assert top not in {"os", "io", "pathlib", "socket", "random"}, imported


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_clock_output_and_exit_have_one_place(path: Path) -> None:
    module = name_of(path)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in CALLS:
                assert allowed(module, CALLS[called]), f"{module} calls {called}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_is_a_drawer(path: Path) -> None:
    assert path.stem not in {"utils", "helpers", "models", "common", "misc"}

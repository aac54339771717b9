"""This repository's own documents: true, aligned, and naming what is really there."""

import ast
from pathlib import Path
from typing import Any

import pytest

from pipeline_cli.domain.documents import SourceFile, decode
from pipeline_cli.formats.spec_md import read
from tests.support import pipeline

ROOT = Path(__file__).resolve().parents[2]
SPEC_FILES = sorted((ROOT / "specs").glob("[0-9]*.md"))


def header_of(path: Path) -> dict[str, Any]:
    source = decode(f"specs/{path.name}", path.read_bytes())
    assert isinstance(source, SourceFile)
    head, header = read(source)
    assert header is not None
    assert head.findings == ()
    return header.values


def defined_in(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


@pytest.mark.parametrize("path", SPEC_FILES, ids=lambda path: path.stem)
def test_every_source_and_symbol_of_a_spec_exists(path: Path) -> None:
    sources = header_of(path)["source"]
    assert sources, "a spec of ours names its sources"
    for source in sources:
        assert source["symbols"], f"{source['file']} names no symbol"
        missing = set(source["symbols"]) - defined_in(ROOT / source["file"])
        assert not missing, f"{source['file']} does not define {missing}"


@pytest.mark.parametrize("path", SPEC_FILES, ids=lambda path: path.stem)
def test_every_test_of_a_spec_exists(path: Path) -> None:
    tests = header_of(path)["test"]
    assert tests, "a spec of ours names its tests"
    for command in tests:
        assert (ROOT / command.removeprefix("pytest ")).is_file(), command


def test_this_repository_is_aligned() -> None:
    ran = pipeline(ROOT, "align", "--check", "--json")
    assert ran.json["findings"] == []
    assert ran.code == 0


def test_every_spec_has_one_row_in_the_coverage_document() -> None:
    rows = [
        line.split("|")[1].strip()[:3]
        for line in (ROOT / "docs" / "SPEC-COVERAGE.md").read_text().splitlines()
        if line.startswith("| 0")
    ]
    assert sorted(rows) == [path.stem[:3] for path in SPEC_FILES]

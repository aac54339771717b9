"""The catalog holds every name that the program can say, and none that it cannot."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipeline_cli
from pipeline_cli import config, errors
from pipeline_cli.domain import attention, monitor
from pipeline_cli.domain.catalog import CATALOG, Entry
from tests import manual

PACKAGE = Path(pipeline_cli.__file__).parent
DOCS = PACKAGE.parent / "docs"
SOURCES = [path for path in PACKAGE.rglob("*.py") if "catalog" not in path.parts]
#: Prefixes that a reader of several files puts before what went wrong.
PREFIXES = ("json-", "log-", "backlog-number-", "frontmatter-")


def strings() -> set[str]:
    return {
        node.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def codes() -> Iterator[str]:
    """Yield every code that stands in the source as `code="…"` or as what is reported."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            for keyword in node.keywords:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value)
            if name in ("report", "_report") and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    yield str(first.value)


def of_kind(kind: str) -> set[str]:
    return {entry.name for entry in CATALOG.values() if entry.kind == kind}


def test_every_code_in_the_source_is_in_the_catalog() -> None:
    known = of_kind("finding")
    missing = {code for code in codes() if not ({code, f"json-{code}", f"log-{code}"} & known)}
    assert not missing


def test_every_code_of_the_catalog_is_in_the_source() -> None:
    said = strings() | {name.__dict__.get("default_code", "") for name in _error_classes()}
    unknown = {
        code
        for code in of_kind("finding")
        if code not in said
        and not any(code.startswith(p) and code.removeprefix(p) in said for p in PREFIXES)
    }
    assert not unknown


def _error_classes() -> list[type]:
    return [value for value in vars(errors).values() if isinstance(value, type)]


def test_the_flags_are_those_of_the_rules() -> None:
    assert of_kind("flag") == set(attention.FLAGS)


def test_every_rule_of_the_monitor_can_be_explained() -> None:
    conditions = {rule.condition for rule in monitor.RULES}
    assert of_kind("rule") == conditions - of_kind("flag")
    assert conditions <= set(CATALOG)


def test_every_rule_of_the_monitor_has_a_line_in_the_manual() -> None:
    text = (DOCS / "monitor.md").read_text()
    assert [rule.condition for rule in monitor.RULES if f"`{rule.condition}`" not in text] == []


def test_every_exit_code_of_an_error_is_in_the_catalog() -> None:
    given = {str(kind.exit_code) for kind in _error_classes() if hasattr(kind, "exit_code")}
    assert given < of_kind("exit code")


def test_every_exit_code_of_the_manual_is_in_the_catalog() -> None:
    rows = re.findall(r"^\| ([\d, ]+) \|", (DOCS / "exit-codes.md").read_text(), re.MULTILINE)
    said = {code for row in rows for code in row.split(", ")}
    assert said == of_kind("exit code")
    assert {"124", "125", "126", "127"} <= said  # of `task run`


def test_every_setting_has_a_meaning_and_a_line_in_the_manual() -> None:
    assert set(config.MEANINGS) == set(config.setting_types())
    text = (DOCS / "settings.md").read_text()
    missing = [name for name in config.MEANINGS if f"`{name}`" not in text]
    assert [name for name in missing if f"`{name.partition('.')[0]}.*`" not in text] == []


def test_the_manual_names_update_coverage_where_it_reads_a_setting() -> None:
    source = (PACKAGE / "load/coverage.py").read_text()
    rows = (DOCS / "settings.md").read_text().splitlines()
    read = {f"paths.{name}" for name in re.findall(r"paths\.(\w+)", source)}
    assert read == {"paths.coverage", "paths.status", "paths.specs"}
    for name in (*read, "specs.ignore", "evidence.junit", "executor.test_command"):
        (row,) = (row for row in rows if row.startswith(f"| `{name}` |"))
        assert "update-coverage" in row.split("|")[-2]


def test_every_exit_code_has_a_line_in_the_manual() -> None:
    text = (DOCS / "exit-codes.md").read_text()
    for code in of_kind("exit code"):
        assert re.search(rf"\b{code}\b", text), code


@pytest.mark.parametrize("entry", CATALOG.values(), ids=list(CATALOG))
def test_every_entry_is_a_sentence(entry: Entry) -> None:
    meaning = entry.meaning
    assert meaning.endswith((".", "…")) or meaning[-1].isalnum()
    assert meaning[0].isupper()


def test_the_reference_is_made_from_the_catalog() -> None:
    written = (DOCS / "reference.md").read_text()
    assert written == manual.reference(), "run `python -m tests.manual`"

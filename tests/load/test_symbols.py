"""Reading code apart: what crashes a parser, or takes all memory, is unknown, and no more."""

import os
import signal
from pathlib import Path

import pytest

from pipeline_cli.domain.symbols import Definitions, Unreadable
from pipeline_cli.load.symbols import SymbolReader
from pipeline_cli.store.apart import Apart

JAVA = "class A { void run() {} }"
GAVE_UP = Unreadable("the parser gave up on it")


@pytest.fixture
def reader() -> "SymbolReader":
    return SymbolReader()


def test_code_of_every_language_is_read(reader: SymbolReader) -> None:
    for path, text in (("a.py", "def run(): pass"), ("a.java", JAVA), ("b/a.ts", "const run = 1")):
        found = reader.read(path, text)
        assert isinstance(found, Definitions)
        assert "run" in found.names
    reader.close()


def test_source_that_would_take_all_memory_is_unknown_and_the_next_file_is_read(
    reader: SymbolReader,
) -> None:
    for hostile in ("a=>" * 10_000, "a=>" * 30_000):
        assert isinstance(reader.read("a.java", hostile), Unreadable)
        found = reader.read("a.java", JAVA)
        assert isinstance(found, Definitions)
        assert found.members == {"A.run"}
    reader.close()


def test_a_helper_that_is_killed_is_started_again(reader: SymbolReader) -> None:
    reader.read("a.java", JAVA)
    process = reader._apart._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert reader.read("a.java", JAVA) == GAVE_UP
    assert isinstance(reader.read("a.java", JAVA), Definitions)
    reader.close()
    assert reader._apart._process is None


def test_a_file_that_is_not_utf8_or_too_large(reader: SymbolReader) -> None:
    assert isinstance(reader.read("a.java", "class A {} // \udcff"), Definitions)
    assert reader.read("a.java", "x" * (3 << 20)) == Unreadable("larger than 2 MiB")
    assert reader._apart._process is not None
    reader.close()


def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    apart = Apart(("sleep", "60"), 0.5)
    assert apart.ask(b"x" * 200_000) is None
    assert apart._process is None


def test_nothing_of_the_current_folder_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: SymbolReader
) -> None:
    for name in ("msgspec.py", "pipeline_cli.py", "tree_sitter.py"):
        (tmp_path / name).write_text("open('ran', 'w')")
    monkeypatch.chdir(tmp_path)
    assert isinstance(reader.read("a.java", JAVA), Definitions)
    reader.close()
    assert not (tmp_path / "ran").exists()

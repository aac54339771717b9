"""The lines by which code is read apart."""

from pipeline_cli.domain.symbols import Definitions, Unreadable
from pipeline_cli.formats.symbols_apart import answer, answered, question


def test_what_is_asked_is_answered_and_read_again() -> None:
    found = answered(answer(question("a/b.py", "def f(): pass\nx = '\udcff'")))
    assert isinstance(found, Unreadable)
    found = answered(answer(question("a/b.ts", "class A { run() {} }")))
    assert isinstance(found, Definitions)
    assert (set(found.names), set(found.members)) == ({"A", "run"}, {"A.run"})


def test_no_answer_is_unknown() -> None:
    assert answered(None) == Unreadable("the parser gave up on it")

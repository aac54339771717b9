"""What is asked of the helper that reads code apart from us, and what it answers, as lines."""

import msgspec

from pipeline_cli.domain.symbols import Definitions, Unreadable
from pipeline_cli.formats.symbols import definitions


class _Asked(msgspec.Struct):
    name: str
    data: bytes


class _Told(msgspec.Struct):
    definitions: Definitions | None = None
    unreadable: Unreadable | None = None


def question(path: str, text: str) -> bytes:
    """Return the line that asks what a file defines; of its name the suffix alone counts."""
    suffix = path.rpartition("/")[2].rpartition(".")[2]
    return msgspec.json.encode(_Asked(f"a.{suffix}", text.encode("utf-8", "surrogateescape")))


def answer(line: bytes) -> bytes:
    """Answer a question; done by the helper."""
    asked = msgspec.json.decode(line, type=_Asked)
    found = definitions(asked.name, asked.data.decode("utf-8", "surrogateescape"))
    told = _Told(found) if isinstance(found, Definitions) else _Told(unreadable=found)
    return msgspec.json.encode(told)


def answered(line: bytes | None) -> Definitions | Unreadable:
    """Read an answer; without one the file was too much for the parser."""
    told = None if line is None else msgspec.json.decode(line, type=_Told)
    found = told and (told.definitions or told.unreadable)
    return found or Unreadable("the parser gave up on it")

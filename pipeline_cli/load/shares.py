"""Much reading shared among the processor's cores; the answers are those of one process."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from typing import Any, TypeVar

import msgspec

from pipeline_cli.store.cores import Fork, cores

#: The results of forks are held for so many times `least` items: what is read slowly is large.
_AHEAD = 25

P = TypeVar("P")
R = TypeVar("R")


def shares(items: Sequence[P], least: int) -> list[Sequence[P]]:
    """Cut a sequence into neighbouring parts, one a core; none has fewer than `least` items."""
    count = max(1, min(cores(), len(items) // least))
    bounds = [len(items) * place // count for place in range(count + 1)]
    return [items[start:end] for start, end in pairwise(bounds)]


def in_shares(work: Callable[[P], R], parts: Sequence[P], wanted: type[R]) -> list[R]:
    """Return what the work makes of each part, in their order; the first is done here.

    The others are done by forks at the same time. The work may only read, and what it changes of
    this process is not seen here. `wanted` is the type of a result, one that msgspec can encode.
    """

    def encoded(part: P) -> bytes:
        return msgspec.msgpack.encode(work(part))

    with ExitStack() as stack:
        forks = [stack.enter_context(Fork(partial(encoded, part))) for part in parts[1:]]
        found = [work(part) for part in parts[:1]]
        for part, fork in zip(parts[1:], forks, strict=True):
            data = fork.answer()
            found.append(work(part) if data is None else _decoded(data, wanted))
    return found


def ahead(
    work: Callable[[P], R], items: Sequence[P], least: int, wanted: type[Any]
) -> Generator[R, None, None]:
    """Yield what the work makes of each item, in their order; forks work ahead of this process.

    None of them begins for fewer than `least` items. A result that is not of the type `wanted`, or
    cannot be encoded, is made here once more: so the work may tell this process of what is rare.
    """
    for start in range(0, len(items), _AHEAD * least):
        first, *others = shares(items[start : start + _AHEAD * least], least)
        with ExitStack() as stack:
            forks = [
                stack.enter_context(Fork(partial(_each_encoded, work, part))) for part in others
            ]
            yield from map(work, first)
            for part, fork in zip(others, forks, strict=True):
                yield from _taken(fork.answer(), work, part, wanted)


def _each_encoded(work: Callable[[P], R], part: Sequence[P]) -> bytes:
    found = []
    for item in part:
        result = work(item)
        try:
            found.append(msgspec.msgpack.encode(result))
        except (ValueError, TypeError, RecursionError):  # bytes that are no UTF-8 are among them
            found.append(b"")
    return msgspec.msgpack.encode(found)


def _taken(
    data: bytes | None, work: Callable[[P], R], part: Sequence[P], wanted: type[Any]
) -> Iterator[R]:
    if data is None:
        yield from map(work, part)
        return
    decoded = msgspec.msgpack.Decoder(wanted).decode
    for item, result in zip(part, msgspec.msgpack.decode(data, type=list[bytes]), strict=True):
        try:
            value = decoded(result)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            value = work(item)
        yield value


def _decoded(data: bytes, wanted: type[R]) -> R:
    return msgspec.msgpack.decode(data, type=wanted)

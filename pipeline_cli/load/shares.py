"""Much reading shared among the processor's cores; the answers are those of one process."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from typing import TypeVar

import msgspec

from pipeline_cli.store.cores import Fork, cores

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


def _decoded(data: bytes, wanted: type[R]) -> R:
    return msgspec.msgpack.decode(data, type=wanted)

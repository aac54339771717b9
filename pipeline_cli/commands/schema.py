"""`pipeline schema`."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from pipeline_cli.commands.output import Options, screen_size
from pipeline_cli.domain.catalog import suggestion
from pipeline_cli.domain.phrases import shortened
from pipeline_cli.errors import UsageError
from pipeline_cli.render.payload import as_json, dated, encode
from pipeline_cli.render.schema import ANSWERS, schema
from pipeline_cli.render.terminal import write, write_text

#: So much of an unknown name is repeated.
_SHOWN = 40
#: However narrow the screen is, what a name is has so much room beside it.
_LEAST_ROOM = 20


def run(options: Options, name: str | None, *, clock: datetime) -> int:
    """Write the schema of an answer, or list the names; opens no workspace."""
    names = {known: shape.description for known, shape in ANSWERS.items()}
    if name in names:
        write(as_json(schema(name)))
    elif name is not None:
        raise _unknown(name)
    elif options.json:
        write(encode("schema", dated(options.now, clock), {"names": names}, ()))
    else:
        write_text("".join(_listed(names)))
    return 0


def _listed(names: Mapping[str, str]) -> Iterator[str]:
    """Yield each name beside what it is, in lines that the screen holds."""
    from textwrap import wrap

    width = max(map(len, names)) + 2
    room = max(screen_size()[0] - width, _LEAST_ROOM)
    for known, words in names.items():
        first, *rest = wrap(words, room, break_long_words=False, break_on_hyphens=False)
        yield f"{known:{width}}{first}\n"
        yield from (f"{'':{width}}{line}\n" for line in rest)


def _unknown(name: str) -> UsageError:
    return UsageError(
        f"there is no schema named {shortened(name, _SHOWN)!r}",
        hint=suggestion(name, list(ANSWERS)) or "pipeline schema lists the names",
    )

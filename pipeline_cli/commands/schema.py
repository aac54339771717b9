"""`pipeline schema`."""

from datetime import datetime

from pipeline_cli.commands.output import Options
from pipeline_cli.domain.catalog import suggestion
from pipeline_cli.domain.phrases import shortened
from pipeline_cli.errors import UsageError
from pipeline_cli.render.payload import as_json, dated, encode
from pipeline_cli.render.schema import ANSWERS, schema
from pipeline_cli.render.terminal import write, write_text

#: So much of an unknown name is repeated.
_SHOWN = 40


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
        width = max(map(len, names)) + 2
        write_text("".join(f"{known:{width}}{words}\n" for known, words in names.items()))
    return 0


def _unknown(name: str) -> UsageError:
    return UsageError(
        f"there is no schema named {shortened(name, _SHOWN)!r}",
        hint=suggestion(name, list(ANSWERS)) or "pipeline schema lists the names",
    )

"""The words for every name that an answer uses: figures, flags, rules, findings, exit codes.

One source for `explain` and for the manual. Settings describe themselves in `config`.
"""

from difflib import get_close_matches

from pipeline_cli.domain.catalog.entry import Entry
from pipeline_cli.domain.catalog.exits import EXITS
from pipeline_cli.domain.catalog.figures import FIGURES
from pipeline_cli.domain.catalog.findings import FINDINGS
from pipeline_cli.domain.catalog.rules import RULES
from pipeline_cli.domain.catalog.signs import FLAGS, LAYERS

__all__ = ["CATALOG", "Entry", "nearest", "suggestion"]

CATALOG: dict[str, Entry] = {
    entry.name: entry for entry in (*FIGURES, *FLAGS, *RULES, *LAYERS, *FINDINGS, *EXITS)
}


def nearest(name: str, names: list[str]) -> list[str]:
    """Return the names that look most like one that does not exist, the best first."""
    # Beyond any name of ours nothing is near, and comparing it would take long.
    wanted = name[:80].casefold().replace("-", "_").replace(" ", "_")
    spelled = {known.casefold().replace("-", "_"): known for known in names}
    return [spelled[found] for found in get_close_matches(wanted, spelled, 3, 0.55)]


def suggestion(name: str, names: list[str]) -> str:
    """Ask whether a near name is meant; empty where none is near."""
    near = nearest(name, names)
    return f"did you mean {' or '.join(near)}?" if near else ""

"""The text view of `verify`: every line can be checked by hand."""

from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.text import Text

from pipeline_cli.domain.evidence import (
    UNREAD,
    VERDICTS,
    Claim,
    Evidence,
    SpecVerdict,
    Verdict,
    Verification,
)
from pipeline_cli.domain.phrases import plural
from pipeline_cli.render.terminal import one_line
from pipeline_cli.render.text import heading, indented, labelled, plain

_STYLES: dict[Verdict, str] = {
    "contradicted": "bold red",
    "supported": "green",
    "moved": "cyan",
    "superseded": "cyan",
    "unknown": "yellow",
    "unclaimed": "dim",
}
#: So many reasons of one claim are listed before the rest is counted.
MOST_REASONS = 6


def verify_view(answer: Verification, *, whole: bool) -> list[RenderableType]:
    """Show the verdicts: what is contradicted or unknown with its reasons, the rest counted.

    `whole` lists every spec with all of its evidence.
    """
    counts = {verdict: getattr(answer.summary, verdict) for verdict in VERDICTS}
    total = sum(counts.values())
    title = heading(f"Evidence of {plural(total, 'spec')}")
    parts: list[RenderableType] = [title, ""]
    if not total:
        return [*parts, plain("no data: there is no spec, and no row that claims anything")]
    parts.append(
        labelled(
            (verdict, Text(f"{count:,}", style=_STYLES[verdict]), _meaning(verdict))
            for verdict, count in counts.items()
            if count
        )
    )
    if not answer.specs:
        parts += ["", plain("No spec has the verdict that was asked for.")]
    for verdict in VERDICTS:
        if not whole and verdict not in ("contradicted", "unknown"):
            continue
        for spec in answer.specs:
            if spec.verdict == verdict:
                parts += ["", *_spec(spec, whole=whole)]
    if not counts["contradicted"] and not whole:
        unread = any(UNREAD in spec.notes for spec in answer.specs)
        read, style = (" that could be read", "yellow") if unread else ("", "green")
        parts += ["", Text(f"No claim{read} is contradicted.", style=style)]
    return parts


def _meaning(verdict: Verdict) -> str:
    return {
        "contradicted": "says done, and something it stands on is gone or failed",
        "supported": "says done, and what could be checked was found",
        "moved": "what was done has moved since",
        "superseded": "what was done was replaced since",
        "unknown": "says done and nothing could be checked, or cannot be read",
        "unclaimed": "says nothing of being done",
    }[verdict]


def _spec(spec: SpecVerdict, *, whole: bool) -> Iterable[RenderableType]:
    title = Text(spec.verdict, style=_STYLES[spec.verdict])
    yield indented(title.append(f"  {one_line(spec.path)}", style="bold"), 0)
    for claim in spec.claims:
        yield indented(_claim(claim))
        shown = claim.reasons if whole else claim.reasons[:MOST_REASONS]
        for reason in shown:
            yield indented(Text(one_line(reason)), 4)
        if len(claim.reasons) > len(shown):
            rest = len(claim.reasons) - len(shown)
            more = f"… and {rest} more: pipeline verify --spec {spec.spec}"
            yield indented(Text(one_line(more), style="dim"), 4)
    for note in spec.notes:
        yield indented(Text(one_line(f"note: {note}"), style="cyan"))
    if whole:
        yield from _evidence(spec.evidence)


def _claim(claim: Claim) -> Text:
    line = Text(f"{one_line(claim.path)}:{claim.line}", style="dim")
    line.append(f" claims {one_line(claim.text)}: ", style="default")
    return line.append(claim.verdict, style=_STYLES[claim.verdict])


def _evidence(evidence: Sequence[Evidence]) -> Iterable[RenderableType]:
    for one in evidence:
        mark, style = (
            ("?", "yellow") if one.ok is None else ("✓", "green") if one.ok else ("✗", "red")
        )
        line = Text(f"{mark} ", style=style)
        line.append(f"{one.kind} {one_line(one.ref)}", style="default")
        line.append(f": {one_line(one.reason)}", style="dim")
        yield indented(line.append(f"  {one_line(one.path)}:{one.line}", style="dim"))

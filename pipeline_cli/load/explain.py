"""What `explain` needs: the catalog, and the facts of this workspace."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pipeline_cli import config
from pipeline_cli.domain import monitor
from pipeline_cli.domain.alignment import Alignment
from pipeline_cli.domain.catalog import CATALOG, Entry, suggestion
from pipeline_cli.domain.explain import (
    Explanation,
    Facts,
    Input,
    counted,
    issues_of,
    rows_of,
    ruled,
    worked,
)
from pipeline_cli.domain.findings import Finding, Tally, how_many
from pipeline_cli.domain.metrics import SuccessRate
from pipeline_cli.domain.monitor import Rule
from pipeline_cli.domain.phrases import shortened
from pipeline_cli.domain.report import Known, report
from pipeline_cli.domain.rulings import Ruling, ruling
from pipeline_cli.errors import InputError, UsageError
from pipeline_cli.load import documents
from pipeline_cli.load.alignment import align_answer
from pipeline_cli.load.answer import Answer, as_finding, attempt
from pipeline_cli.load.context import Context
from pipeline_cli.load.effectiveness import load_measures
from pipeline_cli.load.metrics_log import period_of
from pipeline_cli.load.sight import ask_api, look, look_at_claims, look_at_logs, seen_logs
from pipeline_cli.load.status import gather
from pipeline_cli.load.tasks import limits_of, situation_of


def entries() -> dict[str, Entry]:
    """Return every entry by its name, the settings too."""
    settings = {
        name: Entry(
            name,
            "setting",
            config.MEANINGS[name],
            f"takes {config.describe(kind)}; also {config.environment_name(name)}",
        )
        for name, kind in config.setting_types().items()
    }
    return {**CATALOG, **settings}


def listing() -> Answer[tuple[Explanation, ...]]:
    """Return every entry without a value."""
    return Answer(tuple(_explanation(entry) for entry in entries().values()), ())


def explain_answer(context: Context, name: str) -> Answer[tuple[Explanation, ...]]:
    """Explain one name; raise UsageError, with what is near, for one that does not exist."""
    entry = find_entry(name)
    if entry.kind == "setting":
        return Answer((_setting(context, entry),), ())
    if entry.kind == "exit code":
        return Answer((_explanation(entry),), ())
    if entry.said_by:
        words = f"not looked for here; {entry.said_by} says it"
        inputs = _inputs(context, entry)
        return Answer((_explanation(entry, inputs=inputs, calculation=words),), ())
    read = _read(context)
    findings = read.findings
    if entry.kind == "finding":
        own = tuple(finding for finding in findings if finding.code == entry.name)
        inputs = _inputs(context, entry)
        result = counted(how_many(own), "" if own else _not_looked(entry, inputs, read))
        explanation = _explanation(
            entry, inputs=inputs, value=result.value, calculation=result.calculation
        )
        return Answer((explanation,), _by_file(own))
    rule = next((rule for rule in monitor.RULES if rule.condition == entry.name), None)
    if rule is not None and entry.kind == "rule":
        result = ruled(_ruling(context, rule, read))
    else:
        result = worked(entry.name, read.facts)
    inputs = _inputs(context, entry)
    paths = {found.path for found in inputs}
    explanation = _explanation(
        entry,
        inputs=inputs,
        value=result.value,
        calculation=result.calculation,
        rows=None if entry.kind == "rule" else rows_of(entry, read.facts),
        severity=rule and rule.severity,
        healable=rule and rule.healable,
        issues=rule and issues_of(rule.condition, read.known.book),
    )
    return Answer((explanation,), tuple(f for f in findings if f.path in paths))


def find_entry(name: str) -> Entry:
    """Return the entry of a name; a figure may be named with the key that holds it."""
    known = entries()
    plain = name.strip()
    last = plain.rpartition(".")[2]
    for candidate in (plain, last):
        if candidate in known:
            return known[candidate]
        number = candidate.removeprefix("phase_")
        if number != candidate and number.isascii() and number.isdecimal() and len(number) < 10:
            entry = known["phase_6"]
            return Entry(
                candidate, entry.kind, entry.meaning, entry.formula, entry.inputs, entry.leaves_out
            )
    raise UsageError(
        f"nothing is called {shortened(plain, 60)!r}",
        hint=suggestion(plain, list(known)) or "pipeline explain lists all names",
    )


def _explanation(entry: Entry, **fields: Any) -> Explanation:
    return Explanation(
        entry.name, entry.kind, entry.meaning, entry.formula, entry.leaves_out, **fields
    )


def _setting(context: Context, entry: Entry) -> Explanation:
    value = config.value_of(context.settings, entry.name)
    default = config.default_of(entry.name)
    words = "the default" if value == default else f"the default is {_shown(default)}"
    return _explanation(
        entry,
        value=value,
        calculation=words,
        origin=context.origins.get(entry.name, "default"),
    )


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "an empty list"
    return str(value)


class _Read(NamedTuple):
    """What explanations rest on, and what was found on the way to it."""

    known: Known
    facts: Facts
    rated: SuccessRate | None
    findings: tuple[Finding, ...]
    unaligned: str


#: What `align` looks at; without a product backlog it looks at nothing.
_ALIGNED = {"006-overnight-backlog.md", "PLAN.md", "specs/*.md"}
_CLOSED = ("not-text", "path-outside", "too-large", "unreadable")


def _not_looked(entry: Entry, inputs: Sequence[Input], read: _Read) -> str:
    """Say why a finding could not be looked for; empty where it could."""
    if read.unaligned and _ALIGNED.intersection(entry.inputs):
        return read.unaligned
    paths = {found.path for found in inputs}
    closed = (one for one in read.findings if one.code in _CLOSED and one.path in paths)
    return next((f"{one.path}: {one.message}" for one in closed), "")


def _read(context: Context) -> _Read:
    """Read what explanations rest on; what cannot be read is None."""
    tally = Tally()
    known, measures = gather(context, tally)
    rated = measures.metrics[0].success_rate if measures else None
    # Without a plan the status has no use for the logs; an explanation has.
    measures = measures or attempt(lambda: load_measures(context, Tally()))
    aligned, unaligned = _aligned(context, tally)
    found = tally.result()
    said = set(found)
    further = [finding for finding in aligned.findings if finding not in said] if aligned else []
    metrics = measures.metrics[0] if measures else None
    facts = Facts(
        figures=known.effectiveness,
        metrics=metrics,
        reading=measures.reading if measures else None,
        window=period_of(context).window,
        plan=known.plan,
        seen=None if known.tasks is None else situation_of(context, known.tasks, metrics),
        limits=limits_of(context),
        report=report(known, meta_hours=context.settings.meta.interval_hours, now=context.now),
    )
    return _Read(known, facts, rated, (*found, *further), unaligned)


def _aligned(context: Context, tally: Tally) -> tuple[Answer[Alignment] | None, str]:
    """Return what `align` answers; None, and why, where it cannot."""
    try:
        return align_answer(context), ""
    except InputError as error:
        tally.once(as_finding(error))
        return None, error.message


def _ruling(context: Context, rule: Rule, read: _Read) -> Ruling:
    """Hold one rule against the workspace; only for one that needs it the API is asked."""
    address = context.settings.monitor.probe_url if "probe" in rule.needs else ""
    damage = look_at_logs(context, seen_logs(context))
    claims = look_at_claims(context, Tally()) if "claims" in rule.needs else None
    probe = ask_api(address)
    known, rated = read.known, read.rated
    sight = look(context, known, probe, damage, claims=claims, rated=rated, tally=Tally())
    return ruling(rule, sight)


def _inputs(context: Context, entry: Entry) -> tuple[Input, ...]:
    """Return the files that an entry names, where they lie here."""

    def look(name: str) -> Input:
        path = _path_of(context, name)
        return Input(path, bool(attempt(lambda: context.workspace.exists(path))))

    return tuple(map(look, entry.inputs))


def _path_of(context: Context, name: str) -> str:
    paths = context.settings.paths
    match name:
        case "006-overnight-backlog.md":
            found = attempt(lambda: documents.product_backlog_path(context))
            return found or paths.backlog
        case "007-meta-pipeline-backlog.md":
            return attempt(lambda: documents.meta_backlog_path(context)) or paths.meta_backlog
        case "PLAN.md":
            return paths.plan
        case "specs/*.md":
            return paths.specs
        case "SPEC-COVERAGE.md":
            return paths.coverage
        case "STATUS.md":
            return paths.status
        case "META-QUESTIONS.md":
            return paths.questions
        case _:
            return context.log_path(name)


def _by_file(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda found: (found.path or "", found.line or 0)))

"""The coverage document and the status page: read, decided, and handed on to be written."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from pipeline_cli.domain.changes import ChangeSet, DocumentEdit
from pipeline_cli.domain.coverage import PRESENT, UNKNOWN, CoverageDocument, Proof
from pipeline_cli.domain.coverage_update import (
    Rules,
    StatusCounts,
    UpdateAnswer,
    counted,
    update,
)
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.specs import Spec
from pipeline_cli.errors import InputError
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import Context
from pipeline_cli.load.specs import load_specs, spec_files

MESSAGE = "Bring spec coverage and status up to date"
_HEADER = "| Spec | Present | Spec'd | Tested | Notes |"


class Asked(NamedTuple):
    """What the command line asks for; `junit` are the reports that it names."""

    tests_passed: bool = False
    junit: tuple[str, ...] = ()
    sync: bool = False
    check: bool = False


class Evidence(NamedTuple):
    """What stands behind marks: a proof for each stem, and what the test reports say.

    `tests` counts their distinct cases, null without a report; `failures` tells whether any of
    them failed; `digest` is one over their bytes.
    """

    proofs: Mapping[str, Proof] = {}
    tests: int | None = None
    failures: bool = False
    digest: str | None = None


class Planned(NamedTuple):
    """An answer, the changes that make it true, and the findings beside it."""

    answer: UpdateAnswer
    changes: ChangeSet
    findings: tuple[Finding, ...]


def read_coverage(context: Context) -> tuple[SourceFile, CoverageDocument] | None:
    """Read the coverage document for a report; None where there is none that is text."""
    from pipeline_cli.formats import coverage_md

    source = context.workspace.read(context.settings.paths.coverage)
    return (source, coverage_md.parse(source)) if isinstance(source, SourceFile) else None


def plan_update(context: Context, asked: Asked) -> Planned:
    """Decide what both documents should say, and how they come to say it (contracts §13).

    Nothing is decided where nobody has said that the tests passed; `check` writes nothing and
    needs nobody's word. Raises InputError where the coverage document, its table or the specs
    are missing, and where a document cannot be rewritten.
    """
    said = _who_says_so(asked)
    if said is None:
        why = (
            "nothing was done: nobody has said that the tests passed; "
            "say so with --tests-passed or --junit FILE, or set CI=true"
        )
        return Planned(UpdateAnswer(acted=False, why=why), ChangeSet(MESSAGE), ())
    return _planned(context, asked, said)


def _who_says_so(asked: Asked) -> str | None:
    if asked.junit:
        return "--junit"
    if asked.tests_passed:
        return "--tests-passed"
    if os.environ.get("CI") == "true":
        return "CI=true"
    return "--check" if asked.check else None


def _planned(context: Context, asked: Asked, said: str) -> Planned:
    from pipeline_cli.formats import coverage_md, status_md

    tally = Tally()
    source, status = _documents(context)
    document = coverage_md.parse(source)
    if document.columns is None:
        raise InputError(
            f"no status table in {source.path}",
            code="cov-no-table",
            path=source.path,
            line=1,
            hint=f"add the header row `{_HEADER}`, or run `pipeline init`",
        )
    specs = _specs(context, tally)
    tally.extend(document.findings)
    evidence = _evidence(context, asked, tally)
    rules = Rules(
        now=context.now,
        promote=evidence.tests is not None,
        own_tests_only=evidence.failures,
        sync=asked.sync,
    )
    made = update(document, specs, evidence.proofs, rules)
    tally.extend(made.findings)
    listed = [
        (coverage_md.label_cell(label) if new else label, mark)
        for label, mark, new in made.listed
        if label
    ]
    edits = [DocumentEdit(source, tuple(coverage_md.edits_of(source, document, made)))]
    changes, tests = list(made.changes), None
    if status is not None:
        tests, origin = _test_count(context, status, evidence, tally)
        page = status_md.update(status, listed, tests)
        edits.append(DocumentEdit(status, page.edits))
        changes += page.changes
        if page.counted:
            changes.append(msgspec.structs.replace(page.counted, evidence=origin))
    marks = [mark for _, mark in listed]
    answer = UpdateAnswer(
        acted=True,
        why=_why(said, evidence),
        changes=tuple(changes),
        coverage=counted(made),
        status=StatusCounts(marks.count(PRESENT), marks.count(UNKNOWN), tests),
    )
    touched = tuple(edit for edit in edits if edit.edits)
    return Planned(answer, ChangeSet(MESSAGE, edits=touched), tally.result())


def _why(said: str, evidence: Evidence) -> str:
    if said == "--check":
        return "only compared (--check)"
    if evidence.failures:
        return "a report has failures: only specs whose own tests passed are promoted"
    return f"the tests passed, says {said}"


def _documents(context: Context) -> tuple[SourceFile, SourceFile | None]:
    """Read both documents; each must be one that may be rewritten."""
    paths = context.settings.paths
    source = _rewritable(context, paths.coverage)
    if source is None:
        raise InputError(
            "there is no coverage document",
            code="cov-missing",
            path=paths.coverage,
            hint=f"make one with the header row `{_HEADER}`, or name its place as paths.coverage",
        )
    return source, _rewritable(context, paths.status)


def _rewritable(context: Context, path: str) -> SourceFile | None:
    source = context.workspace.read(path)
    trouble = source if isinstance(source, Finding) else None
    if isinstance(source, SourceFile) and not source.is_utf8:
        trouble = source.findings[0]
    if trouble:
        raise InputError(
            trouble.message, code=trouble.code, path=path, line=trouble.line, hint=trouble.hint
        )
    return source if isinstance(source, SourceFile) else None


def _specs(context: Context, tally: Tally) -> tuple[Spec, ...]:
    folder = context.settings.paths.specs.rstrip("/")
    if not context.workspace.exists(folder):
        raise InputError(
            "there is no folder of specs",
            code="specs-missing",
            path=folder,
            hint="make it, or name its place as paths.specs",
        )
    return load_specs(context, spec_files(context).specs, tally)


def _evidence(
    context: Context,
    asked: Asked,
    tally: Tally,
) -> Evidence:
    """Return what evidence there is: the reports that are named or set, and the proofs."""
    if not (asked.junit or asked.sync or context.settings.evidence.junit):
        return Evidence()
    from pipeline_cli.load.evidence import load_proofs

    proofs, tested = load_proofs(context, tally, junit=asked.junit)
    if tested.tests is None:
        return Evidence(proofs)
    reports = tested.tests.reports
    return Evidence(proofs, reports.count, bool(reports.failed), tested.digest)


def _test_count(
    context: Context, status: SourceFile, evidence: Evidence, tally: Tally
) -> tuple[int | None, str]:
    """Count the tests: by the reports, else `TEST_COUNT`, else pytest; and say by what.

    `TEST_COUNT` ends the search even where it is no number. Nothing is asked where the status
    page has no count to update.
    """
    from pipeline_cli.formats import status_md

    line = status_md.count_line(status)
    if evidence.tests is not None:
        return evidence.tests, "the test reports"
    given = os.environ.get("TEST_COUNT", "").strip()
    if given:
        if re.fullmatch(r"[0-9]{1,9}", given):
            return int(given), "TEST_COUNT"
        tally.add(_uncounted(status.path, line, f"TEST_COUNT is no number: {given[:40]!r}"))
        return None, ""
    if line is None:
        return None, ""
    from pipeline_cli.formats.pytest_text import collected
    from pipeline_cli.store.collecting import collect

    found = collect(context.workspace.root, _pytest_of(context.settings.executor.test_command))
    tests = None if found.trouble else collected(found.output)
    if tests is None:
        trouble = found.trouble or "it did not say how many tests there are"
        tally.add(_uncounted(status.path, line, f"pytest --co -q: {trouble}"))
    return tests, "pytest --co -q"


def _pytest_of(command: Sequence[str]) -> Sequence[str]:
    """Return how pytest is called where the settings say it, else by its name alone."""
    for place, word in enumerate(command):
        if word.rpartition("/")[2] in ("pytest", "py.test"):
            return command[: place + 1]
    return ("pytest",)


def _uncounted(path: str, line: int | None, trouble: str) -> Finding:
    return Finding(
        code="test-count-unknown",
        severity="warning",
        message=f"the tests could not be counted, the count stays; {trouble}",
        path=path,
        line=line,
        hint="give a report with --junit, or the number in TEST_COUNT",
    )


def answer_of(planned: Planned, written: Sequence[str]) -> Answer[UpdateAnswer]:
    """Return the answer with the paths that were written."""
    answer = msgspec.structs.replace(planned.answer, written=tuple(written))
    return Answer(answer, planned.findings)

"""The coverage document and the status page: read, decided, and handed on to be written."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from pipeline_cli.domain.changes import ChangeSet, DocumentEdit
from pipeline_cli.domain.commits import Committed, message
from pipeline_cli.domain.coverage import PRESENT, UNKNOWN, Proof
from pipeline_cli.domain.coverage_update import (
    Change,
    Rules,
    StatusCounts,
    UpdateAnswer,
    counted,
    summary_of,
    update,
)
from pipeline_cli.domain.documents import SourceFile, digest_of
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.phrases import some
from pipeline_cli.domain.specs import Spec
from pipeline_cli.errors import InputError
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import Context
from pipeline_cli.load.specs import load_specs, lying, spec_files

#: So many changes stand in the message of a commit before the rest is counted.
_MOST_TOLD = 100
#: So many entries of one list.
_MOST_LISTED = 20
_HEADER = "| Spec | Present | Spec'd | Tested | Notes |"


#: Documents by their paths, as `load.commit` hands them over.
Sources: TypeAlias = Mapping[str, SourceFile | None]


class Asked(NamedTuple):
    """What the command line asks for; `junit` are the reports that it names."""

    tests_passed: bool = False
    junit: tuple[str, ...] = ()
    sync: bool = False
    check: bool = False

    @property
    def acts(self) -> bool:
        """Whether anybody has said that the tests passed, or only a comparison is asked for."""
        return _who_says_so(self) is not None


class Evidence(NamedTuple):
    """What stands behind marks: proofs, and what the test reports say.

    `proofs` are those of specs by their stems, `rows` those of rows without a spec by their labels.
    `reported` tells whether the reports hold a case at all, `failures` whether any failed; `tests`
    counts the distinct ones, null where these are not known to be all tests of this tree, and
    `doubt` says why; `digest` is one over their bytes.
    """

    proofs: Mapping[str, Proof] = {}
    reported: bool = False
    failures: bool = False
    tests: int | None = None
    doubt: str | None = None
    digest: str | None = None
    rows: Mapping[str, Proof] = {}


class TestCount(NamedTuple):
    """How many tests there are, and by what; `trouble` says why that is unknown."""

    tests: int | None = None
    origin: str = ""
    trouble: str = ""


class Gathered(NamedTuple):
    """All that a decision rests on but the documents themselves."""

    specs: tuple[Spec, ...]
    evidence: Evidence
    tests: TestCount
    findings: tuple[Finding, ...]


class Planned(NamedTuple):
    """An answer, the changes that make it true, and the findings beside it."""

    answer: UpdateAnswer
    changes: ChangeSet
    findings: tuple[Finding, ...]


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
        return Planned(UpdateAnswer(acted=False, why=why), ChangeSet("nothing"), ())
    paths = context.settings.paths
    sources = {path: _rewritable(context, path) for path in (paths.coverage, paths.status)}
    status = sources[paths.status]
    return _planned(context, asked, said, sources, lambda: _gather(context, asked, status))


def commit_update(context: Context, asked: Asked) -> tuple[Planned, Committed | None]:
    """Write both documents and commit them, and nothing else (charter 9–13).

    What is decided is decided on HEAD's versions; None where HEAD says it all already. Reports
    are read and tests counted before that, once: it may take a minute, and nobody is kept
    waiting for the lock meanwhile. `asked` must say who says that the tests passed. Raises
    GitError where git's state, a hook or edits of the user's forbid it.
    """
    from pipeline_cli.load.commit import check_possible, commit_documents, not_in_head

    said = _who_says_so(asked)
    if said is None:
        raise AssertionError("nobody has said that the tests passed")
    paths = context.settings.paths
    wanted = (paths.coverage, paths.status)
    read = context.workspace.read(paths.status)
    status = read if isinstance(read, SourceFile) else None
    gathered = _gather(
        context, asked, status, before=lambda: check_possible(context.workspace, wanted)
    )
    plans: list[Planned] = []

    def make(sources: Sources) -> ChangeSet:
        if sources[paths.coverage] is None and context.workspace.exists(paths.coverage):
            raise not_in_head(paths.coverage)
        planned = _planned(context, asked, said, sources, lambda: gathered)
        plans.append(planned)
        text = _message(planned.answer, gathered.evidence)
        return msgspec.structs.replace(planned.changes, message=text)

    committed = commit_documents(context.workspace, wanted, make)
    return plans[-1], committed


def _who_says_so(asked: Asked) -> str | None:
    if asked.junit:
        return "--junit"
    if asked.tests_passed:
        return "--tests-passed"
    if os.environ.get("CI") == "true":
        return "CI=true"
    return "--check" if asked.check else None


def _planned(
    context: Context,
    asked: Asked,
    said: str,
    sources: Sources,
    gather: Callable[[], Gathered],
) -> Planned:
    from pipeline_cli.formats import coverage_md, status_md, status_shape

    source, status = _documents(context, sources)
    document = coverage_md.parse(source)
    if document.columns is None:
        raise InputError(
            f"no status table in {source.path}",
            code="cov-no-table",
            path=source.path,
            line=1,
            hint=f"add the header row `{_HEADER}`, or run `pipeline init`",
        )
    specs, evidence, count, findings = gather()
    tally = Tally()
    tally.extend(document.findings)
    tally.extend(findings)
    rules = Rules(
        now=context.now,
        promote=evidence.reported,
        own_tests_only=evidence.failures,
        sync=asked.sync,
    )
    made = update(document, specs, evidence.proofs, rules, lying(context), evidence.rows)
    tally.extend(made.findings)
    listed = [
        (coverage_md.label_cell(label) if new else label, mark)
        for label, mark, new in made.listed
        if label
    ]
    edits = [DocumentEdit(source, tuple(coverage_md.edits_of(source, document, made)))]
    changes, tests = list(made.changes), None
    if status is None:
        tally.add(status_shape.missing(context.settings.paths.status))
    else:
        tests = count.tests
        page = status_md.update(status, listed, tests)
        edits.append(DocumentEdit(status, page.edits))
        changes += page.changes
        tally.extend(page.findings)
        if page.counted:
            changes.append(msgspec.structs.replace(page.counted, evidence=count.origin))
        if count.trouble:
            tally.add(_uncounted(status.path, status_md.count_line(status), count.trouble))
    marks = [mark for _, mark in listed]
    answer = UpdateAnswer(
        acted=True,
        why=_why(said, evidence),
        changes=tuple(changes),
        coverage=counted(made),
        status=StatusCounts(marks.count(PRESENT), marks.count(UNKNOWN), tests),
    )
    touched = tuple(edit for edit in edits if edit.edits)
    return Planned(answer, ChangeSet("", edits=touched), tally.result())


def _message(answer: UpdateAnswer, evidence: Evidence) -> str:
    """Return the message of a commit: each change with its evidence, and a digest of that."""
    told = _told(answer.changes)
    digest = evidence.digest or digest_of("\n".join(told).encode("utf-8", "surrogateescape"))
    if len(told) > _MOST_TOLD:
        told[_MOST_TOLD:] = [f"and {len(told) - _MOST_TOLD} more changes"]
    return message("update-coverage", summary_of(answer.changes), told, digest)


def _told(changes: Sequence[Change]) -> list[str]:
    """Return a line for each change; entries of one list share a line, and its evidence."""
    lists: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    lines = []
    for change in changes:
        by = f"; by {change.evidence}" if change.evidence else ""
        if change.kind not in ("listed", "unlisted"):
            lines.append(f"{change.spec or change.path}: {change.what}{by}")
            continue
        heading, _, entry = change.what.partition(": ")
        moved = lists.setdefault((change.path, heading, by), {"added": [], "removed": []})
        moved["added" if change.kind == "listed" else "removed"].append(entry[2:])
    for (path, heading, by), moved in lists.items():
        words = [
            f"{word} {some(entries, _MOST_LISTED)}" for word, entries in moved.items() if entries
        ]
        lines.append(f"{path}: {heading}: {', '.join(words)}{by}")
    return lines


def _why(said: str, evidence: Evidence) -> str:
    if said == "--check":
        return "only compared (--check)"
    if evidence.failures:
        return "a report has failures: only specs whose own tests passed are promoted"
    if said == "--junit" and not evidence.reported:
        return f"nothing is promoted: {evidence.doubt}"
    return f"the tests passed, says {said}"


def _documents(context: Context, sources: Sources) -> tuple[SourceFile, SourceFile | None]:
    """Return both documents; the status page may be missing."""
    paths = context.settings.paths
    source = sources[paths.coverage]
    if source is None:
        raise InputError(
            "there is no coverage document",
            code="cov-missing",
            path=paths.coverage,
            hint=f"make one with the header row `{_HEADER}`, or name its place as paths.coverage",
        )
    return source, sources[paths.status]


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


def _gather(
    context: Context,
    asked: Asked,
    status: SourceFile | None,
    before: Callable[[], None] = lambda: None,
) -> Gathered:
    """Read specs, reports and proofs, and count the tests for the status page.

    `before` is called before a test runner is, which may take a minute.
    """
    tally = Tally()
    specs = _specs(context, tally)
    evidence = _evidence(context, asked, tally)
    count = _test_count(context, status, evidence, before)
    return Gathered(specs, evidence, count, tally.result())


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

    proofs, rows, tested = load_proofs(context, tally, junit=asked.junit)
    if tested.tests is None:
        return Evidence(proofs, rows=rows)
    reports = tested.tests.reports
    return Evidence(
        proofs,
        reported=reports.tell_anything,
        failures=reports.any_failed,
        tests=None if tested.doubt else reports.count,
        doubt=tested.doubt,
        digest=tested.digest,
        rows=rows,
    )


def _test_count(
    context: Context,
    status: SourceFile | None,
    evidence: Evidence,
    before: Callable[[], None],
) -> TestCount:
    """Count the tests: by the reports, else `TEST_COUNT`, else pytest; and say by what.

    `TEST_COUNT` ends the search even where it is no number. Pytest is not asked where the status
    page has no count to update.
    """
    if evidence.tests is not None:
        return TestCount(evidence.tests, "the test reports")
    count = _told_otherwise(context, status, before)
    if count.trouble and evidence.doubt:
        return TestCount(trouble=f"{evidence.doubt}; {count.trouble}")
    return count


def _told_otherwise(
    context: Context, status: SourceFile | None, before: Callable[[], None]
) -> TestCount:
    """Count the tests without a report."""
    from pipeline_cli.formats import status_md

    given = os.environ.get("TEST_COUNT", "").strip()
    if given:
        if re.fullmatch(r"[0-9]{1,9}", given):
            return TestCount(int(given), "TEST_COUNT")
        return TestCount(trouble=f"TEST_COUNT is no number: {given[:40]!r}")
    if status is None or status_md.count_line(status) is None:
        return TestCount()
    from pipeline_cli.formats.pytest_text import collected, said_last
    from pipeline_cli.store.collecting import collect

    before()
    found = collect(context.workspace.root, _pytest_of(context.settings.executor.test_command))
    tests = None if found.trouble else collected(found.output)
    if tests is None:
        trouble = found.trouble or "it did not say how many tests there are"
        said = said_last(found.output)
        told = f"; it printed last: {said}" if said else ""
        return TestCount(trouble=f"pytest --co -q: {trouble}{told}")
    return TestCount(tests, "pytest --co -q")


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


def answer_of(
    planned: Planned, written: Sequence[str], committed: Committed | None = None
) -> Answer[UpdateAnswer]:
    """Return the answer with the paths that were written, and the commit that holds them."""
    answer = msgspec.structs.replace(planned.answer, written=tuple(written), commit=committed)
    return Answer(answer, planned.findings)

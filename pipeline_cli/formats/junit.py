"""JUnit XML: a test report of any runner to cases, streamed, with nothing ever expanded.

Owns charter 15 as far as it concerns reports: a document type is refused, a torn report proves
nothing, and nothing but names and outcomes is kept, however long the output of the tests is.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from pipeline_cli.domain.asked_tests import AskedTests, Unasked
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.moments import ahead, parse_stamp
from pipeline_cli.domain.reports import Case, CaseOutcome, Report
from pipeline_cli.errors import InputError

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

#: A report of more cases is refused, or of more that are kept because somebody asks about them.
MAX_CASES = 5_000_000
MAX_KEPT = 500_000
#: More text in the names of those that are kept is refused.
MAX_NAMES = 64 << 20
#: A single tag or comment that is longer is refused: the parser holds it whole.
MAX_TOKEN = 8 << 20
MAX_DEPTH = 64
_BLOCK = 1 << 18

_ROOTS = ("testsuites", "testsuite")
#: What inside of a case says how it ended. A flaky or rerun entry is a run that failed; a case
#: that is reported failed and passed counts as failed (contracts §14).
_ENDS: dict[str, CaseOutcome] = {
    "failure": "failed",
    "error": "error",
    "skipped": "skipped",
    "flakyFailure": "failed",
    "flakyError": "error",
    "rerunFailure": "failed",
    "rerunError": "error",
}
#: The same as an attribute, `status` or `result`, where no element says it.
_STATUSES: dict[str, CaseOutcome] = {
    **dict.fromkeys(("fail", "failed", "failure"), "failed"),
    **dict.fromkeys(("error", "errored", "broken"), "error"),
    **dict.fromkeys(
        ("skip", "skipped", "suppressed", "notrun", "disabled", "ignored", "pending", "todo"),
        "skipped",
    ),
    **dict.fromkeys(("undefined", "untested"), "skipped"),
}
_WEIGHT: dict[CaseOutcome, int] = {"passed": 0, "skipped": 1, "failed": 2, "error": 3}

_HINTS = {
    "junit-future-stamp": "check the clock of the machine that ran the tests",
    "junit-naive-stamp": "it is read as UTC; let the runner write an offset",
    "junit-no-cases": "check that the runner found tests; nothing counts as passed by this report",
    "junit-stamp": "write the moment as ISO 8601, like 2026-02-12T06:00:00Z",
    "junit-suite-error": "see the runner's log: some tests may not have run",
}


def parse(
    path: str,
    blocks: Iterable[bytes],
    *,
    now: datetime,
    tally: Tally,
    asked: AskedTests | None = None,
) -> Report:
    """Read a report block by block (contracts §14).

    Cases that cannot count for what is `asked` are only counted; without it all are kept.

    Raises InputError where it is no whole, well-formed report, has a document type, or exceeds
    a limit: what was read until then counts for nothing. What is odd in a whole one is a finding.
    """
    return _Reader(path, now, tally, asked).read(blocks)


class _Reader:
    """The state of one reading: where we are, and what the case at hand is so far."""

    def __init__(self, path: str, now: datetime, tally: Tally, asked: AskedTests | None) -> None:
        self._path, self._now, self._tally, self._asked = path, now, tally, asked
        self._parser = self._new_parser()
        self._open: list[str] = []
        #: Name and file of each suite around us.
        self._suites: list[tuple[str, str | None]] = []
        self._case: tuple[str, str, str | None] | None = None
        self._outcome: CaseOutcome = "passed"
        self._stated: CaseOutcome = "passed"
        self._cases: list[Case] = []
        self._shared: dict[str, str] = {}
        self._unasked = Unasked() if asked else None
        self._seen = 0
        self._named = 0
        self._time: datetime | None = None

    def _new_parser(self) -> "XMLParserType":
        # Only a report needs it.
        from xml.parsers import expat

        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.EntityDeclHandler = self._refuse_doctype
        return parser

    def read(self, blocks: Iterable[bytes]) -> Report:
        from xml.parsers.expat import ExpatError

        fed = 0
        try:
            for block in blocks:
                for start in range(0, len(block), _BLOCK):
                    piece = block[start : start + _BLOCK]
                    self._parser.Parse(piece, False)
                    fed += len(piece)
                    if fed - self._parser.CurrentByteIndex > MAX_TOKEN:
                        self._refuse("a tag or comment is longer than 8 MiB")
            self._parser.Parse(b"", True)
        except ExpatError as error:
            self._invalid(str(error).partition(":")[0], error.lineno)
        except (LookupError, ValueError) as error:
            self._invalid(f"its encoding cannot be read ({error})", 1)
        if not self._seen:
            self._report("junit-no-cases", "warning", "the report holds no test case", None)
        return Report(self._path, tuple(self._cases), self._time, self._unasked)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if not self._open and name not in _ROOTS:
            raise InputError(
                f"the file is XML, but no test report: it begins with <{tag[:40]}>",
                code="junit-not-report",
                path=self._path,
                line=self._line,
                hint="give a JUnit XML report: its root is <testsuites> or <testsuite>",
            )
        if len(self._open) == MAX_DEPTH:
            self._refuse(f"its elements are nested more than {MAX_DEPTH} deep")
        self._open.append(name)
        if name == "testsuite" or (name == "testsuites" and len(self._open) == 1):
            # The suites within a file's suite are its titles.
            file = attributes.get("file") or self._suite[1]
            self._suites.append((attributes.get("name", ""), file))
            self._see_time(attributes.get("timestamp"))
        elif name == "testcase":
            self._begin(attributes)
        elif name in _ENDS and len(self._open) > 1:
            self._see_end(name, self._open[-2])

    def _begin(self, attributes: dict[str, str]) -> None:
        name = attributes.get("name", "")
        if not name.strip():
            self._report("junit-case-unnamed", "warning", "a test case has no name", self._line)
        file = attributes.get("file") or self._suite[1]
        self._case = (attributes.get("classname", ""), name, file)
        self._outcome = "passed"
        said = (attributes.get("status", ""), attributes.get("result", ""))
        stated = [_STATUSES.get(text.lower(), "passed") for text in said]
        self._stated = max(stated, key=_WEIGHT.__getitem__)

    def _see_end(self, name: str, parent: str) -> None:
        if parent == "testcase":
            self._outcome = max(self._outcome, _ENDS[name], key=_WEIGHT.__getitem__)
        elif parent in _ROOTS and _WEIGHT[_ENDS[name]] > 1:
            message = f"the suite {self._suite[0][:80]!r} reports an error outside of any case"
            self._report("junit-suite-error", "warning", message, self._line)

    def _end(self, tag: str) -> None:
        name = self._open.pop()
        if name == "testsuite":
            self._suites.pop()
        elif name == "testcase" and self._case is not None:
            self._keep(self._case)
            self._case = None

    def _keep(self, case: tuple[str, str, str | None]) -> None:
        classname, name, file = case
        suite = self._suite[0]
        outcome = max(self._outcome, self._stated, key=_WEIGHT.__getitem__)
        self._seen += 1
        if self._seen > MAX_CASES:
            self._refuse(f"it has more than {MAX_CASES:,} cases")
        if self._asked and self._unasked and not self._asked.concern(suite, classname, name, file):
            self._unasked.add(suite, classname, name, file)
            self._unasked.any_failed |= _WEIGHT[outcome] > 1
            return
        self._named += len(name) + len(classname)
        if len(self._cases) == MAX_KEPT or self._named > MAX_NAMES:
            self._refuse(
                f"more than {MAX_KEPT:,} of its cases, or names beyond 64 MiB, are asked about"
            )
        shared = [self._shared.setdefault(text, text) for text in (suite, classname, file or "")]
        self._cases.append(Case(shared[0], shared[1], name, shared[2] or None, outcome))

    def _see_time(self, text: str | None) -> None:
        """Take a suite's stamp; the newest one is the report's."""
        if not text:
            return
        stamp = parse_stamp(text)
        if stamp is None:
            message = f"timestamp {text[:40]!r} is no ISO 8601 moment"
            self._report("junit-stamp", "warning", message, self._line)
        elif ahead(stamp.moment, self._now):
            message = f"timestamp {text[:40]!r} lies ahead of now and counts nowhere"
            self._report("junit-future-stamp", "warning", message, self._line)
        else:
            if not stamp.zoned:
                self._tally.once(
                    self._finding("junit-naive-stamp", "note", "stamps have no zone", self._line)
                )
            self._time = max(self._time or stamp.moment, stamp.moment)

    def _refuse_doctype(self, *_: Any) -> None:
        self._refuse("it has a document type, which may hide entities")

    @property
    def _suite(self) -> tuple[str, str | None]:
        """Name and file of the suite around us."""
        return self._suites[-1] if self._suites else ("", None)

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber

    def _report(self, code: str, severity: Any, message: str, line: int | None) -> None:
        self._tally.add(self._finding(code, severity, message, line))

    def _finding(self, code: str, severity: Any, message: str, line: int | None) -> Finding:
        return Finding(code, severity, message, self._path, line, _HINTS.get(code))

    def _refuse(self, why: str) -> NoReturn:
        raise InputError(
            f"the report is refused: {why}",
            code="junit-refused",
            path=self._path,
            line=self._line,
            hint="let the runner write plain JUnit XML; nothing of this report counts",
        )

    def _invalid(self, why: str, line: int) -> NoReturn:
        raise InputError(
            f"the report is no whole XML: {why}",
            code="junit-invalid",
            path=self._path,
            line=line,
            hint="run the tests again: a torn report proves nothing",
        ) from None

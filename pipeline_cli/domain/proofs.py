"""What evidence proves of the three marks of a coverage row: Present, Spec'd, Tested.

Owns the promotions and demotions of contracts §13 as far as evidence goes.
"""

from collections.abc import Sequence

from pipeline_cli.domain.coverage import Proof, Standing
from pipeline_cli.domain.evidence import Evidence
from pipeline_cli.domain.phrases import plural


def proof_of(evidence: Sequence[Evidence], *, documented: bool | None) -> Proof:
    """Return what the evidence of one spec proves; `documented` tells whether it has a document.

    A kind of which the spec names nothing is never proven.
    """
    files = [one for one in evidence if one.kind in ("file", "directory", "symbol")]
    tests = [one for one in evidence if one.kind == "test"]
    return Proof(present=_present(files), specd=_specd(documented), tested=_tested(tests))


def _specd(documented: bool | None) -> Standing:
    """Spec'd: its document exists."""
    if documented is None:
        return Standing(None, "its document may be elsewhere")
    return Standing(documented, "its document exists" if documented else "no document")


def _present(files: Sequence[Evidence]) -> Standing:
    """Present: a core file or symbol is named and found, and none is missing or unknown."""
    gone = [one for one in files if one.ok is False]
    if gone:
        return Standing(False, _named(gone))
    core = [one for one in files if one.strength == "core"]
    if not core:
        return Standing(None, "it names no file or symbol")
    unknown = [one for one in core if one.ok is None]
    if unknown:
        return Standing(None, f"{len(unknown)} of {len(core)} not checkable: {_named(unknown)}")
    return Standing(True, f"{len(core)} files and symbols found")


def _tested(tests: Sequence[Evidence]) -> Standing:
    """Tested: each test that is named has passed in a report of this tree."""
    gone = [one for one in tests if one.ok is False]
    if gone:
        return Standing(False, _named(gone))
    if not tests:
        return Standing(None, "it names no test")
    open_ = [one for one in tests if one.outcome != "passed"]
    if open_:
        return Standing(None, f"{len(open_)} of {len(tests)} not passed: {_named(open_)}")
    return Standing(True, f"{plural(len(tests), 'test')} passed")


def _named(evidence: Sequence[Evidence]) -> str:
    """Name the first of some evidence, the strongest before the others, and count the rest."""
    first = min(evidence, key=lambda one: one.strength == "body")
    more = f", and {len(evidence) - 1} more" if len(evidence) > 1 else ""
    return f"{first.ref}: {first.reason}{more}"

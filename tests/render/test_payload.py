"""An answer in pieces is the answer, to the byte."""

from datetime import UTC, datetime

import pytest

from pipeline_cli.domain.evidence import SpecVerdict
from pipeline_cli.domain.findings import Finding
from pipeline_cli.render import payload

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)
NOTES = ('\n  "specs": [', "##[error]", "\u202e", "\x7f", "é", '"', "")


def verdicts(count: int, *notes: str) -> tuple[SpecVerdict, ...]:
    return tuple(
        SpecVerdict(f"{n}", f"specs/{n}.md", "unclaimed", notes=notes) for n in range(count)
    )


@pytest.mark.parametrize("count", [0, 1, 2, 199, 200, 201, 400, 401])
def test_answer_in_pieces_is_the_answer(count: int) -> None:
    keys = {"specs": verdicts(count, *NOTES), "summary": {"specs": [], "unclaimed": count}}
    findings = (Finding("x", "note", '  "specs": ['),)
    whole = payload.encode("verify", NOW, keys, findings)
    pieces = list(payload.encode_in_pieces("verify", NOW, keys, findings, long="specs"))

    assert b"".join(pieces) == whole
    assert max(map(len, pieces)) < len(whole) or count <= 200


def test_bytes_that_were_no_utf_8_are_told_in_pieces_too() -> None:
    keys = {"specs": (*verdicts(250), *verdicts(2, "\udcff")), "summary": {}}
    whole = payload.encode("verify", NOW, keys, ())
    pieces = payload.encode_in_pieces("verify", NOW, keys, (), long="specs")
    assert b"".join(pieces) == whole
    assert rb"\\udcff" in whole

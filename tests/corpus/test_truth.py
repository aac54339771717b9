"""The labelled trees of the corpus: how often `contradicted` is right, and how much is found."""

import json
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.support import CORPUS, CRON_ENVIRONMENT

TRUTH = CORPUS / "truth"
pytestmark = pytest.mark.skipif(not TRUTH.exists(), reason="the corpus is not there")

#: A false alarm costs more than a miss: people stop reading.
PRECISION, RECALL = 0.98, 0.95


def test_verdicts_of_the_labelled_trees(record_property: Callable[[str, object], None]) -> None:
    """No tree is changed, precision and recall stay above their goals."""
    done = subprocess.run(
        [
            sys.executable,
            str(CORPUS / "check_truth.py"),
            *("--pipeline", f"{sys.executable} -m pipeline_cli --now 2026-02-12T00:00:00Z"),
            *("--min-precision", str(PRECISION), "--min-recall", str(RECALL)),
        ],
        env=CRON_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    closing = done.stdout.strip().split("\n")[-1]
    count = re.match(r"(\d+) cases", closing)
    assert count
    assert int(count[1]) == len(json.loads((TRUTH / "cases.json").read_text()))
    record_property("corpus", f"truth: {closing}")

"""The known answers: input files with what an existing implementation said under a frozen clock.

They lie beside the project, in `../shared/corpus`, and are read there; without them these tests
are skipped.
"""

import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.support import CORPUS, CRON_ENVIRONMENT

GROUPS = (
    "alignment",
    "attention",
    "coverage",
    "effectiveness",
    "metrics",
    "monitor_conditions",
    "plan_progress",
)

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus does not lie beside the project"
)


@pytest.mark.parametrize("group", GROUPS)
def test_every_case_of_the_group_agrees(
    group: str, record_property: Callable[[str, object], None]
) -> None:
    done = subprocess.run(
        [
            sys.executable,
            str(CORPUS / "check_oracle.py"),
            "--group",
            group,
            "--pipeline",
            f"{sys.executable} -m pipeline_cli",
        ],
        capture_output=True,
        text=True,
        env=CRON_ENVIRONMENT,
        timeout=300,
        check=False,
    )
    counted = re.search(r"^(\d+) passed, (\d+) failed$", done.stdout, re.MULTILINE)
    assert counted, done.stdout + done.stderr
    assert done.returncode == 0, done.stdout
    assert int(counted[1]) >= 9
    record_property("corpus", f"{group}, {counted[1]} cases agree")

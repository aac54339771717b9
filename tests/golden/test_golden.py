"""Golden cases: a folder with `input/`, `cmd`, and what the program said (`expected/`).

Adding a case adds a folder and no code. `PIPELINE_GOLDEN=write` writes what is said now; read
the difference before you commit it.
"""

import os
import shlex
import shutil
from pathlib import Path

import pytest

from tests.support import pipeline, snapshot

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/cmd"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_program_says_what_it_said(case: Path, tmp_path: Path) -> None:
    if (case / "input").is_dir():
        shutil.copytree(case / "input", tmp_path, dirs_exist_ok=True)
    before = snapshot(tmp_path)
    ran = pipeline(tmp_path, *shlex.split((case / "cmd").read_text()))
    said = {"stdout": ran.out, "stderr": ran.err.encode(), "code": b"%d\n" % ran.code}
    assert snapshot(tmp_path) == before, "a reading command wrote something"
    if os.environ.get("PIPELINE_GOLDEN") == "write":
        (case / "expected").mkdir(exist_ok=True)
        for name, data in said.items():
            (case / "expected" / name).write_bytes(data)
    for name, data in said.items():
        assert data.decode() == (case / "expected" / name).read_text(), name

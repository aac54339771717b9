"""This repository's own claims stand on evidence, and fall with it."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import pipeline

ROOT = Path(__file__).resolve().parents[2]


def test_every_claim_of_ours_is_supported() -> None:
    answer = pipeline(ROOT, "verify", "--check", "--json")
    assert answer.code == 0, [
        s["path"] for s in answer.json["specs"] if s["verdict"] != "supported"
    ]
    assert {spec["verdict"] for spec in answer.json["specs"]} == {"supported"}


def test_nine_in_ten_of_our_specs_name_files_symbols_and_tests_that_are_there() -> None:
    specs = pipeline(ROOT, "verify", "--json").json["specs"]
    whole = [
        spec
        for spec in specs
        if {"file", "symbol", "test"} <= {one["kind"] for one in spec["evidence"] if one["ok"]}
    ]
    assert len(whole) >= 0.9 * len(specs)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what git has of this repository, outside of git."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], check=True, capture_output=True, text=True
    )
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def remove_a_file(root: Path) -> str:
    (root / "pipeline_cli/domain/proofs.py").unlink()
    return "file pipeline_cli/domain/proofs.py: absent"


def rename_a_symbol(root: Path) -> str:
    path = root / "pipeline_cli/domain/evidence.py"
    path.write_text(path.read_text().replace("verdict_of", "worst_of"))
    return "symbol verdict_of in pipeline_cli/domain/evidence.py: not defined there"


def remove_a_test(root: Path) -> str:
    (root / "tests/cli/test_verify.py").unlink()
    return "test pytest tests/cli/test_verify.py: absent"


def remove_the_spec(root: Path) -> str:
    (root / "specs/065-verify.md").unlink()
    return "no spec document, although Spec'd is ✓"


@pytest.mark.parametrize(
    "break_it", [remove_a_file, rename_a_symbol, remove_a_test, remove_the_spec]
)
def test_a_claim_of_ours_falls_with_what_it_stands_on(
    copy: Path, break_it: Callable[[Path], str]
) -> None:
    assert pipeline(copy, "verify", "--check").code == 0
    words = break_it(copy)
    answer = pipeline(copy, "verify", "--check", "--json")
    assert answer.code == 1
    (spec,) = [one for one in answer.json["specs"] if one["verdict"] == "contradicted"]
    reasons = [reason for claim in spec["claims"] for reason in claim["reasons"]]
    assert any(words.removeprefix("test pytest ") in reason for reason in reasons), reasons

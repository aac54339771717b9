"""What may not be read, and what may not be written: by its mode, and by its mount.

Root is above the modes; the runs here are not, and the mounts are theirs alone.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.rights import as_user, closed, read_only
from tests.support import Ran, backlog_text, pipeline, snapshot, write

COVERAGE, STATUS = "docs/SPEC-COVERAGE.md", "docs/STATUS.md"
HEAD = "| Spec | Present | Spec'd | Tested | Notes |\n|---|---|---|---|---|\n"
SPEC = """---
status: done
source:
  - file: {folder}/m{n}.py
    symbols: [thing{n}]
test: pytest {tests}/test_m{n}.py::test_thing{n}
---
# Thing {n}

## Acceptance

- `test_thing{n}`
"""
REPORT = (
    '<testsuite><testcase classname="tests.test_m1" name="test_thing1"/>'
    '<testcase classname="more.test_m2" name="test_thing2"/></testsuite>'
)
WITH_GIT = pytest.mark.parametrize("with_git", [False, True], ids=["plain", "git"])


def project(root: Path, *, with_git: bool = False) -> Path:
    """Make two specs whose code and tests lie in folders of their own."""
    for n, (folder, tests) in enumerate([("src", "tests"), ("lib", "more")], 1):
        write(
            root,
            {
                f"specs/00{n}-thing.md": SPEC.format(n=n, folder=folder, tests=tests),
                f"{folder}/m{n}.py": f"def thing{n}():\n    pass\n",
                f"{tests}/test_m{n}.py": f"def test_thing{n}():\n    pass\n",
            },
        )
    write(
        root,
        {
            "backlog/006-overnight-backlog.md": backlog_text({1: 2}),
            "docs/PLAN.md": "# Plan\n\n## Phase 1\n",
            COVERAGE: HEAD + "| 001 Thing | ? | ✓ | ? | Pending |\n",
            STATUS: "# Status\n\n## Specs Implemented\n\n- None\n",
            "report.xml": REPORT,
        },
    )
    if with_git:
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
            identity = ("-c", "user.name=a", "-c", "user.email=a@b")
            subprocess.run(["git", *identity, *words], cwd=root, check=True)
    return root


def run(root: Path, *words: str, prefix: tuple[str, ...] | None = None, **env: str) -> Ran:
    ran = pipeline(
        root,
        *words,
        "--json",
        env={"TEST_COUNT": "2", **env},
        prefix=as_user() if prefix is None else prefix,
    )
    assert "Traceback" not in ran.err
    return ran


def seen(ran: Ran) -> dict[str, tuple[str, dict[str, tuple[bool | None, str]]]]:
    """Return of each spec its verdict, and what was found of what it cites."""
    assert ran.code == 0, ran.err
    return {
        one["path"]: (
            one["verdict"],
            {cited["ref"]: (cited["ok"], cited["reason"]) for cited in one["evidence"]},
        )
        for one in ran.json["specs"]
    }


def told(ran: Ran) -> list[tuple[str, str, str]]:
    found = [one for one in ran.json["findings"] if one["code"] == "unreadable"]
    assert all(one["hint"] for one in found)
    return [(one["path"], one["severity"], one["message"]) for one in found]


# Files and folders of mode 000


def test_modes_count_for_the_runs_of_these_tests(tmp_path: Path) -> None:
    write(tmp_path, {"a": "x"})
    with closed(tmp_path / "a"):
        done = subprocess.run([*as_user(), "cat", str(tmp_path / "a")], check=False)
    assert done.returncode == 1


@WITH_GIT
def test_an_unreadable_spec_is_a_finding_and_the_others_are_verified(
    tmp_path: Path, with_git: bool
) -> None:
    root = project(tmp_path, with_git=with_git)
    whole = seen(run(root, "verify"))
    before = snapshot(root)
    with closed(root / "specs/001-thing.md"):
        ran, gate = run(root, "verify"), run(root, "verify", "--check")
        aligned = run(root, "align")
        updated = run(root, "update-coverage", "--tests-passed", "--dry-run")
    verdicts = seen(ran)
    assert verdicts["specs/001-thing.md"] == ("unknown", {})
    assert verdicts["specs/002-thing.md"] == whole["specs/002-thing.md"]
    where = ("specs/001-thing.md", "error", "the file cannot be read: Permission denied")
    assert [told(one) for one in (ran, gate, aligned, updated)] == [[where]] * 4
    assert (gate.code, aligned.code, updated.code) == (1, 0, 0)
    assert updated.json["coverage"]["added"] == 1  # the row of 002; that of 001 stays its own
    assert snapshot(root) == before


@WITH_GIT
def test_an_unreadable_folder_of_one_spec_is_a_finding_and_the_others_are_verified(
    tmp_path: Path, with_git: bool
) -> None:
    root = project(tmp_path, with_git=with_git)
    for n in (1, 2):
        (root / f"specs/{'one' if n == 1 else 'two'}").mkdir()
        (root / f"specs/00{n}-thing.md").rename(
            root / f"specs/{'one' if n == 1 else 'two'}/spec.md"
        )
    with closed(root / "specs/one"):
        ran = run(root, "verify")
    verdicts = seen(ran)
    assert verdicts["specs/two/spec.md"][0] == "supported"
    assert verdicts["specs/one/spec.md"] == ("unknown", {})
    assert ("specs/one/spec.md", "error", "the file cannot be read: Permission denied") in told(ran)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("specs", ("verify",)),
        ("specs", ("align",)),
        ("specs", ("update-coverage", "--tests-passed")),
        (COVERAGE, ("verify",)),
        (COVERAGE, ("verify", "--check")),
        (COVERAGE, ("update-coverage", "--tests-passed")),
        (COVERAGE, ("update-coverage", "--junit", "{root}/report.xml")),
        (STATUS, ("update-coverage", "--tests-passed")),
        ("docs", ("verify",)),
        ("docs", ("update-coverage", "--tests-passed")),
        ("docs/PLAN.md", ("align",)),
        ("backlog/006-overnight-backlog.md", ("align",)),
        ("report.xml", ("verify", "--junit", "{root}/report.xml")),
        ("report.xml", ("update-coverage", "--junit", "{root}/report.xml")),
    ],
)
@WITH_GIT
def test_what_the_command_needs_and_may_not_read_ends_it_with_path_and_remedy(
    tmp_path: Path, path: str, words: tuple[str, ...], with_git: bool
) -> None:
    root = project(tmp_path, with_git=with_git)
    before = snapshot(root)
    with closed(root / path):
        ran = run(root, *(word.format(root=root) for word in words))
    error = ran.json["error"]
    assert (ran.code, error["code"]) == (3, "unreadable")
    named = error["path"].removeprefix(f"{root}/")
    assert named == path or named.startswith(f"{path}/")
    assert "Permission denied" in error["message"]
    assert error["hint"]
    assert snapshot(root) == before


@WITH_GIT
def test_settings_that_may_not_be_read_end_every_command(tmp_path: Path, with_git: bool) -> None:
    root = write(project(tmp_path, with_git=with_git), {"pipeline.toml": ""})
    with closed(root / "pipeline.toml"):
        for words in (("verify",), ("align",), ("update-coverage", "--tests-passed")):
            ran = run(root, *words)
            assert (ran.code, ran.json["error"]["path"]) == (2, "pipeline.toml")


@WITH_GIT
def test_an_unreadable_file_of_code_is_there_and_its_symbols_are_unknown(
    tmp_path: Path, with_git: bool
) -> None:
    root = project(tmp_path, with_git=with_git)
    with closed(root / "src/m1.py"):
        ran = run(root, "verify")
    verdicts = seen(ran)
    found = verdicts["specs/001-thing.md"][1]
    assert found["src/m1.py"] == (True, "found")
    ok, reason = found["thing1 in src/m1.py"]
    assert (ok, "cannot be read" in reason) == (None, True)
    assert verdicts["specs/002-thing.md"][0] == "supported"
    assert told(ran) == [("src/m1.py", "error", "the file cannot be read: Permission denied")]


@WITH_GIT
def test_a_test_that_may_stand_in_an_unreadable_file_is_not_missing(
    tmp_path: Path, with_git: bool
) -> None:
    root = project(tmp_path, with_git=with_git)
    with closed(root / "tests/test_m1.py"):
        ran = run(root, "verify")
    verdict, found = seen(ran)["specs/001-thing.md"]
    assert verdict == "supported"
    assert found["tests/test_m1.py::test_thing1"][0] is None
    assert found["test_thing1"] == (
        None,
        "no test of this name, and tests/test_m1.py cannot be read",
    )
    assert told(ran) == [
        ("tests/test_m1.py", "error", "the file cannot be read: Permission denied")
    ]


@pytest.mark.parametrize("mode", [0o000, 0o444])
@WITH_GIT
def test_nothing_is_missing_that_may_lie_in_an_unreadable_folder(
    tmp_path: Path, mode: int, with_git: bool
) -> None:
    root = project(tmp_path, with_git=with_git)
    body = SPEC.format(n=1, folder="src", tests="tests")
    body += "\n## Files\n\n- `m1.py`\n- `deep/gone.py`\n- `src/old.py` — delete\n- `lib/m2.py`\n"
    body += "- `other/old.py` — delete\n"
    write(root, {"specs/001-thing.md": body, "specs/003-new.md": "---\nstatus: done\n---\n"})
    write(root, {COVERAGE: HEAD + "| 009 Elsewhere | ✓ | ✓ | ? | x |\n"})
    folders = (root / "src", root / "tests")
    with closed(*folders):
        for folder in folders:
            folder.chmod(mode)
        ran = run(root, "verify")
        gate = run(root, "verify", "--check")
    verdicts = seen(ran)
    verdict, found = verdicts["specs/001-thing.md"]
    assert verdict != "contradicted"
    missing = {ref: why for ref, (ok, why) in found.items() if ok is False}
    assert missing == {}
    hidden = ["src/old.py", "deep/gone.py"] + (["src/m1.py", "test_thing1"] if mode == 0 else [])
    for ref in hidden:
        assert found[ref][0] is None, ref
        assert "looked" in found[ref][1] or "cannot be read" in found[ref][1]
    assert found["other/old.py"] == (True, "it is gone, as the spec says")
    assert found["lib/m2.py"] == (True, "found")
    assert verdicts["specs/002-thing.md"][0] == "supported"
    assert verdicts[f"{COVERAGE}#009 Elsewhere"][0] == "unknown"
    words = "the folder cannot be looked into; what is not found may lie there"
    assert {("src", "error", words), ("tests", "error", words)} <= set(told(ran))
    assert gate.code == 0


@WITH_GIT
def test_an_unreadable_folder_that_is_not_ours_hides_nothing(
    tmp_path: Path, with_git: bool
) -> None:
    root = project(tmp_path, with_git=with_git)
    write(root, {".gitignore": "data/\n", "data/x.py": "", "node_modules/a/b.js": ""})
    (root / "src/m1.py").unlink()
    with closed(root / "data", root / "node_modules"):
        ran = run(root, "verify")
    assert seen(ran)["specs/001-thing.md"][1]["src/m1.py"] == (False, "absent")
    # Git would track it, if it were not for .gitignore.
    assert [path for path, *_ in told(ran)] == []


def test_an_issue_about_a_claim_stays_open_while_the_claim_cannot_be_looked_at(
    tmp_path: Path,
) -> None:
    root = project(tmp_path)
    (root / "src/m1.py").write_text("")
    write(root, {COVERAGE: HEAD + "| 009 Elsewhere | ✓ | ✓ | ? | x |\n"})
    assert "false_done" in conditions(run(root, "monitor"))
    with closed(root / "src"):
        run(root, "monitor")
        issues = run(root, "monitor", "--dry-run").json["issues"]
    found = {
        one["subject"]: bool(one["unknown_since"])
        for one in issues
        if one["condition"] == "false_done"
    }
    assert found == {"specs/001-thing.md": True, f"{COVERAGE}#009 Elsewhere": True}


def conditions(ran: Ran) -> set[str]:
    assert ran.code == 0, ran.err
    return {one["condition"] for one in ran.json["issues"]}


def test_promoted_is_only_what_could_be_looked_at(tmp_path: Path) -> None:
    root = project(tmp_path)
    with closed(root / "src"):
        ran = run(root, "update-coverage", "--junit", str(root / "report.xml"))
    rows = (root / COVERAGE).read_text().split("\n")[2:-1]
    assert rows[0] == "| 001 Thing | ? | ✓ | ✓ | Verified 2026-02-12 |"
    assert ran.code == 0
    assert ("src", "error") in [(path, severity) for path, severity, _ in told(ran)]


# What may not be written


READING = {
    "verify": ("verify",),
    "verify --junit": ("verify", "--junit", "{root}/report.xml"),
    "align": ("align",),
    "update-coverage --dry-run": ("update-coverage", "--tests-passed", "--dry-run"),
    "update-coverage --check": ("update-coverage", "--junit", "{root}/report.xml", "--check"),
    "status": ("status",),
}


@pytest.mark.parametrize("words", READING.values(), ids=READING)
@WITH_GIT
def test_what_only_reads_answers_on_a_read_only_mount(
    tmp_path: Path, words: tuple[str, ...], with_git: bool
) -> None:
    root = project(tmp_path / "work", with_git=with_git)
    given = [word.format(root=root) for word in words]
    free = run(root, *given, prefix=())
    held = run(root, *given, prefix=read_only(root))
    assert (held.code, held.out, held.err) == (free.code, free.out, free.err)


@pytest.mark.parametrize("commits", [(), ("--commit",)])
def test_what_writes_is_refused_on_a_read_only_mount_and_changes_nothing(
    tmp_path: Path, commits: tuple[str, ...]
) -> None:
    root = project(tmp_path / "work", with_git=bool(commits))
    if commits:
        for name, value in (("user.name", "a"), ("user.email", "a@b")):
            subprocess.run(["git", "-C", str(root), "config", name, value], check=True)
    before = snapshot(root)
    ran = run(root, "update-coverage", "--tests-passed", *commits, prefix=read_only(root))
    assert ran.code in (3, 5)
    assert "ead-only file system" in ran.json["error"]["message"]
    assert ran.json["error"]["path"]
    assert ran.json["error"]["hint"]
    assert snapshot(root) == before


def _closed_folder(root: Path) -> None:
    (root / "docs").chmod(0o555)


def _closed_git(root: Path) -> None:
    (root / ".git").chmod(0o555)


@pytest.mark.parametrize(("close", "commits"), [(_closed_folder, ()), (_closed_git, ("--commit",))])
def test_a_folder_that_may_not_be_written_is_named_and_nothing_is_changed(
    tmp_path: Path, close: Callable[[Path], Any], commits: tuple[str, ...]
) -> None:
    root = project(tmp_path / "work", with_git=bool(commits))
    if commits:
        for name, value in (("user.name", "a"), ("user.email", "a@b")):
            subprocess.run(["git", "-C", str(root), "config", name, value], check=True)
    before = snapshot(root)
    close(root)
    ran = run(root, "update-coverage", "--tests-passed", *commits)
    for path in (root / "docs", root / ".git"):
        if path.exists():
            path.chmod(0o755)
    assert ran.code in (3, 5)
    assert "ermission denied" in ran.json["error"]["message"]
    assert ran.json["error"]["hint"]
    (root / "api/logs/.pipeline-documents.lock").unlink(missing_ok=True)
    assert snapshot(root) == before

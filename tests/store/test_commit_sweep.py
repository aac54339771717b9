"""Kills at every step of a commit: the next run heals, and nothing of the user's is touched.

A step is a call of git; the `git` on PATH counts them, and at one of them kills the run that
called, before or after the step. What our own process does between steps is killed by strace.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.store.commit_support import (
    BEFORE,
    PATHS,
    RUN,
    A,
    commit,
    footprint,
    git,
    hook,
    in_long_way,
    leftovers,
    repository,
    with_work,
)
from tests.support import write

pytestmark = pytest.mark.usefixtures("apart")

GIT = shutil.which("git") or "git"
#: `SWEEP_AT` is the step, `SWEEP_WHEN` before or after, `SWEEP_SIGNAL` what the caller gets.
COUNTING = f"""#!/bin/sh
exec 9>>"$SWEEP_COUNT.lock"  # some steps run side by side
flock 9
echo step >> "$SWEEP_COUNT"
step=$(wc -l < "$SWEEP_COUNT")
exec 9>&-
if [ "$step" = "$SWEEP_AT" ] && [ "$SWEEP_WHEN" = before ]; then kill -s "$SWEEP_SIGNAL" $PPID; fi
{GIT} "$@"
code=$?
if [ "$step" = "$SWEEP_AT" ] && [ "$SWEEP_WHEN" = after ]; then kill -s "$SWEEP_SIGNAL" $PPID; fi
exit $code
"""
ROWS = {path: f"{text}| row 1 |\n" for path, text in BEFORE.items()}
CALLS = ("rename", "renameat", "renameat2", "link", "linkat", "fsync", "unlink", "unlinkat")
CHANGING = (*CALLS, "mkdir", "mkdirat", "fchmod", "rmdir", "flock")


class Swept(NamedTuple):
    """One run of which a step was disturbed, and how many steps it came to."""

    code: int
    steps: int


def run(
    folder: Path, *, at: int = 0, when: str = "before", number: str = "KILL", prefix: str = ""
) -> Swept:
    place = folder.parent
    write(place, {"bin/git": COUNTING, "count": ""})
    (place / "bin/git").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{place}/bin:{os.environ['PATH']}",
        "SWEEP_COUNT": f"{place}/count",
        "SWEEP_AT": str(at),
        "SWEEP_WHEN": when,
        "SWEEP_SIGNAL": number,
    }
    command = [*prefix.split(), sys.executable, "-B", "-c", RUN, str(folder), "1", *PATHS]
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)
    return Swept(done.returncode, len((place / "count").read_text().splitlines()))


def fresh(folder: Path, way: str) -> Path:
    """Make a repository to which a commit is made the short or the long way."""
    repository(folder)
    if way == "long":
        in_long_way(folder)
    return with_work(folder)


def committed_whole(folder: Path, head: str) -> bool:
    """Tell whether HEAD is the one commit; fail where it is neither that nor `head`."""
    now = git(folder, "rev-parse", "HEAD")
    if now == head:
        return False
    assert git(folder, "rev-parse", "HEAD~1") == head
    assert git(folder, "diff", "--name-only", head, "HEAD").split() == list(PATHS)
    for path in PATHS:
        assert git(folder, "show", f"HEAD:{path}") + "\n" == ROWS[path]
    return True


def texts(folder: Path) -> dict[str, str]:
    return {path: (folder / path).read_text() for path in PATHS}


def check_and_heal(tmp_path: Path, folder: Path, head: str, before: dict[str, object]) -> None:
    """Look at what a kill left, let the next run go, and look again."""
    whole = committed_whole(folder, head)
    for path, text in texts(folder).items():
        assert text in ((ROWS[path],) if whole else (BEFORE[path], ROWS[path]))
    left = [str(path.relative_to(folder)) for path in folder.rglob(".pipeline-tmp-*")]
    assert footprint(folder, but=(*PATHS, *left)) == before
    assert git(folder, "fsck", "--no-dangling") == ""
    run(folder)
    assert committed_whole(folder, head)
    assert texts(folder) == ROWS
    assert git(folder, "status", "--porcelain", "--", *PATHS) == ""
    assert footprint(folder, but=PATHS) == before
    assert git(folder, "fsck", "--no-dangling") == ""
    assert leftovers(tmp_path) == []


def start(tmp_path: Path, name: str, way: str = "short") -> tuple[Path, str, dict[str, object]]:
    folder = fresh(tmp_path / name / "w", way)
    return folder, git(folder, "rev-parse", "HEAD"), footprint(folder, but=PATHS)


#: With an index of its own a commit takes more steps than without.
WAYS = ("short", "long")
#: How many steps a whole run has: always the same, so counted once.
_COUNTED: dict[str, int] = {}


def steps(tmp_path: Path, way: str) -> int:
    if way not in _COUNTED:
        folder, head, _ = start(tmp_path, "whole", way)
        done = run(folder)
        assert done.code == 0
        assert committed_whole(folder, head)
        _COUNTED[way] = done.steps
    return _COUNTED[way]


def test_a_run_that_nobody_disturbs_commits(tmp_path: Path) -> None:
    assert steps(tmp_path, "short") == 6
    assert steps(tmp_path, "long") == 11


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("back", [0, 1, 2])
def test_a_kill_at_the_last_steps_is_healed_by_the_next_run(
    tmp_path: Path, back: int, when: str, way: str
) -> None:
    at = steps(tmp_path, way) - back
    folder, head, before = start(tmp_path, "killed", way)
    assert run(folder, at=at, when=when).code == -9
    check_and_heal(tmp_path, folder, head, before)


@pytest.mark.sweep
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_step_is_healed_by_the_next_run(tmp_path: Path, when: str, way: str) -> None:
    for at in range(1, steps(tmp_path, way) + 1):
        folder, head, before = start(tmp_path, f"killed-{at}", way)
        assert run(folder, at=at, when=when).code == -9
        check_and_heal(tmp_path, folder, head, before)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("back", [0, 1, 2])
@pytest.mark.parametrize("number", ["TERM", "INT"])
def test_a_signal_at_the_last_steps_leaves_all_or_nothing(
    tmp_path: Path, number: str, back: int, when: str, way: str
) -> None:
    at = steps(tmp_path, way) - back
    folder, head, before = start(tmp_path, "stopped", way)
    whole_before = footprint(folder)
    assert run(folder, at=at, when=when, number=number).code != 0
    if not committed_whole(folder, head):
        assert footprint(folder) == whole_before
    else:
        assert back == 0
        assert texts(folder) == ROWS
    assert footprint(folder, but=PATHS) == before
    assert leftovers(tmp_path) == []


@pytest.mark.sweep
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_signal_at_any_step_leaves_all_or_nothing(tmp_path: Path, when: str, way: str) -> None:
    for at in range(1, steps(tmp_path, way) + 1):
        folder, head, _ = start(tmp_path, f"stopped-{at}", way)
        before = footprint(folder)
        assert run(folder, at=at, when=when, number="TERM").code != 0
        if not committed_whole(folder, head):
            assert footprint(folder) == before
        assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "way"),
    [("update-index", "short"), ("update-ref", "short"), ("write-tree", "long")],
)
def test_a_step_that_fails_leaves_everything_as_it_was(tmp_path: Path, name: str, way: str) -> None:
    """The git on PATH refuses one step, as a full disk would."""
    folder, _, _ = start(tmp_path, "failing", way)
    before = footprint(folder)
    script = f"""#!/bin/sh
for word in "$@"; do case $word in {name}) echo "fatal: No space left" >&2; exit 128;; esac; done
exec {GIT} "$@"
"""
    write(tmp_path, {"failing/bin/git": script})
    (tmp_path / "failing/bin/git").chmod(0o755)
    command = [sys.executable, "-c", RUN, str(folder), "1", *PATHS]
    environment = {**os.environ, "PATH": f"{tmp_path}/failing/bin:{os.environ['PATH']}"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, "No space left" in done.stdout) == (5, True)
    assert footprint(folder) == before
    assert leftovers(tmp_path) == []


def objects(folder: Path) -> set[Path]:
    return {path for path in (folder / ".git/objects").rglob("*") if path.is_file()}


@pytest.mark.needs_strace
@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_an_object_that_cannot_be_written_leaves_everything_as_it_was(
    tmp_path: Path, call: str
) -> None:
    folder, _, _ = start(tmp_path, "full")
    before, there = footprint(folder), objects(folder)
    # The objects come before the files, so the first call is one of theirs.
    rule = f"-e trace={call} -e inject={call}:error=ENOSPC:when=1+"
    assert run(folder, prefix=f"strace -f -qq -o /dev/null {rule}").code == 3
    assert footprint(folder) == before
    assert objects(folder) == there
    assert leftovers(tmp_path) == []


@pytest.mark.needs_strace
def test_objects_and_files_are_synced_before_they_take_their_places(tmp_path: Path) -> None:
    folder, _, _ = start(tmp_path, "synced")
    log = tmp_path / "trace"
    rule = "-e trace=fsync,rename -e signal=none"
    assert run(folder, prefix=f"strace -f -qq -y -o {log} {rule}").code == 0
    # Objects are synced side by side: one call may begin before another ends.
    waiting: dict[str, str] = {}
    synced, renamed = set(), []
    for line in log.read_text().splitlines():
        thread, call = line.split(maxsplit=1)
        if call.startswith("fsync("):
            waiting[thread] = call.split("<", 1)[1].split(">")[0]
        if "fsync" in call and call.endswith("= 0"):
            synced.add(waiting.pop(thread))
        if call.startswith("rename(") and re.search(r"tmp_obj_|pipeline-tmp", call):
            renamed.append(call.split('"')[1])
            assert renamed[-1] in synced
    # Two blobs, two trees, one commit; two files.
    assert [("tmp_obj_" in path, "pipeline-tmp" in path) for path in renamed] == (
        [(True, False)] * 5 + [(False, True)] * 2
    )


def test_our_version_in_a_commit_of_the_users_is_not_taken_back(tmp_path: Path) -> None:
    """The user commits in the very moment in which our entries are in the index."""
    folder = repository(tmp_path / "raced/w")
    script = f"""#!/bin/sh
for word in "$@"; do case $word in update-ref) {GIT} commit -q -m theirs;; esac; done
exec {GIT} "$@"
"""
    write(tmp_path, {"raced/bin/git": script})
    (tmp_path / "raced/bin/git").chmod(0o755)
    command = [sys.executable, "-c", RUN, str(folder), "1", *PATHS]
    environment = {**os.environ, "PATH": f"{tmp_path}/raced/bin:{os.environ['PATH']}"}
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)
    assert b"nothing" in done.stdout
    assert git(folder, "log", "-1", "--format=%s") == "theirs"
    assert texts(folder) == ROWS
    assert git(folder, "status", "--porcelain") == ""


def test_a_killed_run_with_hooks_is_healed_too(tmp_path: Path) -> None:
    folder, head, before = start(tmp_path, "hooked")
    slow = hook(folder, "pre-commit", "kill -9 $PPID; exit 1")
    run(folder)
    slow.unlink()
    check_and_heal(tmp_path, folder, head, before)
    assert commit(folder, A) is not None


def our_calls(tmp_path: Path) -> dict[str, int]:
    """Count the calls of our own process by which a commit changes files."""
    folder, _, _ = start(tmp_path, "traced")
    log = tmp_path / "trace"
    known = ",".join(f"?{name}" for name in CHANGING)
    assert run(folder, prefix=f"strace -qq -o {log} -e trace={known}").code == 0
    counts: dict[str, int] = {}
    for line in log.read_text().splitlines():
        match = re.match(r"(\w+)\(", line)
        if match:
            counts[match[1]] = counts.get(match[1], 0) + 1
    return counts


@pytest.mark.needs_strace
@pytest.mark.parametrize("place", [0, -1])
def test_a_kill_of_our_own_writes_is_healed_by_the_next_run(tmp_path: Path, place: int) -> None:
    count = our_calls(tmp_path)["rename"]
    folder, head, before = start(tmp_path, "killed")
    when = count if place else 1
    rule = f"strace -qq -o /dev/null -e trace=rename -e inject=rename:signal=KILL:when={when}"
    assert run(folder, prefix=rule).code == -9
    check_and_heal(tmp_path, folder, head, before)


@pytest.mark.sweep
@pytest.mark.needs_strace
def test_a_kill_at_any_call_of_ours_is_healed_by_the_next_run(tmp_path: Path) -> None:
    for name, count in our_calls(tmp_path).items():
        for when in range(1, count + 1):
            folder, head, before = start(tmp_path, f"{name}-{when}")
            inject = f"inject={name}:signal=KILL:when={when}"
            assert run(folder, prefix=f"strace -qq -o /dev/null -e trace={name} -e {inject}").code
            check_and_heal(tmp_path, folder, head, before)

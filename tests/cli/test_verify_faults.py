"""`pipeline verify` on hostile and on unlucky input: an answer with its reason, never a stall.

What would stall runs out of `pipeline`'s own limit of time; no test measures any.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support import CRON_ENVIRONMENT, Ran, pipeline, snapshot, write

SPEC = "specs/001-a.md"
MEMORY_KB = 256 << 10


def spec(header: str = "", body: str = "") -> str:
    return f"---\nstatus: done\n{header}---\n# A\n{body}"


def verify(root: Path, *arguments: str, **options: Any) -> Ran:
    """Run `verify --json` and see that it wrote nothing and showed no traceback."""
    before = snapshot(root)
    ran = pipeline(root, "verify", "--json", *arguments, **options)
    assert "Traceback" not in ran.err
    assert snapshot(root) == before
    return ran


def evidence(ran: Ran) -> list[tuple[str, bool | None, str]]:
    assert ran.code == 0, ran.err
    return [(one["ref"], one["ok"], one["reason"]) for one in ran.json["specs"][0]["evidence"]]


def verdict(ran: Ran) -> str:
    assert ran.code == 0, ran.err
    return str(ran.json["specs"][0]["verdict"])


# Lines that take long where each character is looked at again from every other


LONG = 200_000
LINES = {
    "backticks": "`" * LONG,
    "backticks of two lengths": "`` ` " * (LONG // 5),
    "runs of every length": "- " + "x".join("`" * n for n in range(1, 600)),
    "brackets": "- " + "[" * LONG,
    "links in links": "- " + "[a](" * (LONG // 4),
    "links": "- " + "[`a.py`](b.py) " * (LONG // 15),
    "open parentheses": "- x" + " (" * (LONG // 2),
    "blanks after a span": "- `a.py`" + " " * LONG + "x",
    "blanks after a path": "- a.py" + " " * LONG + "x",
    "dashes": "- a " + "- " * (LONG // 2),
    "colons": "- " + ": " * (LONG // 2),
    "stars": "- " + "**" * (LONG // 2) + "a.py",
    "a path of folders": "- " + "a/" * (LONG // 2) + "b.py",
    "choices": "- " + " or ".join(f"`a{n}.py`" for n in range(3000)),
    "spans": "- " + " ".join(f"`a{n}.py`" for n in range(1000)),
    "braces": "- `" + "{a,b}" * 55 + ".py`",
    "comments": "<!--" * (LONG // 4),
    "cells": "| `a.py` " * 20_000 + "|\n|" + "---|" * 20_000 + "\n" + "| `a.py` " * 20_000 + "|",
}


@pytest.mark.parametrize("title", ["Files", "Acceptance Tests"])
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_no_line_stalls(tmp_path: Path, title: str, line: str) -> None:
    write(tmp_path, {SPEC: spec("source: gone.py\n", f"## {title}\n{line}\n")})
    assert verdict(verify(tmp_path, timeout=20)) == "contradicted"


def symbols(count: int) -> str:
    names = ", ".join(f"name{number}" for number in range(count))
    return f"source:\n  - file: a.py\n    symbols: [{names}]\n"


HEADERS = {
    "many symbols of one file": symbols(19_000),
    "more symbols than are read": symbols(70_000),
    "escaped names": "source:\n"
    + "".join(f'  - file: "a/\\x62{n}.py"\n    symbols: ["\\x62{n}"]\n' for n in range(9_000)),
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_no_header_stalls(tmp_path: Path, header: str) -> None:
    write(tmp_path, {SPEC: spec(header), "a.py": "x = 1\n" + "# y z\n" * 20_000})
    assert verdict(verify(tmp_path)) == "contradicted"


@pytest.mark.parametrize(
    ("cited", "path"),
    [
        ("*a" * 40 + "*b.py", "a" * 200 + ".py"),
        ("**/a/" * 30 + "b.py", "a/" * 60 + "c.py"),
        ("tests/test_x.py::test_" + "*a" * 40 + "*b", "tests/test_x.py"),
        ("test_" + "*a" * 40 + "*b", "tests/test_x.py"),
    ],
)
def test_no_glob_stalls(tmp_path: Path, cited: str, path: str) -> None:
    title = "Acceptance Tests" if "test_" in cited else "Files"
    code = f"def test_{'a' * 100}():\n    pass\n"
    write(tmp_path, {SPEC: spec("", f"## {title}\n- `{cited}`\n"), path: code})
    assert verdict(verify(tmp_path, timeout=20)) == "unknown"


def test_ten_thousand_bullets_are_each_looked_for(tmp_path: Path) -> None:
    bullets = "".join(f"- `a/b{n}.py` — x\n" for n in range(10_000))
    write(tmp_path, {SPEC: spec("", f"## Files\n{bullets}"), "a/b0.py": ""})
    found = evidence(verify(tmp_path))
    assert [sum(one[1] is ok for one in found) for ok in (True, False)] == [1, 9_999]


@pytest.mark.parametrize(
    ("body", "line"),
    [("- `a.py`\n" * 30_000, 20_006), ("- `a.py`\n" * 7_000_000, None), ("\n" * 2_000_000, None)],
)
def test_what_is_too_much_is_said_with_its_line(
    tmp_path: Path, body: str, line: int | None
) -> None:
    write(tmp_path, {SPEC: spec("source: a.py\n", f"## Files\n{body}"), "a.py": ""})
    limit = ("sh", "-c", f'ulimit -v {4 * MEMORY_KB}; exec "$@"', "sh")
    ran = verify(tmp_path, prefix=limit)
    assert (ran.code, verdict(ran)) == (0, "supported")
    told = [one for one in ran.json["findings"] if one["code"] == "evidence-too-much"]
    assert [(one["path"], one["line"]) for one in told] == [(SPEC, line)]


# Paths and names


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ('"a\\0b.py"', "it names no path of the workspace"),
        ("a/" * 2000 + "b", "absent; it may be no path"),
        ('"a\\nb.py"', "it names no path of the workspace"),
        (f'"{"x" * 5000}"', "it names no path of the workspace"),
        ("../../etc/passwd", "not there, and it lies outside the workspace"),
        ("/etc/hosts.conf", "not there, and it lies outside the workspace"),
        ("~/x.py", "absent; it is a path outside the workspace"),
        ("--help", "absent; it may be no path"),
        ("x;y.py", "absent; it may be no path"),
        ("$HOME/x.py", "absent; it may be no path"),
        ('"<name>.py"', "absent; it is a placeholder"),
        ("LICENSE-MIT", "absent; it may be no path"),
        ("'[a'", "absent; it may be no path"),
    ],
)
@pytest.mark.parametrize("with_git", [False, True])
def test_a_source_that_is_no_path_is_unknown_and_never_dropped(
    tmp_path: Path, written: str, reason: str, with_git: bool
) -> None:
    write(tmp_path, {SPEC: spec(f"source: {written}\n"), "b.py": ""})
    if with_git:
        git(tmp_path, "init", "-q")
    ran = verify(tmp_path)
    assert [(ok, why) for _, ok, why in evidence(ran)] == [(None, reason)]
    assert verdict(ran) == "unknown"


@pytest.mark.parametrize(
    "name", ["My File.py", "Dockerfile.dev", ".gitignore", "a&b.py", "a,b.py", "LICENSE-MIT", "-x"]
)
def test_a_source_is_found_whatever_its_name(tmp_path: Path, name: str) -> None:
    write(tmp_path, {SPEC: spec(f"source: '{name}'\n"), name: "x\n"})
    assert evidence(verify(tmp_path)) == [(name, True, "found")]


def test_a_condition_on_a_file_is_found_whatever_its_name(tmp_path: Path) -> None:
    conditions = """done_when:
  - file_exists("Dockerfile.dev")
  - file_contains("LICENSE-MIT", "MIT")
  - file_exists("LICENSE-BSD")
"""
    write(tmp_path, {SPEC: spec(conditions), "Dockerfile.dev": "", "LICENSE-MIT": "MIT"})
    assert [ok for _, ok, _ in evidence(verify(tmp_path))] == [True, True, None]


@pytest.mark.parametrize("symbol", ["a(", ".*", "[", "a\\\\", "a|b", "(?P<x>"])
def test_a_symbol_is_never_a_pattern(tmp_path: Path, symbol: str) -> None:
    header = f'source:\n  - file: a.py\n    symbols: ["{symbol}"]\n'
    write(tmp_path, {SPEC: spec(header), "a.py": "abc = 1\n"})
    assert [ok for _, ok, _ in evidence(verify(tmp_path))] == [True, None]


@pytest.mark.parametrize("with_git", [False, True])
def test_files_and_folders_are_told_apart(tmp_path: Path, with_git: bool) -> None:
    body = "## Files\n- `dir/`\n- `file.py/`\n- `dir/a.py`\n- `file.py/x.py`\n- `link.py`\n"
    write(tmp_path, {SPEC: spec("", body), "dir/a.py/b": "", "file.py": ""})
    (tmp_path / "link.py").symlink_to("file.py")
    if with_git:
        git(tmp_path, "init", "-q")
    assert evidence(verify(tmp_path)) == [
        ("dir/", True, "found"),
        ("file.py/", None, "not there, and it is a file, no directory"),
        ("dir/a.py", True, "found, a directory"),
        ("file.py/x.py", False, "absent"),
        ("link.py", True, "found")
        if with_git
        else ("link.py", None, "not there, and it is on disk, and no plain file"),
    ]


def test_names_that_git_quotes_are_found(tmp_path: Path) -> None:
    body = "## Files\n- `ö.py`\n- `sp/ü ö.py`\n"
    write(tmp_path, {SPEC: spec("", body), "sp/ü ö.py": "", "sp/ö.py": "", 'a\n"b.py': ""})
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    assert [ok for _, ok, _ in evidence(verify(tmp_path))] == [True, True]


# Files of specs and of code


@pytest.mark.parametrize(
    ("data", "finding"),
    [
        (b"", None),
        ("---\nstatus: done\n---\n".encode("utf-16"), "not-text"),
        (b"---\nstatus: done\nsource: [a\xe9.py]\n---\n", "not-utf8"),
        (b"x" * ((64 << 20) + 1), "too-large"),
        (b"---\nstatus: done\na: &a [x]\nb: [*a]\n---\n", "frontmatter-refused"),
        (b"---\nstatus: done\na: " + b"[" * 60_000 + b"\n---\n", "frontmatter-refused"),
        (b"---\nstatus: done\n", "frontmatter-unclosed"),
    ],
)
def test_a_spec_that_cannot_be_read_is_a_finding_with_its_path(
    tmp_path: Path, data: bytes, finding: str | None
) -> None:
    write(tmp_path, {SPEC: data, "specs/002-b.md": spec("source: b.py\n"), "b.py": ""})
    ran = verify(tmp_path)
    verdicts = {one["path"]: one["verdict"] for one in ran.json["specs"]}
    assert (ran.code, verdicts["specs/002-b.md"]) == (0, "supported")
    assert verdicts[SPEC] == ("unknown" if finding else "unclaimed")
    told = {(one["code"], one["path"]) for one in ran.json["findings"]}
    assert told >= ({(finding, SPEC)} if finding else set())
    read = finding in (None, "not-utf8")  # text that is no UTF-8 is read as far as it is
    assert verify(tmp_path, "--check").code == (0 if read else 1)


def test_specs_that_are_no_files_block_nobody(tmp_path: Path) -> None:
    write(tmp_path, {SPEC: spec("source: b.py\n"), "b.py": "", "specs/002-b.md/x": ""})
    os.mkfifo(tmp_path / "specs/003-c.md")
    (tmp_path / "specs/004-d.md").symlink_to("/etc/hosts")
    (tmp_path / "specs/005-e.md").symlink_to("005-e.md")
    os.mkfifo(tmp_path / "pipe.py")
    ran = verify(tmp_path)
    assert verdict(ran) == "supported"
    told = {(one["code"], one["path"]) for one in ran.json["findings"]}
    assert told >= {("path-outside", "specs/004-d.md"), ("unreadable", "specs/005-e.md")}


CODE: dict[str, str | bytes] = {
    "a syntax error": "def (",
    "a NUL": b"def check():\n    pass\n\0",
    "brackets": "(" * 100_000,
    "signs": "x=" + "-" * 100_000 + "1",
    "levels": "".join(" " * n + "if 1:\n" for n in range(2_000)),
    "five megabytes": "x = 1\n" * 900_000,
    "a chain": "x=a" + ".b" * 50_000,
    "a sum": "x=1" + "+1" * 50_000,
    "an unknown encoding": b"# coding: nosuch\ndef check(): pass\n",
    "UTF-16": "def check(): pass\n".encode("utf-16"),
}


@pytest.mark.parametrize("code", CODE.values(), ids=CODE)
def test_code_that_cannot_be_read_contradicts_nothing(tmp_path: Path, code: str | bytes) -> None:
    header = "source:\n  - file: a.py\n    symbols: [check(), A.check]\n"
    test = "## Acceptance Tests\n- `tests/test_a.py::test_check`\n"
    write(tmp_path, {SPEC: spec(header, test), "a.py": code, "tests/test_a.py": code})
    ran = verify(tmp_path)
    assert [ok for _, ok, _ in evidence(ran)] == [True, None, None, None]


# States of git and of the machine


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    subprocess.run(
        ["git", *identity, *arguments], cwd=root, check=True, capture_output=True, timeout=60
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    write(root, {SPEC: spec("source: [a.py, gone.py]\n"), "a.py": "x = 1\n", "old.py": "y = 2\n"})
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "x")
    return root


def expect_one_gone(ran: Ran) -> None:
    assert ran.code == 0, ran.err
    assert [(ref, ok) for ref, ok, _ in evidence(ran)] == [("a.py", True), ("gone.py", False)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".git/HEAD", "junk\n"),
        (".git/HEAD", "ref: refs/heads/none\n"),
        (".git/HEAD", ""),
        (".git/index", "junk\n"),
        (".git/config", "[core\n"),
        (".git/index.lock", ""),
        (".git/refs/heads/master", "junk\n"),
        (".gitmodules", "[submodule\npath=\n"),
    ],
)
def test_a_broken_repository_is_still_a_tree(repository: Path, path: str, text: str) -> None:
    write(repository, {path: text})
    expect_one_gone(verify(repository))


def test_objects_that_are_gone_trace_no_move(repository: Path) -> None:
    for folder in (repository / ".git/objects").iterdir():
        for file in folder.iterdir():
            file.unlink()
    expect_one_gone(verify(repository))


@pytest.mark.parametrize(
    "env",
    [
        {"GIT_DIR": "/nowhere", "GIT_INDEX_FILE": "/nowhere", "GIT_WORK_TREE": "/nowhere"},
        {"HOME": "/nowhere", "TZ": "Foo/Bar", "LC_ALL": "xx", "TMPDIR": "/nowhere"},
        {"PATH": "/nowhere"},
        {"PYTHONIOENCODING": "ascii", "LANG": "C"},
    ],
)
def test_the_environment_changes_no_verdict(repository: Path, env: dict[str, str]) -> None:
    expect_one_gone(verify(repository, env=env))


def test_an_environment_without_anything_will_do(repository: Path) -> None:
    expect_one_gone(verify(repository, prefix=("env", "-i")))


def test_worktrees_submodules_and_bare_repositories_are_trees(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "other"), "-b", "w")
    expect_one_gone(verify(tmp_path / "other"))

    outer = write(tmp_path / "outer", {SPEC: spec("source: [sub/a.py, sub/zz.py, sub]\n")})
    git(outer, "init", "-q")
    allow = ("-c", "protocol.file.allow=always")
    git(outer, *allow, "submodule", "add", "-q", str(repository), "sub")
    git(outer, "commit", "-qm", "x")
    expect_one_gone(verify(outer / "sub"))
    assert [ok for _, ok, _ in evidence(verify(outer))][:2] == [None, None]

    bare = write(tmp_path / "bare", {SPEC: spec("source: [a.py, gone.py]\n"), "a.py": ""})
    git(bare, "init", "-q", "--bare", "repo.git")
    git(bare, "--git-dir=repo.git", "--work-tree=.", "add", "specs", "a.py")
    expect_one_gone(verify(bare))
    assert verify(bare / "repo.git").code == 0


def test_one_path_outside_hides_not_what_git_ignores(repository: Path) -> None:
    """Git gives up on all paths at once; then what it ignores was taken for gone."""
    body = "## Files\n- `out/x.log`\n- `../../other/x.py`\n- `link/y.log`\n"
    write(repository, {SPEC: spec("", body), ".gitignore": "*.log\n", "real/a.py": ""})
    (repository / "link").symlink_to("real")
    ran = verify(repository)
    assert [ok for _, ok, _ in evidence(ran)][:2] == [None, None]
    assert evidence(ran)[0][2] == "not there, and it is ignored by git"


def test_one_name_that_git_cannot_be_asked_of_spares_the_others(repository: Path) -> None:
    write(repository, {SPEC: spec('source: ["a\\0.py", "old.py"]\n')})
    git(repository, "mv", "old.py", "new.py")
    git(repository, "commit", "-qm", "y")
    assert evidence(verify(repository))[1] == ("old.py", False, "gone, moved to new.py")


@pytest.mark.parametrize(
    ("make", "code"),
    [("fifo", 3), ("folder", 3), ("utf-16", 0), ("link", 3)],
)
def test_a_coverage_document_that_cannot_be_read_is_named(
    tmp_path: Path, make: str, code: int
) -> None:
    path = write(tmp_path, {SPEC: spec("source: a.py\n"), "a.py": "", "docs/x": ""}) / "docs"
    path /= "SPEC-COVERAGE.md"
    if make == "fifo":
        os.mkfifo(path)
    elif make == "folder":
        path.mkdir()
    elif make == "link":
        path.symlink_to("/etc/hosts")
    else:
        path.write_bytes("| Spec |".encode("utf-16"))
    ran = verify(tmp_path)
    assert ran.code == code
    told = ran.json["findings"] if code == 0 else [ran.json["error"]]
    assert [one["path"] for one in told] == ["docs/SPEC-COVERAGE.md"]
    assert told[0]["hint"]


# Running the tests


REPORT = (
    '<testsuites><testsuite name="p">'
    '<testcase classname="tests.test_a" name="test_a"/></testsuite></testsuites>'
)
#: Where the report is to be written, in `$r`.
FIND = "for a; do case $a in --junitxml=*) r=${a#--junitxml=};; esac; done; "
SAVE = FIND + f"echo '{REPORT}' > $r; "


def runnable(root: Path, script: str, *settings: str, **files: str) -> Path:
    command = json.dumps(["sh", "-c", script, "sh"])
    lines = "\n".join(["[executor]", f"test_command = {command}", *settings])
    header = "test: pytest tests/test_a.py\n"
    test = "def test_a():\n    pass\n"
    defaults = {SPEC: spec(header), "tests/test_a.py": test, "pipeline.toml": lines + "\n"}
    return write(root / "work", {**defaults, **files})


def verify_by_running(root: Path, tmp_path: Path, **options: Any) -> Ran:
    """Run `verify --run`, and see that it leaves no temporary folder."""
    temporary = tmp_path / "tmp"
    temporary.mkdir(exist_ok=True)
    ran = verify(root, "--run", env={"TMPDIR": str(temporary)}, **options)
    assert list(temporary.iterdir()) == []
    return ran


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ("exit 0", "report-missing", "ended with code 0"),
        ("kill -9 $$", "report-missing", "ended with code 137"),
        (FIND + "mkdir $r", "report-missing", "ended with code 0"),
        (FIND + "mkfifo $r", "report-missing", "ended with code 0"),
        (FIND + 'rm -rf "$(dirname $r)"', "report-missing", "ended with code 0"),
        (FIND + ": > $r", "junit-invalid", "no whole XML"),
        (FIND + "echo '<!DOCTYPE x []><testsuites/>' > $r", "junit-refused", "document type"),
        (FIND + "ln -s /etc/hosts $r", "junit-invalid", "no whole XML"),
    ],
)
def test_a_run_without_a_usable_report_is_an_error(
    tmp_path: Path, script: str, code: str, words: str
) -> None:
    ran = verify_by_running(runnable(tmp_path, script), tmp_path)
    error = ran.json["error"]
    assert (ran.code, error["code"]) == (3, code)
    assert words in error["message"]
    assert error["hint"]


def test_tests_that_hang_are_ended_and_the_setting_is_named(tmp_path: Path) -> None:
    root = runnable(tmp_path, "sleep 600 & sleep 600", "test_timeout = 0.3")
    ran = verify_by_running(root, tmp_path)
    assert (ran.code, ran.json["error"]["code"]) == (3, "report-missing")
    assert "ended after" in ran.json["error"]["message"]
    assert "executor.test_timeout" in ran.json["error"]["hint"]


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "1e9", '"60"'])
def test_a_limit_of_time_that_is_none_is_refused(tmp_path: Path, seconds: str) -> None:
    root = runnable(tmp_path, SAVE, f"test_timeout = {seconds}")
    assert verify(root, "--run").code == 2


@pytest.mark.parametrize("command", ['["sh\\u0000x"]', '["no-such-program"]', '["/"]'])
def test_a_command_that_cannot_be_started_is_an_error(tmp_path: Path, command: str) -> None:
    settings = f"[executor]\ntest_command = {command}\n"
    root = runnable(tmp_path, "", **{"pipeline.toml": settings})
    error = verify_by_running(root, tmp_path).json["error"]
    assert error["code"] == "report-missing"
    assert "first word" in error["hint"]


def test_a_flood_of_output_takes_no_memory_and_goes_to_stderr(tmp_path: Path) -> None:
    root = runnable(tmp_path, "head -c 40000000 /dev/zero; " + SAVE)
    limit = ("sh", "-c", f'ulimit -v {4 * MEMORY_KB}; exec "$@"', "sh")
    ran = verify_by_running(root, tmp_path, prefix=limit)
    assert verdict(ran) == "supported"
    assert ran.err.count("\0") == 40_000_000


@pytest.mark.parametrize("away", ["(sleep 600 &)", "(setsid sleep 600 >/dev/null 2>&1 &)"])
def test_a_child_that_stays_holds_nobody_up(tmp_path: Path, away: str) -> None:
    root = runnable(tmp_path, SAVE + away.replace("600", "20"))
    assert verdict(verify_by_running(root, tmp_path)) == "supported"


def test_a_target_is_no_option_and_what_cannot_be_run_stops_no_other(tmp_path: Path) -> None:
    body = """## Acceptance Tests
- `-p_test.py::test_b`
- `--help_test.py`
- `tests/test_a.py::test_a()`
- `tests/test_a.py::test_a[gone]`
- `tests/test_c.py::test_in_class`
- `tests/test_d.py::TestD::test_d`
- `test_e`
"""
    code = "def test_b():\n    pass\n"
    root = runnable(
        tmp_path,
        'shift; printf "%s\\n" "$@" > "$OUT"',
        **{
            SPEC: spec("test: pytest tests/test_a.py::test_a\n", body),
            "-p_test.py": code,
            "--help_test.py": code,
            "tests/test_c.py": "class TestC:\n    def test_in_class(self):\n        pass\n",
            "tests/test_d.py": "class TestD:\n    def test_d(self):\n        pass\n",
            "tests/test_e.py": "class TestE:\n    def test_e(self):\n        pass\n",
        },
    )
    given = tmp_path / "given"
    pipeline(root, "verify", "--run", env={"OUT": str(given)})
    assert given.read_text().split("\n")[:-1] == [
        "./--help_test.py",
        "./-p_test.py::test_b",
        "tests/test_a.py::test_a",
        "tests/test_c.py",
        "tests/test_d.py::TestD::test_d",
        "tests/test_e.py",
    ]


@pytest.mark.parametrize(
    ("number", "script"),
    [
        (signal.SIGINT, "sleep 600 & echo $! > $OUT.new; mv $OUT.new $OUT; sleep 600"),
        (
            signal.SIGTERM,
            "trap '' TERM INT; sleep 600 & echo $! > $OUT.new; mv $OUT.new $OUT; sleep 600",
        ),
        (signal.SIGHUP, "sleep 600 & echo $! > $OUT.new; mv $OUT.new $OUT; sleep 600"),
    ],
)
def test_a_signal_ends_the_run_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals, script: str
) -> None:
    root = runnable(tmp_path, script)
    temporary, told = tmp_path / "tmp", tmp_path / "told"
    temporary.mkdir()
    command = [sys.executable, "-m", "pipeline_cli", "--root", str(root), "verify", "--run"]
    process = subprocess.Popen(
        command,
        env={**CRON_ENVIRONMENT, "TMPDIR": str(temporary), "OUT": str(told)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 30
    while not told.exists() and time.monotonic() < until:
        time.sleep(0.02)
    child = int(told.read_text())
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert list(temporary.iterdir()) == []
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.needs_strace
def test_no_room_for_a_temporary_folder_is_an_error(tmp_path: Path) -> None:
    rule = ("-e", "trace=mkdir,mkdirat", "-e", "inject=mkdir,mkdirat:error=ENOSPC")
    prefix = ("strace", "-f", "-qq", "-o", "/dev/null", *rule)
    ran = verify(runnable(tmp_path, SAVE), "--run", prefix=prefix)
    assert (ran.code, ran.json["error"]["code"]) == (3, "write-refused")
    assert "TMPDIR" in ran.json["error"]["hint"]


@pytest.mark.parametrize("shape", ["text", "github", "md", "sarif"])
def test_a_gate_that_cannot_read_a_spec_says_so_in_each_format(tmp_path: Path, shape: str) -> None:
    write(tmp_path, {SPEC: spec("source: a.py\n").encode("utf-16")})
    ran = pipeline(tmp_path, "verify", "--check", "--format", shape)
    assert ran.code == 1
    assert SPEC in ran.text
    assert "says nothing" not in ran.text
    assert "No claim is contradicted" not in ran.text


def test_a_gate_fails_where_the_coverage_document_cannot_be_read(tmp_path: Path) -> None:
    write(tmp_path, {"docs/SPEC-COVERAGE.md": "| a |".encode("utf-16"), SPEC: "# A\n"})
    assert verify(tmp_path, "--check").code == 1
    assert verify(tmp_path).code == 0

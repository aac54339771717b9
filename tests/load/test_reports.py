"""Reports from disk: named, matched by globs, or from stdin; and their digest."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_cli.domain.findings import Tally
from pipeline_cli.errors import ConfigError, InputError
from pipeline_cli.load import reports as load
from pipeline_cli.load.context import Context, open_context
from pipeline_cli.load.reports import Evidence, load_reports
from tests.support import NOW, write

GOOD = '<testsuite><testcase classname="tests.test_a" name="test_x"/></testsuite>'
BAD = GOOD.replace("/></testsuite>", "><failure/></testcase></testsuite>")


def context_of(root: Path, *globs: str) -> Context:
    listed = ", ".join(f"'{glob}'" for glob in globs)
    write(root, {"pipeline.toml": f"[evidence]\njunit = [{listed}]\n"})
    return open_context(str(root), None, NOW, {})


def found(root: Path, *globs: str) -> tuple[Evidence, list[str]]:
    tally = Tally()
    evidence = load_reports(context_of(root, *globs), (), tally)
    return evidence, [finding.code for finding in tally]


def test_reports_of_the_command_line_may_lie_anywhere(tmp_path: Path) -> None:
    write(tmp_path, {"out/a.xml": GOOD, "out/b.xml": BAD, "w/x.xml": BAD})
    context = context_of(tmp_path / "w", "*.xml")
    named = [str(tmp_path / "out" / name) for name in ("a.xml", "b.xml", "a.xml")]
    evidence = load_reports(context, named, Tally(), files=("tests/test_a.py",))
    assert evidence.given
    assert evidence.paths == tuple(named[:2])
    assert evidence.reports.count == 1
    assert evidence.reports.outcome_of("tests/test_a.py", ("test_x",)).failed == 1


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [(None, "report-missing", None), (GOOD[:30], "junit-invalid", 1), (b"", "junit-invalid", 1)],
)
def test_a_named_report_that_cannot_count_ends_the_command(
    tmp_path: Path, content: str | bytes | None, code: str, line: int | None
) -> None:
    path = tmp_path / "junit.xml"
    if content is not None:
        write(tmp_path, {"junit.xml": content})
    with pytest.raises(InputError) as caught:
        load_reports(context_of(tmp_path), [str(path)], Tally())
    error = caught.value
    assert (error.code, error.path, error.line, error.exit_code) == (code, str(path), line, 3)


@pytest.mark.parametrize("name", ["", "folder", "a\0b", "file/below"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"folder/x": "", "file": ""})
    with pytest.raises(InputError, match="cannot be read"):
        load_reports(context_of(tmp_path), [f"{tmp_path}/{name}"], Tally())


def test_a_report_is_read_from_stdin_and_from_a_pipe(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": ""})
    program = (
        "import sys\n"
        "from pipeline_cli.domain.findings import Tally\n"
        "from pipeline_cli.load.context import open_context\n"
        "from pipeline_cli.load.reports import load_reports\n"
        f"context = open_context({str(tmp_path)!r}, None, None, {{}})\n"
        "sys.stdout.write(str(load_reports(context, sys.argv[1:], Tally()).reports.count))\n"
    )
    for argument in ("-", "/dev/stdin"):
        done = subprocess.run(
            [sys.executable, "-c", program, argument],
            input=GOOD.encode(),
            capture_output=True,
            check=True,
        )
        assert done.stdout == b"1"
    closed = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" -c "$1" - <&-', sys.executable, program],
        capture_output=True,
        check=False,
    )
    assert b"stdin is closed" in closed.stderr


def test_a_file_that_nobody_may_read_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"a.xml": GOOD})
    (tmp_path / "a.xml").unlink()
    (tmp_path / "a.xml").symlink_to("a.xml")
    with pytest.raises(InputError, match="cannot be read") as caught:
        load_reports(context_of(tmp_path), [str(tmp_path / "a.xml")], Tally())
    assert caught.value.code == "unreadable"


TREE = {
    "a.xml": GOOD,
    "r/b.xml": GOOD,
    "r/c1.xml": GOOD,
    "r/c2.xml": GOOD,
    "r/deep/er/d.xml": GOOD,
    "r/deep/notes.txt": "",
    "node_modules/p/junit.xml": BAD,
    "odd[1]^.xml": GOOD,
}


@pytest.mark.parametrize(
    ("glob", "paths"),
    [
        ("*.xml", ("a.xml", "odd[1]^.xml")),
        ("./a.xml", ("a.xml",)),
        ("r/*.xml", ("r/b.xml", "r/c1.xml", "r/c2.xml")),
        ("r/c[12].xml", ("r/c1.xml", "r/c2.xml")),
        ("r/[!c]*.xml", ("r/b.xml",)),
        ("r/c?.xml", ("r/c1.xml", "r/c2.xml")),
        ("r/**/*.xml", ("r/b.xml", "r/c1.xml", "r/c2.xml", "r/deep/er/d.xml")),
        ("**/d.xml", ("r/deep/er/d.xml",)),
        ("*/*/*/d.xml", ("r/deep/er/d.xml",)),
        ("odd[[]1[]][^].xml", ("odd[1]^.xml",)),
    ],
)
def test_globs_find_reports_in_the_workspace(
    tmp_path: Path, glob: str, paths: tuple[str, ...]
) -> None:
    evidence, codes = found(write(tmp_path, TREE), glob)
    assert evidence.paths == paths
    assert not evidence.given
    assert codes == []


def test_a_glob_that_matches_nothing_is_a_note(tmp_path: Path) -> None:
    evidence, codes = found(tmp_path, "r/*.xml", "**/*.junit")
    assert evidence.reports.count == 0
    assert evidence.digest is None
    assert codes == ["junit-no-match", "junit-no-match"]
    assert found(tmp_path)[1] == []


def test_a_torn_report_among_others_is_a_finding_and_counts_for_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"a.xml": GOOD, "b.xml": GOOD[:60], "c.xml": "\n<html/>"})
    tally = Tally()
    evidence = load_reports(context_of(tmp_path, "*.xml"), (), tally)
    assert (evidence.paths, evidence.unread) == (("a.xml",), ("b.xml", "c.xml"))
    assert [(found.code, found.path, found.line, found.severity) for found in tally] == [
        ("junit-invalid", "b.xml", 1, "error"),
        ("junit-not-report", "c.xml", 2, "error"),
    ]


@pytest.mark.parametrize("glob", ["/tmp/*.xml", "../*.xml", "r/../../x.xml"])
def test_a_glob_that_leaves_the_workspace_is_a_wrong_setting(tmp_path: Path, glob: str) -> None:
    with pytest.raises(ConfigError) as caught:
        found(tmp_path, glob)
    assert caught.value.path == "pipeline.toml"


def test_a_link_out_of_the_workspace_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"out/a.xml": GOOD, "w/b.xml": GOOD})
    (tmp_path / "w" / "a.xml").symlink_to(tmp_path / "out" / "a.xml")
    evidence, codes = found(tmp_path / "w", "*.xml")
    assert evidence.paths == ("b.xml",)
    assert codes == ["path-outside"]


def test_a_look_that_is_cut_short_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_MOST", 2)
    assert "junit-not-all" in found(write(tmp_path, TREE), "**/*.xml")[1]


def test_the_digest_is_that_of_the_bytes_in_any_order(tmp_path: Path) -> None:
    write(tmp_path, {"a.xml": GOOD, "b.xml": BAD, "c.xml": GOOD + "\n"})
    context = context_of(tmp_path)

    def digest(*names: str) -> str | None:
        return load_reports(context, [f"{tmp_path}/{name}" for name in names], Tally()).digest

    assert digest("a.xml", "b.xml") == digest("b.xml", "a.xml")
    assert len({digest("a.xml"), digest("b.xml"), digest("c.xml"), digest("a.xml", "b.xml")}) == 4

"""The workspace: how it is found, read and listed, and how change sets are applied to it."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_cli.domain.changes import Append, ChangeSet, Create, DocumentEdit, Edit, Rename
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding
from pipeline_cli.errors import BusyError, InputError
from pipeline_cli.store.workspace import MAX_DOCUMENT, Workspace, find_root
from tests.support import leftover_of, snapshot, write

DOC = "docs/a.md"


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True
    )


def workspace(root: Path, content: str | bytes = "one\ntwo\nthree\n") -> Workspace:
    return Workspace(write(root, {DOC: content}))


def source(space: Workspace, path: str = DOC) -> SourceFile:
    read = space.read(path)
    assert isinstance(read, SourceFile)
    return read


def finding(space: Workspace, path: str = DOC) -> Finding:
    read = space.read(path)
    assert isinstance(read, Finding)
    return read


def replacing(read: SourceFile, old: str, new: str) -> ChangeSet:
    place = read.text.index(old)
    edit = Edit(place, place + len(old), new)
    return ChangeSet("a change", edits=(DocumentEdit(read, (edit,)),))


def leftovers(root: Path) -> list[str]:
    return [name for name in snapshot(root) if "pipeline-tmp" in name]


# Reading


def test_a_text_file_is_read_with_its_path_and_time(tmp_path: Path) -> None:
    space = workspace(tmp_path, "ein Maß\n")
    read = source(space)
    assert (read.path, read.text) == (DOC, "ein Maß\n")
    assert read.mtime_ns == (tmp_path / DOC).stat().st_mtime_ns


def test_a_missing_file_reads_as_none(tmp_path: Path) -> None:
    assert Workspace(tmp_path).read("docs/none.md") is None


def test_a_path_below_a_file_reads_as_none(tmp_path: Path) -> None:
    assert workspace(tmp_path).read(f"{DOC}/below.md") is None


def test_an_empty_file_is_a_file(tmp_path: Path) -> None:
    assert source(workspace(tmp_path, "")).text == ""


def test_a_folder_where_a_file_should_be_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / DOC).mkdir(parents=True)
    with pytest.raises(InputError, match="it is a folder") as caught:
        Workspace(tmp_path).read(DOC)
    assert (caught.value.code, caught.value.path) == ("unreadable", DOC)


def test_a_fifo_is_refused_and_does_not_block(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    os.mkfifo(tmp_path / DOC)
    with pytest.raises(InputError, match="it is a FIFO"):
        Workspace(tmp_path).read(DOC)


def test_a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    space = workspace(tmp_path, "")
    os.truncate(tmp_path / DOC, MAX_DOCUMENT + 1)
    with pytest.raises(InputError) as caught:
        space.read(DOC)
    assert (caught.value.code, caught.value.path) == ("too-large", DOC)


def test_a_name_that_is_too_long_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        Workspace(tmp_path).read("a" * 300 + ".md")


def test_a_loop_of_links_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "loop.md").symlink_to("loop.md")
    with pytest.raises(InputError):
        Workspace(tmp_path).read("loop.md")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_another_encoding_is_a_finding_that_names_it(tmp_path: Path, encoding: str) -> None:
    space = workspace(tmp_path, "# A title\n\n1. An item\n".encode(encoding))
    found = finding(space)
    assert (found.code, found.path) == ("not-text", DOC)
    assert encoding[:6].upper() in found.message


def test_bytes_that_are_not_utf8_are_kept_and_reported_with_their_line(tmp_path: Path) -> None:
    data = "one\nfäßchen\nthree\n".encode("latin-1")
    read = source(workspace(tmp_path, data))
    assert read.data == data
    assert [(found.code, found.line) for found in read.findings] == [("not-utf8", 2)]
    assert not read.is_utf8


@pytest.mark.parametrize("data", [b"a\r\nb\r\n", b"\xef\xbb\xbfa\n", b"a\0b\n", b"a\rb", b"\n\n"])
def test_what_is_read_gives_back_every_byte(tmp_path: Path, data: bytes) -> None:
    assert source(workspace(tmp_path, data)).data == data


# Paths


@pytest.mark.parametrize(
    "path",
    ["../secret.md", "docs/../../x.md", "docs/../a.md", "/", "a\0b", "..", "docs/..", "/top.md"],
)
def test_a_path_that_leaves_the_workspace_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError) as caught:
        Workspace(write(tmp_path, {"docs/b.md": "", "top.md": ""})).read(path)
    assert caught.value.code == "path-outside"


def test_an_absolute_path_is_refused_even_where_it_leads_inside(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        workspace(tmp_path).read(str(tmp_path / DOC))
    assert caught.value.code == "path-outside"


def test_a_link_out_of_the_workspace_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"outside.md": "secret", "w/docs/b.md": ""})
    (tmp_path / "w" / DOC).symlink_to(tmp_path / "outside.md")
    with pytest.raises(InputError) as caught:
        Workspace(tmp_path / "w").read(DOC)
    assert caught.value.code == "path-outside"


def test_a_folder_linked_out_of_the_workspace_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"elsewhere/a.md": "secret", "w/b.md": ""})
    (tmp_path / "w" / "docs").symlink_to("../elsewhere")
    with pytest.raises(InputError) as caught:
        Workspace(tmp_path / "w").read(DOC)
    assert caught.value.code == "path-outside"


def test_a_sibling_whose_name_begins_like_the_root_is_outside(tmp_path: Path) -> None:
    write(tmp_path, {"w-other/a.md": "secret", "w/b.md": ""})
    (tmp_path / "w" / "docs").symlink_to("../w-other")
    with pytest.raises(InputError):
        Workspace(tmp_path / "w").read(DOC)


def test_a_link_within_the_workspace_is_followed(tmp_path: Path) -> None:
    space = Workspace(write(tmp_path, {"real.md": "content", "docs/b.md": ""}))
    (tmp_path / DOC).symlink_to("../real.md")
    assert source(space).text == "content"


def test_a_workspace_that_is_reached_through_a_link_reads_its_files(tmp_path: Path) -> None:
    workspace(tmp_path / "real", "content")
    (tmp_path / "link").symlink_to("real")
    assert source(Workspace(tmp_path / "link")).text == "content"


def test_a_path_that_no_file_system_can_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        Workspace(tmp_path).read("docs/\ud800.md")


def test_a_change_set_cannot_write_outside(tmp_path: Path) -> None:
    space = workspace(tmp_path / "w")
    with pytest.raises(InputError):
        space.apply(ChangeSet("", creates=(Create("../new.md", "text"),)))
    assert not (tmp_path / "new.md").exists()


def test_a_change_set_cannot_append_through_a_link_to_outside(tmp_path: Path) -> None:
    write(tmp_path, {"outside.jsonl": "kept\n", "w/a.md": ""})
    (tmp_path / "w" / "log.jsonl").symlink_to("../outside.jsonl")
    with pytest.raises(InputError):
        Workspace(tmp_path / "w").apply(ChangeSet("", appends=(Append("log.jsonl", "{}\n"),)))
    assert (tmp_path / "outside.jsonl").read_text() == "kept\n"


# Blocks and listings


def test_blocks_give_all_bytes_of_a_long_log(tmp_path: Path) -> None:
    data = os.urandom(700_000)
    space = Workspace(write(tmp_path, {"log": data}))
    blocks = list(space.blocks("log"))
    assert b"".join(blocks) == data
    assert len(blocks) > 1


def test_a_missing_log_has_no_blocks(tmp_path: Path) -> None:
    assert list(Workspace(tmp_path).blocks("log")) == []


def test_a_fifo_in_place_of_a_log_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    with pytest.raises(InputError, match="FIFO"):
        list(Workspace(tmp_path).blocks("log"))


def test_files_are_listed_sorted_without_folders_and_fifos(tmp_path: Path) -> None:
    space = Workspace(write(tmp_path, {"s/b.md": "", "s/a.md": "", "s/deep/c.md": ""}))
    os.mkfifo(tmp_path / "s/fifo.md")
    (tmp_path / "s/link.md").symlink_to("a.md")
    assert space.files("s") == ["s/a.md", "s/b.md", "s/link.md"]


def test_folders_are_listed_without_files(tmp_path: Path) -> None:
    space = Workspace(write(tmp_path, {"s/b/x": "", "s/a/x": "", "s/c.md": ""}))
    assert space.folders("s") == ["s/a", "s/b"]


def test_the_root_itself_is_listed(tmp_path: Path) -> None:
    assert Workspace(write(tmp_path, {"a.md": "", "s/b.md": ""})).files("") == ["a.md"]


def test_a_folder_that_is_missing_lists_nothing(tmp_path: Path) -> None:
    assert Workspace(tmp_path).files("specs") == []


def test_a_file_in_place_of_a_folder_lists_nothing(tmp_path: Path) -> None:
    assert Workspace(write(tmp_path, {"specs": "text"})).files("specs") == []


def test_find_takes_the_first_pattern_that_matches(tmp_path: Path) -> None:
    space = Workspace(write(tmp_path, {"specs/006-b-backlog.md": "", "specs/006-a-backlog.md": ""}))
    patterns = ["backlog/006.md", "specs/006-*backlog*.md"]
    assert space.find(patterns) == "specs/006-a-backlog.md"


def test_find_prefers_an_earlier_plain_path(tmp_path: Path) -> None:
    space = Workspace(write(tmp_path, {"backlog/006.md": "", "specs/006-a-backlog.md": ""}))
    assert space.find(["backlog/006.md", "specs/006-*backlog*.md"]) == "backlog/006.md"


def test_find_gives_none_where_nothing_matches(tmp_path: Path) -> None:
    space = Workspace(write(tmp_path, {"specs/007-x.md": ""}))
    assert space.find(["backlog/006.md", "specs/006-*.md"]) is None


def test_find_takes_nothing_of_a_folder_for_a_wildcard(tmp_path: Path) -> None:
    files = {"s[1]/b-1.md": "", "s[1]/b.md": "", "s[1]/a-2.md": "", "s1/b-0.md": ""}
    space = Workspace(write(tmp_path, files))
    assert space.find(["s[1]/b-*.md"]) == "s[1]/b-1.md"
    assert space.find(["s[1]/[a]-?.md"]) == "s[1]/a-2.md"


def test_a_folder_is_seen_as_it_is_unless_it_is_listed_once(tmp_path: Path) -> None:
    space = Workspace(write(tmp_path, {"s/a.md": ""}))
    with space.listed_once():
        assert space.files("s") == ["s/a.md"]
        write(tmp_path, {"s/b.md": "", "s/c/d.md": ""})
        with space.listed_once():
            assert (space.files("s"), space.folders("s")) == (["s/a.md"], [])
        assert space.files("s") == ["s/a.md"]
    assert (space.files("s"), space.folders("s")) == (["s/a.md", "s/b.md"], ["s/c"])


def test_what_is_there_exists_and_what_leads_out_is_refused(tmp_path: Path) -> None:
    space = Workspace(write(tmp_path / "w", {"s/a.md": "", "s/b/c.md": "", "top.md": ""}))
    (tmp_path / "w/s/link.md").symlink_to("a.md")
    (tmp_path / "w/s/out").symlink_to(tmp_path)
    space.files("s")
    assert all(map(space.exists, ["s/a.md", "s/b/c.md", "s/b", "s/link.md", "s"]))
    assert not any(map(space.exists, ["s/x.md", "s/a.md/x", "s/b/x.md", "x/y"]))
    for path in ("/top.md", "/s/a.md", "s/out", "s/out/x.md", "s/../s/a.md"):
        with pytest.raises(InputError) as caught:
            space.exists(path)
        assert (caught.value.code, caught.value.path) == ("path-outside", path)


def test_a_listed_folder_that_is_a_link_out_stays_outside(tmp_path: Path) -> None:
    write(tmp_path, {"elsewhere/spec.md": "secret", "w/s/a/spec.md": "ours"})
    (tmp_path / "w/s/b").symlink_to("../../elsewhere")
    space = Workspace(tmp_path / "w")
    assert space.folders("s") == ["s/a", "s/b"]
    assert source(space, "s/a/spec.md").text == "ours"
    with pytest.raises(InputError):
        space.read("s/b/spec.md")
    assert space.state_of("s/b/spec.md") is None


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no files without a size here")
def test_a_file_that_does_not_tell_its_size_is_read_whole() -> None:
    text = source(Workspace(Path("/proc/self")), "status").text
    assert text.count("\n") > 20


# The root


def test_a_named_root_is_taken_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": "", "below/x": ""})
    assert find_root(tmp_path / "below", named=True) == tmp_path / "below"


@pytest.mark.parametrize("name", ["missing", "file"])
def test_a_named_root_that_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"file": ""})
    with pytest.raises(InputError) as caught:
        find_root(tmp_path / name, named=True)
    assert caught.value.code == "root-missing"


@pytest.mark.parametrize(
    "mark",
    [
        {"pipeline.toml": ""},
        {"pyproject.toml": "[tool.pipeline]\nwindow_days = 7\n"},
        {"pyproject.toml": "[tool.pipeline.meta]\nanswer_days = 7\n"},
        {"backlog/006-overnight-backlog.md": ""},
        {"specs/006-product-backlog.md": ""},
    ],
)
def test_the_root_is_found_upwards_by_what_marks_it(tmp_path: Path, mark: dict[str, str]) -> None:
    write(tmp_path / "w", {**mark, "deep/er/x": ""})
    assert find_root(tmp_path / "w/deep/er", named=False) == tmp_path / "w"


def test_the_nearest_marked_folder_is_the_root(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": "", "inner/pipeline.toml": "", "inner/deep/x": ""})
    assert find_root(tmp_path / "inner/deep", named=False) == tmp_path / "inner"


def test_a_pyproject_without_our_table_marks_no_root(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": "", "inner/pyproject.toml": "[tool.other]\n"})
    assert find_root(tmp_path / "inner", named=False) == tmp_path


def test_without_marks_the_root_is_the_git_top_level(tmp_path: Path) -> None:
    write(tmp_path, {"deep/er/x": ""})
    git(tmp_path, "init", "-q")
    assert find_root(tmp_path / "deep/er", named=False) == tmp_path


def test_settings_above_win_over_the_git_top_level(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": "", "repo/deep/x": ""})
    git(tmp_path / "repo", "init", "-q")
    assert find_root(tmp_path / "repo/deep", named=False) == tmp_path


def test_without_marks_and_git_the_root_is_where_one_stands(tmp_path: Path) -> None:
    write(tmp_path, {"deep/x": ""})
    assert find_root(tmp_path / "deep", named=False) == tmp_path / "deep"


# Edits


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"one\r\ntwo\r\nthree\r\n", b"one\r\n2\r\nthree\r\n"),
        (b"\xef\xbb\xbfone\ntwo\n", b"\xef\xbb\xbfone\n2\n"),
        (b"one\r\ntwo\nthree", b"one\r\n2\nthree"),
        ("Maß \u2028 two \U0001f600\t \n".encode(), "Maß \u2028 2 \U0001f600\t \n".encode()),
        (b"\0two\x1b[0m\n", b"\x002\x1b[0m\n"),
    ],
)
def test_an_edit_changes_its_span_and_no_other_byte(
    tmp_path: Path, before: bytes, after: bytes
) -> None:
    space = workspace(tmp_path, before)
    space.apply(replacing(source(space), "two", "2"))
    assert (tmp_path / DOC).read_bytes() == after


def test_several_edits_of_one_file_are_applied_together(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    edits = (Edit(0, 3, "1"), Edit(8, 13, "3"), Edit(4, 4, "and "))
    space.apply(ChangeSet("", edits=(DocumentEdit(source(space), edits),)))
    assert (tmp_path / DOC).read_text() == "1\nand two\n3\n"


@pytest.mark.parametrize("mode", [0o644, 0o755, 0o600, 0o440])
def test_an_edit_keeps_the_mode(tmp_path: Path, mode: int) -> None:
    space = workspace(tmp_path)
    (tmp_path / DOC).chmod(mode)
    space.apply(replacing(source(space), "two", "2"))
    assert stat.S_IMODE((tmp_path / DOC).stat().st_mode) == mode


def test_an_edit_leaves_no_temporary_file(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    space.apply(replacing(source(space), "two", "2"))
    assert leftovers(tmp_path) == []


def test_an_edit_removes_what_a_killed_run_left(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    torn, other = f"docs/{leftover_of('a.md', '0123')}", f"docs/{leftover_of('b.md', '4')}"
    write(tmp_path, {torn: "torn", other: "other"})
    space.apply(replacing(source(space), "two", "2"))
    assert leftovers(tmp_path) == [other]


def test_an_edit_through_a_link_replaces_the_file_behind_it(tmp_path: Path) -> None:
    space = Workspace(write(tmp_path, {"real/a.md": "one two\n", "docs/b.md": ""}))
    (tmp_path / DOC).symlink_to("../real/a.md")
    space.apply(replacing(source(space), "two", "2"))
    assert (tmp_path / "real/a.md").read_text() == "one 2\n"
    assert (tmp_path / DOC).is_symlink()


def test_an_edit_says_which_path_changed_and_shows_the_difference(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    applied = space.apply(replacing(source(space), "two", "2"))
    assert applied.paths == (DOC,)
    assert f"--- a/{DOC}\n+++ b/{DOC}\n" in applied.diff
    assert "\n one\n-two\n+2\n three\n" in applied.diff


def test_a_difference_says_where_the_last_newline_is_missing(tmp_path: Path) -> None:
    space = workspace(tmp_path, "one\ntwo")
    diff = space.apply(replacing(source(space), "two", "2"), dry_run=True).diff
    assert diff.endswith("-two\n\\ No newline at end of file\n+2\n\\ No newline at end of file\n")


def test_a_file_that_changed_since_it_was_read_is_not_written(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    changes = replacing(source(space), "two", "2")
    write(tmp_path, {DOC: "one\ntwo\nsomebody's line\n"})
    with pytest.raises(BusyError) as caught:
        space.apply(changes)
    assert (caught.value.code, caught.value.exit_code) == ("file-changed", 4)
    assert (tmp_path / DOC).read_text() == "one\ntwo\nsomebody's line\n"


def test_a_file_that_is_gone_since_it_was_read_is_not_made_anew(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    changes = replacing(source(space), "two", "2")
    (tmp_path / DOC).unlink()
    with pytest.raises(BusyError):
        space.apply(changes)
    assert not (tmp_path / DOC).exists()


def test_an_empty_file_that_is_gone_since_it_was_read_is_not_made_anew(tmp_path: Path) -> None:
    space = workspace(tmp_path, "")
    changes = ChangeSet("", edits=(DocumentEdit(source(space), (Edit(0, 0, "text\n"),)),))
    (tmp_path / DOC).unlink()
    with pytest.raises(BusyError):
        space.apply(changes)


def test_one_changed_file_keeps_the_others_of_the_set_unwritten(tmp_path: Path) -> None:
    space = Workspace(write(tmp_path, {"a.md": "one two", "b.md": "one two"}))
    first, second = (replacing(source(space, name), "two", "2") for name in ("a.md", "b.md"))
    write(tmp_path, {"b.md": "changed"})
    with pytest.raises(BusyError):
        space.apply(ChangeSet("", edits=first.edits + second.edits))
    assert (tmp_path / "a.md").read_text() == "one two"


def test_a_file_that_is_not_utf8_is_not_rewritten(tmp_path: Path) -> None:
    data = "fäß two".encode("latin-1")
    space = workspace(tmp_path, data)
    with pytest.raises(InputError) as caught:
        space.apply(replacing(source(space), "two", "2"))
    assert (caught.value.code, caught.value.exit_code) == ("not-utf8", 3)
    assert (tmp_path / DOC).read_bytes() == data


def test_a_second_apply_of_the_same_change_is_refused(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    changes = replacing(source(space), "two", "two two")
    space.apply(changes)
    with pytest.raises(BusyError):
        space.apply(changes)
    assert (tmp_path / DOC).read_text() == "one\ntwo two\nthree\n"


# Creates, appends, renames


def test_a_file_is_made_with_its_folders(tmp_path: Path) -> None:
    applied = Workspace(tmp_path).apply(ChangeSet("", creates=(Create("a/b/c.md", "text\n"),)))
    assert applied.paths == ("a/b/c.md",)
    assert (tmp_path / "a/b/c.md").read_text() == "text\n"


def test_a_file_that_exists_is_not_made_again(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    with pytest.raises(BusyError) as caught:
        space.apply(ChangeSet("", creates=(Create(DOC, "new"),)))
    assert caught.value.code == "file-exists"
    assert (tmp_path / DOC).read_text() == "one\ntwo\nthree\n"


def test_a_dangling_link_counts_as_a_file_that_exists(tmp_path: Path) -> None:
    (tmp_path / "new.md").symlink_to("nowhere.md")
    with pytest.raises(BusyError):
        Workspace(tmp_path).apply(ChangeSet("", creates=(Create("new.md", "text"),)))
    assert not (tmp_path / "nowhere.md").exists()


def test_a_file_in_place_of_a_folder_is_named_in_the_refusal(tmp_path: Path) -> None:
    space = Workspace(write(tmp_path, {"docs": "a file"}))
    with pytest.raises(InputError) as caught:
        space.apply(ChangeSet("", creates=(Create(DOC, "text"),)))
    assert caught.value.code == "write-refused"


def test_an_append_adds_its_lines_at_the_end(tmp_path: Path) -> None:
    space = Workspace(write(tmp_path, {"api/logs/t.jsonl": "{}\n"}))
    space.apply(ChangeSet("", appends=(Append("api/logs/t.jsonl", '{"a":1}\n{"b":2}\n'),)))
    assert (tmp_path / "api/logs/t.jsonl").read_text() == '{}\n{"a":1}\n{"b":2}\n'


def test_an_append_makes_the_log_and_its_folder(tmp_path: Path) -> None:
    Workspace(tmp_path).apply(ChangeSet("", appends=(Append("api/logs/t.jsonl", "{}\n"),)))
    assert (tmp_path / "api/logs/t.jsonl").read_text() == "{}\n"


def test_an_append_after_a_torn_tail_begins_a_line_of_its_own(tmp_path: Path) -> None:
    space = Workspace(write(tmp_path, {"t.jsonl": '{"torn'}))
    space.apply(ChangeSet("", appends=(Append("t.jsonl", "{}\n"),)))
    assert (tmp_path / "t.jsonl").read_text() == '{"torn\n{}\n'


def test_a_rename_sets_a_file_aside(tmp_path: Path) -> None:
    space = workspace(tmp_path, "kept")
    applied = space.apply(ChangeSet("", renames=(Rename(DOC, "docs/a.old.md"),)))
    assert applied.paths == (DOC, "docs/a.old.md")
    assert not (tmp_path / DOC).exists()
    assert (tmp_path / "docs/a.old.md").read_text() == "kept"


def test_a_rename_replaces_nothing(tmp_path: Path) -> None:
    space = Workspace(write(tmp_path, {"a": "a", "b": "b"}))
    with pytest.raises(BusyError):
        space.apply(ChangeSet("", renames=(Rename("a", "b"),)))
    assert (tmp_path / "b").read_text() == "b"


def test_a_rename_of_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        Workspace(tmp_path).apply(ChangeSet("", renames=(Rename("a", "b"),)))


# Nothing written


def every_kind(space: Workspace) -> ChangeSet:
    edits = replacing(source(space), "two", "2").edits
    return ChangeSet("", edits=edits, creates=(Create("docs/new.md", "made\n"),))


def test_a_dry_run_writes_nothing_and_takes_no_lock(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    before = snapshot(tmp_path)
    space.apply(every_kind(space), dry_run=True)
    assert snapshot(tmp_path) == before


def test_a_dry_run_shows_what_would_be_written(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    shown = space.apply(every_kind(space), dry_run=True)
    assert shown.paths == ()
    assert shown.diff == space.apply(every_kind(space)).diff
    assert "+made\n" in shown.diff


def test_a_rehearsal_reads_what_would_be_written(tmp_path: Path) -> None:
    write(tmp_path, {"torn.jsonl": "a", "bad.json": "x"})
    space = workspace(tmp_path)
    appends = (Append("torn.jsonl", "b\n"), Append("new.jsonl", "c\n"))
    anew = ChangeSet("", renames=(Rename("bad.json", "aside"),), creates=(Create("bad.json", "y"),))
    changes = (every_kind(space), ChangeSet("", appends=appends), anew)
    before = snapshot(tmp_path)
    for one in changes:
        space.apply(one, dry_run=True)
    assert not space.exists("new.jsonl")
    space.rehearse()
    paths = sorted({path for one in changes for path in one.paths})
    read = {path: b"".join(space.blocks(path)) for path in paths}
    assert [space.size(path) for path in paths] == [len(read[path]) for path in paths]
    assert snapshot(tmp_path) == before
    assert all(map(space.exists, paths))
    for one in changes:
        Workspace(tmp_path).apply(one)
    after = snapshot(tmp_path)
    assert read == {path: after[path] for path in paths}


def test_the_shown_difference_can_be_applied_by_git(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    git(tmp_path, "init", "-q")
    edits = replacing(source(space), "two", "2").edits
    diff = space.apply(ChangeSet("", edits=edits), dry_run=True).diff
    write(tmp_path, {"a.patch": diff})
    git(tmp_path, "apply", "a.patch")
    assert (tmp_path / DOC).read_text() == "one\n2\nthree\n"


def test_changes_that_change_nothing_write_nothing(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    before = snapshot(tmp_path)
    inode = (tmp_path / DOC).stat().st_ino
    changes = ChangeSet(
        "", edits=replacing(source(space), "two", "two").edits, appends=(Append("t.jsonl", ""),)
    )
    assert space.apply(changes).paths == ()
    assert snapshot(tmp_path) == before
    assert (tmp_path / DOC).stat().st_ino == inode


# Where the lock lies


def test_without_git_the_locks_lie_among_the_logs(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    space.apply(replacing(source(space), "two", "2"))
    space.apply(ChangeSet("", appends=(Append("t.jsonl", "{}\n"),)))
    locks = sorted(path.name for path in (tmp_path / "api/logs").iterdir())
    assert locks == [".pipeline-documents.lock", ".pipeline-logs.lock"]


def test_with_git_the_workspace_holds_no_lock(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    git(tmp_path, "init", "-q")
    space.apply(replacing(source(space), "two", "2"))
    assert (tmp_path / ".git/pipeline-documents.lock").is_file()
    assert not (tmp_path / "api").exists()


def test_a_rename_takes_the_lock_of_logs(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    git(tmp_path, "init", "-q")
    space.apply(ChangeSet("", renames=(Rename(DOC, "docs/b.md"),)))
    assert (tmp_path / ".git/pipeline-logs.lock").is_file()


def test_worktrees_share_the_lock(tmp_path: Path) -> None:
    main = tmp_path / "main"
    workspace(main)
    git(main, "init", "-q")
    git(main, "add", ".")
    git(main, "commit", "-q", "-m", "first")
    git(main, "worktree", "add", "-q", "../other")
    other = Workspace(tmp_path / "other")
    other.apply(replacing(source(other), "two", "2"))
    assert (main / ".git/pipeline-documents.lock").is_file()
    assert (main / DOC).read_text() == "one\ntwo\nthree\n"


def test_the_documents_lock_does_not_hold_up_the_logs(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    write(tmp_path, {"api/logs/.pipeline-documents.lock": ""})
    lock = tmp_path / "api/logs/.pipeline-documents.lock"
    code = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, 2); print('held', flush=True)"
    command = [sys.executable, "-c", f"{code}; input()", str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        space.apply(ChangeSet("", appends=(Append("t.jsonl", "{}\n"),)))
        holder.communicate(b"\n")
    assert (tmp_path / "t.jsonl").read_text() == "{}\n"

"""Single files: replaced whole, made once, appended to in one write."""

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline_cli.errors import InputError
from pipeline_cli.store import atomic
from tests.support import CRON_ENVIRONMENT, leftover_of, snapshot, write

#: Reads a counter, adds one and writes it back, as often as asked, again where it was overtaken.
INCREMENT = """
import sys
from pathlib import Path
from pipeline_cli.domain.changes import ChangeSet, DocumentEdit, Edit
from pipeline_cli.errors import BusyError
from pipeline_cli.store.workspace import Workspace

space = Workspace(Path(sys.argv[1]))
left = int(sys.argv[2])
while left:
    source = space.read("counter.md")
    edit = Edit(0, len(source.text), f"{int(source.text) + 1}\\n")
    try:
        space.apply(ChangeSet("", edits=(DocumentEdit(source, (edit,)),)))
    except BusyError as error:
        assert error.code == "file-changed", error.code
    else:
        left -= 1
"""

APPEND = """
import json, sys
from pathlib import Path
from pipeline_cli.domain.changes import Append, ChangeSet
from pipeline_cli.store.workspace import Workspace

space = Workspace(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    line = json.dumps({"who": sys.argv[3], "number": number, "text": "x" * 5000})
    space.apply(ChangeSet("", appends=(Append("api/logs/t.jsonl", line + "\\n"),)))
"""

#: Appends with a limit on the file's size, so that the kernel takes a part of the write only.
SHORT_WRITE = """
import resource, sys
from pathlib import Path
from pipeline_cli.errors import InputError
from pipeline_cli.store import atomic

path = Path(sys.argv[1])
limit = path.stat().st_size + 10
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    getattr(atomic, sys.argv[2])(path, b"0123456789" * 20 + b"\\n")
except InputError as error:
    sys.exit(f"{error.code} {error.path}")
"""


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=CRON_ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def in_parallel(code: str, root: Path, times: int, processes: int = 8) -> None:
    with ThreadPoolExecutor(processes) as pool:
        done = list(pool.map(lambda number: run(code, root, times, number), range(processes)))
    assert [process.stderr for process in done] == [""] * processes


# Replacing


def test_a_file_is_replaced_by_the_new_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, {"a": "old"}) / "a"
    atomic.replace(path, b"\xff\r\nnew")
    assert path.read_bytes() == b"\xff\r\nnew"


def test_a_reader_that_has_the_old_file_open_goes_on_reading_it(tmp_path: Path) -> None:
    path = write(tmp_path, {"a": "old content"}) / "a"
    with path.open("rb") as reader:
        atomic.replace(path, b"new")
        assert reader.read() == b"old content"


def test_replacing_a_missing_file_makes_it(tmp_path: Path) -> None:
    atomic.replace(tmp_path / "a", b"new")
    assert snapshot(tmp_path) == {"a": b"new"}


def test_replacing_a_folder_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"a/inside": "kept"})
    with pytest.raises(InputError) as caught:
        atomic.replace(tmp_path / "a", b"new")
    assert caught.value.code == "write-refused"
    assert snapshot(tmp_path) == {"a/inside": b"kept"}


def test_a_missing_folder_is_refused_with_the_path_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        atomic.replace(tmp_path / "none/a", b"new")
    assert caught.value.path == str(tmp_path / "none/a")


def test_a_name_of_the_longest_length_can_be_replaced(tmp_path: Path) -> None:
    path = write(tmp_path, {"n" * 255: "old"}) / ("n" * 255)
    atomic.replace(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_new_file_takes_its_mode_from_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        atomic.create(tmp_path / "a", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


# Making


def test_a_file_is_made_whole(tmp_path: Path) -> None:
    atomic.create(tmp_path / "a", b"new")
    assert snapshot(tmp_path) == {"a": b"new"}


def test_a_made_file_has_one_name(tmp_path: Path) -> None:
    atomic.create(tmp_path / "a", b"new")
    assert (tmp_path / "a").stat().st_nlink == 1


def test_making_a_file_that_exists_is_refused_and_keeps_it(tmp_path: Path) -> None:
    write(tmp_path, {"a": "old"})
    with pytest.raises(InputError):
        atomic.create(tmp_path / "a", b"new")
    assert snapshot(tmp_path) == {"a": b"old"}


# Appending


def test_lines_are_added_behind_what_is_there(tmp_path: Path) -> None:
    path = write(tmp_path, {"log": "one\n"}) / "log"
    atomic.append(path, b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"


def test_an_empty_log_gets_no_newline_first(tmp_path: Path) -> None:
    path = write(tmp_path, {"log": ""}) / "log"
    atomic.append(path, b"one\n")
    assert path.read_bytes() == b"one\n"


def test_a_torn_tail_is_ended_in_the_same_write(tmp_path: Path) -> None:
    path = write(tmp_path, {"log": "one\ntor"}) / "log"
    atomic.append(path, b"two\n")
    assert path.read_bytes() == b"one\ntor\ntwo\n"


def test_an_append_writes_to_the_same_file(tmp_path: Path) -> None:
    path = write(tmp_path, {"log": "one\n"}) / "log"
    inode = path.stat().st_ino
    atomic.append(path, b"two\n")
    assert path.stat().st_ino == inode


@pytest.mark.parametrize("data", [b"no newline", b"", b"x" * atomic.MAX_APPEND + b"\n"])
def test_an_append_that_is_no_whole_lines_or_too_large_is_a_bug(
    tmp_path: Path, data: bytes
) -> None:
    path = write(tmp_path, {"log": "one\n"}) / "log"
    with pytest.raises(AssertionError):
        atomic.append(path, data)
    assert path.read_bytes() == b"one\n"


def test_an_append_of_a_whole_mebibyte_is_taken(tmp_path: Path) -> None:
    atomic.append(tmp_path / "log", b"x" * (atomic.MAX_APPEND - 1) + b"\n")
    assert (tmp_path / "log").stat().st_size == atomic.MAX_APPEND


def test_appending_to_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        atomic.append(tmp_path, b"line\n")


def test_appending_to_a_fifo_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    with pytest.raises(InputError):
        atomic.append(tmp_path / "log", b"line\n")


# Leftovers


def test_leftovers_of_one_file_are_swept_and_nothing_else(tmp_path: Path) -> None:
    ours = [leftover_of("a", "1"), leftover_of("a", "2")]
    others = [leftover_of("ab", "3"), "a", ".a", "a.tmp", ".pipeline-tmp-1"]
    write(tmp_path, dict.fromkeys(ours + others, ""))
    atomic.sweep_leftovers(tmp_path / "a")
    assert sorted(snapshot(tmp_path)) == sorted(others)


def test_sweeping_in_a_missing_folder_is_no_failure(tmp_path: Path) -> None:
    atomic.sweep_leftovers(tmp_path / "none/a")
    assert snapshot(tmp_path) == {}


# A disk that takes a part only


@pytest.mark.parametrize("action", ["replace", "append"])
def test_a_short_write_is_an_error_that_names_the_file(tmp_path: Path, action: str) -> None:
    path = write(tmp_path, {"a": "old content\n"}) / "a"
    done = run(SHORT_WRITE, path, action)
    assert done.stderr == f"write-refused {path}\n"


@pytest.mark.parametrize("action", ["replace", "append"])
def test_a_short_write_leaves_the_old_content_and_no_temporary_file(
    tmp_path: Path, action: str
) -> None:
    path = write(tmp_path, {"a": "old content\n"}) / "a"
    run(SHORT_WRITE, path, action)
    assert snapshot(tmp_path) == {"a": b"old content\n"}


# Many processes


def test_eight_processes_that_count_lose_no_increment(tmp_path: Path) -> None:
    write(tmp_path, {"counter.md": "0\n"})
    in_parallel(INCREMENT, tmp_path, 50)
    assert (tmp_path / "counter.md").read_text() == "400\n"


def test_eight_processes_that_append_lose_no_line_and_mix_none(tmp_path: Path) -> None:
    write(tmp_path, {"api/logs/t.jsonl": '{"torn'})
    in_parallel(APPEND, tmp_path, 100)
    _, *lines = (tmp_path / "api/logs/t.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    seen = {(record["who"], record["number"]) for record in records}
    assert len(records) == len(seen) == 800

"""What is kept of an earlier run changes no answer, and can be lost or spoiled without harm."""

import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_cli.domain.findings import Tally
from pipeline_cli.load import evidence, kept, shares
from pipeline_cli.load import tree as worktree
from pipeline_cli.load.alignment import align_answer
from pipeline_cli.load.context import Context, open_context
from pipeline_cli.load.evidence import load_claims, load_proofs, targets, verify_answer
from pipeline_cli.load.specs import load_specs, spec_files
from pipeline_cli.render.payload import align_keys, encode, fields
from pipeline_cli.store.workspace import MAX_DOCUMENT
from tests.support import CRON_ENVIRONMENT, NOW, pipeline, snapshot, write

SPEC = """---
title: Thing {0}
status: done
source:
  - file: src/mod_{0}.py
    symbols: [Thing]
---
## Files

- `src/mod_{0}.py`

## Acceptance

- `test_thing_{0}`
"""
OTHER = SPEC.replace("Thing]", "Other]").replace("title: Thing", "title: Other")
CODE = "class Thing:\n    pass\n"
TEST = "def test_thing_{0}():\n    pass\n"


BACKLOG = "# Backlog\n\n## Phase 1: All (items 1–1)\n\n1. make the things\n"


def tree(root: Path, count: int) -> Path:
    write(root, {"backlog/006-overnight-backlog.md": BACKLOG})
    for number in range(count):
        write(
            root,
            {
                f"specs/{number:03d}-thing.md": SPEC.format(number),
                f"src/mod_{number}.py": CODE,
                f"tests/test_{number}.py": TEST.format(number),
            },
        )
    return root


def verified(context: Context) -> bytes:
    found = verify_answer(context)
    return encode("verify", context.now, fields(found.value), found.findings)


def specs_read(context: Context) -> bytes:
    """What `align`, `doctor` and `update-coverage` learn of the specs."""
    tally = Tally()
    specs = load_specs(context, spec_files(context).specs, tally)
    rows = [[one.path, one.stem, one.title, one.status] for one in specs]
    return encode("specs", context.now, {"specs": rows}, tally.result())


Answer = Callable[[Path, Path | None], bytes]


@pytest.fixture(params=[verified, specs_read])
def answer(request: pytest.FixtureRequest) -> Answer:
    """Answer in this process, with a cache directory or without any."""

    def ask(root: Path, cache: Path | None) -> bytes:
        before = dict(os.environ)
        for name in ("HOME", "XDG_CACHE_HOME"):
            os.environ.pop(name, None)
        if cache is not None:
            os.environ["XDG_CACHE_HOME"] = str(cache)
        try:
            found: bytes = request.param(open_context(str(root), None, NOW))
            return found
        finally:
            os.environ.clear()
            os.environ.update(before)

    return ask


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep readings of a few files that are a moment old: waiting is no part of these tests."""
    monkeypatch.setattr(kept, "_WORTH", 1)
    monkeypatch.setattr(kept, "_UNSETTLED", 0)


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    """Let a fork begin for every single file, on so many cores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shares, "cores", lambda: count)
        patch.setattr(kept, "_LOOKED_AT", 1)
        patch.setattr(kept, "_READ", 1)
        patch.setattr(evidence, "LEAST", 1)
        patch.setattr(worktree, "LEAST", 1)
        yield


def kept_file(cache: Path) -> Path:
    (file,) = (cache / "pipeline").iterdir()
    return file


# --- the same answer ----------------------------------------------------------------------------

PLACES = st.sampled_from(
    [
        "specs/000-thing.md",
        "specs/001-thing.md",
        "specs/003-thing.md",
        "src/mod_0.py",
        "tests/test_0.py",
        "src/new.py",
    ]
)
TEXTS_OF_SPECS = [
    SPEC.format(0),
    OTHER.format(0),
    SPEC.format(1),
    "",
    "---\nstatus: [\n---\n",
    "---\ntitle: &a [*a, *a]\n---\n",
    "---\ntitle: never closed\n",
]
TEXTS = st.sampled_from(
    [
        *TEXTS_OF_SPECS,
        CODE,
        "class Other:\n    pass\n",
        TEST.format(0),
        "def test_other_0():\n    pass\n",
        "def (\n",
    ]
)


def keep_stamp(path: Path, text: str) -> None:
    """Write another text of the same length, and put the old mtime back."""
    state = path.stat()
    path.write_bytes(text.encode()[: state.st_size].ljust(state.st_size))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


#: Links, and where they lead: to a file of the workspace, out of it, and to no file at all.
LEADS_TO = {
    "link": "../src/mod_1.py",
    "link outside": "../../outside.md",
    "link to nothing": "nowhere",
    "link to a folder": "../src",
    "link to itself": "",
}
#: What a file may hold instead of a text.
BYTES: dict[str, Callable[[bytes], bytes]] = {
    "write": lambda text: text,
    "bytes": lambda text: text + b"\xff\xfe- `src/mod_1.py`\n",
    "bytes in the title": lambda text: b"---\ntitle: Tide \xff\nstatus: done\n---\n" + text,
    "utf-16": lambda text: text.decode().encode("utf-16"),
}


def edit(root: Path, step: tuple[str, str, str]) -> None:
    kind, place, text = step
    path = root / place
    if kind == "same stamp" and _is_text(path):
        keep_stamp(path, text)
    elif kind == "move" and os.path.lexists(path):
        path.rename(root / "src/moved.py")
    elif kind == "behind the link":
        write(root, {"src/mod_1.py": text})
    elif kind in ("delete", "huge", "fifo", *LEADS_TO, *BYTES):
        path.unlink(missing_ok=True)  # nothing is ever written through a link
        make(kind, path, text)


def _is_text(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size < MAX_DOCUMENT


def make(kind: str, path: Path, text: str) -> None:
    """Put something where nothing lies."""
    if kind in BYTES:
        path.write_bytes(BYTES[kind](text.encode()))
    elif kind in LEADS_TO:
        path.symlink_to(LEADS_TO[kind] or path.name)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "huge":
        with path.open("wb") as file:
            file.truncate(MAX_DOCUMENT + 1)


STEPS = st.tuples(
    st.sampled_from(
        [*BYTES, *LEADS_TO, "huge", "fifo", "same stamp", "delete", "move", "behind the link"]
    ),
    PLACES,
    TEXTS,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, max_size=6))
@pytest.mark.usefixtures("at_once")
def test_warm_answers_as_cold(
    answer: Answer, steps: list[tuple[str, str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("kept")
    root, cache = tree(base / "work", 4), base / "cache"
    write(base, {"outside.md": "---\ntitle: Outside\n---\n"})
    answer(root, cache)
    for step in steps:
        edit(root, step)
        alone = answer(root, None)
        with on_cores(4):
            assert answer(root, None) == alone
            assert answer(root, cache) == alone
        assert answer(root, cache) == alone


def aligned(context: Context) -> bytes:
    found = align_answer(context)
    return encode("align", context.now, align_keys(found.value), found.findings)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("answered", [verified, specs_read, aligned])
def test_cores_that_share_the_reading_answer_as_one(
    answered: Callable[[Context], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, texts = tree(tmp_path / "work", 40), TEXTS_OF_SPECS
    write(tmp_path, {"outside.md": "---\ntitle: Outside\n---\n"})
    for number, kind in enumerate([*BYTES, *LEADS_TO, "huge", "fifo", *BYTES, "fifo"]):
        edit(root, (kind, f"specs/{3 * number:03d}-thing.md", texts[number % len(texts)]))
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    context = open_context(str(root), None, NOW)
    alone = answered(context)
    for code in (b"unreadable", b"path-outside", b"not-text", b"too-large", b"not-utf8"):
        assert code in alone
    for cache in ("one", "many"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / cache))
        for count in (1, 4, 4, 1) if cache == "one" else (4, 4, 1):
            with on_cores(count):
                assert answered(context) == alone
    one, many = kept_file(tmp_path / "one"), kept_file(tmp_path / "many")
    assert one.read_bytes() == many.read_bytes()


@pytest.mark.usefixtures("at_once")
def test_nothing_is_read_again_and_what_changed_alone_is(answer: Answer, tmp_path: Path) -> None:
    root, cache = tree(tmp_path / "work", 3), tmp_path / "cache"
    first = answer(root, cache)
    before = kept_file(cache).stat().st_mtime_ns

    assert answer(root, cache) == first
    assert kept_file(cache).stat().st_mtime_ns == before  # there was nothing to add

    write(root, {"specs/001-thing.md": OTHER.format(1)})
    changed = answer(root, cache)
    assert changed != first
    assert b"not defined there" in changed or b"Other 1" in changed
    assert kept_file(cache).stat().st_mtime_ns > before


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    "load",
    [
        lambda context: load_claims(context, Tally()),
        lambda context: load_proofs(context, Tally()),
        lambda context: targets(context, []),
    ],
    ids=["monitor", "update-coverage", "verify --run"],
)
def test_whatever_holds_claims_against_the_tree_keeps_what_it_read(
    load: Callable[[Context], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, cache = tree(tmp_path / "work", 3), tmp_path / "cache"
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    first = load(open_context(str(root), None, NOW))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    assert load(open_context(str(root), None, NOW)) == first
    before = kept_file(cache).stat().st_mtime_ns
    assert load(open_context(str(root), None, NOW)) == first
    assert kept_file(cache).stat().st_mtime_ns == before  # all of it was taken from there


@pytest.mark.usefixtures("at_once")
def test_what_changes_behind_a_link_is_read(answer: Answer, tmp_path: Path) -> None:
    root, cache = tree(tmp_path / "work", 3), tmp_path / "cache"
    (root / "specs/000-thing.md").rename(root / "behind.md")
    (root / "specs/000-thing.md").symlink_to("../behind.md")
    first = answer(root, cache)
    write(root, {"behind.md": OTHER.format(0)})
    assert answer(root, cache) == answer(root, None) != first


@pytest.mark.usefixtures("at_once")
def test_what_is_gone_is_dropped(answer: Answer, tmp_path: Path) -> None:
    root, cache = tree(tmp_path / "work", 3), tmp_path / "cache"
    answer(root, cache)
    assert b"specs/002-thing.md" in kept_file(cache).read_bytes()
    for path in ("specs/002-thing.md", "src/mod_2.py", "tests/test_2.py"):
        (root / path).unlink()
    write(root, {"specs/001-thing.md": OTHER.format(1)})
    answer(root, cache)

    data = kept_file(cache).read_bytes()
    assert b"001-thing" in data
    assert b"002-thing" not in data
    assert b"mod_2" not in data


# --- what is not trusted ------------------------------------------------------------------------


def with_text(data: bytes) -> bytes:
    """Forge an answer in a file of the cache, check sum and all left as they were."""
    assert b"Thing 1" in data
    return data.replace(b"Thing 1", b"Thing 9")


SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "the mark alone": lambda data: data[:17],
    "garbage": lambda data: os.urandom(5000),
    "a bit": lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:],
    "a forged text": with_text,
    "deep": lambda data: data[:17] + b"\x91" * 100_000,
    "a list": lambda data: sealed(data, [1, 2, 3]),
    "other types": lambda data: sealed(data, ["x", "y", {"specs": {"a": [[1, 2, 3], b"1"]}}]),
}


def forge(file: Path) -> None:
    """Change what a file of the cache says of specs, its check sum with it."""
    body = msgspec.msgpack.decode(file.read_bytes()[21:])
    for entry in body[2]["specs"].values():
        entry[1] = entry[1].replace(b"Thing", b"Think")
    file.write_bytes(sealed(file.read_bytes(), body))


def sealed(data: bytes, value: object) -> bytes:
    from zlib import crc32

    body = msgspec.msgpack.encode(value)
    return data[:17] + crc32(body).to_bytes(4, "big") + body


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_file_is_no_file(answer: Answer, name: str, tmp_path: Path) -> None:
    root, cache = tree(tmp_path / "work", 3), tmp_path / "cache"
    first = answer(root, cache)
    file = kept_file(cache)
    whole = file.read_bytes()
    file.write_bytes(SPOILED[name](whole))

    assert answer(root, cache) == first
    assert len(file.read_bytes()) == len(whole)  # and it is written anew


@pytest.mark.usefixtures("at_once")
def test_entry_of_other_types_is_read_from_its_file(answer: Answer, tmp_path: Path) -> None:
    root, cache = tree(tmp_path / "work", 3), tmp_path / "cache"
    first = answer(root, cache)
    file = kept_file(cache)
    body = msgspec.msgpack.decode(file.read_bytes()[21:])
    for entries in body[2].values():
        for entry in entries.values():
            entry[1] = msgspec.msgpack.encode({"spec": 1, "names": 2})
    file.write_bytes(sealed(file.read_bytes(), body))

    assert answer(root, cache) == first


@pytest.mark.usefixtures("at_once")
def test_file_of_another_root_or_program_is_no_file(answer: Answer, tmp_path: Path) -> None:
    root, cache = tree(tmp_path / "work", 3), tmp_path / "cache"
    first = answer(root, cache)
    file = kept_file(cache)
    whole = file.read_bytes()
    for place in (0, 1):
        body = msgspec.msgpack.decode(whole[21:])
        body[place] += "x"
        for entry in body[2]["specs"].values():
            entry[1] = entry[1].replace(b"Thing", b"Think")
        file.write_bytes(sealed(whole, body))
        assert answer(root, cache) == first


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_file_that_others_can_write_is_not_read(answer: Answer, mode: int, tmp_path: Path) -> None:
    root, cache = tree(tmp_path / "work", 3), tmp_path / "cache"
    first = answer(root, cache)
    file = kept_file(cache)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    forge(file)
    assert answer(root, cache) != first  # ours is believed: the check sum is right
    file.chmod(mode)
    assert answer(root, cache) == first


@pytest.mark.usefixtures("at_once")
def test_link_and_fifo_are_not_read(answer: Answer, tmp_path: Path) -> None:
    root, cache = tree(tmp_path / "work", 3), tmp_path / "cache"
    first = answer(root, cache)
    file = kept_file(cache)
    forge(file)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert answer(root, cache) == first
    file.unlink()
    os.mkfifo(file)
    assert answer(root, cache) == first


# --- where there is none ------------------------------------------------------------------------


@pytest.mark.usefixtures("at_once")
def test_cache_within_the_workspace_is_not_used(answer: Answer, tmp_path: Path) -> None:
    root = tree(tmp_path / "work", 3)
    before = snapshot(root)
    answer(root, root / "cache")
    (tmp_path / "link").symlink_to(root)
    answer(root, tmp_path / "link/cache")
    assert snapshot(root) == before


@pytest.mark.usefixtures("at_once")
def test_place_that_takes_no_file_is_no_failure(answer: Answer, tmp_path: Path) -> None:
    root = tree(tmp_path / "work", 3)
    write(tmp_path, {"a-file": ""})
    for cache in (tmp_path / "a-file", Path("/proc/nowhere"), Path("relative")):
        assert answer(root, cache) == answer(root, None)
    assert not Path("relative").exists()


def test_few_files_are_not_kept(
    answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_UNSETTLED", 0)
    root, cache = tree(tmp_path / "work", 3), tmp_path / "cache"
    answer(root, cache)
    assert not cache.exists()


# --- as processes, with the true limits ---------------------------------------------------------


COMMANDS = ("verify", "align", "doctor")


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that is large enough, seen too early once, and then older than two seconds."""
    base = tmp_path_factory.mktemp("settled")
    home = {"HOME": str(base / "home")}
    for command in COMMANDS:
        root = write(tree(base / "work", 100), {"specs/007-thing.md": "---\ntitle: [\n---\n"})
        assert pipeline(root, command, "--json", env=home).code == 0
    assert not (base / "home/.cache").exists()  # too young to be kept
    time.sleep(2.1)
    return base


@pytest.mark.parametrize("command", COMMANDS)
def test_runs_without_home_and_with_it_answer_the_same(
    command: str, settled: Path, tmp_path: Path
) -> None:
    root, home = settled / "work", tmp_path / "home"
    before = snapshot(root)
    bare = pipeline(root, command, "--json").out
    assert b"frontmatter-invalid" in bare
    env = {"HOME": str(home)}
    assert pipeline(root, command, "--json", env=env).out == bare
    (file,) = (home / ".cache/pipeline").iterdir()
    assert pipeline(root, command, "--json", env=env).out == bare
    shutil.rmtree(home)
    assert pipeline(root, command, "--json", env=env).out == bare
    assert file.exists()
    assert snapshot(root) == before


def test_read_only_cache_is_no_failure(settled: Path, tmp_path: Path) -> None:
    root, home = settled / "work", tmp_path / "home"
    (home / ".cache").mkdir(parents=True)
    (home / ".cache").chmod(0o500)
    ran = pipeline(root, "verify", "--json", env={"HOME": str(home)})
    assert (ran.code, ran.err) == (0, "")
    (home / ".cache").chmod(0o700)


def test_many_at_once_leave_one_whole_file(settled: Path, tmp_path: Path) -> None:
    root, home = settled / "work", tmp_path / "home"
    script = Path(sys.executable).parent / "pipeline"
    command = [str(script), "--root", str(root), "--now", NOW, "verify", "--json"]
    env = {**CRON_ENVIRONMENT, "HOME": str(home)}
    running = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE) for _ in range(4)]
    answers = {one.communicate(timeout=60)[0] for one in running}
    assert answers == {pipeline(root, "verify", "--json").out}
    (file,) = (home / ".cache/pipeline").iterdir()  # no temporary file is left
    assert pipeline(root, "verify", "--json", env={"HOME": str(home)}).out in answers
    assert file.read_bytes().startswith(b"pipeline-index-1\n")

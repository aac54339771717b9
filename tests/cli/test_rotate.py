"""`rotate` on real folders: what is next, taking it off, and what is refused."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support import (
    CORPUS,
    CRON_ENVIRONMENT,
    NOW,
    Ran,
    backlog_text,
    pipeline,
    snapshot,
    write,
)

PRODUCT = "backlog/006-overnight-backlog.md"
META = "backlog/007-meta-pipeline-backlog.md"
LOGS = "api/logs"
STATE = f"{LOGS}/project_manager_state.json"
OVERNIGHT = f"{LOGS}/project_manager_state_overnight.json"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, {PRODUCT: backlog_text({6: 9}), META: backlog_text({1: 9})})


def rotate(root: Path, *words: str, now: str = NOW, **options: Any) -> dict[str, Any]:
    ran = pipeline(root, "rotate", *words, "--json", now=now, **options)
    assert ran.code == 0, ran.err
    return ran.json


def keys(answer: dict[str, Any]) -> list[str]:
    return [slot["item"] for slot in answer["slots"]]


def state(root: Path, name: str = STATE) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / name).read_text())
    return found


# Showing


def test_ten_slots_are_shown_and_nothing_is_written(root: Path) -> None:
    before = snapshot(root)
    answer = rotate(root)
    assert keys(answer) == [
        "007:1",
        *("006:1", "006:2", "006:3", "006:4"),
        "007:2",
        *("006:5", "006:6", "006:7", "006:8"),
    ]
    assert answer["share"] == {"meta": 2, "product": 8}
    assert (answer["advanced"], answer["state_file"]) == (0, "")
    assert snapshot(root) == before


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus does not lie beside the project")
def test_a_real_tree_of_which_three_phases_are_done() -> None:
    answer = rotate(CORPUS / "seed-tree")
    found = [(slot["backlog"], slot["number"]) for slot in answer["slots"]]
    assert found == [
        ("meta", 1),
        *(("product", number) for number in range(56, 60)),
        ("meta", 2),
        *(("product", number) for number in range(60, 64)),
    ]
    assert answer["slots"][1]["spec"] == "specs/029-github-api-integration.md"


def test_a_spec_is_named_where_it_resolves_to_one(root: Path) -> None:
    text = "1. Do spec 001\n2. Write spec 002-new\n3. Do spec 003\n4. Do spec 009, spec 001\n"
    specs = {f"specs/{name}.md": "" for name in ("001-a", "003-b", "003-c")}
    write(root, {PRODUCT: text, **specs})
    slots = rotate(root, "--ratio", "0")["slots"]
    assert [slot["spec"] for slot in slots[:4]] == [
        *("specs/001-a.md", None, None, "specs/001-a.md")
    ]


def test_the_ratio_comes_from_flag_environment_and_settings(root: Path) -> None:
    write(root, {"pipeline.toml": "[rotation]\nmeta_ratio = 0.5\n"})
    assert rotate(root)["share"] == {"meta": 5, "product": 5}
    for name in ("PIPELINE_META_RATIO", "PIPELINE_ROTATION_META_RATIO"):
        assert rotate(root, env={name: "1/10"})["share"] == {"meta": 1, "product": 9}
    answer = rotate(root, "--ratio", "1/3", env={"PIPELINE_META_RATIO": "1"})
    assert (answer["ratio"], answer["share"]) == ("1/3", {"meta": 4, "product": 6})


@pytest.mark.parametrize("ratio", ["-1", "2", "20%", "1.5", "4/3", "x", "", "1" * 5000])
def test_a_ratio_that_is_none_is_a_usage_error(root: Path, ratio: str) -> None:
    ran = pipeline(root, "rotate", "--ratio", ratio)
    assert (ran.code, ran.out) == (2, b"")
    assert "hint: for example --ratio 0.2 or 1/5" in ran.err
    bad = pipeline(root, "rotate", env={"PIPELINE_META_RATIO": ratio})
    assert bad.code == 2
    assert "a bug of ours" not in bad.err


@pytest.mark.parametrize(
    "words",
    [
        ("--item", "006:1"),
        ("--advance", "--item", "006:1", "--count", "2"),
        ("--advance", "--item", "006"),
        ("--advance", "--item", "006:x"),
        ("--advance", "--item", ":1"),
        ("--advance", "--item", "006:" + "1" * 5000),
        ("--count", "0"),
        ("--count", "10001"),
        ("--print", "nothing"),
    ],
)
def test_options_that_do_not_go_together_are_refused(root: Path, words: tuple[str, ...]) -> None:
    before = snapshot(root)
    assert pipeline(root, "rotate", *words).code == 2
    assert snapshot(root) == before


def test_print_and_json_exclude_each_other(root: Path) -> None:
    assert pipeline(root, "rotate", "--print", "item", "--json").code == 2


def test_without_a_meta_backlog_the_product_fills(root: Path) -> None:
    (root / META).unlink()
    assert rotate(root)["share"] == {"meta": 0, "product": 9}


def test_without_a_product_backlog_meta_is_shown_and_nothing_is_taken(root: Path) -> None:
    (root / PRODUCT).unlink()
    ran = pipeline(root, "rotate", "--json")
    assert ran.json["share"] == {"meta": 9, "product": 0}
    assert ran.finding_codes() == ["backlog-missing"]
    refused = pipeline(root, "rotate", "--advance")
    assert refused.code == 3
    assert not (root / STATE).exists()


def test_without_any_backlog_there_is_no_rotation(tmp_path: Path) -> None:
    ran = pipeline(tmp_path, "rotate", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (3, "backlog-missing")


def test_of_empty_backlogs_nothing_is_next(root: Path) -> None:
    write(root, {PRODUCT: "# None\n", META: ""})
    assert "Nothing is next" in pipeline(root, "rotate").text
    answer = rotate(root, "--advance")
    assert (answer["slots"], answer["advanced"]) == ([], 0)
    assert pipeline(root, "rotate", "--print", "item").out == b""
    assert not (root / STATE).exists()


def test_the_text_view_shows_items_share_and_what_is_passed_over(root: Path) -> None:
    held = {"006:1": {"status": "blocked"}, "007:1": {"status": "skipped"}}
    write(root, {STATE: json.dumps({"backlog_index": 0, "items": held})})
    text = pipeline(root, "rotate", "--count", "3").text
    assert "Next 3: 2 product, 1 meta" in text
    assert "006:2" in text
    assert "product, 4 of 5" in text
    assert "passed over: 1 blocked, 1 skipped" in text


def test_a_slot_that_is_filled_in_leaves_room_for_its_item(root: Path) -> None:
    title = "Compare what the agents were told with what they were to do"
    write(root, {PRODUCT: "1. One\n", META: f"1. A\n2. {title}\n3. B\n"})
    text = pipeline(root, "rotate", env={"COLUMNS": "80"}).text
    assert "  Compare what the agents were told with what they were" in text
    assert text.count("meta, fills in\n") == 2
    assert "filled in: the product backlog has nothing left\n" in text
    write(root, {PRODUCT: "# None\n"})
    assert pipeline(root, "rotate", "--ratio", "0").text.startswith(
        "Next 3: 0 product, 3 meta  no slot belongs to meta\n"
    )
    text = pipeline(root, "rotate", "--ratio", "1", "--count", "1").text
    assert "  every slot belongs to meta\n" in text
    assert "meta, 1 of 1" in text


def test_no_control_sequence_of_a_backlog_reaches_the_terminal(root: Path) -> None:
    write(root, {PRODUCT: "1. \x1b[31mred\x1b]52;c;x\x07\n    more\n"})
    for words in ((), ("--print", "direction"), ("--print", "text"), ("--json",)):
        ran = pipeline(root, "rotate", *words)
        assert ran.code == 0
        assert b"\x1b" not in ran.out


# Taking off


def test_a_step_writes_the_cursors_and_the_next_goes_on(root: Path) -> None:
    answer = rotate(root, "--advance")
    assert (keys(answer), answer["advanced"]) == (["007:1"], 1)
    assert answer["state_file"] == "project_manager_state.json"
    assert state(root) == {
        "backlog_index": 0,
        "meta_index": 1,
        "slot": 1,
        "updated_at": NOW,
    }
    assert keys(rotate(root, "--advance", "--count", "3")) == ["006:1", "006:2", "006:3"]
    assert (state(root)["backlog_index"], state(root)["slot"]) == (3, 4)
    assert keys(rotate(root, "--count", "2")) == ["006:4", "007:2"]


def test_status_shows_the_same_next_items(root: Path) -> None:
    write(root, {STATE: json.dumps({"backlog_index": 3, "items": {"006:2": {"retry_at": NOW}}})})
    shown = pipeline(root, "status", "--json").json["next"]
    turns = rotate(root, "--ratio", "0", "--count", "3")["slots"]
    assert [item["number"] for item in shown] == [slot["number"] for slot in turns] == [2, 4, 5]


def test_exactly_the_item_that_is_named_is_taken(root: Path) -> None:
    refused = pipeline(root, "rotate", "--advance", "--item", "006:1", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (4, "item-not-next")
    assert "007:1" in refused.json["error"]["message"]
    assert not (root / STATE).exists()
    assert keys(rotate(root, "--advance", "--item", "007:001")) == ["007:1"]
    again = pipeline(root, "rotate", "--advance", "--item", "007:1")
    assert again.code == 4
    assert state(root)["slot"] == 1


def test_other_keys_their_order_and_the_shape_stay(root: Path) -> None:
    before = {
        "in_flight": [{"item_idx": 0, "phase": "impl"}],
        "next_backlog_idx": 2,
        "mine": {"a": [1, 2.5, None]},
        "backlog_index": 7,
        "slot": 1,
    }
    write(root, {OVERNIGHT: json.dumps(before)})
    answer = rotate(root, "--advance")
    assert (keys(answer), answer["state_file"]) == (
        ["006:3"],
        "project_manager_state_overnight.json",
    )
    after = state(root, OVERNIGHT)
    assert after == before | {
        "next_backlog_idx": 3,
        "meta_index": 0,
        "slot": 2,
        "updated_at": NOW,
    }
    assert list(after)[:5] == list(before)
    assert (root / OVERNIGHT).read_text() == json.dumps(after, indent=2) + "\n"
    assert not (root / STATE).exists()


def test_a_dry_run_takes_no_lock_and_writes_nothing(root: Path) -> None:
    before = snapshot(root)
    answer = rotate(root, "--advance", "--dry-run", "--count", "2")
    assert (answer["advanced"], answer["dry_run"]) == (2, True)
    assert "dry run" in pipeline(root, "rotate", "--advance", "--dry-run").text
    assert snapshot(root) == before


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        (STATE, b'{"backlog_index": 4', "json-invalid"),
        (OVERNIGHT, b'{"backlog_index": 4', "json-invalid"),
        (STATE, b"", "json-invalid"),
        (STATE, b"[]", "json-not-object"),
        (STATE, "{}".encode("utf-16"), "not-text"),
        (STATE, b'{"backlog_index": 1, "x": "\xff"}', "not-utf8"),
        (META, "1. a".encode("utf-16"), "not-text"),
        (PRODUCT, "1. a".encode("utf-16"), "not-text"),
    ],
)
def test_where_what_decides_cannot_be_read_nothing_is_taken(
    root: Path, name: str, data: bytes, code: str
) -> None:
    write(root, {name: data})
    before = snapshot(root)
    ran = pipeline(root, "rotate", "--advance", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (3, code)
    assert ran.json["error"]["hint"]
    after = {path: data for path, data in snapshot(root).items() if not path.endswith(".lock")}
    assert after == before
    assert pipeline(root, "rotate").code == 0  # it still shows what it knows


def test_a_state_without_an_index_gets_one_and_keeps_its_keys(root: Path) -> None:
    write(root, {STATE: '{"note": 1}', PRODUCT: "1. [x] a\n2. b\n"})
    rotate(root, "--advance", "--ratio", "0")
    assert state(root) == {
        "note": 1,
        "backlog_index": 2,
        "meta_index": 0,
        "slot": 1,
        "updated_at": NOW,
    }


def test_a_state_of_the_future_counts_by_its_files_time(root: Path) -> None:
    write(
        root,
        {
            STATE: json.dumps({"backlog_index": 5, "updated_at": "2030-01-01T00:00:00Z"}),
            OVERNIGHT: json.dumps({"backlog_index": 2, "updated_at": "2026-02-12T17:00:00Z"}),
        },
    )
    os.utime(root / STATE, (1, 1))
    ran = pipeline(root, "rotate", "--ratio", "0", "--count", "1", "--json")
    assert keys(ran.json) == ["006:3"]
    assert ran.finding_codes() == ["state-future-stamp"]


def test_a_clock_that_jumps_moves_no_cursor(root: Path) -> None:
    taken = keys(rotate(root, "--advance", now="2026-02-12T18:00:00Z"))
    taken += keys(rotate(root, "--advance", now="2031-01-01T00:00:00Z"))
    taken += keys(rotate(root, "--advance", now="2020-01-01T00:00:00Z"))
    assert taken == ["007:1", "006:1", "006:2"]


def test_an_item_that_is_held_comes_back_when_its_time_has_come(root: Path) -> None:
    held = {"006:2": {"status": "blocked", "retry_at": "2026-02-12T20:00:00Z", "failures": 3}}
    write(root, {STATE: json.dumps({"backlog_index": 4, "slot": 1, "items": held})})
    assert keys(rotate(root, "--count", "1")) == ["006:5"]
    late = "2026-02-12T20:00:00Z"
    assert keys(rotate(root, "--advance", "--item", "006:2", now=late)) == ["006:2"]
    assert (state(root)["backlog_index"], state(root)["items"]) == (4, {})
    assert keys(rotate(root, "--count", "1", now=late)) == ["006:5"]


def test_many_at_once_take_every_item_once(root: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: rotate(root, "--advance"), range(10)))
    taken = [key for answer in answers for key in keys(answer)]
    assert sorted(taken) == [*(f"006:{n}" for n in range(1, 9)), "007:1", "007:2"]
    assert state(root)["slot"] == 10


def test_of_many_that_want_one_item_one_gets_it(root: Path) -> None:
    def take(_: int) -> Ran:
        return pipeline(root, "rotate", "--advance", "--item", "007:1")

    with ThreadPoolExecutor(6) as pool:
        codes = sorted(ran.code for ran in pool.map(take, range(6)))
    assert codes == [0, 4, 4, 4, 4, 4]
    assert state(root)["slot"] == 1


# The loop of the manual

ROOT = Path(__file__).resolve().parents[2]


def manual_loop() -> str:
    """Return the loop that the manual shows: its first block of shell."""
    text = (ROOT / "docs/rotation.md").read_text()
    return text.partition("```sh\n")[2].partition("```")[0]


def two_loops(root: Path, agent: str) -> None:
    """Run the loop of the manual twice at once, with an agent that is a line of shell."""
    bin_folder = root / "bin"
    scripts = {
        "pipeline": f'#!/bin/sh\nexec {sys.executable} -m pipeline_cli --root {root} "$@"\n',
        "your-agent": f'#!/bin/sh\nprintf "%s\\n---\\n" "$1" >>{root}/worked\n{agent}\n',
    }
    write(bin_folder, scripts)
    for name in scripts:
        (bin_folder / name).chmod(0o755)
    environment = CRON_ENVIRONMENT | {"PATH": f"{bin_folder}:{CRON_ENVIRONMENT['PATH']}"}
    loops = [
        subprocess.Popen(
            ["sh", "-c", manual_loop()],
            env=environment,
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    errors = [loop.communicate(timeout=120)[1].decode() for loop in loops]
    assert [loop.returncode for loop in loops] == [0, 0], errors


def worked(root: Path) -> list[str]:
    """Return the first line of each direction that the agent was given, sorted."""
    directions = (root / "worked").read_text().split("\n---\n")[:-1]
    return sorted(direction.partition("\n")[0] for direction in directions)


ONCE = sorted(f"Work on item {n} of {path}:" for path in (PRODUCT, META) for n in range(1, 10))


def test_two_loops_of_the_manual_work_each_item_once(root: Path) -> None:
    assert len(manual_loop().strip().splitlines()) == 5
    two_loops(root, "exit 0")
    assert worked(root) == ONCE
    metrics = (root / LOGS / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["status"] for line in metrics] == ["completed"] * 18
    assert (state(root)["backlog_index"], state(root)["meta_index"]) == (9, 9)


def test_what_an_agent_fails_at_is_set_aside_and_not_completed(root: Path) -> None:
    two_loops(root, 'case "$1" in *"item 3 "*) exit 1;; esac')
    assert worked(root) == ONCE
    assert {key: one["status"] for key, one in state(root)["items"].items()} == {
        "006:3": "skipped",
        "007:3": "skipped",
    }
    assert rotate(root)["slots"] == []
    assert rotate(root)["passed"]["skipped"] == 2


def test_an_item_of_a_backlog_with_blanks_in_its_name_can_be_taken_and_recorded(
    tmp_path: Path,
) -> None:
    """What rotate prints is what the other commands take."""
    write(tmp_path, {"My plan.md": "## Phase 1: A\n1. First\n2. Second\n"})
    (tmp_path / "pipeline.toml").write_text('[paths]\nbacklog = "My plan.md"\n')
    printed = pipeline(tmp_path, "rotate", "--count", "1", "--print", "item").text.strip()
    assert printed == "My plan:1"
    assert pipeline(tmp_path, "task", "start", "--id", "t1", "--item", printed).code == 0
    assert keys(rotate(tmp_path, "--advance", "--item", printed)) == [printed]
    assert pipeline(tmp_path, "task", "skip", "My plan:2").code == 0

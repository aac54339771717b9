"""`log_damage` on real logs: it opens, it clears, and an old bad line alarms once."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_monitor import LOGS, T0, T1, T2, T3, conditions, records, run
from tests.support import event_line, metrics_line, snapshot, write

LOG = f"{LOGS}/tasks.jsonl"
GOOD, BAD = event_line("t1", "created", "2026-02-12T09:00:00Z", task_type="heal"), "{torn\n"


def append(root: Path, text: str, name: str = LOG) -> None:
    with (root / name).open("a") as file:
        file.write(text)


def message(answer: dict[str, Any]) -> str | None:
    """Return what the issue says; None where none is open."""
    found = [i["message"] for i in answer["issues"] if i["condition"] == "log_damage"]
    return found[0] if found else None


def verdict(answer: dict[str, Any]) -> str:
    rule = next(rule for rule in answer["rules"] if rule["condition"] == "log_damage")
    return str(rule["answer"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, {LOG: GOOD + BAD + GOOD})


def test_it_opens_once_and_clears_at_the_next_check(root: Path) -> None:
    first = run(root, T0)
    assert message(first) == "1 bad line in tasks.jsonl, the first is line 2"
    assert run(root, T1)["resolved_since_last"] == ["log_damage"]
    assert run(root, T2)["resolved_since_last"] == []
    (record,) = records(root)
    assert (record["condition"], record["opened_at"]) == ("log_damage", T0)


def test_what_is_appended_opens_a_new_episode(root: Path) -> None:
    first = run(root, T0)["issues"]
    run(root, T1)
    append(root, GOOD + BAD + BAD)
    again = run(root, T2)
    assert message(again) == "2 bad lines in tasks.jsonl, the first is line 5"
    assert again["issues"][-1]["id"] != first[-1]["id"]
    assert again["issues"][-1]["relapse_of"] == first[-1]["id"]
    assert run(root, T3)["seen"]["tasks.jsonl"]["bad"] == 3


def test_good_lines_that_are_appended_raise_nothing(root: Path) -> None:
    run(root, T0)
    append(root, GOOD)
    assert message(run(root, T1)) is None


def test_damage_at_every_check_is_one_issue(root: Path) -> None:
    first = run(root, T0)["issues"]
    append(root, BAD)
    (issue,) = [i for i in run(root, T1)["issues"] if i["condition"] == "log_damage"]
    assert issue["id"] in [i["id"] for i in first]
    assert issue["times_seen"] == 2
    assert records(root) == []


def test_a_log_that_was_rewritten_is_looked_at_anew(root: Path) -> None:
    run(root, T0)
    run(root, T1)
    path = root / LOG
    path.write_text(path.read_text().replace("t1", "t2"))
    assert message(run(root, T2)) == "1 bad line in tasks.jsonl, the first is line 2"


def test_a_log_that_was_mended_is_clear(root: Path) -> None:
    run(root, T0)
    (root / LOG).write_text(GOOD * 2)
    assert message(run(root, T1)) is None
    assert run(root, T2)["seen"]["tasks.jsonl"]["bad"] == 0


def test_a_log_that_was_cut_is_looked_at_anew(root: Path) -> None:
    run(root, T0)
    run(root, T1)
    path = root / LOG
    path.write_text((GOOD + GOOD)[:-9])
    assert message(run(root, T2)) == "1 bad line in tasks.jsonl, the first is line 2"
    path.unlink()
    assert message(run(root, T3)) is None


def test_the_seen_part_of_a_long_log_is_known_by_its_end(tmp_path: Path) -> None:
    write(tmp_path, {LOG: BAD + GOOD * 200})
    assert message(run(tmp_path, T0)) is not None
    assert message(run(tmp_path, T1)) is None
    append(tmp_path, GOOD * 200)
    assert message(run(tmp_path, T2)) is None
    seen = run(tmp_path, T3)["seen"]["tasks.jsonl"]
    assert (seen["offset"], seen["lines"]) == ((tmp_path / LOG).stat().st_size, 401)


def test_a_torn_line_is_said_once_though_it_stays_the_last(root: Path) -> None:
    append(root, GOOD[:-9])
    assert message(run(root, T0)) == "2 bad lines in tasks.jsonl, the first is line 2"
    assert message(run(root, T1)) is None
    append(root, GOOD[-9:])
    assert message(run(root, T2)) is None


@pytest.mark.parametrize("how", ["folder", "utf-16"])
def test_a_log_that_cannot_be_read_is_unknown_and_resolves_nothing(root: Path, how: str) -> None:
    run(root, T0)
    path = root / LOG
    held = path.read_bytes()
    path.unlink()
    if how == "folder":
        path.mkdir()
    else:
        path.write_text(GOOD, encoding="utf-16")
    answer = run(root, T1)
    assert verdict(answer) == "unknown"
    assert "log_damage" in conditions(answer)
    if how == "folder":
        path.rmdir()
    path.write_bytes(held)
    assert message(run(root, T2)) is None
    mine = [r["resolved_at"] for r in records(root) if r["condition"] == "log_damage"]
    assert mine == [T2]


def test_each_log_of_ours_is_looked_at(tmp_path: Path) -> None:
    names = ("tasks.jsonl", "metrics.jsonl", "monitor_resolutions.jsonl")
    write(tmp_path, {f"{LOGS}/{name}": "[]\n" for name in names})
    found = message(run(tmp_path, T0)) or ""
    assert [name in found for name in names] == [True] * 3
    append(tmp_path, metrics_line(T0) + "nothing\n", f"{LOGS}/metrics.jsonl")
    assert message(run(tmp_path, T1)) == "1 bad line in metrics.jsonl, the first is line 3"


def test_what_heal_resolve_has_seen_still_opens_an_issue(root: Path) -> None:
    assert run(root, T0, "heal-resolve")["issues"] == []
    assert message(run(root, T1)) is not None
    append(root, BAD)
    assert run(root, T2, "heal-resolve")["recorded"] == []
    assert message(run(root, T2)) is not None
    assert [record["condition"] for record in run(root, T3, "heal-resolve")["recorded"]] == [
        "log_damage"
    ]


def test_a_dry_run_forgets_what_it_has_seen(root: Path) -> None:
    before = snapshot(root)
    assert message(run(root, T0, "monitor", "--dry-run")) is not None
    assert snapshot(root) == before
    assert message(run(root, T0)) is not None


def test_what_was_seen_and_is_garbage_was_not_seen(root: Path) -> None:
    run(root, T0)
    run(root, T1)
    path = root / LOGS / "monitor_issues.json"
    book = json.loads(path.read_text())
    book["seen"] = {"tasks.jsonl": {"offset": -7}, "mine": 1}
    path.write_text(json.dumps(book))
    answer = run(root, T2)
    assert message(answer) is not None
    assert answer["seen"]["mine"] == 1


def test_it_asks_for_no_heal(root: Path) -> None:
    asked = run(root, T0, "monitor", "--heal")["heal_tasks"]
    assert "log_damage" not in [one["condition"] for one in asked]

"""A check in one process: what it keeps in the issues file, and how much of it."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_cli.domain.checks import Check
from pipeline_cli.domain.moments import parse_stamp
from pipeline_cli.errors import InputError
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import open_context
from pipeline_cli.load.monitor import check
from pipeline_cli.store.processes import host_name
from tests.support import event_line, pipeline, snapshot, write

T0, T1 = "2026-02-12T10:00:00Z", "2026-02-12T11:00:00Z"
LOGS = "api/logs"
ISSUES = f"{LOGS}/monitor_issues.json"


def look(root: Path, now: str = T1, *, persist: bool = False, **how: Any) -> Answer[Check]:
    environment = {"MONITOR_PERSIST_RESOLVED": "1"} if persist else {}
    return check(open_context(str(root), None, now, environment), **({"opening": True} | how))


def orphan(task: str = "t1") -> str:
    at = "2026-02-12T06:00:00Z"
    return event_line(task, "created", at, task_type="impl") + event_line(task, "started", at)


def book(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / ISSUES).read_text())
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, {f"{LOGS}/tasks.jsonl": orphan()})


def test_the_history_keeps_the_last_hundred_openings(root: Path) -> None:
    past = [{"at": T0, "condition": f"c{n}", "severity": "low"} for n in range(100)]
    write(root, {ISSUES: json.dumps({"issues": [], "history": past})})
    look(root)
    kept = [entry["condition"] for entry in book(root)["history"]]
    assert kept == [*(f"c{n}" for n in range(1, 100)), "orphan_running"]
    look(root)
    assert len(book(root)["history"]) == 100


def test_fifty_of_the_resolved_are_kept_where_asked_and_none_else(root: Path) -> None:
    past = [{"condition": f"c{n}", "resolved_at": T0} for n in range(50)]
    entry = {"id": "aaaaaaaa", "condition": "output_empty", "created_at": T0, "heal_task_id": "h"}
    start = json.dumps({"issues": [entry], "resolved": past})
    write(root, {ISSUES: start})
    look(root)
    assert book(root)["resolved"] == past
    write(root, {ISSUES: start, f"{LOGS}/monitor_resolutions.jsonl": ""})
    look(root, persist=True)
    *kept, last = book(root)["resolved"]
    assert kept == past[1:]
    assert last == {
        "condition": "output_empty",
        "resolved_at": T1,
        "heal_task_id": "h",
        "issue_id": "aaaaaaaa",
    }


@pytest.mark.parametrize("held", [b'{"issues": [', b"[]", "{}".encode("utf-16")])
def test_invalid_files_are_set_aside_under_names_of_their_own(root: Path, held: bytes) -> None:
    for _ in range(2):
        write(root, {ISSUES: held})
        found = look(root).findings
        assert "issues-set-aside" in [finding.code for finding in found]
        assert [entry["condition"] for entry in book(root)["issues"]] == ["orphan_running"]
    names = sorted(path.name for path in (root / LOGS).glob("*.invalid.json"))
    assert names == [f"monitor_issues.20260212T110000Z{n}.invalid.json" for n in ("", "-2")][::-1]
    assert {(root / LOGS / name).read_bytes() for name in names} == {held}


def test_a_file_that_cannot_be_read_ends_the_check(root: Path) -> None:
    (root / ISSUES).mkdir()
    before = snapshot(root)
    with pytest.raises(InputError, match="cannot be read"):
        look(root)
    left = snapshot(root)
    assert {name: data for name, data in left.items() if not name.endswith(".lock")} == before


def test_a_condition_that_cleared_before_the_window_is_remembered(root: Path) -> None:
    # A record of a killed run, whose condition the figures of the window do not hold any more.
    entry = {"id": "aaaaaaaa", "condition": "output_empty", "created_at": "2026-01-01T00:00:00Z"}
    record = {"condition": "output_empty", "resolved_at": "2026-01-02T00:00:00Z"}
    write(
        root,
        {
            ISSUES: json.dumps({"issues": [entry]}),
            f"{LOGS}/monitor_resolutions.jsonl": json.dumps(record | {"issue_id": "aaaaaaaa"})
            + "\n",
        },
    )
    seen = look(root).value
    assert seen.ledger.cleared == ("output_empty",)
    assert seen.ledger.resolved == ()


def test_the_last_clearing_is_known_without_any_plan_too(root: Path) -> None:
    """Where the figures cannot be told, the log of resolutions is read all the same."""
    (root / LOGS / "metrics.jsonl").mkdir()
    record = {"condition": "orphan_running", "resolved_at": T0, "issue_id": "before"}
    write(root, {f"{LOGS}/monitor_resolutions.jsonl": json.dumps(record) + "\n"})
    opened = [e for e in look(root).value.ledger.opened if e["condition"] == "orphan_running"]
    assert [entry["relapse_of"] for entry in opened] == ["before"]


SPEC = "---\nstatus: done\nsource:\n  - file: {}\n---\n# Work\n"


def specs(root: Path, **cited: str) -> None:
    write(root, {f"specs/{n[1:]}-x.md": SPEC.format(path) for n, path in cited.items()})


def false_done(root: Path) -> dict[str | None, dict[str, Any]]:
    found = [e for e in book(root)["issues"] if e["condition"] == "false_done"]
    return {e.get("subject"): e for e in found if not e["resolved_at"]}


def verdict(answer: Answer[Check], condition: str = "false_done") -> str:
    return next(r.verdict for r in answer.value.rulings if r.rule.condition == condition)


def test_a_claim_that_does_not_hold_opens_one_issue_and_asks_for_a_heal(root: Path) -> None:
    specs(root, s001="gone.py", s002="here.py")
    write(root, {"here.py": ""})
    look(root, T0, heal=True)
    (issue,) = false_done(root).values()
    assert issue["subject"] == "specs/001-x.md"
    assert "claims done, and it does not hold: core: file gone.py" in issue["message"]
    filed = (root / LOGS / "tasks.jsonl").read_text().splitlines()
    told = next(json.loads(f) for f in filed if json.loads(f)["task_id"] == issue["heal_task_id"])
    assert "specs/001-x.md:2 claims status: done:\ncore: file gone.py: " in told["direction"]
    assert "(specs/001-x.md:4)" in told["direction"]
    write(root, {"gone.py": ""})
    seen = look(root)
    assert "false_done" in seen.value.ledger.cleared
    assert verdict(seen) == "clear"


def test_issues_of_specs_stay_with_them_as_the_set_changes(root: Path) -> None:
    specs(root, **{f"s0{n}0": "gone.py" for n in range(1, 8)})
    look(root, T0)
    first = {subject: e["id"] for subject, e in false_done(root).items()}
    assert set(first) == {*(f"specs/0{n}0-x.md" for n in range(1, 6)), None}
    specs(root, s005="gone.py")  # comes before all of them
    look(root)
    assert {subject: e["id"] for subject, e in false_done(root).items()} == first
    specs(root, s020="specs/020-x.md")  # one is cured: the next of the rest takes its place
    look(root)
    after = {subject: e["id"] for subject, e in false_done(root).items()}
    assert after.pop("specs/005-x.md") not in first.values()
    assert after == {s: name for s, name in first.items() if s != "specs/020-x.md"}


@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("specs/001-x.md", "# A\n".encode("utf-16")),
        ("specs/001-x.md", None),
        ("specs/001-x.md", b"---\nstatus: done\n# torn"),
        ("docs/SPEC-COVERAGE.md", "# A\n".encode("utf-16")),
        ("docs/SPEC-COVERAGE.md", None),
        ("junit.xml", b"<testsuite><testcase"),
    ],
)
def test_claims_that_cannot_be_read_resolve_nothing(
    root: Path, path: str, held: bytes | None
) -> None:
    write(root, {"pipeline.toml": '[evidence]\njunit = ["*.xml"]\n'})
    specs(root, s001="gone.py")
    look(root, T0)
    before = false_done(root)["specs/001-x.md"]["id"]
    write(root, {"gone.py": ""})  # it would be clear, if only it could be read
    (root / path).unlink(missing_ok=True)
    if held is None:
        (root / path).mkdir(parents=True)
    else:
        write(root, {path: held})
    seen = look(root)
    if (path, held) == ("specs/001-x.md", None):  # a folder is no spec: nothing is claimed
        assert verdict(seen) == "clear"
        return
    assert verdict(seen) == "unknown"
    assert path in {finding.path for finding in seen.findings}
    issue = false_done(root)["specs/001-x.md"]
    assert (issue["id"], issue["unknown_since"]) == (before, T1)


def test_one_spec_that_cannot_be_read_holds_up_no_other(root: Path) -> None:
    specs(root, s001="gone.py", s002="gone.py")
    look(root, T0)
    before = {subject: e["id"] for subject, e in false_done(root).items()}
    write(root, {"specs/002-x.md": "# A\n".encode("utf-16")})
    assert verdict(look(root)) == "firing"
    after = false_done(root)
    assert {subject: e["id"] for subject, e in after.items()} == before
    assert after["specs/002-x.md"]["unknown_since"] == T1


def test_without_anything_that_could_claim_nothing_is_looked_at(root: Path) -> None:
    assert verdict(look(root)) == "clear"
    write(root, {"specs": b"a file where a folder belongs"})
    assert verdict(look(root)) == "clear"


def test_globs_of_reports_that_lead_out_are_unknown_and_end_nothing(root: Path) -> None:
    write(root, {"pipeline.toml": '[evidence]\njunit = ["../*.xml"]\n'})
    specs(root, s001="gone.py")
    assert verdict(look(root)) == "unknown"


RULE_INPUTS = {
    "tasks.jsonl": (
        "no_task_running",
        "low_phase_coverage",
        "orphan_running",
        "needs_decision",
        "repeated_failures",
        "output_empty",
        "executor_fail",
    ),
    "metrics.jsonl": ("low_success_rate",),
    "agent_runner.log": ("runner_log_errors",),
    "heartbeat.json": ("runner_pm_not_seen", "stale_version"),
    "project_manager_state.json": ("needs_decision", "phase_6_7_not_worked"),
    "project_manager_state_overnight.json": ("needs_decision", "phase_6_7_not_worked"),
}
FORMS = {
    "utf-16": '{"status": "x"}\n'.encode("utf-16"),
    "utf-32": '{"status": "x"}\n'.encode("utf-32"),
    "folder": None,
    "torn": b'{"task_id": "t1", "eve',
}


def replace(root: Path, path: str, form: str) -> None:
    """Put something that cannot be read where a file lies, or would lie."""
    target = root / path
    target.unlink(missing_ok=True)
    held = FORMS[form]
    if held is None:
        target.mkdir(parents=True)
    else:
        write(root, {path: held})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", RULE_INPUTS)
def test_an_input_that_cannot_be_read_resolves_nothing(root: Path, name: str, form: str) -> None:
    if (name, form) == ("agent_runner.log", "torn"):
        return  # text of any kind is a log
    conditions = RULE_INPUTS[name]
    entries = [
        {"id": f"{n:08}", "condition": condition, "created_at": T0}
        for n, condition in enumerate(conditions)
    ]
    write(root, {ISSUES: json.dumps({"issues": entries})})
    replace(root, f"{LOGS}/{name}", form)
    seen = look(root)
    assert {c: verdict(seen, c) for c in conditions} == dict.fromkeys(conditions, "unknown")
    kept = {e["condition"]: e["id"] for e in book(root)["issues"]}
    assert {c: kept[c] for c in conditions} == {e["condition"]: e["id"] for e in entries}
    assert not (root / LOGS / "monitor_resolutions.jsonl").exists()
    found = {finding.path for finding in seen.findings}
    assert f"{LOGS}/{name}" in found


@pytest.mark.parametrize("form", ["utf-16", "folder"])
def test_a_backlog_that_cannot_be_read_leaves_the_plan_unknown(root: Path, form: str) -> None:
    replace(root, "backlog/006-overnight-backlog.md", form)
    seen = look(root)
    for condition in ("phase_6_7_not_worked", "needs_decision", "runner_pm_not_seen"):
        assert verdict(seen, condition) == "unknown"


def test_an_input_without_permission_is_unknown(root: Path) -> None:
    (root / LOGS / "tasks.jsonl").chmod(0)
    # Root may read everything, unless it gives that up.
    given_up = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    prefix = given_up if os.geteuid() == 0 else ()
    answer = pipeline(root, "monitor", "--dry-run", "--json", prefix=prefix).json
    rules = {rule["condition"]: rule["answer"] for rule in answer["rules"]}
    assert rules["orphan_running"] == "unknown"


def test_a_log_with_one_good_line_is_read(root: Path) -> None:
    write(root, {f"{LOGS}/tasks.jsonl": "{torn\n" + orphan() + "{torn"})
    assert verdict(look(root), "orphan_running") == "firing"


@pytest.mark.parametrize("form", ["utf-16", "folder"])
def test_what_clears_is_not_recorded_into_a_log_that_cannot_be_read(root: Path, form: str) -> None:
    look(root, T0)
    held = (root / ISSUES).read_bytes()
    write(root, {f"{LOGS}/tasks.jsonl": event_line("t", "created", T0, task_type="impl")})
    replace(root, f"{LOGS}/monitor_resolutions.jsonl", form)
    with pytest.raises(InputError):
        look(root)
    assert (root / ISSUES).read_bytes() == held


def test_the_first_check_is_stamped_and_heal_resolve_is_none(root: Path) -> None:
    look(root, opening=False)
    assert book(root)["last_check"] is None
    look(root)
    assert parse_stamp(book(root)["last_check"]) == parse_stamp(T1)


#: What may happen to a task between two checks; a lost one ran in a process that is gone.
STEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "created": ("created", {"task_type": "impl"}),
    "started": ("started", {}),
    "lost": ("started", {"host": host_name(), "pid": 2**22 + 1, "pid_started": 1}),
    "silent": ("finished", {"status": "completed", "output_chars": 0}),
    "failed": ("finished", {"status": "failed", "output_chars": 5}),
    "asks": ("needs_decision", {"question": "which?"}),
}
ROUNDS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(sorted(STEPS))), max_size=6),
        st.booleans(),
        st.booleans(),
        st.sampled_from(["", "{torn", "\n"]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=25, deadline=None)
@given(ROUNDS)
def test_a_rehearsed_check_leaves_what_a_check_writes(rounds: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        root = write(Path(folder), {f"{LOGS}/tasks.jsonl": ""})
        for hour, (steps, opening, heal, tail) in enumerate(rounds):
            lines = [
                event_line(name, event, f"2026-02-12T0{hour}:00:00Z", **fields)
                for name, (event, fields) in ((name, STEPS[step]) for name, step in steps)
            ]
            with (root / LOGS / "tasks.jsonl").open("a") as file:
                file.write("".join(lines) + tail)
            how = {"opening": opening, "heal": heal and opening}
            before = snapshot(root)
            context = open_context(str(root), None, f"2026-02-12T0{hour + 3}:00:00Z", {})
            context.workspace.rehearse()
            dry = check(context, **how, dry_run=True)
            assert snapshot(root) == before
            names = ("tasks.jsonl", "metrics.jsonl", "monitor_resolutions.jsonl")
            paths = [ISSUES, *(f"{LOGS}/{name}" for name in names)]
            shown = {path: b"".join(context.workspace.blocks(path)) for path in paths}
            wet = look(root, f"2026-02-12T0{hour + 3}:00:00Z", **how)
            written = {path: data for path, data in snapshot(root).items() if ".lock" not in path}
            assert shown == dict.fromkeys(paths, b"") | written
            assert (dry.value.book, dry.findings) == (wet.value.book, wet.findings)
            assert dry.value.report == wet.value.report

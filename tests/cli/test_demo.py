"""The demo: the same bytes on every run, and figures that its folder confirms."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest

from pipeline_cli.commands.demo import unpack
from pipeline_cli.commands.demo_steps import MORNING
from pipeline_cli.domain.attention import FLAGS
from pipeline_cli.domain.catalog.findings import FINDINGS
from pipeline_cli.load.context import open_context
from pipeline_cli.render.demo import CLOCK
from tests.demo_story import PACKAGED, REPORT, report_of_tests, story
from tests.support import CRON_ENVIRONMENT, Ran, pipeline, snapshot, write

#: The codes that no planted fault can raise in a report, and why.
NOT_PLANTED = {
    # They keep a command from its job, and are no findings of a report.
    "busy",
    "command-not-run",
    "config",
    "git",
    "input",
    "internal",
    "report-missing",
    "no-workspace",
    "root-missing",
    "usage",
    # They keep the meta questions from being asked, or are a note of who asks them.
    "answers-set-aside",
    "meta-asked",
    "meta-last-run-unusable",
    "questions-missing",
    "questions-no-table",
    # Only who asks for one task by its id can meet it.
    "task-archived",
    # Only a commit can meet them.
    "git-edits",
    "git-hook",
    "git-identity",
    "git-locked",
    "git-missing",
    "git-moved",
    "git-signature",
    "git-state",
    # Only a write can meet them.
    "file-changed",
    "file-exists",
    "folder-not-empty",
    "heal-no-runner",
    "issue-unknown",
    "issues-set-aside",
    "item-not-next",
    "lock-unusable",
    "locked",
    "task-lost",
    "notify-failed",
    "write-refused",
    # The demo's test report is as pytest wrote it.
    "junit-case-unnamed",
    "junit-future-stamp",
    "junit-invalid",
    "junit-naive-stamp",
    "junit-no-cases",
    "junit-no-match",
    "junit-not-all",
    "junit-not-report",
    "junit-refused",
    "junit-stamp",
    "junit-suite-error",
    # Without these documents there is no answer that could report it.
    "cov-missing",
    "cov-no-table",
    "evidence-too-much",
    "specs-missing",
    "status-missing",
    "test-count-unknown",
    # A log that shrinks while it is read, one beyond 8 MiB, a document beyond 64 MiB.
    "log-changed",
    # They come of clocks and cursors, of which the demo has none that is wrong.
    "state-cursor-outside",
    "state-future-stamp",
    "log-disorder",
    "too-large",
}
#: How a question of the demo is asked again.
TYPED = {
    "verify": f"verify --junit {REPORT}",
    "rotate": "rotate --count 10",
    "meta-check": "meta-check --dry-run",
    "update-coverage": "update-coverage --check",
}
#: The date of the demo's commits, for git.
DATED = {"GIT_AUTHOR_DATE": CLOCK, "GIT_COMMITTER_DATE": CLOCK}
HOSTILE_SETTINGS = """[commit]
    gpgsign = true
[core]
    hooksPath = {home}/hooks
    autocrlf = true
[init]
    defaultBranch = elsewhere
    templateDir = {home}/template
[user]
    name = Somebody
    email = somebody@example.org
"""


class Kept(NamedTuple):
    """A demo that was kept: its folder, and what `--json` said when it was made."""

    folder: Path
    json: dict[str, Any]

    def step(self, name: str) -> list[dict[str, Any]]:
        """Return what the steps of a command in the night have answered."""
        return [one["answer"] for one in self.json["steps"] if one["command"].split()[0] == name]

    def findings(self) -> Iterator[dict[str, Any]]:
        for answer in self.json["answers"].values():
            yield from answer["findings"]
        for answers in self.json["damaged"].values():
            for answer in answers.values():
                yield from answer["findings"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("demo") / "kept"
    return Kept(folder, pipeline(None, "demo", "--json", "--keep", str(folder), now=None).json)


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env=CRON_ENVIRONMENT,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def hostile_home(home: Path) -> Path:
    """Make a home whose git signs with a key that is not there, and whose hooks refuse."""
    refusal = "#!/bin/sh\nexit 1\n"
    write(
        home,
        {
            ".gitconfig": HOSTILE_SETTINGS.format(home=home),
            "hooks/pre-commit": refusal,
            "template/hooks/commit-msg": refusal,
            ".config/git/ignore": "*.jsonl\n",
            ".config/git/attributes": "* text eol=crlf\n",
        },
    )
    for hook in ("hooks/pre-commit", "template/hooks/commit-msg"):
        (home / hook).chmod(0o755)
    return home


def without_meta(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without its envelope, and without the name of this machine."""
    for event in answer.get("recorded", ()):
        event.pop("host", None)
    return {key: value for key, value in answer.items() if key != "meta"}


def ask(folder: Path, typed: str, at: str = CLOCK, **environment: str) -> Ran:
    """Type a line in a folder, as somebody who went there would."""
    return pipeline(None, *shlex.split(typed), "--json", now=at, cwd=folder, env=environment)


def test_what_is_packaged_is_that_of_the_story() -> None:
    for name, data in story().items():
        assert (PACKAGED / name).read_bytes() == data, (
            f"run `python -m tests.demo_story` for {name}"
        )


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_two_runs_print_the_same_bytes(form: tuple[str, ...]) -> None:
    first = pipeline(None, "demo", *form, now=None)
    others = {"HOME": "/nowhere", "PIPELINE_WINDOW_DAYS": "3", "PIPELINE_META_BACKLOG": "/x.md"}
    second = pipeline(None, "demo", *form, now="2030-01-01T00:00:00Z", env=others)
    assert first.code == second.code == 0
    assert first.out == second.out
    assert first.err == second.err == ""


def test_the_answers_are_those_of_the_commands_run_again_in_its_folder(kept: Kept) -> None:
    answers = kept.json["answers"]
    assert sorted(answers) == sorted(
        ("align", "effectiveness", "metrics", "status", "tasks", "verify", "rotate")
    )
    for name, answer in answers.items():
        assert without_meta(ask(kept.folder, TYPED.get(name, name)).json) == answer


def test_the_damaged_folders_answer_the_same_when_they_are_asked_again(kept: Kept) -> None:
    folders = {f"damaged/{path.name}" for path in (kept.folder / "damaged").iterdir()}
    assert set(kept.json["damaged"]) == folders
    for place, answers in kept.json["damaged"].items():
        for name, answer in answers.items():
            typed = "verify" if name == "verify" else TYPED.get(name, name)
            again = pipeline(kept.folder / place, *typed.split(), "--json", now=CLOCK).json
            assert without_meta(again) == answer


def test_the_night_is_the_same_when_it_is_typed_again(kept: Kept, tmp_path: Path) -> None:
    """Every step as its own process, in a folder that was unpacked and not gone through."""
    unpack(open_context(str(tmp_path), None, CLOCK, {}))
    for one in kept.json["steps"]:
        again = ask(tmp_path, one["command"], one["at"], **DATED)
        assert without_meta(again.json) == one["answer"], one["command"]
    assert git(tmp_path, "rev-parse", "HEAD") == git(kept.folder, "rev-parse", "HEAD")


def test_an_issue_opens_is_healed_clears_and_relapses(kept: Kept) -> None:
    first, last = kept.step("monitor")
    (cleared,) = kept.step("heal-resolve")
    condition = "repeated_failures"
    (opened,) = (issue for issue in first["issues"] if issue["condition"] == condition)
    (filed,) = (heal for heal in first["heal_tasks"] if heal["condition"] == condition)
    heal = next(one["task"] for one in kept.step("task") if one["task"]["status"] == "completed")
    assert heal["id"] == filed["task_id"]
    (record,) = (one for one in cleared["recorded"] if one["condition"] == condition)
    assert record["attribution"] == "completed"
    assert (record["heal_task_id"], record["issue_id"]) == (heal["id"], opened["id"])
    (again,) = (issue for issue in last["issues"] if issue["condition"] == condition)
    assert again["relapse_of"] == opened["id"]
    ledger = kept.json["answers"]["effectiveness"]["heal"]
    assert (ledger["attributed"], ledger["relapsed"]) == (1, 1)
    assert ledger["net"] == ledger["attributed"] + ledger["assumed"] - ledger["relapsed"]


def test_one_spec_is_promoted_by_its_tests_and_committed(kept: Kept) -> None:
    (update,) = kept.step("update-coverage")
    promoted = {change["spec"] for change in update["changes"] if change["kind"] == "promoted"}
    assert promoted == {"002-gauge-import"}
    names = ["docs/SPEC-COVERAGE.md", "docs/STATUS.md"]
    assert update["commit"]["paths"] == names
    assert git(kept.folder, "show", "--format=", "--name-only").split("\n") == names


def test_one_done_is_not_true(kept: Kept) -> None:
    verified = kept.json["answers"]["verify"]
    false = [one["spec"] for one in verified["specs"] if one["verdict"] == "contradicted"]
    assert false == ["005-leap-days"]
    assert verified["summary"]["contradicted"] == 1


def test_the_checklist_was_due_and_one_answer_is_no(kept: Kept) -> None:
    (asked,) = kept.step("meta-check")
    assert (asked["due"], asked["ran"]) == (True, True)
    (no,) = (one for one in asked["answers"] if one["answer"] == "no")
    assert no["action"]
    assert kept.json["answers"]["status"]["meta_questions"]["failed"] == [no["id"]]


def test_two_of_ten_slots_work_on_the_pipeline_itself(kept: Kept) -> None:
    slots = kept.json["answers"]["rotate"]["slots"]
    assert [slot["backlog"] for slot in slots] == (["meta"] + ["product"] * 4) * 2


def test_the_report_is_the_one_that_pytest_writes_of_the_packaged_project() -> None:
    # Another pytest may write further attributes; the cases are the same.
    assert cases_of((PACKAGED / REPORT).read_bytes()) == cases_of(report_of_tests())


def cases_of(report: bytes) -> list[tuple[str | None, str | None, list[str]]]:
    """Return class, name and troubles of each case of a report."""
    return [
        (case.get("classname"), case.get("name"), [trouble.tag for trouble in case])
        for case in ElementTree.fromstring(report).iter("testcase")
    ]


def test_the_night_is_printed_as_its_commands_print_it(kept: Kept) -> None:
    text = pipeline(None, "demo", now=None).text
    (update,), (asked,) = kept.step("update-coverage"), kept.step("meta-check")
    no = next(one for one in asked["answers"] if one["answer"] == "no")
    words = " ".join(text.split())
    assert no["question"] in words
    assert f"→ {no['action']}" in words
    assert f"committed {update['commit']['sha'][:12]} on main" in words
    assert git(kept.folder, "show", "--stat") in text
    for answer in kept.step("monitor"):
        (issue,) = (one for one in answer["issues"] if one["condition"] == "repeated_failures")
        assert f"repeated_failures  {issue['id']}, new" in text


def test_the_printed_figures_are_those_of_json(kept: Kept) -> None:
    text = pipeline(None, "demo", now=None).text
    answers = kept.json["answers"]
    figures, aligned = answers["effectiveness"], answers["align"]
    sample, trend = figures["samples"], figures["trend"]
    assert f"a backlog of {aligned['items']['total']} items" in " ".join(text.split())
    assert f"{answers['metrics']['reading']['records']:,} finished tasks" in text
    assert f"{sample['throughput']} of {sample['success_rate']} finished tasks" in text
    assert f"{trend['tasks_per_day']} → {figures['throughput']['tasks_per_day']} a day" in text
    assert f"Out of line ({len(aligned['findings'])})" in text


def test_every_line_of_the_morning_prints_in_the_kept_folder_what_the_demo_printed(
    kept: Kept,
) -> None:
    text = pipeline(None, "demo", now=None).text
    morning = text[text.index("The morning: ") : text.index("Beside it lie")]
    first, *steps = morning.split("\n$ pipeline ")
    assert first.strip() == "The morning: what you type; nothing of it writes"
    assert len(steps) == len(MORNING)
    for step in steps:
        typed, _, printed = step.split("\n", 2)
        again = subprocess.run(
            ["sh", "-c", f"{shlex.quote(sys.executable)} -m pipeline_cli --now {CLOCK} {typed}"],
            env=CRON_ENVIRONMENT,
            cwd=kept.folder,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        assert again.strip() == printed.strip(), typed


def test_the_end_names_every_flag_and_every_code_that_was_found(kept: Kept) -> None:
    text = pipeline(None, "demo", now=None).text
    found = {json.dumps(f) for answer in kept.json["answers"].values() for f in answer["findings"]}
    false = kept.json["answers"]["verify"]["summary"]["contradicted"]
    assert f"What was wrong: {len(FLAGS)} flags, {false} false ✓, {len(found)} findings\n" in text
    end = text[text.index("Beside it lie") :].replace(",", " ").split()
    assert set(FLAGS) <= set(end)
    assert {finding["code"] for finding in kept.findings()} <= set(end)


def test_the_readme_shows_what_status_says_in_the_kept_folder(kept: Kept) -> None:
    status = pipeline(kept.folder, "status", now=CLOCK).text
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f"```text\n{status}```" in readme


def test_every_finding_code_is_planted(kept: Kept) -> None:
    known = {entry.name for entry in FINDINGS}
    assert known >= NOT_PLANTED
    assert {finding["code"] for finding in kept.findings()} == known - NOT_PLANTED


def test_every_attention_flag_is_raised(kept: Kept) -> None:
    assert kept.json["answers"]["tasks"]["attention"]["flags"] == list(FLAGS)


def test_the_project_is_as_large_as_it_is_said_to_be(kept: Kept) -> None:
    answers = kept.json["answers"]
    assert answers["metrics"]["reading"]["records"] >= 1000
    assert answers["align"]["items"]["total"] >= 30
    assert answers["effectiveness"]["issues"]["open"]
    assert answers["effectiveness"]["issues"]["resolved_7d"]


def test_the_kept_folder_is_a_repository_in_which_the_logs_alone_have_changed(kept: Kept) -> None:
    assert git(kept.folder, "rev-parse", "--show-toplevel") == str(kept.folder)
    changed = git(kept.folder, "status", "--porcelain", "--ignored").split("\n")
    assert all(line.split()[1].startswith("api/logs/") for line in changed)
    assert git(kept.folder, "rev-list", "--count", "HEAD") == "2"
    dates = git(kept.folder, "log", "--format=%aI %cI %an %ae").split("\n")
    at = CLOCK.replace("Z", "+00:00")
    assert dates == [f"{at} {at} Pipeline demo demo@pipeline.invalid"] * 2
    assert git(kept.folder, "config", "--local", "user.name") == "Pipeline demo"


def test_settings_and_hooks_of_the_user_do_not_change_the_commit(
    kept: Kept, tmp_path: Path
) -> None:
    home = hostile_home(tmp_path / "home")
    folder = tmp_path / "again"
    environment = {
        "HOME": str(home),
        "GIT_AUTHOR_NAME": "Somebody",
        "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z",
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "CI": "true",
        "TEST_COUNT": "3",
        "PIPELINE_AUTO_COMMIT": "0",
        "GIT_DIR": str(tmp_path / "elsewhere"),
        "GIT_TEMPLATE_DIR": str(home / "template"),
    }
    ran = pipeline(None, "demo", "--keep", str(folder), now=None, env=environment)
    assert (ran.code, ran.err) == (0, "")
    assert not (tmp_path / "elsewhere").exists()
    assert git(folder, "rev-parse", "HEAD") == git(kept.folder, "rev-parse", "HEAD")
    assert git(folder, "symbolic-ref", "HEAD") == git(kept.folder, "symbolic-ref", "HEAD")


def test_without_git_the_folder_is_none_and_the_answers_are_the_same(
    kept: Kept, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    environment = {"PATH": str(tmp_path)}
    ran = pipeline(None, "demo", "--json", "--keep", str(folder), now=None, env=environment)
    assert ran.code == 0
    assert ran.err == "git is not installed, so the demo's folder is no repository\n"
    assert not (folder / ".git").exists()
    answers = ran.json["answers"]
    assert answers == kept.json["answers"]
    (update,) = Kept(folder, ran.json).step("update-coverage")
    assert update == {**kept.step("update-coverage")[0], "commit": None}
    assert ran.json["steps"][:-1] == kept.json["steps"][:-1]


def test_what_to_type_in_the_kept_folder_answers_there(tmp_path: Path) -> None:
    folder = tmp_path / "my demo"
    wide = {"COLUMNS": "500"}
    text = pipeline(None, "demo", "--keep", str(folder), now=None, env=wide).text
    typed = text.partition("Play with it: ")[2]
    shown = subprocess.run(
        ["sh", "-c", typed.replace("pipeline", f"{sys.executable} -m pipeline_cli", 1)],
        env={**CRON_ENVIRONMENT, **wide},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert shown.split("\n")[0] in text


def test_a_folder_with_anything_in_it_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    ran = pipeline(None, "demo", "--keep", str(tmp_path), now=None)
    assert ran.code == 3
    assert "folder-not-empty" in ran.err
    assert snapshot(tmp_path) == {"mine.txt": b"mine"}


def test_nothing_is_left_behind_without_keep(tmp_path: Path) -> None:
    pipeline(None, "demo", now=None, env={"TMPDIR": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []

"""The demo: the same bytes on every run, and figures that its folder confirms."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipeline_cli.domain.attention import FLAGS
from pipeline_cli.domain.catalog.findings import FINDINGS
from pipeline_cli.render.demo import CLOCK
from tests.demo_story import PACKAGED, story
from tests.support import CRON_ENVIRONMENT, pipeline, snapshot, write

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
    "root-missing",
    "usage",
    # Only who asks the meta questions meets them.
    "answers-set-aside",
    "meta-asked",
    "meta-last-run-unusable",
    "question-check-unknown",
    "question-empty",
    "question-repeats",
    "questions-missing",
    "questions-no-table",
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
    # The demo has no test reports.
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
    # Only update-coverage and verify read coverage documents; the demo has none yet.
    "cov-label-missing",
    "cov-mark-unknown",
    "cov-missing",
    "cov-no-table",
    "cov-row-cells",
    "cov-row-repeats",
    "cov-second-table",
    "cov-stray-rows",
    "row-ambiguous",
    "specs-missing",
    "test-count-unknown",
    # A log that shrinks while it is read, one beyond 8 MiB, a document beyond 64 MiB.
    "log-changed",
    # They come of clocks and cursors, of which the demo has none that is wrong.
    "state-cursor-outside",
    "state-future-stamp",
    "log-disorder",
    "too-large",
}
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
    return {key: value for key, value in answer.items() if key != "meta"}


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
    assert sorted(answers) == ["align", "effectiveness", "metrics", "status", "tasks"]
    for name, answer in answers.items():
        again = pipeline(kept.folder, name, "--json", now=CLOCK).json
        assert without_meta(again) == answer


def test_the_damaged_folders_answer_the_same_when_they_are_asked_again(kept: Kept) -> None:
    folders = {f"damaged/{path.name}" for path in (kept.folder / "damaged").iterdir()}
    assert set(kept.json["damaged"]) == folders
    for place, answers in kept.json["damaged"].items():
        for name, answer in answers.items():
            again = pipeline(kept.folder / place, name, "--json", now=CLOCK).json
            assert without_meta(again) == answer


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


def test_the_end_names_every_flag_and_every_code_that_was_found(kept: Kept) -> None:
    text = pipeline(None, "demo", now=None).text
    found = {json.dumps(f) for answer in kept.json["answers"].values() for f in answer["findings"]}
    assert f"What was wrong: {len(FLAGS)} flags, {len(found)} findings\n" in text
    end = text[text.index("Beside it lie") :].replace(",", " ").split()
    assert set(FLAGS) <= set(end)
    assert {finding["code"] for finding in kept.findings()} <= set(end)


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


def test_the_kept_folder_is_a_repository_in_which_all_is_committed(kept: Kept) -> None:
    assert git(kept.folder, "rev-parse", "--show-toplevel") == str(kept.folder)
    assert git(kept.folder, "status", "--porcelain", "--ignored") == ""
    assert git(kept.folder, "rev-list", "--count", "HEAD") == "1"
    assert git(kept.folder, "log", "-1", "--format=%aI") == CLOCK.replace("Z", "+00:00")


def test_settings_and_hooks_of_the_user_do_not_change_the_commit(
    kept: Kept, tmp_path: Path
) -> None:
    home = hostile_home(tmp_path / "home")
    folder = tmp_path / "again"
    environment = {
        "HOME": str(home),
        "GIT_AUTHOR_NAME": "Somebody",
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
    assert ran.json == kept.json


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

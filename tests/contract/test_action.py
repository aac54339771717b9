"""The action and the hooks: what GitHub and pre-commit read, and the steps run as GitHub does."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline_cli import __version__
from tests.support import backlog_text, write

ROOT = Path(__file__).resolve().parents[2]
ACTION = ROOT / "action.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
STEP_KEYS = {"name", "id", "if", "shell", "env", "run", "uses", "with", "working-directory"}
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = load(ACTION)["runs"]["steps"]
    return listed


def test_the_action_has_the_keys_it_needs_and_no_other() -> None:
    action = load(ACTION)
    assert {"name", "description", "runs"} <= set(action)
    assert set(action) <= {"name", "description", "author", "branding", "inputs", "outputs", "runs"}
    assert set(action["runs"]) == {"using", "steps"}
    assert action["runs"]["using"] == "composite"
    for name, given in action["inputs"].items():
        assert re.fullmatch(r"[a-z][a-z-]*", name)
        assert {"description", "default"} == set(given)
        # GitHub hands on texts alone; YAML would make a boolean of true.
        assert isinstance(given["default"], str)
    for given in action["outputs"].values():
        assert {"description", "value"} == set(given)


def test_every_step_names_its_shell_and_takes_inputs_from_its_environment_alone() -> None:
    inputs = load(ACTION)["inputs"]
    taken = set()
    for step in steps():
        assert {"name", "shell", "run"} <= set(step) <= STEP_KEYS
        assert step["shell"] == "bash"
        assert not EXPRESSION.search(step["run"]), "data in a script is a script"
        for name, value in step.get("env", {}).items():
            used = EXPRESSION.fullmatch(value)
            assert used, value
            source = used[1].strip().removeprefix("inputs.")
            assert name == "INPUT_" + source.replace("-", "_").upper()
            taken.add(source)
            assert f"${name}" in step["run"], "an input that nothing reads"
    assert taken == set(inputs)


def test_the_outputs_come_from_steps_that_exist() -> None:
    ids = {step.get("id") for step in steps()}
    for given in load(ACTION)["outputs"].values():
        used = re.fullmatch(r"\$\{\{ steps\.([\w-]+)\.outputs\.([\w-]+) \}\}", given["value"])
        assert used
        assert used[1] in ids


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("step", steps(), ids=lambda step: step["name"])
def test_a_linter_of_scripts_finds_nothing(step: dict[str, Any]) -> None:
    check = ["shellcheck", "--shell=bash", "-"]
    done = subprocess.run(check, input=step["run"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_linter_of_actions_finds_nothing() -> None:
    program = Path(sys.executable).parent / "zizmor"
    words = ["--offline", "--no-progress", "--min-severity=medium"]
    command = [str(word) for word in (program, *words, ACTION, *WORKFLOWS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_hooks_have_the_keys_that_pre_commit_needs() -> None:
    hooks = load(HOOKS)
    assert [hook["id"] for hook in hooks] == ["pipeline-verify", "pipeline-align"]
    for hook in hooks:
        assert {"id", "name", "entry", "language"} <= set(hook)
        assert hook["language"] == "python"
        # The whole tree is looked at, so that every commit is looked at, once.
        assert hook["pass_filenames"] is False
        assert hook["always_run"] is True
        assert hook["entry"] == f"pipeline {hook['id'].removeprefix('pipeline-')} --check"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_and_nothing_else(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    # YAML reads the key `on` as a boolean.
    assert "pull_request_target" not in workflow[True]
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            assert set(step) <= STEP_KEYS
            assert ("run" in step) != ("uses" in step)
            assert not EXPRESSION.search(step.get("run", ""))


HOSTILE = [
    "$(touch made)`touch made`; touch made",
    "' && touch made #",
    '"; touch made; "',
    "a\ntouch made\n$(touch made)",
    "${IFS}\\$(touch made)\\",
    "a b  c\t*",
    "x[$(touch made)]",
    "-n",
    "é\U0001f680 \u202e",
    "",
]
#: What GitHub would take for a command of the log, at the begin of a line or anywhere in it.
COMMANDS = [
    "x\n::warning::made",
    "##[warning]made",
    "x\n::set-output name=exit-code::made",
    "%0A::x",
]
STARTS_A_COMMAND = re.compile(r"^\s*::(?!error title=pipeline::)|##\[", re.MULTILINE)


def step_that_reads(name: str) -> int:
    """Return the number of the one step that an input is handed to."""
    (number,) = (n for n, step in enumerate(steps()) if f"inputs.{name} " in str(step["env"]))
    return number


class Runner:
    """A machine as GitHub gives one: a checkout, a folder for the run, and files for answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.action = folder / "action"
        for name in ("pyproject.toml", "README.md", "LICENSE", "action.yml"):
            (self.action).mkdir(exist_ok=True)
            shutil.copy(ROOT / name, self.action / name)
        shutil.copytree(
            ROOT / "pipeline_cli",
            self.action / "pipeline_cli",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        (folder / "temp").mkdir()

    def step(
        self, number: int, workspace: Path, inputs: Mapping[str, str]
    ) -> tuple[subprocess.CompletedProcess[str], str, str]:
        """Run a step; return it, what it wrote as outputs, and its summary."""
        files = {name: self.folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in files.values():
            path.write_text("")
        step = steps()[number]
        environment = {
            # The interpreter of the tests is the one that is found.
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "GITHUB_ACTION_PATH": str(self.action),
            "RUNNER_TEMP": str(self.folder / "temp"),
            **{name: str(path) for name, path in files.items()},
        }
        defaults = {name: given["default"] for name, given in load(ACTION)["inputs"].items()}
        for name, value in step["env"].items():
            source = value.removeprefix("${{ inputs.").removesuffix(" }}")
            environment[name] = {**defaults, **inputs}[source]
        script = self.folder / "script.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=workspace,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return done, files["GITHUB_OUTPUT"].read_text(), files["GITHUB_STEP_SUMMARY"].read_text()


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    made = Runner(tmp_path_factory.mktemp("runner"))
    done, _, _ = made.step(0, made.folder, {})
    if "No matching distribution" in done.stderr or "Connection" in done.stderr:
        pytest.skip("pip reaches no package index")
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return write(
        tmp_path, {"backlog/006-overnight-backlog.md": backlog_text({1: 2}) + "[x](specs/9.md)\n"}
    )


def test_the_tool_is_that_of_the_checkout(runner: Runner) -> None:
    for version, code in ((__version__, 0), ("9.9.9", 2), ("", 0)):
        done, _, _ = runner.step(0, runner.folder, {"version": version})
        assert done.returncode == code, done.stderr
        assert ("::error" in done.stdout) is bool(code)
    tool = runner.folder / "temp" / "pipeline-tool" / "bin" / "python"
    program = "import pipeline_cli; print(pipeline_cli.__file__)"
    where = subprocess.run(
        [tool, "-c", program], cwd=runner.folder, capture_output=True, text=True, check=True
    )
    assert where.stdout.startswith(str(runner.folder / "temp"))


def test_a_command_is_run_with_its_arguments(runner: Runner, workspace: Path) -> None:
    inputs = {"command": "align", "args": "--json\n  --now 2026-02-12T18:00:00Z", "format": ""}
    done, output, summary = runner.step(1, workspace, inputs)
    assert done.returncode == 0, done.stderr
    assert '"pipeline/align"' in done.stdout
    assert output == "exit-code=0\n"
    assert summary == ""


def test_the_exit_code_of_a_gate_is_that_of_the_step(runner: Runner, workspace: Path) -> None:
    done, output, _ = runner.step(
        1, workspace, {"command": "align", "args": "--check", "format": ""}
    )
    assert done.returncode == 1
    assert output == "exit-code=1\n"


def test_the_folder_of_the_workspace_can_be_another(runner: Runner, workspace: Path) -> None:
    inputs = {"command": "align", "args": "--json", "format": "", "working-directory": "nowhere"}
    assert runner.step(1, workspace, inputs)[0].returncode == 2
    done, _, _ = runner.step(1, workspace.parent, {**inputs, "working-directory": workspace.name})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", load(ACTION)["inputs"])
def test_no_input_is_run_by_a_shell(runner: Runner, workspace: Path, name: str) -> None:
    number = step_that_reads(name)
    for code in HOSTILE:
        done, output, _ = runner.step(number, workspace, {name: code})
        assert "syntax error" not in done.stderr
        assert re.fullmatch(r"(?:exit-code=[0-9]+\n)?", output), (code, output)
    assert not list(workspace.rglob("made"))
    assert not list(runner.folder.rglob("made"))


@pytest.mark.parametrize("name", load(ACTION)["inputs"])
@pytest.mark.parametrize("text", COMMANDS)
def test_no_input_starts_a_command_of_the_log(
    runner: Runner, workspace: Path, name: str, text: str
) -> None:
    done, output, _ = runner.step(step_that_reads(name), workspace, {name: text})
    assert not STARTS_A_COMMAND.search(done.stdout + done.stderr), done
    assert re.fullmatch(r"(?:exit-code=[0-9]+\n)?", output)


def test_what_is_contradicted_is_annotated_and_summed_up(runner: Runner, tmp_path: Path) -> None:
    spec = "---\nstatus: done\nsource: gone.py\ntest: pytest tests/test_a.py\n---\n# A\n"
    case = '<testcase classname="tests.test_a" name="test_a"/>'
    report = f"<testsuite>{case}</testsuite>"
    test = "def test_a():\n    pass\n"
    write(tmp_path, {"specs/001-a.md": spec, "tests/test_a.py": test, "r/a b.xml": report})
    inputs = {"junit": "\n  r/*.xml\n"}
    done, output, summary = runner.step(1, tmp_path, inputs)
    assert (done.returncode, output) == (0, "exit-code=0\n"), done.stderr
    assert done.stdout.startswith("::error ")
    assert "gone.py" in done.stdout
    assert "gone.py" in summary
    done, output, summary = runner.step(1, tmp_path, {**inputs, "args": "--check"})
    assert (done.returncode, output, bool(summary)) == (1, "exit-code=1\n", True)
    done, _, summary = runner.step(1, tmp_path, {**inputs, "summary": "false"})
    assert (done.returncode, summary) == (0, "")
    done, output, summary = runner.step(1, tmp_path, {"junit": "none.xml"})
    assert (done.returncode, output, summary) == (3, "exit-code=3\n", "")
    assert "none.xml" in done.stderr


def test_a_command_is_a_name_and_nothing_else(runner: Runner, workspace: Path) -> None:
    for command in ("", "--help", "align --check", "a/b"):
        done, output, _ = runner.step(1, workspace, {"command": command, "format": ""})
        assert done.returncode == 2
        assert done.stdout.startswith("::error title=pipeline::")
        assert output == ""


def test_reports_are_one_on_a_line_and_globs_are_expanded(runner: Runner, tmp_path: Path) -> None:
    write(tmp_path, {"r/a b.xml": "", "r/c.xml": "", "r/d/e.xml": "", "r/$(x).xml": ""})
    show = tmp_path / "show"
    show.mkdir()
    (show / "pipeline-tool" / "bin").mkdir(parents=True)
    tool = show / "pipeline-tool" / "bin" / "pipeline"
    # It stands where the tool stands, and says what it was given.
    tool.write_text('#!/bin/sh\nprintf "<%s>" "$@"\n')
    tool.chmod(0o755)
    script = steps()[1]["run"]
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "RUNNER_TEMP": str(show),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            "INPUT_COMMAND": "verify",
            "INPUT_ARGS": " --a  b*\n-c ",
            "INPUT_JUNIT": "\n  r/a b.xml \nr/**/*.xml\nnone/*.xml\n",
            "INPUT_FORMAT": "github",
            "INPUT_SUMMARY": "true",
            "INPUT_WORKING_DIRECTORY": ".",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    reports = ["r/a b.xml", "r/$(x).xml", "r/a b.xml", "r/c.xml", "r/d/e.xml", "none/*.xml"]
    given = ["verify", "--a", "b*", "-c"]
    given += [part for report in reports for part in ("--junit", report)]
    said = "".join(f"<{part}>" for part in given)
    assert done.stdout == said + "<--format><github>"
    assert (tmp_path / "summary").read_text() == said + "<--format><md>"


# The hooks, run by pre-commit itself


def commit_all(folder: Path, message: str) -> subprocess.CompletedProcess[str]:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    git = ["git", "-C", str(folder), *identity]
    subprocess.run([*git, "add", "-A"], check=True)
    return subprocess.run(
        [*git, "commit", "-qm", message],
        env={**os.environ, "PRE_COMMIT_HOME": str(folder.parent / "pre-commit")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def repository(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


def test_pre_commit_runs_the_hooks_and_stops_a_commit_that_is_not_true(
    runner: Runner, tmp_path: Path
) -> None:
    ours = tmp_path / "ours"
    shutil.copytree(runner.action, ours)
    shutil.copy(HOOKS, ours)
    assert commit_all(repository(ours), "the tool").returncode == 0
    head = ["git", "-C", str(ours), "rev-parse", "HEAD"]
    sha = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()
    hooks = "".join(f"      - id: {hook['id']}\n" for hook in load(HOOKS))
    config = f"repos:\n  - repo: {ours}\n    rev: {sha}\n    hooks:\n{hooks}"
    user = write(
        repository(tmp_path / "user"),
        {
            ".pre-commit-config.yaml": config,
            "backlog/006-overnight-backlog.md": "# B\n\n## Phase 6: A\n1. specs/001-a.md — do\n",
            "docs/PLAN.md": "# Plan\n\n## Phase 6: A\n",
            "specs/001-a.md": "---\nstatus: done\nsource: a.py\n---\n# A\n",
        },
    )
    install = [sys.executable, "-m", "pre_commit", "install"]
    subprocess.run(install, cwd=user, check=True, capture_output=True)

    refused = commit_all(user, "not there yet")
    said = refused.stdout + refused.stderr
    assert refused.returncode == 1, said
    assert re.search(r"pipeline verify\.+Failed", said)
    assert re.search(r"pipeline align\.+Passed", said)
    assert "a.py" in said

    write(user, {"a.py": ""})
    passed = commit_all(user, "there")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert re.search(r"pipeline verify\.+Passed", passed.stdout + passed.stderr)

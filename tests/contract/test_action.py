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


@pytest.mark.parametrize("step", steps(), ids=lambda step: step["name"])
def test_every_script_is_one(step: dict[str, Any]) -> None:
    subprocess.run(["bash", "-n"], input=step["run"].encode(), check=True)


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


@pytest.mark.parametrize("name", ["command", "args", "junit", "format", "summary", "version"])
@pytest.mark.parametrize("code", ["$(touch made)`touch made`; touch made", "' && touch made #"])
def test_no_input_is_run_by_a_shell(runner: Runner, workspace: Path, name: str, code: str) -> None:
    inputs = {"command": "align", "format": "", name: code}
    for number in (0, 1):
        runner.step(number, workspace, inputs)
    assert not list(workspace.rglob("made"))
    assert not list(runner.folder.rglob("made"))


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

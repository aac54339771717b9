"""`init --print-crontab` and `--print-systemd`: nothing is written, and what is printed works."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline_cli.cli.parts import PARTS
from pipeline_cli.domain.schedule import JOBS, crontab, units
from tests.support import backlog_text, pipeline, snapshot, write

ROOT = Path(__file__).resolve().parents[2]
#: The jobs whose commands are there.
KNOWN = {name for names in PARTS.values() for name in names}
RUNNING = [job.name for job in JOBS if job.name in KNOWN]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a workspace whose path is awkward everywhere."""
    folder = tmp_path / "a b%c $HOME'd\"e"
    questions = "| Question | If No → Action |\n|---|---|\n| Is it well? | Look |\n"
    return write(
        folder,
        {
            "backlog/006-overnight-backlog.md": backlog_text({6: 9}),
            "docs/META-QUESTIONS.md": questions,
        },
    )


def cron_lines(root: Path) -> dict[str, str]:
    """Return what cron would hand to the shell, by job: fields gone, \\% as %."""
    ran = pipeline(root, "init", "--print-crontab", now=None)
    assert (ran.code, ran.err) == (0, "")
    lines = [line for line in ran.text.splitlines() if not line.startswith("#")]
    commands = [line.split(" ", 5)[5].replace("\\%", "%") for line in lines]
    return {job.name: command for job, command in zip(JOBS, commands, strict=True)}


def under_cron(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["env", "-i", "/bin/sh", "-c", command],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("option", ["--print-crontab", "--print-systemd"])
def test_printing_writes_nothing(root: Path, option: str) -> None:
    before = snapshot(root)
    assert pipeline(root, "init", option).code == 0
    assert snapshot(root) == before


def test_printing_both_or_as_json_is_refused(root: Path) -> None:
    for words in (("--print-crontab", "--print-systemd"), ("--print-crontab", "--json")):
        assert pipeline(root, "init", *words).code == 2


@pytest.mark.parametrize("name", RUNNING)
def test_a_printed_line_works_with_an_empty_environment_twice_at_once(
    root: Path, name: str
) -> None:
    command = cron_lines(root)[name]
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(under_cron, [command] * 2))
    assert [(ran.returncode, ran.stderr) for ran in runs] == [(0, "")] * 2
    if name == "rotate":
        assert "006:1" in runs[0].stdout
    else:
        assert [ran.stdout for ran in runs] == ["", ""]


@pytest.mark.needs_strace
@pytest.mark.parametrize("call", ["link", "rename"])
def test_what_is_printed_works_after_a_kill_in_the_middle(root: Path, call: str) -> None:
    write(root, {"api/logs/monitor_issues.json": '{"issues": []}'})
    command = cron_lines(root)["monitor"].removesuffix(" >/dev/null")
    rule = f"-e 'inject=?{call},?{call}at:signal=KILL:when=1'"
    killed = under_cron(f"exec {shutil.which('strace')} -f -qq -o /dev/null {rule} {command}")
    assert killed.returncode == -9
    ran = under_cron(command)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (root / "api/logs/pipeline_status_report.json").exists()
    assert not [name for name in snapshot(root) if "-tmp-" in name]


def test_settings_that_were_named_are_named_again(root: Path, tmp_path: Path) -> None:
    write(tmp_path, {"own.toml": "window_days = 3\n"})
    ran = pipeline(root, "--config", "own.toml", "init", "--print-crontab", cwd=tmp_path)
    assert f"--config {tmp_path}/own.toml" in ran.text


def test_without_a_checklist_nothing_asks_it_every_hour(root: Path) -> None:
    (root / "docs/META-QUESTIONS.md").unlink()
    text = pipeline(root, "init", "--print-crontab").text
    running = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line.split()[0] for line in running] == ["*/5", "0"]
    assert "\n# 7 * * * * " in text
    assert "\n7 * * * * " not in text
    assert "# Not yet: there is no docs/META-QUESTIONS.md" in text
    shown = pipeline(root, "init", "--print-systemd").text
    assert "# Left out: meta-check: there is no docs/META-QUESTIONS.md" in shown
    assert "# ---- pipeline-meta-check" not in shown
    assert "# ---- pipeline-monitor.timer" in shown
    write(
        root,
        {"pipeline.toml": '[paths]\nquestions = "docs/own.md"\n', "docs/own.md": "| Question |"},
    )
    assert "\n7 * * * * " in pipeline(root, "init", "--print-crontab").text
    write(root, {"pipeline.toml": '[paths]\nquestions = "docs/a\\n* * * * * b"\n'})
    assert "\n* * * * * b" not in pipeline(root, "init", "--print-crontab").text


def test_the_units_are_accepted_by_systemd(root: Path, tmp_path: Path) -> None:
    ran = pipeline(root, "init", "--print-systemd")
    files: dict[str, str] = {}
    for part in ran.text.split("\n# ---- ")[1:]:
        name, _, text = part.partition("\n")
        files[name] = text
    assert len(files) == 2 * len(JOBS)
    write(tmp_path / "units", files)
    if shutil.which("systemd-analyze"):
        paths = [str(tmp_path / "units" / name) for name in files]
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *paths],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said = [line for line in done.stderr.splitlines() if "pipeline-" in line]
        assert (done.returncode, said) == (0, []), done.stderr
    for name, text in files.items():
        sections = [line for line in text.splitlines() if line.startswith("[")]
        kind = "[Service]" if name.endswith(".service") else "[Timer]"
        assert sections[:2] == ["[Unit]", kind]


def test_packaging_holds_what_is_printed_for_the_usual_places() -> None:
    words = ("/usr/local/bin/pipeline",), ("--root", "/srv/project")
    wanted = {"crontab": crontab(*words), **units(*words)}
    held = {path.name: path.read_text() for path in (ROOT / "packaging").iterdir()}
    assert held == wanted


def test_the_program_is_the_one_beside_the_interpreter(root: Path) -> None:
    script = Path(sys.executable).with_name("pipeline")
    text = pipeline(root, "init", "--print-crontab").text
    assert (f" {script} " in text) == script.exists()

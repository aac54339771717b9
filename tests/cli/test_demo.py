"""The demo: the same bytes on every run, and figures that its folder confirms."""

from pathlib import Path

from pipeline_cli.render.demo import CLOCK
from tests.demo_story import LOGS, story
from tests.support import pipeline, snapshot


def test_packaged_logs_are_those_of_the_story() -> None:
    for name, text in story().items():
        assert (LOGS / name).read_text() == text, f"run `python -m tests.demo_story` for {name}"


def test_two_runs_print_the_same_bytes() -> None:
    first = pipeline(None, "demo", now=None)
    second = pipeline(None, "demo", now="2030-01-01T00:00:00Z", env={"HOME": "/nowhere"})
    assert first.code == second.code == 0
    assert first.out == second.out
    assert first.err == second.err == ""


def test_the_answers_are_those_of_the_commands_run_again_in_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    answers = pipeline(None, "demo", "--json", "--keep", str(folder), now=None).json["answers"]
    assert sorted(answers) == ["align", "effectiveness", "metrics", "status", "tasks"]
    for name, answer in answers.items():
        again = pipeline(folder, name, "--json", now=CLOCK).json
        del again["meta"]
        assert again == answer


def test_the_printed_figures_are_those_of_json(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    text = pipeline(None, "demo", "--keep", str(folder), now=None).text
    figures = pipeline(folder, "effectiveness", "--json", now=CLOCK).json
    sample = figures["samples"]
    assert f"{sample['throughput']} of {sample['success_rate']} finished tasks" in text
    assert f"{figures['throughput']['tasks_per_day']} a day" in text
    aligned = pipeline(folder, "align", "--json", now=CLOCK).json
    assert f"Out of line ({len(aligned['findings'])})" in text


def test_every_attention_flag_is_raised(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    pipeline(None, "demo", "--keep", str(folder), now=None)
    flags = pipeline(folder, "tasks", "--json", now=CLOCK).json["attention"]["flags"]
    assert len(flags) == 5


def test_a_folder_with_anything_in_it_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    ran = pipeline(None, "demo", "--keep", str(tmp_path), now=None)
    assert ran.code == 3
    assert "folder-not-empty" in ran.err
    assert snapshot(tmp_path) == {"mine.txt": b"mine"}


def test_nothing_is_left_behind_without_keep(tmp_path: Path) -> None:
    pipeline(None, "demo", now=None, env={"TMPDIR": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []

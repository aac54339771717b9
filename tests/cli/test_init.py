"""`pipeline init`: in an empty folder, a grown repository, without git, and where it must fail."""

import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support import CORPUS, Ran, backlog_text, metrics_line, pipeline, snapshot, write

BACKLOG = "backlog/006-overnight-backlog.md"
META = "backlog/007-meta-pipeline-backlog.md"
MADE = {
    "pipeline.toml",
    "specs/001-first-steps.md",
    BACKLOG,
    META,
    "docs/PLAN.md",
    "docs/META-QUESTIONS.md",
    "docs/SPEC-COVERAGE.md",
    "docs/STATUS.md",
}


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@b.invalid")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


def init(root: Path | None, *arguments: str, **options: Any) -> Ran:
    done = pipeline(root, "init", *arguments, **options)
    assert "Traceback" not in done.err
    assert "a bug of ours" not in done.err
    return done


def created(done: Ran) -> set[str]:
    return {row["path"] for row in done.json["created"]}


def settings(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pipeline.toml").read_text())


def documents(root: Path) -> dict[str, bytes]:
    """Return the files of a workspace but for git's and the lock."""
    files = snapshot(root).items()
    return {
        path: data for path, data in files if ".git/" not in f"{path}/" and ".pipeline-" not in path
    }


def denied(path: Path, *calls: str, error: str = "EACCES") -> tuple[str, ...]:
    names = ",".join(calls)
    rules = ("-e", f"trace={names}", "-e", f"inject={names}:error={error}")
    return ("strace", "-f", "-qq", "-o", "/dev/null", "-P", str(path), *rules)


# An empty folder


@pytest.mark.parametrize("versioned", [False, True])
def test_an_empty_folder_becomes_a_sound_workspace(tmp_path: Path, versioned: bool) -> None:
    if versioned:
        git(tmp_path, "init", "--quiet")
    done = init(tmp_path, "--json")
    assert (done.code, created(done), done.err) == (0, MADE, "")
    assert set(documents(tmp_path)) == MADE
    assert done.json["align"] == {"findings": {}, "error": None}
    check = pipeline(tmp_path, "align", "--check", "--json")
    assert (check.code, check.json["findings"]) == (0, [])
    assert pipeline(tmp_path, "status").code == 0
    doctor = pipeline(tmp_path, "doctor", "--json")
    assert (doctor.code, doctor.json["findings"]) == (0, [])
    assert {row["state"] for row in doctor.json["files"]} == {"found"}


def test_the_answer_has_the_promised_keys(tmp_path: Path) -> None:
    answer = init(tmp_path, "--json").json
    keys = {"root", "created", "not_made", "kept", "found", "settings", "dry_run", "align", "next"}
    assert set(answer) == keys | {"meta", "findings"}
    for row in answer["created"]:
        assert row["bytes"] == (tmp_path / row["path"]).stat().st_size
    assert answer["settings"] == (tmp_path / "pipeline.toml").read_text()
    assert answer["next"] == ["pipeline status", "pipeline align", "pipeline doctor"]


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(tmp_path: Path) -> None:
    dry = init(tmp_path, "--dry-run", "--json")
    assert (dry.code, dry.json["dry_run"], created(dry)) == (0, True, MADE)
    text = init(tmp_path, "--dry-run").text
    assert "Would be created" in text
    assert all(path in text for path in MADE)
    assert list(tmp_path.iterdir()) == []


def test_twice_in_a_row_nothing_changes(tmp_path: Path) -> None:
    init(tmp_path)
    before = snapshot(tmp_path)
    again = init(tmp_path)
    assert (again.code, snapshot(tmp_path)) == (0, before)
    assert "Nothing to do" in again.text
    assert init(tmp_path, "--json").json["created"] == []


# Where


def test_the_top_of_the_repository_is_the_root(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    done = init(None, cwd=below)
    assert done.code == 0
    assert set(documents(tmp_path)) == MADE
    assert f"belongs to {tmp_path}" in done.err


def test_a_repository_is_not_passed_over_for_a_workspace_above_it(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": ""})
    inner = tmp_path / "inner"
    inner.mkdir()
    git(inner, "init", "--quiet")
    done = init(None, cwd=inner)
    assert set(documents(inner)) == MADE
    assert f"{tmp_path} is a workspace too" in done.err
    assert set(documents(tmp_path)) == {f"inner/{path}" for path in MADE} | {"pipeline.toml"}


def test_inside_a_workspace_what_is_missing_in_it_is_made(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": "window_days = 9\n", "src/x.py": ""})
    done = init(None, "--json", cwd=tmp_path / "src")
    assert created(done) == MADE - {"pipeline.toml"}
    assert (tmp_path / "pipeline.toml").read_text() == "window_days = 9\n"


# What is there


GROWN = {
    "documents/specs/001-login.md": "# Login\n",
    "documents/specs/002-logout.md": "# Logout\n",
    "planning/BACKLOG.md": "# B\n\n## Phase 1: One — DONE\n1. spec 001\n\n## Phase 2: Two\n"
    "2. spec 002\n\n## Phase 3: Three\n3. More\n",
    "ROADMAP.md": "# R\n\n## Phase 1: One\n\n## Phase 2: Two\n\n## Phase 3: Three\n",
    "var/agent/metrics.jsonl": metrics_line("2026-02-12T10:00:00Z"),
    "var/agent/project_manager_state.json": '{"backlog_index": 1}\n',
    "node_modules/x/specs/001-theirs.md": "# Theirs\n",
    "node_modules/x/specs/002-theirs.md": "# Theirs\n",
    ".hidden/PLAN.md": "## Phase 1: Theirs\n",
}


def test_what_lies_at_other_places_is_found_and_named_in_the_settings(tmp_path: Path) -> None:
    write(tmp_path, GROWN)
    done = init(tmp_path, "--json")
    assert settings(tmp_path) == {
        "tracked_phases": [2, 3],
        "paths": {
            "specs": "documents/specs",
            "backlog": "planning/BACKLOG.md",
            "plan": "ROADMAP.md",
        },
        "logs": {"dir": "var/agent"},
    }
    assert created(done) == {"pipeline.toml", META} | {path for path in MADE if "docs/" in path} - {
        "docs/PLAN.md"
    }
    found = {row["what"]: (row["path"], row["setting"]) for row in done.json["found"]}
    assert all(row["used"] for row in done.json["found"])
    assert found["logs"] == ("var/agent", "logs.dir")
    assert found["backlog"] == ("planning/BACKLOG.md", "paths.backlog")
    check = pipeline(tmp_path, "align", "--check", "--json")
    assert (check.code, check.json["findings"]) == (0, [])
    assert documents(tmp_path).items() >= {p: t.encode() for p, t in GROWN.items()}.items()
    before = snapshot(tmp_path)
    assert init(tmp_path, "--json").json["created"] == []
    assert snapshot(tmp_path) == before


def test_a_backlog_beside_specs_that_were_found_needs_no_setting(tmp_path: Path) -> None:
    write(tmp_path, {"documents/specs/001-a.md": "# A\n"})
    write(tmp_path, {"documents/specs/006-night-backlog.md": "## Phase 6: X\n1. spec 001\n"})
    init(tmp_path)
    assert settings(tmp_path) == {"paths": {"specs": "documents/specs"}}
    assert pipeline(tmp_path, "align", "--check").code == 0


def test_existing_specs_without_a_backlog_are_named_by_the_new_one(tmp_path: Path) -> None:
    write(tmp_path, {f"specs/00{n}-part-{n}.md": f"# Part {n}\n" for n in range(1, 6)})
    done = init(tmp_path, "--json")
    assert "specs/001-first-steps.md" not in created(done)
    check = pipeline(tmp_path, "align", "--check", "--json")
    assert (check.code, check.json["specs"]["total"]) == (0, 5)


@pytest.mark.parametrize("layout", ["specs", "documents/specs"])
def test_specs_in_folders_of_their_own_are_found(tmp_path: Path, layout: str) -> None:
    write(tmp_path, {f"{layout}/{n}-thing/spec.md": "# X\n" for n in ("001", "002")})
    init(tmp_path)
    check = pipeline(tmp_path, "align", "--check", "--json")
    assert (check.code, check.json["specs"]["total"]) == (0, 2)


@pytest.mark.parametrize("layout", ["specs", "documents/specs"])
def test_what_lies_in_a_specs_own_folder_is_no_document_of_the_repository(
    tmp_path: Path, layout: str
) -> None:
    write(tmp_path, {f"{layout}/{name}/spec.md": "# X\n" for name in ("001-login", "002-pay")})
    write(
        tmp_path,
        {
            f"{layout}/001-login/plan.md": "## Phase 0: Research\n\n## Phase 1: Design\n",
            f"{layout}/001-login/todo.md": "## Phase 1: Design\n1. Draw\n",
            f"{layout}/002-pay/later/backlog.md": "1. First\n",
        },
    )
    done = init(tmp_path, "--json")
    assert {"docs/PLAN.md", BACKLOG} <= created(done)
    assert {row["what"] for row in done.json["found"]} == {"specs"}
    expected = {} if layout == "specs" else {"paths": {"specs": layout}}
    assert settings(tmp_path) == expected
    assert pipeline(tmp_path, "align", "--check").code == 0


def test_specs_in_a_hidden_folder_are_named_with_the_setting_that_uses_them(
    tmp_path: Path,
) -> None:
    hidden = ".specify/specs"
    write(tmp_path, {f"{hidden}/{name}/spec.md": "# X\n" for name in ("001-login", "002-pay")})
    done = init(tmp_path, "--dry-run", "--json")
    assert [(row["path"], row["used"]) for row in done.json["found"]] == [(hidden, False)]
    said = f"{hidden}  not used: hidden; set paths.specs to use it"
    assert said in init(tmp_path).text
    assert said in init(tmp_path).text  # beside specs of its own, too
    write(tmp_path, {"pipeline.toml": f'paths.specs = "{hidden}"\n'})
    assert pipeline(tmp_path, "align", "--json").json["specs"]["total"] == 2
    assert "not used" not in init(tmp_path).text


def test_a_hidden_folder_without_specs_is_not_spoken_of(tmp_path: Path) -> None:
    (tmp_path / ".specify/specs/001-login").mkdir(parents=True)
    assert ".specify" not in init(tmp_path).text


def test_a_plan_beside_a_single_spec_file_is_a_plan(tmp_path: Path) -> None:
    write(tmp_path, {"app/doc/spec.md": "# X\n", "app/doc/plan.md": "## Phase 6: A\n"})
    init(tmp_path)
    assert settings(tmp_path)["paths"] == {"plan": "app/doc/plan.md"}


def test_an_existing_plan_decides_the_phases_of_the_new_backlog(tmp_path: Path) -> None:
    write(tmp_path, {"docs/PLAN.md": "## Phase 1: A\n\n## Phase 2: B\n\n## Phase 3: C\n"})
    init(tmp_path)
    assert settings(tmp_path) == {"tracked_phases": [1, 2]}
    assert pipeline(tmp_path, "align", "--check").code == 0


def test_an_existing_backlog_decides_the_phases_of_the_new_plan(tmp_path: Path) -> None:
    write(tmp_path, {BACKLOG: backlog_text({6: 2, 7: 3})})
    assert "docs/PLAN.md" in created(init(tmp_path, "--json"))
    assert pipeline(tmp_path, "align", "--check").code == 0


def test_a_list_without_items_and_a_spec_numbered_006_are_no_backlog(tmp_path: Path) -> None:
    write(tmp_path, {"TODO.md": "- tidy up\n", "documents/specs/006-x.md": "# X\n\n1. First\n"})
    init(tmp_path)
    assert settings(tmp_path) == {"paths": {"specs": "documents/specs"}}


def test_documents_that_are_out_of_line_stay_and_align_is_quoted(tmp_path: Path) -> None:
    write(tmp_path, {BACKLOG: "1. No phase\n1. Twice\n"})
    before = documents(tmp_path)
    done = init(tmp_path)
    assert done.code == 0
    assert "2 item-no-phase" in done.text
    assert documents(tmp_path)[BACKLOG] == before[BACKLOG]


def test_to_a_backlog_without_phases_no_plan_is_made_and_no_made_file_is_out_of_line(
    tmp_path: Path,
) -> None:
    write(tmp_path, {"TODO.md": "1. a\n2. b\n"})
    done = init(tmp_path, "--json")
    assert [row["path"] for row in done.json["not_made"]] == ["docs/PLAN.md"]
    assert "docs/PLAN.md" not in created(done)
    check = pipeline(tmp_path, "align", "--json").json["findings"]
    assert not {finding["path"] for finding in check} & created(done)
    again = init(tmp_path, "--dry-run").text
    assert "what is missing is up to you" in again
    assert "the backlog names no phase" in again


def test_after_init_beside_a_backlog_doctor_misses_nothing_and_coverage_can_be_kept(
    tmp_path: Path,
) -> None:
    write(tmp_path, {"BACKLOG.md": backlog_text({1: 2})})
    init(tmp_path)
    assert "missing" not in pipeline(tmp_path, "doctor").text
    updated = pipeline(tmp_path, "update-coverage", "--no-commit", "--json")
    assert (updated.code, updated.err) == (0, "")
    assert pipeline(tmp_path, "align", "--check").code == 0


def test_with_nothing_to_do_init_itself_is_not_next(tmp_path: Path) -> None:
    assert init(tmp_path, "--dry-run", "--json").json["next"][0] == "pipeline init"
    init(tmp_path)
    assert "pipeline init" not in init(tmp_path, "--dry-run", "--json").json["next"]


def test_what_was_seen_and_is_not_used_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"PLAN.md": "## Phase 6: A\n\n## Phase 7: B\n", "ROADMAP.md": "# Prose\n"})
    done = init(tmp_path, "--json")
    assert [(row["path"], row["setting"], row["used"]) for row in done.json["found"]] == [
        ("PLAN.md", "paths.plan", True),
        ("ROADMAP.md", None, False),
    ]
    assert pipeline(tmp_path, "align", "--check").code == 0


def test_a_path_that_toml_could_not_hold_is_not_offered(tmp_path: Path) -> None:
    write(tmp_path, {'od"d/specs/001-a.md': "# A\n", "li\nne/specs/001-a.md": "# A\n"})
    assert init(tmp_path).code == 0
    assert settings(tmp_path) == {}


def test_settings_that_are_there_are_kept_and_the_lines_to_add_are_shown(tmp_path: Path) -> None:
    write(tmp_path, {**GROWN, "pipeline.toml": "window_days = 9\n"})
    done = init(tmp_path)
    assert (tmp_path / "pipeline.toml").read_text() == "window_days = 9\n"
    assert "To be added to pipeline.toml" in done.text
    assert 'backlog = "planning/BACKLOG.md"' in done.text
    assert not (tmp_path / BACKLOG).exists()


@pytest.mark.parametrize("path", sorted(MADE - {"specs/001-first-steps.md"}))
def test_a_file_that_exists_is_never_overwritten(tmp_path: Path, path: str) -> None:
    write(tmp_path, {path: ""})
    done = init(tmp_path, "--json")
    assert (done.code, (tmp_path / path).read_bytes()) == (0, b"")
    assert path in {row["path"] for row in done.json["kept"]}
    assert path not in created(done)


@pytest.mark.parametrize("target", ["nowhere", "/nonexistent/outside"])
def test_a_link_that_leads_nowhere_is_kept(tmp_path: Path, target: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "PLAN.md").symlink_to(target)
    done = init(tmp_path, "--json")
    assert (done.code, str((tmp_path / "docs" / "PLAN.md").readlink())) == (0, target)
    assert "docs/PLAN.md" in {row["path"] for row in done.json["kept"]}


def test_links_are_not_followed_and_the_look_is_bounded(tmp_path: Path) -> None:
    inside = tmp_path / "w"
    write(tmp_path, {"other/specs/001-a.md": "# A\n", "other/specs/002-b.md": "# B\n"})
    inside.mkdir()
    (inside / "linked").symlink_to(tmp_path / "other")
    (inside / "loop").symlink_to(inside)
    write(inside, {"a/b/c/d/e/specs/001-deep.md": "# Deep\n"})
    assert init(inside).code == 0
    assert settings(inside) == {}


def test_years_of_history_are_not_read(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    write(tmp_path, {"README.md": "x\n"})
    git(tmp_path, "add", "README.md")
    git(tmp_path, "commit", "--quiet", "-m", "x")
    shutil.rmtree(tmp_path / ".git" / "objects")
    assert init(tmp_path).code == 0


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus does not lie beside the project")
def test_the_tree_of_a_real_pipeline_is_used_as_it_lies(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(CORPUS / "seed-tree", tree)
    before = snapshot(tree)
    shown = pipeline(tree, "align", "--json").json["findings"]
    done = init(tree, "--json")
    found = {row["what"]: row["path"] for row in done.json["found"] if row["used"]}
    assert found["backlog"] == "specs/006-overnight-backlog.md"
    assert found["meta_backlog"] == "specs/007-meta-pipeline-backlog.md"
    assert found["specs"] == "specs"
    assert not created(done) & {BACKLOG, META, "specs/001-first-steps.md"}
    assert snapshot(tree).items() >= before.items()
    after = pipeline(tree, "align", "--json").json["findings"]
    assert [f for f in after if f not in shown] == []
    assert pipeline(tree, "status").code == 0


# Where it must fail


def test_a_broken_settings_file_is_exit_2_and_nothing_is_written(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": "window_days = 7\noops oops\n"})
    before = snapshot(tmp_path)
    done = init(tmp_path)
    assert (done.code, snapshot(tmp_path)) == (2, before)
    assert "pipeline.toml:2" in done.err


@pytest.mark.parametrize(("file", "made"), [("docs", "docs/PLAN.md"), ("backlog", BACKLOG)])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_file_where_a_folder_belongs_is_exit_3_and_nothing_is_written(
    tmp_path: Path, file: str, made: str, dry: tuple[str, ...]
) -> None:
    write(tmp_path, {file: "x"})
    done = init(tmp_path, *dry)
    assert (done.code, snapshot(tmp_path)) == (3, {file: b"x"})
    assert f"{file} is a file, and a folder belongs there" in done.err
    assert f"\n  {made}\n  hint: " in done.err


def test_a_specs_file_is_exit_3(tmp_path: Path) -> None:
    write(tmp_path, {"specs": "x"})
    done = init(tmp_path)
    assert (done.code, snapshot(tmp_path)) == (3, {"specs": b"x"})


def test_without_git_the_folder_of_the_lock_is_checked_first(tmp_path: Path) -> None:
    write(tmp_path, {"api": "x"})
    done = init(tmp_path)
    assert (done.code, snapshot(tmp_path)) == (3, {"api": b"x"})
    assert "api is a file, and a folder belongs there" in done.err


@pytest.mark.needs_strace
def test_a_folder_without_permission_is_exit_3_and_nothing_is_written(tmp_path: Path) -> None:
    prefix = denied(tmp_path, "?access", "?faccessat", "?faccessat2")
    done = init(tmp_path, prefix=prefix)
    assert (done.code, list(tmp_path.iterdir())) == (3, [])
    assert "error[write-refused]" in done.err
    assert "permissions" in done.err


@pytest.mark.needs_strace
def test_a_folder_that_may_not_be_read_is_exit_3(tmp_path: Path) -> None:
    done = init(tmp_path, prefix=denied(tmp_path, "openat"))
    assert (done.code, list(tmp_path.iterdir())) == (3, [])


@pytest.mark.needs_strace
def test_where_creating_fails_midway_it_says_how_far_it_came(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    done = init(tmp_path, prefix=denied(tmp_path / "docs" / "PLAN.md", "?link", "?linkat"))
    assert done.code == 3
    assert "created before that: pipeline.toml, specs/001-first-steps.md, " in done.err
    assert not (tmp_path / "docs" / "PLAN.md").exists()
    assert [path for path in snapshot(tmp_path) if "tmp" in path] == []
    init(tmp_path)
    assert set(documents(tmp_path)) == MADE
    assert pipeline(tmp_path, "align", "--check").code == 0


@pytest.mark.parametrize("path", ["../x.md", "/tmp/x.md", "a\\u0000b.md"])
def test_a_path_that_leads_out_is_exit_3_and_nothing_is_written(tmp_path: Path, path: str) -> None:
    inside = write(tmp_path / "w", {"pipeline.toml": f'[paths]\nplan = "{path}"\n'})
    done = init(inside)
    assert (done.code, set(snapshot(tmp_path))) == (3, {"w/pipeline.toml"})
    assert "error[path-outside]" in done.err

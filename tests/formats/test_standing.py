"""What a line says of the thing it names: it goes, it is a former one, or nobody is sure."""

import pytest

from pipeline_cli.domain.evidence import Citation
from pipeline_cli.formats import spec_cites

#: The thing that the line is about; whatever else a line names is there.
OLD = "`src/old.py`"
TEST = "`tests/test_old.py`"


def cited(section: str, body: str) -> dict[str, Citation]:
    """Return what is cited below a heading, by its last part."""
    found = spec_cites.read(f"# A\n\n## {section}\n\n{body}\n", "specs/001-a.md", None).citations
    return {one.ref.rpartition("/")[2].partition("::")[0]: one for one in found}


def standing_of(section: str, body: str, name: str) -> str:
    one = cited(section, body)[name]
    return "goes" if one.absent else "unsure" if one.doubt else "is there"


GOES = [
    "{} removed", "{} is removed", "{} was deleted", "{} has been removed in #12", "{}, deleted",
    "{} retired", "{} will be removed", "{} (removed in v2)", "{} (deleted as part of #12)",
    "{} (retired)", "{} → removed", "{} -> (deleted)", "{} => removed", "{} — removed",
    "{}: deleted", "~~{}~~", "~~{}~~ went with the old shop", "Delete {}", "Remove the old {}",
    "[x] Remove {}", "{} → `src/new.py`", "{} ⇒ `src/new.py`", "{} --> `src/new.py`",
    "Rename {} to `src/new.py`", "Renamed {} to `src/new.py`", "Moved {} into `src/new.py`",
    "Fold {} into `src/new.py`", "Replace {} with `src/new.py`", "{} was merged into `src/new.py`",
]  # fmt: skip
UNSURE = [
    "{} is no longer needed", "{} (dropped)", "{} is gone", "{} does not exist", "Drop {}",
    "❌ {}", "{} (not created)", "{} (out of scope)", "{} (not part of this change)",
    "{} (in another repository)", "{} (other repo)", "{} (gitignored)", "{} (if time permits)",
    "{} (where applicable)", "{} (nice to have)", "{} (or wherever the router lives)",
    "{} or a new module beside it", "{} (proposed)", "{} will follow", "{} (now `src/new.py`)",
    "`src/new.py`, moved from {}", "`src/new.py` (was {})", "`src/new.py` ← {}",
    "`src/new.py` only; not {}", "`src/new.py` rather than {}", "`src/new.py` supersedes {}",
    "{} and `src/new.py` removed",
]  # fmt: skip
IS_THERE = [
    "{}", "{} — the shop", "{}: reads what was removed", "{} (lines 3-9)", "Create: {}",
    "**Modify:** {}", "Test: {}", "{} and `src/new.py`",
]  # fmt: skip


@pytest.mark.parametrize("line", GOES)
def test_a_file_that_goes_is_expected_gone(line: str) -> None:
    assert standing_of("Files", f"- {line.format(OLD)}", "old.py") == "goes"


@pytest.mark.parametrize("line", UNSURE)
def test_a_miss_is_harmless_where_nobody_is_sure(line: str) -> None:
    if line.startswith("`src/new.py` (was"):
        assert "old.py" not in cited("Files", f"- {line.format(OLD)}")
        return
    assert standing_of("Files", f"- {line.format(OLD)}", "old.py") == "unsure"


@pytest.mark.parametrize("line", [one for one in IS_THERE if "removed" not in one])
def test_a_file_of_which_nothing_is_said_is_there(line: str) -> None:
    assert standing_of("Files", f"- {line.format(OLD)}", "old.py") == "is there"


@pytest.mark.parametrize("line", [one for one in GOES if "src/new" not in one and ":" not in one])
def test_a_test_that_goes_is_expected_gone(line: str) -> None:
    assert standing_of("Acceptance Tests", f"- {line.format(TEST)}", "test_old.py") == "goes"


@pytest.mark.parametrize(
    "line",
    ["no {} any more", "There is no {}", "The suite is green without {}", "must not import {}",
     "{} no longer exists", "{} should not exist", "When {} is missing, the rest passes",
     "{} no longer runs", "{} (not in this change)", "Manual: follow {}", "unlike {}, it is fast"],
)  # fmt: skip
def test_a_test_that_is_denied_contradicts_nothing(line: str) -> None:
    assert standing_of("Verification", f"- {line.format(TEST)}", "test_old.py") == "unsure"


@pytest.mark.parametrize(
    "line",
    ["{} — DELETE removes the edges too", "{} -- events cannot be modified or deleted",
     "{}: a removed user may not log in", "{} — moved rows keep their order", "Run {}",
     "No regressions in {}", "Does not break {}", "{} (removes what is stale)", "{} — dropped"],
)  # fmt: skip
def test_what_a_test_is_about_says_nothing_of_the_test(line: str) -> None:
    assert standing_of("Acceptance Tests", f"- {line.format(TEST)}", "test_old.py") == "is there"


def test_a_bare_test_name_goes_like_any_other() -> None:
    for line in ("- Remove `test_old_path`", "- `test_old_path` is removed"):
        assert standing_of("Acceptance Criteria", line, "test_old_path") == "goes"
    line = "- `test_old_path` — a removed path is refused"
    assert standing_of("Acceptance Criteria", line, "test_old_path") == "is there"


@pytest.mark.parametrize(
    ("above", "expected"),
    [("### Removed", "goes"), ("### Deletions", "goes"), ("### Remove", "goes"),
     ("### Files to retire", "goes"), ("### Deprecated", "unsure"), ("### Later", "unsure"),
     ("**Deleted:**", "goes"), ("Removed files:", "goes"), ("*Removed*", "goes"),
     ("Optional:", "unsure"), ("- Deleted:\n  ", "goes"), ("1. **Deleted files**\n   ", "goes"),
     ("- If time permits:\n  ", "unsure"), ("- Later:\n  ", "unsure"), ("The shop:", "is there"),
     ("- The shop:\n  ", "is there"), ("### Shop", "is there")],
)  # fmt: skip
def test_what_stands_above_speaks_of_what_stands_below(above: str, expected: str) -> None:
    nested = above if above.endswith(" ") else f"{above}\n\n"
    assert standing_of("Files", f"{nested}- {OLD}", "old.py") == expected


def test_what_stands_above_ends_where_something_else_begins() -> None:
    labelled = f"**Deleted:**\n- `src/a.py`\n\nThe rest stays.\n- {OLD}\n"
    found = cited("Files", f"{labelled}- Removed:\n  - `src/b.py`\n- `src/c.py`")
    assert [name for name, one in found.items() if one.absent] == ["a.py", "b.py"]


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [("File | Action", "{} | D", "goes"), ("File | Action", "{} | 🗑️", "goes"),
     ("File | Before | After", "{} | there | deleted", "goes"),
     ("File | Create | Delete", "{} | | ✓", "goes"),
     ("File | Create | Delete", "{} | ✓ | -", "is there"),
     ("Old path | New path", "{} | `src/new.py`", "unsure"), ("From | To", "{} | x", "unsure"),
     ("File | Note", "{} | the shop", "is there")],
)  # fmt: skip
def test_the_other_cells_of_a_row_speak_of_its_first(header: str, row: str, expected: str) -> None:
    rule = "|".join(["---"] * (header.count("|") + 1))
    body = f"| {header} |\n|{rule}|\n| {row.format(OLD)} |"
    assert standing_of("Files", body, "old.py") == expected


@pytest.mark.parametrize(
    "title",
    [
        "4. Files",
        "4.2 Files to Create/Modify",
        "📁 Files Changed",
        "**Files**",
        "3) Files modified:",
    ],
)
def test_a_number_or_a_sign_before_a_heading_is_passed_over(title: str) -> None:
    assert list(cited(title, f"- {OLD}")) == ["old.py"]


@pytest.mark.parametrize(
    "title",
    ["Files that must not change", "Files considered and rejected", "Files to read first"],
)
def test_headings_that_deny_cite_nothing(title: str) -> None:
    assert cited(title, f"- {OLD}") == {}


def test_a_heading_of_that_is_not_changed_within_files_cites_nothing() -> None:
    assert cited("Files\n\n### Not changed", f"- {OLD}") == {}


def test_implementation_is_read_as_a_list_of_paths_alone() -> None:
    body = f"- {OLD} — the shop\n- Copy `a/example.yaml` to `a/real.yaml`\n1. Read `docs/x.md`"
    assert list(cited("Implementation", body)) == ["old.py"]


def test_of_any_of_several_one_is_enough() -> None:
    found = cited("Files", f"- Any of {OLD}, `src/new.py`").values()
    assert len({one.choice for one in found}) == 1
    assert {one.choice for one in found} != {None}
    tests = cited("Acceptance Tests", "- `test_a`/`test_b`").values()
    assert len({one.choice for one in tests}) == 1


def test_bare_paths_are_read_along_their_arrows() -> None:
    found = cited("Files", "- src/old.py -> src/new.py")
    assert [(name, one.absent) for name, one in found.items()] == [
        ("old.py", True),
        ("new.py", False),
    ]


@pytest.mark.parametrize(
    "path",
    [
        "migrations/NNNN_add.sql",
        "docs/adr/00NN-why.md",
        "m/2025XXXX_add.rb",
        "m/[timestamp]_x.sql",
        "path/to/file.py",
    ],
)
def test_placeholders_are_no_paths(path: str) -> None:
    (one,) = cited("Files", f"- `{path}`").values()
    assert one.doubt == "it is a placeholder"


def test_a_member_below_a_file_of_code_is_a_symbol() -> None:
    for ref in ("src/api.ts::Client.get", "src/api.rs::Client::get()", "src/api.py::Client.get"):
        (one,) = cited("Files", f"- `{ref}`").values()
        assert (one.kind, one.names) == ("symbol", ("Client.get",))
    assert cited("Acceptance Tests", "- `src/api.ts::Client.get` answers") == {}
    (one,) = cited("Acceptance Tests", "- `tests/test_a.py::TestA.test_b (2 cases)`").values()
    assert (one.kind, one.names) == ("test", ("TestA", "test_b"))


def test_an_alias_is_looked_for_behind_it() -> None:
    (one,) = cited("Files", "- `@/store/session.ts`").values()
    assert one.candidates == ("store/session.ts",)
    assert one.doubt

"""The finding and error codes: what was wrong, and what became of it."""

from pipeline_cli.domain.catalog.entry import Entry

_BACKLOG = ("006-overnight-backlog.md", "007-meta-pipeline-backlog.md")
_COVERAGE = ("SPEC-COVERAGE.md",)
_LOGS = ("metrics.jsonl", "tasks.jsonl", "monitor_resolutions.jsonl")
_STATE = ("project_manager_state.json", "heartbeat.json", "monitor_issues.json")


def _entries(
    inputs: tuple[str, ...], words: dict[str, tuple[str, str]], said_by: str = ""
) -> tuple[Entry, ...]:
    return tuple(
        Entry(name, "finding", meaning, inputs=inputs, leaves_out=left, said_by=said_by)
        for name, (meaning, left) in words.items()
    )


FINDINGS = (
    *_entries(
        _BACKLOG,
        {
            "backlog-missing": (
                "There is no product backlog that can be read.",
                "Plan progress is 0 of 0; align cannot answer.",
            ),
            "backlog-number-backwards": ("An item has a lower number than the one above.", ""),
            "backlog-number-huge": (
                "An item number has more than nine digits.",
                "It is read as 0; the item is kept.",
            ),
            "backlog-number-missing": ("Between two numbers some are missing.", ""),
            "backlog-number-repeats": ("Two items have one number.", "Both are kept."),
            "backlog-paren-number": (
                "A line begins with N) and looks like an item.",
                "It is no item and counts nowhere.",
            ),
            "item-no-phase": ("An item stands under no phase.", "It counts in the total alone."),
            "md-unclosed": (
                "A code fence or a comment never closes.",
                "Everything after it is hidden.",
            ),
            "phase-done-open": (
                "A phase says DONE and holds items that are not, by box, index or state.",
                "",
            ),
            "phase-items-claim": (
                "A heading claims items, like (items 1–15), and holds others.",
                "",
            ),
            "phase-no-items": ("The plan names a phase for which the backlog has no item.", ""),
            "phase-not-in-plan": ("The backlog has a phase that the plan does not name.", ""),
            "phase-not-worked": ("No item of a tracked phase has been reached.", ""),
            "phase-tracked-missing": (
                "No item stands in a tracked phase.",
                "Nothing is claimed about these phases.",
            ),
            "spec-ambiguous": (
                "A reference fits several specs.",
                "None of them is chosen.",
            ),
            "spec-missing": ("A reference fits no spec.", ""),
            "spec-orphan": ("No item of either backlog mentions a spec.", ""),
        },
    ),
    *_entries(
        ("PLAN.md",),
        {
            "plan-missing": ("There is no plan.", "Items are held against the backlog's phases."),
            "plan-no-phases": (
                "The plan names no phase, in headings or in a table.",
                "Items are held against the backlog's phases.",
            ),
        },
    ),
    *_entries(
        ("specs/*.md",),
        {
            "frontmatter-field": (
                "The title or the status in the front matter is a list or a mapping.",
                "It reads as missing: the title is made of the file's name, no status is claimed.",
            ),
            "frontmatter-invalid": (
                "The front matter is no valid YAML.",
                "It is read line by line; what is neither key nor entry is passed over.",
            ),
            "frontmatter-refused": (
                "The front matter exceeds a limit: size, depth, aliases, merge keys, documents.",
                "None of it is read; the spec keeps its name.",
            ),
            "frontmatter-unclosed": ("The front matter has no closing line.", "It is not read."),
        },
    ),
    *_entries(
        _COVERAGE,
        {
            "cov-label-missing": (
                "A row of the status table names no spec.",
                "It is kept and belongs to no spec.",
            ),
            "cov-mark-unknown": (
                "A mark of the status table is none of ✓, ? and —.",
                "It is kept as it is and claims nothing.",
            ),
            "cov-missing": ("There is no coverage document.", "Nothing is written."),
            "cov-no-table": (
                "The coverage document has no status table.",
                "Nothing is written.",
            ),
            "cov-row-repeats": (
                "Two rows belong to one spec.",
                "Both are kept; the marks of both follow the evidence.",
            ),
            "row-ambiguous": (
                "A row might belong to any of several specs.",
                "It belongs to none; none of them gets a row that might be its double.",
            ),
            "specs-missing": ("There is no folder of specs.", "Nothing is written."),
            "test-count-unknown": (
                "Neither a report nor TEST_COUNT nor pytest says how many tests there are.",
                "The count in the status page stays.",
            ),
            "cov-row-cells": (
                "A row has fewer or more cells than the status table has columns.",
                "The cells that are there are read; what is missing claims nothing.",
            ),
            "cov-second-table": ("There is a second status table.", "Only the first is read."),
            "cov-stray-rows": (
                "Rows stand below the status table, after a blank line.",
                "They are read as rows of the table and stay where they are.",
            ),
        },
        "pipeline update-coverage --check",
    ),
    *_entries(
        ("SPEC-COVERAGE.md", "STATUS.md"),
        {
            "status-missing": ("There is no status page.", "No lists and no count are kept."),
            "status-no-count": (
                "No line `- N tests` stands under Test Count in the status page.",
                "No count is kept.",
            ),
            "status-no-section": (
                "A heading of the status page is missing, or is written otherwise.",
                "A list without its heading is not kept; under one written otherwise, neither is.",
            ),
            "status-other-list": (
                "The status page holds a list that is not written as ours.",
                "Both lists stay as they are, so that nothing is listed twice.",
            ),
            "status-second-section": (
                "A heading of the status page comes a second time.",
                "Only the first section is kept.",
            ),
            "status-entry-kept": (
                "No row puts an entry of the status page into its list, and text stands under it.",
                "The entry and its text stay where they are.",
            ),
        },
        "pipeline update-coverage --check",
    ),
    *_entries(
        ("specs/*.md",),
        {
            "evidence-boilerplate": (
                "Many specs name a test file made of their own name, and none of it exists.",
                "Each of them is contradicted by it.",
            ),
            "evidence-too-much": (
                "A spec is so long, or names so many references, that its rest was not read.",
                "Split it, or take out what is no evidence.",
            ),
            "source-unknown-key": (
                "An entry of `source` has a key that names no evidence.",
                "The key is passed over; the rest of the entry counts.",
            ),
        },
        "pipeline verify",
    ),
    *_entries(
        (),
        {
            "junit-case-unnamed": (
                "A test case of a report has no name.",
                "It counts as a case; no test can be found by it.",
            ),
            "junit-future-stamp": (
                "A report's stamp lies more than five minutes ahead of now.",
                "The stamp counts nowhere.",
            ),
            "junit-invalid": (
                "A report is torn, or no well-formed XML.",
                "Nothing of it counts.",
            ),
            "junit-naive-stamp": ("A report's stamps have no zone.", "They are read as UTC."),
            "junit-no-cases": ("A report holds no test case.", "Nothing counts as passed by it."),
            "junit-no-match": ("A glob of evidence.junit matches no file.", ""),
            "junit-not-all": (
                "A glob of evidence.junit was held against 200,000 files alone.",
                "What lies beyond is not read.",
            ),
            "junit-not-report": ("A file is XML, but no test report.", "Nothing of it counts."),
            "junit-refused": (
                "A report has a document type, or exceeds a limit: depth, cases, length of a tag.",
                "Nothing of it counts.",
            ),
            "junit-stamp": ("A report's stamp cannot be read.", "It reads as missing."),
            "junit-suite-error": (
                "A suite reports an error outside of any case.",
                "It counts for no case.",
            ),
        },
        "pipeline verify",
    ),
    *_entries(
        _LOGS,
        {
            "log-bad-line": ("A line is no JSON.", "It is skipped; the others count."),
            "log-changed": ("A log shrank while it was read.", "Run the command again."),
            "log-disorder": (
                "Stamps of a long log are out of order by more than 24 hours.",
                "Nothing: the whole log is read, which takes longer.",
            ),
            "log-duplicate-key": ("A line has a key twice.", "The last one stands."),
            "log-field-type": (
                "A field has the wrong type.",
                "It reads as missing; the record counts.",
            ),
            "log-future-stamp": (
                "A stamp lies more than five minutes ahead of now.",
                "The line counts nowhere.",
            ),
            "log-line-too-long": ("A line is longer than 1 MiB.", "It is skipped."),
            "log-naive-stamp": ("Stamps have no zone.", "They are read as UTC; said once a file."),
            "log-no-stamp": ("A line has no readable moment.", "It counts nowhere."),
            "log-not-finite": ("A number is NaN or an infinity.", "It reads as missing."),
            "log-not-object": ("A line holds JSON, but no object.", "It is skipped."),
            "log-torn-line": (
                "The last line ends in the middle, as after a crash.",
                "It is skipped; the next append does not swallow it.",
            ),
            "metrics-bad-duration": (
                "A duration is negative.",
                "It is left out of times; the record counts.",
            ),
            "resolution-no-condition": (
                "A resolution names no condition.",
                "It counts as a resolution of an unknown one.",
            ),
            "task-event-order": (
                "An event comes twice, or after the task's end.",
                "An end is final; the event changes nothing.",
            ),
            "task-event-orphan": (
                "An event comes without its task's creation.",
                "The task is kept with what is known.",
            ),
            "task-event-unknown": ("An event has an unknown name.", "It is passed over."),
            "task-no-id": ("An event names no task.", "It is passed over."),
            "task-status-unknown": (
                "A task finished with a status that is neither completed nor failed.",
                "It is read as failed.",
            ),
        },
    ),
    *_entries(
        _STATE,
        {
            "json-duplicate-key": ("A key is there twice.", "The last one stands."),
            "json-entry-type": ("An entry of a list has the wrong type.", "It is passed over."),
            "json-field-type": ("A field has the wrong type.", "It reads as missing."),
            "json-invalid": ("The file is no JSON.", "It reads as absent."),
            "json-issue-no-condition": ("An issue has no condition.", "It counts nowhere."),
            "json-naive-stamp": ("A stamp has no zone.", "It is read as UTC."),
            "json-not-finite": ("A number is NaN or an infinity.", "It reads as null."),
            "json-not-object": ("The file holds no object.", "It reads as absent."),
            "json-stamp": ("A stamp cannot be read.", "It reads as missing."),
            "state-cursor-outside": (
                "A cursor of the rotation lies outside its range.",
                "Below 0 it counts as 0; beyond the backlog nothing is left of it.",
            ),
            "state-future-stamp": (
                "The state says that it was updated more than five minutes ahead of now.",
                "The stamp counts nowhere; the file's own time decides.",
            ),
            "state-index-outside": (
                "The backlog index lies outside the backlog.",
                "It is shown as it is, and counted within the backlog.",
            ),
            "state-no-index": ("A state file holds no usable index.", "It is passed over."),
        },
    ),
    *_entries(
        ("meta_questions.json",),
        {
            "answers-set-aside": (
                "The file of answers was invalid when the meta questions were asked.",
                "It is kept under a dated name, and a new one is written.",
            ),
            "meta-last-run-unusable": (
                "The stamp of the last run lies ahead of now, or before 1970.",
                "It counts nowhere; the questions are due.",
            ),
        },
        "pipeline meta-check",
    ),
    *_entries(
        ("META-QUESTIONS.md",),
        {
            "question-check-unknown": (
                "The column Check names a check that there is not.",
                "A person must answer the question.",
            ),
            "question-empty": ("A row of the checklist asks nothing.", "It is passed over."),
            "question-repeats": (
                "Two rows of the checklist ask the same.",
                "Both are kept, each with its own answer.",
            ),
            "questions-missing": ("There are no meta questions that can be read.", ""),
            "questions-no-table": (
                "No table of the meta questions has the columns Question and If No.",
                "Nothing is asked, and nothing is written.",
            ),
        },
        "pipeline meta-check",
    ),
    *_entries(
        _STATE,
        {
            "heal-no-runner": (
                "Heal tasks were filed and no runner lives.",
                "They wait until somebody takes them up.",
            ),
            "issues-set-aside": (
                "The issues file was invalid when the monitor ran.",
                "It is kept under a dated name, and a new one is written.",
            ),
            "meta-asked": ("The monitor asked the meta questions, which were due.", ""),
            "notify-failed": (
                "The command of notify.command could not be run, failed, or took too long.",
                "Nobody may have been told; the issues are recorded all the same.",
            ),
        },
        "pipeline monitor",
    ),
    *_entries(
        _LOGS,
        {
            "task-lost": (
                "A running task is closed as failed: its process is gone.",
                "How long it worked is unknown; it enters no times.",
            ),
        },
        "the command that closes it",
    ),
    *_entries(
        _LOGS,
        {
            "task-archived": (
                "A task that was asked for is not in the log any more, but in the archive.",
                "It is shown from there; what was captured of its output is gone.",
            ),
        },
        "pipeline task show",
    ),
    *_entries(
        (),
        {
            "not-text": ("A file is UTF-16 or UTF-32.", "It reads as absent."),
            "not-utf8": (
                "A file holds bytes that are not UTF-8.",
                "They are kept as they are; no command rewrites the file.",
            ),
            "path-outside": ("A path leads out of the workspace.", "It is not opened."),
            "too-large": ("A document is larger than 64 MiB.", "It is not read."),
            "unreadable": (
                "A file or folder is there and cannot be read.",
                "status calls that part unknown, and verify what may lie there; other commands "
                "that need it end.",
            ),
        },
    ),
    *_entries(
        (),
        {
            "busy": ("Another process of ours is writing.", ""),
            "command-not-run": (
                "The command of a task does not exist, or may not be executed.",
                "The task is recorded as failed.",
            ),
            "config": ("A setting has an unknown name or a value that cannot stand.", ""),
            "file-changed": ("A file changed between reading and writing.", "Nothing is written."),
            "file-exists": ("A file that was to be made is there.", "Nothing is written."),
            "folder-not-empty": ("A folder that must be empty is not.", "Nothing is written."),
            "git": ("Git refused.", ""),
            "git-edits": (
                "A file to be committed has uncommitted edits of the user's.",
                "Nothing is written and nothing committed.",
            ),
            "git-hook": (
                "A hook of the user's failed, hung, or changed what the commit holds.",
                "Nothing is written and nothing committed.",
            ),
            "git-identity": (
                "Git does not know who commits.",
                "Nothing is written and nothing committed.",
            ),
            "git-locked": (
                "Git's own lock is there: another git command runs, or one was killed.",
                "Nothing is written and nothing committed.",
            ),
            "git-missing": ("Git cannot be run.", "Nothing is written and nothing committed."),
            "git-moved": (
                "HEAD or a file changed twice while a commit was made.",
                "Nothing is written and nothing committed.",
            ),
            "git-signature": (
                "A commit could not be signed.",
                "Nothing is written and nothing committed.",
            ),
            "git-state": (
                "The state of the repository, or of a file in it, forbids a commit.",
                "Nothing is written and nothing committed.",
            ),
            "input": ("An input cannot be used.", ""),
            "internal": ("A bug of ours.", ""),
            "issue-unknown": ("No open issue has this id or condition.", "Nothing is written."),
            "item-not-next": (
                "The item that was to be taken off the rotation is not the next one.",
                "Nothing is written.",
            ),
            "lock-unusable": ("The lock file cannot be opened.", "Nothing is written."),
            "locked": ("Another process of ours held the lock for 30 s.", "Nothing is written."),
            "report-missing": ("A report that --junit names does not exist.", ""),
            "no-workspace": (
                "Logs and state are not made in a folder that nothing makes a workspace: neither "
                "settings, nor a backlog, nor logs, nor git, nor --root.",
                "Run pipeline init there, or name a folder with --root.",
            ),
            "root-missing": ("The root is no folder that can be read.", ""),
            "usage": ("The command line is wrong.", ""),
            "write-refused": ("The system refused a write.", "The old content stands."),
        },
        "the command that it ends",
    ),
)

"""The finding and error codes: what was wrong, and what became of it."""

from pipeline_cli.domain.catalog.entry import Entry

_BACKLOG = ("006-overnight-backlog.md", "007-meta-pipeline-backlog.md")
_LOGS = ("metrics.jsonl", "tasks.jsonl", "monitor_resolutions.jsonl")
_STATE = ("project_manager_state.json", "heartbeat.json", "monitor_issues.json")


def _entries(inputs: tuple[str, ...], words: dict[str, tuple[str, str]]) -> tuple[Entry, ...]:
    return tuple(
        Entry(name, "finding", meaning, inputs=inputs, leaves_out=left)
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
            "plan-missing": ("There is no plan.", "Items are held against the backlog's phases."),
            "plan-no-phases": (
                "The plan names no phase, in headings or in a table.",
                "Items are held against the backlog's phases.",
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
        ("specs/*.md",),
        {
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
            "heal-no-runner": (
                "Heal tasks were filed and no runner lives.",
                "They wait until somebody takes them up.",
            ),
            "issues-set-aside": (
                "The issues file was invalid when the monitor ran.",
                "It is kept under a dated name, and a new one is written.",
            ),
            "json-issue-no-condition": ("An issue has no condition.", "It counts nowhere."),
            "json-naive-stamp": ("A stamp has no zone.", "It is read as UTC."),
            "json-not-finite": ("A number is NaN or an infinity.", "It reads as null."),
            "json-not-object": ("The file holds no object.", "It reads as absent."),
            "json-stamp": ("A stamp cannot be read.", "It reads as missing."),
            "state-index-outside": (
                "The backlog index lies outside the backlog.",
                "It is shown as it is, and counted within the backlog.",
            ),
            "state-no-index": ("A state file holds no usable index.", "It is passed over."),
        },
    ),
    *_entries(
        (),
        {
            "busy": ("Another process of ours is writing.", ""),
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
            "lock-unusable": ("The lock file cannot be opened.", "Nothing is written."),
            "locked": ("Another process of ours held the lock for 30 s.", "Nothing is written."),
            "not-text": ("A file is UTF-16 or UTF-32.", "It reads as absent."),
            "not-utf8": (
                "A file holds bytes that are not UTF-8.",
                "They are kept as they are; no command rewrites the file.",
            ),
            "path-outside": ("A path leads out of the workspace.", "It is not opened."),
            "root-missing": ("The root is no folder that can be read.", ""),
            "too-large": ("A document is larger than 64 MiB.", "It is not read."),
            "unreadable": (
                "A file or folder is there and cannot be read.",
                "status calls that part unknown; other commands that need it end.",
            ),
            "usage": ("The command line is wrong.", ""),
            "write-refused": ("The system refused a write.", "The old content stands."),
        },
    ),
)

"""The exit codes (`cli.md`)."""

from pipeline_cli.domain.catalog.entry import Entry

_MEANINGS = {
    0: "Done, or nothing to do. A report exits 0 however bad the news is.",
    1: "Findings under a gate, such as align --check; notes alone never fail one.",
    2: "Usage or settings: an unknown name, or a value that cannot stand.",
    3: "An input that the command needs is missing or unreadable, or the disk refused.",
    4: "Another process of ours held the lock for 30 s, or a file changed while we ran: try again. "
    "Of rotate --advance --item: another item is next.",
    5: "Git refused, or its state forbids what was asked.",
    70: "A bug of ours; --debug shows the traceback.",
    124: "Of task run: the command took longer than --timeout, and was ended.",
    125: "Of task run: the start or the end of the task could not be recorded.",
    126: "Of task run: the command was found and could not be executed; or its own code.",
    127: "Of task run: the command was not found; or its own code.",
    129: "Hung up; nothing is half-written.",
    130: "Interrupted; nothing is half-written.",
    141: "The reader of our output went away, as in a pipe into head.",
    143: "Terminated; nothing is half-written.",
}

EXITS = tuple(Entry(str(code), "exit code", meaning) for code, meaning in _MEANINGS.items())

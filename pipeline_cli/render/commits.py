"""What a run says after a commit: what it holds, how to take it back, how to find all of ours."""

from pipeline_cli.domain.commits import LIST_OURS, Committed


def lines(committed: Committed) -> list[str]:
    """Return the lines that follow the answer of a command that committed.

    Paths come from files: a caller makes the lines harmless for a terminal, as with any text.
    """
    said = [
        f"committed {committed.sha[:12]} on {committed.branch}: {', '.join(committed.paths)}",
        f"  take it back: {committed.take_back}",
        f"  list all of ours: {LIST_OURS}",
    ]
    if committed.staged:
        said.append(f"  left as you staged it: {', '.join(committed.staged)}")
    return said

"""How this machine calls the program, for cron and systemd."""

import os
import sys
from pathlib import Path

from pipeline_cli.load.context import Context


def program() -> tuple[str, ...]:
    """Return the words that start this very program: its script, else this interpreter."""
    interpreter = Path(sys.executable)
    script = interpreter.with_name("pipeline")
    if os.access(script, os.X_OK):
        return (str(script),)
    return (str(interpreter), "-m", "pipeline_cli")


def options(context: Context, config: str | None) -> tuple[str, ...]:
    """Return the options that name this workspace from anywhere."""
    root = ("--root", str(context.workspace.root.absolute()))
    return root if config is None else (*root, "--config", str(Path(config).absolute()))


def lacking(context: Context) -> dict[str, str]:
    """Return the jobs that could only fail here, each with what it lacks."""
    path = context.settings.paths.questions
    if context.workspace.exists(path):
        return {}
    return {"meta-check": f"there is no {path}, which holds what it asks; write it and print again"}

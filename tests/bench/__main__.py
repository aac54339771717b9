"""`python -m tests.bench`: run the groups, print their tables, and keep them on demand."""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.groups import FULL, GROUPS, QUICK
from tests.bench.table import Table, markdown, plain
from tests.support import CRON_ENVIRONMENT

_LIBRARIES = (
    "typer",
    "msgspec",
    "PyYAML",
    "python-frontmatter",
    "duckdb",
    "orjson",
    "markdown-it-py",
)
_PROGRAMS = ("git", "jq", "backlog", "openspec")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; times decide nothing, only a command of ours that fails does."""
    options = _options(arguments)
    scale = QUICK if options.quick else FULL
    tables: list[Table] = []
    for name in options.only or GROUPS:
        sys.stderr.write(f"{name} …\n")
        with tempfile.TemporaryDirectory(prefix="pipeline-bench-") as folder:
            for table in GROUPS[name](scale, Path(folder)):
                sys.stdout.write(plain(table) + "\n")
                sys.stdout.flush()
                tables.append(table)
    facts = machine()
    if options.quick:
        facts.append("Quick: small inputs and few runs; the goals are meant for the full ones")
    sys.stdout.write("\n".join(facts) + "\n")
    if options.write:
        command = "python -m tests.bench" + "".join(_spelled(options))
        Path(options.write).write_text(document(command, facts, tables), encoding="utf-8")
    return int(any(table.failed for table in tables))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller inputs, fewer runs")
    parser.add_argument("--only", action="append", choices=list(GROUPS), help="one group")
    parser.add_argument("--write", metavar="FILE", help="write the tables as Markdown")
    return parser.parse_args(arguments)


def _spelled(options: argparse.Namespace) -> list[str]:
    words = [" --quick"] if options.quick else []
    words += [f" --only {name}" for name in options.only or ()]
    return [*words, f" --write {options.write}"]


def machine() -> list[str]:
    """Return what the figures depend on, without names of hosts or folders."""
    # This loads more than all of the rest, and would raise the floor of the peaks.
    from importlib.metadata import PackageNotFoundError, version

    libraries = []
    for name in _LIBRARIES:
        try:
            libraries.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            libraries.append(f"{name} not installed")
    return [
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}",
        "Libraries: " + ", ".join(libraries),
        "Programs: " + ", ".join(f"{name} {_version_of(name)}" for name in _PROGRAMS),
    ]


def _version_of(program: str) -> str:
    try:
        done = subprocess.run(
            [program, "--version"],
            env=CRON_ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "not installed"
    words = done.stdout.split()
    return words[-1].removeprefix("jq-") if words else "of unknown version"


def document(command: str, facts: Sequence[str], tables: Sequence[Table]) -> str:
    """Return `docs/benchmarks.md`."""
    intro = (
        "# Benchmarks\n\n"
        "Written by a run; do not edit. Medians of whole processes, run in turns, each once\n"
        "unmeasured before. Absolute times drift from machine to machine; ratios are between\n"
        "cases of the same run. A peak marked < is hidden behind that of the measuring process.\n\n"
        f"```sh\n{command}\n```\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}\n\n"
    )
    return (
        intro + "".join(f"- {fact}\n" for fact in facts) + "\n" + "\n".join(map(markdown, tables))
    )


if __name__ == "__main__":
    sys.exit(main())

"""What tests share: a workspace on disk, and the program run on it as a process."""

import json
import os
import subprocess
import sys
from binascii import crc32
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline_cli.render.schema import DRAFT, schema

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

NOW = "2026-02-12T18:00:00Z"
#: The smallest environment that cron gives: no HOME, no locale, no terminal.
CRON_ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}
CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


class Ran(NamedTuple):
    """What a run of the program left behind."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode("utf-8")

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.out)
        return value

    def finding_codes(self) -> list[str]:
        return [finding["code"] for finding in self.json["findings"]]


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a root, their folders too; text goes out as UTF-8, newlines as given."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def pipeline(
    root: Path | None,
    *arguments: str,
    now: str | None = NOW,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    prefix: tuple[str, ...] = (),
    timeout: float = 60,
) -> Ran:
    """Run the program as a process, under cron's environment but for what `env` adds.

    What it answers to `--json` is held against its schema.
    """
    command = [*prefix, sys.executable, "-m", "pipeline_cli"]
    if root is not None:
        command += ["--root", str(root)]
    if now is not None:
        command += ["--now", now]
    done = subprocess.run(
        [*command, *arguments],
        env={**CRON_ENVIRONMENT, **(env or {})},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    if "--json" in arguments and done.stdout:
        check_answer(json.loads(done.stdout))
    return Ran(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def check_answer(answer: dict[str, Any]) -> None:
    """Fail where an answer is not what the schema of its name says."""
    from jsonschema import Draft202012Validator  # which the benchmarks are run without

    if answer.get("$schema") == DRAFT:  # `schema NAME` answers with a schema
        Draft202012Validator.check_schema(answer)
        return
    meta = answer["meta"]
    name = meta["schema"].removeprefix("pipeline/") if meta["ok"] else "error"
    faults = [
        f"{fault.json_path}: {fault.message}" for fault in validator(name).iter_errors(answer)
    ]
    assert not faults, f"not a pipeline/{name}: " + "; ".join(faults[:5])


@cache
def validator(name: str) -> "Draft202012Validator":
    """Return what validates the answers of one name."""
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema(name))


def snapshot(root: Path) -> dict[str, bytes]:
    """Return every file below a root with its bytes, to see that nothing was written."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def leftover_of(name: str, tail: str) -> str:
    """Return the name of a temporary file that a killed write of `name` leaves beside it."""
    return f".pipeline-tmp-{crc32(name.encode()):08x}-{tail}"


def metrics_line(at: str, status: str = "completed", **fields: Any) -> str:
    """Return one line of metrics.jsonl."""
    line = {
        "task_id": f"task_{at}",
        "task_type": "impl",
        "model": "m",
        "duration_seconds": 60.0,
        "status": status,
        "created_at": at,
        **fields,
    }
    return json.dumps(line) + "\n"


def event_line(task_id: str, event: str, at: str, **fields: Any) -> str:
    """Return one line of tasks.jsonl."""
    return json.dumps({"task_id": task_id, "event": event, "at": at, **fields}) + "\n"


def backlog_text(counts: Mapping[int, int]) -> str:
    """Return a backlog with so many items in each phase, numbered through."""
    lines, number = ["# Backlog", ""], 0
    for phase, count in counts.items():
        lines.append(f"## Phase {phase}: Part {phase}")
        for _ in range(count):
            number += 1
            lines.append(f"{number}. Work item {number}")
        lines.append("")
    return "\n".join(lines)

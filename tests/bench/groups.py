"""What is measured: each group makes its inputs, runs its cases in turns and returns tables."""

import shutil
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import NamedTuple

from tests.bench import generate
from tests.bench.measure import Case, Limit, Measured, exponent, measure
from tests.bench.opponents import command as opponent
from tests.bench.table import NOTHING, Table, goal_text, milliseconds, of_cases, peak_text
from tests.support import NOW, write

PIPELINE = str(Path(sys.executable).parent / "pipeline")
#: No tool asks the network for anything while it is measured.
QUIET = {"OPENSPEC_TELEMETRY": "0", "DO_NOT_TRACK": "1", "CI": "1"}
GROWTH_PEAK = 64.0
GROWTH_LIMIT = 1.05
#: So long after its last change, in seconds, what was read of a file is kept.
SETTLED = 2.1
#: A folder whose files lie in memory, where there is one.
MEMORY = Path("/dev/shm")
#: So many resolutions lie beside the tasks that the monitor looks at.
RESOLVED = 1_000


class Scale(NamedTuple):
    """How large and how often: `runs` of each case, fewer where they take `budget` seconds."""

    runs: int
    budget: float
    logs: tuple[int, ...]
    histories: tuple[int, ...]
    specs: tuple[int, ...]
    proofs: tuple[int, ...]
    things: tuple[int, ...]
    watched: tuple[int, ...]
    peers: int
    rows: int


FULL = Scale(
    runs=15,
    budget=20,
    logs=(10_000, 100_000, 1_000_000),
    histories=(100_000, 300_000, 1_000_000),
    specs=(500, 5_000, 20_000),
    proofs=(200, 2_000, 20_000),
    things=(500, 5_000),
    watched=(10_000, 100_000),
    peers=5_000,
    rows=20_000,
)
QUICK = Scale(
    runs=3,
    budget=1.5,
    logs=(5_000, 20_000, 100_000),
    histories=(60_000, 100_000),
    specs=(200, 2_000),
    proofs=(50, 500),
    things=(200, 2_000),
    watched=(200, 2_000),
    peers=200,
    rows=2_000,
)


def ours(
    root: Path,
    *words: str,
    now: str = NOW,
    name: str = "",
    limits: tuple[Limit, ...] = (),
    peak: float | None = None,
) -> Case:
    """Return a case that calls our console script on a workspace, as users do."""
    command = (PIPELINE, "--root", str(root), "--now", now, *words)
    return Case(name or f"pipeline {' '.join(words)}", command, limits, peak, ours=True)


def start_up(scale: Scale, folder: Path) -> list[Table]:
    """The demo, and what a start costs."""
    root, base = generate.demo(folder / "demo"), "python -c pass"
    call = partial(ours, root, now=generate.DEMO_NOW)
    generate.meta_questions(root)
    quick, report = (Limit(base, 6.5),), (Limit(base, 7.5),)
    words = {"_PIPELINE_COMPLETE": "complete_bash", "COMP_WORDS": "pipeline st", "COMP_CWORD": "1"}
    completion = Case("completion of a command's name", (PIPELINE,), quick, ours=True, env=words)
    cases = [
        Case(base, (sys.executable, "-c", "pass")),
        Case("import typer", (sys.executable, "-c", "import typer")),
        Case("pipeline --version", (PIPELINE, "--version"), quick, ours=True),
        completion,
        Case("pipeline --help", (PIPELINE, "--help"), ours=True),
        call("status", "--json", limits=report),
        call("effectiveness", "--json", limits=report),
        call("metrics", "--json"),
        call("tasks", "--json"),
        call("align", "--json"),
        call("status", name="pipeline status, as text"),
        call("meta-check", "--force", "--dry-run", "--json", name="pipeline meta-check, asked"),
        call("meta-check", "--json", limits=report, name="pipeline meta-check, not due"),
    ]
    results = measure(cases, runs=scale.runs, budget=scale.budget)
    note = "Commands answer on the packaged demo."
    return [of_cases("Start-up", note, cases, results, base)]


def logs(scale: Scale, folder: Path) -> list[Table]:
    """The metrics log: ordered, out of order, and with a longer and longer history."""
    count, since = scale.logs[-1], generate.since()
    root, mixed = generate.workspace(folder / "ordered"), generate.workspace(folder / "mixed")
    path = _log(root, count)
    shuffled = _log(mixed, count, disordered=True)
    held = "json.loads per line, records held in a list"
    duckdb, mixed_duckdb = "duckdb, group by", "duckdb, group by, out of order"
    fast, whole = (Limit(held, 0.03),), (Limit(mixed_duckdb, 1.6),)
    count_up = "reduce inputs as $r ({}; .[$r.status] += 1)"
    cases = [
        Case("read the bytes", opponent("read_bytes", path)),
        Case("wc -l", ("wc", "-l", str(path))),
        Case(duckdb, opponent("duckdb_group_by", path, since)),
        Case("msgspec per line, three fields", opponent("msgspec_three_fields", path, since)),
        Case("orjson per line", opponent("orjson_per_line", path, since)),
        Case(held, opponent("json_held_in_list", path, since)),
        Case("jq", ("jq", "-n", count_up, str(path))),
        ours(root, "metrics", "--json", limits=fast, peak=32),
        ours(root, "effectiveness", "--json", limits=fast, peak=32),
        Case(mixed_duckdb, opponent("duckdb_group_by", shuffled, since)),
        ours(
            mixed, "metrics", "--json", name="pipeline metrics --json, out of order", limits=whole
        ),
        ours(
            mixed,
            "effectiveness",
            "--json",
            name="pipeline effectiveness --json, out of order",
            limits=whole,
        ),
    ]
    results = measure(cases, runs=scale.runs, budget=scale.budget)
    note = (
        "That is how a reader works which loads the whole log and then counts. The last "
        f"{generate.DAYS} days are the last twentieth; out of order means by three days, every "
        "fiftieth line."
    )
    title = f"Metrics log of {count:,} lines"
    table = of_cases(title, note, cases, results, held)
    for done in (path, shuffled):
        done.unlink()
    return [table, _history(scale, folder / "history")]


def _log(root: Path, count: int, *, window: int | None = None, disordered: bool = False) -> Path:
    lines = generate.metrics_lines(count, window=window, disordered=disordered)
    return generate.write_lines(root / generate.LOGS / "metrics.jsonl", lines)


def _history(scale: Scale, folder: Path) -> Table:
    """The same window behind more and more history: the cost should stay."""
    window = scale.histories[0] // generate.PART
    names = [f"{count:,} lines" for count in scale.histories]
    cases = []
    for name, count in zip(names, scale.histories, strict=True):
        root = generate.workspace(folder / str(count))
        _log(root, count, window=window)
        cases.append(ours(root, "metrics", "--json", name=name, peak=32))
    results = measure(cases, runs=scale.runs, budget=scale.budget)
    note = f"`metrics --json`; {window:,} lines lie in the window."
    return of_cases("The same window, a longer history", note, cases, results, names[0])


def specs(scale: Scale, folder: Path) -> list[Table]:
    """A folder of specs: what it costs to read them all."""
    count = scale.specs[-1]
    root = generate.commit_all(generate.workspace(folder / "specs", specs=count))
    place = root / "specs"
    whole, status = "python-frontmatter with libyaml, whole files", "git status"
    align = "pipeline align --json"
    warm = {"XDG_CACHE_HOME": str(folder / "cache")}
    sleep(SETTLED)
    cases = [
        Case("scandir and stat", opponent("scan_and_stat", place)),
        Case("read all", opponent("read_all", place)),
        Case("libyaml base loader, header only", opponent("libyaml_header", place)),
        Case(whole, opponent("frontmatter_whole", place)),
        Case(status, ("git", "status", "--short"), cwd=root),
        Case("git ls-files", ("git", "ls-files"), cwd=root),
        ours(root, "align", "--json", name=f"{align}, cold", limits=(Limit(whole, 0.2),)),
        ours(root, "align", "--json", name=f"{align}, warm", limits=(Limit(status, 4.5),))._replace(
            env=warm
        ),
    ]
    results = measure(cases, runs=scale.runs, budget=scale.budget)
    note = (
        "One header in ten has a comment and a folded text. `align` reads every spec; warm finds "
        "what the run before kept in the user's cache directory."
    )
    table = of_cases(f"{count:,} specs", note, cases, results, whole)
    shutil.rmtree(root)
    return [table, _peers(scale, folder / "peers")]


def _peers(scale: Scale, folder: Path) -> Table:
    """Peers that list a whole project, and ours on the very same files."""
    count = scale.peers
    theirs = generate.backlog_md(folder / "backlog_md", count)
    theirs_too = generate.openspec(folder / "openspec", count)
    home = folder / "home"
    home.mkdir()
    env = {**QUIET, "HOME": str(home)}
    first, second = "backlog task list --plain", "openspec list --specs"
    cases = [
        Case(first, ("backlog", "task", "list", "--plain"), cwd=theirs, env=env),
        Case(second, ("openspec", "list", "--specs"), cwd=theirs_too, env=env),
        _peer(theirs, "backlog.md", first),
        _peer(theirs_too, "openspec", second),
    ]
    results = measure(cases, runs=scale.runs, budget=scale.budget)
    note = "Ours is `align --json`, which reads every one of the same files."
    return of_cases(f"Peers on a project of {count:,} items", note, cases, results, first)


def _peer(root: Path, name: str, base: str) -> Case:
    title = f"pipeline align --json, on the files of {name}"
    return ours(root, "align", "--json", name=title, limits=(Limit(base, 0.1),))


def verify(scale: Scale, folder: Path) -> list[Table]:
    """Claims held against their evidence: read anew, and with what the last run kept."""
    tables = [_verify(scale, folder / str(count), count) for count in scale.proofs]
    rows = [_growth_row(Grown("specs", _claims, "verify", scale.proofs), scale, folder / "growth")]
    note = (
        "`verify --json`, everything read anew. Exponent of the cost after the start (the time "
        f"with no specs), goal ≤ {GROWTH_LIMIT}. Peak of the largest, goal ≤ {GROWTH_PEAK:g} MiB."
    )
    columns = ("", "sizes", "start, ms", "then, ms", "exponent", "MiB")
    failed = any(len(row[1:]) == row.count(NOTHING) for row in rows)
    return [*tables, Table("Growth of verify", note, columns, tuple(rows), failed)]


def _verify(scale: Scale, folder: Path, count: int) -> Table:
    root = generate.evidence_workspace(folder / "work", count)
    sleep(SETTLED)
    status, cat = "git status", "cat, every file"
    every = ("find", "specs", "src", "tests", "-type", "f", "-exec", "cat", "{}", "+")
    warm = {"XDG_CACHE_HOME": str(folder / "cache")}
    limits = (Limit(cat), Limit(status))
    cases = [
        Case("python -c pass", (sys.executable, "-c", "pass")),
        Case(cat, every, cwd=root),
        Case(status, ("git", "status", "--short"), cwd=root),
        ours(root, "verify", "--json", name="pipeline verify --json, cold", limits=limits),
        ours(root, "verify", "--json", name="pipeline verify --json, warm", limits=limits)._replace(
            env=warm
        ),
    ]
    results = measure(cases, runs=scale.runs, budget=scale.budget)
    shutil.rmtree(folder)
    note = "Cold keeps nothing; warm finds what the run before kept in the user's cache directory."
    return of_cases(f"Claims of {count:,} specs", note, cases, results, cat)


def _claims(root: Path, count: int) -> None:
    shutil.rmtree(root / "specs")
    generate.evidence_workspace(root, count)


def documents(scale: Scale, folder: Path) -> list[Table]:
    """A table in a document, cut and spliced."""
    path = generate.write_lines(folder / "table.md", generate.table_lines(scale.rows))
    parse, splice = "markdown-it-py, parse alone", "ours: cut every row, set a cell, add a row"
    cases = [
        Case("python -c pass", (sys.executable, "-c", "pass")),
        Case(parse, opponent("markdown_it_parse", path)),
        Case(splice, opponent("our_splice", path), (Limit(parse, 0.04),), ours=True),
    ]
    root = generate.coverage_workspace(folder / "coverage", scale.rows)
    words = ("update-coverage", "--tests-passed", "--dry-run")
    cases.append(ours(root, *words, limits=(Limit(parse, 0.04),)))
    results = measure(cases, runs=scale.runs, budget=scale.budget)
    return [of_cases(f"A table of {scale.rows:,} rows", "", cases, results, parse)]


def rotation(scale: Scale, folder: Path) -> list[Table]:
    """What comes next of two large backlogs."""
    count, base = 2 * scale.things[-1], "python -c pass"
    root = generate.workspace(folder / "rotation", items=count)
    backlogs = root / "backlog"
    shutil.copy(backlogs / "006-overnight-backlog.md", backlogs / "007-meta-pipeline-backlog.md")
    cases = [
        Case(base, (sys.executable, "-c", "pass")),
        Case("read both backlogs", ("cat", *map(str, sorted(backlogs.iterdir())))),
        ours(root, "rotate", "--json", limits=(Limit(base, 40.0),), peak=64),
        ours(root, "rotate", "--advance", "--dry-run", "--json"),
        ours(root, "rotate", "--count", "1", "--print", "item"),
    ]
    results = measure(cases, runs=scale.runs, budget=scale.budget)
    note = "Half of the product backlog is passed; every item of both is read."
    return [of_cases(f"Two backlogs of {count:,} items", note, cases, results, base)]


def recording(scale: Scale, folder: Path) -> list[Table]:
    """The monitor on a long task log, and what recording adds to a command."""
    base, alone = "python -c pass", "true"
    count = scale.watched[-1]
    root = generate.workspace(folder / "watched")
    _watched(root, count)
    again = generate.workspace(folder / "recorded")
    cases = [
        Case(base, (sys.executable, "-c", "pass")),
        ours(root, "monitor", "--json", name="pipeline monitor --json", peak=GROWTH_PEAK),
        Case(alone, ("true",)),
        ours(
            again,
            "task",
            "run",
            "--",
            "true",
            name="pipeline task run -- true",
            limits=(Limit(base), Limit(alone)),
        ),
    ]
    results = measure(cases, runs=scale.runs, budget=scale.budget)
    note = (
        f"`monitor` looks at {count:,} tasks and {RESOLVED:,} resolutions and writes its files; "
        "every run but the first finds the same issues."
    )
    table = of_cases("Recording", note, cases, results, base)
    grown = Grown("tasks", _watched, "monitor", scale.watched)
    rows = [_growth_row(grown, scale, folder / "growth")]
    note = (
        f"Exponent of the cost after the start (the time with no tasks), goal ≤ {GROWTH_LIMIT}. "
        f"Peak of the largest, goal ≤ {GROWTH_PEAK:g} MiB."
    )
    columns = ("", "sizes", "start, ms", "then, ms", "exponent", "MiB")
    failed = any(len(row[1:]) == row.count(NOTHING) for row in rows)
    return [table, Table("Growth of the monitor", note, columns, tuple(rows), failed)]


COMMIT_LIMIT = 1.5


def commits(scale: Scale, folder: Path) -> list[Table]:
    """Two files committed: ours with every promise, git's own command, and GitPython."""
    note = (
        "After the start: without the interpreter and its imports; for git without the shell that "
        "changes the files. Ours waits until files, objects and branch are on the disk, looks at "
        "the state, works on an index of its own, and leaves everything else as it was."
    )
    tables = [_commits(scale, folder, "Two files committed", note)]
    if MEMORY.is_dir():
        note = "The same where nobody waits for a disk, as git does nowhere."
        with TemporaryDirectory(prefix="pipeline-bench-", dir=MEMORY) as name:
            tables.append(_commits(scale, Path(name), "Two files committed, in memory", note))
    return tables


def _commits(scale: Scale, folder: Path, title: str, note: str) -> Table:
    plain = "git commit -- a b"
    pairs = {
        "ours": ("commit_start", "our_commit"),
        "GitPython, is_dirty and index.commit": ("gitpython_start", "gitpython_commit"),
    }
    root = _to_commit(folder / "git")
    change = "for f in a.md b.md; do echo $$ $PPID $(date +%N) >> $f; done"
    cases = [
        Case("start", ("sh", "-c", change), cwd=root),
        Case(plain, ("sh", "-c", f"{change}; exec git commit -q -m row -- a.md b.md"), cwd=root),
    ]
    for place, (name, (start, whole)) in enumerate(pairs.items()):
        root = _to_commit(folder / str(place))
        mine = name == "ours"
        cases.append(Case(f"{name}, start", opponent(start, root), ours=mine))
        cases.append(Case(name, opponent(whole, root), ours=mine))
    results = measure(cases, runs=scale.runs, budget=scale.budget)
    rows = [commit_cells(plain, results[plain], results["start"], None)]
    base = _after(results[plain], results["start"])
    rows += [commit_cells(name, results[name], results[f"{name}, start"], base) for name in pairs]
    columns = ("", "ms", "after the start, ms", "ratio", "goal", "runs")
    failed = bool(results["ours"].trouble or results["ours, start"].trouble)
    return Table(title, note, columns, tuple(rows), failed)


def _to_commit(root: Path) -> Path:
    """Make a repository with two files to commit among two hundred."""
    write(root, {f"docs/{number}.md": f"{number}\n" * 50 for number in range(200)})
    generate.commit_all(write(root, {"a.md": "# A\n" * 200, "b.md": "# B\n" * 200}))
    text = "[user]\n\tname = bench\n\temail = bench@example.org\n[gc]\n\tauto = 0\n"
    with (root / ".git/config").open("a") as file:
        file.write(text)
    return root


def _after(whole: Measured, start: Measured) -> float | None:
    if whole.median is None or start.median is None:
        return None
    return max(whole.median - start.median, 0.0)


def commit_cells(
    name: str, whole: Measured, start: Measured, base: float | None
) -> tuple[str, ...]:
    """Put a case into a row: whole, after its start, and that beside `base` (None: itself)."""
    trouble = whole.trouble or start.trouble
    rest = _after(whole, start)
    if trouble or whole.median is None or rest is None:
        return (f"{name}: {trouble}", *[NOTHING] * 5)
    ratio = rest / base if base else 1.0
    goal = goal_text(ratio, COMMIT_LIMIT) if name == "ours" else ""
    return (
        name,
        milliseconds(whole.median),
        milliseconds(rest),
        f"{ratio:.2f}",
        goal,
        str(len(whole.seconds)),
    )


class Grown(NamedTuple):
    """A kind of thing of which there are more and more, and the command that reads them."""

    name: str
    make: Callable[[Path, int], object]
    command: str
    sizes: tuple[int, ...]


def growth(scale: Scale, folder: Path) -> list[Table]:
    """Ten times as much of anything: ten times the cost after a start, and little memory."""
    grown = (
        Grown("metrics lines", _log, "metrics", scale.logs),
        Grown("metrics lines", _log, "effectiveness", scale.logs),
        Grown("specs", _specs, "align", scale.specs),
        Grown("backlog items", _items, "align", scale.things),
        Grown("backlog items", _items, "effectiveness", scale.things),
        Grown("backlog items", _items, "status", scale.things),
        Grown("tasks", _tasks, "tasks", scale.things),
        Grown("tasks", _tasks, "status", scale.things),
        Grown("issues", _issues, "effectiveness", scale.things),
        Grown("resolutions", _resolutions, "effectiveness", scale.things),
    )
    rows = []
    for place, one in enumerate(grown):
        rows.append(_growth_row(one, scale, folder / f"growth-{place}"))
        shutil.rmtree(folder / f"growth-{place}")
    note = (
        f"Commands with `--json`. Exponent of the cost after the start (the time with none of "
        f"them), goal ≤ {GROWTH_LIMIT}; {NOTHING} where the smallest costs less than 1 ms, which "
        f"noise would decide. Peak of the largest, goal ≤ {GROWTH_PEAK:g} MiB."
    )
    columns = ("", "sizes", "start, ms", "then, ms", "exponent", "MiB")
    failed = any(len(row[1:]) == row.count(NOTHING) for row in rows)
    return [Table("Growth", note, columns, tuple(rows), failed)]


def _growth_row(one: Grown, scale: Scale, folder: Path) -> tuple[str, ...]:
    cases = []
    for size in (0, *one.sizes):
        root = generate.workspace(folder / str(size))
        one.make(root, size)
        cases.append(ours(root, one.command, "--json", name=str(size)))
    results = measure(cases, runs=scale.runs, budget=scale.budget)
    return growth_cells(f"{one.name}: {one.command}", one.sizes, results)


def growth_cells(name: str, sizes: Sequence[int], results: dict[str, Measured]) -> tuple[str, ...]:
    """Put the times of the sizes into one row; that of size 0 is the start."""
    trouble = next((one.trouble for one in results.values() if one.trouble), "")
    times = [results[str(size)].median for size in (0, *sizes)]
    known = [value for value in times if value is not None]
    if trouble or len(known) < len(times):
        return (f"{name}: {trouble}", *[NOTHING] * 5)
    slope = exponent(sizes, known[1:], known[0])
    peak = results[str(sizes[-1])].peak
    return (
        name,
        " / ".join(f"{size:,}" for size in sizes),
        milliseconds(known[0]),
        " / ".join(milliseconds(value) for value in known[1:]),
        NOTHING if slope is None else f"{slope:.2f}" + _missed(slope, GROWTH_LIMIT),
        peak_text(peak) + _missed(peak, GROWTH_PEAK),
    )


def _missed(value: float, limit: float) -> str:
    return ", missed" if goal_text(value, limit).endswith("missed") else ""


def _specs(root: Path, count: int) -> None:
    shutil.rmtree(root / "specs")
    generate.workspace(root, specs=count)


def _items(root: Path, count: int) -> None:
    generate.workspace(root, items=count)


def _tasks(root: Path, count: int) -> None:
    generate.write_lines(root / generate.LOGS / "tasks.jsonl", generate.task_lines(count))


def _watched(root: Path, count: int) -> None:
    """Write so many tasks, and as many resolutions as any workspace here has."""
    _tasks(root, count)
    path = root / generate.LOGS / "monitor_resolutions.jsonl"
    generate.write_lines(path, generate.resolved_lines(RESOLVED))


def _issues(root: Path, count: int) -> None:
    write(root, {f"{generate.LOGS}/monitor_issues.json": generate.issues_text(count)})


def _resolutions(root: Path, count: int) -> None:
    path = root / generate.LOGS / "monitor_resolutions.jsonl"
    generate.write_lines(path, generate.resolution_lines(count))


GROUPS: dict[str, Callable[[Scale, Path], list[Table]]] = {
    "start-up": start_up,
    "logs": logs,
    "specs": specs,
    "verify": verify,
    "documents": documents,
    "rotation": rotation,
    "commits": commits,
    "growth": growth,
    "recording": recording,
}

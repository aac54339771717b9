"""The opponents that are Python: each is one function, run in a process of its own.

A library is imported where it is used, so that an opponent pays for nothing but itself, and one
that is not installed is told by the exit code. Our own splice is here as well: no command of
ours does it alone.
"""
# ruff: noqa: PTH123  (pathlib costs a third of a bare start, which no opponent owes us)

import sys
from importlib import import_module

NOT_INSTALLED = 69


def command(name: str, *arguments: object) -> tuple[str, ...]:
    """Return the command that runs an opponent; it must be started in the project's folder."""
    code = "from tests.bench.opponents import main; main()"
    return (sys.executable, "-c", code, name, *map(str, arguments))


def main() -> None:
    """Run the opponent that the command line names."""
    name, *arguments = sys.argv[1:]
    try:
        globals()[name](*arguments)
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NOT_INSTALLED)


def duckdb_group_by(path: str, since: str) -> None:
    import_module("duckdb").execute(
        """
        select task_type, status, count(*), avg(duration_seconds)
        from read_json(?, format = 'newline_delimited', columns = {
            task_id: 'VARCHAR', task_type: 'VARCHAR', model: 'VARCHAR',
            duration_seconds: 'DOUBLE', status: 'VARCHAR', created_at: 'TIMESTAMP'
        })
        where created_at >= ? group by task_type, status
        """,
        [path, since.removesuffix("Z")],
    ).fetchall()


def msgspec_three_fields(path: str, since: str) -> None:
    msgspec = import_module("msgspec")
    fields = [("status", str), ("duration_seconds", float), ("created_at", str)]
    decode = msgspec.json.Decoder(msgspec.defstruct("Record", fields)).decode
    counts: dict[str, int] = {}
    with open(path, "rb") as file:
        for line in file:
            record = decode(line)
            if record.created_at >= since:
                counts[record.status] = counts.get(record.status, 0) + 1


def orjson_per_line(path: str, since: str) -> None:
    loads = import_module("orjson").loads
    counts: dict[str, int] = {}
    with open(path, "rb") as file:
        for line in file:
            record = loads(line)
            if record["created_at"] >= since:
                counts[record["status"]] = counts.get(record["status"], 0) + 1


def json_held_in_list(path: str, since: str) -> None:
    loads = import_module("json").loads
    counts: dict[str, int] = {}
    with open(path, encoding="utf-8") as file:
        records = [loads(line) for line in file]
    for record in records:
        if record["created_at"] >= since:
            counts[record["status"]] = counts.get(record["status"], 0) + 1


def read_bytes(path: str) -> None:
    with open(path, "rb") as file:
        while file.read(1 << 20):
            pass


def scan_and_stat(folder: str) -> None:
    with import_module("os").scandir(folder) as entries:
        for entry in entries:
            entry.stat()


def read_all(folder: str) -> None:
    for path in _files(folder):
        _bytes_of(path)


def frontmatter_whole(folder: str) -> None:
    load = import_module("frontmatter").load
    if not import_module("yaml").__with_libyaml__:
        raise ImportError("PyYAML is built without libyaml")
    for path in _files(folder):
        load(path)


def libyaml_header(folder: str) -> None:
    yaml = import_module("yaml")
    if not yaml.__with_libyaml__:
        raise ImportError("PyYAML is built without libyaml")
    for path in _files(folder):
        header = _bytes_of(path).split(b"---\n", 2)[1]
        yaml.load(header, Loader=yaml.CBaseLoader)


def markdown_it_parse(path: str) -> None:
    parser = import_module("markdown_it").MarkdownIt("commonmark").enable("table")
    parser.parse(_bytes_of(path).decode())


def our_splice(path: str) -> None:
    """Cut every row into its cells, set a cell of the one that is looked for, add a row, splice."""
    from pipeline_cli.domain.changes import splice
    from pipeline_cli.formats.markdown import Document, append_row, row_of, set_cell

    document = Document(_bytes_of(path).decode())
    table = document.tables[0]
    names = [cells[0] for cells in table.texts()]
    row = row_of(document.text, table.lines[names.index(names[len(names) // 2])])
    added = append_row(table, ["new", "", "", "?"], document.newline)
    splice(document.text, [*set_cell(row.cells[-1], "?"), added])


def commit_start(root: str) -> None:
    """What ours imports before it commits, and nothing else."""
    import_module("pipeline_cli.load.commit")
    _row(root)


def our_commit(root: str) -> None:
    """Add a row to two files and commit them, with every promise kept."""
    from pathlib import Path

    from pipeline_cli.domain import commits
    from pipeline_cli.domain.changes import ChangeSet, DocumentEdit, Edit
    from pipeline_cli.load.commit import Sources, commit_documents
    from pipeline_cli.store.workspace import Workspace

    row = _row(root)

    def make(sources: Sources) -> ChangeSet:
        edits = [
            DocumentEdit(one, (Edit(len(one.text), len(one.text), row),))
            for one in sources.values()
            if one is not None
        ]
        text = commits.message("bench", "a row", [row], "0")
        return ChangeSet(text, edits=tuple(edits))

    if commit_documents(Workspace(Path(root)), ["a.md", "b.md"], make) is None:
        raise AssertionError("nothing was committed")


def gitpython_start(root: str) -> None:
    import_module("git")
    _row(root)


def gitpython_commit(root: str) -> None:
    repo, row = import_module("git").Repo(root), _row(root)
    for name in ("a.md", "b.md"):
        with open(f"{root}/{name}", "a", encoding="utf-8") as file:
            file.write(row)
    if repo.is_dirty():
        repo.index.add(["a.md", "b.md"])
        repo.index.commit("a row")


def _row(root: str) -> str:
    return f"row {import_module('time').time_ns()} of {root}\n"


def _files(folder: str) -> list[str]:
    with import_module("os").scandir(folder) as entries:
        return sorted(entry.path for entry in entries)


def _bytes_of(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()

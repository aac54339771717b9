"""Test reports: those that the command line names, else those that `evidence.junit` matches."""

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from pipeline_cli.domain.asked_tests import AskedTests
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.globs import glob_matcher
from pipeline_cli.domain.reports import Report, Reports
from pipeline_cli.errors import ConfigError, InputError
from pipeline_cli.load.answer import as_finding
from pipeline_cli.load.context import Context
from pipeline_cli.store.given import blocks_of_given

#: How deep, and at how many entries, a glob with folders left open looks.
_DEPTH = 24
_MOST = 200_000
#: Folders in which no report of this tree lies.
_SKIPPED = frozenset({".git", ".hg", ".venv", "venv", "node_modules", "__pycache__"})


class Evidence(msgspec.Struct, frozen=True):
    """The reports that were read.

    `paths` are those that count, `unread` those that do not, `given` whether the command line
    named them: the caller then says that they are of this tree (contracts §14). `digest` is
    one over the bytes of all that count, whatever their names and order; None without any.
    """

    reports: Reports
    paths: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    given: bool = False
    digest: str | None = None


def load_reports(
    context: Context,
    given: Sequence[str],
    tally: Tally,
    *,
    files: Iterable[str] = (),
    asked: AskedTests | None = None,
) -> Evidence:
    """Read the reports of the command line, else those of the settings.

    `files` are the paths of the tree, by which a place that a report names in part is told.
    Cases that cannot count for what is `asked` are only counted; without it all are kept.
    Raises InputError for a report that is named and missing, torn or refused; one that a glob
    matches is a finding then, and nothing of it counts. Raises ConfigError for a glob that
    leaves the workspace.
    """
    paths = dict.fromkeys(given) if given else dict.fromkeys(_matched(context, tally))
    found: list[Report] = []
    digests: list[bytes] = []
    unread: list[str] = []
    for path in paths:
        try:
            report, digest = _read(context, path, tally, asked, given=bool(given))
        except InputError as error:
            if given:
                raise
            tally.add(as_finding(error))
            unread.append(path)
            continue
        found.append(report)
        digests.append(digest)
    return Evidence(
        Reports(found, files),
        tuple(report.path for report in found),
        tuple(unread),
        bool(given),
        _digest_of(digests),
    )


def _read(
    context: Context, path: str, tally: Tally, asked: AskedTests | None, *, given: bool
) -> tuple[Report, bytes]:
    # Hashing and the reader of XML are loaded for a report alone.
    from hashlib import blake2b

    from pipeline_cli.formats import junit

    sum_up = blake2b(digest_size=16)
    blocks = (
        blocks_of_given(path, missing="report-missing") if given else context.workspace.blocks(path)
    )

    def summed() -> Iterator[bytes]:
        for block in blocks:
            sum_up.update(block)
            yield block

    report = junit.parse(path, summed(), now=context.now, tally=tally, asked=asked)
    return report, sum_up.digest()


def _digest_of(digests: list[bytes]) -> str | None:
    from pipeline_cli.domain.documents import digest_of

    return digest_of(b"".join(sorted(digests))) if digests else None


def _matched(context: Context, tally: Tally) -> Iterator[str]:
    """Yield the files that the globs of `evidence.junit` match, in the order of the globs."""
    for glob in context.settings.evidence.junit:
        if glob.startswith("/") or ".." in glob.split("/"):
            raise ConfigError(
                f"evidence.junit {glob!r} leads out of the workspace",
                path=context.origins.get("evidence.junit"),
                hint="use globs below the root, or name the reports with --junit",
            )
        paths = list(_files_of(context, glob.removeprefix("./"), tally))
        if not paths:
            tally.add(
                Finding(
                    code="junit-no-match",
                    severity="note",
                    message=f"evidence.junit {glob!r} matches no file",
                    hint="run the tests so that they leave a report there",
                )
            )
        yield from paths


def _files_of(context: Context, glob: str, tally: Tally) -> Iterator[str]:
    workspace = context.workspace
    folder = glob.rpartition("/")[0]
    if not re.search(r"[*?\[]", folder):
        candidates = workspace.files(folder)
    else:
        walk = workspace.walk(depth=_DEPTH, most=_MOST, skip=_SKIPPED.__contains__)
        candidates = sorted(walk.files)
        if not walk.whole:
            tally.add(
                Finding(
                    code="junit-not-all",
                    severity="warning",
                    message=f"evidence.junit {glob!r} was held against {_MOST:,} files alone",
                    hint="name the folder of the reports in the glob",
                )
            )
    matches = glob_matcher(glob)
    yield from (path for path in candidates if matches(path))

"""Specs in markdown with optional front matter."""

from typing import Any

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.specs import SourceReference, Spec, stem_of, title_from_stem
from pipeline_cli.formats.frontmatter import FrontMatter
from pipeline_cli.formats.frontmatter import parse as parse_front_matter


def parse(source: SourceFile) -> tuple[Spec, tuple[Finding, ...]]:
    """Read a spec: its title, status, sources and tests; findings name what could not be read.

    The title is the front matter's, else made of the stem (contracts §13).
    """
    spec, _, findings = read(source)
    return spec, findings


def read(source: SourceFile) -> tuple[Spec, FrontMatter | None, tuple[Finding, ...]]:
    """Read a spec as `parse` does, and return its front matter with it."""
    stem = stem_of(source.path)
    header = parse_front_matter(source.text, source.path)
    if header is None:
        return Spec(stem, source.path, title_from_stem(stem)), None, source.findings
    values = header.values
    spec = Spec(
        stem=stem,
        path=source.path,
        title=_text(values.get("title")) or title_from_stem(stem),
        status=_text(values.get("status")),
        source=tuple(_sources(values.get("source"))),
        tests=tuple(_texts(values.get("test", values.get("tests")))),
    )
    return spec, header, source.findings + header.findings


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _texts(value: Any) -> list[str]:
    """Read a string or a list of strings."""
    entries = value if isinstance(value, list) else [value]
    return [entry for entry in entries if isinstance(entry, str) and entry]


def _sources(value: Any) -> list[SourceReference]:
    """Read the shapes of `source` (evidence, "Front matter"): a path, or file and symbols."""
    entries = value if isinstance(value, list) else [value]
    found = []
    for entry in entries:
        if isinstance(entry, dict) and _text(entry.get("file")):
            found.append(SourceReference(entry["file"], tuple(_texts(entry.get("symbols")))))
        elif isinstance(entry, str) and entry:
            found.append(SourceReference(entry))
    return found

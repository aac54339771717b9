"""Specs in markdown with optional front matter."""

from typing import Any

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.specs import Spec, spec_named, stem_of, title_from_stem
from pipeline_cli.formats.frontmatter import FrontMatter
from pipeline_cli.formats.frontmatter import parse as parse_front_matter


def parse(source: SourceFile) -> tuple[Spec, tuple[Finding, ...]]:
    """Read a spec: its title and status; findings name what could not be read.

    The title is the front matter's, else made of the stem (contracts §13).
    """
    spec, _, findings = read(source)
    return spec, findings


def read(source: SourceFile) -> tuple[Spec, FrontMatter | None, tuple[Finding, ...]]:
    """Read a spec as `parse` does, and return its front matter with it."""
    header = parse_front_matter(source.text, source.path)
    if header is None:
        return spec_named(source.path), None, source.findings
    stem, title = stem_of(source.path), _text(header.values.get("title"))
    spec = Spec(
        stem=stem,
        path=source.path,
        title=title or title_from_stem(stem),
        status=_text(header.values.get("status")),
    )
    return spec, header, source.findings + header.findings


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None

"""Specs in markdown with optional front matter."""

from typing import Any

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.specs import Spec, SpecHead, spec_of
from pipeline_cli.formats.frontmatter import FrontMatter
from pipeline_cli.formats.frontmatter import parse as parse_front_matter


def parse(source: SourceFile) -> tuple[Spec, tuple[Finding, ...]]:
    """Read a spec: its title and status; findings name what could not be read."""
    head, _ = read(source)
    return spec_of(source.path, head), head.findings


def read(source: SourceFile) -> tuple[SpecHead, FrontMatter | None]:
    """Read what a spec says of itself, and return its front matter with it."""
    header = parse_front_matter(source.text, source.path)
    if header is None:
        return SpecHead(findings=source.findings), None
    title, status = _text(header.values.get("title")), _text(header.values.get("status"))
    return SpecHead(title, status, source.findings + header.findings), header


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None

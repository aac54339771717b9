"""Specs in markdown with optional front matter."""

from collections.abc import Iterator

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
    title, status = _text(header, "title"), _text(header, "status")
    findings = (*source.findings, *header.findings, *_no_texts(header, source.path))
    return SpecHead(title, status, findings), header


def _text(header: FrontMatter, key: str) -> str | None:
    value = header.values.get(key)
    return value.strip() or None if isinstance(value, str) else None


def _no_texts(header: FrontMatter, path: str) -> Iterator[Finding]:
    """Report a title or a status that is a list or a mapping, and reads as missing."""
    for key in ("title", "status"):
        value = header.values.get(key, "")
        if not isinstance(value, str):
            kind = "a list" if isinstance(value, list) else "a mapping"
            yield Finding(
                code="frontmatter-field",
                severity="warning",
                message=f"{key} is {kind}, not text; it reads as missing",
                path=path,
                line=header.line_of(key),
                hint=f"write {key} as one line of text, in quotes where it holds marks of YAML",
            )

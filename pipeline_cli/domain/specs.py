"""Specs, their names, and what a reference in a backlog resolves to.

Owns contracts §2 "References" and design "Identity": a spec is its file's stem, a number is a
label that may fit several.
"""

from collections.abc import Iterable
from functools import cached_property
from posixpath import basename
from typing import Literal

import msgspec

from pipeline_cli.domain.backlog import Reference
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.patterns import compiled

ResolutionState = Literal["resolved", "document", "announced", "ambiguous", "missing"]

_NUMBERED = r"(\d{3})-(.+)"


class Spec(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A spec: `stem` is its identity, `path` its file; title and status are what the file says."""

    stem: str
    path: str
    title: str
    status: str | None = None

    @property
    def number(self) -> str | None:
        """The three digits before the slug; null where the name has none."""
        return spec_number(self.stem)


class SpecHead(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a spec says of itself, null where it says nothing, and what could not be read of it."""

    title: str | None = None
    status: str | None = None
    findings: tuple[Finding, ...] = ()


def spec_of(path: str, head: SpecHead) -> Spec:
    """Return the spec of a file; without a title it has that of its stem (contracts §13)."""
    stem = stem_of(path)
    return Spec(stem, path, head.title or title_from_stem(stem), head.status)


def spec_number(stem: str) -> str | None:
    """Return the three digits that begin `NNN-slug`, else None."""
    match = compiled(_NUMBERED).fullmatch(stem) if stem[:1].isdecimal() else None
    return match[1] if match else None


def title_from_stem(stem: str) -> str:
    """Make a title of a stem: `027-auto-update-framework` is `Auto Update Framework`."""
    match = compiled(_NUMBERED).fullmatch(stem)
    words = (match[2] if match else stem).split("-")
    return " ".join(word[:1].upper() + word[1:] for word in words if word)


class Resolution(msgspec.Struct, frozen=True):
    """What a reference resolves to: the stems that fit, and how sure that is.

    `document` is a file in the specs folder that is no spec (a template, a backlog).
    """

    state: ResolutionState
    stems: tuple[str, ...] = ()


class SpecIndex:
    """Find specs by path, stem and number.

    `paths` are the spec files, `left_out` the files beside them that are no specs
    (contracts §1).
    """

    def __init__(self, paths: Iterable[str], left_out: Iterable[str] = ()) -> None:
        self.path_of = {stem_of(path): path for path in paths}
        self._left_out = {basename(path): path for path in left_out}

    @cached_property
    def _by_number(self) -> dict[str, list[str]]:
        stems: dict[str, list[str]] = {}
        for stem in self.path_of:
            number = spec_number(stem)
            if number:
                stems.setdefault(number, []).append(stem)
        return stems

    def __len__(self) -> int:
        return len(self.path_of)

    def resolve(self, reference: Reference) -> Resolution:
        """Resolve a reference to stems; several candidates are never narrowed by a guess."""
        if reference.kind == "number":
            stems = self._by_number.get(reference.text, [])
        elif reference.kind == "path" and basename(reference.text) in self._left_out:
            return Resolution("document")
        else:
            stem = stem_of(reference.text) if reference.kind == "path" else reference.text
            stems = [stem] if stem in self.path_of else []
            if not stems and reference.kind == "slug":
                stems = [name for name in self.siblings(stem) if name.startswith(stem)]
        if len(stems) == 1:
            return Resolution("resolved", (stems[0],))
        if stems:
            return Resolution("ambiguous", tuple(sorted(stems)))
        return Resolution("announced" if reference.announced else "missing")

    def siblings(self, stem: str) -> tuple[str, ...]:
        """Return the specs that share the number of a stem, sorted."""
        return tuple(sorted(self._by_number.get(spec_number(stem) or stem, [])))


def stem_of(path: str) -> str:
    """Return the stem that identifies a spec: the file's, or the folder's of `x/spec.md`."""
    if path.endswith("/spec.md"):
        return basename(path.removesuffix("/spec.md"))
    return path[path.rfind("/") + 1 :].removesuffix(".md")


def reference_finding(
    reference: Reference, resolution: Resolution, index: SpecIndex, path: str
) -> Finding | None:
    """Report a reference that resolves to nothing, or to several specs; else None."""
    if resolution.state == "ambiguous":
        return Finding(
            code="spec-ambiguous",
            severity="warning",
            message=f"spec {reference.text} fits several: {', '.join(resolution.stems)}",
            path=path,
            line=reference.line,
            hint=f"name the one that is meant, e.g. spec {resolution.stems[0]}",
        )
    if resolution.state != "missing":
        return None
    near = index.siblings(stem_of(reference.text))
    return Finding(
        code="spec-missing",
        severity="warning",
        message=f"no spec {reference.text}",
        path=path,
        line=reference.line,
        hint=(
            f"with this number there is {', '.join(near)}"
            if near
            else "write the spec, or correct the reference"
        ),
    )

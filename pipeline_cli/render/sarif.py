"""Annotations as SARIF 2.1.0, which code scanning of GitHub and others read.

Paths are relative to `%SRCROOT%`, whose place on this machine is nobody's business.
"""

import re
from collections.abc import Sequence
from typing import Any

from pipeline_cli import __version__
from pipeline_cli.domain.annotations import Annotation, Level, worst_first
from pipeline_cli.render.payload import as_json
from pipeline_cli.render.terminal import visible

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "%SRCROOT%"
_LEVELS: dict[Level, str] = {"error": "error", "warning": "warning", "notice": "note"}


def render(annotations: Sequence[Annotation], *, folder: str = "") -> str:
    """Return a log of one run: a rule for each name, a result for each annotation with a place.

    What has no place in the tree is a notification of the tool: a result without a location
    is refused by code scanning. `folder` is where the workspace lies in the repository.
    """
    ordered = worst_first(annotations)
    rules = list(dict.fromkeys(annotation.rule for annotation in ordered))
    placed = [annotation for annotation in ordered if _in_tree(annotation.path)]
    others = [annotation for annotation in ordered if not _in_tree(annotation.path)]
    run = {
        "tool": {
            "driver": {
                "name": "pipeline",
                "version": __version__,
                "rules": [_rule(rule, ordered) for rule in rules],
            }
        },
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [_notification(each, rules) for each in others],
            }
        ],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, rules, folder) for each in placed],
    }
    return as_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}).decode()


def _rule(rule: str, annotations: Sequence[Annotation]) -> dict[str, Any]:
    first = next(annotation for annotation in annotations if annotation.rule == rule)
    return {
        "id": visible(rule),
        "shortDescription": {"text": _text(first.title or rule)},
        "defaultConfiguration": {"level": _LEVELS[first.level]},
    }


def _notification(annotation: Annotation, rules: Sequence[str]) -> dict[str, Any]:
    return {
        "level": _LEVELS[annotation.level],
        "message": {"text": _message(annotation)},
        "associatedRule": {
            "id": visible(annotation.rule),
            "index": rules.index(annotation.rule),
        },
    }


def _result(annotation: Annotation, rules: Sequence[str], folder: str) -> dict[str, Any]:
    path = f"{folder.rstrip('/')}/{annotation.path}" if folder else annotation.path or ""
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(path), "uriBaseId": ROOT}}
    if annotation.line:
        place["region"] = {"startLine": annotation.line}
    return {
        "ruleId": visible(annotation.rule),
        "ruleIndex": rules.index(annotation.rule),
        "level": _LEVELS[annotation.level],
        "message": {"text": _message(annotation)},
        "locations": [{"physicalLocation": place}],
    }


def _message(annotation: Annotation) -> str:
    return _text(annotation.message or annotation.title or annotation.rule)


def _text(text: str) -> str:
    """Return a plain message: SARIF reads braces and links of brackets in it as its own."""
    return re.sub(r"([\\\[\]])", r"\\\1", re.sub(r"([{}])", r"\1\1", visible(text)))


def _in_tree(path: str | None) -> bool:
    """Tell whether a path lies in the tree; one of a report that was named may not."""
    if not path or re.match(r"[/\\]|[A-Za-z]:|-$", path):
        return False
    return ".." not in path.split("/")


def _uri(path: str) -> str:
    """Return a path as a relative reference, every byte that is not plain in it encoded."""
    # Needed here alone.
    from urllib.parse import quote

    return quote(path.encode("utf-8", "surrogatepass"), safe="/")

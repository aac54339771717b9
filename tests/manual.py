"""Write the pages of the manual that are made from the program: `python -m tests.manual`."""

from pathlib import Path

from pipeline_cli.load.explain import entries

DOCS = Path(__file__).parent.parent / "docs"
_KINDS = {
    "figure": "Figures",
    "flag": "Flags",
    "rule": "Rules of the monitor",
    "layer": "Layers",
    "finding": "Findings and errors",
    "exit code": "Exit codes",
    "setting": "Settings",
}


def reference() -> str:
    """Return docs/reference.md: every name with what `pipeline explain` says of it."""
    parts = [
        "# Reference\n",
        "Every name that an answer uses. `pipeline explain NAME` says the same with the value of "
        "your workspace; this page is made from the same source (`python -m tests.manual`).\n",
    ]
    for kind, title in _KINDS.items():
        parts.append(f"## {title}\n")
        for entry in entries().values():
            if entry.kind != kind:
                continue
            lines = [f"- **`{entry.name}`** {entry.meaning}"]
            if entry.formula:
                lines.append(f"  - {entry.formula}")
            if entry.inputs:
                lines.append(f"  - from {', '.join(f'`{name}`' for name in entry.inputs)}")
            if entry.leaves_out:
                label = "becomes of it" if kind == "finding" else "leaves out"
                lines.append(f"  - {label}: {entry.leaves_out}")
            parts.append("\n".join(lines))
        parts.append("")
    return "\n".join(parts)


if __name__ == "__main__":
    (DOCS / "reference.md").write_text(reference())

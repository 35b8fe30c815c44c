"""The places of what fixes change, for reports that editors and platforms apply fixes from."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec.structs import replace

from toolkit.edits import Change, Fix
from toolkit.errors import Finding, FindingsError
from toolkit.spec.layout import Layout
from toolkit.spec.rewriting import replacements


def with_places(findings: Iterable[Finding], sources: Mapping[Path, str]) -> list[Finding]:
    """Return findings whose fixes say what they change; a fix that the layout does not allow is left out.

    `sources` are the texts of the files.
    """
    layouts: dict[Path, Layout | None] = {}
    placed = []
    for finding in findings:
        if finding.fix is not None:
            path = finding.where.path
            if path not in layouts:
                layouts[path] = _layout(path, sources)
            finding = replace(finding, fix=_placed(layouts[path], finding.fix))  # noqa: PLW2901 (the same finding)
        placed.append(finding)
    return placed


def _layout(path: Path, sources: Mapping[Path, str]) -> Layout | None:
    """Return the layout of a file; None if it is not known or not YAML."""
    try:
        return Layout(sources[path], path) if path in sources else None
    except FindingsError:
        return None


def _placed(layout: Layout | None, fix: Fix) -> Fix | None:
    """Return a fix with the places of its changes."""
    changes = replacements(layout, fix.edits) if layout else None
    if layout is None or not changes:
        return None
    return replace(
        fix,
        changes=tuple(
            Change(start=layout.position(each.start), end=layout.position(each.end), text=each.text) for each in changes
        ),
    )

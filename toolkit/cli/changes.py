"""What changed between two releases, as lines for people and as data."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from toolkit.cli.console import columns, printable

if TYPE_CHECKING:
    from toolkit.breaking.comparison import Comparison


def verdict(found: "Comparison") -> str:
    """Return the bump and whether callers break, in words."""
    declared = f"{found.declared} bump" if found.declared is not None else "a lower version"
    return f"{declared}, {'breaks callers' if found.breaking else 'breaks no caller'}"


def change_lines(found: "Comparison") -> Iterator[str]:
    """Yield a line for each change, those that break callers first."""
    rows = [
        ["breaks" if change in found.breaking else "", change.rule.id, printable(change.message, lines=1)]
        for change in sorted(found.changes, key=lambda change: change not in found.breaking)
    ]
    yield from (f"  {line}" for line in (columns(rows) if rows else ()))


def as_data(found: "Comparison | None") -> dict[str, Any]:
    """Return a comparison as JSON data, null for what is not known; `update` and `show` have the same keys."""
    return {
        "declared_bump": str(found.declared) if found and found.declared is not None else None,
        "required_bump": str(found.required) if found else None,
        "breaking": bool(found.breaking) if found else None,
        "changes": [
            {"rule": change.rule.id, "breaking": change in found.breaking, "message": change.message}
            for change in found.changes
        ]
        if found
        else [],
    }

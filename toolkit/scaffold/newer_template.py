"""The finding about a folder whose built-in template has changed since `comp new` or `comp sync` (S003)."""

from pathlib import Path

from toolkit.errors import Finding, InputError, Location, Severity
from toolkit.scaffold.record import RECORD, ScaffoldRecord
from toolkit.scaffold.template import revision_of


def newer_template(folder: Path) -> tuple[Finding, ...]:
    """Return the finding if this comp has a newer template for a folder; only built-in templates are compared."""
    if not (folder / RECORD).is_file():
        return ()
    try:
        record = ScaffoldRecord.read(folder)
    except (InputError, OSError):
        # `comp sync` reports a record that it cannot read; a component works without it.
        return ()
    newest = revision_of(record.template)
    if not record.revision or newest in {"", record.revision}:
        return ()
    return (
        Finding(
            rule="S003",
            severity=Severity.INFO,
            message=f"the template {record.template} changed since this folder was made",
            where=Location(path=folder / RECORD),
            help="`comp sync --check` shows what it would change, `comp sync` applies it",
        ),
    )

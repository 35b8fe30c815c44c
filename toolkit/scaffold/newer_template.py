"""The finding about a folder whose built-in template has changes for it since `comp new` or `comp sync` (S003)."""

from collections.abc import Mapping
from pathlib import Path

from toolkit.errors import CompError, Finding, Location, Severity
from toolkit.scaffold.record import RECORD, ScaffoldRecord
from toolkit.scaffold.sync import sync
from toolkit.scaffold.template import revision_of
from toolkit.scaffold.trust import Trust
from toolkit.words import some_of


def newer_template(folder: Path, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return the finding if this comp's template would change a folder; only built-in templates are compared."""
    if not (folder / RECORD).is_file():
        return ()
    try:
        record = ScaffoldRecord.read(folder)
        newest = revision_of(record.template)
        # Two short texts tell most folders; rendering a template takes a hundred times as long.
        if not record.revision or newest in {"", record.revision}:
            return ()
        changes = sync(folder, trust=Trust.of(environ), check=True)
    except (CompError, OSError):
        # `comp sync` reports a record that cannot be used; a component works without it.
        return ()
    if not changes:
        return ()
    return (
        Finding(
            rule="S003",
            severity=Severity.INFO,
            message=f"the template {record.template} has changes for {some_of([change.path for change in changes])}",
            where=Location(path=folder / RECORD),
            help="`comp sync` applies them, except to files that you changed",
        ),
    )

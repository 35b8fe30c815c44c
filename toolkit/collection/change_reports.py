"""Changes as text for machines: JSON, a matrix for GitHub Actions, a child pipeline for GitLab."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toolkit.collection.changes import ChangedComponent, Changes
from toolkit.errors import InputError

# The job that those of a child pipeline extend, unless another file defines it.
_COMPONENT_JOB = """.component:
  script:
    - comp build "$COMPONENT_PATH"
"""
_NO_JOB = """nothing-changed:
  variables:
    GIT_STRATEGY: none
  script:
    - echo "no component changed"
"""


def as_paths(changes: Changes, folder: Path) -> str:
    """Return the path of each changed component as seen from a folder, one a line.

    Raises InputError for a line break in a path: a script would take the rest for a path of its own.
    """
    paths = [_path(change.folder, folder) for change in changes.changed]
    for path in paths:
        if len(path.splitlines()) > 1:
            raise InputError(
                f"the folder {path!r} has a line break in its name", hint="rename it, or use --format json"
            )
    return "".join(f"{path}\n" for path in paths)


def as_json(changes: Changes, reference: str, folder: Path) -> str:
    """Return the changes in the form of schemas/changed.schema.json."""
    data = {
        "since": {"reference": reference, "commit": changes.start.tree},
        "changed": [
            {
                "component": change.name,
                "path": _path(change.folder, folder),
                "reasons": [
                    {"kind": reason.kind.value} | ({"detail": reason.detail} if reason.detail else {})
                    for reason in change.reasons
                ],
            }
            for change in changes.changed
        ],
        "removed": [{"component": gone.name, "path": _path(gone.folder, folder)} for gone in changes.removed],
        "components": changes.members,
    }
    return json.dumps(data, indent=2, ensure_ascii=False)


def as_matrix(changes: Changes, folder: Path) -> str:
    """Return a matrix for `strategy.matrix` of GitHub Actions, on one line.

    GitHub refuses a matrix without entries: the job that takes it needs a condition.
    """
    entries = [
        {"component": change.name, "path": _path(change.folder, folder), "reason": reasons_of(change)}
        for change in changes.changed
    ]
    # ASCII alone: the line goes through files and expressions of others.
    return json.dumps({"include": entries})


def as_gitlab(changes: Changes, folder: Path, include: str | None) -> str:
    """Return a child pipeline with a job for each changed component; without any, with one that does nothing.

    GitLab refuses a pipeline without jobs. `include` is a file of the repository that defines the job `.component`.
    """
    # JSON's texts are YAML's.
    head = f"include:\n  - local: {json.dumps(_rooted(include))}\n" if include else _COMPONENT_JOB
    names = Counter(change.name for change in changes.changed)
    jobs = [_job(change, folder, alone=names[change.name] == 1) for change in changes.changed]
    return "\n".join([head, *(jobs or [_NO_JOB])])


def reasons_of(change: ChangedComponent) -> str:
    """Return the reasons of one component in one line."""
    return ", ".join(map(str, change.reasons))


def _job(change: ChangedComponent, folder: Path, *, alone: bool) -> str:
    """Return the job of one component; `alone` if no other one has its name."""
    path = _path(change.folder, folder)
    # With a word before it: GitLab has keywords that a component could be called by.
    name = f"component {change.name}" if alone else f"component {change.name} {path}"
    return "\n".join([f"{_text(name)}:", "  extends: .component", "  variables:", *_variables(change, path), ""])


def _variables(change: ChangedComponent, path: str) -> Iterator[str]:
    """Yield the lines of a job's variables."""
    values: dict[str, Any] = {
        "COMPONENT": change.name,
        "COMPONENT_PATH": path,
        "COMPONENT_REASON": reasons_of(change),
    }
    for key, value in values.items():
        # GitLab replaces $NAME in values.
        yield f"    {key}: {_text(value.replace('$', '$$'))}"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _rooted(include: str) -> str:
    """Return the path of a file of the repository as `include: local` wants it, from the top."""
    return f"/{include.removeprefix('./').lstrip('/')}"


def _path(path: Path, folder: Path) -> str:
    """Return a path as seen from a folder, with slashes; no command that gets it takes it for an option."""
    path_from = os.path.relpath(path, folder).replace(os.sep, "/")
    return f"./{path_from}" if path_from.startswith("-") else path_from

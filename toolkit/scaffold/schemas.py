"""The JSON schemas of what users write, for their editors: printed, installed in a repository, named in new files.

There is no address where editors could fetch them, so that a repository holds the files, and a header names one by a
relative path. Without the file there is no header: an editor reports a missing schema as an error.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.config.project import read_project
from toolkit.errors import InputError
from toolkit.limits import CONTRACT_SIZE
from toolkit.resources import resource
from toolkit.spec.schema_header import with_schema_header
from toolkit.system.atomic import write_bytes, write_text
from toolkit.system.paths import check_inside
from toolkit.system.reading import read_foreign

FOLDER = Path(".comp", "schemas")
_EDITOR = Path(".vscode", "settings.json")
# The settings of the extension YAML, by Red Hat; for TOML its counterpart reads the header.
_SETTING = "yaml.schemas"


class Schema(Struct, frozen=True, kw_only=True):
    """One schema: its file, what it describes, and a pattern for the files in a repository that editors check by it."""

    file: str
    summary: str
    pattern: str = ""


SCHEMAS = {
    "component": Schema(
        file="component.schema.json", summary="A contract: component.yaml.", pattern="**/component.yaml"
    ),
    "case": Schema(
        file="case.schema.json",
        summary="A case of `comp test`: tests/cases/CASE/case.yaml.",
        pattern="**/tests/cases/*/case.yaml",
    ),
    "pyproject": Schema(
        file="pyproject.schema.json", summary="A component's pyproject.toml.", pattern="**/pyproject.toml"
    ),
    "config": Schema(file="comp-config.schema.json", summary="The table [tool.comp] of pyproject.toml alone."),
    "baseline": Schema(file="lint-baseline.schema.json", summary="What `comp lint --write-baseline` writes."),
    "components-lock": Schema(
        file="components-lock.schema.json",
        summary="components.lock: what a project took from registries.",
    ),
    "changed": Schema(file="changed.schema.json", summary="What `comp changed --format json` prints."),
}


def schema_text(name: str) -> str:
    """Return the schema of that name, which refers to no other file."""
    file = SCHEMAS[name].file
    text = resource("schemas", file).read_text("utf-8")
    return text if name != "pyproject" else f"{json.dumps(_bundled(json.loads(text)), indent=2)}\n"


def install(folder: Path) -> tuple[list[Path], str]:
    """Write the schemas of files into a repository, and the settings of VS Code unless there are some.

    Return the paths that were written, and the text of the settings to add by hand; empty if they were written or are
    there already.
    """
    installed = {name: schema for name, schema in SCHEMAS.items() if schema.pattern}
    for path in (*(folder / FOLDER / schema.file for schema in installed.values()), folder / _EDITOR):
        check_inside(folder, path)
    written = []
    for name, schema in installed.items():
        path = folder / FOLDER / schema.file
        text = schema_text(name)
        if not path.is_file() or path.read_bytes() != text.encode():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, text)
            written.append(path)
    patterns = {
        (FOLDER / schema.file).as_posix(): schema.pattern
        for schema in installed.values()
        if schema.pattern.endswith(".yaml")
    }
    settings = f"{json.dumps({_SETTING: patterns}, indent=2)}\n"
    editor = folder / _EDITOR
    if editor.exists():
        # Theirs may have comments, which no JSON parser keeps.
        has = _SETTING.encode() in read_foreign(editor, CONTRACT_SIZE)
        return written, "" if has else settings
    editor.parent.mkdir(exist_ok=True)
    write_text(editor, settings)
    return [*written, editor], ""


def add_headers(folder: Path, place: Path) -> None:
    """Name the schemas in the files of a new component in `folder`, as seen from `place`, where it will lie.

    Only the files that people edit get a header, and only if the repository holds the schema.
    """
    home = _home(place)
    if home is None:
        return
    for path, schema in _edited(folder):
        target = home / FOLDER / SCHEMAS[schema].file
        if target.is_file():
            relative = Path(os.path.relpath(target, place / path.parent.relative_to(folder))).as_posix()
            write_bytes(path, with_schema_header(path.read_bytes(), path.suffix, relative))


def _edited(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of a component that people edit, with the names of their schemas."""
    project = folder / "pyproject.toml"
    if project.is_file():
        yield project, "pyproject"
    contract = folder / "component.yaml"
    # `comp generate` writes the contract of a function anew, without comments.
    if contract.is_file() and not _is_generated(folder):
        yield contract, "component"
    yield from ((path, "case") for path in sorted(folder.glob("tests/cases/*/case.yaml")))


def _is_generated(folder: Path) -> bool:
    """Return whether the contract comes from a function."""
    try:
        return any(entry.entrypoint for entry in read_project(folder, environ={}).entries)
    except InputError:
        return True


def _home(place: Path) -> Path | None:
    """Return the nearest folder above a component that holds schemas, inside its repository; None without one."""
    for parent in place.absolute().parents:
        if (parent / FOLDER).is_dir():
            return parent
        if (parent / ".git").exists():
            return None
    return None


def _bundled(document: dict[str, Any]) -> Mapping[str, Any]:
    """Return the schema of pyproject.toml with that of [tool.comp] inside."""
    config = json.loads(resource("schemas", SCHEMAS["config"].file).read_text("utf-8"))
    own = {key: value for key, value in config.items() if key not in {"$schema", "$defs"}}
    document["properties"]["tool"]["properties"]["comp"] = own
    # References inside of it begin at the root of the document.
    document["$defs"] |= config["$defs"]
    return document

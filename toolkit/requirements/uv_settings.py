"""uv's settings: the user's, and the requirements of source distributions beside them, so that uv runs no build.

To learn what a source distribution requires, uv would run its build. `dependency-metadata` gives the answer instead
(uv's documentation, "Dependency metadata"), for every version of a name. It can only stand in a file of settings.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.digest import Digest, canonical_json
from toolkit.redaction import without_login
from toolkit.system.home import home

if TYPE_CHECKING:
    from toolkit.requirements.indexes import Indexes

_NAME = Path("uv") / "uv.toml"
# Ends of the names of variables with logins.
_SECRET = ("USERNAME", "PASSWORD")
# Variables that change nothing about the result.
_NOT_DECIDING = ("UV_CACHE_DIR", "UV_CONCURRENT_", "UV_HTTP_", "UV_OFFLINE", "UV_NO_PROGRESS")


def with_dependency_metadata(
    requirements: Mapping[str, Sequence[str]], folder: Path, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment in which uv takes these as the requirements of source distributions, by name.

    Files are written into `folder`. The user's settings still count: a copy of the machine's file, with these tables
    added, replaces it, and uv joins the lists of all its files.
    """
    variables = dict(environ)
    if not requirements:
        return variables
    tables = [
        f"[[dependency-metadata]]\nname = {json.dumps(name)}\nrequires-dist = {json.dumps(list(requires))}\n"
        for name, requires in requirements.items()
    ]
    before, place = _before(variables), folder / _NAME
    place.parent.mkdir(parents=True)
    place.write_text("\n".join([before, *tables]), encoding="utf-8")
    # With the first, uv would not read the copy either; the second replaces all other files.
    if variables.pop("UV_NO_CONFIG", None) or variables.get("UV_CONFIG_FILE"):
        variables["UV_CONFIG_FILE"] = str(place)
    else:
        variables["XDG_CONFIG_DIRS"] = str(folder)
    return variables


def _before(environ: Mapping[str, str]) -> str:
    """Return the text of the file that the copy replaces."""
    if environ.get("UV_NO_CONFIG"):
        return ""
    named = environ.get("UV_CONFIG_FILE")
    folders = [Path(place) for place in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")]
    files = [Path(named)] if named else [*(folder / _NAME for folder in folders), Path("/etc") / _NAME]
    return next((file.read_text("utf-8") for file in files if file.is_file()), "")


def settings_digest(indexes: "Indexes", *, logins: bool = False) -> Digest:
    """Return a digest of uv's settings: equal digests mean the same indexes and the same choices.

    Without `logins` it covers no secrets, and may be kept.
    """
    shown = str if logins else without_login
    variables = {
        name: shown(value)
        for name, value in indexes.environ.items()
        if name.startswith("UV_") and not name.startswith(_NOT_DECIDING) and not name.endswith(_SECRET)
    }
    # TOML has dates, and JSON has not.
    settings = json.dumps(list(read_uv_settings(indexes.folder, indexes.environ)), sort_keys=True, default=str)
    parts: list[object] = [variables, shown(settings), [shown(line) for line in indexes.options]]
    pinned = {name: [[dict(pin.table), pin.marker] for pin in pins] for name, pins in indexes.pinned.items()}
    parts.append(shown(json.dumps(pinned, sort_keys=True, default=str)))
    parts.append(json.dumps([sorted(indexes.from_source), sorted(indexes.only_wheels), indexes.early]))
    # Addresses of folders may be relative.
    has_folders = "find-links" in settings or "UV_FIND_LINKS" in indexes.environ
    parts.append(str(indexes.folder.absolute()) if has_folders else "")
    return Digest.of(canonical_json(parts, ascii_only=True))


def read_uv_settings(folder: Path, environ: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Return uv's tables of settings, each file's `pip` table first; earlier ones win."""
    for path in _files(folder.absolute(), environ):
        table = _table(path)
        if table is not None:
            # `uv pip` prefers its own table.
            yield from (part for part in (table.get("pip"), table) if isinstance(part, dict))


def _files(folder: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """Return the files that uv reads its settings from: a project's, the user's, the machine's."""
    if environ.get("UV_NO_CONFIG"):
        return
    if named := environ.get("UV_CONFIG_FILE"):
        yield Path(named)
        return
    candidates = (above / name for above in (folder, *folder.parents) for name in ("uv.toml", "pyproject.toml"))
    # uv takes the nearest file only, and does not join those above it.
    yield from islice((path for path in candidates if _table(path) is not None), 1)
    if own := environ.get("XDG_CONFIG_HOME") or ((user := home(environ)) and user / ".config"):
        yield Path(own) / _NAME
    places = [*(environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"), "/etc"]
    machine = (Path(place) / _NAME for place in places)
    # The first that exists counts.
    yield from islice((path for path in machine if path.is_file()), 1)


def _table(path: Path) -> dict[str, Any] | None:
    """Return uv's settings in a file, None if it has none; uv itself reports a file that does not parse."""
    try:
        table: Any = tomllib.loads(path.read_text("utf-8", "replace"))
    except (OSError, tomllib.TOMLDecodeError):
        return None
    for key in ("tool", "uv") if path.name == "pyproject.toml" else ():
        table = table.get(key) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else None

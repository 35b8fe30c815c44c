"""uv's settings: the user's, and beside them what source distributions require, so that uv need not run them.

uv asks a source distribution by running its build. `dependency-metadata` answers in its place (uv's documentation,
"Dependency metadata"), for every version of a name; it can be said in a file of settings only.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.home import home
from toolkit.redaction import without_login

if TYPE_CHECKING:
    from toolkit.python.indexes import Indexes

_NAME = Path("uv") / "uv.toml"
# Parts of the variables' names that hold who may use an index.
_SECRET = ("USERNAME", "PASSWORD")
# Where uv keeps things and how much it does at once.
_NOT_DECIDING = ("UV_CACHE_DIR", "UV_CONCURRENT_", "UV_HTTP_", "UV_OFFLINE", "UV_NO_PROGRESS")


def answering(known: Mapping[str, Sequence[str]], folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Give the environment in which uv takes these requirements, by name, for those of source distributions.

    Files are written into `folder`. The user's settings count as before: the machine's file is replaced by one that
    says the same and this, since uv joins the lists of all its files.
    """
    variables = dict(environ)
    if not known:
        return variables
    tables = [
        f"[[dependency-metadata]]\nname = {json.dumps(name)}\nrequires-dist = {json.dumps(list(requires))}\n"
        for name, requires in known.items()
    ]
    before, place = _before(variables), folder / _NAME
    place.parent.mkdir(parents=True)
    place.write_text("\n".join([before, *tables]), encoding="utf-8")
    if variables.pop("UV_NO_CONFIG", None) or variables.get("UV_CONFIG_FILE"):
        variables["UV_CONFIG_FILE"] = str(place)
    else:
        variables["XDG_CONFIG_DIRS"] = str(folder)
    return variables


def _before(environ: Mapping[str, str]) -> str:
    """Give the text of the file that takes no part any more."""
    if environ.get("UV_NO_CONFIG"):
        return ""
    named = environ.get("UV_CONFIG_FILE")
    folders = [Path(place) for place in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")]
    files = [Path(named)] if named else [*(folder / _NAME for folder in folders), Path("/etc") / _NAME]
    return next((file.read_text("utf-8") for file in files if file.is_file()), "")


def settings_digest(indexes: "Indexes", environ: Mapping[str, str]) -> str:
    """Hash what uv is set to, without what is secret: the same digest means the same indexes and the same choices."""
    variables = {
        name: without_login(value)
        for name, value in environ.items()
        if name.startswith("UV_") and not name.startswith(_NOT_DECIDING) and not name.endswith(_SECRET)
    }
    settings = json.dumps(list(read_uv_settings(indexes.folder, environ)), sort_keys=True, default=str)
    parts: list[object] = [variables, without_login(settings), [without_login(line) for line in indexes.options]]
    pinned = {name: [[dict(pin.table), pin.marker] for pin in pins] for name, pins in indexes.pinned.items()}
    parts.append(without_login(json.dumps(pinned, sort_keys=True, default=str)))
    parts.append(json.dumps([sorted(indexes.from_source), sorted(indexes.only_wheels), indexes.early]))
    # Addresses of folders may be relative.
    parts.append(str(indexes.folder.absolute()) if "find-links" in settings or "UV_FIND_LINKS" in environ else "")
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def read_uv_settings(folder: Path, environ: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Read uv's settings, those that decide first; of those for its pip interface as well."""
    for path in _files(folder.absolute(), environ):
        table = _table(path)
        if table is not None:
            yield from (part for part in (table.get("pip"), table) if isinstance(part, dict))


def _files(folder: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """List the files that uv reads its settings from: a project's, the user's, the machine's."""
    if environ.get("UV_NO_CONFIG"):
        return
    if named := environ.get("UV_CONFIG_FILE"):
        yield Path(named)
        return
    candidates = (above / name for above in (folder, *folder.parents) for name in ("uv.toml", "pyproject.toml"))
    yield from islice((path for path in candidates if _table(path) is not None), 1)
    if own := environ.get("XDG_CONFIG_HOME") or ((found := home(environ)) and found / ".config"):
        yield Path(own) / _NAME
    places = [*(environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"), "/etc"]
    machine = (Path(place) / _NAME for place in places)
    yield from islice((path for path in machine if path.is_file()), 1)


def _table(path: Path) -> dict[str, Any] | None:
    """Read uv's settings in a file; None where it has none. uv itself has complained about one that does not parse."""
    try:
        table: Any = tomllib.loads(path.read_text("utf-8", "replace"))
    except (OSError, tomllib.TOMLDecodeError):
        return None
    for key in ("tool", "uv") if path.name == "pyproject.toml" else ():
        table = table.get(key) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else None

"""Settings that uv is given beside the user's own: what source distributions require, so that it need not run them.

uv asks a source distribution by running its build. `dependency-metadata` answers in its place (uv's documentation,
"Dependency metadata"), for every version of a name; it can be said in a file of settings only.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

_NAME = Path("uv") / "uv.toml"


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

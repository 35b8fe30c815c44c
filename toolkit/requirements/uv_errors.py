"""uv's errors as one of ours: what failed, on what, and a hint with what to do."""

import configparser
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from toolkit.errors import CompError, InputError, OutsideError
from toolkit.python.target import Target
from toolkit.redaction import without_login
from toolkit.requirements.indexes import Indexes

log = logging.getLogger(__name__)

# uv has no errors for machines, so these are its words; where uv folds lines, \s+ stands for a blank.
_CAUSE = re.compile(r"^\s*cause:\s*(.+?)(?=\n\s*(?:cause:|hint:|\n)|\Z)", re.MULTILINE | re.DOTALL)
_OURS = re.compile(r"\bcomp-pinned(?:==0)?\s+depends\s+on")
_OFFLINE = re.compile(r"network\s+(?:was|is)\s+disabled|network connectivity is disabled")
_UNAUTHORISED = re.compile(r"authentication\s+credentials\s+\((401)|\b(401) Unauthorized")
_FORBIDDEN = re.compile(r"authentication\s+credentials\s+\((403)|\b(403) Forbidden")
_UNREACHABLE = re.compile(
    r"Failed to fetch|error sending request|Request failed|timed out|Network|dns error|certificate"
)
_WHEELLESS = re.compile(r"(\S+?)==(\S+) has no (?:usable )?wheels")
_UNKNOWN = re.compile(r"Because (\S+) was not found in the package registry")
_NO_VERSION = re.compile(r"Because there (?:is no version|are no versions) of (\S+?)([=<>!~].*?)? and (.+?)(?:,|$)")
_ONLY_VERSIONS = re.compile(r"Because only (?:the following versions of )?(\S+?)([=<>!~]\S+)? (?:is|are) available")
_OTHER_PYTHON = re.compile(r"(?:does not satisfy|requires) Python\s*([<>=!~][\d.,<>=!~*]*[\d*])")
_PIP_VARIABLES = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX"}
_PIP_KEYS = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX"}


def uv_error(text: str, target: Target, indexes: Indexes) -> CompError:
    """Return the error for uv's output, without secrets."""
    # The user does not know the project that `uv_compile` writes for uv.
    text = _OURS.sub("you require", without_login(text))
    # uv folds long causes into several lines; an empty line or the next label ends one.
    causes = [" ".join(cause.split()) for cause in _CAUSE.findall(text)]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reason = " ".join(causes) or " ".join(lines[-5:]).removeprefix("error: ") or "uv failed and printed nothing"
    solved = "No solution found" in text
    # First, since uv reports this as requirements without a solution.
    if _OFFLINE.search(text):
        return OutsideError(
            f"uv is set to work offline, and its cache does not have everything: {reason}",
            hint="unset UV_OFFLINE, or `offline` in [tool.uv]; or name a folder of wheels with UV_FIND_LINKS",
        )
    if match := _UNAUTHORISED.search(text) or _FORBIDDEN.search(text):
        status = match[1] or match[2]
        hint = "UV_INDEX_URL=https://USER:PASSWORD@HOST/… or ~/.netrc can name another"
        if status == "403":
            hint = f"the user may not read this, or the index answers 403 for a package that it lacks; {hint}"
        return OutsideError(f"the package index refuses this user ({status}): {reason}", hint=hint)
    if _UNREACHABLE.search(text) and not solved:
        return OutsideError(
            f"the package index cannot be reached: {reason}",
            hint=_with_pip("check the network, or UV_INDEX_URL", indexes.environ),
        )
    if wheelless := _WHEELLESS.search(reason):
        return no_wheel_error(f"{wheelless[1]} {wheelless[2]}", target, indexes, f": {reason}")
    return InputError(
        f"the requirements cannot be resolved for {target.platform}, Python {target.version}: {reason}",
        where=indexes.location,
        hint=_with_pip(_advice(reason, target, indexes), indexes.environ),
    )


def no_wheel_error(what: str, target: Target, indexes: Indexes, detail: str = "") -> InputError:
    """Return the error for a release that has no wheel for a target."""
    return InputError(
        f"{what} has no wheel for {target.shown}{detail}",
        where=indexes.location,
        hint="choose another version of it, or a base with another Python or a newer C library",
    )


def _advice(reason: str, target: Target, indexes: Indexes) -> str:
    """Return what to do about requirements without a solution."""
    if unknown := _UNKNOWN.search(reason):
        return (
            f"check how {unknown[1]} is written; a package of your own needs its index in [[tool.uv.index]], "
            "or its folder in [tool.uv.sources]"
        )
    if python := _OTHER_PYTHON.search(reason):
        return f"choose a version for Python {target.minor}, or a base whose Python is {python[1]}"
    # With several reasons, the missing version is only a part of the conflict.
    if (absent := _NO_VERSION.search(reason) or _ONLY_VERSIONS.search(reason)) and reason.count("Because") == 1:
        return f"the index has no such version of {absent[1]}; change it in {_listed(indexes)}"
    return f"these exclude each other: relax one of them; yours stand in {_listed(indexes)}"


def _listed(indexes: Indexes) -> str:
    """Return where the user's requirements stand."""
    own = "`dependencies` in [project]"
    return f"{own} or {indexes.listed.name}" if indexes.listed else own


def _with_pip(hint: str, environ: Mapping[str, str]) -> str:
    """Add to a hint that an index of pip's settings is not used."""
    ignored = next(pip_settings(environ), None)
    return f"{hint}; {ignored[0]} is not read here, {ignored[1]} is" if ignored else hint


def pip_settings(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Return the settings of indexes that pip reads and uv does not, each with uv's counterpart."""
    for name, counterpart in _PIP_VARIABLES.items():
        if environ.get(name):
            yield name, counterpart
    # The places on Unix (pip's documentation, "Configuration").
    home = Path(environ.get("HOME") or "/")
    places = [
        environ.get("PIP_CONFIG_FILE"),
        Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf",
        home / ".pip" / "pip.conf",
        Path("/etc/pip.conf"),
    ]
    for path in [Path(place) for place in places if place]:
        settings = configparser.RawConfigParser(strict=False)
        try:
            if not path.is_file() or not settings.read(path, "utf-8"):
                continue
        except (configparser.Error, UnicodeDecodeError, OSError):
            # pip reports its own files.
            continue
        for section in ("global", "install", "download"):
            for key, counterpart in _PIP_KEYS.items():
                if settings.has_option(section, key):
                    yield f"{key} of {path}", counterpart


def warn_of_pip_settings(environ: Mapping[str, str]) -> None:
    """Warn that pip's indexes are not used, unless the environment sets indexes for uv."""
    if any(environ.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")):
        return
    for name, counterpart in pip_settings(environ):
        log.warning("%s is not read: uv resolves, and %s names an index for it", name, counterpart)

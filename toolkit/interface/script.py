"""Metadata that a script carries in comments: `# /// script` (PyPA, "Inline script metadata", PEP 723)."""

import re
import tomllib
from typing import Any

from msgspec import Struct
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from toolkit.errors import InputError, Location
from toolkit.interface.module import Module

# The specification's reference implementation has this grammar; lines are LF here.
_BLOCK = re.compile(r"^# /// script$\n((?:^#(?:| .*)$\n)+)^# ///$", re.MULTILINE)
_START = re.compile(r"^# /// script$", re.MULTILINE)


class Script(Struct, frozen=True, kw_only=True):
    """The metadata of a script; `sources` are the dependencies that its [tool.uv.sources] takes from elsewhere."""

    where: Location
    dependencies: tuple[str, ...] = ()
    requires_python: str | None = None
    sources: tuple[str, ...] = ()


def read_script(module: Module) -> Script | None:
    """Return a script's metadata, None if it has none. Raises InputError if it is invalid or present twice."""
    blocks = list(_BLOCK.finditer(module.text))
    starts = list(_START.finditer(module.text))
    if not starts:
        return None
    # Findings about the metadata point at the start of its block.
    line = module.text.count("\n", 0, starts[0].start()) + 1
    where = Location(path=module.path, line=line)
    if len(blocks) != 1 or len(starts) != 1:
        problem = "has no end" if not blocks else "is present twice"
        raise InputError(f"the script's metadata {problem}", where=where, hint="one block, which ends with `# ///`")
    lines = (part[2:] if part.startswith("# ") else part[1:] for part in blocks[0][1].split("\n"))
    try:
        data = tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the script's metadata is not valid TOML: {error}", where=where) from None
    dependencies = _dependencies(data.get("dependencies", []), where)
    # uv's own table, which the specification leaves to tools.
    sources: Any = data.get("tool", {})
    for key in ("uv", "sources"):
        sources = sources.get(key, {}) if isinstance(sources, dict) else {}
    named = {canonicalize_name(name) for name in sources} if isinstance(sources, dict) else set()
    return Script(
        where=where,
        dependencies=dependencies,
        requires_python=_requires_python(data.get("requires-python"), where),
        sources=tuple(text for text in dependencies if canonicalize_name(Requirement(text).name) in named),
    )


def _dependencies(value: object, where: Location) -> tuple[str, ...]:
    """Return the requirements as they are written. Raises InputError for an invalid one."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise InputError("the script's dependencies are not a list of texts", where=where)
    for text in value:
        try:
            Requirement(text)
        except InvalidRequirement as error:
            raise InputError(f"not a requirement: {text!r}: {str(error).partition(chr(10))[0]}", where=where) from None
    return tuple(value)


def _requires_python(value: object, where: Location) -> str | None:
    """Return the version range, None if absent. Raises InputError for an invalid one."""
    if value is None:
        return None
    try:
        SpecifierSet(str(value))
    except InvalidSpecifier:
        raise InputError(f"the script's requires-python is not a version range: {value!r}", where=where) from None
    return str(value)

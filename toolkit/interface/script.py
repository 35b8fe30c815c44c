"""Metadata that a script carries in comments: `# /// script` (PyPA, "Inline script metadata", PEP 723)."""

import re
import tomllib
from dataclasses import dataclass
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from toolkit.errors import InputError, Location
from toolkit.interface.module import Module

# The specification's reference implementation has this grammar; lines are LF here.
_BLOCK = re.compile(r"^# /// script$\n((?:^#(?:| .*)$\n)+)^# ///$", re.MULTILINE)
_START = re.compile(r"^# /// script$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """What a script says it needs; `sources` names the dependencies that do not come from the index by their name."""

    where: Location
    dependencies: tuple[str, ...] = ()
    requires_python: str | None = None
    sources: tuple[str, ...] = ()


def read_script(module: Module) -> Script | None:
    """Read a script's metadata, None when it has none. Raises InputError for metadata that is broken or there twice."""
    found = list(_BLOCK.finditer(module.text))
    starts = list(_START.finditer(module.text))
    if not starts:
        return None
    line = module.text.count("\n", 0, starts[0].start()) + 1
    where = Location(path=module.path, line=line)
    if len(found) != 1 or len(starts) != 1:
        problem = "has no end" if not found else "is there twice"
        raise InputError(f"the script's metadata {problem}", where=where, hint="one block, which ends with `# ///`")
    lines = (part[2:] if part.startswith("# ") else part[1:] for part in found[0][1].split("\n"))
    try:
        data = tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the script's metadata is not valid TOML: {error}", where=where) from None
    dependencies = _dependencies(data.get("dependencies", []), where)
    sources: Any = data.get("tool", {})
    for key in ("uv", "sources"):
        sources = sources.get(key, {}) if isinstance(sources, dict) else {}
    named = {canonicalize_name(name) for name in sources} if isinstance(sources, dict) else set()
    return Script(
        where=where,
        dependencies=dependencies,
        requires_python=_requires_python(data.get("requires-python"), where),
        sources=tuple(one for one in dependencies if canonicalize_name(Requirement(one).name) in named),
    )


def _dependencies(value: object, where: Location) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InputError("the script's dependencies are not a list of texts", where=where)
    for text in value:
        try:
            Requirement(text)
        except InvalidRequirement as error:
            raise InputError(f"not a requirement: {text!r}: {str(error).partition(chr(10))[0]}", where=where) from None
    return tuple(value)


def _requires_python(value: object, where: Location) -> str | None:
    if value is None:
        return None
    try:
        SpecifierSet(str(value))
    except InvalidSpecifier:
        raise InputError(f"the script's requires-python is not a version range: {value!r}", where=where) from None
    return str(value)

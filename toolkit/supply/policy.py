"""Which packages of an image are under licenses that a policy does not allow."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from packaging.utils import canonicalize_name

from toolkit.config.licenses import LicenseSettings
from toolkit.supply.licenses import parse_spdx
from toolkit.supply.package import Contents, Ecosystem, Package


class Violation(Struct, frozen=True, kw_only=True):
    """A package that a policy does not allow, and why, as the predicate of a sentence about it."""

    package: Package
    why: str


class Judgement(Struct, frozen=True, kw_only=True):
    """What a policy says of an image: the packages that it does not allow, and exceptions that none needs."""

    violations: tuple[Violation, ...]
    unused: tuple[str, ...]


def judge(contents: Contents, policy: LicenseSettings) -> Judgement:
    """Judge the packages of Python, and with `policy.base` those of the system too."""
    ecosystems = tuple(Ecosystem) if policy.base else (Ecosystem.PYTHON,)
    excepted = {str(canonicalize_name(name)): name for name in policy.exceptions}
    violations, used = [], set()
    for package in contents.of(ecosystems):
        why = _why_not(package.licenses, policy)
        if why is None:
            continue
        if package.name in excepted:
            used.add(package.name)
        else:
            violations.append(Violation(package=package, why=why))
    unused = tuple(name for normalised, name in excepted.items() if normalised not in used)
    return Judgement(violations=tuple(violations), unused=unused)


def _why_not(licenses: Sequence[str], policy: LicenseSettings) -> str | None:
    """Return why licenses are not allowed; None if they are. All of a package's licenses apply."""
    if not licenses:
        return "states no license" if policy.allow else None
    refused = [text for text in licenses if not _is_allowed(text, policy)]
    return f"is under {', '.join(refused)}" if refused else None


def _is_allowed(text: str, policy: LicenseSettings) -> bool:
    """Return whether one license or expression is allowed: of a choice one part has to be, of a sum every part."""
    parsed = parse_spdx(text)
    return _is_named_allowed((text,), policy) if parsed is None else _is_expression_allowed(parsed, policy)


def _is_expression_allowed(node: Any, policy: LicenseSettings) -> bool:  # noqa: ANN401 (the library's own kinds)
    """Return whether the parsed expression is allowed."""
    operator = getattr(node, "operator", "").strip()
    if operator == "OR":
        return any(_is_expression_allowed(part, policy) for part in node.args)
    if operator == "AND":
        return all(_is_expression_allowed(part, policy) for part in node.args)
    base = getattr(node, "license_symbol", None)
    # `GPL-2.0-only WITH Classpath-exception-2.0` may be named whole, or be meant by the license's own name.
    names = (str(node), str(base)) if base is not None else (str(node),)
    return _is_named_allowed(names, policy)


def _is_named_allowed(names: Iterable[str], policy: LicenseSettings) -> bool:
    """Return whether a license is allowed by one of its names, the most exact one first."""
    allow, deny = ({name.lower() for name in each} for each in (policy.allow, policy.deny))
    for name in names:
        if name.lower() in deny:
            return False
        if name.lower() in allow:
            return True
    return not policy.allow

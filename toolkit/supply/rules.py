"""The rules of a policy on images: each one is one check, with what was found."""

import fnmatch
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from packageurl import PackageURL

from toolkit.config.verify import VerifySettings
from toolkit.errors import InputError
from toolkit.oci.reference import parse_reference
from toolkit.provenance.attached import Attested
from toolkit.provenance.predicate import Dependency, Provenance
from toolkit.words import some_of


class Check(Struct, frozen=True, kw_only=True):
    """One thing that was verified; `details` say what was found, as sentences or words for people.

    `data` says more for machines.
    """

    name: str
    passed: bool
    details: tuple[str, ...]
    data: Mapping[str, Any] = MappingProxyType({})

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {"name": self.name, "passed": self.passed, "details": list(self.details), **self.data}


_Rule = Callable[[Provenance, VerifySettings], Check | None]


def judge_provenance(found: Sequence[Attested], policy: VerifySettings, *, signed: bool) -> tuple[Check, ...]:
    """Apply the rules about provenance to what is attached; `signed` says that keys have to have signed it.

    An image may have been built several times: it passes if one of these builds passes every rule. If none does, the
    checks are those of the build that comes nearest.
    """
    trusted = [each for each in found if each.key or not signed]
    if not trusted:
        why = "none of the keys signed what is attached" if found else "none is attached"
        return (Check(name="provenance", passed=False, details=(why,)),)
    judged = [tuple(_judged(each, policy)) for each in trusted]
    return min(judged, key=lambda checks: sum(not check.passed for check in checks))


def _judged(found: Attested, policy: VerifySettings) -> Iterator[Check]:
    """Yield the checks of one provenance."""
    by = f"signed by {found.key}" if found.key else "not signed by a key that was given"
    yield Check(name="provenance", passed=True, details=(f"{found.digest}, {by}",))
    for rule in _RULES:
        if check := rule(found.provenance, policy):
            yield check


def _builder(provenance: Provenance, policy: VerifySettings) -> Check | None:
    """Check who built it."""
    if not policy.builders:
        return None
    passed = _matches(provenance.builder, policy.builders)
    text = provenance.builder if passed else f"{provenance.builder} is not allowed"
    return Check(name="builder", passed=passed, details=(text,))


def _source(provenance: Provenance, policy: VerifySettings) -> Check | None:
    """Check which repository it is from."""
    if not policy.sources:
        return None
    source = provenance.source
    if source is None or not source.uri:
        return Check(name="source", passed=False, details=("it names no repository",))
    # `git+` says how a repository is read, and policies name addresses.
    names = (source.uri, source.uri.removeprefix("git+"))
    passed = any(_matches(name, policy.sources) for name in names)
    return Check(name="source", passed=passed, details=(source.uri if passed else f"{source.uri} is not allowed",))


def _base(provenance: Provenance, policy: VerifySettings) -> Check | None:
    """Check what it is built on."""
    if not policy.bases:
        return None
    if not provenance.bases:
        return Check(name="base", passed=False, details=("it names no base",))
    wrong = [base for base in provenance.bases if not any(_matches(name, policy.bases) for name in _names_of(base))]
    shown = tuple(f"{shown_base(base)} is not allowed" for base in wrong) or tuple(map(shown_base, provenance.bases))
    return Check(name="base", passed=not wrong, details=shown)


def _clean(provenance: Provenance, policy: VerifySettings) -> Check | None:
    """Check that it is built from a commit as it is."""
    if not policy.clean:
        return None
    source = provenance.source
    if source is None:
        return Check(name="clean", passed=False, details=("it names no commit",))
    commit = source.digest["gitCommit"]
    if provenance.is_dirty:
        named = f": {some_of(provenance.changed)}" if provenance.changed else ""
        return Check(name="clean", passed=False, details=(f"the files differed from the commit {commit}{named}",))
    return Check(name="clean", passed=True, details=(f"commit {commit}",))


_RULES: tuple[_Rule, ...] = (_builder, _source, _base, _clean)


def _matches(text: str, patterns: Sequence[str]) -> bool:
    """Return whether a text is one of the patterns, in which `*` stands for any text."""
    # Brackets and question marks are themselves: addresses have them.
    return any(fnmatch.fnmatchcase(text, _escaped(pattern)) for pattern in patterns)


def _escaped(pattern: str) -> str:
    """Return the pattern with `*` as its only sign."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def _names_of(base: Dependency) -> Iterator[str]:
    """Yield the names that a policy may give to a base: its digests and its references, also as people write them."""
    for algorithm, digits in base.digest.items():
        yield f"{algorithm}:{digits}"
    name, tag = _place_of(base)
    if not name:
        return
    for text in (name, *([f"{name}:{tag}"] if tag else [])):
        yield text
        try:
            yield parse_reference(text).familiar
        except InputError:
            continue
    # With its digest, as the base stands in a lock.
    if pinned := base.annotations.get("pinned"):
        yield str(pinned)


def _place_of(base: Dependency) -> tuple[str, str]:
    """Return the repository and the tag of a base's package URL, empty if it has none."""
    try:
        url = PackageURL.from_string(base.uri)
    except ValueError:
        return "", ""
    qualifiers = url.qualifiers if isinstance(url.qualifiers, dict) else {}
    return str(qualifiers.get("repository_url", "")), str(qualifiers.get("tag", ""))


def shown_base(base: Dependency) -> str:
    """Return a base for people: its reference with its digest, or the digest of one on a disk."""
    name, tag = _place_of(base)
    digest = next(iter(f"{algorithm}:{digits}" for algorithm, digits in base.digest.items()), "")
    return f"{name}{':' if tag else ''}{tag}{'@' if digest else ''}{digest}" if name else digest or base.uri

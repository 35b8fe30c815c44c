"""From names of packages to the packages that have to be added to what a base has.

Of recommended packages none is taken. The first choice is what apt's is: the first alternative, the newest version. If
that cannot be installed, the next one is tried.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from toolkit.debian.control import Alternatives, Relation, relations
from toolkit.debian.index import Index
from toolkit.debian.package import Package
from toolkit.errors import InputError
from toolkit.limits import DEBIAN_PACKAGES
from toolkit.words import did_you_mean, some_of

# Choices that are tried before the search is given up.
_MOST_STEPS = 20_000


def resolve(
    wanted: Sequence[str], index: Index, present: Sequence[Package], *, kept: Mapping[str, str] | None = None
) -> tuple[Package, ...]:
    """Return the packages to add, in order of name.

    `wanted` are names, or names with a version as in `git=1:2.39.5-0+deb12u3`. `present` are the base's packages: what
    they fulfil is not added, and none of them is replaced. A version that is `kept`, by its package's name, comes
    before newer ones. Raises InputError for a name that no archive has, and for packages that do not go together.
    """
    return _Search(index, present, kept or {}).found(tuple((_requested(text),) for text in wanted))


def check_needed(wanted: Sequence[str], packages: Sequence[Package], present: Sequence[Package]) -> None:
    """Raise InputError unless packages, with those of a base, are what is wanted and what that needs, and no more.

    What they need is what they say themselves: others may have written the lock that names them.
    """
    added, there = _by_name(packages), _by_name(present)
    waiting = [_requested(text) for text in wanted]
    for relation in waiting:
        offered = (*added.get(relation.name, ()), *there.get(relation.name, ()))
        if not any(package.is_meant_by(relation) for package in offered):
            raise InputError(f"the Debian package {relation} is asked for and not pinned", hint=_CHOOSE)
    needed: set[str] = set()
    while waiting:
        relation = waiting.pop()
        for package in added.get(relation.name, ()):
            if package.name not in needed and package.is_meant_by(relation):
                needed.add(package.name)
                waiting += (one for group in package.depends for one in group)
    if idle := [str(package) for package in packages if package.name not in needed]:
        raise InputError(f"nothing that is asked for needs {some_of(idle)}, pinned as Debian packages", hint=_CHOOSE)


_CHOOSE = "`comp lock --upgrade` chooses them anew"


def _requested(text: str) -> Relation:
    """Return the relation for a wanted package."""
    name, equals, version = text.partition("=")
    return Relation(name=name, operator="=" if equals else "", version=version)


class _Need(NamedTuple):
    """Alternatives that have to be fulfilled, for the package `by`, and the needs behind it: a linked list."""

    group: Alternatives
    by: Package | None
    behind: "_Need | None"


class _Choice(NamedTuple):
    """The packages that may fulfil a need, what was chosen before, and the needs behind it."""

    candidates: Iterator[Package]
    chosen: dict[str, Package]
    behind: _Need | None


class _Search:
    """The search for packages that fulfil all needs: depth first, without recursion, since chains may be long."""

    def __init__(self, index: Index, present: Sequence[Package], kept: Mapping[str, str]) -> None:
        self._index, self._kept = index, kept
        self._present = {package.name: package for package in present}
        self._present_by_name = _by_name(present)
        self._problem: InputError | None = None

    def found(self, groups: Sequence[Alternatives]) -> tuple[Package, ...]:
        """Return the packages that fulfil all groups, in order of name. Raises InputError."""
        chosen: dict[str, Package] = {}
        needs = _before(groups, None, None)
        choices: list[_Choice] = []
        steps = 0
        while needs:
            if self._is_fulfilled(needs.group, chosen):
                needs = needs.behind
                continue
            steps += 1
            if steps > _MOST_STEPS:
                raise self._problem or _endless()
            choices.append(_Choice(self._candidates(needs), chosen, needs.behind))
            chosen, needs = self._next(choices)
        return tuple(package for _, package in sorted(chosen.items()))

    def _next(self, choices: list[_Choice]) -> tuple[dict[str, Package], _Need | None]:
        """Take the next possible candidate of the last choice that has one. Raises the first problem if none has."""
        while choices:
            choice = choices[-1]
            for package in choice.candidates:
                if problem := self._problem_with(package, choice.chosen):
                    self._problem = self._problem or problem
                    continue
                chosen = {**choice.chosen, package.name: package}
                DEBIAN_PACKAGES.check(len(chosen), "the number of Debian packages")
                return chosen, _before(package.depends, package, choice.behind)
            choices.pop()
        raise self._problem or _endless()

    def _is_fulfilled(self, group: Alternatives, chosen: Mapping[str, Package]) -> bool:
        """Return whether the base or what was chosen fulfils one of the alternatives."""
        for relation in group:
            there = self._present_by_name.get(relation.name, ())
            if any(package.is_meant_by(relation) for package in there):
                return True
            if any(chosen.get(package.name) is package for package in self._index.meant_by(relation)):
                return True
        return False

    def _problem_with(self, package: Package, chosen: Mapping[str, Package]) -> InputError | None:
        """Return why a package cannot be added. None if it can."""
        if other := chosen.get(package.name) or self._present.get(package.name):
            where = "the base has" if package.name in self._present else "another package needs"
            return InputError(f"the Debian package {package} cannot be added: {where} {other}", hint=_OTHER_VERSION)
        for other in (*self._present.values(), *chosen.values()):
            if package.excludes(other) or other.excludes(package):
                return InputError(
                    f"the Debian packages {package} and {other} exclude each other",
                    hint="leave one of them out, or choose another base",
                )
        return None

    def _candidates(self, need: _Need) -> Iterator[Package]:
        """Return the packages that may fulfil a need, for each alternative that of the lock first.

        Raises InputError for a wanted package that no archive has.
        """
        found = []
        for relation in need.group:
            offered = list(self._index.meant_by(relation))
            found += sorted(offered, key=lambda each: self._kept.get(each.name) != each.version)
        if not found:
            problem = self._missing(need.group, need.by)
            if need.by is None:
                raise problem
            self._problem = self._problem or problem
        return iter(found)

    def _missing(self, group: Alternatives, by: Package | None) -> InputError:
        """Return the error for alternatives that no package fulfils."""
        relation = group[0]
        versions = [package.version for package in self._index.named(relation.name)]
        if by is None and not versions:
            otherwise = f"`apt-cache search {relation.name}` finds names"
            close = self._index.like(relation.name)
            return InputError(
                f"no Debian package is called {relation.name!r} in the base's archives",
                hint=did_you_mean(relation.name, [close] if close else [], otherwise=otherwise),
            )
        if by is None:
            return InputError(
                f"the archives have no version {relation.version} of the Debian package {relation.name}",
                hint=f"they have {', '.join(versions)}",
            )
        text = " | ".join(map(str, group))
        has = [str(self._present[one.name]) for one in group if one.name in self._present]
        offered = (
            f"the base has {has[0]}" if has else f"the archives have {versions[0]}" if versions else "no archive has it"
        )
        return InputError(f"the Debian package {by} needs {text}: {offered}", hint=_OTHER_VERSION)


_OTHER_VERSION = (
    "packages of the base are never replaced: take a newer base, whose packages are those of the archives now"
)


def _before(groups: Sequence[Alternatives], by: Package | None, behind: _Need | None) -> _Need | None:
    """Return the list of needs with further ones at its front."""
    for group in reversed(groups):
        behind = _Need(group, by, behind)
    return behind


def _endless() -> InputError:
    """Return the error for a search that was given up."""
    return InputError(
        "no choice of Debian packages was found that fulfils all relations",
        hint="leave out packages, or choose another base",
    )


def _by_name(packages: Sequence[Package]) -> dict[str, list[Package]]:
    """Return packages by each name that they have or provide."""
    found: dict[str, list[Package]] = {}
    for package in packages:
        for name in {package.name, *(one.name for one in package.provides)}:
            found.setdefault(name, []).append(package)
    return found


def is_request(text: str) -> bool:
    """Return whether a text is a package's name, or a name with a version."""
    name, equals, version = text.partition("=")
    try:
        groups = relations(f"{name} (= {version})" if equals else name)
        _requested(text).holds_for(version or "0")
    except ValueError:
        return False
    return len(groups) == 1 and len(groups[0]) == 1 and not groups[0][0].qualifier

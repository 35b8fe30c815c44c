"""Choose the registry that a name comes from, so that no other one can take its place unnoticed.

A name of a lock is looked up where it was added from. Namespaces of a registry are looked up there alone. Any other
name has to be in one registry only: its being in two is an error, and so is a registry that cannot be asked.
"""

import logging
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from toolkit.errors import InputError
from toolkit.registry.consuming.asking import asked
from toolkit.registry.entry import Entry
from toolkit.registry.finding import find
from toolkit.registry.named import NamedPlace, by_name, configured_places, identity_of, resolve, responsible
from toolkit.registry.names import Name, VersionRequest
from toolkit.registry.opening import open_registry
from toolkit.registry.place import Place
from toolkit.registry.protocol import Registry
from toolkit.registry.release import Release
from toolkit.words import did_you_mean

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

# The registries that names of a lock were added from.
Bindings = Mapping[str, Place]
_UNBOUND: Bindings = {}


class Found(Struct, frozen=True, kw_only=True):
    """A release, and the registry that has it."""

    release: Release
    registry: Registry
    place: NamedPlace

    def warnings(self) -> Iterator[str]:
        """Yield what its publisher said of the release or the component since: yanked, deprecated."""
        release = self.release
        marks = self.registry.marks(release.name)
        if yank := marks.yanked.get(release.version):
            yield f"{release} is {yank}"
        if deprecated := marks.deprecated:
            yield f"{release.name} is {deprecated}"


class Registries(Struct, frozen=True, kw_only=True):
    """The registries that a command may ask, each opened when it is first needed.

    `explicit` are those that the command line named. Every method raises OutsideError for a registry that cannot be
    reached, and InputError for one that is missing.
    """

    places: tuple[NamedPlace, ...]
    explicit: bool
    environ: Mapping[str, str]
    folder: Path
    _opened: dict[str, Registry] = field(default_factory=dict)

    @classmethod
    def of(
        cls, text: str | None, *, environ: Mapping[str, str], folder: Path | None = None, required: bool = True
    ) -> "Registries":
        """Return the registry that `--registry` or COMP_REGISTRY names, or those of the settings above a folder.

        Raises UsageError if there is none, unless they are not `required`: requests and locks may name others.
        """
        folder = folder or Path.cwd()
        if text or required:
            places = resolve(text, environ=environ, folder=folder)
        else:
            places = configured_places(folder, environ)
        return cls(places=places, explicit=bool(text), environ=environ, folder=folder)

    def open(self, place: NamedPlace) -> Registry:
        """Open a registry, once."""
        key = place.identity
        if key not in self._opened:
            self._opened[key] = open_registry(place.place, environ=self.environ)
        return self._opened[key]

    def ask(self, work: Callable[[NamedPlace], _Result], places: Sequence[NamedPlace]) -> list[_Result]:
        """Return what some work gives for each of these registries, in order; servers are asked side by side."""
        return asked(work, places, [place.place for place in places])

    def find(self, request: VersionRequest, bound: Bindings = _UNBOUND) -> Found:
        """Return the release that a request means, and the registry that it is from.

        Raises InputError for a name that several registries have, or that the command line looks for elsewhere than
        it was added from.
        """
        if request.registry:
            place = by_name(request.registry, configured_places(self.folder, self.environ))
            return self._found(place, request)
        if request.namespace is None:
            name = self._full_name(request, bound)
            request = replace(request, namespace=name.namespace)
        else:
            name = Name(request.namespace, request.name)
        return self._found(self.registry_of(name, bound), request)

    def registry_of(self, name: Name, bound: Bindings = _UNBOUND) -> NamedPlace:
        """Return the registry that a name comes from; if no registry has it, the first that might.

        Raises as `find` does.
        """
        if str(name) in bound:
            return self._bound(name, bound[str(name)])
        if len(self.places) == 1 and self.explicit:
            return self.places[0]
        places = responsible(self.places, name.namespace)
        # Two names of one place are one registry.
        versions = self.ask(lambda place: self.open(place).versions(name), places)
        having = {place.identity: place for place, found in reversed([*zip(places, versions, strict=True)]) if found}
        if len(having) > 1:
            raise _ambiguous(str(name), [*reversed(having.values())])
        if not having:
            raise self._unknown(name, places)
        return next(iter(having.values()))

    def entries(self, words: Sequence[str] = ()) -> Iterator[tuple[NamedPlace, Entry]]:
        """Yield the entries with all words and their registry, but those of namespaces that are another's own."""
        found = self.ask(lambda place: [*self.open(place).entries(words)], self.places)
        for place, entries in zip(self.places, found, strict=True):
            for entry in entries:
                if self.explicit or place in responsible(self.places, entry.name.partition("/")[0]):
                    yield place, entry

    def _found(self, place: NamedPlace, request: VersionRequest) -> Found:
        """Return the release that a request means in one registry."""
        registry = self.open(place)
        return Found(release=find(registry, request), registry=registry, place=place)

    def _full_name(self, request: VersionRequest, bound: Bindings) -> Name:
        """Return the one component of a request without a namespace. Raises InputError if there are several, or none.

        A name of the lock is meant before others: the project has it.
        """
        locked = [name for name in bound if name.partition("/")[2] == request.name]
        every = [] if locked else self.ask(lambda place: self.open(place).names(), self.places)
        names = locked or sorted(
            {
                str(name)
                for place, offered in zip(self.places, every, strict=True)
                for name in offered
                if name.name == request.name and (self.explicit or place in responsible(self.places, name.namespace))
            }
        )
        if len(names) > 1:
            raise InputError(f"{request.name!r} is the name of several components", hint=f"one of {', '.join(names)}")
        if not names:
            raise self._unknown(request.name, self.places)
        namespace, _, name = names[0].partition("/")
        return Name(namespace, name)

    def _bound(self, name: Name, place: Place) -> NamedPlace:
        """Return the registry that a name was added from. Raises InputError if the command line names another."""
        wanted = identity_of(place)
        for each in self.places:
            if each.identity == wanted:
                return each
        if self.explicit:
            raise InputError(
                f"{name} was added from {place}, and --registry is {self.places[0]}",
                hint=f"leave --registry out; or `comp remove {name}` first, to take it from there",
            )
        if self.places:
            log.warning("%s was added from %s, which is not among the configured registries", name, place)
        return NamedPlace(place=place)

    def _search(self) -> str:
        """Return the command that lists the components of these registries."""
        return f"comp search --registry {shlex.quote(self.places[0].short)}" if self.explicit else "comp search"

    def _unknown(self, name: Name | str, places: tuple[NamedPlace, ...]) -> InputError:
        """Return the error for a name that no registry has."""
        if not places:
            return InputError(
                f"no configured registry is for the namespace of {name}",
                hint="add it to the namespaces of one, or give --registry PLACE",
            )
        wanted = name.name if isinstance(name, Name) else name
        every = {each.name for place in places for each in self.open(place).names()}
        where = " and ".join(str(place.place) for place in places)
        return InputError(
            f"{where} {'has' if len(places) == 1 else 'have'} no component {name}",
            hint=did_you_mean(wanted, sorted(every), otherwise=f"`{self._search()}` lists the components"),
        )


def _ambiguous(name: str, places: list[NamedPlace]) -> InputError:
    """Return the error for a name that several registries have."""
    first = places[0]
    choice = f"`{first.name}:{name}`" if first.name else "`REGISTRY:" + name + "`"
    return InputError(
        f"{name} is in {len(places)} registries: {', '.join(map(str, places))}",
        hint=f"choose one: {choice}, --registry {first.short}, or namespaces = […] of the registry that it belongs to",
    )

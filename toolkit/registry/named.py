"""Component registries by name: what `--registry`, COMP_REGISTRY and the settings mean, as places."""

import os
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from toolkit.config.registries import NamedRegistry, read_registries
from toolkit.errors import InputError, Location, UsageError
from toolkit.redaction import without_login
from toolkit.registry.names import is_part
from toolkit.registry.place import Place, PlaceKind, parse_place
from toolkit.words import did_you_mean


class UnknownRegistryError(InputError):
    """A name means no registry."""


class NamedPlace(Struct, frozen=True, kw_only=True):
    """A registry that commands may use. `name` is None for a place that the command line names itself.

    `namespaces` are patterns; with some, the registry is asked for these namespaces only. `where` is the place in the
    settings.
    """

    place: Place
    name: str | None = None
    namespaces: tuple[str, ...] = ()
    where: Location | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.place})" if self.name else str(self.place)

    @property
    def short(self) -> str:
        """What users write for it after `--registry`."""
        return self.name or str(self.place)

    @property
    def identity(self) -> str:
        """What is equal for two names of one place: the folder without links, or the address without a login."""
        return identity_of(self.place)

    def owns(self, namespace: str) -> bool:
        """Return whether a namespace is this registry's own."""
        return any(fnmatchcase(namespace, pattern) for pattern in self.namespaces)


def identity_of(place: Place) -> str:
    """Return a text that is equal for equal places: the folder without links, or the address without a login."""
    return os.path.realpath(place.address) if place.kind is PlaceKind.FOLDER else str(place)


def resolve(text: str | None, *, environ: Mapping[str, str], folder: Path | None = None) -> tuple[NamedPlace, ...]:
    """Return the registries that are meant: the one that `text` names, by name or place, or all of the settings.

    The settings are those above `folder`, by default the current one, and the user's. A configured name comes before
    a folder that is called the same; `./NAME` is the folder. Raises UsageError if there is none, and InputError for
    invalid settings.
    """
    configured = configured_places(folder or Path.cwd(), environ)
    if text:
        return (named_or_place(text, configured, environ),)
    if not configured:
        raise UsageError(
            "no component registry is named",
            hint="give --registry PLACE, set COMP_REGISTRY, or name registries in [tool.comp.registries]",
        )
    return configured


def resolve_one(
    text: str | None, *, environ: Mapping[str, str], namespace: str | None = None, folder: Path | None = None
) -> NamedPlace:
    """Return the one registry that is meant, as for publishing in `namespace`.

    Raises UsageError that names them if there are several.
    """
    found = resolve(text, environ=environ, folder=folder)
    places = found if text or namespace is None else responsible(found, namespace)
    if len(places) == 1:
        return places[0]
    if not places:
        raise UsageError(
            f"no configured registry is for the namespace {namespace}",
            hint=f"choose one with --registry: {', '.join(each.short for each in found)}",
        )
    names = ", ".join(each.short for each in places)
    raise UsageError("several component registries are configured", hint=f"choose one with --registry: {names}")


def responsible(places: Iterable[NamedPlace], namespace: str) -> tuple[NamedPlace, ...]:
    """Return the registries that may have names of a namespace: those whose own it is, else those for all others."""
    places = tuple(places)
    return tuple(each for each in places if each.owns(namespace)) or tuple(
        each for each in places if not each.namespaces
    )


def configured_places(folder: Path, environ: Mapping[str, str]) -> tuple[NamedPlace, ...]:
    """Return the registries of the settings, each name once.

    Raises InputError for a name with two places, one in the repository and one of the user's, since neither may stand
    for the other unnoticed.
    """
    found: dict[str, NamedPlace] = {}
    for each in read_registries(folder, environ):
        place = NamedPlace(place=_place_of(each, environ), name=each.name, namespaces=each.namespaces, where=each.where)
        earlier = found.get(each.name)
        if earlier and earlier.identity != place.identity:
            raise InputError(
                f"the registry {each.name!r} is {place.place} here, and {earlier.place} in {earlier.where}",
                where=each.where,
                hint="give one of them another name",
            )
        if earlier:
            place = replace(earlier, namespaces=tuple(dict.fromkeys((*earlier.namespaces, *place.namespaces))))
        found[each.name] = place
    return tuple(found.values())


def named_or_place(text: str, configured: Sequence[NamedPlace], environ: Mapping[str, str]) -> NamedPlace:
    """Return the registry that a text names: a configured one by its name, or any by its place.

    Raises UnknownRegistryError for a word that is neither, as opening does for a folder without a registry.
    """
    for each in configured:
        if each.name == text:
            return each
    place = _expanded(parse_place(text), environ)
    if configured and is_part(text) and place.kind is PlaceKind.FOLDER and not place.folder.exists():
        names = [each.name for each in configured if each.name]
        raise UnknownRegistryError(
            f"{text!r} is neither a configured registry nor a folder",
            hint=did_you_mean(text, names, otherwise=f"configured: {', '.join(names)}; ./{text} is a new folder"),
        )
    return NamedPlace(place=place)


def by_name(name: str, configured: Sequence[NamedPlace]) -> NamedPlace:
    """Return the configured registry of a request such as `shared:ml/train`. Raises UnknownRegistryError without it."""
    names = [each.name for each in configured if each.name]
    for each in configured:
        if each.name == name:
            return each
    hint = "name it in [tool.comp.registries], or give --registry PLACE"
    raise UnknownRegistryError(
        f"no registry called {name!r} is configured",
        hint=did_you_mean(name, names, otherwise=f"configured: {', '.join(names)}" if names else hint),
    )


def _place_of(registry: NamedRegistry, environ: Mapping[str, str]) -> Place:
    """Return the place of a configured registry, a relative folder as seen from here. Raises InputError for a login."""
    try:
        place = parse_place(registry.place)
    except UsageError as error:
        raise InputError(error.message, where=registry.where, hint=error.hint) from None
    # The address as a whole: `oci://` and `git+` too. Files of settings are committed, copied and shown.
    if without_login(registry.place) != registry.place:
        raise InputError(
            f"the place of the registry {registry.name!r} has a login in it",
            where=registry.where,
            hint="drop it: logins are in ~/.netrc, in docker's logins (oci://), or git's own (git+…)",
        )
    place = _expanded(place, environ)
    if place.kind is PlaceKind.FOLDER and not place.folder.is_absolute():
        # Seen from here, as if the command line named it, so that messages and locks have no path of this machine.
        return replace(place, address=os.path.relpath(registry.folder / place.address))
    return place


def _expanded(place: Place, environ: Mapping[str, str]) -> Place:
    """Return a place with the user's home for `~`, which a shell does not expand in `--registry=~/shared` or a file."""
    if place.kind is not PlaceKind.FOLDER or not (place.address == "~" or place.address.startswith("~/")):
        return place
    home = environ.get("HOME") or str(Path.home())
    return replace(place, address=home + place.address[1:])

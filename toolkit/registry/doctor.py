"""Find out what the place of a registry can do, whatever kind it is, for `comp registry doctor`."""

from collections.abc import Iterator, Mapping

from toolkit.registry.ability import Ability
from toolkit.registry.folder.trials import try_folder
from toolkit.registry.opening import is_attended
from toolkit.registry.place import Place, PlaceKind


def examine(place: Place, *, environ: Mapping[str, str]) -> Iterator[Ability]:
    """Yield what a place can do. Raises OutsideError if it cannot be reached, InputError if there is no registry."""
    if place.kind is PlaceKind.FOLDER:
        yield from try_folder(place.folder)
        return
    if place.kind is PlaceKind.OCI:
        from toolkit.registry.oci.addresses import Addresses
        from toolkit.registry.oci.trials import try_server
        from toolkit.remote.client import Remote

        yield from try_server(Remote(environ=environ), Addresses.of(place))
        return
    if place.kind is PlaceKind.HTTP:
        from toolkit.registry.web.trials import try_web

        yield from try_web(place, environ)
        return
    from toolkit.registry.git.trials import try_git

    yield from try_git(place, environ, asks=is_attended())

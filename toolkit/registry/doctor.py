"""Find out what the place of a registry can do, whatever kind it is, for `comp registry doctor`."""

from collections.abc import Iterator, Mapping

from toolkit.errors import UsageError
from toolkit.registry.ability import Ability
from toolkit.registry.folder_trials import try_folder
from toolkit.registry.place import Place, PlaceKind


def examine(place: Place, *, environ: Mapping[str, str]) -> Iterator[Ability]:
    """Yield what a place can do. Raises OutsideError if it cannot be reached, UsageError for a place without trials."""
    if place.kind is PlaceKind.FOLDER:
        yield from try_folder(place.folder)
        return
    if place.kind is PlaceKind.OCI:
        from toolkit.registry.oci.addresses import Addresses
        from toolkit.registry.oci.trials import try_server
        from toolkit.remote.client import Remote

        yield from try_server(Remote(environ=environ), Addresses.of(place))
        return
    raise UsageError(f"{place} cannot be examined", hint="name a folder or oci://HOST/PREFIX")

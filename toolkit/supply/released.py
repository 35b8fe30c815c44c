"""The image of a component that a registry has, and the contract that is published with it."""

import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from toolkit.errors import InputError
from toolkit.oci.reference import parse_reference
from toolkit.registry.consuming.choosing import Registries
from toolkit.registry.names import parse_request
from toolkit.registry.release import CONTRACT
from toolkit.spec.model import ComponentSpec
from toolkit.spec.reader import parse_component

# A digest of an image follows the same sign, and so does one of a component after a name with a namespace.
_REQUEST = re.compile(r"(?:[a-z0-9][a-z0-9._-]*:)?[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*)?@(?!sha256:)\S+")


class ReleasedImage(Struct, frozen=True, kw_only=True):
    """The image that a release names by its digest, and the release's contract."""

    image: str
    contract: ComponentSpec
    release: str


def names_release(name: str) -> bool:
    """Return whether a name is one such as `ml/train@^1`, and no file or folder."""
    return bool(_REQUEST.fullmatch(name)) and not Path(name).exists()


def released_image(name: str, registry: str | None, environ: Mapping[str, str]) -> ReleasedImage:
    """Return the image of a component in a registry, that of the configured ones unless one is named.

    Raises InputError for a release without a pinned image, and as looking it up does.
    """
    request = parse_request(name)
    found = Registries.of(registry, environ=environ, required=request.registry is None).find(request)
    text = found.registry.content(found.release, CONTRACT).decode(errors="replace")
    contract = parse_component(text, Path(CONTRACT))
    image = contract.container.image
    if parse_reference(image).digest is None:
        raise InputError(
            f"the contract of {found.release} names {image}, which is not pinned", hint="`comp build --push` pins it"
        )
    return ReleasedImage(image=image, contract=contract, release=str(found.release))

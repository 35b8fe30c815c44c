"""The images of mirrored releases: where a copy goes, and which reference stands for it."""

import re
from collections.abc import Mapping

from msgspec import Struct

from toolkit.errors import CompError, InputError, UsageError
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote.copying import Source, Target, copy_image, found_image

LAYOUT = "layout:"
# What a repository cannot have: the colon of a port, the brackets of IPv6.
_OTHER = re.compile(r"[^a-z0-9.]+")


class ImageMirror(Struct, frozen=True, kw_only=True):
    """Copies images from `source` to `target`, each once.

    `prefix` is HOST/PATH on a distribution server. Without one, images keep their names: a layout has them. A `dry_run`
    looks whether each could be copied, and copies none.
    """

    source: Source
    target: Target
    prefix: str | None = None
    dry_run: bool = False
    copied: dict[str, str | CompError] = {}

    def copy(self, image: str, known: Mapping[str, str]) -> str | None:
        """Copy the image that a contract names, and return the reference of the copy, None without another name.

        `known` are copies that the source has: those are read, since the original may be out of reach. Raises
        InputError for an image that is missing, OutsideError if it cannot be copied.
        """
        if image not in self.copied:
            try:
                self.copied[image] = self._copy(image, known.get(image, image))
            except CompError as error:
                self.copied[image] = error
        done = self.copied[image]
        if isinstance(done, CompError):
            raise done
        return done if self.prefix else None

    def _copy(self, image: str, from_: str) -> str:
        """Copy one image."""
        original = parse_reference(from_)
        # A layout has images by the names that contracts have for them.
        place = self.place_of(parse_reference(image)) if self.prefix else parse_reference(image)
        copy = found_image if self.dry_run else copy_image
        digest = copy(self.source, original, self.target, place)
        return str(place.with_digest(digest))

    def place_of(self, image: Reference) -> Reference:
        """Return the repository of a copy: the original's host and path below the prefix, so that none clash."""
        host = _OTHER.sub("-", image.host.lower()).strip("-.")
        return parse_reference(f"{self.prefix}/{host}/{image.repository}")


def check_prefix(text: str) -> str:
    """Return HOST/PATH without a slash at its end. Raises UsageError for anything that is not one."""
    prefix = text.removeprefix("oci://").rstrip("/")
    try:
        valid = parse_reference(f"{prefix}/image").host == prefix.partition("/")[0]
    except InputError:
        valid = False
    if not valid:
        raise UsageError(f"{text!r} is not a place for images", hint="write HOST/PATH, or layout:DIR")
    return prefix

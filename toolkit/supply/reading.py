"""Open an image by its name or its component's folder, and read what it is made of."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from toolkit.config.project import read_project
from toolkit.inspection import open_image
from toolkit.job.context import BuildContext
from toolkit.job.lock import existing_lock
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference
from toolkit.requirements.lock import Lock
from toolkit.requirements.pin import Pin
from toolkit.supply.contents import LockedWheel, read_contents
from toolkit.supply.package import Contents
from toolkit.supply.subject import Subject, subject_of


class ReadImage(Struct, frozen=True, kw_only=True):
    """An image, what it says of itself, and what is in it. `reference` is None for one that is on no remote."""

    image: Image
    subject: Subject
    contents: Contents
    reference: Reference | None

    def document(self, form: str) -> bytes:
        """Return the SBOM as JSON, in the form `cyclonedx` or `spdx`."""
        # Each form has its library, and one of them is needed.
        if form == "spdx":
            from toolkit.supply.spdx import spdx_document

            return spdx_document(self.contents, self.subject)
        from toolkit.supply.cyclonedx import cyclonedx

        return cyclonedx(self.contents, self.subject)


def read_image(name: str, platform: Platform, context: BuildContext) -> ReadImage:
    """Read the image that `name` means, as `comp inspect` does; of a component's folder the lock gives wheels' hashes.

    Raises as opening and reading the image do.
    """
    opened = open_image(name, platform, context)
    repository = "" if opened.reference is None else f"{opened.reference.host}/{opened.reference.repository}"
    return ReadImage(
        image=opened.image,
        subject=subject_of(opened.image, repository=repository),
        contents=read_contents(opened.image, context.cache, locked=_locked(name, platform, context)),
        reference=opened.reference,
    )


def _locked(name: str, platform: Platform, context: BuildContext) -> Mapping[tuple[str, str], LockedWheel]:
    """Return what the lock knows, by name and version; empty for what is not a component's folder with a lock."""
    folder = Path(name)
    if not folder.is_dir():
        return {}
    lock = existing_lock(read_project(folder, environ=context.environ))
    return {(pin.name, pin.version): _wheel(lock, pin) for pin in lock.pins.get(platform, ())} if lock else {}


def _wheel(lock: Lock, pin: Pin) -> LockedWheel:
    """Return what a lock knows of one wheel."""
    publisher = lock.publisher(pin)
    return LockedWheel(
        sha256=pin.digest.hex,
        publisher=publisher.shown if publisher else "",
        is_verified=bool(publisher and publisher.verified),
    )

"""Where a made base goes: a layout, in place of an older one only when it is whole; an archive; a remote."""

import os
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from toolkit.errors import OutsideError, UsageError
from toolkit.job.context import BuildContext
from toolkit.oci.archive import write_archive
from toolkit.oci.image import Built
from toolkit.oci.layout import write_layout
from toolkit.oci.reference import Reference
from toolkit.system import temporary
from toolkit.system.atomic import made_parents, replacing


def check_place(folder: Path) -> None:
    """Raise UsageError for a folder that exists and is not an image layout, so that it would be lost."""
    if os.path.lexists(folder) and not (folder / "oci-layout").is_file():
        raise UsageError(f"{folder} exists and is not an image layout", hint="name another folder")


def write_base(built: Built, folder: Path, *, name: str) -> None:
    """Write a base as the layout `folder`; one that is there is replaced, or stays as it is after a failure."""
    check_place(folder)
    with made_parents(folder), temporary.folder("base", beside=folder.parent) as beside:
        write_layout(built, beside / "new", name=name)
        if folder.exists():
            folder.rename(beside / "old")
        (beside / "new").rename(folder)


def write_base_archive(built: Built, path: Path, *, name: str) -> None:
    """Write a base as an archive that `docker load` takes, under a name."""
    with made_parents(path), replacing(path) as stream:
        write_archive(built, stream, names=[name])


def push_base(built: Built, reference: Reference, tags: Sequence[str], context: BuildContext) -> Reference:
    """Push a base under the reference's tag and further ones, and return its name with tag and digest.

    Raises UsageError for a reference by digest, OutsideError for a remote.
    """
    if reference.digest:
        raise UsageError(f"{reference} names a digest, which a push decides", hint="leave out what follows @")
    for tag in tags:
        reference.with_tag(tag)
    digest = context.remote().push(built, reference, tags=tags, report=context.report, locations=context.locations())
    if digest != built.digest:
        raise OutsideError(f"{reference.host} has stored {digest}, expected {built.digest}", hint="push it again")
    return replace(reference, digest=digest)

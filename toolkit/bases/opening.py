"""Open a base by the name that a user gives: a made base, a place on this disk, a component's folder, a reference."""

from pathlib import Path

from msgspec import Struct

from toolkit.bases.used import used_bases
from toolkit.config.project import is_on_disk, read_project
from toolkit.errors import InputError, Location
from toolkit.job.context import BuildContext
from toolkit.job.tags import digest_now
from toolkit.oci.archive import read_archive
from toolkit.oci.descriptor import Platform, host_platform
from toolkit.oci.image import Image
from toolkit.oci.layout import layout_platforms, read_layout
from toolkit.oci.reference import Reference, parse_reference
from toolkit.system.paths import real


class OpenedBase(Struct, frozen=True, kw_only=True):
    """A base for one platform: its name, and all its platforms. `digest` is that of the image or its index."""

    name: str
    image: Image
    platforms: tuple[str, ...]


def made_folder(context: BuildContext) -> Path:
    """Return the folder of the bases that were made into the cache."""
    return context.cache.root / "bases"


def full_name(text: str, context: BuildContext) -> str:
    """Return the base that a text means, as a reference or as a place on this disk.

    A made base in the cache goes by the name of its folder, and a component's folder means the base it is built on.
    """
    if is_on_disk(text):
        scheme, _, path = text.partition(":")
        return f"{scheme}:{Path(path).absolute()}"
    made = made_folder(context) / text
    if "/" not in text and text not in {"", ".", ".."} and (made / "oci-layout").is_file():
        return f"layout:{made}"
    if text.startswith((".", "/")) or Path(text).is_dir():
        return _base_of(Path(text), context)
    return text


def open_base(name: str, platform: Platform | None, context: BuildContext) -> OpenedBase:
    """Return a base for a platform; layers are fetched when they are read.

    `name` is as `full_name` returns it. Without `platform` it is this machine's, or the first that the base has. A tag
    is asked for once in a command. Raises InputError for a wrong name or file, OutsideError for a remote.
    """
    scheme, _, path = name.partition(":")
    if scheme == "archive" and is_on_disk(name):
        image = read_archive(Path(path), platform=platform or host_platform(), cache=context.cache)
        return OpenedBase(name=name, image=image, platforms=(str(image.platform),))
    if is_on_disk(name):
        platforms = layout_platforms(Path(path)) if (Path(path) / "oci-layout").is_file() else ()
        image = read_layout(Path(path), platform=platform or _chosen(platforms))
        return OpenedBase(name=name, image=image, platforms=platforms)
    reference = with_digest(parse_reference(name), context)
    platforms = tuple(map(str, context.remote().platforms(reference, context.cache)))
    image = pulled(reference, platform or _chosen(platforms), context)
    return OpenedBase(name=name, image=image, platforms=platforms or (str(image.platform),))


def with_digest(reference: Reference, context: BuildContext) -> Reference:
    """Return a reference with the digest that its tag has now, unless it has one."""
    return reference if reference.digest else reference.with_digest(digest_now(reference, context))


def pulled(reference: Reference, platform: Platform, context: BuildContext) -> Image:
    """Return the image that a reference with a digest names, from the cache if that has it."""
    return context.remote().pull(reference, platform, context.cache, report=context.report)


def to_fetch(image: Image, context: BuildContext) -> int:
    """Return how many bytes of an image's layers the cache lacks."""
    blobs = {layer.descriptor.digest: layer.descriptor.size for layer in image.layers}
    return sum(size for digest, size in blobs.items() if not context.cache.blob_path(digest).is_file())


def _chosen(platforms: tuple[str, ...]) -> Platform:
    """Return this machine's platform, or the first if a base is for others alone."""
    host = host_platform()
    # With or without a variant: an index may say linux/arm64/v8.
    runs_here = any(f"{platform}/".startswith(f"{host}/") for platform in platforms)
    return host if runs_here or not platforms else Platform.parse(platforms[0])


def _base_of(folder: Path, context: BuildContext) -> str:
    """Return the base of a component's folder, by digest if its lock holds it to one."""
    project = read_project(folder, environ=context.environ)
    if project.is_dockerfile_alone:
        raise InputError(
            f"the base of {project.name} is the one that its Dockerfile names",
            where=Location(path=project.folder / "pyproject.toml"),
            hint="`comp base show` takes its name",
        )
    (base, *_) = used_bases([project]) or (None,)
    if base is None:
        raise InputError(f"the base of {real(folder)} cannot be read", hint="`comp lint` says what is wrong")
    return str(base.reference) if base.reference else base.name

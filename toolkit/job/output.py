"""Where `--output` puts an image: a layout, an archive, or docker."""

from collections.abc import Mapping
from pathlib import Path

from toolkit.config.project import Project
from toolkit.generation import unpinned_image
from toolkit.oci.descriptor import Platform, host_platform
from toolkit.oci.image import Built, Image
from toolkit.system import temporary
from toolkit.system.atomic import made_parents, replacing


def write_image(project: Project, built: Built, output: str, environ: Mapping[str, str]) -> str:
    """Write an image or index to `layout:DIR` or `archive:FILE`, or load it into docker; return where it is."""
    scheme, _, rest = output.partition(":")
    name = unpinned_image(project)
    if scheme == "layout":
        # The version names the image there: a layout's names are tags, not references.
        _write_layout(built, Path(rest), name=project.version)
        return rest
    if scheme == "archive":
        from toolkit.oci.archive import write_archive

        with replacing(Path(rest)) as stream:
            write_archive(built, stream, names=[name])
        return rest
    from toolkit.engines.docker import connect, load_image

    # A daemon loads one platform's image.
    image = image_for(built, host_platform())
    load_image(connect(environ), image, names=[name])
    return f"{name} in docker" + (f" ({image.platform})" if len(built.images) > 1 else "")


def image_for(built: Built, platform: Platform) -> Image:
    """Choose the image that a machine can run, or else the first."""
    fitting = (image for image in built.images if image.platform.architecture == platform.architecture)
    return next(fitting, built.images[0])


def _write_layout(built: Built, folder: Path, *, name: str) -> None:
    """Add to the layout in `folder`; a new one appears whole or not at all."""
    from toolkit.oci.layout import write_layout

    if folder.exists():
        write_layout(built, folder, name=name)
        return
    # Beside its place, since a rename does not cross file systems.
    with made_parents(folder), temporary.folder("layout", beside=folder.parent) as staged:
        write_layout(built, staged / "layout", name=name)
        (staged / "layout").rename(folder)

"""Make a base with Python from Debian packages, on any system and for any architecture: nothing of a package runs.

The packages are unpacked into one layer, and the files that maintainer scripts would make and that Python needs are
written here. Equal packages give an equal image, wherever and whenever it is made.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from toolkit.bases.archive import open_archive
from toolkit.bases.recipe import Recipe
from toolkit.bases.suites import check_python
from toolkit.debian.adding import layer_in
from toolkit.debian.layer import Extra, PackageLayer, make_layer
from toolkit.debian.package import Package
from toolkit.debian.system import BaseSystem
from toolkit.digest import canonical_json
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import OCI_LAYER, Platform
from toolkit.oci.image import Built, Image, ImageIndex

log = logging.getLogger(__name__)

# What every base has: Python, the libraries that wheels expect, certificates, and a shell with a few programs.
PACKAGES = (
    # Before those that need an awk: every system of Debian has this one.
    "mawk",
    *("python3", "libpython3-stdlib", "libstdc++6", "libgcc-s1", "ca-certificates", "tzdata", "netbase"),
    *("base-files", "dash", "coreutils", "grep", "sed"),
)

# Links that Debian makes before any package is unpacked (its policy, section 10.1); these have a lib64 as well.
_MERGED, _WITH_LIB64 = ("bin", "lib", "sbin"), frozenset({"amd64", "ppc64le", "loong64", "mips64le"})
_PASSWD = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
_GROUP = b"root:x:0:\nnogroup:x:65534:\n"
_LAST = (
    Extra(path="etc/passwd", content=_PASSWD),
    Extra(path="etc/group", content=_GROUP),
    *(Extra(path=path, mode=0o755, is_folder=True) for path in ("dev", "proc", "sys")),
    *(Extra(path=path, mode=0o1777, is_folder=True) for path in ("tmp", "var/tmp")),
)


def make_base(
    recipe: Recipe, platforms: Sequence[Platform], context: BuildContext, *, python: str | None = None
) -> Built:
    """Return a base with the newest packages, whose layers lie in the cache: an index for several platforms.

    `python` is the minor version that it has to have. Raises InputError for a suite, package, platform or Python that
    Debian does not have, OutsideError for a mirror.
    """
    wanted = {platform: packages_now(recipe, platform, context) for platform in dict.fromkeys(platforms)}
    for packages in wanted.values() if python else ():
        check_python(recipe.suite, packages, python or "")
    images = [_image(recipe, platform, packages, context) for platform, packages in wanted.items()]
    return images[0] if len(images) == 1 else ImageIndex.of(images, annotations={})


def packages_now(recipe: Recipe, platform: Platform, context: BuildContext) -> tuple[Package, ...]:
    """Return the packages that a base would have if it were made now, by name. Raises as `make_base` does."""
    archive = open_archive(recipe.suite, platform, context)
    return archive.resolved((*PACKAGES, *recipe.packages))


def _image(recipe: Recipe, platform: Platform, packages: Sequence[Package], context: BuildContext) -> Image:
    """Make the image of one platform."""
    archive = open_archive(recipe.suite, platform, context)
    log.info("making a base of %d packages from Debian %s for %s", len(packages), recipe.suite, platform)
    layer = make_layer(archive.fetch(packages), BaseSystem(), (), context.cache, first=_first(platform), last=_LAST)
    _tell(layer, recipe)
    return _with_layer(layer, recipe, platform, context)


def _first(platform: Platform) -> tuple[Extra, ...]:
    """Return what comes before all packages: folders below /usr, and links to them in their old places."""
    names = (*_MERGED, "lib64") if platform.architecture in _WITH_LIB64 else _MERGED
    folders = (Extra(path=f"usr/{name}", mode=0o755, is_folder=True) for name in names)
    return (*folders, *(Extra(path=name, target=f"usr/{name}") for name in names))


def _tell(layer: PackageLayer, recipe: Recipe) -> None:
    """Report what scripts of packages would have done; of the packages that every base has, it is not needed."""
    for notice in layer.notices:
        asked = notice.partition(":")[0] in {name.partition("=")[0] for name in recipe.packages}
        log.log(logging.WARNING if asked else logging.DEBUG, "%s", notice)


def _with_layer(made: PackageLayer, recipe: Recipe, platform: Platform, context: BuildContext) -> Image:
    """Return the image of one layer."""
    layer = layer_in(context.cache, made, OCI_LAYER)
    # The time of the newest package and not that of the clock: the same packages give the same image.
    created = datetime.fromtimestamp(made.newest, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    config = canonical_json(
        {
            "architecture": platform.architecture,
            **({"variant": platform.variant} if platform.variant else {}),
            "config": {
                "Cmd": ["python3"],
                "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"],
                "Labels": dict(recipe.labels),
            },
            "created": created,
            "history": [{"created": created, "created_by": "comp base: Debian packages, unpacked"}],
            "os": platform.os,
            "rootfs": {"diff_ids": [str(made.diff_id)], "type": "layers"},
        }
    )
    return Image.of(config, (layer,))

"""`toolkit.inspect`: an image that exists."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from toolkit.progress import Report, silent

if TYPE_CHECKING:
    from toolkit.inspection import ImageFacts


def inspect(
    image: str | os.PathLike[str] = ".",
    *,
    platform: str | None = None,
    packages: bool = False,
    check: bool = False,
    environ: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> "ImageFacts":
    """Return the facts about an image, as `comp inspect` shows them.

    `image` is a reference, `layout:DIR`, `archive:FILE`, or a component's folder whose image is pinned. `platform`
    chooses from an index, such as `linux/arm64`; by default this machine's. With `packages` the layers are read too,
    and with `check` every digest is verified, and the interface compared with that of the folder. Raises InputError for
    a name or a file that is wrong, and OutsideError for a remote.
    """
    from toolkit.cache.store import Cache
    from toolkit.inspection import contracts_of, inspect_image, open_image
    from toolkit.job.context import BuildContext
    from toolkit.oci.descriptor import Platform, host_platform

    given = os.environ if environ is None else environ
    name = os.fspath(image)
    chosen = Platform.parse(platform) if platform else host_platform()
    context = BuildContext(cache=Cache.default(given), environ=given, report=progress)
    opened = open_image(name, chosen, context)
    contracts = contracts_of(name, given) if check else ()
    return inspect_image(opened, packages=packages, check=check, contracts=contracts)

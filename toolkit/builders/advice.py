"""Advice about what goes into an image, where nothing has to be wrong with it."""

from collections.abc import Iterator, Mapping, Sequence

from packaging.utils import canonicalize_name, parse_wheel_filename

from toolkit.oci.image import Image
from toolkit.python.base import BaseFacts
from toolkit.python.shared_libraries import debian_package
from toolkit.python.wheels import Wheel
from toolkit.words import some_of

# How NVIDIA's wheels are called; bases that are made for GPUs set the variables.
_CUDA = ("nvidia-", "cuda-", "cupy-cuda")
_FOR_GPUS = ("CUDA_VERSION=", "NVIDIA_VISIBLE_DEVICES=")


_DEBIANS = {"debian", "ubuntu"}


def lacking(os_id: str, missing: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Give a line for each distribution whose machine code needs libraries that a base lacks.

    `os_id` is the base's (os-release(5), ID): Debian's names of packages are given on Debian and Ubuntu.
    """
    for name, libraries in missing.items():
        packages = dict.fromkeys(debian_package(library) for library in libraries)
        noun = "package" if len(packages) == 1 else "packages"
        where = f", on {os_id.capitalize()} in the {noun} {' '.join(packages)}" if os_id in _DEBIANS else ""
        yield (
            f"{name} needs {some_of(libraries)}, which the base lacks: importing it may fail; "
            f"use a base that has {'it' if len(libraries) == 1 else 'them'}{where}"
        )


def advice(base: Image, facts: BaseFacts, wheels: Sequence[Wheel], *, system_site_packages: bool) -> Iterator[str]:
    """Give lines about packages that the image has twice, and about wheels for GPUs on a base that is not for them."""
    versions = {canonicalize_name(parse_wheel_filename(one.filename)[0]): one for one in wheels}
    if not system_site_packages:
        twice = [name for name in versions if name in facts.packages]
        if twice:
            yield (
                f"the base has {some_of([f'{name} {facts.packages[name]}' for name in twice])} as well, which the "
                "component does not see; with `system-site-packages = true` it would use the base's"
            )
    cuda = [wheel for name, wheel in versions.items() if name.startswith(_CUDA)]
    variables = (base.parsed_config().get("config") or {}).get("Env") or []
    if cuda and not any(line.startswith(_FOR_GPUS) for line in variables):
        size = sum(wheel.size for wheel in cuda)
        names = [canonicalize_name(parse_wheel_filename(wheel.filename)[0]) for wheel in cuda]
        yield (
            f"{len(cuda)} wheels of {size / 1e9:.1f} GB are for NVIDIA's GPUs: {some_of(names)}; "
            "without one, take the package's build for CPUs from its own index (UV_INDEX)"
        )

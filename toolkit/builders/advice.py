"""Advice about an image that is valid, but may not be what its author wants."""

import json
from collections.abc import Iterator, Mapping, Sequence

from packaging.utils import canonicalize_name, parse_wheel_filename

from toolkit.oci.estargz import TOC_DIGEST
from toolkit.oci.image import Image
from toolkit.python.base import BaseFacts
from toolkit.python.shared_libraries import debian_package
from toolkit.wheels.wheel import Wheel
from toolkit.words import in_bytes, some_of

# The names of NVIDIA's wheels, and the variables that bases for GPUs set.
_CUDA = ("nvidia-", "cuda-", "cupy-cuda")
_FOR_GPUS = ("CUDA_VERSION=", "NVIDIA_VISIBLE_DEVICES=")


_DEBIANS = {"debian", "ubuntu"}


def lacking(os_id: str, missing: Mapping[str, Sequence[str]], *, present: Sequence[str] = ()) -> Iterator[str]:
    """Yield a line for each distribution whose machine code needs libraries that a base lacks.

    `os_id` is the base's (os-release(5), ID): on Debian and Ubuntu the line says which packages to add to those that
    the setting `system-packages` has, `present`.
    """
    for name, libraries in missing.items():
        them = "it" if len(libraries) == 1 else "them"
        advice = f"use a base that has {them}"
        if os_id in _DEBIANS:
            packages = sorted({*present, *map(debian_package, libraries)})
            advice = f"set system-packages = {json.dumps(packages)} in [tool.comp], or {advice}"
        yield f"{name} needs {some_of(libraries)}, which the base lacks: importing it may fail; {advice}"


def without_apt(reference: str, facts: BaseFacts, packages: Sequence[str]) -> Iterator[str]:
    """Yield a line if a Dockerfile cannot install packages of Debian on a base: bases of `comp base` have no apt."""
    if packages and not any(name.startswith("libapt-pkg.so") for name in facts.libraries):
        yield (
            f"{reference} has no apt, by which this Dockerfile installs {some_of(packages)}: take a base that has apt, "
            "such as python:3.11-slim, or leave the image to `comp build`, which needs none"
        )


def pulled_whole(base: Image) -> Iterator[str]:
    """Yield a line if layers of the base are not eStargz: containerd fetches every layer above them too."""
    if not all(TOC_DIGEST in layer.descriptor.annotations for layer in base.layers):
        yield (
            "estargz: the base has ordinary layers, above which containerd pulls every layer whole; use a base that "
            "was converted (nerdctl image convert --estargz --oci)"
        )


def advice(base: Image, facts: BaseFacts, wheels: Sequence[Wheel], *, system_site_packages: bool) -> Iterator[str]:
    """Yield lines about packages that the image has twice, and about wheels for GPUs on a base for CPUs."""
    versions = {canonicalize_name(parse_wheel_filename(one.filename)[0]): one for one in wheels}
    # With the setting, resolution leaves out what the base has.
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
            f"{len(cuda)} wheels of {in_bytes(size)} are for NVIDIA's GPUs: {some_of(names)}; "
            "without one, take the package's build for CPUs from its own index (UV_INDEX)"
        )

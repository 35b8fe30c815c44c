"""What is worth saying of what goes into an image, though nothing is wrong with it."""

from collections.abc import Iterator, Sequence

from packaging.utils import canonicalize_name, parse_wheel_filename

from toolkit.oci.image import Image
from toolkit.python.base import BaseFacts
from toolkit.python.wheels import Wheel
from toolkit.words import some_of

# How NVIDIA's wheels are called; bases that are made for GPUs set the variables.
_CUDA = ("nvidia-", "cuda-", "cupy-cuda")
_FOR_GPUS = ("CUDA_VERSION=", "NVIDIA_VISIBLE_DEVICES=")


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

"""Packages that are there twice, wheels for GPUs, and bases that cannot be pulled lazily."""

from pathlib import Path

from msgspec.structs import replace

from tests.artifacts import FACTS, base_image
from toolkit.builders.advice import advice, lacking, pulled_whole, without_apt
from toolkit.digest import Digest
from toolkit.oci.estargz import TOC_DIGEST
from toolkit.wheels.wheel import Wheel

BASE = base_image()
GPU = base_image(config={"config": {"Env": ["PATH=/bin", "CUDA_VERSION=12.4"]}})


def wheel(name: str, size: int = 1000) -> Wheel:
    return Wheel(filename=f"{name}-1.0-py3-none-any.whl", digest=Digest("0" * 64), path=Path(name), size=size)


def test_packages_that_the_base_has_too() -> None:
    facts = replace(FACTS, packages={"numpy": "1.24.2", "my-pack": "3"})
    (line,) = advice(BASE, facts, [wheel("numpy"), wheel("My_Pack"), wheel("six")], system_site_packages=False)
    assert line.startswith("the base has numpy 1.24.2, my-pack 3 as well")
    assert list(advice(BASE, facts, [wheel("six")], system_site_packages=False)) == []
    assert list(advice(BASE, facts, [wheel("numpy")], system_site_packages=True)) == []


def test_wheels_for_gpus_on_a_base_without() -> None:
    wheels = [wheel("torch", 900_000_000), *(wheel(f"nvidia_{name}_cu12", 500_000_000) for name in "abcd")]
    (line,) = advice(BASE, FACTS, wheels, system_site_packages=False)
    assert line.startswith(
        "4 wheels of 2.0 GB are for NVIDIA's GPUs: nvidia-a-cu12, nvidia-b-cu12, nvidia-c-cu12 and 1 more"
    )
    assert list(advice(GPU, FACTS, wheels, system_site_packages=False)) == []


def test_libraries_that_the_base_lacks() -> None:
    missing = {"opencv-python": ("libGL.so.1", "libglib-2.0.so.0"), "solo": ("libX11.so.6",)}
    assert list(lacking("debian", missing)) == [
        (
            "opencv-python needs libGL.so.1, libglib-2.0.so.0, which the base lacks: importing it may fail; "
            'set system-packages = ["libgl1", "libglib2.0-0"] in [tool.comp], or use a base that has them'
        ),
        (
            "solo needs libX11.so.6, which the base lacks: importing it may fail; "
            'set system-packages = ["libx11-6"] in [tool.comp], or use a base that has it'
        ),
    ]
    assert list(lacking("alpine", {"solo": ("libX11.so.6",)})) == [
        "solo needs libX11.so.6, which the base lacks: importing it may fail; use a base that has it"
    ]


def test_packages_that_the_settings_have_stay_in_the_advice() -> None:
    (line,) = lacking("ubuntu", {"solo": ("libX11.so.6",)}, present=("git", "libx11-6"))
    assert 'system-packages = ["git", "libx11-6"]' in line


def test_bases_above_which_layers_are_pulled_whole() -> None:
    (line,) = pulled_whole(BASE)
    assert line.startswith("estargz: the base has ordinary layers")
    converted = tuple(
        replace(layer, descriptor=replace(layer.descriptor, annotations={TOC_DIGEST: f"sha256:{'0' * 64}"}))
        for layer in BASE.layers
    )
    assert list(pulled_whole(replace(BASE, layers=converted))) == []


def test_a_base_without_apt() -> None:
    assert list(without_apt("base:1", FACTS, ())) == []
    with_apt = replace(FACTS, libraries=frozenset({"libapt-pkg.so.6.0"}))
    assert list(without_apt("base:1", with_apt, ("jq",))) == []
    (line,) = without_apt("base:1", FACTS, ("jq", "git"))
    assert line.startswith("base:1 has no apt, by which this Dockerfile installs jq, git: ")

"""Targets: what uv and wheels call a base's platform."""

import pytest
from msgspec.structs import replace

from tests.artifacts import FACTS
from toolkit.errors import InputError
from toolkit.oci.descriptor import Platform
from toolkit.python.target import Target

AMD64 = Platform("linux", "amd64")


def test_a_target_is_the_bases(debian: Target) -> None:
    assert Target.of(AMD64, FACTS) == debian
    assert debian.minor == "3.11"


@pytest.mark.parametrize("platform", ["linux/s390x", "windows/amd64"])
def test_other_platforms_are_refused(platform: str) -> None:
    with pytest.raises(InputError, match=f"cannot choose wheels for {platform}"):
        Target.of(Platform.parse(platform), FACTS)


@pytest.mark.parametrize(
    ("architecture", "libc", "version", "expected"),
    [
        ("amd64", "glibc", "2.36", "x86_64-manylinux_2_36"),
        ("arm64", "glibc", "2.31", "aarch64-manylinux_2_31"),
        ("amd64", "glibc", "2.30", "x86_64-manylinux_2_28"),
        ("amd64", "glibc", "2.17", "x86_64-manylinux_2_17"),
        ("amd64", "glibc", "2.99", "x86_64-manylinux_2_40"),
        ("arm64", "musl", "1.2", "aarch64-unknown-linux-musl"),
    ],
)
def test_uv_gets_the_nearest_platform_that_it_knows(
    debian: Target, architecture: str, libc: str, version: str, expected: str
) -> None:
    target = replace(debian, platform=Platform("linux", architecture), libc=libc, libc_version=version)
    assert target.uv_platform == expected


def test_wheels_are_ranked_by_fit(debian: Target) -> None:
    best_first = [
        "x-1.0-cp311-cp311-manylinux_2_36_x86_64.whl",
        "x-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "x-1.0-cp311-cp311-manylinux1_x86_64.whl",
        "x-1.0-cp311-cp311-linux_x86_64.whl",
        "x-1.0-cp311-abi3-manylinux_2_36_x86_64.whl",
        "x-1.0-cp38-abi3-manylinux_2_28_x86_64.whl",
        "x-1.0-py3-none-manylinux2014_x86_64.whl",
        "x-1.0-py3-none-any.whl",
    ]
    ranks = [debian.rank(filename) for filename in best_first]
    assert None not in ranks
    assert ranks == sorted(ranks, key=lambda rank: rank or 0)
    assert len(set(ranks)) == len(ranks)


@pytest.mark.parametrize(
    "filename",
    [
        "x-1.0-cp311-cp311-manylinux_2_37_x86_64.whl",
        "x-1.0-cp312-cp312-manylinux_2_17_x86_64.whl",
        "x-1.0-cp312-abi3-manylinux_2_17_x86_64.whl",
        "x-1.0-cp311-cp311-manylinux_2_17_aarch64.whl",
        "x-1.0-cp311-cp311-musllinux_1_2_x86_64.whl",
        "x-1.0-cp311-cp311-macosx_11_0_arm64.whl",
        "x-1.0-py2-none-any.whl",
        "x-1.0.tar.gz",
        "nonsense",
    ],
)
def test_what_does_not_fit_has_no_rank(debian: Target, filename: str) -> None:
    assert debian.rank(filename) is None


def test_arm_and_musl_have_their_own_wheels(debian: Target) -> None:
    arm = replace(debian, platform=Platform("linux", "arm64"))
    assert arm.rank("x-1.0-cp311-cp311-manylinux2014_aarch64.whl") is not None
    assert arm.rank("x-1.0-cp311-cp311-manylinux1_aarch64.whl") is None
    musl = replace(debian, libc="musl", libc_version="1.2")
    assert musl.rank("x-1.0-cp311-cp311-musllinux_1_1_x86_64.whl") is not None
    assert musl.rank("x-1.0-cp311-cp311-manylinux_2_17_x86_64.whl") is None

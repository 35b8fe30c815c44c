"""Which C library wheels ask for, read from their tags."""

import pytest

from toolkit.python.libc_floor import floors_of, is_above


@pytest.mark.parametrize(
    ("tags", "floors"),
    [
        (["py3-none-any"], {}),
        (["cp311-cp311-linux_x86_64"], {}),
        ([" cp311-cp311-manylinux_2_28_x86_64"], {"glibc": "2.28"}),
        (["cp311-cp311-manylinux1_x86_64"], {"glibc": "2.5"}),
        (["cp311-cp311-manylinux2010_i686"], {"glibc": "2.12"}),
        (["cp311-cp311-manylinux2014_aarch64"], {"glibc": "2.17"}),
        (["cp311-abi3-manylinux_2_28_x86_64", "cp311-abi3-manylinux_2_5_x86_64"], {"glibc": "2.5"}),
        (["py3-none-manylinux2014_x86_64", "py3-none-musllinux_1_1_x86_64"], {"glibc": "2.17", "musl": "1.1"}),
        (["py3-none-macosx_11_0_arm64", "", "-", "manylinux_x_y"], {}),
    ],
)
def test_the_lowest_level_is_enough(tags: list[str], floors: dict[str, str]) -> None:
    assert floors_of(tags) == floors


def test_what_is_not_enough() -> None:
    assert not is_above({}, "glibc", "2.5")
    assert not is_above({"glibc": "2.9"}, "glibc", "2.17")
    assert is_above({"glibc": "2.17"}, "glibc", "2.9")
    assert is_above({"musl": "1.1"}, "glibc", "2.36")
    assert not is_above({"musl": "1.1", "glibc": "2.17"}, "musl", "1.2")

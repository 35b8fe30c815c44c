"""Resolving with the real uv against a small index on loopback."""

import pytest
from msgspec.structs import replace

from tests.package_index import HERE, PackageIndex, chosen, resolved, small_wheel
from tests.projects import sdist
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.python.target import Target
from toolkit.redaction import without_login
from toolkit.requirements.pin import Pin, SourceDistribution
from toolkit.requirements.resolve import locate


def versions(pins: tuple[Pin, ...]) -> dict[str, str]:
    return {pin.name: pin.version for pin in pins}


def test_pins_are_whole_and_in_order_of_name(index: PackageIndex, debian: Target) -> None:
    pins = resolved(["beta"], debian)
    assert versions(pins) == {"alpha": "1.0", "beta": "1.5"}
    for pin in pins:
        data = index.files[pin.filename]
        assert pin.digest == Digest.of(data)
        assert pin.url == f"http://127.0.0.1:{index.port}/files/{pin.filename}"


def test_constraints_narrow_and_add_nothing(index: PackageIndex, debian: Target) -> None:
    assert index.port
    assert versions(resolved(["alpha"], debian)) == {"alpha": "2.0"}
    assert versions(resolved(["alpha"], debian, constraints=["alpha<2", "beta==1.5"])) == {"alpha": "1.0"}


def test_the_targets_best_wheel_is_taken(index: PackageIndex, debian: Target) -> None:
    data = small_wheel("fast", "1.0")
    for tag in ("cp311-cp311-manylinux_2_28_x86_64", "cp311-abi3-manylinux_2_17_x86_64", "cp311-cp311-linux_armv7l"):
        index.files[f"fast-1.0-{tag}.whl"] = data
    index.files["fast-1.0-1-cp311-cp311-manylinux_2_28_x86_64.whl"] = data
    index.files["fast-1.0-cp312-cp312-manylinux_2_28_x86_64.whl"] = data
    index.files["fast-1.0-cp311-cp311-musllinux_1_1_x86_64.whl"] = data
    (best,) = resolved(["fast"], debian)
    assert best.filename == "fast-1.0-1-cp311-cp311-manylinux_2_28_x86_64.whl"
    (older,) = resolved(["fast"], replace(debian, libc_version="2.27"))
    assert older.filename == "fast-1.0-cp311-abi3-manylinux_2_17_x86_64.whl"
    (musl,) = resolved(["fast"], replace(debian, libc="musl", libc_version="1.2"))
    assert musl.filename == "fast-1.0-cp311-cp311-musllinux_1_1_x86_64.whl"


def test_every_fitting_wheel_is_located(index: PackageIndex, debian: Target) -> None:
    (pin,) = resolved(["alpha<2"], debian)
    for tag in ("cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-manylinux_2_17_x86_64", "cp39-cp39-win_amd64"):
        index.files[f"alpha-1.0-{tag}.whl"] = small_wheel("alpha", "1.0", content=tag)
    found = locate([pin], debian, Cache.default(), HERE)
    assert sorted(one.filename for one in found) == [
        "alpha-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
        "alpha-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        "alpha-1.0-py3-none-any.whl",
    ]


def test_a_package_with_sources_only_is_found_without_a_look_into_it(index: PackageIndex, debian: Target) -> None:
    index.files["source-1.0.tar.gz"] = b"not even looked at"
    (found,) = chosen(["source"], debian)
    assert isinstance(found, SourceDistribution)
    assert found.filename == "source-1.0.tar.gz"


def test_credentials_are_taken_out_of_text() -> None:
    text = "got https://ada:s3cret@example.com/a and http://token@h/b, mail me@example.com"
    assert without_login(text) == "got https://example.com/a and http://h/b, mail me@example.com"


def test_what_is_to_be_built_and_what_never(index: PackageIndex, debian: Target) -> None:
    index.files["alpha-1.0.tar.gz"] = sdist("alpha")
    index.files["built-1.0.tar.gz"] = sdist("built")
    index.files["early-1.0-py3-none-any.whl"] = small_wheel("early", "1.0")
    index.files["early-2.0rc1-py3-none-any.whl"] = small_wheel("early", "2.0rc1")
    (source,) = chosen(["alpha==1.0"], debian, indexes=replace(HERE, from_source=frozenset({"alpha"})))
    assert source.filename == "alpha-1.0.tar.gz"
    (built,) = chosen(["built"], debian)
    assert built.filename == "built-1.0.tar.gz"
    for names in ({"built"}, {":all:"}):
        with pytest.raises(InputError, match="built"):
            chosen(["built"], debian, indexes=replace(HERE, only_wheels=frozenset(names)))
    (early,) = chosen(["early"], debian, indexes=replace(HERE, early=True))
    assert early.version == "2.0rc1"


def test_a_wheel_that_fits_is_preferred(index: PackageIndex, debian: Target) -> None:
    index.files["both-1.0.tar.gz"] = sdist("both")
    index.files["both-1.0-py3-none-any.whl"] = small_wheel("both", "1.0")
    assert [pin.filename for pin in resolved(["both"], debian)] == ["both-1.0-py3-none-any.whl"]


def test_only_what_lacks_a_wheel_is_built(index: PackageIndex, debian: Target) -> None:
    index.files["top-1.0-py3-none-any.whl"] = small_wheel("top", "1.0", requires="below")
    index.files["below-1.0.tar.gz"] = sdist("below")
    index.files["top-1.0.tar.gz"] = b"never looked at"
    found = chosen(["top"], debian)
    assert [type(one) for one in found] == [SourceDistribution, Pin]


def test_hashes_that_are_required(index: PackageIndex, debian: Target) -> None:
    index.files["both-1.0-py3-none-any.whl"] = small_wheel("both", "1.0")
    (pin,) = resolved(["both"], debian)
    assert resolved(["both"], debian, hashes={"both": frozenset({pin.digest, Digest("0" * 64)})}) == (pin,)
    with pytest.raises(InputError, match=r"no file of both 1\.0 on the index has a hash that is required"):
        chosen(["both"], debian, hashes={"both": frozenset({Digest("0" * 64)})})

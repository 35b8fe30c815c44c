from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.images import image_of, layer_of, tar_of_tree
from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.supply.contents import LockedWheel, read_contents
from toolkit.supply.package import Ecosystem, System

SITE = "opt/comp/venv/lib/python3.11/site-packages"
NUMPY = f"{SITE}/numpy-1.0.dist-info/METADATA"
BASE: dict[str, bytes | str | None] = {
    "usr/lib/os-release": b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n',
    "etc/os-release": "../usr/lib/os-release",
    "var/lib/dpkg/status.d/dash": b"Package: dash\nVersion: 1\n",
    "var/lib/dpkg/status.d/dash.md5sums": b"0 bin/dash\n",
    "usr/share/doc/dash": "shells",
    "usr/share/doc/shells/copyright": b"/usr/share/common-licenses/GPL-2\n",
    "usr/lib/python3/dist-packages/old-1.dist-info/METADATA": b"Name: old\nVersion: 1\n",
}


def test_packages_of_all_layers_are_read_as_the_layers_leave_them(tmp_path: Path) -> None:
    top = {
        NUMPY: b"Name: numpy\nVersion: 1.0\n",
        "usr/lib/python3/dist-packages/old-1.dist-info/.wh.METADATA": b"",
    }
    image = image_of([layer_of(tar_of_tree(BASE)), layer_of(tar_of_tree(top))])
    wheel = LockedWheel(sha256="a" * 64, publisher="GitHub numpy/numpy")
    contents = read_contents(image, Cache(tmp_path), locked={("numpy", "1.0"): wheel})
    assert [(package.ecosystem, package.name) for package in contents.packages] == [
        (Ecosystem.DEBIAN, "dash"),
        (Ecosystem.PYTHON, "numpy"),
    ]
    assert contents.packages[0].licenses == ("GPL-2.0-only",)
    numpy = contents.packages[1]
    assert (numpy.sha256, numpy.publisher, numpy.is_verified) == ("a" * 64, "GitHub numpy/numpy", False)
    assert contents.system == System(id="debian", version="12", title="Debian 12")
    assert contents.unread == ()
    assert contents.of([Ecosystem.PYTHON]) == contents.packages[1:]


def test_a_package_counts_once_wherever_it_lies(tmp_path: Path) -> None:
    twice = {NUMPY: b"Name: numpy\nVersion: 1.0\n", f"a/{NUMPY}": b"Name: numpy\nVersion: 1.0\n"}
    (package,) = read_contents(image_of([layer_of(tar_of_tree(twice))]), Cache(tmp_path)).packages
    assert package.path == f"a/{NUMPY}"


def test_packages_of_rpm_are_reported_as_unread(tmp_path: Path) -> None:
    contents = read_contents(image_of([layer_of(tar_of_tree({"var/lib/rpm/rpmdb.sqlite": b"x"}))]), Cache(tmp_path))
    assert contents.unread == ("var/lib/rpm/rpmdb.sqlite: packages of RPM are not read",)
    assert contents.system == System()


def test_all_lists_of_packages_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_PACKAGE_FILES", "40")
    twice = {NUMPY: b"Name: numpy\nVersion: 1.0\n", f"a/{NUMPY}": b"Name: numpy\nVersion: 1.0\n"}
    with pytest.raises(InputError, match="what the image says of its packages exceeds the limit of 40 B"):
        read_contents(image_of([layer_of(tar_of_tree(twice))]), Cache(tmp_path))


def test_a_list_of_packages_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_PACKAGE_FILE_SIZE", "10")
    with pytest.raises(InputError, match="METADATA exceeds the limit of 10 B"):
        read_contents(image_of([layer_of(tar_of_tree({NUMPY: b"Name: numpy\nVersion: 1.0\n"}))]), Cache(tmp_path))


def unreadable() -> Iterator[bytes]:
    raise AssertionError("the layer was read")


def test_contents_are_the_same_with_layers_that_are_known(tmp_path: Path) -> None:
    """Later layers remove and replace what the base's say, whichever of them are known."""
    hard = f"{SITE}/hard-1.dist-info/METADATA"
    middle: dict[str, bytes | str | None] = {NUMPY: b"Name: numpy\nVersion: 1.0\n"}
    top: dict[str, bytes | str | None] = {
        NUMPY: b"Name: numpy\nVersion: 2.0\n",
        hard: f"hard:{NUMPY}",
        "usr/share/doc/.wh.shells": b"",
        "usr/lib/python3/.wh..wh..opq": b"",
        "var/lib/rpm/rpmdb.sqlite": b"x",
    }
    layers = [layer_of(tar_of_tree(files)) for files in (BASE, middle, top)]
    image, cache = image_of(layers), Cache(tmp_path)
    expected = read_contents(image, cache)
    assert [(package.name, package.version, package.licenses) for package in expected.packages] == [
        ("dash", "1", ()),
        ("numpy", "2.0", ()),
    ]
    assert expected.packages[1].path == hard
    assert len(expected.unread) == 1
    known = replace(image, layers=tuple(replace(layer, chunks=unreadable) for layer in layers))
    assert read_contents(known, cache) == expected
    cache.prune(older_than=-1)
    assert read_contents(image_of(layers[:1]), cache).packages[0].licenses == ("GPL-2.0-only",)
    partly = replace(image, layers=(known.layers[0], *layers[1:]))
    assert read_contents(partly, cache) == expected

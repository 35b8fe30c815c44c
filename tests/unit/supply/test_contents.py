import pytest

from tests.images import image_of, layer_of, tar_of_tree
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


def test_packages_of_all_layers_are_read_as_the_layers_leave_them() -> None:
    top = {
        NUMPY: b"Name: numpy\nVersion: 1.0\n",
        "usr/lib/python3/dist-packages/old-1.dist-info/.wh.METADATA": b"",
    }
    image = image_of([layer_of(tar_of_tree(BASE)), layer_of(tar_of_tree(top))])
    wheel = LockedWheel(sha256="a" * 64, publisher="GitHub numpy/numpy")
    contents = read_contents(image, locked={("numpy", "1.0"): wheel})
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


def test_a_package_counts_once_wherever_it_lies() -> None:
    twice = {NUMPY: b"Name: numpy\nVersion: 1.0\n", f"a/{NUMPY}": b"Name: numpy\nVersion: 1.0\n"}
    (package,) = read_contents(image_of([layer_of(tar_of_tree(twice))])).packages
    assert package.path == f"a/{NUMPY}"


def test_packages_of_rpm_are_reported_as_unread() -> None:
    contents = read_contents(image_of([layer_of(tar_of_tree({"var/lib/rpm/rpmdb.sqlite": b"x"}))]))
    assert contents.unread == ("var/lib/rpm/rpmdb.sqlite: packages of RPM are not read",)
    assert contents.system == System()


def test_all_lists_of_packages_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_PACKAGE_FILES", "40")
    twice = {NUMPY: b"Name: numpy\nVersion: 1.0\n", f"a/{NUMPY}": b"Name: numpy\nVersion: 1.0\n"}
    with pytest.raises(InputError, match="what the image says of its packages exceeds the limit of 40 B"):
        read_contents(image_of([layer_of(tar_of_tree(twice))]))


def test_a_list_of_packages_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_PACKAGE_FILE_SIZE", "10")
    with pytest.raises(InputError, match="METADATA exceeds the limit of 10 B"):
        read_contents(image_of([layer_of(tar_of_tree({NUMPY: b"Name: numpy\nVersion: 1.0\n"}))]))

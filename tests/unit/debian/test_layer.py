import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.debian_archive import Data, Member, deb_of, debian_image
from toolkit.cache.store import Cache
from toolkit.debian.layer import Extra, PackageLayer, make_layer
from toolkit.debian.package import Package
from toolkit.debian.system import read_base_system
from toolkit.errors import InputError
from toolkit.oci.image import Image


class Maker:
    """Makes layers of packages that are made from text."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cache = folder, Cache(folder / "cache")
        self.debs: list[tuple[Package, Path]] = []
        self.image = debian_image({"etc/passwd": b"root", "etc/conf": b"old", "usr/bin/there": b"1"})

    def add(self, name: str, files: Data, scripts: dict[str, str] | None = None, **fields: str) -> None:
        given = {"Package": name, "Version": "1", "Architecture": "amd64", **fields}
        path = self.folder / f"{name}.deb"
        path.write_bytes(deb_of(given, files, scripts or {}))
        self.debs.append((Package(name=name, version="1", architecture="amd64"), path))

    def make(self, image: Image | None = None, **options: Any) -> tuple[PackageLayer, dict[str, tarfile.TarInfo]]:  # noqa: ANN401
        image = image or self.image
        layer = make_layer(self.debs, read_base_system(image, self.cache), image.layers, self.cache, **options)
        return layer, {member.name: member for member in self.opened(layer)}

    def opened(self, layer: PackageLayer) -> tarfile.TarFile:
        data = b"".join(self.cache.read_blob(layer.digest))
        return tarfile.open(fileobj=io.BytesIO(gzip.decompress(data)))

    def content(self, layer: PackageLayer, path: str) -> bytes:
        stream = self.opened(layer).extractfile(path)
        assert stream
        return stream.read()


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


def test_files_go_through_the_links_of_the_base_and_no_folder_of_it_is_written(maker: Maker) -> None:
    maker.add("a", {"lib/x.so": b"x", "bin/l": "../lib/x.so", "var/lib/a": None, "usr/share/doc/a/copyright": b"MIT"})
    layer, members = maker.make()
    assert [*members] == [
        *("usr/lib/x.so", "usr/bin/l", "var/lib/a"),
        *("usr/share", "usr/share/doc", "usr/share/doc/a", "usr/share/doc/a/copyright", "var/lib/dpkg/status.d/a"),
    ]
    assert maker.content(layer, "var/lib/dpkg/status.d/a").startswith(b"Package: a\nVersion: 1\n")
    assert {(member.mtime, member.uname) for member in members.values()} == {(315532800, "")}


def test_equal_packages_give_equal_layers_in_any_order(maker: Maker) -> None:
    maker.add("a", {"usr/a": b"1"})
    maker.add("b", {"usr/b": b"2"})
    first, _ = maker.make()
    maker.debs.reverse()
    assert maker.make()[0] == first
    assert str(first.diff_id) == "sha256:56c8f8721ba2a87c8ef87c6ad5f4817da526c8f0d78d7fc4f5c76e9d2bd45bb9"


def test_modes_and_owners_are_those_of_the_package_but_for_rights_of_others(maker: Maker) -> None:
    files: Data = {
        "usr/su": Member(content=b"x", mode=0o4755, uid=0, gid=42),
        "usr/private": Member(content=b"x", mode=0o600),
        "var/spool": Member(kind=tarfile.DIRTYPE, mode=0o1777, gid=8),
        "usr/odd": Member(content=b"x", uid=1_000_000),
    }
    maker.add("a", files)
    layer, members = maker.make()
    assert {name: (each.mode, each.uid, each.gid) for name, each in members.items() if "dpkg" not in name} == {
        "usr/su": (0o755, 0, 42),
        "usr/private": (0o600, 0, 0),
        "var/spool": (0o1777, 0, 8),
        "usr/odd": (0o644, 0, 0),
    }
    assert layer.notices == ("a: setuid or setgid is taken from 1 of its files",)


def test_hard_links_stay_links_unless_their_file_is_left_out_or_the_bases(maker: Maker) -> None:
    hard = tarfile.LNKTYPE
    maker.add(
        "a",
        {
            "lib/x": b"x",
            "lib/y": Member(kind=hard, target="./lib/x", mode=0o4755),
            "usr/share/man/m": b"m",
            "usr/share/m": Member(kind=hard, target="./usr/share/man/m"),
            "usr/bin/there": b"1",
            "usr/bin/same": Member(kind=hard, target="./usr/bin/there"),
        },
    )
    _, members = maker.make()
    assert (members["usr/lib/y"].type, members["usr/lib/y"].linkname, members["usr/lib/y"].mode) == (
        hard,
        "usr/lib/x",
        0o755,
    )
    assert "usr/share/m" not in members
    assert (members["usr/bin/same"].type, members["usr/bin/same"].linkname) == (tarfile.SYMTYPE, "/usr/bin/there")


def test_a_file_that_the_base_has_is_compared_with_it(maker: Maker) -> None:
    maker.add("a", {"usr/bin/there": b"1"})
    assert "usr/bin/there" not in maker.make()[1]
    maker.add("b", {"bin/there": b"2"})
    with pytest.raises(InputError, match="the Debian package b 1 has another /usr/bin/there than the base"):
        maker.make()


def test_a_changed_configuration_of_the_base_stays(maker: Maker) -> None:
    maker.add("a", {"etc/conf": b"new"}, {"conffiles": "/etc/conf\n"})
    layer, members = maker.make()
    assert "etc/conf" not in members
    assert layer.notices == ("a: the base's /etc/conf stays, which differs from its own",)


@pytest.mark.parametrize(
    "files",
    [
        {"usr/bin/there": None},
        {"usr/bin/there/below": b""},
        {"etc": b"x"},
        {"lib": "elsewhere"},
        {"bin": b"x"},
        {"usr/bin/there": "link"},
    ],
)
def test_nothing_of_the_base_is_replaced(maker: Maker, files: Data) -> None:
    maker.add("a", files)
    with pytest.raises(InputError, match=r"where the image has something else|has another"):
        maker.make()


@pytest.mark.parametrize("path", ["./etc/passwd/below", "./usr/own/below"])
def test_a_folder_that_an_archive_does_not_list_replaces_no_file(maker: Maker, path: str) -> None:
    maker.add("a", {"usr/own": b"1"})
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("./usr/own"))
        archive.addfile(tarfile.TarInfo(path))
    _with_data(maker.debs[0][1], data.getvalue())
    with pytest.raises(InputError, match=f"a Debian package has files below /{path[2:-6]}, which is a file"):
        maker.make()


def _with_data(deb: Path, tar: bytes) -> None:
    """Put another data tar into a package's file."""
    whole = deb.read_bytes()
    start = whole.index(b"data.tar")
    header = b"data.tar".ljust(16) + whole[start + 16 : start + 48] + str(len(tar)).encode().ljust(10) + b"`\n"
    deb.write_bytes(whole[:start] + header + tar)


def test_no_package_brings_records_of_packages(maker: Maker) -> None:
    maker.add("a", {"var/lib/dpkg/status.d/bash": b"Package: bash\n"})
    with pytest.raises(InputError, match=r"'var/lib/dpkg/status.d/bash' is a record of a package"):
        maker.make()


def test_a_link_to_a_folder_cannot_lead_to_files_of_the_base(maker: Maker) -> None:
    maker.add("a", {"usr/share/evil": "/etc", "usr/share/evil/passwd": b"evil"})
    with pytest.raises(InputError, match="another /etc/passwd than the base"):
        maker.make()


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_and_pipes_are_refused(maker: Maker, kind: bytes) -> None:
    maker.add("a", {"usr/x": Member(kind=kind)})
    with pytest.raises(InputError, match="neither a file nor a folder nor a link"):
        maker.make()


def test_of_two_packages_the_one_that_replaces_the_others_files_wins(maker: Maker) -> None:
    maker.add("a", {"usr/x": b"a"})
    maker.add("b", {"usr/x": b"b"}, Replaces="a (<< 2)")
    layer, _ = maker.make()
    assert maker.content(layer, "usr/x") == b"b"


def test_two_packages_with_one_path_are_refused_unless_it_is_the_same_file(maker: Maker) -> None:
    maker.add("a", {"usr/x": b"1"})
    maker.add("b", {"usr/x": b"1"})
    maker.make()
    maker.add("c", {"usr/x": b"2"})
    with pytest.raises(InputError, match="the Debian package c 1 has a file with another content at /usr/x"):
        maker.make()


def test_links_of_alternatives_are_made_for_the_highest_priority(maker: Maker) -> None:
    install = "update-alternatives --install /lib/libblas.so.3 blas /usr/lib/{0}/libblas.so.3 {1}"
    maker.add("a", {"usr/lib/a/libblas.so.3": b"a"}, {"postinst": install.format("a", 10)})
    maker.add("b", {"usr/lib/b/libblas.so.3": b"b"}, {"postinst": install.format("b", 100)})
    maker.add("c", {}, {"postinst": install.format("none", 1000)})
    _, members = maker.make()
    assert members["usr/lib/libblas.so.3"].linkname == "/etc/alternatives/blas"
    assert members["etc/alternatives/blas"].linkname == "/usr/lib/b/libblas.so.3"


@pytest.mark.parametrize(
    "words", ["/etc/.wh.passwd x", "/usr/bin/x .wh.alternatives", "/usr/bin/x ..", "/opt/comp/bin/x x"]
)
def test_an_alternative_cannot_remove_or_replace_what_a_file_cannot(maker: Maker, words: str) -> None:
    script = f"update-alternatives --install {words} /usr/lib/x 1"
    maker.add("a", {"usr/lib/x": b"x"}, {"postinst": script})
    with pytest.raises(InputError, match="is not a Debian package as it should be"):
        maker.make()


def test_certificates_become_a_bundle_unless_there_is_one(maker: Maker) -> None:
    files = {f"usr/share/ca-certificates/m/{name}.crt": name.encode() for name in "AB"}
    maker.add("ca-certificates", files)
    layer, _ = maker.make()
    assert maker.content(layer, "etc/ssl/certs/ca-certificates.crt") == b"AB"
    _, members = maker.make(debian_image({"etc/ssl/certs/ca-certificates.crt": b"base"}))
    assert "etc/ssl/certs/ca-certificates.crt" not in members


def test_folders_of_libraries_that_the_loader_does_not_know_are_named(maker: Maker) -> None:
    maker.add("a", {"etc/ld.so.conf.d/a.conf": b"# x\n/usr/lib/x86_64-linux-gnu\n/usr/local/lib\n/usr/lib/a\n"})
    assert maker.make()[0].notices == ("a: the loader does not know its libraries: set LD_LIBRARY_PATH=/usr/lib/a",)


def test_a_file_that_is_another_package_is_refused(maker: Maker) -> None:
    maker.add("a", {})
    maker.debs = [(Package(name="a", version="2", architecture="amd64"), maker.debs[0][1])]
    with pytest.raises(InputError, match="it says that it is a 1 for amd64"):
        maker.make()


def test_a_base_can_be_made_from_nothing(maker: Maker) -> None:
    maker.add("a", {"lib/x": b"x", "etc/group": b"package"})
    first = [Extra(path="usr/lib", is_folder=True, mode=0o755), Extra(path="lib", target="usr/lib")]
    last = [Extra(path="etc/passwd", content=b"root"), Extra(path="etc/group", content=b"extra")]
    last.append(Extra(path="tmp", is_folder=True, mode=0o1777))
    image = Image(media_type="", manifest=b"", config=b"{}", layers=())
    layer, members = maker.make(image, first=first, last=last)
    assert {"usr/lib/x", "lib", "etc/passwd"} <= members.keys()
    assert members["tmp"].mode == 0o1777
    assert maker.content(layer, "etc/group") == b"package"

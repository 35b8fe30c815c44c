import base64
from pathlib import Path

from tests.debian_archive import debian_image
from tests.images import Files, image_of, layer_of, tar_of_tree
from toolkit.cache.store import Cache
from toolkit.debian.system import BaseSystem, digests_in, read_base_system
from toolkit.digest import Digest


def test_a_base_says_its_release_packages_sources_and_keys(tmp_path: Path) -> None:
    files = {
        "var/lib/dpkg/status": b"Package: b\nVersion: 2\nStatus: install ok installed\nProvides: v\nDepends: !!\n",
        "etc/apt/sources.list.d/x.sources": b"Types: deb\n",
        "usr/share/keyrings/k.gpg": b"\xff",
    }
    image = debian_image(files)
    system = read_base_system(image, Cache(tmp_path))
    assert system.release["VERSION_CODENAME"] == "bookworm"
    assert sorted(map(str, system.packages())) == ["b 2", "libc6 2.36-9"]
    assert system.sources == {"etc/apt/sources.list.d/x.sources": "Types: deb\n"}
    assert system.keys == {"usr/share/keyrings/k.gpg": base64.b64encode(b"\xff").decode()}
    assert system.links == {"bin": "usr/bin", "lib": "usr/lib"}
    # An empty folder is one too.
    assert {"usr/bin", "usr/share/keyrings", "etc"} <= system.folders
    assert "bin" not in system.folders
    assert read_base_system(image, Cache(tmp_path)) == system


def test_a_base_without_a_database_says_so() -> None:
    assert not BaseSystem().is_recorded
    assert BaseSystem(status="Package: a\nVersion: 1\n").is_recorded


def test_digests_are_those_of_the_top_layer() -> None:
    below: Files = {"a": b"1", "b": b"2", "c": b"3"}
    above: Files = {"a": b"4", ".wh.b": b"", "d": "hard:a"}
    image = image_of([layer_of(tar_of_tree(below)), layer_of(tar_of_tree(above))])
    assert digests_in(image.layers, frozenset("abd")) == {"a": Digest.of(b"4").hex, "d": Digest.of(b"4").hex}

"""A registry on a web server, checked by what it shows."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.releases import publish, real_contract, real_release
from tests.web_registry import Site, serving
from toolkit.errors import OutsideError, RemoteError
from toolkit.registry.fault import Checked, Fault
from toolkit.registry.folder import layout
from toolkit.registry.folder.catalogue import catalogue_bytes
from toolkit.registry.folder.directory import Directory
from toolkit.registry.names import Name
from toolkit.registry.semver import parse_version
from toolkit.registry.web.registry import HttpRegistry

TRAIN = Name("ml", "train")
ONE, TWO = parse_version("1.0.0"), parse_version("2.0.0")
INDEX, RECORD = layout.index(TRAIN), layout.record(TRAIN, ONE)


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    return {"NETRC": os.devnull, "COMP_CACHE_DIR": str(tmp_path / "cache")}


@pytest.fixture
def folder(tmp_path: Path) -> Directory:
    registry = Directory.create(tmp_path / "served")
    for version in ("1.0.0", "2.0.0"):
        publish(registry, real_release(version), content=real_contract(version))
    return registry


@pytest.fixture
def site(folder: Directory) -> Iterator[Site]:
    with serving(folder.root) as site:
        yield site


def faults(site: Site, environ: Mapping[str, str], checked: Checked | None = None) -> list[Fault]:
    return list(HttpRegistry.open(site.place, environ).faults(checked or Checked()))


def replaced(folder: Directory, path: str, data: bytes) -> None:
    (folder.root / path).unlink()
    (folder.root / path).write_bytes(data)


def test_a_sound_registry_has_no_faults(site: Site, environ: Mapping[str, str]) -> None:
    checked = Checked()
    assert faults(site, environ, checked) == []
    # Records, contracts, and KFP's layout: by version, by digest, the newest.
    assert (checked.components, checked.releases, checked.files) == (1, 2, 2 + 2 + 5)
    assert "can be seen in its folder alone" in checked.scope


def test_the_cache_hides_no_damage(folder: Directory, site: Site, environ: Mapping[str, str]) -> None:
    assert faults(site, environ) == []
    digest = real_release("1.0.0").digest
    replaced(folder, layout.blob(digest), b"other")
    [fault] = faults(site, environ)
    assert (fault.path, fault.derived) == (layout.blob(digest), False)
    assert "it is component.yaml of ml/train@1.0.0" in fault.message


@pytest.mark.parametrize(
    ("path", "derived"),
    [
        (RECORD, False),
        (INDEX, True),
        (layout.CATALOGUE, True),
        (layout.tagged(TRAIN, ONE), True),
        (layout.pinned(TRAIN, real_release("1.0.0").digest), True),
        (layout.newest(TRAIN), True),
        (layout.blob(real_release("2.0.0").digest), False),
    ],
)
@pytest.mark.parametrize("damage", ["lost", "changed"])
def test_each_file_is_checked(
    folder: Directory, site: Site, environ: Mapping[str, str], path: str, damage: str, *, derived: bool
) -> None:
    if damage == "lost":
        (folder.root / path).unlink()
    else:
        replaced(folder, path, b"other")
    assert [(fault.path, fault.derived) for fault in faults(site, environ)] == [(path, derived)]


def test_damaged_marks_are_named_alone(folder: Directory, site: Site, environ: Mapping[str, str]) -> None:
    (folder.root / layout.marks(TRAIN)).write_bytes(b"{")
    assert [fault.path for fault in faults(site, environ)] == [layout.marks(TRAIN)]


def test_what_an_index_or_the_catalogue_says_otherwise_is_named(
    folder: Directory, site: Site, environ: Mapping[str, str]
) -> None:
    line, *others = (folder.root / INDEX).read_bytes().splitlines(keepends=True)
    changed = line.replace(b'"published":"2026', b'"published":"2020')
    replaced(folder, INDEX, b"".join([changed, *others]))
    [entry] = folder.entries()
    replaced(folder, layout.CATALOGUE, catalogue_bytes([replace(entry, versions=9)]))
    assert [(fault.path, fault.message) for fault in faults(site, environ)] == [
        (INDEX, "it differs from the records of 1.0.0"),
        (layout.CATALOGUE, "its entry of ml/train differs from the records"),
    ]


def test_what_a_publisher_did_meanwhile_is_no_fault(
    folder: Directory, site: Site, environ: Mapping[str, str], tmp_path: Path
) -> None:
    shutil.copytree(folder.root, tmp_path / "old")
    publish(folder, real_release("3.0.0"), content=real_contract("3.0.0"))
    old = (tmp_path / "old" / layout.CATALOGUE).read_bytes()

    def once(handler: object) -> None:
        site.faults.clear()
        handler.answer(200, old)  # type: ignore[attr-defined]

    registry = HttpRegistry.open(site.place, environ)
    site.faults[layout.CATALOGUE] = once
    assert list(registry.faults(Checked())) == []


def test_a_server_that_is_down_is_no_sound_registry(folder: Directory, environ: Mapping[str, str]) -> None:
    with serving(folder.root) as site:
        registry = HttpRegistry.open(site.place, environ)
        assert list(registry.faults(Checked())) == []
    with pytest.raises(RemoteError):
        list(registry.faults(Checked()))


def test_offline_nothing_can_be_checked(site: Site, environ: Mapping[str, str]) -> None:
    HttpRegistry.open(site.place, environ)
    with pytest.raises(OutsideError, match="comp is offline"):
        faults(site, {**environ, "COMP_OFFLINE": "1"})

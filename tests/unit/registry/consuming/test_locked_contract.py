"""Contracts of locked releases: from the copy, the cache, the registry; with the image of a mirror."""

import os
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.loadable import IMAGE, contract, publish_contract
from toolkit.errors import InputError, OutsideError
from toolkit.registry.consuming.adding import add
from toolkit.registry.consuming.lock import read_lock
from toolkit.registry.consuming.locked_contract import locked_contract, usable_contract


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"COMP_REGISTRIES_FILE": os.devnull, "COMP_CACHE_DIR": str(tmp_path / "cache")}


@pytest.fixture
def folder(tmp_path: Path, environ: dict[str, str]) -> Path:
    """Lock ml/train 1.1.0 of a registry."""
    publish_contract(tmp_path / "shared", "1.1.0")
    (tmp_path / "project").mkdir()
    add(["train@^1"], folder=tmp_path / "project", environ=environ, registry=str(tmp_path / "shared"))
    return tmp_path / "project"


def only(folder: Path, environ: dict[str, str]) -> bytes:
    lock = read_lock(folder)
    return locked_contract(lock, lock.components["ml/train"], environ)


def copy(folder: Path) -> Path:
    lock = read_lock(folder)
    return lock.copy_of(lock.components["ml/train"])


def test_a_copy_counts_whatever_its_line_ends(folder: Path, environ: dict[str, str]) -> None:
    copy(folder).write_bytes(b"# yaml-language-server: $schema=x\r\n" + contract("1.1.0").replace(b"\n", b"\r\n"))
    assert only(folder, environ) == contract("1.1.0")
    copy(folder).write_bytes(contract("9.9.9"))
    with pytest.raises(InputError, match=r"this copy of ml/train 1\.1\.0 was edited") as caught:
        only(folder, environ)
    assert caught.value.hint == "comp add ml/train@1.1.0 --force takes the release's, and keeps yours beside it"


def test_without_a_copy_the_registry_is_asked_once(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    copy(folder).unlink()
    assert only(folder, environ) == contract("1.1.0")
    shutil.rmtree(tmp_path / "shared")
    assert only(folder, environ) == contract("1.1.0"), "it is in the cache"
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(InputError, match="is not a component registry"):
        only(folder, environ)


def test_a_registry_with_another_release_is_refused(folder: Path, environ: dict[str, str], tmp_path: Path) -> None:
    copy(folder).unlink()
    shutil.rmtree(tmp_path / "shared")
    publish_contract(tmp_path / "shared", "1.1.0", content=contract("evil"))
    with pytest.raises(OutsideError, match="has the digest sha256:"):
        only(folder, environ)
    shutil.rmtree(tmp_path / "shared")
    publish_contract(tmp_path / "shared", "3.0.0")
    with pytest.raises(OutsideError, match=r"has no ml/train@1\.1\.0"):
        only(folder, environ)


def test_the_image_of_a_mirror_is_put_in(folder: Path, environ: dict[str, str]) -> None:
    lock = read_lock(folder)
    entry = lock.components["ml/train"]
    assert usable_contract(lock, entry, environ) == contract("1.1.0").decode()
    mirror = f"mirror.example.com/train@sha256:{'0' * 64}"
    mirrored = usable_contract(replace(lock, images={IMAGE: mirror}), entry, environ)
    assert mirrored == contract("1.1.0").decode().replace(IMAGE, mirror)

"""Outputs of steps in the cache: they come back as they were, or not at all."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.pipelines.content import content_digest, entries_of
from toolkit.pipelines.step_cache import recall_step, remember_step
from toolkit.pipelines.values import Artifact, Parameter, Value


def artifact(path: Path) -> Artifact:
    return Artifact(
        path=path, schema="system.Model", digest=content_digest(entries_of(path)), metadata={"framework": "x"}
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tmp_path / "model"
    (model / "inner" / "empty").mkdir(parents=True)
    (model / "inner" / "run.sh").write_text("#!/bin/sh\n")
    (model / "inner" / "run.sh").chmod(0o755)
    (model / "weights").write_bytes(b"\0\1")
    (model / "link").symlink_to("weights")
    return model


def test_outputs_come_back_as_they_were(folder: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    outputs: dict[str, Value] = {"model": artifact(folder), "n": Parameter(value={"a": [1, "é"]})}
    remember_step(cache, "key", outputs)
    places = {"model": tmp_path / "new" / "model", "n": tmp_path / "new" / "n"}
    recalled = recall_step(cache, "key", places)
    assert recalled is not None
    assert recalled["n"] == outputs["n"]
    model = recalled["model"]
    assert isinstance(model, Artifact)
    assert (model.path, model.metadata) == (places["model"], {"framework": "x"})
    assert model.digest == artifact(folder).digest == artifact(places["model"]).digest
    assert (places["model"] / "link").readlink() == Path("weights")
    assert os.access(places["model"] / "inner" / "run.sh", os.X_OK)
    assert recall_step(cache, "other key", places) is None


@pytest.mark.parametrize("place", ["value", "metadata"])
def test_a_secret_is_not_kept(folder: Path, tmp_path: Path, place: str) -> None:
    cache = Cache(tmp_path / "cache")
    secret = {"a": [1, "ghp_" + "a1B2" * 10]}
    model = artifact(folder)
    outputs: dict[str, Value] = {
        "model": replace(model, metadata=secret) if place == "metadata" else model,
        "n": Parameter(value=secret if place == "value" else 1),
    }
    remember_step(cache, "key", outputs)
    assert recall_step(cache, "key", {"model": tmp_path / "new" / "model", "n": tmp_path / "new" / "n"}) is None
    kept = [path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert not any(b"ghp_" in data for data in kept)


def test_what_the_cache_has_lost_is_not_half_restored(folder: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    remember_step(cache, 1, {"model": artifact(folder)})
    cache.blob_path(Digest.of(b"\0\1")).unlink()
    assert recall_step(cache, 1, {"model": tmp_path / "new"}) is None
    assert not (tmp_path / "new").exists()


def test_a_damaged_blob_is_not_taken(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    remember_step(cache, 1, {"n": Parameter(value=5)})
    cache.blob_path(Digest.of(b"5")).write_bytes(b"6")
    assert recall_step(cache, 1, {"n": tmp_path / "n"}) is None

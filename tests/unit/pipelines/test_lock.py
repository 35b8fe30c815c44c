"""The lock of a pipeline: it is read back as it was written, and names every difference."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from toolkit.errors import InputError
from toolkit.pipelines.lock import LockedComponent, PipelineLock, differences, lock_path, read_lock, write_lock

TRAIN = LockedComponent(name="train", digest="sha256:1", source="t.yaml", image="h/t@sha256:2", version="1.0")
OWN = LockedComponent(name="own", digest="sha256:3", source="p.py", image="h/o@sha256:4", release=None)
LOCK = PipelineLock(components=(OWN, TRAIN), images={"python:3.11": "docker.io/library/python@sha256:5"})


def test_a_lock_is_read_back(tmp_path: Path) -> None:
    path = lock_path(tmp_path / "p.py")
    assert path.name == "p.py.lock"
    assert read_lock(path) == {}
    assert write_lock(path, {"p": LOCK, "a": PipelineLock()})
    assert not write_lock(path, {"a": PipelineLock(), "p": LOCK})
    assert read_lock(path) == {"a": PipelineLock(), "p": LOCK}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1, "pipelines": {"p": {}}}', "[" * 100_000])
def test_what_is_not_a_lock_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.py.lock"
    path.write_text(text)
    with pytest.raises(InputError, match="not a pipeline's lock"):
        read_lock(path)


def test_a_later_version_asks_for_an_update(tmp_path: Path) -> None:
    path = tmp_path / "p.py.lock"
    path.write_text('{"version": 2}')
    with pytest.raises(InputError, match="its version is 2"):
        read_lock(path)


def test_every_difference_is_named() -> None:
    assert list(differences(LOCK, LOCK)) == []
    now = PipelineLock(
        components=(replace(TRAIN, version="2.0", digest="sha256:9"), replace(OWN, name="new")),
        images={"alpine:3": "docker.io/library/alpine@sha256:6", "python:3.11": "docker.io/library/python@sha256:7"},
    )
    rest = "from t.yaml, image sha256:2"
    assert list(differences(LOCK, now)) == [
        f"the component train is 2.0, sha256:9 {rest} here, and 1.0, sha256:1 {rest} in the lock",
        "the component new (p.py) is not in the lock",
        "the component own (p.py) is in the lock, and the pipeline does not use it",
        "the image alpine:3 is not in the lock",
        "the image python:3.11 is sha256:7 here, and sha256:5 in the lock",
    ]
    assert list(differences(now, PipelineLock(components=now.components))) == [
        "the image alpine:3 is in the lock, and the pipeline does not use it",
        "the image python:3.11 is in the lock, and the pipeline does not use it",
    ]

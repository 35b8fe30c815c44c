"""Which containers in buildah's storage are removed: those of processes that are dead."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from toolkit.engines import buildah_storage
from toolkit.engines.buildah_storage import BuildahStorage
from toolkit.errors import OutsideError
from toolkit.system import temporary

# Holds a folder in the storage, says its name, and dies or waits for the end of its stdin.
_HOLDER = """
import os, signal, sys
from pathlib import Path
from toolkit.engines.buildah_storage import BuildahStorage
root = Path(sys.argv[1])
with BuildahStorage(root=root, containers=root / "overlay-containers", call=print).held() as held:
    print(held.name[1:], flush=True)
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)
"""


class Storage:
    """A storage with containers; it remembers those that buildah is asked to remove."""

    def __init__(self, root: Path) -> None:
        self.root, self.removed = root, list[str]()
        root.mkdir()

    def call(self, *words: str) -> str:
        if words == ("info",):
            return json.dumps({"store": {"GraphRoot": str(self.root), "GraphDriverName": "overlay"}})
        self.removed += words[1:]
        return ""

    def container(self, identity: str, name: str) -> None:
        folder = self.root / "overlay-containers" / identity / "userdata"
        folder.mkdir(parents=True)
        (folder / "buildah.json").write_text(json.dumps({"container-name": name}))

    def holder(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", _HOLDER, str(self.root)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """A storage, and a process that has swept nothing yet."""
    monkeypatch.setattr(buildah_storage, "_SWEPT", set())
    monkeypatch.setattr(temporary, "_SWEPT", set())
    return Storage(tmp_path / "storage")


def test_containers_of_dead_processes_go_and_those_of_others_stay(storage: Storage) -> None:
    with storage.holder() as lives:
        assert lives.stdout
        storage.container("alive", lives.stdout.readline().strip())
        with storage.holder() as dies:
            assert dies.stdout
            storage.container("dead", dies.stdout.readline().strip())
            dies.communicate("")
        # Of a process whose folder is swept already, of another program, and of another folder of comp.
        storage.container("gone", "comp-held-0123456789abcdef.temporary")
        storage.container("foreign", "debian-working-container")
        storage.container("other", "comp-buildah-0123456789abcdef.temporary")
        with BuildahStorage.of(storage.call).held() as held:
            assert sorted(storage.removed) == ["dead", "gone"]
            storage.container("ours", held.name[1:])
            with BuildahStorage.of(storage.call).held():
                assert sorted(storage.removed) == ["dead", "gone"]
        lives.communicate("")


def test_a_storage_that_refuses_stops_nothing(storage: Storage) -> None:
    storage.container("gone", "comp-held-0123456789abcdef.temporary")

    def refuses(*words: str) -> str:
        if words[0] == "rm":
            raise OutsideError("buildah rm failed: container not known")
        return storage.call(*words)

    with BuildahStorage.of(refuses).held() as held:
        assert held.parent == storage.root
    assert not held.exists()


def test_an_answer_without_a_storage_is_outside() -> None:
    with pytest.raises(OutsideError, match="does not say where its storage is"):
        BuildahStorage.of(lambda *_: "{}")

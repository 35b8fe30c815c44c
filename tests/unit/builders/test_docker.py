import os
from pathlib import Path
from typing import Any

import pytest

from tests.artifacts import component
from tests.images import image_of, layer_of, tar_of
from tests.planned import make
from toolkit.builders.docker import DockerBuilder
from toolkit.cache.store import Cache
from toolkit.engines import docker as engine
from toolkit.errors import OutsideError
from toolkit.oci.archive import write_archive
from toolkit.oci.image import Image
from toolkit.progress import silent


class Daemon:
    """What the builder asks of a daemon, and what it has of images afterwards."""

    def __init__(self, *, has_base: bool = False, saves: Image | None = None) -> None:
        self.calls: list[str] = []
        self.dockerfile = ""
        self.files: set[str] = set()
        self._has_base = has_base
        self._saves = saves

    def has_image(self, _: object, name: str) -> bool:
        self.calls.append(f"has {name}")
        return self._has_base

    def load_image(self, _: object, image: Image, *, names: list[str]) -> None:
        self.calls.append(f"load {image.digest.hex[:12]} as {names[0]}")

    def build_image(self, _: object, context: Path) -> str:
        self.dockerfile = (context / "Dockerfile").read_text()
        self.files = {path.relative_to(context).as_posix() for path in context.rglob("*") if path.is_file()}
        self.calls.append("build")
        return "made"

    def save_image(self, _: object, name: str, path: Path) -> None:
        self.calls.append(f"save {name}")
        if self._saves is None:
            raise OutsideError("docker cannot save made")
        with path.open("wb") as stream:
            write_archive(self._saves, stream, names=["made:1"])

    def remove_image(self, _: object, name: str) -> None:
        self.calls.append(f"remove {name}")


def use(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "connect", lambda _: object())
    monkeypatch.setattr(engine, "daemon_version", lambda _: "20.10")
    for name in ("has_image", "load_image", "build_image", "save_image", "remove_image"):
        method: Any = getattr(daemon, name)
        monkeypatch.setattr(engine, name, method)


@pytest.mark.parametrize("has_base", [False, True])
def test_it_copies_one_tree_onto_the_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_base: bool) -> None:
    plan = make(component(tmp_path / "c"))
    top = layer_of(tar_of("opt/comp/x"))
    daemon = Daemon(has_base=has_base, saves=image_of([*plan.base.layers, top]))
    use(daemon, monkeypatch)
    image = DockerBuilder(Cache(tmp_path / "cache"), os.environ).build(plan, silent)
    name = f"comp-base:{plan.base.digest.hex}"
    loaded = [] if has_base else [f"load {plan.base.digest.hex[:12]} as {name}"]
    made = ["build", "save made", "remove made"]
    # The packages, and the code.
    assert daemon.calls == [f"has {name}", *loaded, *made, f"has {name}", *loaded, *made]
    assert daemon.dockerfile == f"FROM {name}\nCOPY opt/comp /opt/comp\n"
    assert daemon.files == {"Dockerfile", "opt/comp/app/count_words.py", "opt/comp/interface.json"}
    assert [layer.diff_id for layer in image.layers] == [plan.base.layers[0].diff_id, top.diff_id, top.diff_id]


def test_what_it_built_is_removed_though_saving_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = Daemon()
    use(daemon, monkeypatch)
    with pytest.raises(OutsideError, match="cannot save"):
        DockerBuilder(Cache(tmp_path / "cache"), os.environ).build(make(component(tmp_path / "c")), silent)
    assert daemon.calls[-1] == "remove made"

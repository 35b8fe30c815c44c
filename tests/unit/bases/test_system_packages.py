from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components import small_base, write_component
from tests.debian_archive import RELEASE, DebianArchive, serving_archive
from toolkit.bases.system_packages import newer_system_packages
from toolkit.bases.used import UsedBase, used_bases
from toolkit.cache.store import Cache
from toolkit.config.project import read_project
from toolkit.job.context import BuildContext
from toolkit.job.lock import locked_bases
from toolkit.system.turns import Shared

STATUS = b"Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\n"


class Collection:
    """Two components with one package on a Debian base, and one without."""

    def __init__(self, folder: Path, archive: DebianArchive) -> None:
        self.archive, self.cache = archive, Cache(folder / "cache")
        self.base = small_base(
            folder / "base", files={"etc/os-release": RELEASE, "var/lib/dpkg/status.d/libc6": STATUS}
        )
        named = {"one": 'system-packages = ["tool"]', "two": 'system-packages = ["tool"]', "three": ""}
        folders = [write_component(folder / name, self.base, settings=line) for name, line in named.items()]
        self.projects = [read_project(each, environ={}) for each in folders]
        for project in self.projects:
            locked_bases(project, self.context)

    @property
    def context(self) -> BuildContext:
        return BuildContext(cache=self.cache, environ=self.archive.environ | {"NO_PROXY": "*"}, shared=Shared())

    @property
    def bases(self) -> tuple[UsedBase, ...]:
        return used_bases(self.projects)

    def newer(self) -> list[str]:
        return [str(each) for each in newer_system_packages(self.bases, self.context)]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    archive = DebianArchive(folder=tmp_path / "archive")
    archive.add("tool", files={"usr/bin/tool": b"1"})
    archive.publish()
    with serving_archive(archive):
        yield Collection(tmp_path, archive)


def test_a_newer_version_is_named_once_with_all_its_components(collection: Collection) -> None:
    assert collection.newer() == []
    collection.archive.add("tool", "1.0-2", suite="bookworm-security", files={})
    collection.archive.publish()
    assert collection.newer() == ["tool: 1.0-1 -> 1.0-2 (count-words, count-words)"]
    (found,) = newer_system_packages(collection.bases, collection.context)
    assert found.base.name == f"layout:{collection.base}"


def test_a_mirror_that_is_down_is_a_warning(collection: Collection, caplog: pytest.LogCaptureFixture) -> None:
    for path in collection.archive.folder.rglob("InRelease"):
        path.unlink()
    assert collection.newer() == []
    assert "its system packages are not compared" in caplog.text


def test_pins_of_another_base_are_left_out(collection: Collection, tmp_path: Path) -> None:
    collection.archive.add("tool", "1.0-2", files={})
    collection.archive.publish()
    small_base(tmp_path / "base", files={"etc/os-release": RELEASE, "var/lib/dpkg/status.d/libc6": STATUS, "x": b"1"})
    assert collection.newer() == []

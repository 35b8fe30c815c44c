"""Mirrors between registries of different kinds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fake_remote import FakeRemote, serving
from tests.pages import Reply, serving_pages
from tests.releases import publish, release
from tests.repositories import ENVIRON, Repo
from toolkit.registry.folder.directory import Directory
from toolkit.registry.marks import Yank
from toolkit.registry.names import Name
from toolkit.registry.opening import open_registry, open_writable
from toolkit.registry.place import parse_place
from toolkit.registry.publishing.mirroring import Mirror
from toolkit.registry.semver import parse_version

TRAIN = Name("ml", "train")


@pytest.fixture
def source(tmp_path: Path) -> Directory:
    registry = Directory.create(tmp_path / "source")
    for version in ("1.0.0", "1.1.0"):
        publish(registry, release(version, readme=b"# T"), readme=b"# T")
    yank = Yank(reason="broken", at="2026-01-01T00:00:00Z")
    registry.change_marks(TRAIN, lambda marks: marks.with_yank(parse_version("1.1.0"), yank))
    return registry


def files(registry: Directory) -> dict[str, bytes]:
    """Return the releases, their contents and the marks, as they are on the disk."""
    paths = (path for place in ("c", "blobs") for path in (registry.root / place).rglob("*") if path.is_file())
    return {str(path.relative_to(registry.root)): path.read_bytes() for path in paths}


@contextmanager
def between(kind: str, tmp_path: Path, source: Directory, environ: dict[str, str]) -> Iterator[str]:
    """Make a registry of a kind that has what `source` has, and give its place."""
    if kind == "http":

        def answer(path: str, login: str | None) -> Reply:
            del login
            place = source.root / path.partition("?")[0].strip("/")
            return (200, {}, place.read_bytes()) if place.is_file() else (404, {}, b"")

        with serving_pages(answer) as host:
            yield f"http://{host}"
        return
    with serving(FakeRemote()) as remote:
        Repo(tmp_path).git("init", "--quiet", "--bare", "bare.git")
        place = f"git+file://{tmp_path}/bare.git" if kind == "git" else f"oci://{remote.host}/components"
        target = open_writable(parse_place(place), environ=environ)
        copied = list(Mirror(source=source, target=target, writable=target).run())
        assert [(len(each.copied), each.problems) for each in copied] == [(2, ())]
        yield place


@pytest.mark.parametrize("kind", ["http", "git", "oci"])
def test_releases_come_back_as_they_were(tmp_path: Path, source: Directory, kind: str) -> None:
    environ = {**ENVIRON, "COMP_CACHE_DIR": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    target = Directory.create(tmp_path / "target")
    with between(kind, tmp_path, source, environ) as place:
        middle = open_registry(parse_place(place), environ=environ)
        for expected in (2, 0):
            (outcome,) = Mirror(source=middle, target=target, writable=target, verify=True).run()
            assert (len(outcome.copied), outcome.problems) == (expected, ())
    assert files(target) == files(source)

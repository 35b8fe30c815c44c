"""`comp lock` with an index that attests who published its files."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from tests.attested import GOOD, provenance_of
from tests.commands import Result, comp
from tests.package_index import PackageIndex, serving_index, small_wheel

EVIL = {"kind": "GitHub", "repository": "evil/alpha", "workflow": "release.yml"}


class Place(Struct):
    """A component, the index of its packages, and the variables for both."""

    folder: Path
    index: PackageIndex
    environ: dict[str, str]

    def publish(self, version: str, publisher: dict[str, Any] | None) -> None:
        """Put a version of alpha on the index."""
        name = f"alpha-{version}-py3-none-any.whl"
        self.index.files[name] = small_wheel("alpha", version)
        assert self.index.provenance is not None
        if publisher:
            self.index.provenance[name] = provenance_of(name, self.index.files[name], publisher)

    def lock(self, *words: str) -> Result:
        """Run `comp lock`."""
        return comp("lock", *words, folder=self.folder, env=self.environ)


@pytest.fixture
def place(tmp_path: Path, cache_folder: Path, debian_base: Path) -> Iterator[Place]:
    # As on a machine without the extra, where what the index names is taken.
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("import sys\nsys.modules['pypi_attestations'] = None\n")
    folder = tmp_path / "component"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["alpha"]\n[tool.comp]\nentrypoint = "x:f"\n'
    )
    with serving_index(PackageIndex(provenance={})) as index:
        environ = {
            **os.environ,
            "UV_DEFAULT_INDEX": index.url,
            "PYTHONPATH": str(tmp_path / "site"),
            "COMP_CACHE_DIR": str(cache_folder),
            "COMP_BASE": f"layout:{debian_base}",
        }
        yield Place(folder=folder, index=index, environ=environ)


def test_another_publisher_is_accepted_by_name(place: Place) -> None:
    place.publish("1.0", GOOD)
    first = place.lock()
    assert first.code == 0, first.err
    assert "publishers of 1 of 1 package recorded: 1 by the word of the index alone" in first.err
    lock = place.folder / "requirements.lock"
    before = lock.read_text()
    assert '    # published by GitHub: repository = "good/alpha", workflow = "release.yml"\n' in before
    place.publish("2.0", EVIL)
    refused = place.lock("--upgrade")
    assert (refused.code, refused.out) == (1, "")
    assert "alpha-2.0-py3-none-any.whl is published by GitHub evil/alpha (release.yml)" in refused.err
    assert "and alpha was by GitHub good/alpha (release.yml)" in refused.err
    assert "`comp lock --accept-publisher alpha`" in refused.err
    assert lock.read_text() == before
    accepted = place.lock("--upgrade", "--accept-publisher", "Alpha")
    assert accepted.code == 0, accepted.err
    assert "accepted: alpha-2.0" in accepted.err
    assert 'repository = "evil/alpha"' in lock.read_text()


def test_a_lock_without_publishers_still_loads(place: Place) -> None:
    place.publish("1.0", None)
    assert place.lock().code == 0
    lock = place.folder / "requirements.lock"
    assert "published" not in lock.read_text()
    assert place.lock("--check").code == 0
    place.publish("2.0", GOOD)
    upgraded = place.lock("--upgrade")
    assert upgraded.code == 0, upgraded.err
    assert "before, its publisher was not known" in upgraded.err


def test_a_check_accepts_nothing(place: Place) -> None:
    result = place.lock("--check", "--accept-publisher", "alpha")
    assert (result.code, result.out) == (2, "")

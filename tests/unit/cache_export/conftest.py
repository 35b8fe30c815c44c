"""The places of exports: a folder and a distribution server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.carried import repository
from tests.fake_remote import FakeRemote, serving
from toolkit.cache_export.folder import Folder
from toolkit.cache_export.place import Place


@pytest.fixture
def fake() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as fake:
        yield fake


@pytest.fixture(params=["folder", "repository"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, fake: FakeRemote) -> Callable[[], Place]:
    """Open the same place, as a process of its own would, at each call."""
    if request.param == "folder":
        return lambda: Folder(tmp_path / "export")
    return lambda: repository(fake)

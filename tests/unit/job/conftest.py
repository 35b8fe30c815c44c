"""A component of one function on a base of a few bytes, and a remote in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components import small_base, write_component
from tests.fake_remote import FakeRemote, serving
from toolkit.cache.store import Cache
from toolkit.job.context import BuildContext


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def context(cache: Cache) -> BuildContext:
    return BuildContext(cache=cache, environ={"NO_PROXY": "127.0.0.1"})


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return small_base(tmp_path / "base")


@pytest.fixture
def folder(tmp_path: Path, base: Path) -> Path:
    return write_component(tmp_path / "component", base)


@pytest.fixture
def fake() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        yield remote

"""A cache of its own for each test."""

from pathlib import Path

import pytest

from toolkit.cache.store import Cache


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")

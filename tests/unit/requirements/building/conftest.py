"""A cache of the test's own."""

from pathlib import Path

import pytest

from toolkit.cache.store import Cache


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """The cache that wheels are built into."""
    return Cache(tmp_path / "cache")

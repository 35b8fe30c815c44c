"""Registries on a strict double of a distribution server, with a clock that passes only while one waits."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fake_remote import FakeRemote, serving
from tests.oci_registries import StillClock, registry_at
from toolkit.registry.oci.registry import OciRegistry


@pytest.fixture
def fake() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        # As most servers do.
        remote.faults.ignore_conditions = True
        yield remote


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def opened(fake: FakeRemote, clock: StillClock, tmp_path: Path) -> Callable[[str], OciRegistry]:
    """Open the registry as another user each time: `who` has a cache of their own."""
    return lambda who: registry_at(f"oci://{fake.host}/team", tmp_path / who, clock)


@pytest.fixture
def registry(opened: Callable[[str], OciRegistry]) -> OciRegistry:
    return opened("ann")

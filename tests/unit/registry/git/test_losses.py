"""A forced push that takes releases away is seen by those who had them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.git_registry import Upstream, environ_for, make_upstream
from tests.releases import publish, release
from toolkit.registry.git.registry import GitRegistry


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    upstream = make_upstream(tmp_path / "upstream.git")
    registry = _opened(upstream, environ_for(tmp_path / "ann"))
    for version in ("1.0.0", "1.1.0"):
        publish(registry, release(version))
    return upstream


@pytest.fixture
def bob(tmp_path: Path) -> Mapping[str, str]:
    return environ_for(tmp_path / "bob")


def _opened(upstream: Upstream, environ: Mapping[str, str]) -> GitRegistry:
    return GitRegistry.open(upstream.place, environ)


@pytest.mark.parametrize("reading", [GitRegistry.read, GitRegistry.open])
def test_what_a_forced_push_takes_away_is_named(
    upstream: Upstream, bob: Mapping[str, str], caplog: pytest.LogCaptureFixture, reading: object
) -> None:
    assert callable(reading)
    reading(upstream.place, bob)
    upstream.git("update-ref", "refs/heads/main", "main~1")
    assert caplog.messages == []
    reading(upstream.place, bob)
    assert caplog.messages == ["ml/train@1.1.0 is no longer in the registry"]
    reading(upstream.place, bob)
    assert len(caplog.messages) == 1


def test_a_release_with_other_content_is_named(
    upstream: Upstream, bob: Mapping[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    GitRegistry.read(upstream.place, bob)
    upstream.git("update-ref", "refs/heads/main", "main~1")
    other = release("1.1.0", content=b"name: Other\n")
    publish(_opened(upstream, environ_for(tmp_path / "eve")), other, content=b"name: Other\n")
    caplog.clear()
    GitRegistry.read(upstream.place, bob)
    was = release("1.1.0").digest
    assert caplog.messages == [f"ml/train@1.1.0 has changed: it was {was}, and is {other.digest} now"]


def test_new_releases_and_marks_are_no_losses(
    upstream: Upstream, bob: Mapping[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    GitRegistry.read(upstream.place, bob)
    publish(_opened(upstream, environ_for(tmp_path / "ann")), release("1.2.0"))
    GitRegistry.read(upstream.place, bob)
    assert caplog.messages == []

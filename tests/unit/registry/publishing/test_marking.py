"""Yanked versions and deprecated components."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.releases import publish, release
from toolkit.errors import InputError, UsageError
from toolkit.registry.finding import find
from toolkit.registry.folder.directory import Directory
from toolkit.registry.names import Name, parse_request
from toolkit.registry.publishing.marking import (
    Note,
    check_component,
    check_reason,
    check_release,
    check_successor,
    deprecate,
    parse_component,
    parse_release,
    yank,
)
from toolkit.registry.semver import parse_version

TRAIN, FIT = Name("ml", "train"), Name("ml", "fit")
OLD, NEW = parse_version("1.0.0"), parse_version("1.1.0")


def note(reason: str, day: int = 1) -> Note:
    return Note(reason=reason, published=datetime(2026, 1, day, tzinfo=UTC), by="Ada")


@pytest.fixture
def registry(tmp_path: Path) -> Directory:
    registry = Directory.create(tmp_path / "shared")
    for each in (release("1.0.0"), release("1.1.0"), release("1.0.0", name="fit")):
        publish(registry, each)
    return registry


def test_a_yanked_version_is_passed_over_until_it_is_taken_back(registry: Directory) -> None:
    assert yank(registry, TRAIN, NEW, note("loses rows"))
    assert find(registry, parse_request("ml/train@^1")).version == OLD
    assert find(registry, parse_request("ml/train@1.1.0")).version == NEW
    assert not yank(registry, TRAIN, NEW, note("loses rows", day=2))
    assert registry.marks(TRAIN).yanked[NEW].at == "2026-01-01T00:00:00Z"
    assert yank(registry, TRAIN, NEW, note("loses columns", day=2))
    assert yank(registry, TRAIN, NEW, None)
    assert not yank(registry, TRAIN, NEW, None)
    assert find(registry, parse_request("ml/train@^1")).version == NEW


def test_a_deprecated_component_names_its_successor(registry: Directory) -> None:
    check_successor(registry, TRAIN, FIT)
    assert deprecate(registry, TRAIN, note("too slow"), FIT)
    assert not deprecate(registry, TRAIN, note("too slow", day=3), FIT)
    (entry,) = [entry for entry in registry.entries() if entry.name == "ml/train"]
    assert (entry.deprecated, entry.superseded_by) == ("too slow", "ml/fit")
    with pytest.raises(InputError, match="ml/train is deprecated too"):
        check_successor(registry, FIT, TRAIN)
    assert deprecate(registry, TRAIN, None)
    assert registry.marks(TRAIN).deprecated is None


def test_names_that_a_registry_does_not_have(registry: Directory) -> None:
    check_release(registry, TRAIN, NEW)
    check_component(registry, TRAIN)
    with pytest.raises(InputError, match=r"has no ml/train@2\.0\.0") as refused:
        check_release(registry, TRAIN, parse_version("2.0.0"))
    assert refused.value.hint == "its releases: 1.0.0, 1.1.0"
    with pytest.raises(InputError, match="has no component ml/tran") as refused:
        check_release(registry, Name("ml", "tran"), NEW)
    assert "ml/train" in (refused.value.hint or "")
    with pytest.raises(InputError, match="has no component ml/tran"):
        check_component(registry, Name("ml", "tran"))
    with pytest.raises(InputError, match="has no component ml/tran"):
        check_successor(registry, TRAIN, Name("ml", "tran"))
    with pytest.raises(InputError, match="cannot supersede itself"):
        check_successor(registry, TRAIN, TRAIN)


def test_what_the_command_line_names() -> None:
    assert parse_release("ml/train@1.1.0") == (TRAIN, NEW)
    for text in ("ml/train", "ml/train@^1", "train@1.0.0", "ml/train@sha256:" + "0" * 64, "hub:ml/train@1.0.0"):
        with pytest.raises(UsageError, match="is not one release"):
            parse_release(text)
    assert parse_component("ml/train") == TRAIN
    with pytest.raises(UsageError, match="names a version"):
        parse_component("ml/train@1.0.0")


def test_a_reason_is_needed_and_short() -> None:
    assert check_reason(" loses\n rows ", undo=False) == "loses rows"
    assert check_reason(None, undo=True) == ""
    for reason, undo in (("", False), (None, False), ("x", True), ("x" * 501, False)):
        with pytest.raises(UsageError):
            check_reason(reason, undo=undo)

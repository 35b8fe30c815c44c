import threading
from pathlib import Path

import pytest

from tests.catalogues import SCORE, publish, small_registry
from toolkit.catalogue.following import follow, state_of
from toolkit.registry.marks import Yank
from toolkit.registry.names import Name
from toolkit.registry.semver import parse_version


class _EnoughError(Exception):
    """Ends an endless loop."""


def test_a_release_is_noticed(tmp_path: Path) -> None:
    registry = small_registry(tmp_path)
    score = Name("ml", "score")
    seen = []

    def changed() -> None:
        seen.append(len(registry.versions(score)))
        # The record is there before the index, whose change may be another notice.
        raise _EnoughError

    # The state before is read when it begins, so the release has to come later.
    timer = threading.Timer(0.3, lambda: publish(registry, "ml/score", "1.1.0", SCORE))
    timer.start()
    with pytest.raises(_EnoughError):
        follow(registry, changed, pytest.fail)
    timer.join()
    assert seen == [2]


def test_the_state_changes_with_a_release(tmp_path: Path) -> None:
    registry = small_registry(tmp_path)
    before = state_of(tmp_path)
    assert state_of(tmp_path) == before
    publish(registry, "ml/score", "1.1.0", SCORE)
    assert state_of(tmp_path) != before


def test_the_state_changes_with_a_mark(tmp_path: Path) -> None:
    registry = small_registry(tmp_path)
    before = state_of(tmp_path)
    yank = Yank(reason="It lost a library.", at="2026-02-01T00:00:00Z")
    registry.change_marks(Name("ml", "score"), lambda marks: marks.with_yank(parse_version("1.0.0"), yank))
    assert state_of(tmp_path) != before


def test_a_registry_that_is_away_has_no_state(tmp_path: Path) -> None:
    assert state_of(tmp_path / "absent") == ()

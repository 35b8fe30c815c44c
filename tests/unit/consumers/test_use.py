from pathlib import Path

from toolkit.consumers.use import Named, Use
from toolkit.errors import Location


def test_a_use_is_named_by_its_step_and_its_pipeline() -> None:
    where = Location(path=Path("weekly.py"))
    use = Use(named=Named(), pipeline="weekly", step="train", where=where, passed=[], taken=[])
    assert str(use) == "step train of weekly"

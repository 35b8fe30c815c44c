"""Files that several wheels install: found by looking only at wheels that have a place in common."""

from pathlib import Path

import pytest

from tests.artifacts import pack_wheel
from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.wheels import collisions as module
from toolkit.wheels.collisions import collisions, warn_of_collisions

SITE = "opt/comp/venv/lib/python3.11/site-packages"


def test_collisions_name_both_wheels(tmp_path: Path) -> None:
    one = pack_wheel(tmp_path, {"tests/__init__.py": "1", "same.py": "same", "a.py": ""}, name="one")
    two = pack_wheel(tmp_path, {"tests/__init__.py": "2", "same.py": "same", "b.py": ""}, name="two")
    found = collisions((one, two), minor="3.11")
    assert [(one.path, one.loser, one.winner) for one in found] == [
        (f"{SITE}/tests/__init__.py", "one-1.0-py3-none-any.whl", "two-1.0-py3-none-any.whl")
    ]


def test_every_wheel_that_brought_the_replaced_file_loses(tmp_path: Path) -> None:
    contents = {"one": "1", "two": "1", "three": "2", "four": "1"}
    wheels = [pack_wheel(tmp_path, {"same.py": text}, name=name) for name, text in contents.items()]
    found = [(one.loser.partition("-")[0], one.winner.partition("-")[0]) for one in collisions(wheels, minor="3.11")]
    assert found == [("one", "three"), ("two", "three"), ("three", "four")]


def test_a_file_where_another_wheel_has_a_folder(tmp_path: Path) -> None:
    one = pack_wheel(tmp_path, {"thing": "1"}, name="one")
    two = pack_wheel(tmp_path, {"thing/__init__.py": "2"}, name="two")
    with pytest.raises(InputError, match="installs a folder"):
        collisions((one, two), minor="3.11")


def test_wheels_without_a_place_in_common_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path / "cache")
    one = pack_wheel(tmp_path, {"one/a.py": "1", "one-1.0.data/scripts/go": "1"}, name="one")
    two = pack_wheel(tmp_path, {"two/a.py": "2", "two-1.0.data/scripts/run": "2"}, name="two")
    for wheel in (one, two):
        assert warn_of_collisions((wheel,), minor="3.11", cache=cache) == ()
    # Known of each by itself, a new combination needs no look into them.
    monkeypatch.setattr(module, "open_wheel", None)
    assert warn_of_collisions((one, two), minor="3.11", cache=cache) == ()


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        ("space/a.py", "space/b.py", False),
        ("space/a.py", "space/a.py", True),
        ("single.py", "single.py", True),
        ("one-1.0.data/scripts/go", "two-1.0.data/scripts/go", True),
        ("one-1.0.data/data/share/x/y", "two-1.0.data/data/share/x/y", True),
        ("one-1.0.data/data/share/x/y", "two-1.0.data/data/share/x/z", False),
        ("one-1.0.data/data/lib/python3.11/site-packages/two/a.py", "two/a.py", True),
    ],
)
def test_places_find_what_a_look_at_every_file_finds(tmp_path: Path, first: str, second: str, *, meet: bool) -> None:
    wheels = (pack_wheel(tmp_path, {first: "1"}, name="one"), pack_wheel(tmp_path, {second: "2"}, name="two"))
    cache = Cache(tmp_path / "cache")
    expected = collisions(wheels, minor="3.11")
    assert len(expected) == meet
    for _ in range(2):
        assert warn_of_collisions(wheels, minor="3.11", cache=cache) == expected


def test_a_file_where_another_wheel_has_a_folder_is_found_by_place(tmp_path: Path) -> None:
    one = pack_wheel(tmp_path, {"thing": "1"}, name="one")
    two = pack_wheel(tmp_path, {"thing/__init__.py": "2"}, name="two")
    with pytest.raises(InputError, match="installs a folder"):
        warn_of_collisions((one, two), minor="3.11", cache=Cache(tmp_path / "cache"))

"""The versions of a component, each compared with the one before it."""

from pathlib import Path

import pytest

from tests.releases import contract_of, publish, release
from toolkit.breaking.history import between, history
from toolkit.errors import InputError
from toolkit.registry.folder.directory import Directory
from toolkit.registry.marks import Yank
from toolkit.registry.names import Name
from toolkit.registry.semver import parse_version

TRAIN = Name("ml", "train")


@pytest.fixture
def registry(tmp_path: Path) -> Directory:
    directory = Directory.create(tmp_path)
    for version, inputs in (("1.0.0", {}), ("1.1.0", {"c": "Float"}), ("1.2.0", {"c": "Float"})):
        content = contract_of(version, **inputs)
        publish(directory, release(version, content=content), content=content)
    return directory


def test_each_version_is_compared_with_the_one_before(registry: Directory) -> None:
    yank = Yank(reason="it leaks", at="2026-02-01T12:00:00Z")
    registry.change_marks(TRAIN, lambda marks: marks.with_yank(parse_version("1.1.0"), yank))
    newest, middle, first = history(registry, TRAIN, newest=10)
    assert [str(step.release.version) for step in (newest, middle, first)] == ["1.2.0", "1.1.0", "1.0.0"]
    assert (newest.breaks, middle.breaks, first.breaks) == (False, True, False)
    assert (newest.yank, middle.yank) == (None, yank)
    assert (first.first, first.found, middle.first) == (True, None, False)


def test_the_last_of_the_newest_is_compared_too(registry: Directory) -> None:
    newest, middle = history(registry, TRAIN, newest=2)
    assert (newest.breaks, middle.breaks, middle.first) == (False, True, False)
    (newest,) = history(registry, TRAIN, newest=1)
    assert newest.found


def test_a_contract_that_cannot_be_read_is_not_compared(registry: Directory) -> None:
    for version, content in (("1.3.0", b"name: ["), ("1.4.0", b"\xff")):
        publish(registry, release(version, content=content), content=content)
    assert [step.found is None for step in history(registry, TRAIN, newest=3)] == [True, True, False]
    with pytest.raises(InputError, match="no text in UTF-8"):
        between(registry, TRAIN, (parse_version("1.0.0"), parse_version("1.4.0")))


def test_between_two_versions(registry: Directory) -> None:
    found = between(registry, TRAIN, (parse_version("1.0.0"), parse_version("1.2.0")))
    assert [change.rule.id for change in found.breaking] == ["B104"]
    assert found.versions == (parse_version("1.0.0"), parse_version("1.2.0"))
    with pytest.raises(InputError, match=r"has no ml/train@2\.0\.0") as caught:
        between(registry, TRAIN, (parse_version("1.0.0"), parse_version("2.0.0")))
    assert caught.value.hint == "its newest versions: 1.0.0, 1.1.0, 1.2.0"

"""How the components of a lock stand."""

import os
from pathlib import Path

import pytest

from tests.releases import contract, publish, release
from toolkit.errors import CompError
from toolkit.registry.consuming.choosing import Registries
from toolkit.registry.consuming.lock import read_lock
from toolkit.registry.consuming.standing import Standing, standings
from toolkit.registry.consuming.vendored import add_component
from toolkit.registry.folder.directory import Directory
from toolkit.registry.marks import Deprecation, Yank
from toolkit.registry.names import Name
from toolkit.registry.place import parse_place
from toolkit.registry.semver import parse_version

AT = "2026-02-01T12:00:00Z"
COPY = Path("components/ml/train/component.yaml")


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Directory:
    monkeypatch.chdir(tmp_path)
    directory = Directory.create(Path("shared"))
    publish(directory, release("1.0.0"))
    return directory


def added(version: str = "1.0.0", requested: str = "^1") -> None:
    add_component(
        release(version), contract(version), requested=requested, registry=parse_place("shared"), folder=Path()
    )


def stands(*, offline: bool = False) -> Standing:
    lock = read_lock(Path())
    registries = Registries.of(None, environ={"COMP_REGISTRIES_FILE": os.devnull}, required=False)
    (found,) = standings(lock, lock.chosen([]), None if offline else registries)
    return found


def states(*, offline: bool = False) -> list[str]:
    return [state.value for state in stands(offline=offline).states]


def test_ok() -> None:
    added()
    assert (states(), stands().remarks) == (["OK"], ())


def test_a_copy_that_is_missing_or_edited_or_damaged(registry: Directory) -> None:
    added()
    publish(registry, release("1.1.0"))
    text = "name: Mine\nimplementation: {container: {image: x, command: [a]}}\n"
    for content, state in ((text, "MODIFIED"), ("a: [", "CORRUPTED"), (None, "MISSING")):
        COPY.unlink() if content is None else COPY.write_text(content)
        assert states() == [state, "OUTDATED"]
        assert states(offline=True) == [state]
        assert str(COPY) in stands().remarks[0]
    COPY.write_bytes(b"\xff")
    assert stands(offline=True).remarks == (f"{COPY} is no contract: not UTF-8 text",)


def test_a_lock_with_another_digest_than_the_registrys(registry: Directory) -> None:
    added()
    lock = Path("components.lock")
    other = release("1.1.0").digest
    lock.write_text(lock.read_text().replace(str(release("1.0.0").digest), str(other)))
    COPY.write_bytes(contract("1.1.0"))
    assert states(offline=True) == ["OK"]
    assert stands().remarks == (
        f"the lock has another digest than {registry.place}, which has {release('1.0.0').digest}",
    )
    lock.write_text(lock.read_text().replace('"1.0.0"', '"1.0.5"'))
    assert stands().remarks == ("shared has no ml/train@1.0.5",)
    assert states() == ["CORRUPTED"]


def test_newer_versions(registry: Directory) -> None:
    added()
    publish(registry, release("2.0.0"))
    assert stands().remarks == ("2.0.0 is newer, which ^1 does not allow",)
    assert stands().update is None
    publish(registry, release("1.1.0"))
    assert str(stands().update) == "1.1.0"
    registry.change_marks(
        Name("ml", "train"), lambda marks: marks.with_yank(parse_version("1.1.0"), Yank(reason="r", at=AT))
    )
    assert stands().update is None


@pytest.mark.parametrize("requested", ["1.0.0", str(release("1.0.0").digest)])
def test_an_exact_request_allows_nothing_else(registry: Directory, requested: str) -> None:
    added(requested=requested)
    publish(registry, release("1.1.0"))
    assert (stands().update, str(stands().newer)) == (None, "1.1.0")


def test_marks(registry: Directory) -> None:
    added()
    name = Name("ml", "train")
    registry.change_marks(name, lambda marks: marks.with_yank(parse_version("1.0.0"), Yank(reason="it leaks", at=AT)))
    deprecation = Deprecation(reason="old", at=AT, superseded_by=Name("ml", "fit"))
    registry.change_marks(name, lambda marks: marks.with_deprecation(deprecation))
    assert states() == ["YANKED", "DEPRECATED"]
    assert stands().remarks == ("yanked: it leaks", "deprecated: old; use ml/fit")


def test_a_registry_that_is_gone_is_an_error(tmp_path: Path) -> None:
    added()
    (tmp_path / "shared").rename(tmp_path / "gone")
    with pytest.raises(CompError, match="shared is not a component registry"):
        states()
    assert states(offline=True) == ["OK"]

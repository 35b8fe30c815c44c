"""Releases as a reader is given them, checked one by one."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.releases import publish, real_contract, real_release
from toolkit.errors import RemoteError
from toolkit.registry.fault import Checked
from toolkit.registry.folder import layout
from toolkit.registry.folder.directory import Directory
from toolkit.registry.marks import Yank
from toolkit.registry.names import Name
from toolkit.registry.release import Release
from toolkit.registry.semver import Version, parse_version
from toolkit.registry.soundness import Sound, Soundness

TRAIN = Name("ml", "train")
ONE, TWO = parse_version("1.0.0"), parse_version("2.0.0")


@pytest.fixture
def registry(tmp_path: Path) -> Directory:
    made = Directory.create(tmp_path / "shared")
    for version in ("1.0.0", "2.0.0"):
        new = real_release(version, readme=b"# Train\n")
        publish(made, new, readme=b"# Train\n", content=real_contract(version))
    return made


def checked(registry: Directory, soundness: Soundness | None = None) -> Sound:
    soundness = soundness or Soundness(registry=registry, checked=Checked())
    return soundness.component(TRAIN, registry.versions(TRAIN))


def damage(registry: Directory, path: str, data: bytes) -> None:
    (registry.root / path).unlink()
    (registry.root / path).write_bytes(data)


def test_a_content_of_many_releases_is_read_once(registry: Directory) -> None:
    soundness = Soundness(registry=registry, checked=Checked())
    sound = checked(registry, soundness)
    assert (list(sound.releases), sound.faults) == ([ONE, TWO], [])
    assert (soundness.checked.components, soundness.checked.releases) == (1, 2)
    # Two records, two contracts, and the README of both.
    assert soundness.has_read(registry.release(TRAIN, ONE).digest)


def test_each_fault_is_at_its_file(registry: Directory) -> None:
    readme = registry.release(TRAIN, ONE).files[-1].digest
    damage(registry, layout.blob(readme), b"other")
    damage(registry, layout.record(TRAIN, TWO), b"{}")
    registry.root.joinpath(layout.marks(TRAIN)).write_bytes(b"[")
    sound = checked(registry)
    assert list(sound.releases) == [ONE]
    assert sound.marks is None
    assert [fault.path for fault in sound.faults] == [
        layout.blob(readme),
        layout.record(TRAIN, TWO),
        layout.marks(TRAIN),
    ]
    assert f"it is README.md of {TRAIN}@1.0.0" in sound.faults[0].message


def test_a_yank_of_no_release_is_a_fault(registry: Directory) -> None:
    registry.change_marks(
        TRAIN, lambda marks: marks.with_yank(parse_version("9.0.0"), Yank(reason="x", at="2026-01-01T00:00:00Z"))
    )
    [fault] = checked(registry).faults
    assert (fault.path, fault.message) == (
        layout.marks(TRAIN),
        "marks versions that the component has not: 9.0.0",
    )


class _Other(Directory):
    """A registry whose records differ from their contracts."""

    def release(self, name: Name, version: Version) -> Release:
        read = super().release(name, version)
        files = tuple(replace(file, size=99) for file in read.files if file.path == "README.md")
        return replace(read, image="other/image:1", files=files)


def test_a_record_that_differs_from_what_it_names_is_a_fault(registry: Directory) -> None:
    messages = [fault.message for fault in checked(_Other(registry.root)).faults]
    assert "README.md has 8 bytes, and the record says 99" in messages
    assert sum("its image is other/image:1" in message for message in messages) == 2


class _Down(Directory):
    """A registry whose server fails."""

    def release(self, name: Name, version: Version) -> Release:
        raise RemoteError(f"no answer for {name}@{version}", status=503)


def test_a_server_that_fails_is_no_fault_of_the_registry(registry: Directory) -> None:
    with pytest.raises(RemoteError, match="no answer"):
        checked(_Down(registry.root))

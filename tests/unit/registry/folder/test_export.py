from pathlib import Path

import pytest

from tests.releases import publish, real_contract, real_release, release
from toolkit.errors import InputError
from toolkit.registry.fault import Checked
from toolkit.registry.finding import find
from toolkit.registry.folder import layout
from toolkit.registry.folder.directory import Directory
from toolkit.registry.folder.export import export_registry
from toolkit.registry.marks import Yank
from toolkit.registry.names import Name, parse_request

TRAIN = Name("ml", "train")


@pytest.fixture
def registry(tmp_path: Path) -> Directory:
    made = Directory.create(tmp_path / "shared")
    for version in ("1.0.0", "1.1.0"):
        publish(made, real_release(version), content=real_contract(version))
    return made


def test_a_copy_is_a_registry_without_what_is_left_over(registry: Directory, tmp_path: Path) -> None:
    (registry.root / "c" / ".x.0123abcd.tmp").write_text("")
    yank = Yank(reason="broken", at="2026-02-01T12:00:00Z")
    registry.change_marks(TRAIN, lambda marks: marks.with_yank(real_release("1.1.0").version, yank))
    assert export_registry(registry, tmp_path / "site") == 2
    copy = Directory.open(tmp_path / "site")
    assert not list(copy.faults(Checked()))
    assert find(copy, parse_request("ml/train")) == real_release("1.0.0")
    files = {path.relative_to(copy.root): path.read_bytes() for path in copy.root.rglob("*") if path.is_file()}
    assert (
        files.items()
        <= {
            path.relative_to(registry.root): path.read_bytes() for path in registry.root.rglob("*") if path.is_file()
        }.items()
    )


def test_the_next_export_adds_what_is_new(registry: Directory, tmp_path: Path) -> None:
    export_registry(registry, tmp_path / "site")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "site").rglob("1.*") if path.is_file()}
    publish(registry, real_release("2.0.0"), content=real_contract("2.0.0"))
    assert export_registry(registry, tmp_path / "site") == 3
    assert not list(Directory.open(tmp_path / "site").faults(Checked()))
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_damaged_release_is_left_out(registry: Directory, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blob = registry.root / layout.blob(real_release("1.1.0").digest)
    blob.unlink()
    assert export_registry(registry, tmp_path / "site") == 1
    assert "lacks the blob" in caplog.text
    assert not list(Directory.open(tmp_path / "site").faults(Checked()))


def test_another_registry_there_is_left_alone(registry: Directory, tmp_path: Path) -> None:
    other = Directory.create(tmp_path / "site")
    publish(other, release("1.0.0"))
    with pytest.raises(InputError, match=r"1\.0\.0\.json is another release of this version"):
        export_registry(registry, tmp_path / "site")
    assert find(other, parse_request("ml/train")) == release("1.0.0")

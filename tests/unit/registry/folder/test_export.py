import os
from pathlib import Path

import pytest

from tests.git_registry import environ_for, make_upstream
from tests.releases import publish, real_contract, real_release, release
from tests.web_registry import serving
from toolkit.errors import InputError, RemoteError
from toolkit.registry.fault import Checked
from toolkit.registry.finding import find
from toolkit.registry.folder import layout
from toolkit.registry.folder.directory import Directory
from toolkit.registry.folder.export import Exported, export_registry
from toolkit.registry.git.registry import GitRegistry
from toolkit.registry.marks import Yank
from toolkit.registry.names import Name, parse_request
from toolkit.registry.web.registry import HttpRegistry

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
    assert export_registry(registry, tmp_path / "site") == Exported(releases=2)
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
    assert export_registry(registry, tmp_path / "site") == Exported(releases=3)
    assert not list(Directory.open(tmp_path / "site").faults(Checked()))
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_damaged_release_is_left_out(registry: Directory, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blob = registry.root / layout.blob(real_release("1.1.0").digest)
    blob.unlink()
    assert export_registry(registry, tmp_path / "site") == Exported(releases=1, left_out=("ml/train@1.1.0",))
    assert "lacks the blob" in caplog.text
    assert not list(Directory.open(tmp_path / "site").faults(Checked()))


@pytest.mark.parametrize("path", ["v/notes.json", "marks.json"])
def test_a_component_that_cannot_be_read_stops_no_other(
    registry: Directory, tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    publish(registry, real_release("1.0.0", name="clean"), content=real_contract("1.0.0"))
    (registry.root / "c" / "ml" / "train" / path).write_text("[")
    expected = Exported(releases=1, left_out=("ml/train",))
    assert export_registry(registry, tmp_path / "site") == expected
    assert "ml/train is left out: " in caplog.text
    copy = Directory.open(tmp_path / "site")
    assert copy.names() == [Name("ml", "clean")]
    assert not list(copy.faults(Checked()))


def test_what_was_exported_before_stays_when_its_component_is_damaged(registry: Directory, tmp_path: Path) -> None:
    yank = Yank(reason="broken", at="2026-02-01T12:00:00Z")
    registry.change_marks(TRAIN, lambda marks: marks.with_yank(real_release("1.1.0").version, yank))
    export_registry(registry, tmp_path / "site")
    (registry.root / layout.marks(TRAIN)).write_text("[")
    assert export_registry(registry, tmp_path / "site").left_out == ("ml/train",)
    copy = Directory.open(tmp_path / "site")
    assert find(copy, parse_request("ml/train")) == real_release("1.0.0")
    assert not list(copy.faults(Checked()))


def _files(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_copy_from_a_web_server_or_a_repository_is_that_of_the_folder(registry: Directory, tmp_path: Path) -> None:
    yank = Yank(reason="broken", at="2026-02-01T12:00:00Z")
    registry.change_marks(TRAIN, lambda marks: marks.with_yank(real_release("1.1.0").version, yank))
    export_registry(registry, tmp_path / "site")
    with serving(registry.root) as site:
        served = HttpRegistry.open(site.place, {"NETRC": os.devnull, "COMP_CACHE_DIR": str(tmp_path / "cache")})
        assert export_registry(served, tmp_path / "of-web") == Exported(releases=2)
    upstream, environ = make_upstream(tmp_path / "upstream.git"), environ_for(tmp_path / "ann")
    committed = GitRegistry.open(upstream.place, environ)
    for version in ("1.0.0", "1.1.0"):
        publish(committed, real_release(version), content=real_contract(version))
    committed.change_marks(TRAIN, lambda marks: marks.with_yank(real_release("1.1.0").version, yank))
    assert export_registry(GitRegistry.read(upstream.place, environ), tmp_path / "of-git") == Exported(releases=2)
    expected = _files(tmp_path / "site")
    assert _files(tmp_path / "of-web") == expected
    config = Path("config.json")
    assert {**_files(tmp_path / "of-git"), config: b""} == {**expected, config: b""}


def test_damage_on_a_web_server_is_left_out_and_an_outage_is_an_error(registry: Directory, tmp_path: Path) -> None:
    blob = layout.blob(real_release("1.1.0").digest)
    environ = {"NETRC": os.devnull, "COMP_CACHE_DIR": str(tmp_path / "cache")}
    with serving(registry.root) as site:
        site.faults[blob] = lambda handler: handler.answer(403)
        with pytest.raises(RemoteError, match="login"):
            export_registry(HttpRegistry.open(site.place, environ), tmp_path / "refused")
        site.faults.clear()
        (registry.root / blob).unlink()
        found = export_registry(HttpRegistry.open(site.place, environ), tmp_path / "of-web")
    assert found == Exported(releases=1, left_out=("ml/train@1.1.0",))
    assert not list(Directory.open(tmp_path / "of-web").faults(Checked()))


def test_another_registry_there_is_left_alone(registry: Directory, tmp_path: Path) -> None:
    other = Directory.create(tmp_path / "site")
    publish(other, release("1.0.0"))
    with pytest.raises(InputError, match=r"1\.0\.0\.json is another release of this version"):
        export_registry(registry, tmp_path / "site")
    assert find(other, parse_request("ml/train")) == release("1.0.0")

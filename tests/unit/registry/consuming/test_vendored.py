import json
import multiprocessing
import os
from pathlib import Path

import pytest

from tests.contracts import contract
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.interface.model import Interface
from toolkit.registry.consuming.lock import read_components_lock, read_lock
from toolkit.registry.consuming.vendored import (
    Copying,
    Vendored,
    add_component,
    check_names,
    is_edited,
    remove_component,
)
from toolkit.registry.names import Name
from toolkit.registry.place import parse_place
from toolkit.registry.release import Release
from toolkit.registry.semver import parse_version


def _release(content: bytes, *, name: str = "train", version: str = "1.0.0") -> Release:
    return Release(
        name=Name("ml", name),
        version=parse_version(version),
        digest=Digest.of(content),
        image="registry.example.com/train@sha256:" + "0" * 64,
        title="Train",
        description="",
        interface=Interface(),
        published="2026-01-31T12:00:00Z",
    )


def _add(
    folder: Path,
    content: bytes = b"one\n",
    *,
    name: str = "train",
    version: str = "1.0.0",
    into: str | None = "components",
    force: bool = False,
) -> Vendored:
    release = _release(content, name=name, version=version)
    return add_component(
        release,
        content,
        requested="^1",
        registry=parse_place("https://components.example"),
        folder=folder,
        copying=Copying(into=into, force=force),
    )


def test_the_copy_is_verbatim_and_locked(tmp_path: Path) -> None:
    added = _add(tmp_path)
    assert added == Vendored(path=tmp_path / "components/ml/train/component.yaml", changed=True)
    assert added.path.read_bytes() == b"one\n"
    assert json.loads((tmp_path / "components.lock").read_text()) == {
        "version": 1,
        "components": {
            "ml/train": {
                "version": "1.0.0",
                "digest": str(Digest.of(b"one\n")),
                "image": "registry.example.com/train@sha256:" + "0" * 64,
                "requested": "^1",
                "registry": "https://components.example",
                "path": "components/ml/train/component.yaml",
            }
        },
    }


def test_the_same_again_touches_no_file(tmp_path: Path) -> None:
    _add(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert not _add(tmp_path).changed
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_an_untouched_copy_follows_the_release_and_a_crash_in_between_heals(tmp_path: Path) -> None:
    _add(tmp_path)
    copy = _add(tmp_path, b"two\n", version="1.1.0").path
    assert copy.read_bytes() == b"two\n"
    copy.write_bytes(b"three\n")  # the copy was written, the lock was not
    assert _add(tmp_path, b"three\n", version="1.2.0").changed
    assert read_components_lock(tmp_path / "components.lock")["ml/train"]["version"] == "1.2.0"


@pytest.mark.parametrize("locked", [True, False])
def test_an_edited_copy_stays_unless_forced(tmp_path: Path, *, locked: bool) -> None:
    copy = _add(tmp_path).path
    copy.write_bytes(b"mine\n")
    if not locked:
        (tmp_path / "components.lock").unlink()
    for content in (b"one\n", b"two\n"):
        with pytest.raises(InputError, match="was edited"):
            _add(tmp_path, content)
    assert copy.read_bytes() == b"mine\n"
    _add(tmp_path, b"two\n", force=True)
    assert copy.read_bytes() == b"two\n"


def test_a_header_that_names_a_schema_is_no_edit_and_stays(tmp_path: Path) -> None:
    header = b"# yaml-language-server: $schema=../../../.comp/schemas/component.schema.json\n"
    path = _add(tmp_path).path
    path.write_bytes(header + b"one\n")
    assert not _add(tmp_path).changed
    assert path.read_bytes() == header + b"one\n"
    assert _add(tmp_path, b"two\n", version="1.1.0").changed
    assert path.read_bytes() == header + b"two\n"


def test_line_ends_of_a_checkout_are_no_edit(tmp_path: Path) -> None:
    copy = _add(tmp_path).path
    copy.write_bytes(b"one\r\n")
    assert _add(tmp_path).changed
    assert copy.read_bytes() == b"one\n"


def test_a_folder_elsewhere_is_locked_relative_to_the_project(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / ".git").mkdir()
    _add(project, into=str(tmp_path / "elsewhere"))
    assert (tmp_path / "elsewhere/ml/train/component.yaml").is_file()
    assert read_components_lock(project / "components.lock")["ml/train"]["path"] == (
        "../elsewhere/ml/train/component.yaml"
    )


def test_a_folder_outside_of_the_repository_gets_no_copy(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    with pytest.raises(InputError, match="which leads out of"):
        _add(project, into="../elsewhere")
    assert [*tmp_path.iterdir()] == [project]
    assert not (project / "components.lock").exists()


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "components").write_text("")
    with pytest.raises(OutsideError, match=r"cannot write .*component\.yaml: Not a directory"):
        _add(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "components": [3]}', "[" * 100_000])
def test_a_lock_that_is_none_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    lock = tmp_path / "components.lock"
    lock.write_text(text)
    with pytest.raises(InputError):
        _add(tmp_path)
    assert lock.read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == ["components.lock"]


def test_several_at_once_lose_no_entry(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    names = [f"step-{number}" for number in range(8)]
    processes = [context.Process(target=_add, args=(tmp_path,), kwargs={"name": name}) for name in names]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert list(read_components_lock(tmp_path / "components.lock")) == [f"ml/{name}" for name in names]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a components.lock: not valid JSON: Expecting value: line 1 column 1 (char 0)"),
        ("{}", "not a components.lock: it has no 'version'"),
        ('{"version": 1, "components": []}', "not a components.lock: its parts are of other types"),
        ('{"version": 1, "components": {"ml/train": "1.0.0"}}', "not a components.lock: its parts are of other types"),
    ],
)
def test_what_is_not_a_lock(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "components.lock").write_text(content)
    with pytest.raises(InputError) as caught:
        read_components_lock(tmp_path / "components.lock")
    assert caught.value.message == message


def test_a_pipe_in_the_place_of_a_lock_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "components.lock")
    with pytest.raises(InputError, match="expected a file"):
        read_components_lock(tmp_path / "components.lock")


def test_a_forced_edit_is_kept_beside_and_never_replaced(tmp_path: Path) -> None:
    copy = _add(tmp_path).path
    for number, text in enumerate((b"mine\n", b"mine again\n")):
        copy.write_bytes(text)
        kept = _add(tmp_path, b"two\n", version="1.1.0", force=True).kept
        assert kept == copy.with_name(f"component.yaml.orig{f'.{number}' if number else ''}")
        assert kept.read_bytes() == text
    assert copy.read_bytes() == b"two\n"


def test_a_copy_stays_where_it_is(tmp_path: Path) -> None:
    _add(tmp_path, into="vendor")
    release_two = _add(tmp_path, b"two\n", version="1.1.0", into=None)
    assert release_two.path == tmp_path / "vendor/ml/train/component.yaml"
    assert not (tmp_path / "components").exists()


def test_what_is_removed_leaves_no_folder_and_no_entry(tmp_path: Path) -> None:
    copy = _add(tmp_path).path
    _add(tmp_path, name="load")
    remove_component("train", tmp_path)
    assert not copy.parent.exists()
    assert list(read_components_lock(tmp_path / "components.lock")) == ["ml/load"]
    remove_component("ml/load", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["components.lock"]


def test_an_edited_copy_is_not_removed_unless_forced(tmp_path: Path) -> None:
    copy = _add(tmp_path).path
    copy.write_bytes(b"mine\n")
    with pytest.raises(InputError, match="this copy was edited, and removing the component would lose that"):
        remove_component("ml/train", tmp_path)
    assert copy.read_bytes() == b"mine\n"
    _, kept = remove_component("ml/train", tmp_path, force=True)
    assert kept
    assert kept.read_bytes() == b"mine\n"
    assert not copy.exists()


def test_a_copy_that_is_gone_is_removed_from_the_lock(tmp_path: Path) -> None:
    _add(tmp_path).path.unlink()
    remove_component("ml/train", tmp_path)
    assert read_components_lock(tmp_path / "components.lock") == {}


def test_a_copy_that_moves_leaves_its_old_place_unless_it_was_edited(tmp_path: Path) -> None:
    old = _add(tmp_path).path
    moved = _add(tmp_path, into="vendor").path
    assert (moved.read_bytes(), old.exists(), (tmp_path / "components").exists()) == (b"one\n", False, False)
    moved.write_bytes(b"mine\n")
    back = _add(tmp_path, into="components").path
    assert (back.read_bytes(), moved.read_bytes()) == (b"one\n", b"mine\n")


def test_a_copy_that_moves_is_not_removed_behind_a_link(tmp_path: Path) -> None:
    project, other = tmp_path / "project", tmp_path / "other"
    project.mkdir()
    _add(project)
    (project / "components" / "ml").rename(other)
    (project / "components" / "ml").symlink_to(other)
    moved = _add(project, into="vendor").path
    assert (moved.read_bytes(), (other / "train" / "component.yaml").read_bytes()) == (b"one\n", b"one\n")


@pytest.mark.parametrize("port", ["inputs", "outputs"])
def test_a_port_whose_name_leads_elsewhere_is_refused(port: str) -> None:
    harmless = contract(**{port: "{name: model}"}).encode()
    check_names(_release(harmless), harmless)
    hostile = contract(**{port: '{name: "../../x"}'}).encode()
    with pytest.raises(InputError, match=r"ml/train@1\.0\.0 has an input or output called '\.\./\.\./x'"):
        check_names(_release(hostile), hostile)


def test_an_update_that_was_ended_before_the_lock_is_no_edit(tmp_path: Path) -> None:
    copy = _add(tmp_path).path
    lock = read_lock(tmp_path)
    (entry,) = lock.components.values()
    two = _release(b"two\n", version="1.1.0")
    assert not is_edited(lock, entry, two)
    copy.write_bytes(b"two\n")
    assert not is_edited(lock, entry, two)
    copy.write_bytes(b"three\n")
    assert is_edited(lock, entry, two)
    copy.unlink()
    assert not is_edited(lock, entry, two)


def test_a_link_out_of_the_project_is_not_followed_to_remove(tmp_path: Path) -> None:
    copy = _add(tmp_path).path
    other = tmp_path / "other"
    copy.parent.parent.rename(other)
    (tmp_path / "components" / "ml").symlink_to(other)
    with pytest.raises(InputError, match=r"component\.yaml is in .*other/train, outside of"):
        remove_component("ml/train", tmp_path)
    assert (other / "train" / "component.yaml").is_file()
    assert "ml/train" in read_components_lock(tmp_path / "components.lock")

import re
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from tests.versions_of_contracts import contract
from toolkit.breaking.earlier import is_contract, open_earlier
from toolkit.errors import FindingsError, InputError, UsageError


def git(folder: Path, *words: str) -> None:
    named = ("-c", "user.name=a", "-c", "user.email=a@example.invalid", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *named, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the components `train`, `load` and one that cannot be read."""
    folder = tmp_path / "repository"
    for name, text in {"train": contract(), "load": contract(name="Load"), "odd": "name: ["}.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "component.yaml").write_text(text)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    return folder


def test_a_commit(repository: Path) -> None:
    path = repository / "train" / "component.yaml"
    path.write_text(contract("{name: a}"))
    earlier, notices = open_earlier("HEAD", environ={}, folder=repository, registry=None)
    old = earlier.of(path)
    assert old is not None
    assert (old.text, str(old.path), notices) == (contract(), "HEAD:train/component.yaml", ())
    assert not earlier.unchanged(path)
    assert earlier.unchanged(repository / "load" / "component.yaml")


def test_a_component_that_moved_is_the_same(repository: Path) -> None:
    (repository / "train").rename(repository / "fit")
    earlier, _ = open_earlier("HEAD", environ={}, folder=repository, registry=None)
    old = earlier.of(repository / "fit" / "component.yaml")
    assert old is not None
    assert str(old.path) == "HEAD:train/component.yaml"
    assert list(earlier.removed(repository, {old.path})) == []
    assert list(earlier.removed(repository, set())) == ["train/component.yaml"]
    assert list(earlier.removed(repository / "fit", set())) == []


@pytest.mark.parametrize("target", ["nowhere", "/dev/null"])
def test_a_contract_that_became_a_link_to_no_file_is_gone(repository: Path, target: str) -> None:
    path = repository / "train" / "component.yaml"
    path.unlink()
    path.symlink_to(target)
    earlier, _ = open_earlier("HEAD", environ={}, folder=repository, registry=None)
    assert list(earlier.removed(repository, set())) == ["train/component.yaml"]


def test_a_new_component_has_no_earlier_version(repository: Path) -> None:
    (repository / "new").mkdir()
    (repository / "new" / "component.yaml").write_text(contract(name="New"))
    earlier, _ = open_earlier("HEAD", environ={}, folder=repository, registry=None)
    assert earlier.of(repository / "new" / "component.yaml") is None


def test_what_cannot_be_read_is_named_by_its_commit(repository: Path) -> None:
    (repository / "odd" / "component.yaml").write_text(contract())
    earlier, _ = open_earlier("HEAD", environ={}, folder=repository, registry=None)
    with pytest.raises(FindingsError) as caught:
        earlier.of(repository / "odd" / "component.yaml")
    assert str(caught.value.where).startswith("HEAD:odd/component.yaml:2")


def test_a_file_and_a_folder(tmp_path: Path) -> None:
    for name, text in {
        "old/train": contract(),
        "old/gone": contract(name="Gone"),
        "new/train": contract("{name: a}"),
    }.items():
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "component.yaml").write_text(text)
    now = tmp_path / "new" / "train" / "component.yaml"
    folder, _ = open_earlier(str(tmp_path / "old"), environ={}, folder=tmp_path / "new", registry=None)
    file, _ = open_earlier(f"path:{tmp_path}/old/train/component.yaml", environ={}, folder=tmp_path, registry=None)
    for earlier in (folder, file):
        old = earlier.of(now)
        assert old is not None
        assert old.text == contract()
    folder.prepare([now, now.with_name("other.yaml")])
    file.prepare([now])
    with pytest.raises(UsageError, match=r"component\.yaml is a contract, and 2 contracts are compared with it"):
        file.prepare([now, now.with_name("other.yaml")])
    assert list(folder.removed(tmp_path / "new", set())) == ["gone/component.yaml"]


def test_a_component_that_moved_since_an_earlier_folder_is_the_same(tmp_path: Path) -> None:
    for name, text in {"old/train": contract(), "new/fit": contract(), "new/other": contract(name="Other")}.items():
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "component.yaml").write_text(text)
    (tmp_path / "old/train/components").mkdir()
    (tmp_path / "old/train/components/more.yaml").write_text(contract(name="More"))
    (tmp_path / "old/.hidden").mkdir()
    (tmp_path / "old/.hidden/component.yaml").write_text(contract(name="Hidden"))
    earlier, _ = open_earlier(str(tmp_path / "old"), environ={}, folder=tmp_path / "new", registry=None)
    earlier.prepare([tmp_path / "new/fit/component.yaml"])
    old = earlier.of(tmp_path / "new/fit/component.yaml")
    assert old is not None
    assert old.path == tmp_path / "old/train/component.yaml"
    assert earlier.of(tmp_path / "new/other/component.yaml") is None
    assert list(earlier.removed(tmp_path / "new", {old.path})) == ["train/components/more.yaml"]
    assert list(earlier.removed(tmp_path / "new/fit", set())) == []


def test_a_folder_without_contracts_is_no_earlier_state(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "component.yaml").write_text(contract())
    earlier, _ = open_earlier(str(tmp_path / "old"), environ={}, folder=tmp_path, registry=None)
    with pytest.raises(InputError, match=f"{tmp_path}/old has no contract"):
        earlier.prepare([tmp_path / "component.yaml"])


@pytest.mark.parametrize(
    ("against", "message"),
    [
        ("", "--against is empty"),
        (" ", "--against is empty"),
        ("path:", "--against is empty"),
        ("release:", "--against is empty"),
        ("path:nowhere", "nowhere does not exist"),
        ("old.yaml", "old.yaml does not exist"),
        ("../before/", "../before/ does not exist"),
        ("git:old.yaml", "old.yaml is not a branch, a tag or a commit of this clone"),
        ("HEAD:train/component.yaml", "HEAD:train/component.yaml is a file in a commit, expected a commit"),
        ("ml/train@^1", "no component registry is named"),
        ("nowhere", "nowhere is not a branch, a tag or a commit of this clone"),
        ("git:main@{1}", "main@{1} is not a commit of this clone"),
    ],
)
def test_what_is_missing(repository: Path, against: str, message: str) -> None:
    expected = InputError if message.endswith("does not exist") else UsageError
    with pytest.raises(expected, match=re.escape(message)) as caught:
        open_earlier(against, environ={}, folder=repository, registry=None)
    assert caught.value.message == message
    assert caught.value.hint


def test_a_path_outside_of_the_repository(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "component.yaml").write_text(contract())
    earlier, _ = open_earlier("HEAD", environ={}, folder=repository, registry=None)
    with pytest.raises(UsageError, match="is not in the repository"):
        earlier.of(tmp_path / "component.yaml")


def test_the_paths_of_contracts() -> None:
    assert is_contract(PurePosixPath("a/component.yaml"))
    assert is_contract(PurePosixPath("a/components/b.yaml"))
    assert not is_contract(PurePosixPath("a/tests/cases/b.yaml"))

"""The files that a release takes along from its folder."""

from pathlib import Path

import pytest

from tests.repositories import ENVIRON, make_repository
from toolkit.errors import InputError
from toolkit.registry.publishing.release_files import check_names, is_release_file, read_release_files


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("README.md", True),
        ("LICENSE", True),
        ("LICENCE.txt", True),
        ("LICENSE-2.0", True),
        ("CHANGELOG.md", True),
        ("NOTICE", True),
        ("LICENSES.md", False),
        ("component.yaml", False),
        ("pyproject.toml", False),
        ("docs/README.md", False),
        ("examples/a/b.yaml", True),
        ("examples/.env", False),
        ("examples/.git/config", False),
        ("examples/__pycache__/a.pyc", False),
    ],
)
def test_which_files_belong_to_a_release(path: str, *, taken: bool) -> None:
    assert is_release_file(path) is taken


def test_the_files_of_a_folder(tmp_path: Path) -> None:
    folder = make_repository(tmp_path).folder / "ml" / "train"
    (folder / "examples" / "deep").mkdir(parents=True)
    (folder / ".gitignore").write_text("*.log\n")
    for path in ("README.md", "train.py", "examples/a.py", "examples/deep/b.csv", "examples/run.log"):
        (folder / path).write_text(path)
    (folder.parent / "LICENSE").write_text("free")
    assert read_release_files(folder, ENVIRON) == {
        path: path.encode() for path in ("README.md", "examples/a.py", "examples/deep/b.csv")
    }
    assert read_release_files(folder, ENVIRON, metadata=folder.parent)["LICENSE"] == b"free"
    (folder / "LICENSE.md").write_text("own")
    files = read_release_files(folder, ENVIRON, metadata=folder.parent)
    assert (files["LICENSE.md"], files.get("LICENSE")) == (b"own", None)


def test_a_link_out_of_the_repository_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    folder = make_repository(tmp_path / "work").folder / "train"
    folder.mkdir()
    (folder.parent / "LICENSE").write_text("free")
    (folder / "LICENSE").symlink_to("../LICENSE")
    assert read_release_files(folder, ENVIRON) == {"LICENSE": b"free"}
    (folder / "README.md").symlink_to(secret)
    with pytest.raises(InputError, match=r"README\.md is a link that leads out of"):
        read_release_files(folder, ENVIRON)


def test_names_that_not_every_system_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_names(["b", "a"], tmp_path) == ["a", "b"]
    with pytest.raises(InputError, match="cannot be a file of a release"):
        check_names(["examples/a\nb"], tmp_path)
    monkeypatch.setenv("COMP_LIMIT_RELEASE_FILES", "1")
    with pytest.raises(InputError, match="limit of 1 items"):
        check_names(["a", "b"], tmp_path)

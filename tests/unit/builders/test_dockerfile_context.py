"""The files that a Dockerfile can copy, by docker's rules."""

import os
from pathlib import Path

import pytest

from tests.dockerfiles import write_dockerfile_component
from toolkit.builders.dockerfile_context import check_readable, context_paths, ignore_file, in_context
from toolkit.config.dockerfile import DockerfileSettings
from toolkit.config.project import read_project
from toolkit.errors import InputError, OutsideError


def _settings(folder: Path, **files: str) -> DockerfileSettings:
    given = {name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()}
    settings = read_project(write_dockerfile_component(folder, "FROM scratch\n", files=given), environ={}).dockerfile
    assert settings
    return settings


def _names(settings: DockerfileSettings) -> set[str]:
    return {str(path.relative_to(settings.context)) for path in context_paths(settings)[0] if path.is_file()}


def test_everything_is_in_the_context_without_patterns(tmp_path: Path) -> None:
    settings = _settings(tmp_path, src__a="a", _dot_git__HEAD="x", _dot_env="x")
    assert _names(settings) == {"Dockerfile", "component.yaml", "pyproject.toml", "src/a", ".env"}
    assert not in_context(settings)(tmp_path / ".git" / "HEAD")
    assert not in_context(settings)(tmp_path.parent / "other")


def test_patterns_leave_out_and_take_back(tmp_path: Path) -> None:
    settings = _settings(tmp_path, _dot_dockerignore="*\n!src/a\nDockerfile\n", src__a="a", src__b="b")
    # The Dockerfile and its patterns decide the image although they are not copied.
    assert _names(settings) == {"Dockerfile", ".dockerignore", "src/a"}
    test = in_context(settings)
    assert test(tmp_path / "src" / "a")
    assert not test(tmp_path / "src" / "gone")


def test_folders_that_are_left_out_are_not_looked_into(tmp_path: Path) -> None:
    settings = _settings(tmp_path, _dot_dockerignore="data\n", data__x__y="a", src__a="a")
    assert [str(path.relative_to(tmp_path)) for path in context_paths(settings)[1]] == [".", "src"]


def test_the_file_beside_the_dockerfile_counts_first(tmp_path: Path) -> None:
    settings = _settings(tmp_path, _dot_dockerignore="a")
    assert ignore_file(settings.path, settings.context) == tmp_path / ".dockerignore"
    (tmp_path / "Dockerfile.dockerignore").write_text("b")
    assert ignore_file(settings.path, settings.context) == tmp_path / "Dockerfile.dockerignore"


def test_an_invalid_pattern(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="invalid pattern"):
        in_context(_settings(tmp_path, _dot_dockerignore="[a"))


def test_a_file_that_this_user_may_not_read_is_refused_and_not_taken_for_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _settings(tmp_path, private="x", _dot_dockerignore="left-out\n", left_out="x")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "left-out").touch()
    # Root, who runs some tests, may read all files.
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name not in {"private", "left-out"})
    with pytest.raises(OutsideError, match=r"cannot read .*/private: Permission denied"):
        check_readable(settings)
    (tmp_path / "private").unlink()
    check_readable(settings)

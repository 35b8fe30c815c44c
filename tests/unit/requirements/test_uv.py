"""Where uv keeps its cache, and which Pythons it finds."""

import os
from pathlib import Path

import pytest

from toolkit.cache.store import Cache
from toolkit.errors import OutsideError
from toolkit.requirements.uv import run_uv, uv_environment


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home"), "XDG_CONFIG_DIRS": str(tmp_path / "none")}


def test_its_cache_lies_in_comps(tmp_path: Path, cache: Cache, environ: dict[str, str]) -> None:
    assert uv_environment(environ, tmp_path, cache) == {**environ, "UV_CACHE_DIR": str(tmp_path / "cache" / "uv")}


@pytest.mark.parametrize("name", ["UV_CACHE_DIR", "UV_NO_CACHE"])
def test_what_the_user_sets_in_the_environment_counts(
    tmp_path: Path, cache: Cache, environ: dict[str, str], name: str
) -> None:
    given = {**environ, name: "/x"}
    assert uv_environment(given, tmp_path, cache) == given


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("pyproject.toml", '[tool.uv]\ncache-dir = "x"\n'),
        ("uv.toml", "no-cache = true\n"),
        ("home/.config/uv/uv.toml", 'cache-dir = "/x"\n'),
    ],
)
def test_what_the_user_sets_for_uv_counts(
    tmp_path: Path, cache: Cache, environ: dict[str, str], place: str, text: str
) -> None:
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text(text)
    assert uv_environment(environ, tmp_path, cache) == environ


def test_pythons_of_a_home_that_can_only_be_read_are_found(
    tmp_path: Path, cache: Cache, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pythons = tmp_path / "home" / ".local" / "share" / "uv" / "python"
    pythons.mkdir(parents=True)
    monkeypatch.setattr("os.access", lambda _, mode: mode == os.X_OK)
    assert uv_environment(environ, tmp_path, cache)["UV_PYTHON_INSTALL_DIR"] == str(pythons)


def test_a_cache_that_cannot_be_is_named_as_such(tmp_path: Path, cache: Cache) -> None:
    (tmp_path / "file").touch()
    environ = {**os.environ, "UV_CACHE_DIR": str(tmp_path / "file" / "uv")}
    with pytest.raises(OutsideError, match=r"uv cannot use its cache: .*file/uv") as caught:
        run_uv(["pip", "compile", "-"], cache, environ, seconds=60)
    assert "UV_CACHE_DIR" in str(caught.value.hint)
    assert "dependencies" not in str(caught.value.hint)

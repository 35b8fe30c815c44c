"""uv's settings: the files in order, their digest, and tables that are added for one call."""

import tomllib
from pathlib import Path

import pytest

from toolkit.digest import Digest
from toolkit.requirements.indexes import Indexes, IndexPin
from toolkit.requirements.uv_settings import read_uv_settings, settings_digest, with_dependency_metadata


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Settings of a user and of the machine."""
    for name in ("user", "machine"):
        (tmp_path / name / "uv").mkdir(parents=True)
        (tmp_path / name / "uv" / "uv.toml").write_text(f'exclude-newer = "{name}"\n')
    return {"XDG_CONFIG_HOME": str(tmp_path / "user"), "XDG_CONFIG_DIRS": str(tmp_path / "machine")}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project below the folder with settings of uv."""
    (tmp_path / "top" / "inner").mkdir(parents=True)
    (tmp_path / "top" / "pyproject.toml").write_text(
        '[tool.uv]\nexclude-newer = "project"\n[tool.uv.pip]\nexclude-newer = "pip"\n'
    )
    (tmp_path / "top" / "inner" / "pyproject.toml").write_text('[project]\nname = "x"\n')
    return tmp_path / "top" / "inner"


def _read(folder: Path, environ: dict[str, str]) -> list[str]:
    return [str(table["exclude-newer"]) for table in read_uv_settings(folder, environ) if "exclude-newer" in table]


def test_the_nearest_settings_come_first(project: Path, environ: dict[str, str], tmp_path: Path) -> None:
    assert _read(project, environ) == ["pip", "project", "user", "machine"]
    assert _read(project, {**environ, "UV_NO_CONFIG": "1"}) == []
    (tmp_path / "own.toml").write_text('exclude-newer = "own"\n')
    assert _read(project, {**environ, "UV_CONFIG_FILE": str(tmp_path / "own.toml")}) == ["own"]


def test_a_file_that_does_not_parse_has_no_settings(project: Path, environ: dict[str, str]) -> None:
    (project / "uv.toml").write_text("= no toml")
    assert _read(project, environ)[0] == "pip"


def test_the_digest_is_of_what_decides_and_holds_no_secret(project: Path, environ: dict[str, str]) -> None:
    def digest(**changes: str) -> Digest:
        return settings_digest(Indexes(environ={**environ, **changes}, where=project / "pyproject.toml"))

    assert digest() == digest(UV_CACHE_DIR="/x", UV_OFFLINE="1", UV_INDEX_MINE_PASSWORD="a", HOME="/y")
    assert digest(UV_INDEX_URL="https://ann:a@host/") == digest(UV_INDEX_URL="https://ann:b@host/")
    assert digest() != digest(UV_INDEX_URL="https://host/")
    pinned = {"alpha": (IndexPin(table={"name": "mine", "url": "https://host/"}),)}
    assert digest() != settings_digest(Indexes(environ=environ, where=project / "pyproject.toml", pinned=pinned))


def test_requirements_are_added_beside_the_machines_settings(environ: dict[str, str], tmp_path: Path) -> None:
    assert with_dependency_metadata({}, tmp_path / "none", environ) == environ
    changed = with_dependency_metadata({"alpha": ["beta<2"]}, tmp_path / "added", environ)
    assert changed == {**environ, "XDG_CONFIG_DIRS": str(tmp_path / "added")}
    written = tomllib.loads((tmp_path / "added" / "uv" / "uv.toml").read_text())
    assert written == {
        "exclude-newer": "machine",
        "dependency-metadata": [{"name": "alpha", "requires-dist": ["beta<2"]}],
    }


def test_requirements_are_added_to_the_users_own_file(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('exclude-newer = "own"\n')
    named = {**environ, "UV_CONFIG_FILE": str(tmp_path / "own.toml")}
    changed = with_dependency_metadata({"alpha": []}, tmp_path / "added", named)
    assert tomllib.loads(Path(changed["UV_CONFIG_FILE"]).read_text())["exclude-newer"] == "own"
    # Without any settings, uv still has to read these.
    changed = with_dependency_metadata({"alpha": []}, tmp_path / "other", {**environ, "UV_NO_CONFIG": "1"})
    assert "UV_NO_CONFIG" not in changed
    assert "exclude-newer" not in Path(changed["UV_CONFIG_FILE"]).read_text()

"""Collections to lock, and one in a repository."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.changed_components import WORKSPACE, component
from tests.components import FUNCTION, small_base, write_component
from tests.package_index import PackageIndex
from tests.repositories import Repo, make_repository
from toolkit.cache.store import Cache
from toolkit.job.context import BuildContext


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return make_repository(
        tmp_path / "repo",
        {"pyproject.toml": WORKSPACE, **component("steps/a"), **component("steps/b"), "other.txt": "x"},
    )


@pytest.fixture
def context(tmp_path: Path, index: PackageIndex) -> BuildContext:
    assert index.port
    return BuildContext(cache=Cache(tmp_path / "cache"), environ=os.environ)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return small_base(tmp_path / "base")


@pytest.fixture
def write(tmp_path: Path, base: Path) -> Callable[..., Path]:
    """Return a function that writes a component of the collection."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "pyproject.toml").write_text('[tool.comp.workspace]\nlock = "shared"\n')

    def written(name: str, *dependencies: str, more: str = "") -> Path:
        return write_component(
            tmp_path / "work" / name,
            base,
            {
                "src/count_words.py": FUNCTION,
                "pyproject.toml": f'[project]\nname = "{Path(name).name}"\nversion = "1.0.0"\n'
                f'dependencies = {list(dependencies)!r}\n[tool.comp]\nentrypoint = "count_words:count"\n'
                f'base = "layout:{base}"\nbytecode = false\n{more}',
            },
        )

    return written

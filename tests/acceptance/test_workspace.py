"""A monorepo: a component that requires a library of the same repository, as users build, change and run it."""

from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.conftest import Sample
from tests.projects import files

COMPONENT = """[project]
name = "usesit"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["shared"]

[tool.uv.sources]
shared = { workspace = true }

[tool.comp]
entrypoint = "usesit:f"
"""


@pytest.fixture
def folder(sample: Sample, tmp_path: Path) -> Path:
    """The component's folder in a workspace."""
    assert sample
    (tmp_path / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["packages/*"]\n')
    shared = tmp_path / "packages" / "shared"
    shared.mkdir(parents=True)
    for name, text in files("shared").items():
        (shared / name).write_text(text)
    folder = tmp_path / "packages" / "usesit"
    (folder / "src").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(COMPONENT)
    (folder / "src" / "usesit.py").write_text("import shared.z\n\n\ndef f(x: int) -> int:\n    return x + shared.z.Z\n")
    ok("generate", folder)
    return folder


def test_it_is_built_in_and_a_change_of_it_is_a_change(folder: Path) -> None:
    first = ok("build", folder)
    lock = (folder / "requirements.lock").read_text()
    assert "    # shared-1.0-py3-none-any.whl from ../shared\n" in lock
    assert comp("build", folder).err == "nothing has changed\n"
    assert ok("run", folder, "--runner", "process", "--input", "x=1") == "Output=2"
    backend = folder.parent / "shared" / "backend.py"
    backend.write_text(backend.read_text().replace("Z = 1", "Z = 5"))
    stale = comp("build", folder, "--locked")
    assert stale.code == 1
    assert "requirements.lock: the lock is stale" in stale.err
    assert ok("build", folder) != first
    assert ok("run", folder, "--runner", "process", "--input", "x=1") == "Output=6"
    backend.write_text(backend.read_text().replace("Z = 5", "Z = 1"))
    assert ok("build", folder) == first
    assert (folder / "requirements.lock").read_text() == lock


def test_another_cache_gives_the_same(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ok("build", folder)
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "another"))
    assert ok("build", folder, "--locked") == first

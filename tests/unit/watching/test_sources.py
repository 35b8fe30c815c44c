from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.dockerfiles import write_dockerfile_component
from toolkit.errors import InputError
from toolkit.watching.sources import Sources, sources_of_build, sources_of_paths, sources_of_settings

SETTINGS = '[project]\nname = "a"\nversion = "1"\n{more}\n[tool.comp]\nentrypoint = "a:f"\n'


def component(root: Path, *, more: str = "", comp: str = "") -> Path:
    """Make a component in a repository at `root`."""
    (root / ".git").mkdir()
    folder = root / "a"
    (folder / "src" / "pkg").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(SETTINGS.format(more=more) + comp)
    for name in ("component.yaml", "requirements.lock", "README.md", "src/a.py", "src/pkg/b.py", "src/.c.py.swp"):
        (folder / name).write_text("")
    (folder / "tests").mkdir()
    (folder / "tests" / "test_a.py").write_text("")
    (folder / ".venv").mkdir()
    (folder / ".venv" / "pyvenv.cfg").write_text("")
    return folder


def existing(sources: Sources, root: Path) -> set[str]:
    """Return the files that exist, as seen from `root`."""
    return {str(path.relative_to(root)) for path in sources.files if path.is_file()}


def build(folder: Path, environ: Mapping[str, str] | None = None) -> Sources:
    return sources_of_build(folder, {}, environ or {})


OWN = {"a/pyproject.toml", "a/component.yaml", "a/requirements.lock", "a/src/a.py", "a/src/pkg/b.py"}


def test_a_build_reads_settings_contract_lock_and_code(tmp_path: Path) -> None:
    folder = component(tmp_path)
    sources = build(folder)
    assert existing(sources, tmp_path) == OWN
    assert sources.folders == {folder, folder / "src", folder / "src" / "pkg"}
    assert sources.contracts == {folder / "component.yaml"}
    assert sources.locks == {folder / "requirements.lock"}


def test_files_that_would_count_are_watched_before_they_exist(tmp_path: Path) -> None:
    folder = component(tmp_path)
    assert {folder / ".dockerignore", tmp_path / "pyproject.toml", tmp_path / "uv.toml"} <= build(folder).files


def test_the_settings_of_parents_are_read(tmp_path: Path) -> None:
    folder = component(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.comp.defaults]\nnamespace = "ml"\n')
    assert existing(build(folder), tmp_path) == OWN | {"pyproject.toml"}


def test_local_dependencies_are_read(tmp_path: Path) -> None:
    folder = component(
        tmp_path, more='dependencies = ["lib"]\n[tool.uv.sources]\nlib = { path = "../lib" }\n[tool.other]\n'
    )
    (tmp_path / "lib" / "lib").mkdir(parents=True)
    (tmp_path / "lib" / "pyproject.toml").write_text('[project]\nname = "lib"\nversion = "1"\n')
    (tmp_path / "lib" / "lib" / "__init__.py").write_text("")
    sources = build(folder)
    assert existing(sources, tmp_path) == OWN | {"lib/pyproject.toml", "lib/lib/__init__.py"}
    assert {tmp_path / "lib", tmp_path / "lib" / "lib"} <= sources.folders


def test_requirements_are_read_with_the_files_that_they_include(tmp_path: Path) -> None:
    folder = component(tmp_path, comp='requirements = "../all.txt"\n')
    (tmp_path / "all.txt").write_text("-r more.txt\n")
    (tmp_path / "more.txt").write_text("")
    found = {path.resolve() for path in build(folder).files}
    assert {tmp_path / "all.txt", tmp_path / "more.txt"} <= found


@pytest.mark.parametrize(("base", "file"), [("layout:{}/base", "base/index.json"), ("archive:{}/b.tar", "b.tar")])
def test_a_base_on_this_disk_is_read(tmp_path: Path, base: str, file: str) -> None:
    folder = component(tmp_path)
    assert tmp_path / file in build(folder, {"COMP_BASE": base.format(tmp_path)}).files


def test_what_the_work_writes_is_left_out(tmp_path: Path) -> None:
    folder = component(tmp_path)
    (folder / "src" / "out").mkdir()
    (folder / "src" / "out" / "model").write_text("")
    sources = build(folder).without([folder / "src" / "out", folder / "src" / "a.py"])
    assert existing(sources, tmp_path) == OWN - {"a/src/a.py"}
    assert folder / "src" / "out" not in sources.folders


def test_the_inputs_of_a_run_are_files_and_whole_folders(tmp_path: Path) -> None:
    (tmp_path / "data" / "x").mkdir(parents=True)
    (tmp_path / "data" / "x" / "1.csv").write_text("")
    sources = sources_of_paths([tmp_path / "data", tmp_path / "missing.csv"])
    assert sources.files == {tmp_path / "data", tmp_path / "data/x/1.csv", tmp_path / "missing.csv"}
    assert sources.folders == {tmp_path / "data", tmp_path / "data/x"}


def test_unreadable_settings_are_reported_and_still_watched(tmp_path: Path) -> None:
    folder = component(tmp_path)
    (folder / "pyproject.toml").write_text("[tool.comp\n")
    with pytest.raises(InputError, match="not valid TOML"):
        build(folder)
    assert folder / "pyproject.toml" in sources_of_settings(folder).files


def test_a_build_of_a_dockerfile_reads_its_context(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "shared.txt").write_text("")
    (tmp_path / ".dockerignore").write_text("b")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "other").write_text("")
    folder = write_dockerfile_component(tmp_path / "a", "FROM scratch\n", settings='context = ".."')
    sources = build(folder)
    names = {"a/Dockerfile", "a/component.yaml", "a/pyproject.toml", "shared.txt", ".dockerignore"}
    assert existing(sources, tmp_path) == names
    assert tmp_path / "a" / "Dockerfile.dockerignore" in sources.files
    assert tmp_path in sources.folders

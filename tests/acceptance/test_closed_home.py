"""Every command works for a user whose home cannot be written, as in CI without root."""

import os
from pathlib import Path

import pytest

from tests.commands import Result, comp, ok
from tests.conftest import Sample


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that not even root can make: it would lie below a file."""
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "home"
    for name in [name for name in os.environ if name.startswith(("XDG_", "UV_", "COMP_C"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    return home


def _session(folder: Path) -> None:
    """Run what needs no engine, in a new folder."""
    (folder / "text.txt").write_text("one two two")
    ok("new", "hello", folder=folder)
    project = folder / "hello" / "pyproject.toml"
    project.write_text(project.read_text().replace("dependencies = []", 'dependencies = ["six==1.16.0"]'))
    ok("generate", "hello", folder=folder)
    for words in (("lint",), ("lock",), ("build",), ("build", "--output", "layout:image")):
        ok(words[0], "hello", *words[1:], folder=folder)
    ran = ("run", "hello", "--runner", "process", "-i", "text=text.txt", "-o", "counts=counts.json")
    assert ok(*ran, folder=folder) == "Output=3"
    ok("test", "hello", "--runner", "process", folder=folder)
    ok("inspect", "layout:image", folder=folder)
    ok("new", "other", "--template", "container", folder=folder)
    ok("sync", "other", folder=folder)
    ok("cache", folder=folder)
    assert comp("doctor", "hello", folder=folder).code == 0


def test_a_session_keeps_everything_in_its_own_cache(
    sample: Sample, closed: Path, tmp_path: Path, debian_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sample
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("COMP_BASE", f"layout:{debian_base}")
    (tmp_path / "work").mkdir()
    _session(tmp_path / "work")
    assert (tmp_path / "cache" / "uv" / "CACHEDIR.TAG").is_file()
    assert not closed.exists()


def test_without_a_place_for_a_cache_one_among_temporary_files_serves(
    sample: Sample, closed: Path, tmp_path: Path, debian_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sample
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("COMP_BASE", f"layout:{debian_base}")
    (tmp_path / "work").mkdir()
    _session(tmp_path / "work")
    spare = tmp_path / "tmp" / f"comp-cache-{os.getuid()}"
    assert spare.stat().st_mode & 0o777 == 0o700
    said: Result = comp("cache")
    assert said.out.splitlines()[0] == str(spare)
    assert (
        said.err == f"{closed}/.cache/comp cannot be written, so the cache is {spare}; COMP_CACHE_DIR names another\n"
    )
    spare.chmod(0o777)
    assert comp("cache").code == 3

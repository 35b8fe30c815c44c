"""`comp dockerfile` as its users meet it: what it writes, keeps and refuses, and what it prints."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Result, comp
from tests.components import small_base, write_component
from tests.fake_remote import FakeRemote, serving
from toolkit.oci.descriptor import Platform
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache"))
    with serving(FakeRemote()) as fake:
        image = read_layout(small_base(tmp_path / "base"), platform=Platform("linux", "amd64"))
        Remote(environ=os.environ).push(image, parse_reference(f"{fake.host}/base:1"), tags=["1"])
        yield write_component(tmp_path / "component", f"{fake.host}/base:1")


def _run(folder: Path, *words: str) -> Result:
    return comp("dockerfile", "--progress", "none", *words, folder=folder)


def test_it_writes_once_and_then_all_is_fresh(folder: Path) -> None:
    first = _run(folder)
    assert (first.code, first.out) == (0, ""), first.err
    assert [line for line in first.err.splitlines() if line.startswith(("wrote docker", "wrote Dock", "next"))] == [
        "wrote Dockerfile",
        "wrote docker/interface.json",
        "wrote docker/launch.py",
        "next: docker build -t count-words:1.2.0 .",
    ]
    again, checked = _run(folder), _run(folder, "--check")
    assert (again.code, again.err) == (0, "everything is fresh\n")
    assert (checked.code, checked.out, checked.err) == (0, "", "everything is fresh\n")


def test_a_new_interface_is_stale_until_it_is_written(folder: Path) -> None:
    _run(folder)
    code = folder / "src" / "count_words.py"
    code.write_text(code.read_text().replace("text: str)", "text: str, most: int = 3)"))
    comp("generate", folder=folder)
    checked = _run(folder, "--check")
    assert checked.code == 1
    assert '+                    "name": "most",' in checked.out or '"most"' in checked.out
    assert checked.err == "stale: docker/interface.json: run `comp dockerfile`\n"
    assert _run(folder).err == "wrote docker/interface.json\n"
    assert _run(folder, "--check").code == 0


def test_what_the_user_changed_stays(folder: Path) -> None:
    _run(folder)
    file = folder / "Dockerfile"
    mine = file.read_text().replace("# The image.\n", "# The image, with a label.\n")
    file.write_text(mine)
    assert _run(folder, "--check").code == 0
    settings = folder / "pyproject.toml"
    settings.write_text(settings.read_text().replace("1.2.0", "1.3.0"))
    comp("generate", folder=folder)
    assert _run(folder, "--check").code == 1
    kept = _run(folder)
    assert (kept.code, file.read_text()) == (1, mine)
    assert 'image.version="1.3.0"' in kept.out
    assert "error: Dockerfile was changed by you, and stays as it is\n\nhint: take over" in kept.err
    # The news were seen.
    assert _run(folder, "--check").code == 0
    assert _run(folder, "--force").err == "wrote Dockerfile\n"
    assert 'image.version="1.3.0"' in file.read_text()


def test_a_dockerfile_of_the_users_own_is_not_touched(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM scratch\n")
    before = sorted(path.name for path in folder.iterdir())
    refused = _run(folder)
    assert refused.code == 1
    assert "error: Dockerfile exists and is not of comp: nothing is written\n\nhint: write another" in refused.err
    after = {path.name for path in folder.iterdir()} - {"requirements.lock"}
    assert sorted(after) == before
    assert (folder / "Dockerfile").read_text() == "FROM scratch\n"
    assert _run(folder, "-o", str(folder / "own" / "Dockerfile")).code == 0
    assert (folder / "own" / "docker" / "launch.py").is_file()


def test_wrong_command_lines_and_bases(folder: Path, tmp_path: Path) -> None:
    both = _run(folder, "--check", "--force")
    assert (both.code, both.err) == (2, "error: --check and --force do not go together\n\nhint: leave one out\n")
    outside = _run(folder, "-o", str(tmp_path / "Dockerfile"))
    assert outside.code == 2
    assert "is not in the component's folder, from which the Dockerfile copies" in outside.err
    local = comp("dockerfile", folder=folder, env={**os.environ, "COMP_BASE": f"layout:{tmp_path / 'base'}"})
    assert local.code == 1
    assert "a Dockerfile cannot name the base layout:" in local.err
    assert "hint: push it to a distribution server" in local.err


def test_the_settings_name_the_file(folder: Path) -> None:
    settings = folder / "pyproject.toml"
    settings.write_text(settings.read_text() + 'dockerfile = "Containerfile"\n')
    assert comp("build", "--builder", "docker", folder=folder).code == 1
    assert "wrote Containerfile\n" in _run(folder).err
    assert _run(folder, "--check").code == 0
    settings.write_text(settings.read_text().replace('entrypoint = "count_words:count"\n', ""))
    text = "\n".join(line for line in settings.read_text().splitlines() if not line.startswith("base"))
    settings.write_text(f"{text}\n")
    alone = _run(folder)
    assert alone.code == 1
    assert "has a Dockerfile of its own, and no code from which one could be written" in alone.err

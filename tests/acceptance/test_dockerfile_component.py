"""Commands on a component with a Dockerfile, as far as they need no engine."""

import os
from pathlib import Path

import pytest

from tests.commands import Result, comp
from tests.components import small_base, write_component
from tests.dockerfiles import write_dockerfile_component

# Without docker and buildah: refusals come before any engine.
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere.sock", "PATH": "/nowhere"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_dockerfile_component(tmp_path / "count-lines", "FROM scratch\nCOPY . /\n")


def _comp(*arguments: str | Path, **variables: str) -> Result:
    return comp(*arguments, env={**os.environ, **NO_ENGINE, **variables})


def test_there_is_nothing_to_lock(folder: Path) -> None:
    for options in ((), ("--check",), ("--upgrade",)):
        done = _comp("lock", folder, *options)
        assert (done.code, done.out) == (0, "")
        assert done.err == "nothing to lock: the Dockerfile installs what it needs\n"
    assert not (folder / "requirements.lock").exists()


def test_a_collection_locks_its_other_components(tmp_path: Path, folder: Path) -> None:
    base = small_base(tmp_path / "base")
    write_component(tmp_path / "count-words", base)
    (tmp_path / "pyproject.toml").write_text('[tool.comp.workspace]\nlock = "shared"\n')
    done = _comp("lock", "--all", tmp_path)
    assert done.code == 0, done.err
    text = (tmp_path / "comp.lock").read_text()
    assert "count-words" in text
    assert folder.name not in text


def test_lint_and_generate_take_the_contract_as_it_is(folder: Path) -> None:
    assert _comp("generate", folder, "--check").code == 0
    assert _comp("lint", folder).code == 0
    (folder / "Dockerfile").unlink()
    done = _comp("lint", folder)
    assert done.code == 1
    assert f"there is no Dockerfile {folder / 'Dockerfile'}" in done.out + done.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--dry-run",), 1, "a Dockerfile has no preview"),
        (("--base", "python:3.12"), 2, "--base does not go with count-lines: its Dockerfile names the base"),
        (("--builder", "oci"), 1, "the builder oci builds no Dockerfile: it runs nothing"),
        ((), 3, "a Dockerfile is built by docker or buildah, and neither works here"),
        (("--builder", "buildah"), 3, "buildah is not installed"),
        (("--secret", "id=a,hunter22=b"), 2, "invalid --secret: it has another form"),
        (("--build-arg", "API_TOKEN=x", "--builder", "buildah"), 1, "API_TOKEN seems to be a secret"),
        (("--secret", "id=TOKEN", "--builder", "buildah"), 1, "the secret TOKEN is missing"),
        (("--ssh", "default=/nowhere", "--builder", "buildah"), 1, "the ssh agent default is missing"),
    ],
)
def test_what_is_refused_is_refused_in_plain_words(
    folder: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = _comp("build", folder, *arguments)
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert "\n\nhint: " in done.err
    assert "hunter22" not in done.err


def test_a_run_as_a_process_is_refused(folder: Path) -> None:
    named = _comp("run", folder, "--runner", "process", "-i", "text=x")
    assert named.code == 2
    assert "what it installs is in its image alone: it cannot run as a process" in named.err
    found = _comp("run", folder, "-i", "text=x")
    assert found.code == 3
    assert "neither docker nor buildah works here" in found.err


def test_options_of_a_dockerfile_need_one(tmp_path: Path) -> None:
    other = write_component(tmp_path / "count-words", small_base(tmp_path / "base"))
    done = _comp("build", other, "--target", "x")
    assert done.code == 2
    assert "count-words has no Dockerfile" in done.err
    done = _comp("build", other, COMP_BUILDER="kaniko")
    assert done.code == 2
    assert "COMP_BUILDER is kaniko, which is not a builder" in done.err

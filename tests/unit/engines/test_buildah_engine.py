"""Buildah by subprocess, against a program of that name which writes down what it is asked."""

from pathlib import Path

import pytest

from toolkit.engines.buildah import buildah, container, version
from toolkit.errors import OutsideError
from toolkit.runners.buildah import BuildahRunner

_RECORDER = """#!/bin/sh
echo "$*" >> "{asked}"
case "$1" in
from) echo working-container;;
--version) echo "buildah version 1.28.2 (image-spec 1.1.0-rc2)";;
fail) seq 1 9 >&2; exit 125;;
esac
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the program on PATH; the file has one line for each time it ran."""
    program = tmp_path / "bin" / "buildah"
    program.parent.mkdir()
    program.write_text(_RECORDER.format(asked=tmp_path / "asked"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return tmp_path / "asked"


@pytest.fixture
def _nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1:5000", "127.8.0.1", "[::1]:5000", "localhost"])
def test_this_machines_servers_need_no_tls(asked: Path, host: str) -> None:
    with container(f"{host}/a/b:1") as name:
        assert name == "working-container"
    assert asked.read_text().splitlines()[0] == f"from --quiet --tls-verify=false {host}/a/b:1"


@pytest.mark.parametrize("host", ["127.example.com", "localhost.example.com", "127.0.0.1.example.com:5000"])
def test_a_server_that_is_only_named_like_this_machine_needs_tls(asked: Path, host: str) -> None:
    with container(f"{host}/a/b:1"):
        pass
    assert asked.read_text().splitlines()[0] == f"from --quiet {host}/a/b:1"


def test_the_container_is_removed_when_work_in_it_is_interrupted(asked: Path) -> None:
    with pytest.raises(KeyboardInterrupt), container("example.com/a:1"):
        raise KeyboardInterrupt
    assert asked.read_text().splitlines()[-1] == "rm working-container"


@pytest.mark.usefixtures("asked")
def test_an_error_has_the_last_lines() -> None:
    with pytest.raises(OutsideError, match=r"buildah fail failed: 5 / 6 / 7 / 8 / 9$"):
        buildah("fail")


@pytest.mark.usefixtures("asked")
def test_the_version_is_the_third_word() -> None:
    assert version() == "1.28.2"
    assert BuildahRunner().available()


@pytest.mark.usefixtures("_nothing")
def test_without_buildah_it_says_what_to_install() -> None:
    assert version() is None
    assert not BuildahRunner().available()
    with pytest.raises(OutsideError) as raised:
        buildah("images")
    assert raised.value.hint == "apt-get install buildah"

"""Wheels built in a container, by a buildah that runs nothing and writes what a build would leave behind."""

import os
import shlex
import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.artifacts import FACTS, base_image, base_of
from toolkit.cache.store import Cache
from toolkit.errors import InputError, OutsideError
from toolkit.job.base_container import BaseContainer, wheel_builder_for
from toolkit.oci.descriptor import host_platform
from toolkit.python.target import Base

BASE = base_of(base_image())
# Copies the script beside itself, and leaves the log, the exit code and a wheel that are prepared there.
_BUILDAH = """#!/bin/sh
here=$(dirname "$0")
case "$1" in
info) printf '{"store": {"GraphRoot": "%s", "GraphDriverName": "overlay"}}' "$(dirname "$0")";;
from) echo working-container;;
--version) echo "buildah version 1.28.2 (image-spec 1.1.0-rc2)";;
run)
    for word; do
        case "$word" in
        *:/comp-build/out:rw) out="${word%%:*}";;
        *:/comp-build/build.sh:ro) cp -L "${word%%:*}" "$here/script";;
        esac
    done
    echo "$*" > "$here/words"
    cp "$here"/result/* "$out";;
esac
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    (folder / "result").mkdir(parents=True)
    (folder / "buildah").write_text(_BUILDAH)
    (folder / "buildah").chmod(0o755)
    return folder


@pytest.fixture
def environ(programs: Path, tmp_path: Path) -> dict[str, str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        docker = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    return {"PATH": f"{programs}:/usr/bin:/bin", "DOCKER_HOST": docker, "HOME": str(tmp_path / "home")}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "near-1.0.tar.gz"
    path.write_text("a source distribution")
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    path = tmp_path / "out"
    path.mkdir()
    return path


def _container(environ: dict[str, str], tmp_path: Path, base: Base = BASE) -> BaseContainer:
    return BaseContainer(lambda: base, environ, Cache(tmp_path / "cache"))


def _leave(programs: Path, *, code: str = "0", log: str = "") -> None:
    (programs / "result" / "code").write_text(code)
    (programs / "result" / "log").write_text(log)
    (programs / "result" / "near-1.0-py3-none-any.whl").write_text("a wheel")


def test_the_wheel_is_left_in_the_folder(
    environ: dict[str, str], tmp_path: Path, programs: Path, source: Path, out: Path
) -> None:
    _leave(programs)
    _container(environ, tmp_path).build(source, out, {"SETUPTOOLS_SCM_PRETEND_VERSION": "1.0"})
    assert (out / "near-1.0-py3-none-any.whl").read_text() == "a wheel"
    script = (programs / "script").read_text()
    assert "export SETUPTOOLS_SCM_PRETEND_VERSION=1.0\n" in script
    assert f"chown -R {os.getuid()}:{os.getgid()} /comp-build/out\n" in script
    (command,) = [line.partition(" > ")[0] for line in script.splitlines() if line.startswith("/comp-build/uv build")]
    assert shlex.split(command)[-1] == "/tmp/comp-build/near-1.0.tar.gz"  # noqa: S108 (in the container)
    assert "--user 0" in (programs / "words").read_text()


def test_what_uv_knows_of_indexes_goes_along_and_nothing_else(
    environ: dict[str, str], tmp_path: Path, programs: Path, source: Path, out: Path
) -> None:
    _leave(programs)
    (tmp_path / "links").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".netrc").write_text("machine example.com login a password b")
    environ |= {
        "UV_DEFAULT_INDEX": "https://example.com/simple",
        "UV_FIND_LINKS": f"{tmp_path / 'links'} https://example.com/links",
        "UV_PYTHON": "/usr/bin/python3",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    _container(environ, tmp_path).build(source, out, {})
    script, words = ((programs / name).read_text() for name in ("script", "words"))
    assert "export UV_DEFAULT_INDEX=https://example.com/simple\n" in script
    assert "export NETRC=/comp-build/netrc\n" in script
    assert ":/comp-build/netrc:ro" in words
    assert f":{tmp_path / 'links'}:ro" in words
    assert "UV_PYTHON=" not in script
    assert "secret" not in script + words
    assert "password b" not in words


def test_a_build_that_fails_gives_its_last_lines(
    environ: dict[str, str], tmp_path: Path, programs: Path, source: Path, out: Path
) -> None:
    _leave(programs, code="2", log="Building near\nKeyError: 'x'\nerror: Failed to build near\n")
    with pytest.raises(
        InputError, match=r"near-1\.0\.tar\.gz does not build in a container of the base: KeyError: 'x'"
    ):
        _container(environ, tmp_path).build(source, out, {})
    _leave(programs, code="")
    with pytest.raises(InputError, match="it printed nothing"):
        _container(environ, tmp_path).build(source, out, {})


@pytest.mark.parametrize(
    "line",
    [
        "fatal error: Python.h: No such file or directory",
        "error: command 'gcc' failed: No such file or directory",
        "ERROR: Unknown compiler(s): [['cc']]",
        "error: can't find Rust compiler",
    ],
)
def test_a_missing_compiler_is_recognised(
    environ: dict[str, str], tmp_path: Path, programs: Path, source: Path, out: Path, line: str
) -> None:
    _leave(programs, code="2", log=f"{line}\nerror: Failed to build near\n")
    with pytest.raises(InputError, match="needs a compiler and Python's headers") as refused:
        _container(environ, tmp_path).build(source, out, {})
    assert "build-base" in (refused.value.hint or "")


def test_only_glibc_will_do(environ: dict[str, str], tmp_path: Path, source: Path, out: Path) -> None:
    musl = base_of(base_image(), replace(FACTS, libc="musl", libc_version="1.2"))
    with pytest.raises(InputError, match="with glibc only, this one has musl"):
        _container(environ, tmp_path, musl).build(source, out, {})


def test_without_an_engine_nothing_is_built(
    environ: dict[str, str], tmp_path: Path, programs: Path, source: Path, out: Path
) -> None:
    assert _container(environ, tmp_path).refuses() is None
    environ["PATH"] = str(programs / "nothing")
    container = _container(environ, tmp_path)
    assert container.refuses() == "neither docker nor buildah is here"
    with pytest.raises(OutsideError, match="neither docker nor buildah is here"):
        container.build(source, out, {})


def test_only_this_machine_s_processor_will_do(environ: dict[str, str], tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    here = wheel_builder_for(lambda: BASE, host_platform().architecture, environ, cache)
    assert here is not None
    assert here.identity == str(BASE.image.digest)
    assert wheel_builder_for(lambda: BASE, "riscv64", environ, cache) is None

"""Builds by engines that fail: exit code 3, plain words, and nothing left behind."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.commands import COMP, Result, comp, ok
from tests.components import small_base, write_component


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A component, with a folder for temporary files that has to be empty in the end."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache"))
    made = write_component(tmp_path / "component", small_base(tmp_path / "base"))
    ok("lock", made)
    return made


def _build(folder: Path, builder: str, **variables: str) -> Result:
    done = comp("build", "--builder", builder, folder=folder, env={**os.environ, **variables})
    assert list((folder.parent / "tmp").iterdir()) == []
    assert "Traceback" not in done.err
    return done


class _Daemon(BaseHTTPRequestHandler):
    """A docker daemon up to the build, at which it dies; `api` is its version."""

    api = "1.41"

    def do_GET(self) -> None:
        answers = {"/version": {"ApiVersion": self.api, "Version": "20.10.24"}, "/_ping": "OK"}
        path = next((path for path in answers if self.path.endswith(path)), None)
        self._answer(answers[path] if path else {"Id": "sha256:1", "RootFS": {}})

    def do_POST(self) -> None:
        self.rfile.read(1)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        line = b'{"stream":"Step 1/2 : FROM comp-base"}\r\n'
        self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, document: object) -> None:
        data = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Print nothing."""


@contextmanager
def _daemon(handler: type[_Daemon]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"tcp://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_daemon_that_dies_in_the_build(folder: Path) -> None:
    with _daemon(_Daemon) as address:
        done = _build(folder, "docker", DOCKER_HOST=address)
    assert done.code == 3, done.err
    assert "error: docker cannot build the image: " in done.err
    assert "hint: is the daemon running, and may you use it? `docker info` shows it\n" in done.err


def test_a_daemon_that_is_too_old(folder: Path) -> None:
    with _daemon(type("Old", (_Daemon,), {"api": "1.12"})) as address:
        done = _build(folder, "docker", DOCKER_HOST=address)
    assert done.code == 3, done.err
    assert done.err.startswith(f"error: docker does not answer at {address}: API versions below ")
    assert done.err.endswith("\n\nhint: update docker\n")


def test_no_daemon_and_none_that_lets_this_user_in(folder: Path, tmp_path: Path) -> None:
    missing = _build(folder, "docker", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert (missing.code, missing.err.splitlines()[0]) == (
        3,
        f"error: docker does not answer at {tmp_path}/none.sock: No such file or directory",
    )
    nothing = _build(folder, "docker", DOCKER_HOST="tcp://127.0.0.1:9")
    # What the SDK says around it is left out.
    assert (nothing.code, nothing.err.splitlines()[:2]) == (
        3,
        ["error: docker does not answer at tcp://127.0.0.1:9: Connection refused", ""],
    )
    wrong = _build(folder, "docker", DOCKER_HOST="nonsense://x")
    assert wrong.code == 3
    assert "nonsense://x" in wrong.err


_BUILDAH = """#!/bin/sh
echo "$*" >> "{asked}"
case "$1" in
--version) echo "buildah version 1.28.2 (image-spec 1.1.0-rc2)";;
info) printf '{{"store": {{"GraphRoot": "%s", "GraphDriverName": "overlay"}}}}' "$(dirname "$0")";;
from) echo working-container; {begin};;
copy) {copy};;
esac
"""
_WITHOUT_RANGES = """
echo 'time="2026-01-01T00:00:00Z" level=warning msg="Found no UID ranges set aside"' >&2
echo 'Error: adding layer: potentially insufficient UIDs or GIDs available in user namespace: Check /etc/subuid' >&2
exit 125
"""


@contextmanager
def _buildah(tmp_path: Path, *, begin: str = ":", copy: str = ":") -> Iterator[dict[str, str]]:
    """Put a program in the place of buildah; yield the variables that lead to it."""
    program = tmp_path / "bin" / "buildah"
    program.parent.mkdir()
    program.write_text(_BUILDAH.format(asked=tmp_path / "asked", begin=begin, copy=copy))
    program.chmod(0o755)
    yield {"PATH": f"{program.parent}:{os.environ['PATH']}"}


def test_buildah_without_ranges_of_users(folder: Path, tmp_path: Path) -> None:
    with _buildah(tmp_path, begin=_WITHOUT_RANGES) as variables:
        done = _build(folder, "buildah", **variables)
    assert done.code == 3
    assert done.err == (
        "error: buildah from failed: adding layer: potentially insufficient UIDs or GIDs available in user namespace: "
        "Check /etc/subuid\n\n"
        "hint: this user has no ranges in /etc/subuid and /etc/subgid: usermod --add-subuids 100000-165535 "
        "--add-subgids 100000-165535 USER, or be root\n"
    )


def test_buildah_without_space(folder: Path, tmp_path: Path) -> None:
    full = "echo 'Error: storing layer: write /var/lib/x: no space left on device' >&2; exit 125"
    with _buildah(tmp_path, copy=full) as variables:
        done = _build(folder, "buildah", **variables)
    assert done.code == 3
    assert done.err.startswith("error: buildah copy failed: storing layer: write /var/lib/x: no space left on device\n")
    assert "hint: `buildah info` shows where its storage is, TMPDIR is for files in between\n" in done.err
    assert (tmp_path / "asked").read_text().splitlines()[-1] == "rm working-container"


def test_no_buildah(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = _build(folder, "buildah", PATH=str(tmp_path / "empty"))
    assert (done.code, done.err) == (3, "error: buildah is not installed\n\nhint: apt-get install buildah\n")


def test_an_interrupted_build_takes_its_container_along(folder: Path, tmp_path: Path) -> None:
    with _buildah(tmp_path, copy="exec sleep 60") as variables:
        running = subprocess.Popen(
            [COMP, "build", "--builder", "buildah"],
            cwd=folder,
            env={**os.environ, **variables},
            stderr=subprocess.PIPE,
            text=True,
        )
        asked = tmp_path / "asked"
        deadline = time.monotonic() + 60
        while not (asked.exists() and "\ncopy " in asked.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=30)
    assert running.returncode == 143, errors
    assert asked.read_text().splitlines()[-1] == "rm working-container"
    assert list((tmp_path / "tmp").iterdir()) == []

"""Docker daemons that are no help: none at all, one that is too old, one that dies in the middle of a build."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.commands import Result, comp
from tests.dockerfiles import write_dockerfile_component


class Daemon(BaseHTTPRequestHandler):
    """Answers as a daemon of the version that its server has; of a build it breaks off the answer."""

    def do_GET(self) -> None:
        version = getattr(self.server, "version", "1.41")
        document = {"Version": "20.10", "ApiVersion": version, "MinAPIVersion": "1.12"}
        self._answer(json.dumps(document).encode())

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        line = json.dumps({"stream": "Step 2/2 : RUN sleep 1000\n"}).encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.flush()
        # Not the last chunk, which would end the answer.
        self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class Server(ThreadingHTTPServer):
    """A daemon's HTTP server, which speaks this version of the API."""

    version = "1.41"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Daemon) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def _build(tmp_path: Path, host: str) -> Result:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "bin").mkdir()
    folder = write_dockerfile_component(tmp_path / "c", "FROM scratch\nRUN sleep 1000\n")
    # Without docker's program, so that the SDK builds.
    environ = {**os.environ, "DOCKER_HOST": host, "PATH": str(tmp_path / "bin"), "TMPDIR": str(tmp_path / "tmp")}
    done = comp("build", folder, "--builder", "docker", env=environ)
    assert (done.code, done.out) == (3, ""), done.err
    assert list((tmp_path / "tmp").iterdir()) == []
    return done


def test_no_daemon(tmp_path: Path) -> None:
    done = _build(tmp_path, f"unix://{tmp_path}/docker.sock")
    assert done.err.startswith(
        f"error: docker does not answer at {tmp_path}/docker.sock: No such file or directory\n\n"
    )
    assert "hint: is the daemon running, and may you use it? `docker info` shows it\n" in done.err


def test_a_daemon_that_is_too_old(tmp_path: Path, server: Server) -> None:
    server.version = "1.12"
    done = _build(tmp_path, f"tcp://127.0.0.1:{server.server_port}")
    assert f"error: docker does not answer at tcp://127.0.0.1:{server.server_port}: API versions below " in done.err


def test_a_daemon_that_dies_in_the_middle(tmp_path: Path, server: Server) -> None:
    done = _build(tmp_path, f"tcp://127.0.0.1:{server.server_port}")
    assert "error: docker cannot build the image: " in done.err

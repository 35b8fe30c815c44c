"""Docker by its SDK, where no daemon answers."""

import os
import socket
import threading
from collections.abc import Iterator

import docker
import pytest
import urllib3

from toolkit.engines.docker import connect, failing, version
from toolkit.errors import OutsideError
from toolkit.runners.docker import DockerRunner


@pytest.fixture
def _no_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a port on which nothing listens; for a missing socket file, the SDK leaks a socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")


@pytest.fixture
def _hangs_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Name a server that accepts every connection and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.getsockname()[1]}")
        ended = threading.Event()

        def answer() -> None:
            while not ended.is_set():
                try:
                    server.accept()[0].close()
                except TimeoutError:
                    continue

        thread = threading.Thread(target=answer)
        thread.start()
        yield
        ended.set()
        thread.join()


@pytest.mark.usefixtures("_no_daemon")
def test_without_a_daemon_the_error_says_how_to_look() -> None:
    with pytest.raises(OutsideError, match="docker does not answer") as raised:
        connect(os.environ)
    assert raised.value.hint is not None
    assert "docker info" in raised.value.hint


@pytest.mark.usefixtures("_no_daemon")
def test_without_a_daemon_there_is_no_version() -> None:
    assert version(os.environ) is None
    assert not DockerRunner(os.environ).available()


@pytest.mark.usefixtures("_hangs_up")
def test_a_server_that_hangs_up_is_not_a_daemon() -> None:
    assert version(os.environ) is None
    with pytest.raises(OutsideError, match="docker does not answer"):
        connect(os.environ)


@pytest.mark.parametrize("address", ["nonsense://x", "http://", "tcp://127.0.0.1:none"])
def test_an_invalid_address_is_an_error_too(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    assert version(os.environ) is None
    with pytest.raises(OutsideError, match="docker does not answer"):
        connect(os.environ)


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (urllib3.exceptions.ProtocolError("Connection broken"), "is the daemon running, and may you use it?"),
        (docker.errors.DockerException("API versions below 1.24 are no longer supported"), "update docker"),
    ],
)
def test_what_the_sdk_lets_through_is_an_error_of_the_daemon(error: Exception, hint: str) -> None:
    with pytest.raises(OutsideError, match="docker cannot build") as raised, failing("docker cannot build"):
        raise error
    assert (raised.value.hint or "").startswith(hint)

"""Downloads from package indexes: bounded in size and time, through proxies, and as the right user."""

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.certificates import make_certificates
from tests.hostile.servers import SLOW, Talk, request_head, serving_bytes
from tests.package_index import HERE, PackageIndex, resolved
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.progress import silent
from toolkit.python.target import Target
from toolkit.requirements.download import download, index_transport
from toolkit.requirements.fetch import fetch_wheels
from toolkit.requirements.index_users import IndexUsers
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.pin import Pin

ALPHA = "alpha-2.0-py3-none-any.whl"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def locked(index: PackageIndex, filename: str) -> Pin:
    """Give the pin of a wheel as a lock has it, without an address."""
    name, version = filename.split("-")[:2]
    return Pin(name=name, version=version, filename=filename, digest=Digest.of(index.files[filename]))


@pytest.fixture
def secure_index(index: PackageIndex, tmp_path: Path) -> Iterator[str]:
    """HOST:PORT of a server that gives alpha over TLS, whatever it is asked for."""
    made = make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)

    def talk(connection: socket.socket, _: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as encrypted:
            request_head(encrypted)
            encrypted.sendall(_answer(index.files[ALPHA]))

    with serving_bytes(talk) as host:
        yield host


def _answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def strict_proxy(index: PackageIndex, tunnel_to: str, heads: list[bytes]) -> Iterator[str]:
    """Serve as a proxy that asks for ann's credentials: it gives alpha itself, or leads every tunnel to one host."""

    def talk(connection: socket.socket, _: threading.Event) -> None:
        heads.append(request_head(connection))
        if b"Proxy-Authorization: Basic YW5uOnM6Y3JldA==\r\n".lower() not in heads[-1].lower():  # ann:s:cret
            connection.sendall(b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        elif not heads[-1].startswith(b"CONNECT "):
            connection.sendall(_answer(index.files[ALPHA]))
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            host, _colon, port = tunnel_to.partition(":")
            with socket.create_connection((host, int(port))) as beyond:
                there = threading.Thread(target=_copy, args=(connection, beyond))
                there.start()
                _copy(beyond, connection)
                there.join()

    with serving_bytes(talk) as host:
        yield host


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_asks_for_credentials_gets_those_of_its_address(
    index: PackageIndex, cache: Cache, secure_index: str, scheme: str
) -> None:
    heads: list[bytes] = []
    pin = replace(locked(index, ALPHA), url=f"{scheme}://index.example/files/{ALPHA}")
    with strict_proxy(index, secure_index, heads) as proxy:
        variables = {
            "HTTP_PROXY": f"http://ann:s%3Acret@{proxy}",
            "HTTPS_PROXY": f"http://ann:s%3Acret@{proxy}",
            "UV_INSECURE_HOST": "index.example",
        }
        users = IndexUsers(Indexes(environ=variables), cache)
        download(pin, cache, silent, users, index_transport(variables))
    assert cache.read_verified(pin.digest) == index.files[ALPHA]
    assert len(heads) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_misses_credentials_is_named(
    index: PackageIndex, cache: Cache, secure_index: str, scheme: str
) -> None:
    pin = replace(locked(index, ALPHA), url=f"{scheme}://index.example/files/{ALPHA}")
    with strict_proxy(index, secure_index, []) as proxy:
        variables = {"HTTP_PROXY": f"http://{proxy}", "HTTPS_PROXY": f"http://ann:wrong@{proxy}"}
        users = IndexUsers(Indexes(environ=variables), cache)
        with pytest.raises(OutsideError) as caught:
            download(pin, cache, silent, users, index_transport(variables))
    refusal = f"the proxy {proxy} wants credentials before it connects to index.example"
    assert caught.value.message == f"cannot fetch {ALPHA}: {refusal}"
    assert "HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT" in str(caught.value.hint)
    assert "wrong" not in f"{caught.value.message} {caught.value.hint}"


def test_more_than_was_promised_is_not_taken(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pin = replace(locked(index, ALPHA), url=f"http://127.0.0.1:{index.port}/{index.token}/files/{ALPHA}", size=10)
    with pytest.raises(OutsideError, match=f"{ALPHA} is longer than the 10 bytes that the index promised"):
        fetch_wheels([pin], debian, cache, silent, indexes=HERE)
    assert not cache.has_blob(pin.digest)


@pytest.mark.parametrize("talk", SLOW, ids=lambda talk: talk.__name__)
def test_a_slow_index_is_not_waited_for_forever(
    index: PackageIndex, debian: Target, cache: Cache, monkeypatch: pytest.MonkeyPatch, talk: Talk
) -> None:
    monkeypatch.setenv("COMP_LIMIT_REQUEST_TIME", "1")
    with serving_bytes(talk) as host, pytest.raises(OutsideError, match=f"cannot fetch {ALPHA}: .*{host}") as caught:
        fetch_wheels([replace(locked(index, ALPHA), url=f"http://{host}/{ALPHA}")], debian, cache, silent, indexes=HERE)
    assert "COMP_LIMIT_REQUEST_TIME" in (caught.value.hint or "")


def test_no_more_is_taken_than_there_may_be(
    index: PackageIndex, debian: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that answers a small wheel with a flood: at its size, or at a limit where the size is not known."""
    (pin,) = resolved(["alpha<2"], debian)
    index.wrong[pin.filename] = bytes(5_000_000)
    cache = Cache(tmp_path / "bounded")
    small = replace(pin, size=len(index.files[pin.filename]))
    with pytest.raises(OutsideError, match=f"is longer than the {small.size} bytes that the index promised"):
        fetch_wheels([small], debian, cache, silent, indexes=HERE)
    monkeypatch.setenv("COMP_LIMIT_PACKAGE_SIZE", "2000000")
    with pytest.raises(InputError, match=r"alpha-1\.0-py3-none-any\.whl exceeds the limit of 2\.0 MB") as refused:
        fetch_wheels([replace(pin, size=None)], debian, cache, silent, indexes=HERE)
    assert "COMP_LIMIT_PACKAGE_SIZE" in (refused.value.hint or "")
    assert [path.name for path in cache.root.rglob("*") if path.is_file()] == [".in-use"]
    # Nothing of it is in the way of the true file.
    index.wrong.clear()
    (wheel,) = fetch_wheels([replace(pin, size=None)], debian, cache, silent, indexes=HERE)
    assert wheel.path.read_bytes() == index.files[pin.filename]


def test_devices_and_pipes_are_not_read(debian: Target, tmp_path: Path, index: PackageIndex) -> None:
    (pin,) = resolved(["alpha<2"], debian)
    assert index.port
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe", tmp_path):
        with pytest.raises(OutsideError, match="is not a regular file"):
            fetch_wheels([replace(pin, url=path.as_uri())], debian, Cache(tmp_path / "cache"), silent, indexes=HERE)

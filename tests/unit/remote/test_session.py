import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.certificates import Certificates
from tests.fake_remote import FakeRemote, Reply
from tests.hostile.servers import request_line, serving_bytes
from toolkit.cache.store import Cache
from toolkit.errors import InputError, OutsideError, RemoteError
from toolkit.http.answers import error_text
from toolkit.oci.descriptor import (
    Platform,
)
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote.client import Remote

Client = Callable[..., Remote]
NO_ADDRESS = ["http://[::1", "http://host:port/x", "https://[v1.x]/", "ftp://host/x", "http://a:b@host/x"]
PLATFORM = Platform("linux", "amd64")
DEEP = b"[" * 200_000


def target(fake: FakeRemote) -> Reference:
    return parse_reference(f"{fake.host}/ml/train:1")


def test_tls_with_an_authority_of_ones_own(
    secure: FakeRemote, certificates: Certificates, client: Client, image: Image
) -> None:
    remote = client(SSL_CERT_FILE=str(certificates.authority))
    remote.push(image, target(secure))
    assert remote.head(target(secure)) == image.descriptor


def test_an_untrusted_certificate_is_refused(secure: FakeRemote, client: Client) -> None:
    with pytest.raises(RemoteError) as caught:
        client().ping(secure.host)
    assert caught.value.status == 0
    assert caught.value.message.startswith(f"the TLS certificate of {secure.host} is not trusted: ")
    assert caught.value.hint
    assert "SSL_CERT_FILE=ca.pem" in caught.value.hint


def test_a_listed_host_may_have_any_certificate(secure: FakeRemote, client: Client, image: Image) -> None:
    remote = client(COMP_INSECURE_REGISTRIES=f"other.example.com,{secure.host}")
    remote.push(image, target(secure))


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_an_invalid_certificate_file(fake: FakeRemote, client: Client, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match="SSL_CERT_FILE names"):
        client(SSL_CERT_FILE=str(path)).ping("registry.invalid")
    client(SSL_CERT_FILE=str(path)).ping(fake.host)


def test_a_host_that_is_down(client: Client) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(RemoteError) as caught:
            client().ping(host)
    assert caught.value.message == f"cannot connect to {host}: Connection refused"
    assert (caught.value.status, caught.value.exit_code) == (0, 3)
    assert caught.value.hint == "start the server, or correct the port"


def test_a_name_that_does_not_resolve(client: Client) -> None:
    with pytest.raises(RemoteError, match=r"cannot connect to registry\.invalid") as caught:
        client().ping("registry.invalid")
    assert "https" not in caught.value.message


def test_a_server_that_speaks_something_else(client: Client, pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"

        def greet() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                connection.sendall(b"220 mail.example.com ESMTP\r\n")
                connection.recv(1 << 16)
                connection.close()

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        with pytest.raises(RemoteError, match=f"no TLS connection to {host}"):
            client().ping(host)
        thread.join()
    assert pauses == []


def test_an_api_that_is_not_there(fake: FakeRemote, client: Client) -> None:
    fake.faults.fail("GET", "/v2/", 404, times=5)
    with pytest.raises(RemoteError, match="does not have it") as caught:
        client().ping(fake.host)
    assert caught.value.status == 404


def test_too_many_requests(fake: FakeRemote, client: Client, pauses: list[float]) -> None:
    fake.faults.fail("HEAD", "/manifests/", 429, times=9, Retry_After="1000")
    with pytest.raises(RemoteError, match="limits the rate of requests") as caught:
        client().head(target(fake))
    assert caught.value.status == 429
    assert pauses == [60, 60, 60]


def test_a_proxy_is_asked_for_other_hosts_and_not_for_this_machine(fake: FakeRemote, client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        heard: list[bytes] = []

        def listen() -> None:
            connection, _ = proxy.accept()
            heard.append(connection.recv(1 << 16))
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            connection.close()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        address = f"http://ann:s%3Acret@127.0.0.1:{proxy.getsockname()[1]}"
        remote = client(HTTPS_PROXY=address, HTTP_PROXY=address)
        remote.ping(fake.host)
        assert heard == []
        with pytest.raises(RemoteError) as caught:
            remote.ping("registry.example.com")
        thread.join()
    assert heard[0].startswith(b"CONNECT registry.example.com:443 ")
    assert b"Basic YW5uOnM6Y3JldA==" in heard[0]  # ann:s:cret
    assert "cret" not in f"{caught.value.message} {caught.value.hint}"
    assert (
        caught.value.message
        == f"the proxy {address.partition('@')[2]} does not connect to registry.example.com: status 502"
    )


@pytest.mark.parametrize("tls", [True, False])
def test_a_proxy_that_wants_a_login_says_so(client: Client, *, tls: bool) -> None:
    def talk(connection: socket.socket, _: threading.Event) -> None:
        request_line(connection)
        connection.sendall(b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    listed = {} if tls else {"COMP_INSECURE_REGISTRIES": "registry.example.com"}
    with serving_bytes(talk) as proxy, pytest.raises(RemoteError) as caught:
        client(HTTPS_PROXY=f"http://{proxy}", HTTP_PROXY=f"http://{proxy}", **listed).ping("registry.example.com")
    assert caught.value.message == f"the proxy {proxy} wants credentials before it connects to registry.example.com"
    assert "HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT" in (caught.value.hint or "")


def test_a_proxy_that_is_down_is_named(client: Client) -> None:
    with pytest.raises(
        RemoteError, match=r"cannot connect to registry.example.com through the proxy 127.0.0.1:1: "
    ) as error:
        client(HTTPS_PROXY="http://127.0.0.1:1").ping("registry.example.com")
    assert "HTTPS_PROXY" in (error.value.hint or "")


def test_an_answer_through_a_proxy_says_so(client: Client) -> None:
    def talk(connection: socket.socket, _: threading.Event) -> None:
        request_line(connection)
        body = b"<html><body><h1>Blocked by policy</h1></body></html>"
        head = b"HTTP/1.1 403 No\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body)

    host = "registry.example.com"
    with serving_bytes(talk) as proxy, pytest.raises(RemoteError) as caught:
        client(HTTP_PROXY=f"http://{proxy}", COMP_INSECURE_REGISTRIES=host).ping(host)
    assert f"through the proxy {proxy}: Blocked by policy" in caught.value.message


def test_a_listed_host_is_asked_with_tls_first(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        heard: list[bytes] = []

        def listen() -> None:
            for status in (b"502 Bad Gateway", b"200 OK"):
                connection, _ = proxy.accept()
                heard.append(connection.recv(1 << 16).partition(b" HTTP/1.")[0])
                connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                connection.close()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        client(
            ALL_PROXY=f"http://127.0.0.1:{proxy.getsockname()[1]}", COMP_INSECURE_REGISTRIES="registry.example.com"
        ).ping("registry.example.com")
        thread.join()
    assert heard == [
        b"CONNECT registry.example.com:443",
        b"GET http://registry.example.com/v2/",
    ]


@pytest.mark.parametrize("location", [*NO_ADDRESS, "http://127.0.0.1\u00a0/", "//[", "\x7f"])
def test_a_redirect_to_no_address(
    fake: FakeRemote, client: Client, source: Reference, cache: Cache, location: str
) -> None:
    fake.faults.replies.append(("GET", "/manifests/", Reply(307, {"Location": location})))
    with pytest.raises(OutsideError, match=f"{fake.host} gave an invalid answer: its redirect"):
        client().pull(source, PLATFORM, cache)


@pytest.mark.parametrize("body", [DEEP, b'{"errors":' * 100_000, b'{"errors": [{"message": {"a": []}}]}', b"\xff\xfe"])
def test_an_error_that_cannot_be_read(
    fake: FakeRemote, client: Client, source: Reference, cache: Cache, body: bytes
) -> None:
    assert len(error_text(body)) < 400
    fake.faults.replies.append(("GET", "/manifests/", Reply(418, {}, body)))
    with pytest.raises(OutsideError, match="answers 418"):
        client().pull(source, PLATFORM, cache)


@pytest.fixture
def source(fake: FakeRemote) -> Reference:
    return parse_reference(f"{fake.host}/base/python:3.11")


def store(fake: FakeRemote, image: Image, *, tag: str | None = "3.11") -> None:
    fake.put_blob("base/python", image.config)
    for layer in image.layers:
        fake.put_blob("base/python", b"".join(layer.chunks()))
    fake.put_manifest("base/python", image.manifest, image.media_type, tag=tag)


def test_redirects_end(fake: FakeRemote, client: Client, image: Image, source: Reference, cache: Cache) -> None:
    store(fake, image)
    fake.faults.redirect_blobs_to = f"http://{fake.host}"
    with pytest.raises(RemoteError, match="redirects without end"):
        client().pull(source, PLATFORM, cache)


def test_a_redirect_to_an_unencrypted_stranger_is_refused(
    fake: FakeRemote, client: Client, image: Image, source: Reference, cache: Cache
) -> None:
    store(fake, image)
    fake.faults.redirect_blobs_to = "http://storage.example.com"
    with pytest.raises(OutsideError, match=r"points to http://storage.example.com, which is not encrypted"):
        client().pull(source, PLATFORM, cache)

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.certificates import Certificates, make_certificates
from tests.fake_remote import FakeRemote, serving
from tests.hostile.servers import request_line, serving_bytes
from toolkit.errors import InputError, OutsideError, RemoteError
from toolkit.http.answers import error_text
from toolkit.http.hosts import InsecureHosts, is_loopback
from toolkit.http.proxies import Proxy, find_proxy
from toolkit.http.retries import delay
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote.client import Remote
from toolkit.remote.servers import api_host

Client = Callable[..., Remote]
PAGE = b"""<!DOCTYPE html><html><head><style>h1{}</style><title>413 Too Large</title></head><body><center>
<h1>413 Too Large</h1></center><script>x<y</script><hr>nginx &amp; co</body></html>"""


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def secure(certificates: Certificates) -> Iterator[FakeRemote]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    with serving(FakeRemote(), tls=context) as remote:
        yield remote


def target(fake: FakeRemote) -> Reference:
    return parse_reference(f"{fake.host}/ml/train:1")


def test_tls_with_an_authority_of_ones_own(
    secure: FakeRemote, certificates: Certificates, client: Client, image: Image
) -> None:
    remote = client(SSL_CERT_FILE=str(certificates.authority))
    remote.push(image, target(secure))
    assert remote.head(target(secure)) == image.descriptor


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: FakeRemote, client: Client) -> None:
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
def test_a_certificate_file_that_is_none(fake: FakeRemote, client: Client, tmp_path: Path, content: str | None) -> None:
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


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "proxy:3128"}, "http://proxy:3128"),
        ({"https_proxy": "http://proxy:3128", "http_proxy": "http://no"}, "http://proxy:3128"),
        ({"ALL_PROXY": "http://all"}, "http://all"),
        ({"HTTPS_PROXY": "http://proxy", "NO_PROXY": "example.com"}, None),
        ({"HTTPS_PROXY": "http://proxy", "no_proxy": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy", "NO_PROXY": "other.com, example.org"}, "http://proxy"),
        ({"HTTPS_PROXY": ""}, None),
    ],
)
def test_proxies(environ: dict[str, str], expected: str | None) -> None:
    found = find_proxy(urlsplit("https://registry.example.com/v2/"), environ)
    assert (found.url if found else None) == expected


def test_a_proxy_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match="of the kind socks5, as ALL_PROXY names it"):
        find_proxy(urlsplit("https://registry.example.com"), {"ALL_PROXY": "socks5://ann:word@proxy"})


@pytest.mark.parametrize("proxy", ["http://[::1", "http://proxy:port", "http://", "://"])
def test_a_proxy_that_is_no_address_is_refused(proxy: str) -> None:
    with pytest.raises(InputError, match="HTTPS_PROXY is not the address of a proxy"):
        find_proxy(urlsplit("https://registry.example.com"), {"HTTPS_PROXY": proxy})


@pytest.mark.parametrize(
    ("listed", "address", "direct"),
    [
        ("172.17.0.0/16", "https://172.17.3.4:5000/v2/", True),
        ("172.17.0.0/16", "https://172.18.3.4:5000/v2/", False),
        ("172.17.0.0/16", "https://registry.example.com", False),
        ("10.0.0.1", "http://10.0.0.1:5000", True),
        ("10.0.0.1:5000", "http://10.0.0.1:5000", True),
        ("10.0.0.1:5001", "http://10.0.0.1:5000", False),
        ("fd00::/8", "https://[fd00::12]:5000", True),
        ("[fd00::12]:5000", "https://[fd00::12]:5000", True),
        ("[fd00::12]:5001", "https://[fd00::12]:5000", False),
        ("[fd00::12]", "https://[fd00::12]:5000", True),
        ("fd00::12", "https://[fd00::12]:5000", True),
        ("*.example.com", "https://a.b.example.com", True),
        ("*.example.com", "https://badexample.com", False),
        (".example.com", "https://registry.example.com", True),
        ("example.com", "https://registry.example.com", True),
        ("example.com:443", "https://registry.example.com", True),
        ("example.com:443", "https://registry.example.com:8443", False),
        ("example.com:80", "https://registry.example.com", False),
        ("EXAMPLE.com.", "https://Registry.Example.COM", True),
        ("registry-*.example.com", "https://registry-1.example.com", True),
        ("192.168.*", "https://192.168.4.5", True),
        ("other, *", "https://registry.example.com", True),
        ("*.other\texample.com", "https://example.com", True),
        (",, ,", "https://example.com", False),
        ("[", "https://example.com", False),
    ],
)
def test_hosts_that_need_no_proxy(listed: str, address: str, *, direct: bool) -> None:
    found = find_proxy(urlsplit(address), {"ALL_PROXY": "http://proxy:1", "NO_PROXY": listed})
    assert (found is None) is direct


def test_the_login_of_a_proxy_is_not_in_its_address() -> None:
    found = find_proxy(urlsplit("https://h"), {"HTTPS_PROXY": "http://ann:p%40ss@proxy:3128"})
    assert found == Proxy(url="http://proxy:3128", login="ann:p@ss")
    assert "p@ss" not in repr(found)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("127.8.8.8", True),
        ("[::1]:5000", True),
        ("127.0.0.1.example.com", False),
        ("localhost.example.com", False),
        ("10.0.0.1:5000", False),
        ("[::2]", False),
    ],
)
def test_this_machine(host: str, *, loopback: bool) -> None:
    assert is_loopback(host) is loopback
    assert InsecureHosts.of((), {}).allow_plain(host) is loopback


def test_listed_hosts_may_be_plain() -> None:
    insecure = InsecureHosts.of(["A.example.com"], {"COMP_INSECURE_REGISTRIES": "b.example.com:80, c.example.com"})
    assert insecure.allow_plain("a.example.com:5000")
    assert insecure.allow_plain("b.example.com:80")
    assert not insecure.allow_plain("b.example.com")
    assert insecure.allow_plain("c.example.com")
    insecure.check("http", "c.example.com", "x")
    insecure.check("https", "d.example.com", "x")
    for scheme in ("http", "ftp", ""):
        with pytest.raises(OutsideError, match="which is not encrypted"):
            insecure.check(scheme, "d.example.com", "x")


def test_docker_hub_answers_under_another_name() -> None:
    assert api_host("docker.io") == "registry-1.docker.io"
    assert api_host("quay.io") == "quay.io"


def test_waiting() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert [delay(attempt, None) for attempt in (1, 2, 3)] == [0.3, pytest.approx(0.9), pytest.approx(2.7)]
    assert delay(1, "5") == 5
    assert delay(1, "99999") == 60
    assert delay(1, "Thu, 01 Jan 2026 00:00:10 GMT", now) == 10
    assert delay(1, "Thu, 01 Jan 2020 00:00:10 GMT", now) == 0
    assert delay(1, "soon") == 0.3
    assert delay(1, "-1") == 0.3


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"errors":[{"code":"DENIED","message":"no\\n way\\u001b"},{"code":"X"}]}', "DENIED: no way; X"),
        (b'{"errors":[{"message":"' + b"x" * 999 + b'"}]}', "x" * 300 + "…"),
        (b'{"errors":[3]}', ""),
        (b'{"errors":{}}', ""),
        (b'{"message": "repository is read-only\\nask ann"}', "repository is read-only ask ann"),
        (b'{"error": "invalid_grant", "error_description": "expired"}', "invalid_grant: expired"),
        (b'{"error": {"code": 403, "message": "quota"}}', "403: quota"),
        (b'{"errors": ["one", {"detail": "two"}]}', "one; two"),
        (b'{"detail": "maintenance"}', "maintenance"),
        (b'"go away"', "go away"),
        (b"upstream timed out\n\n  call 555\nthird\nfourth", "upstream timed out / call 555 / third"),
        (PAGE, "413 Too Large / nginx & co"),
        (b"<html>", ""),
        (b"[]", ""),
        (b"\xff\xfe\x00\x80", ""),
        (b"", ""),
    ],
)
def test_what_a_error_text(body: bytes, said: str) -> None:
    assert error_text(body) == said

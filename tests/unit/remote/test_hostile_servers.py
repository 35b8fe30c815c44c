"""Whatever a server sends is an answer, or an error that names the server: never a bug of ours."""

from collections.abc import Callable

import pytest

from tests.fake_remote import Access, FakeRemote, Reply
from tests.images import image_of, layer_of
from toolkit.cache import Cache
from toolkit.errors import CompError, OutsideError
from toolkit.http.answers import error_text
from toolkit.http.retries import delay
from toolkit.oci.descriptor import OCI_INDEX, Platform
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote.client import Remote

Client = Callable[..., Remote]
NO_ADDRESS = ["http://[::1", "http://host:port/x", "https://[v1.x]/", "ftp://host/x", "http://a:b@host/x"]
DEEP = b"[" * 200_000
PLATFORM = Platform("linux", "amd64")


@pytest.fixture
def target(fake: FakeRemote) -> Reference:
    return parse_reference(f"{fake.host}/ml/train:1")


@pytest.mark.parametrize("location", [*NO_ADDRESS, "http://127.0.0.1\u00a0/", "//[", "\x7f"])
def test_a_redirect_to_no_address(
    fake: FakeRemote, client: Client, target: Reference, cache: Cache, location: str
) -> None:
    fake.faults.replies.append(("GET", "/manifests/", Reply(307, {"Location": location})))
    with pytest.raises(OutsideError, match=f"{fake.host} gave an invalid answer: its redirect"):
        client().pull(target, PLATFORM, cache)


@pytest.mark.parametrize("location", NO_ADDRESS)
def test_an_upload_at_no_address(
    fake: FakeRemote, client: Client, target: Reference, image: Image, location: str
) -> None:
    fake.faults.replies += [("POST", "/uploads/", Reply(202, {"Location": location}))] * 8
    with pytest.raises(OutsideError, match=f"{fake.host} gave an invalid answer: its address for what comes next"):
        client().push(image, target)


@pytest.mark.parametrize("link", ["http://[::1", "http://host:port/x"])
def test_a_next_page_at_no_address(
    fake: FakeRemote, client: Client, target: Reference, image: Image, link: str
) -> None:
    body = b'{"schemaVersion": 2, "manifests": []}'
    headers = {"Link": f'<{link}>; rel="next"', "Content-Type": OCI_INDEX}
    fake.faults.replies.append(("GET", "/referrers/", Reply(200, headers, body)))
    with pytest.raises(OutsideError, match=f"{fake.host} gave an invalid answer"):
        client().referrers(target, image.digest)


@pytest.mark.parametrize("realm", [*NO_ADDRESS, "token", "//127.0.0.1/token"])
def test_a_realm_at_no_address(fake: FakeRemote, client: Client, realm: str) -> None:
    fake.access = Access("bearer", realm=realm)
    with pytest.raises(OutsideError, match=f"{fake.host} gave an invalid answer: the realm of its challenge"):
        client().head(parse_reference(f"{fake.host}/ml/train:1"))


@pytest.mark.parametrize(
    "body",
    [
        DEEP,
        b'{"token":' * 100_000,
        b'{"token": "x", "expires_in": "soon"}',
        b'{"token": "x", "expires_in": 1e999}',
        b'{"token": "x", "expires_in": [1]}',
        b"\xff\xfe\x00",
        b"null",
    ],
)
def test_a_token_that_cannot_be_read(fake: FakeRemote, client: Client, body: bytes) -> None:
    fake.access = Access("bearer")
    fake.faults.replies.append(("GET", "/token", Reply(200, {}, body)))
    with pytest.raises(OutsideError, match=f"{fake.host} gave an invalid answer: its token"):
        client().head(parse_reference(f"{fake.host}/ml/train:1"))


@pytest.mark.parametrize("body", [DEEP, b'{"errors":' * 100_000, b'{"manifests": [' * 100_000, b"\xff", b"7"])
def test_a_manifest_that_cannot_be_read(
    fake: FakeRemote, client: Client, target: Reference, cache: Cache, body: bytes
) -> None:
    fake.faults.replies.append(("GET", "/manifests/", Reply(200, {"Content-Type": OCI_INDEX}, body)))
    with pytest.raises(OutsideError, match="the manifest of"):
        client().pull(target, PLATFORM, cache)


@pytest.mark.parametrize("body", [DEEP, b'{"errors":' * 100_000, b'{"errors": [{"message": {"a": []}}]}', b"\xff\xfe"])
def test_an_error_that_cannot_be_read(
    fake: FakeRemote, client: Client, target: Reference, cache: Cache, body: bytes
) -> None:
    assert len(error_text(body)) < 400
    fake.faults.replies.append(("GET", "/manifests/", Reply(418, {}, body)))
    with pytest.raises(OutsideError, match="answers 418"):
        client().pull(target, PLATFORM, cache)


@pytest.mark.parametrize(
    "header",
    [
        "Fri, 31 Dec 99999999999999999999 23:59:59 GMT",
        "٣",
        "²",
        "1" * 5000,
        "Fri",
        ",",
        "Fri, 99 Foo 2026 99:99:99 +9999999999999999999999",
        "\x00",
    ],
)
def test_advice_that_cannot_be_read_is_none(header: str) -> None:
    assert delay(1, header) == 0.3


@pytest.mark.parametrize(
    "headers",
    [
        {"Docker-Content-Digest": "sha256:xyz"},
        {"Docker-Content-Digest": "\x80" * 300},
        {"Content-Type": "\x00/\x01"},
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "br, zstd, x"},
    ],
)
def test_headers_of_a_manifest_that_cannot_be_read(
    fake: FakeRemote, client: Client, target: Reference, cache: Cache, headers: dict[str, str]
) -> None:
    fake.faults.replies.append(("GET", "/manifests/", Reply(200, headers, b"{}")))
    with pytest.raises(CompError):
        client().pull(target, PLATFORM, cache)


@pytest.mark.parametrize("stored", ["0-99999999999999999999", "bytes", "-1", "0--1", "\xb2-\xb3", "5-1"])
def test_a_state_of_an_upload_that_cannot_be_read(
    fake: FakeRemote, client: Client, target: Reference, monkeypatch: pytest.MonkeyPatch, stored: str
) -> None:
    monkeypatch.setattr("toolkit.remote.uploading.LARGE", 10)
    fake.faults.cut_chunks = [5]
    headers = {"Location": "/v2/ml/train/blobs/uploads/s1?_state=a%2Bb%2Fc%3D", "Range": stored}
    fake.faults.replies.append(("GET", "/uploads/", Reply(204, headers)))
    image = image_of([layer_of(b"", compressed=bytes(1000))])
    assert client().push(image, target) == image.digest

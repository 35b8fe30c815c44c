import base64
import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.certificates import Certificates, make_certificates
from tests.fake_remote import FakeRemote, serving
from tests.images import image_of, layer_of, tar_of
from toolkit.cache.store import Cache
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote.client import Remote


@pytest.fixture
def fake() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        yield remote


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def client(tmp_path: Path, pauses: list[float]) -> Callable[..., Remote]:
    """Make a client that knows no credentials but those in `home`, and does not wait but notes it."""

    def make(**environ: str) -> Remote:
        return Remote(environ={"HOME": str(tmp_path / "home"), **environ}, pause=pauses.append)

    return make


@pytest.fixture
def image() -> Image:
    return image_of([layer_of(tar_of("etc/os-release")), layer_of(tar_of("opt/comp/app/main.py"))])


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def docker_login(tmp_path: Path) -> Callable[[str], None]:
    """Write the credentials that the fake remote knows into docker's file."""

    def login(host: str, **entry: str) -> None:
        path = tmp_path / "home" / ".docker" / "config.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        auth = base64.b64encode(b"ann:s3cret").decode()
        path.write_text(json.dumps({"auths": {host: entry or {"auth": auth}}}))

    return login


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def secure(certificates: Certificates) -> Iterator[FakeRemote]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    with serving(FakeRemote(), tls=context) as remote:
        yield remote


@pytest.fixture
def source(fake: FakeRemote) -> Reference:
    return parse_reference(f"{fake.host}/base/python:3.11")

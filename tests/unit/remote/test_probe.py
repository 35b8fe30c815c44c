import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.fake_remote import Access, FakeRemote
from toolkit.digest import Digest
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote.client import Remote
from toolkit.remote.probe import digest_of, manifest_exists


@pytest.fixture
def pushed(fake: FakeRemote, client: Callable[..., Remote], image: Image) -> Reference:
    reference = parse_reference(f"{fake.host}/ml/train")
    client().push(image, reference, tags=["1", "2"])
    fake.calls.clear()
    return reference.with_digest(image.digest)


def test_what_is_there(fake: FakeRemote, pushed: Reference) -> None:
    assert manifest_exists(pushed, environ={}) is True
    assert manifest_exists(pushed, environ={}, tags=["1", "2"]) is True
    assert {call.method for call in fake.calls} == {"HEAD"}


def test_what_is_not_there(client: Callable[..., Remote], image: Image, pushed: Reference) -> None:
    assert manifest_exists(pushed.with_digest(Digest("00" * 32)), environ={}) is False
    assert manifest_exists(pushed, environ={}, tags=["1", "3"]) is False
    other = client().push(image, parse_reference(f"{pushed.host}/ml/other"))
    assert manifest_exists(parse_reference(f"{pushed.host}/ml/none@{other}"), environ={}) is False


def test_what_it_cannot_tell(fake: FakeRemote, pushed: Reference, image: Image) -> None:
    assert manifest_exists(parse_reference(pushed.name), environ={}) is None
    fake.faults.fail("HEAD", "/manifests/", 500)
    assert manifest_exists(pushed, environ={}) is None
    fake.faults.no_digest_header = True
    assert manifest_exists(pushed, environ={}) is None
    fake.access = Access("basic")
    assert manifest_exists(pushed, environ={}) is None
    assert manifest_exists(parse_reference(f"127.0.0.1:1/a@{image.digest}"), environ={}) is None


def test_the_digest_of_a_tag(fake: FakeRemote, pushed: Reference, image: Image) -> None:
    assert digest_of(pushed.with_tag("1"), environ={}) == image.digest
    assert digest_of(pushed.with_tag("3"), environ={}) is None
    assert digest_of(pushed.with_tag("1"), environ={"COMP_MIRRORS": f"{pushed.host}=mirror.invalid"}) is None
    fake.faults.no_digest_header = True
    assert digest_of(pushed.with_tag("1"), environ={}) is None


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTPS_PROXY": "http://proxy"},
        {"all_proxy": "http://proxy"},
        {"SSL_CERT_FILE": "/ca.pem"},
        {"COMP_INSECURE_REGISTRIES": "registry.invalid"},
        {},
    ],
)
def test_hosts_that_need_the_whole_client(environ: dict[str, str], image: Image) -> None:
    assert manifest_exists(parse_reference(f"registry.invalid/a@{image.digest}"), environ=environ) is None


def test_it_imports_little() -> None:
    code = "import sys, toolkit.remote.probe; print(*sorted({'urllib3', 'requests', 'asyncio'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "\n"

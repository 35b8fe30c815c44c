"""Where a password goes: to the host itself, or to the token server that it names; never less encrypted."""

import logging
import ssl
from collections.abc import Callable, Iterator

import pytest

from tests.certificates import Certificates, make_certificates
from tests.fake_remote import Access, FakeRemote, serving
from toolkit.errors import OutsideError
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote.client import Remote

Client = Callable[..., Remote]
Login = Callable[[str], None]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def secure(certificates: Certificates) -> Iterator[FakeRemote]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    with serving(FakeRemote(), tls=context) as remote:
        yield remote


def image(fake: FakeRemote) -> Reference:
    return parse_reference(f"{fake.host}/ml/train:1")


@pytest.fixture
def elsewhere(fake: FakeRemote) -> Iterator[FakeRemote]:
    """Another server, which gives the tokens for the first."""
    with serving(FakeRemote()) as other:
        fake.access = Access("bearer", realm=f"http://{other.host}/token")
        other.access = Access("bearer", tokens=fake.access.tokens)
        yield other


def passwords(remote: FakeRemote) -> list[str | None]:
    return [call.authorization for call in remote.calls if (call.authorization or "").startswith("Basic")]


def test_a_password_never_goes_from_tls_to_plain_http(
    secure: FakeRemote, fake: FakeRemote, client: Client, docker_login: Login, certificates: Certificates
) -> None:
    docker_login(secure.host)
    fake.access = Access("bearer")
    secure.access = Access("bearer", realm=f"http://{fake.host}/token")
    with pytest.raises(OutsideError, match=f"the challenge of {secure.host} points to http://{fake.host}"):
        client(SSL_CERT_FILE=str(certificates.authority)).head(image(secure))
    # Not even to a host that may be spoken to without TLS.
    listed = {"COMP_INSECURE_REGISTRIES": fake.host, "SSL_CERT_FILE": str(certificates.authority)}
    with pytest.raises(OutsideError, match=f"to go to http://{fake.host}/token, unencrypted"):
        client(**listed).head(image(secure))
    assert fake.calls == []


def test_a_token_never_goes_from_tls_to_plain_http(
    secure: FakeRemote, fake: FakeRemote, client: Client, certificates: Certificates
) -> None:
    secure.faults.fail("HEAD", "/manifests/", 307, Location=f"http://{fake.host}/v2/ml/train/manifests/1")
    with pytest.raises(OutsideError, match="not encrypted"):
        client(SSL_CERT_FILE=str(certificates.authority)).head(image(secure))
    assert fake.calls == []


def test_another_host_gets_it_as_with_docker_and_is_named(
    fake: FakeRemote, elsewhere: FakeRemote, client: Client, docker_login: Login, caplog: pytest.LogCaptureFixture
) -> None:
    docker_login(fake.host)
    with caplog.at_level(logging.DEBUG, logger="toolkit"):
        client().head(image(fake))
    assert len(passwords(elsewhere)) == 1
    assert f"the credentials for {fake.host} go to {elsewhere.host}, which its challenge names" in caplog.messages


@pytest.mark.parametrize("listed", ["", "own", "other.example, 127.0.0.1"])
def test_another_host_can_be_refused(
    fake: FakeRemote, elsewhere: FakeRemote, client: Client, docker_login: Login, listed: str
) -> None:
    docker_login(fake.host)
    with pytest.raises(
        OutsideError, match=f"{fake.host} wants the credentials of .* to go to {elsewhere.host}"
    ) as caught:
        client(COMP_TOKEN_HOSTS=listed).head(image(fake))
    assert "COMP_TOKEN_HOSTS" in (caught.value.hint or "")
    assert elsewhere.calls == []


def test_a_listed_host_gets_it(fake: FakeRemote, elsewhere: FakeRemote, client: Client, docker_login: Login) -> None:
    docker_login(fake.host)
    assert client(COMP_TOKEN_HOSTS=f"x.example,{elsewhere.host}").head(image(fake)) is None


def test_without_credentials_any_host_may_give_a_token(fake: FakeRemote, elsewhere: FakeRemote, client: Client) -> None:
    assert elsewhere.access
    elsewhere.access.anonymous_pull = True
    assert client(COMP_TOKEN_HOSTS="own").head(image(fake)) is None
    assert passwords(elsewhere) == []


def test_the_password_does_not_follow_a_redirect_of_the_token_server(
    fake: FakeRemote, elsewhere: FakeRemote, client: Client, docker_login: Login
) -> None:
    docker_login(elsewhere.host)
    fake.access = elsewhere.access = Access("bearer")
    query = "service=fake&scope=repository:ml/train:pull"
    elsewhere.faults.fail("GET", "/token", 307, Location=f"http://{fake.host}/token?{query}")
    # The other server refuses a request without it; this one then gives a token to the anonymous.
    elsewhere.access.anonymous_pull = True
    assert client().head(image(elsewhere)) is None
    assert fake.called("GET", "/token")
    assert passwords(fake) == []

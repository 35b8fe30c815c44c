import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.certificates import Certificates
from tests.fake_remote import Access, FakeRemote, Reply, serving
from toolkit.cache.store import Cache
from toolkit.errors import OutsideError, RemoteError
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote.auth import Challenge, parse_challenges
from toolkit.remote.client import Remote

AMD64 = Platform("linux", "amd64")
Client = Callable[..., Remote]
Login = Callable[..., None]
NO_ADDRESS = ["http://[::1", "http://host:port/x", "https://[v1.x]/", "ftp://host/x", "http://a:b@host/x"]
DEEP = b"[" * 200_000


@pytest.mark.parametrize(
    ("header", "challenges"),
    [
        ("", []),
        ("Basic", [("basic", {})]),
        ('Basic realm="a, b"', [("basic", {"realm": "a, b"})]),
        (
            'Bearer realm="https://auth.example.com/token",service="x",scope="repository:a/b:pull,push"',
            [
                (
                    "bearer",
                    {
                        "realm": "https://auth.example.com/token",
                        "service": "x",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        ('BEARER Realm = "x" , error=invalid_token', [("bearer", {"realm": "x", "error": "invalid_token"})]),
        ('Bearer realm="r\\"q\\\\", Basic realm="b"', [("bearer", {"realm": 'r"q\\'}), ("basic", {"realm": "b"})]),
        ('Negotiate, Basic realm="b"', [("negotiate", {}), ("basic", {"realm": "b"})]),
        ('Bearer realm="unclosed', [("bearer", {})]),
        ('"', []),
    ],
)
def test_challenges(header: str, challenges: list[tuple[str, dict[str, str]]]) -> None:
    found = parse_challenges(header)
    expected = [Challenge(scheme=scheme, parameters=parameters) for scheme, parameters in challenges]
    assert list(found)[: len(expected)] == expected


@pytest.fixture
def target(fake: FakeRemote) -> Reference:
    return parse_reference(f"{fake.host}/ml/train:1")


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_push_and_pull_with_a_password(
    fake: FakeRemote, client: Client, image: Image, target: Reference, cache: Cache, docker_login: Login, kind: str
) -> None:
    fake.access = Access(kind)
    docker_login(fake.host)
    client().push(image, target, tags=["1"])
    client().ping(fake.host)
    assert check_image(client().pull(target, AMD64, cache)) == []


def test_tokens_are_kept_for_a_repository_and_its_rights(
    fake: FakeRemote, client: Client, image: Image, target: Reference, cache: Cache, docker_login: Login
) -> None:
    fake.access = Access("bearer")
    docker_login(fake.host)
    remote = client()
    remote.push(image, target)
    assert len(fake.called("GET", "/token")) == 1
    assert len([call for call in fake.calls if "/v2/ml" in call.path and call.authorization is None]) == 1
    remote.pull(target, AMD64, cache)
    remote.head(target)
    assert [call.query["scope"] for call in fake.calls if call.path == "/token"] == [
        ["repository:ml/train:pull,push"],
        ["repository:ml/train:pull"],
    ]


def test_a_token_that_ended_is_fetched_again(
    fake: FakeRemote, client: Client, image: Image, target: Reference, docker_login: Login
) -> None:
    fake.access = Access("bearer")
    docker_login(fake.host)
    remote = client()
    remote.push(image, target)
    next(iter(fake.access.tokens.values())).clear()
    assert remote.push(image, target.with_tag("2")) == image.digest
    assert len(fake.called("GET", "/token")) == 2


def test_an_identity_token_is_exchanged(
    fake: FakeRemote, client: Client, image: Image, target: Reference, docker_login: Login
) -> None:
    fake.access = Access("bearer")
    docker_login(fake.host, identitytoken=fake.access.identity_token)
    client().push(image, target)
    assert len(fake.called("POST", "/token")) == 1
    assert fake.called("GET", "/token") == []


def test_public_images_need_no_credentials(
    fake: FakeRemote, client: Client, image: Image, target: Reference, cache: Cache
) -> None:
    client().push(image, target)
    fake.access = Access("bearer", anonymous_pull=True)
    assert client().pull(target, AMD64, cache).digest == image.digest


def test_old_credentials_do_not_hide_public_images(
    fake: FakeRemote, client: Client, image: Image, target: Reference, cache: Cache, docker_login: Login
) -> None:
    client().push(image, target)
    fake.access = Access("bearer", anonymous_pull=True, password="changed")
    docker_login(fake.host)
    assert client().pull(target, AMD64, cache).digest == image.digest
    with pytest.raises(RemoteError, match="gives no token"):
        client().push(image, target)


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_without_credentials_the_hint_says_where_they_were_looked_for(
    fake: FakeRemote, client: Client, image: Image, target: Reference, tmp_path: Path, kind: str
) -> None:
    fake.access = Access(kind)
    with pytest.raises(RemoteError) as caught:
        client().push(image, target)
    assert (caught.value.status, caught.value.exit_code) == (401, 3)
    assert caught.value.hint
    assert caught.value.hint.startswith(f"log in with `docker login {fake.host}`; no credentials for {fake.host} in ")
    assert str(tmp_path / "home/.docker/config.json") in caught.value.hint


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_with_wrong_credentials_the_hint_names_their_source_and_hides_them(
    fake: FakeRemote, client: Client, image: Image, target: Reference, docker_login: Login, tmp_path: Path, kind: str
) -> None:
    fake.access = Access(kind, password="changed")
    docker_login(fake.host)
    with pytest.raises(RemoteError) as caught:
        client().push(image, target)
    assert caught.value.status == 401
    assert caught.value.hint == (
        f"log in with `docker login {fake.host}`; "
        f"the credentials of {tmp_path}/home/.docker/config.json (user ann) were used"
    )
    shown = f"{caught.value.message} {caught.value.hint} {caught.value.__cause__}"
    assert "s3cret" not in shown
    assert fake.access.basic not in shown


def test_a_right_that_is_missing_is_an_error(
    fake: FakeRemote, client: Client, image: Image, target: Reference, docker_login: Login
) -> None:
    fake.access = Access("bearer", anonymous_pull=True)
    with pytest.raises(RemoteError) as caught:
        client().push(image, target)
    assert caught.value.status == 401
    # One for the first look, and at most another for each blob, whose thread may meet the newest token.
    assert len(fake.called("GET", "/token")) <= 1 + len(image.layers) + 1
    docker_login(fake.host)
    fake.faults.fail("POST", "/uploads/", 403, times=10)
    with pytest.raises(RemoteError, match="does not allow it") as caught:
        client().push(image, target)
    assert caught.value.status == 403


def test_credentials_are_sent_to_no_unencrypted_stranger(
    fake: FakeRemote, client: Client, image: Image, target: Reference, docker_login: Login
) -> None:
    fake.access = Access("bearer", realm="http://auth.example.com/token")
    docker_login(fake.host)
    with pytest.raises(OutsideError, match=r"points to http://auth.example.com, which is not encrypted"):
        client().push(image, target)


def test_a_token_server_of_its_own(
    fake: FakeRemote, client: Client, image: Image, target: Reference, docker_login: Login
) -> None:
    with serving(FakeRemote()) as tokens:
        tokens.access = fake.access = Access("bearer", realm=f"http://{tokens.host}/token?account=x")
        docker_login(fake.host)
        client().push(image, target)
        assert {call.path for call in tokens.calls} == {"/token"}
        assert {call.authorization for call in tokens.calls} == {fake.access.basic}
        assert fake.access.basic not in {call.authorization for call in fake.calls}


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"token": 3}', b'{"token": "a\\nb"}', b"?"])
def test_a_token_server_that_answers_nonsense(fake: FakeRemote, client: Client, target: Reference, body: bytes) -> None:
    from tests.fake_remote import Reply

    fake.access = Access("bearer")
    fake.faults.replies.append(("GET", "/token", Reply(200, {}, body)))
    with pytest.raises(RemoteError, match="gave an invalid answer: its token"):
        client().head(target)


def test_a_challenge_that_cannot_be_answered(fake: FakeRemote, client: Client, target: Reference) -> None:
    fake.faults.fail("HEAD", "/manifests/", 401, WWW_Authenticate="Negotiate")
    with pytest.raises(RemoteError) as caught:
        client().head(target)
    assert caught.value.status == 401
    fake.faults.fail("HEAD", "/manifests/", 401, WWW_Authenticate="Bearer service=x")
    with pytest.raises(RemoteError, match="asks for a token and names no server that gives it"):
        client().head(target)


def test_two_hosts_with_two_credentials(
    fake: FakeRemote, client: Client, image: Image, target: Reference, tmp_path: Path
) -> None:
    with serving(FakeRemote()) as other:
        fake.access, other.access = Access("basic"), Access("basic", user="bob", password="b0b")
        entries = {server.host: {"auth": server.access.basic[6:]} for server in (fake, other) if server.access}
        path = tmp_path / "home/.docker/config.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"auths": entries}))
        remote = client()
        remote.push(image, target)
        remote.push(image, parse_reference(f"{other.host}/ml/train"))
        assert {call.authorization for call in other.calls} == {None, other.access.basic}


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

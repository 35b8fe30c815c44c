"""`comp sign --keyless` and `comp verify --certificate-identity`, as users run them, with a Sigstore on loopback."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from tests.commands import comp, ok
from tests.fake_remote import FakeRemote, serving
from tests.images import image_of, layer_of, tar_of
from tests.sigstore_double import SigstoreDouble, serving_sigstore, token_of
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote

IMAGE = image_of([layer_of(tar_of("opt/x"))])
WHO, ISSUER = "https://ci.example/ml/train", "https://ci.example"
WANTED = ("--certificate-identity", WHO, "--certificate-oidc-issuer", ISSUER)
PLATFORM = ("--platform", "linux/amd64")


class Place(Struct):
    """An image on a server, and the variables for a Sigstore."""

    name: str
    sigstore: SigstoreDouble
    environ: dict[str, str]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with serving(FakeRemote()) as fake, serving_sigstore() as sigstore:
        Remote(environ={}).push(IMAGE, parse_reference(f"{fake.host}/ml/train:1"))
        config, _ = sigstore.write_trust(tmp_path)
        ci = {"GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "GOOGLE_SERVICE_ACCOUNT_NAME"}
        environ = {key: value for key, value in os.environ.items() if key not in ci}
        environ |= {"SIGSTORE_ID_TOKEN": token_of(WHO, ISSUER), "COMP_TRUST_CONFIG": str(config)}
        yield Place(name=f"{fake.host}/ml/train:1", sigstore=sigstore, environ=environ)


def test_an_image_is_signed_and_verified_without_a_key(place: Place, tmp_path: Path) -> None:
    pinned = f"{place.name.removesuffix(':1')}@{IMAGE.digest}"
    signed = comp("sign", place.name, "--keyless", env=place.environ)
    assert (signed.code, signed.out, signed.err) == (0, f"{pinned}\n", f"signing as {WHO} ({ISSUER})\n")
    assert place.environ["SIGSTORE_ID_TOKEN"] not in signed.err
    verified = ok("verify", pinned, *WANTED, *PLATFORM, env=place.environ)
    assert verified.splitlines()[1] == f"ok: signature: keyless by {WHO} ({ISSUER})"
    # The trusted root alone is enough to verify.
    root = ("--trusted-root", str(tmp_path / "trusted-root.json"))
    environ = {key: value for key, value in place.environ.items() if key != "COMP_TRUST_CONFIG"}
    policy = tmp_path / "policy.toml"
    policy.write_text('identities = [{ identity = "ann@example.com", issuer = "' + ISSUER + '" }]')
    refused = comp("verify", pinned, "--policy", policy, *PLATFORM, *root, env=environ)
    assert refused.code == 1
    assert f"FAILED: signature: no signature of {pinned} is by ann@example.com ({ISSUER})" in refused.out
    assert "`comp -vv verify …` says why a keyless signature does not count" in refused.err


def test_without_an_identity_nothing_is_signed(place: Place) -> None:
    environ = {key: value for key, value in place.environ.items() if key != "SIGSTORE_ID_TOKEN"}
    result = comp("sign", place.name, "--keyless", env=environ)
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "error: no identity to sign with: no CI that gives tokens runs this, and no terminal\n\n"
        "hint: in CI allow them (GitHub: `permissions: id-token: write`), or set SIGSTORE_ID_TOKEN\n"
    )


def test_a_sigstore_that_refuses_is_outside(place: Place) -> None:
    place.sigstore.refuses = True
    result = comp("sign", place.name, "--keyless", env=place.environ)
    assert (result.code, result.out) == (3, "")
    assert "error: Sigstore did not sign" in result.err
    assert place.environ["SIGSTORE_ID_TOKEN"] not in result.err


def test_without_the_extra_the_hint_names_it(place: Place, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['sigstore'] = None\n")
    environ = {**place.environ, "PYTHONPATH": str(tmp_path)}
    for words in (("sign", place.name, "--keyless"), ("build", "--push", "--sign-keyless")):
        result = comp(*words, env=environ, folder=tmp_path)
        assert (result.code, result.out) == (2, "")
        assert result.err == (
            'error: keyless signatures need the package sigstore\n\nhint: pip install "comp-toolkit[keyless]"\n'
        )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("sign", "x"), "either --key or --keyless signs"),
        (("sign", "x", "--keyless", "--key", "key.pem"), "either --key or --keyless signs"),
        (("verify", "x", "--certificate-identity", "a"), "--certificate-identity and --certificate-oidc-issuer go"),
        (("verify", "x", "--certificate-oidc-issuer", "a"), "--certificate-identity and --certificate-oidc-issuer go"),
        (("build", "--sign-keyless"), "--sign needs --push"),
        (("build", "--push", "--sign-keyless", "--sign", "key.pem"), "--sign and --sign-keyless do not go together"),
    ],
)
def test_options_that_do_not_go_together_are_refused(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    result = comp(*words, folder=tmp_path)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: {message}")

"""Keyless signatures by a Sigstore on loopback: made, verified, and refused when any part of them is changed."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.sigstore_double import SigstoreDouble, serving_sigstore, token_of
from tests.tampering import changed, leaves, other, without
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError, UsageError
from toolkit.redaction import hide
from toolkit.signing.bundle import MEDIA_TYPE, read_bundle
from toolkit.signing.dsse import statement
from toolkit.signing.keyless import CertificateIdentity, KeylessSigner, ambient_token

WHO, ISSUER = "https://ci.example/ml/train", "https://ci.example"
DIGEST = Digest("a" * 64)
PAYLOAD = statement(DIGEST, "https://example.com/predicate", {"b": 1})


@pytest.fixture
def signer(sigstore: SigstoreDouble, tmp_path: Path) -> KeylessSigner:
    config, _ = sigstore.write_trust(tmp_path)
    return KeylessSigner(token=token_of(WHO, ISSUER), trust_config=config)


def test_what_an_identity_signs_is_verified_by_its_name_and_issuer(
    sigstore: SigstoreDouble, signer: KeylessSigner, tmp_path: Path
) -> None:
    data = signer.bundle(PAYLOAD)
    document = json.loads(data)
    assert document["mediaType"] == MEDIA_TYPE
    assert set(document["verificationMaterial"]) >= {"certificate", "tlogEntries"}
    read = read_bundle(data)
    assert (read.hint, read.has_certificate) == ("", True)
    _, root = sigstore.write_trust(tmp_path)
    for trusted in (signer.public, replace(signer.public, trusted_root=root)):
        said = read.statement(trusted)
        assert said is not None
        assert (said.subjects, said.predicate_type, dict(said.predicate)) == (
            (DIGEST,),
            "https://example.com/predicate",
            {"b": 1},
        )
    assert signer.public.name == f"{WHO} ({ISSUER})"
    assert len(sigstore.entries) >= 1


@pytest.mark.parametrize(
    "change", [{"identity": f"{WHO}2"}, {"identity": "https://ci.example/ml"}, {"issuer": "https://other.example"}]
)
def test_another_identity_or_issuer_does_not_count(
    signer: KeylessSigner, change: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    read = read_bundle(signer.bundle(PAYLOAD))
    with caplog.at_level(logging.DEBUG):
        assert read.statement(replace(signer.public, **change)) is None
    assert "not signed by" in caplog.text


def test_an_email_is_an_identity_too(signer: KeylessSigner) -> None:
    ann = replace(signer, token=token_of("ann@example.com", ISSUER))
    read = read_bundle(ann.bundle(PAYLOAD))
    assert read.statement(ann.public) is not None
    assert read.statement(signer.public) is None


def test_another_sigstore_is_not_trusted(signer: KeylessSigner, tmp_path: Path) -> None:
    read = read_bundle(signer.bundle(PAYLOAD))
    with serving_sigstore() as other:
        folder = tmp_path / "other"
        folder.mkdir()
        _, root = other.write_trust(folder)
    assert read.statement(replace(signer.public, trusted_root=root)) is None


def test_every_part_of_a_bundle_counts(signer: KeylessSigner) -> None:
    data = signer.bundle(PAYLOAD)
    document, trusted = json.loads(data), signer.public
    assert read_bundle(data).statement(trusted) is not None
    paths = leaves(document)
    assert len(paths) > 12
    accepted = [path for path in paths if _is_accepted(changed(document, path, other), trusted)]
    assert [path[-1] for path in accepted] == []


def _is_accepted(document: object, trusted: CertificateIdentity) -> bool:
    try:
        return read_bundle(json.dumps(document).encode()).statement(trusted) is not None
    except InputError:
        return False


@pytest.mark.parametrize(
    "path",
    [
        ("verificationMaterial", "certificate"),
        ("verificationMaterial", "tlogEntries"),
        ("verificationMaterial", "tlogEntries", 0, "inclusionProof"),
        ("dsseEnvelope", "signatures"),
        ("dsseEnvelope", "payload"),
        ("dsseEnvelope",),
    ],
)
def test_a_bundle_without_a_part_is_refused(signer: KeylessSigner, path: tuple[Any, ...]) -> None:
    document = without(json.loads(signer.bundle(PAYLOAD)), path)
    assert not _is_accepted(document, signer.public)


def test_parts_of_two_bundles_do_not_go_together(signer: KeylessSigner) -> None:
    one, two = (json.loads(signer.bundle(statement(Digest(digit * 64), "type", {}))) for digit in "ab")
    for key in ("dsseEnvelope", "verificationMaterial"):
        assert not _is_accepted(one | {key: two[key]}, signer.public)


def test_a_key_in_place_of_the_certificate_is_no_identity(signer: KeylessSigner) -> None:
    document = json.loads(signer.bundle(PAYLOAD))
    document["verificationMaterial"] = {"publicKey": {"hint": "a"}}
    assert not _is_accepted(document, signer.public)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("no token", "cannot be used"),
        ("", "cannot be used"),
        (token_of(WHO, ISSUER, minutes=-10), "cannot be used"),
        (token_of(WHO, ISSUER, audience="other"), "cannot be used"),
    ],
)
def test_a_token_that_cannot_be_used_is_refused(signer: KeylessSigner, token: str, words: str) -> None:
    for call in (lambda: replace(signer, token=token).public, lambda: replace(signer, token=token).bundle(PAYLOAD)):
        with pytest.raises(InputError, match=words) as caught:
            call()
        assert "audience" in (caught.value.hint or "")
    assert "token" not in repr(replace(signer, token="hush")).partition("trust")[0]


def test_a_token_that_has_expired_is_renewed(signer: KeylessSigner) -> None:
    old = replace(signer, token=token_of(WHO, ISSUER, minutes=-10), renew=lambda: signer.token)
    assert old.public == signer.public
    assert read_bundle(old.bundle(PAYLOAD)).statement(signer.public) is not None


def test_a_sigstore_that_refuses_or_is_down_is_outside(sigstore: SigstoreDouble, signer: KeylessSigner) -> None:
    sigstore.refuses = True
    with pytest.raises(OutsideError, match="Sigstore did not sign"):
        signer.bundle(PAYLOAD)
    assert signer.trust_config is not None
    text = signer.trust_config.read_text()
    signer.trust_config.write_text(text.replace(f":{sigstore.port}", ":1"))
    with pytest.raises(OutsideError, match="Sigstore did not sign") as caught:
        signer.bundle(PAYLOAD)
    assert signer.token not in caught.value.message


@pytest.mark.parametrize("content", ["", "[]", "{}", "\xff", '{"mediaType": 1}', "[" * 100_000])
def test_a_trusted_root_that_is_none_is_refused(signer: KeylessSigner, tmp_path: Path, content: str) -> None:
    read = read_bundle(signer.bundle(PAYLOAD))
    path = tmp_path / "root.json"
    path.write_text(content)
    with pytest.raises(InputError, match="not a trusted root"):
        read.statement(replace(signer.public, trusted_root=path))
    with pytest.raises(InputError, match="not a client trust config"):
        replace(signer, trust_config=path).bundle(PAYLOAD)
    with pytest.raises(InputError, match="cannot read"):
        read.statement(replace(signer.public, trusted_root=tmp_path / "absent"))


def test_the_token_of_the_environment_comes_first_and_is_secret() -> None:
    assert ambient_token({"SIGSTORE_ID_TOKEN": "hush-hush-42"}) == "hush-hush-42"
    assert hide("it is hush-hush-42") == "it is ***"


def test_outside_of_ci_there_is_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "GOOGLE_SERVICE_ACCOUNT_NAME"):
        monkeypatch.delenv(name, raising=False)
    assert ambient_token({}) is None


def test_a_ci_that_gives_no_token_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", raising=False)
    with pytest.raises(OutsideError, match="this CI gives no identity token") as caught:
        ambient_token({})
    assert "id-token: write" in (caught.value.hint or "")


def test_without_the_extra_the_hint_names_it(signer: KeylessSigner, monkeypatch: pytest.MonkeyPatch) -> None:
    data = signer.bundle(PAYLOAD)
    trusted = signer.public
    monkeypatch.setitem(sys.modules, "sigstore", None)
    for call in (
        lambda: signer.public,
        lambda: signer.bundle(PAYLOAD),
        lambda: read_bundle(data).statement(trusted),
        lambda: ambient_token({}),
    ):
        with pytest.raises(UsageError, match="need the package sigstore") as caught:
            call()
        assert caught.value.hint == 'pip install "comp-toolkit[keyless]"'

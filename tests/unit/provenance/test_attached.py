"""Provenance on a server: found again, by any builder, and nothing else is taken for it."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.conftest import ROOT
from tests.fake_remote import FakeRemote, serving
from tests.images import image_of, layer_of, tar_of
from tests.provenances import provenance
from tests.signing_keys import write_keys
from toolkit.digest import Digest
from toolkit.oci.reference import Reference, parse_reference
from toolkit.provenance.attached import attach, attested
from toolkit.provenance.predicate import BUILD_TYPE, PREDICATE_TYPE, read_predicate
from toolkit.remote.attaching import Attachment
from toolkit.remote.client import Remote
from toolkit.signing import bundle
from toolkit.signing.bundle import read_bundle
from toolkit.signing.dsse import PAYLOAD_TYPE, statement
from toolkit.signing.keys import PrivateKey, read_private_key, read_public_key
from toolkit.signing.signatures import attach_statement

COSIGN = ROOT / "tests" / "examples" / "cosign"
IMAGE = image_of([layer_of(tar_of("opt/x"))])
SUBJECT = IMAGE.descriptor
REMOTE = Remote(environ={})


@pytest.fixture(params=[False, True], ids=["new server", "old server"])
def target(request: pytest.FixtureRequest) -> Iterator[Reference]:
    with serving(FakeRemote()) as fake:
        fake.faults.no_referrers = request.param
        reference = parse_reference(f"{fake.host}/ml/train:1")
        REMOTE.push(IMAGE, reference)
        yield reference


@pytest.fixture
def key(tmp_path: Path) -> PrivateKey:
    return read_private_key(write_keys(tmp_path)[0], lambda: None)


def put(target: Reference, data: bytes, kind: str = PAYLOAD_TYPE) -> None:
    """Attach any document as one of a kind."""
    REMOTE.attach(target, SUBJECT, Attachment(data=data, media_type=kind, artifact_type=kind, annotations={}))


def test_it_is_attached_once_and_found_again(target: Reference) -> None:
    made = provenance()
    first = attach(REMOTE, target, SUBJECT, made, None)
    assert attach(REMOTE, target, SUBJECT, replace(made, invocation="https://ci.example/jobs/2"), None) == first
    (found,) = attested(REMOTE, target, SUBJECT, ())
    assert (found.provenance, found.digest, found.is_signed, found.key) == (made, first, False, None)
    assert attach(REMOTE, target, SUBJECT, provenance(dirty=True), None) != first
    assert len(attested(REMOTE, target, SUBJECT, ())) == 2


def test_signed_provenance_is_verified_by_its_key_and_comes_first(
    target: Reference, key: PrivateKey, tmp_path: Path
) -> None:
    attach(REMOTE, target, SUBJECT, provenance(), None)
    signed = attach(REMOTE, target, SUBJECT, provenance(), key)
    assert attach(REMOTE, target, SUBJECT, provenance(), key) == signed
    other = read_private_key(write_keys(tmp_path, "other")[0], lambda: None)
    found = attested(REMOTE, target, SUBJECT, (other.public, key.public))
    assert [(each.is_signed, each.key) for each in found] == [(True, key.name), (False, None)]
    # Another key verifies nothing, and the statement is still shown.
    found = attested(REMOTE, target, SUBJECT, (other.public,))
    assert [(each.is_signed, each.key) for each in found] == [(True, None), (False, None)]


def test_a_document_that_the_server_lost_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    with serving(FakeRemote()) as fake:
        place = parse_reference(f"{fake.host}/ml/train:1")
        REMOTE.push(IMAGE, place)
        attach(REMOTE, place, SUBJECT, provenance(dirty=True), None)
        lost = statement(SUBJECT.digest, PREDICATE_TYPE, provenance(dirty=True).to_dict())
        attach(REMOTE, place, SUBJECT, provenance(), None)
        del fake.blobs["ml/train"][str(Digest.of(lost))]
        (found,) = attested(REMOTE, place, SUBJECT, ())
    assert not found.provenance.is_dirty
    assert "is not provenance that can be read" in caplog.text


def test_what_is_about_something_else_is_not_taken_for_it(
    target: Reference, key: PrivateKey, caplog: pytest.LogCaptureFixture
) -> None:
    data = provenance().to_dict()
    put(target, statement(Digest("f" * 64), PREDICATE_TYPE, data))
    attach_statement(REMOTE, target, SUBJECT, statement(Digest("f" * 64), PREDICATE_TYPE, data), key)
    put(target, statement(SUBJECT.digest, "https://slsa.dev/provenance/v0.2", data))
    put(target, statement(SUBJECT.digest, PREDICATE_TYPE, data), "application/vnd.cyclonedx+json")
    assert attested(REMOTE, target, SUBJECT, (key.public,)) == ()
    assert caplog.text.count("is a statement about another image") == 2


DEEP = statement(SUBJECT.digest, PREDICATE_TYPE, {"x": json.loads("[" * 80 + "]" * 80)})


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", PAYLOAD_TYPE),
        (b"{", PAYLOAD_TYPE),
        (b"[" * 200_000, PAYLOAD_TYPE),
        (DEEP, PAYLOAD_TYPE),
        (statement(SUBJECT.digest, PREDICATE_TYPE, {"buildDefinition": []}), PAYLOAD_TYPE),
        (statement(SUBJECT.digest, PREDICATE_TYPE, {}).replace(b"{}", b'{"a": NaN}'), PAYLOAD_TYPE),
        # It says that it is signed, and is not.
        (statement(SUBJECT.digest, PREDICATE_TYPE, provenance().to_dict()), bundle.MEDIA_TYPE),
        (b'{"mediaType": "x"}', bundle.MEDIA_TYPE),
        (b'{"payload": "", "payloadType": "", "signatures": []}', bundle.MEDIA_TYPE),
    ],
)
def test_what_cannot_be_read_is_skipped_with_a_warning(
    data: bytes, kind: str, target: Reference, caplog: pytest.LogCaptureFixture
) -> None:
    put(target, data, kind)
    made = provenance()
    attach(REMOTE, target, SUBJECT, made, None)
    with caplog.at_level(logging.WARNING):
        (found,) = attested(REMOTE, target, SUBJECT, ())
    assert found.provenance == made
    assert "is not provenance that can be read" in caplog.text


def test_a_document_above_the_limit_is_not_read(
    target: Reference, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    attach(REMOTE, target, SUBJECT, provenance(), None)
    monkeypatch.setenv("COMP_LIMIT_RECORD_SIZE", "100")
    assert attested(REMOTE, target, SUBJECT, ()) == ()
    assert "exceeds the limit of" in caplog.text


def test_provenance_that_cosign_attested_is_read(target: Reference) -> None:
    # cosign 3.1.3: `attest --type slsaprovenance1 --key … --signing-config …` without a log, of an image of comp's.
    key = read_public_key(COSIGN / "attestation.pub")
    bundle_ = read_bundle((COSIGN / "attestation.json").read_bytes())
    said = bundle_.statement(key)
    assert said is not None
    assert (said.predicate_type, [digest.hex[:8] for digest in said.subjects]) == (PREDICATE_TYPE, ["aeacdb92"])
    assert read_predicate(said.predicate).build_type == BUILD_TYPE
    # Attached to another image, it says nothing of that.
    put(target, (COSIGN / "attestation.json").read_bytes(), bundle.MEDIA_TYPE)
    assert attested(REMOTE, target, SUBJECT, (key,)) == ()

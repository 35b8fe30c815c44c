"""Signatures on a strict server, and on one that misbehaves: only what the key's holder signed is verified."""

import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_remote import FakeRemote, serving
from tests.images import image_of, layer_of, tar_of
from tests.signing_keys import write_keys
from tests.sigstore_double import SigstoreDouble, token_of
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote.attaching import Attachment
from toolkit.remote.client import Remote
from toolkit.signing import bundle, simple_signing
from toolkit.signing.dsse import statement
from toolkit.signing.keyless import KeylessSigner
from toolkit.signing.keys import PrivateKey, read_private_key
from toolkit.signing.signatures import SIGNED, attach_statement, sign, statements, verified

IMAGE, OTHER = (image_of([layer_of(tar_of(name))]) for name in ("one", "two"))


@pytest.fixture(params=[False, True], ids=["referrers", "old"])
def fake(request: pytest.FixtureRequest) -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        remote.faults.no_referrers = request.param
        yield remote


@pytest.fixture
def remote() -> Remote:
    return Remote(environ={}, pause=lambda _: None)


@pytest.fixture
def target(fake: FakeRemote, remote: Remote) -> Reference:
    reference = parse_reference(f"{fake.host}/ml/train")
    for image in (IMAGE, OTHER):
        remote.push(image, reference.with_digest(image.digest))
    return reference


def _key(folder: Path, name: str = "key") -> PrivateKey:
    return read_private_key(write_keys(folder, name)[0], lambda: None)


def _found(remote: Remote, target: Reference, *keys: PrivateKey, image: Image = IMAGE) -> list[tuple[str, str]]:
    names = [key.public for key in keys]
    return [(each.form, Path(each.key).stem) for each in verified(remote, target, image.descriptor, names)]


def test_a_signature_is_found_by_its_key_alone(
    fake: FakeRemote, remote: Remote, target: Reference, tmp_path: Path
) -> None:
    key, other = _key(tmp_path), _key(tmp_path, "other")
    assert _found(remote, target, key) == []
    sign(remote, target, IMAGE.descriptor, key)
    assert _found(remote, target, key) == _found(remote, target, other, key) == [("bundle", "key"), ("simple", "key")]
    assert _found(remote, target, other) == []
    assert _found(remote, target, key, image=OTHER) == []
    assert f"sha256-{IMAGE.digest.hex}.sig" in fake.tags["ml/train"]


def test_signing_again_adds_nothing_and_another_key_adds_its_own(
    fake: FakeRemote, remote: Remote, target: Reference, tmp_path: Path
) -> None:
    key, other = _key(tmp_path), _key(tmp_path, "other")
    sign(remote, target, IMAGE.descriptor, key)
    fake.calls.clear()
    sign(remote, target, IMAGE.descriptor, key)
    assert [call for call in fake.calls if call.method in {"PUT", "POST"}] == []
    sign(remote, target, IMAGE.descriptor, other)
    assert _found(remote, target, key) == [("bundle", "key"), ("simple", "key")]
    assert _found(remote, target, other) == [("bundle", "other"), ("simple", "other")]


def test_a_signature_of_another_image_does_not_count(
    fake: FakeRemote, remote: Remote, target: Reference, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = _key(tmp_path)
    # Both are valid, and lie where those of the image would.
    attach_statement(remote, target, IMAGE.descriptor, statement(OTHER.digest, SIGNED, {}), key)
    payload = simple_signing.payload_of(target.name, OTHER.digest)
    _put_simple(fake, payload, base64.b64encode(key.sign(payload)).decode())
    with caplog.at_level(logging.WARNING):
        assert _found(remote, target, key) == []
    assert "is a statement about another image" in caplog.text
    assert "is a signature of another image" in caplog.text


def test_another_statement_is_no_signature(remote: Remote, target: Reference, tmp_path: Path) -> None:
    key = _key(tmp_path)
    attach_statement(remote, target, IMAGE.descriptor, statement(IMAGE.digest, "https://example.com", {"a": 1}), key)
    assert _found(remote, target, key) == []
    ((said, by),) = statements(remote, target, IMAGE.descriptor, (key.public,))
    assert (said.predicate_type, dict(said.predicate), by) == ("https://example.com", {"a": 1}, key.public)


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_not_a_bundle_is_skipped(
    remote: Remote, target: Reference, tmp_path: Path, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    key = _key(tmp_path)
    attachment = Attachment(data=data, media_type=bundle.MEDIA_TYPE, artifact_type=bundle.MEDIA_TYPE, annotations={})
    remote.attach(target, IMAGE.descriptor, attachment)
    sign(remote, target, IMAGE.descriptor, key)
    with caplog.at_level(logging.WARNING):
        assert _found(remote, target, key) == [("bundle", "key"), ("simple", "key")]
    assert "is not a signature: not a bundle of sigstore" in caplog.text


def test_other_attachments_hide_no_signature(
    remote: Remote, target: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = _key(tmp_path)
    for number in range(4):
        other = Attachment(data=b"%d" % number, media_type="text/plain", artifact_type="text/plain", annotations={})
        remote.attach(target, IMAGE.descriptor, other)
    monkeypatch.setattr("toolkit.signing.signatures._MOST", 2)
    sign(remote, target, IMAGE.descriptor, key)
    assert _found(remote, target, key) == [("bundle", "key"), ("simple", "key")]


@pytest.mark.parametrize("change", [lambda layer: layer.pop("annotations"), lambda layer: layer["annotations"].clear()])
def test_a_damaged_list_of_simple_signatures_is_skipped(
    fake: FakeRemote, remote: Remote, target: Reference, tmp_path: Path, change: object
) -> None:
    key = _key(tmp_path)
    payload = simple_signing.payload_of(target.name, IMAGE.digest)
    _put_simple(fake, payload, base64.b64encode(key.sign(payload)).decode(), change)
    assert _found(remote, target, key) == []


def _put_simple(fake: FakeRemote, payload: bytes, signature: str, change: object = None) -> None:
    """Store a simple signature under the tag of the image."""
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": fake.put_blob("ml/train", b"{}")}
    layer = {
        "mediaType": simple_signing.MEDIA_TYPE,
        "digest": fake.put_blob("ml/train", payload),
        "size": len(payload),
        "annotations": {simple_signing.SIGNATURE: signature},
    }
    if callable(change):
        change(layer)
    manifest = {"schemaVersion": 2, "config": config | {"size": 2}, "layers": [layer]}
    kind = "application/vnd.oci.image.manifest.v1+json"
    fake.put_manifest("ml/train", json.dumps(manifest).encode(), kind, tag=f"sha256-{IMAGE.digest.hex}.sig")


def test_an_identity_signs_once_and_in_one_form(
    fake: FakeRemote, remote: Remote, target: Reference, tmp_path: Path, sigstore: SigstoreDouble
) -> None:
    config, _ = sigstore.write_trust(tmp_path)
    signer = KeylessSigner(token=token_of("ann@example.com", "https://id.example"), trust_config=config)
    before = len(sigstore.entries)
    for _ in range(2):
        sign(remote, target, IMAGE.descriptor, signer)
    assert len(sigstore.entries) == before + 1
    key = _key(tmp_path)
    found = verified(remote, target, IMAGE.descriptor, (key.public, signer.public))
    assert [(each.form, each.key) for each in found] == [("keyless", "ann@example.com (https://id.example)")]
    assert verified(remote, target, OTHER.descriptor, (signer.public,)) == ()
    assert f"sha256-{IMAGE.digest.hex}.sig" not in fake.tags.get("ml/train", {})
    # A key signs beside it.
    sign(remote, target, IMAGE.descriptor, key)
    assert len(verified(remote, target, IMAGE.descriptor, (key.public, signer.public))) == 3

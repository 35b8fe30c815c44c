"""Every part of what is signed with a key, and of where it lies, is changed in turn: nothing of it is verified then."""

import base64
import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_remote import FakeRemote, serving
from tests.images import image_of, layer_of, tar_of
from tests.signing_keys import write_keys
from tests.tampering import changed, flipped, leaves
from toolkit.oci.reference import Reference, parse_reference
from toolkit.remote.client import Remote
from toolkit.signing.dsse import pre_authentication
from toolkit.signing.keys import PrivateKey, read_private_key
from toolkit.signing.signatures import sign, verified

IMAGE, OTHER = (image_of([layer_of(tar_of(name))]) for name in ("one", "two"))
TAG = f"sha256-{IMAGE.digest.hex}.sig"
REPOSITORY = "ml/train"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Signed:
    """An image on a server with both forms of signatures, and what the server keeps of them."""

    def __init__(self, fake: FakeRemote, key: PrivateKey) -> None:
        self.fake, self.key, self.remote = fake, key, Remote(environ={}, pause=lambda _: None)
        self.reference: Reference = parse_reference(f"{fake.host}/{REPOSITORY}")
        for image in (IMAGE, OTHER):
            self.remote.push(image, self.reference.with_digest(image.digest))
        sign(self.remote, self.reference, IMAGE.descriptor, key)
        (self.referrer,) = (
            referrer.descriptor.digest for referrer in self.remote.referrers(self.reference, IMAGE.digest)
        )

    def forms(self) -> set[str]:
        """Return the forms that are verified, by a client that has seen nothing yet."""
        remote = Remote(environ={}, pause=lambda _: None)
        found = verified(remote, self.reference, IMAGE.descriptor, (self.key.public,))
        return {each.form for each in found}

    def manifest(self, which: str) -> dict[str, Any]:
        """Return a manifest by digest or tag."""
        found = self.remote.manifest(
            self.reference.with_tag(which) if which == TAG else self.reference.with_digest(self.referrer)
        )
        assert found is not None
        document: dict[str, Any] = json.loads(found.data)
        return document

    def blob(self, manifest: dict[str, Any]) -> bytes:
        """Return the content of a manifest's one layer."""
        digest = manifest["layers"][0]["digest"]
        return self.fake.blobs[REPOSITORY][digest]

    def put(self, which: str, manifest: dict[str, Any], content: bytes | None = None) -> None:
        """Replace a manifest, with other content if it is given; the server lists what it now has."""
        if content is not None:
            layer = manifest["layers"][0]
            layer |= {"digest": self.fake.put_blob(REPOSITORY, content), "size": len(content)}
        data = json.dumps(manifest).encode()
        if which == TAG:
            self.fake.put_manifest(REPOSITORY, data, _MANIFEST, tag=TAG)
        else:
            self.forget()
            self.fake.put_manifest(REPOSITORY, data, _MANIFEST)

    def forget(self) -> None:
        """Let the server lose the bundle's manifest."""
        manifests = self.fake.manifests[REPOSITORY]
        del manifests[str(self.referrer)]


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[Signed]:
    with serving(FakeRemote()) as fake:
        yield Signed(fake, read_private_key(write_keys(tmp_path)[0], lambda: None))


def test_both_forms_are_verified_as_they_are(signed: Signed) -> None:
    assert signed.forms() == {"bundle", "simple"}


def test_every_part_of_a_bundle_counts_but_the_hint(signed: Signed) -> None:
    manifest = signed.manifest("bundle")
    bundle = json.loads(signed.blob(manifest))
    accepted = []
    for path in leaves(bundle):
        signed.put(
            "bundle", copy.deepcopy(manifest), json.dumps(changed(bundle, path, lambda old: f"{old[:-2]}xx")).encode()
        )
        if "bundle" in signed.forms():
            accepted.append(path)
        (signed.referrer,) = (
            each.descriptor.digest for each in signed.remote.referrers(signed.reference, IMAGE.digest)
        )
    # A hint helps to find the key, and is no part of what is signed (sigstore_common.proto, PublicKeyIdentifier).
    assert accepted == [("verificationMaterial", "publicKey", "hint")]


@pytest.mark.parametrize(
    "change",
    [
        {"subject": [{"digest": {"sha256": OTHER.digest.hex}}]},
        {"subject": [{"digest": {"sha512": "a"}}]},
        {"subject": []},
        {"predicateType": "https://example.com/other"},
        {"_type": "https://in-toto.io/Statement/v2"},
    ],
)
def test_a_statement_that_the_key_signed_and_that_says_something_else(signed: Signed, change: dict[str, Any]) -> None:
    manifest = signed.manifest("bundle")
    bundle = json.loads(signed.blob(manifest))
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"])) | change
    payload = json.dumps(statement).encode()
    signature = signed.key.sign(pre_authentication(bundle["dsseEnvelope"]["payloadType"], payload))
    bundle["dsseEnvelope"] |= {
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"sig": base64.b64encode(signature).decode()}],
    }
    signed.put("bundle", manifest, json.dumps(bundle).encode())
    assert signed.forms() == {"simple"}


def test_a_statement_that_the_key_signed_as_something_else(signed: Signed) -> None:
    manifest = signed.manifest("bundle")
    bundle = json.loads(signed.blob(manifest))
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"])
    signature = signed.key.sign(pre_authentication("text/plain", payload))
    bundle["dsseEnvelope"] |= {
        "payloadType": "text/plain",
        "signatures": [{"sig": base64.b64encode(signature).decode()}],
    }
    signed.put("bundle", manifest, json.dumps(bundle).encode())
    assert signed.forms() == {"simple"}


@pytest.mark.parametrize("length", [0, 1, 40, -1])
def test_a_bundle_that_was_cut_off(signed: Signed, length: int) -> None:
    manifest = signed.manifest("bundle")
    signed.put("bundle", manifest, signed.blob(manifest)[:length])
    assert signed.forms() == {"simple"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("artifactType",), "application/vnd.example+json"),
        (("subject", "digest"), str(OTHER.digest)),
        (("layers", 0, "digest"), f"sha256:{'0' * 64}"),
        (("layers", 0, "size"), 1),
        (("layers", 0, "size"), 10**12),
        (("layers",), []),
        (("layers",), {}),
    ],
)
def test_a_manifest_of_a_bundle_that_was_changed(signed: Signed, path: tuple[Any, ...], value: object) -> None:
    manifest = changed(signed.manifest("bundle"), path, lambda _: value)
    if path == ("artifactType",):
        # What refers to an image may also name its type by that of its configuration, which is no bundle's.
        manifest["config"]["mediaType"] = "application/vnd.example+json"
    signed.put("bundle", manifest)
    assert signed.forms() == {"simple"}


def test_two_documents_in_one_manifest_are_none(signed: Signed) -> None:
    manifest = signed.manifest("bundle")
    signed.put("bundle", manifest | {"layers": manifest["layers"] * 2})
    assert signed.forms() == {"simple"}


@pytest.mark.parametrize("annotations", [{}, {"dev.sigstore.bundle.predicateType": "other"}])
def test_annotations_are_for_those_who_look_and_decide_nothing(signed: Signed, annotations: dict[str, str]) -> None:
    signed.put("bundle", signed.manifest("bundle") | {"annotations": annotations})
    assert signed.forms() == {"bundle", "simple"}


def test_every_part_of_a_simple_signature_counts(signed: Signed) -> None:
    manifest = signed.manifest(TAG)
    payload = json.loads(signed.blob(manifest))
    for path in leaves(payload):
        content = json.dumps(changed(payload, path, lambda old: f"{str(old)[:-1]}x")).encode()
        signed.put(TAG, copy.deepcopy(manifest), content)
        assert signed.forms() == {"bundle"}, path


@pytest.mark.parametrize(
    "change",
    [
        {"critical": {"image": {"docker-manifest-digest": str(OTHER.digest)}}},
        {"critical": {"image": {"docker-manifest-digest": "sha512:a"}}},
        {"critical": {"image": {}}},
        {"critical": {"type": "atomic container signature"}},
        {"critical": None},
    ],
)
def test_a_payload_that_the_key_signed_and_that_says_something_else(signed: Signed, change: dict[str, Any]) -> None:
    manifest = signed.manifest(TAG)
    payload = json.loads(signed.blob(manifest))
    inner = change["critical"]
    payload["critical"] = payload["critical"] | inner if inner else inner
    content = json.dumps(payload).encode()
    signature = base64.b64encode(signed.key.sign(content)).decode()
    manifest["layers"][0]["annotations"] = {"dev.cosignproject.cosign/signature": signature}
    signed.put(TAG, manifest, content)
    assert signed.forms() == {"bundle"}


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (("layers", 0, "annotations", "dev.cosignproject.cosign/signature"), flipped),
        (("layers", 0, "annotations", "dev.cosignproject.cosign/signature"), lambda _: "no base64"),
        (("layers", 0, "annotations", "dev.cosignproject.cosign/signature"), lambda _: ""),
        (("layers", 0, "annotations"), lambda _: {}),
        (("layers", 0, "mediaType"), lambda _: "text/plain"),
        (("layers", 0, "digest"), lambda _: f"sha256:{'0' * 64}"),
        (("layers", 0, "size"), lambda size: size + 1),
        (("layers", 0, "size"), lambda _: "x"),
        (("layers",), lambda _: []),
    ],
)
def test_a_manifest_of_simple_signatures_that_was_changed(
    signed: Signed, path: tuple[Any, ...], change: Callable[[Any], Any]
) -> None:
    signed.put(TAG, changed(signed.manifest(TAG), path, change))
    assert signed.forms() == {"bundle"}


def test_a_tag_that_leads_to_the_image_itself_has_no_signatures(signed: Signed) -> None:
    for image in (IMAGE, OTHER):
        signed.fake.put_manifest(REPOSITORY, image.manifest, _MANIFEST, tag=TAG)
        assert signed.forms() == {"bundle"}


def test_a_tag_that_leads_to_signatures_of_another_image(signed: Signed) -> None:
    sign(signed.remote, signed.reference, OTHER.descriptor, signed.key)
    theirs = signed.remote.manifest(signed.reference.with_tag(f"sha256-{OTHER.digest.hex}.sig"))
    assert theirs is not None
    signed.fake.put_manifest(REPOSITORY, theirs.data, _MANIFEST, tag=TAG)
    assert signed.forms() == {"bundle"}


def test_a_bundle_that_the_server_lists_and_has_lost(signed: Signed) -> None:
    assert "bundle" in signed.forms()
    signed.forget()
    assert signed.forms() == {"simple"}

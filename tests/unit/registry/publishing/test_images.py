"""What the remotes of images say."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.contracts import contract
from tests.fake_remote import FakeRemote, Reply, serving
from tests.images import image_of
from toolkit.errors import InputError, RemoteError
from toolkit.oci.descriptor import OCI_MANIFEST
from toolkit.registry.names import Name
from toolkit.registry.publishing.candidate import About, candidate_of
from toolkit.registry.publishing.images import Images
from toolkit.registry.semver import parse_version
from toolkit.remote.client import Remote
from toolkit.spec.reader import ComponentDocument, parse_document


def document(image: str) -> ComponentDocument:
    return parse_document(contract(image=image), Path("component.yaml"))


def images() -> Images:
    return Images({}, remote=lambda: Remote(environ={}, pause=lambda _: None))


def check(image: str) -> None:
    about = About(published=datetime(2026, 1, 1, tzinfo=UTC))
    images().check(candidate_of(Name("ml", "n"), parse_version("1.0.0"), document(image), about))


def test_an_image_is_looked_for() -> None:
    remote = FakeRemote()
    digest = remote.put_manifest("ml/n", image_of([]).manifest, OCI_MANIFEST, tag="1")
    with serving(remote):
        check(f"{remote.host}/ml/n@{digest}")
        with pytest.raises(InputError, match="is not on its remote") as missing:
            check(f"{remote.host}/ml/n@sha256:{'0' * 64}")
        assert str(missing.value.where) == "component.yaml:7:12"
        remote.faults.replies = [("HEAD", "/manifests/", Reply(403, {}, b""))]
        with pytest.raises(RemoteError, match="cannot see whether") as refused:
            check(f"{remote.host}/ml/n@{digest}")
    assert "--no-image-check" in (refused.value.hint or "")


def test_a_tag_becomes_a_digest_once() -> None:
    remote = FakeRemote()
    digest = remote.put_manifest("ml/n", image_of([]).manifest, OCI_MANIFEST, tag="1")
    asked = images()
    with serving(remote):
        image = f"{remote.host}/ml/n:1"
        for _ in range(2):
            pinned = asked.pinned(document(image))
            assert pinned.spec.container.image == f"{image}@{digest}"
            assert pinned.text == contract(image=f"{image}@{digest}")
        assert len([call for call in remote.calls if "/manifests/" in call.path]) == 1
        with pytest.raises(InputError, match="is not on its remote"):
            asked.pinned(document(f"{remote.host}/ml/n:2"))

"""Names of components as tags."""

import pytest

from tests.fake_remote import FakeRemote
from toolkit.errors import OutsideError
from toolkit.registry.names import Name
from toolkit.registry.oci.addresses import name_tag
from toolkit.registry.oci.name_tags import add_names, read_names
from toolkit.registry.oci.registry import OciRegistry

TRAIN, SCORE, LONG = Name("ml", "train"), Name("ml", "score"), Name("n" * 100, "m" * 100)


def test_names_are_added_in_any_order_and_read_in_theirs(fake: FakeRemote, registry: OciRegistry) -> None:
    assert read_names(registry.seen, registry.at) == []
    add_names(registry.remote, registry.at, [TRAIN, SCORE, LONG])
    add_names(registry.remote, registry.at, [TRAIN])
    assert read_names(registry.seen, registry.at) == [SCORE, TRAIN, LONG]
    assert len(fake.tags["team/comp-names"]) == 3


def test_other_tags_are_passed_over(fake: FakeRemote, registry: OciRegistry, caplog: pytest.LogCaptureFixture) -> None:
    add_names(registry.remote, registry.at, [TRAIN])
    digest = fake.tags["team/comp-names"][name_tag(TRAIN)]
    fake.tags["team/comp-names"] |= {"latest": digest, "ML__train": digest}
    manifest = b'{"config":{"mediaType":"application/vnd.oci.image.config.v1+json"}}'
    fake.put_manifest("team/comp-names", manifest, "application/vnd.oci.image.manifest.v1+json", tag="long-abc")
    assert read_names(registry.seen, registry.at) == [TRAIN]
    assert "comp-names:long-abc is not the name of a component" in caplog.text


def test_a_long_tag_with_another_name_is_refused(fake: FakeRemote, registry: OciRegistry) -> None:
    add_names(registry.remote, registry.at, [LONG])
    fake.tags["team/comp-names"]["long-abc"] = fake.tags["team/comp-names"][name_tag(LONG)]
    with pytest.raises(OutsideError, match="is the tag of another name"):
        read_names(registry.seen, registry.at)

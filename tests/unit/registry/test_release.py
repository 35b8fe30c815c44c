import json
from typing import Any

import pytest
from msgspec.structs import replace

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.registry.names import Name
from toolkit.registry.release import CONTRACT, Release, ReleaseFile, interface_digest
from toolkit.registry.semver import parse_version

RATE = Input(name="rate", type="Float", kind=Kind.PARAMETER, description="How fast", default="0.1", optional=True)
INTERFACE = Interface(inputs=(RATE,), outputs=(Output(name="model", type="Model", kind=Kind.ARTIFACT),))
RELEASE = Release(
    name=Name("ml", "train"),
    version=parse_version("1.0.0-rc.1"),
    digest=Digest.of(b"contract"),
    image="registry.example.com/train@sha256:" + "0" * 64,
    title="Train",
    description="Fit a model.\nSlowly.",
    interface=INTERFACE,
    published="2026-01-31T12:00:00Z",
    by="Ada",
    files=(ReleaseFile(path="README.md", digest=Digest.of(b"readme"), size=6),),
    licenses="MIT",
    authors=("Ada",),
    tags=("training",),
    source="https://example.com/ml.git",
    revision="0" * 40,
    platforms=("linux/amd64",),
)


def test_a_record_says_everything_and_reads_back() -> None:
    assert Release.from_dict(json.loads(RELEASE.to_bytes())) == RELEASE
    bare = replace(RELEASE, by=None, files=(), licenses=None, source=None)
    assert Release.from_dict(json.loads(bare.to_bytes())) == bare


def test_a_file_is_known_by_its_path() -> None:
    assert RELEASE.digest_of(CONTRACT) == RELEASE.digest
    assert RELEASE.digest_of("README.md") == Digest.of(b"readme")
    with pytest.raises(KeyError):
        RELEASE.digest_of("LICENSE")


def test_the_bytes_of_a_record_do_not_change_unseen() -> None:
    assert (
        str(Digest.of(RELEASE.to_bytes())) == "sha256:e39b51e643b8c60d3623dc7d72be2703e95fa15ebb3237622195940253137c56"
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("api", 2),
        ("namespace", "../up"),
        ("name", None),
        ("version", "1"),
        ("digest", "sha256:1"),
        ("image", 3),
        ("files", "x"),
        ("files", {"../x": {"digest": "sha256:" + "0" * 64, "size": 1}}),
        ("files", {"README.md": {"digest": "sha256:" + "0" * 64, "size": -1}}),
        ("tags", "x"),
        ("authors", [1]),
        ("by", 7),
        ("interface", []),
        ("interface", {"inputs": [], "outputs": {}}),
        ("interface", {"inputs": ["rate"], "outputs": []}),
        ("interface", {"inputs": [], "outputs": [{"name": "a", "type": "b", "kind": "c", "description": ""}]}),
        ("interface", {"inputs": [], "outputs": []}),
        ("interface_digest", None),
    ],
)
def test_a_wrong_part_is_refused(key: str, value: Any) -> None:  # noqa: ANN401 (any JSON value)
    with pytest.raises(InputError):
        Release.from_dict(RELEASE.to_dict() | {key: value})


def test_the_interface_digest_follows_what_callers_depend_on() -> None:
    def changed(**parts: Any) -> Digest:  # noqa: ANN401 (the fields of an input)
        return interface_digest(replace(INTERFACE, inputs=(replace(RATE, **parts),)))

    assert changed(description="Otherwise") == interface_digest(INTERFACE)
    others = [changed(name="r"), changed(type="Integer"), changed(default="0.2"), changed(optional=False)]
    assert len({interface_digest(INTERFACE), *others}) == 5


@pytest.mark.parametrize("key", ["description", "title", "by", "published", "checksum"])
def test_a_record_that_was_edited_is_noticed(key: str) -> None:
    record = RELEASE.to_dict() | {key: "another"}
    with pytest.raises(InputError, match="its checksum is not that of its content"):
        Release.from_dict(record)

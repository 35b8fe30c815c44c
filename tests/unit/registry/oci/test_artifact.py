"""A release as an artifact, and back: nothing is lost, and nothing else is taken for one."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.releases import contract, release
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.image import Image
from toolkit.registry.oci.artifact import (
    CONTRACT_TYPE,
    INTERFACE,
    INTERFACE_TYPE,
    RECORD,
    RECORD_TYPE,
    RELEASE_TYPE,
    TITLE,
    annotations,
    read_parts,
    release_artifact,
)
from toolkit.registry.release import CONTRACT, README, Release, ReleaseFile, interface_to_dict

CONTENTS = {CONTRACT: contract("1.0.0"), README: b"# Train\n"}
RELEASE = release(readme=CONTENTS[README])


def manifest_of(artifact: Image) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(artifact.manifest)
    return parsed


def test_the_interface_is_the_config_and_files_are_titled_layers() -> None:
    artifact = release_artifact(RELEASE, CONTENTS)
    manifest = manifest_of(artifact)
    # A change of the form makes other artifacts of the same releases.
    assert sorted(manifest) == ["annotations", "artifactType", "config", "layers", "mediaType", "schemaVersion"]
    assert release_artifact(RELEASE, CONTENTS).manifest == artifact.manifest
    assert (manifest["artifactType"], manifest["config"]["mediaType"]) == (RELEASE_TYPE, INTERFACE_TYPE)
    assert json.loads(artifact.config) == interface_to_dict(RELEASE.interface)
    titles = [layer["annotations"][TITLE] for layer in (manifest["config"], *manifest["layers"])]
    assert titles == [INTERFACE, RECORD, CONTRACT, README]
    contents = [b"".join(layer.chunks()) for layer in artifact.layers]
    assert contents == [RELEASE.to_bytes(), CONTENTS[CONTRACT], CONTENTS[README]]
    assert manifest["annotations"]["dev.comp.component.name"] == "ml/train"
    assert manifest["annotations"]["org.opencontainers.image.version"] == "1.0.0"


def test_the_parts_come_back_from_the_manifest() -> None:
    artifact = release_artifact(RELEASE, CONTENTS)
    parts = read_parts(artifact.manifest, artifact.digest)
    assert parts.record.digest == Digest.of(RELEASE.to_bytes())
    assert {path: part.digest for path, part in parts.files.items()} == {
        path: Digest.of(data) for path, data in CONTENTS.items()
    }
    assert parts.blobs == {artifact.config_descriptor.digest, *(layer.descriptor.digest for layer in artifact.layers)}


def test_a_file_with_the_name_of_the_record_keeps_it() -> None:
    own = ReleaseFile(path=RECORD, digest=Digest.of(b"{}"), size=2)
    artifact = release_artifact(replace(RELEASE, files=(own,)), {CONTRACT: CONTENTS[CONTRACT], RECORD: b"{}"})
    parts = read_parts(artifact.manifest, artifact.digest)
    assert parts.files[RECORD].digest == Digest.of(b"{}")
    assert "annotations" not in manifest_of(artifact)["layers"][0]


@pytest.mark.parametrize("contents", [{}, {CONTRACT: b"other", README: b"# Train\n"}, {CONTRACT: contract("1.0.0")}])
def test_other_contents_than_the_record_names_are_refused(contents: dict[str, bytes]) -> None:
    with pytest.raises(InputError, match=r"is not that of ml/train@1\.0\.0"):
        release_artifact(RELEASE, contents)


def test_annotations_stay_below_four_kilobytes() -> None:
    huge: Release = replace(
        RELEASE,
        title="ü" * 3000,
        description="a first line\nand more\n\n" + "x" * 5000,
        authors=tuple(f"author {number}" for number in range(1000)),
        source="https://git.example/x",
        revision="r" * 40,
    )
    notes = annotations(huge)
    assert len(json.dumps(notes, ensure_ascii=False).encode()) < 4096
    assert notes["org.opencontainers.image.source"] == "https://git.example/x"
    assert notes["org.opencontainers.image.description"] == "a first line and more"
    assert "org.opencontainers.image.authors" not in notes
    assert annotations(replace(RELEASE, description="d" * 400))["org.opencontainers.image.description"].endswith("d…")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"config": {"mediaType": "application/vnd.oci.image.config.v1+json"}},
            "it is application/vnd.oci.image.config",
        ),
        (
            {"config": None, "mediaType": "application/vnd.oci.image.index.v1+json"},
            "it is application/vnd.oci.image.index",
        ),
        ({"config": "x"}, "expected application/vnd.comp.component.interface"),
        ({"layers": []}, "it has 0 records and 0 files"),
        ({"layers": "x"}, "it has 0 records and 0 files"),
        ({"layers": [{"mediaType": RECORD_TYPE}]}, "not a descriptor"),
        (
            {"layers": [{"mediaType": CONTRACT_TYPE, "digest": f"sha256:{'0' * 64}", "size": 1}]},
            "0 records and 1 files",
        ),
    ],
)
def test_another_manifest_is_not_a_release(change: dict[str, object], message: str) -> None:
    manifest = manifest_of(release_artifact(RELEASE, CONTENTS)) | change
    with pytest.raises(InputError, match=message):
        read_parts(json.dumps(manifest).encode(), Digest.of(b""))

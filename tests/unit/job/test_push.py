from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.artifacts import base_image, component
from tests.fake_remote import FakeRemote
from toolkit.config.project import EntryPoint, Project
from toolkit.digest import Digest
from toolkit.errors import InputError, UsageError
from toolkit.job.context import BuildContext
from toolkit.job.push import image_tags, pin, push, target_reference
from toolkit.oci.reference import parse_reference

IMAGE = base_image()
PINNED = parse_reference(f"example.com/ml/count@{Digest.of(b'')}")
CONTRACT = "name: A\nimplementation:\n  container:\n    image: count:1  # ours\n    command: [run]\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = component(tmp_path / "component", image="example.com/ml/count")
    project.entries[0].contract.write_text(CONTRACT)
    return project


def test_the_name_comes_from_the_settings(project: Project) -> None:
    assert str(target_reference(project)) == "example.com/ml/count"
    with pytest.raises(InputError, match="no image name for count-words") as refused:
        target_reference(replace(project, image=None))
    assert "COMP_IMAGE_PREFIX" in (refused.value.hint or "")


@pytest.mark.parametrize(
    ("version", "name", "expected"),
    [
        ("1.2.0", "example.com/a", ["1.2.0"]),
        ("1.2.0+cpu", "example.com/a", ["1.2.0_cpu"]),
        ("1.2.0", "example.com/a:latest", ["1.2.0", "latest"]),
        ("1.2.0", "example.com/a:1.2.0", ["1.2.0"]),
    ],
)
def test_tags(project: Project, version: str, name: str, expected: list[str]) -> None:
    tags = image_tags(replace(project, version=version), IMAGE, parse_reference(name))
    assert [tag for tag in tags if not tag.startswith("sha-")] == expected
    assert f"sha-{IMAGE.digest.hex[:12]}" in tags


def test_a_push_returns_the_reference_by_digest(project: Project, context: BuildContext, fake: FakeRemote) -> None:
    named = replace(project, image=f"{fake.host}/ml/count:latest")
    pushed = push(named, IMAGE, context)
    assert str(pushed.reference) == f"{fake.host}/ml/count@{IMAGE.digest}"
    assert fake.tags["ml/count"] == dict.fromkeys(pushed.tags, str(IMAGE.digest))


def test_a_pin_changes_the_image_alone(project: Project) -> None:
    contract = project.entries[0].contract
    assert pin(project, PINNED) == (contract,)
    assert contract.read_text() == CONTRACT.replace("count:1", str(PINNED))
    assert pin(project, PINNED) == ()


def test_a_pin_may_go_to_another_file(project: Project, tmp_path: Path) -> None:
    assert pin(project, PINNED, into=str(tmp_path / "pinned.yaml")) == (tmp_path / "pinned.yaml",)
    assert (tmp_path / "pinned.yaml").read_text() == CONTRACT.replace("count:1", str(PINNED))
    assert project.entries[0].contract.read_text() == CONTRACT
    assert pin(project, PINNED, into="none") == ()


def test_one_file_does_not_hold_two_contracts(project: Project, tmp_path: Path) -> None:
    other = EntryPoint(name="other", contract=tmp_path / "other.yaml", command=("run",))
    two = replace(project, entries=(*project.entries, other))
    with pytest.raises(UsageError, match="this image has 2 components") as refused:
        pin(two, PINNED, into="pinned.yaml")
    assert refused.value.hint == "use --pin in-place"

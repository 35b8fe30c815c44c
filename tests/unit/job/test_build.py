"""The whole job, and its results in their order."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.components import small_base, write_component
from tests.fake_remote import FakeRemote
from toolkit.errors import CompError, InputError, LostError
from toolkit.job import build as job
from toolkit.job import last_base, push
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.job.push import Pushed
from toolkit.oci.descriptor import Platform
from toolkit.spec.reader import read_component

if TYPE_CHECKING:
    from toolkit.job.build import Milestone

AMD64 = Platform("linux", "amd64")


def _build(request: BuildRequest, context: BuildContext) -> list[tuple[str, str]]:
    """Build, and list the milestones."""
    milestones: list[Milestone] = []
    image = job.build(request, context, milestones.append)
    assert ("image", image) in [(milestone.kind, milestone.value) for milestone in milestones]
    return [(milestone.kind, milestone.value) for milestone in milestones]


@pytest.fixture
def pushing(folder: Path, fake: FakeRemote) -> BuildRequest:
    return BuildRequest(folder=folder, overrides={"image": f"{fake.host}/ml/count"}, push=True)


def test_a_build_gives_the_digest_and_the_next_is_unchanged(folder: Path, context: BuildContext) -> None:
    request = BuildRequest(folder=folder)
    ((kind, digest),) = _build(request, context)
    assert (kind, digest[:7]) == ("image", "sha256:")
    assert _build(request, context) == [("unchanged", ""), ("image", digest)]
    (folder / "src" / "more.py").write_text("")
    ((kind, other),) = _build(request, context)
    assert (kind, other != digest) == ("image", True)


def test_a_push_sets_tags_and_pins_the_contract(pushing: BuildRequest, context: BuildContext, fake: FakeRemote) -> None:
    contract = pushing.folder / "component.yaml"
    (_, reference), pinned = _build(pushing, context)
    assert pinned == ("pinned", str(contract))
    assert read_component(contract).container.image == reference
    name, _, digest = reference.partition("@")
    assert name == f"{fake.host}/ml/count"
    assert fake.tags["ml/count"] == {"1.2.0": digest, f"sha-{digest[7:19]}": digest}
    assert _build(pushing, context) == [("unchanged", ""), ("image", reference)]


def test_an_image_that_the_remote_lost_is_pushed_again(
    pushing: BuildRequest, context: BuildContext, fake: FakeRemote
) -> None:
    (_, reference), _ = _build(pushing, context)
    fake.manifests.clear()
    fake.tags.clear()
    assert _build(pushing, context) == [("image", reference)]
    assert fake.tags["ml/count"]["1.2.0"] == reference.partition("@")[2]


def test_an_image_is_announced_before_a_pin_that_fails(
    pushing: BuildRequest, context: BuildContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(push, "write_text", full)
    milestones: list[Milestone] = []
    with pytest.raises(OSError):  # noqa: PT011 (the test's own)
        job.build(pushing, context, milestones.append)
    assert [milestone.kind for milestone in milestones] == ["image"]


def test_parts_that_the_cache_lost_before_the_push_are_built_again(
    pushing: BuildRequest,
    context: BuildContext,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    real = push.push
    lost: list[object] = []

    def losing(*arguments: object) -> Pushed:
        if not lost:
            lost.append(arguments)
            raise LostError("the cache lost a layer")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(push, "push", losing)
    assert [kind for kind, _ in _build(pushing, context)] == ["image", "pinned"]
    assert "the cache lost a layer; building again" in caplog.text


def test_an_output_is_written_even_if_nothing_changed(folder: Path, context: BuildContext, tmp_path: Path) -> None:
    request = BuildRequest(folder=folder)
    ((_, digest),) = _build(request, context)
    output = tmp_path / "out"
    assert _build(replace(request, output=f"layout:{output}"), context) == [
        ("written", str(output)),
        ("image", digest),
    ]
    assert json.loads((output / "index.json").read_text())["manifests"][0]["digest"] == digest


def test_a_push_without_a_name_fails_before_the_build(folder: Path, context: BuildContext) -> None:
    with pytest.raises(InputError, match="no image name for count-words"):
        job.build(BuildRequest(folder=folder, push=True), context)
    assert not (folder / "requirements.lock").exists()


def test_a_stale_contract_fails_before_the_build(folder: Path, context: BuildContext) -> None:
    (folder / "component.yaml").unlink()
    with pytest.raises(CompError, match="the contract is missing"):
        job.build(BuildRequest(folder=folder), context)
    assert not (folder / "requirements.lock").exists()


def test_the_base_of_the_command_line_is_remembered(folder: Path, context: BuildContext, tmp_path: Path) -> None:
    other = f"layout:{small_base(tmp_path / 'other', more=b'1')}"
    request = BuildRequest(folder=folder, overrides={"base": other})
    for _ in range(2):
        _build(request, context)
        assert last_base.recall(folder, AMD64, context.cache) == other
        _build(BuildRequest(folder=folder), context)
        assert last_base.recall(folder, AMD64, context.cache) is None


def test_a_component_of_several_is_pinned_in_all_its_contracts(
    tmp_path: Path, base: Path, context: BuildContext, fake: FakeRemote
) -> None:
    settings = f'image = "{fake.host}/ml/two"\n[tool.comp.components.other]\nentrypoint = "count_words:count"'
    (tmp_path / "two" / "components").mkdir(parents=True)
    folder = write_component(tmp_path / "two", base, settings=settings)
    (_, reference), *pinned = _build(BuildRequest(folder=folder, push=True), context)
    contracts = [folder / "component.yaml", folder / "components" / "other.yaml"]
    assert pinned == [("pinned", str(contract)) for contract in contracts]
    assert {read_component(contract).container.image for contract in contracts} == {reference}

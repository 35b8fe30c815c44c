import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.components import small_base, write_component
from toolkit.builders.embedded import EmbeddedBuilder
from toolkit.builders.plan import Plan
from toolkit.config.project import Project, read_project
from toolkit.errors import LostError
from toolkit.job.builder import choose_builder
from toolkit.job.context import BuildContext
from toolkit.job.image import build_image, build_plans, make_plans
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image, ImageIndex
from toolkit.oci.layout import read_layout, write_layout
from toolkit.progress import Report

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


@pytest.fixture
def project(folder: Path) -> Project:
    return read_project(folder, environ={})


@pytest.fixture
def on_two_platforms(tmp_path: Path) -> Project:
    images = [
        read_layout(small_base(tmp_path / platform.architecture, architecture=platform.architecture), platform=platform)
        for platform in (AMD64, ARM64)
    ]
    write_layout(ImageIndex.of(images, annotations={}), tmp_path / "both")
    folder = write_component(tmp_path / "two", tmp_path / "both", settings='platforms = ["linux/amd64", "linux/arm64"]')
    return read_project(folder, environ={})


def test_one_platform_gives_an_image(project: Project, context: BuildContext) -> None:
    (plan,), image = build_image(project, context)
    assert isinstance(image, Image)
    assert [layer.name for layer in plan.layers] == ["launcher and virtual environment", "code"]
    assert len(image.layers) == 3
    assert check_image(image) == []


def test_several_platforms_give_an_index(on_two_platforms: Project, context: BuildContext) -> None:
    plans, index = build_image(on_two_platforms, context)
    assert isinstance(index, ImageIndex)
    assert [plan.platform for plan in plans] == [image.platform for image in index.images] == [AMD64, ARM64]
    (one,), image = build_image(on_two_platforms, context, only=ARM64)
    assert isinstance(image, Image)
    assert (one.platform, image.digest) == (ARM64, index.images[1].digest)


def test_an_index_has_the_annotations_that_all_its_images_have(
    on_two_platforms: Project, context: BuildContext
) -> None:
    plans, index = build_image(on_two_platforms, context)
    assert isinstance(index, ImageIndex)
    labels = {f"org.opencontainers.image.{key}" for key in ("title", "version", "created")}
    annotations = json.loads(index.document)["annotations"]
    assert labels <= annotations.keys()
    assert "org.opencontainers.image.base.digest" in plans[0].annotations
    assert "org.opencontainers.image.base.digest" not in annotations


@pytest.mark.parametrize(("times", "succeeds"), [(1, True), (2, False)])
def test_lost_parts_of_the_cache_are_made_again_once(
    project: Project,
    context: BuildContext,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    times: int,
    succeeds: bool,
) -> None:
    real = EmbeddedBuilder.build
    lost: list[Plan] = []

    def losing(self: EmbeddedBuilder, plan: Plan, report: Report) -> Image:
        if len(lost) < times:
            lost.append(plan)
            raise LostError("the cache lost a wheel")
        return real(self, plan, report)

    monkeypatch.setattr(EmbeddedBuilder, "build", losing)
    if succeeds:
        _, image = build_image(project, context)
        assert isinstance(image, Image)
    else:
        with pytest.raises(LostError):
            build_image(project, context)
    assert "the cache lost a wheel; building again" in caplog.text


def test_plans_are_all_that_an_image_depends_on(project: Project, context: BuildContext) -> None:
    builder = choose_builder("oci", project, context)
    plans = make_plans(project, context, builder)
    assert build_plans(plans, builder, context).digest == build_image(project, context)[1].digest


def test_warnings_come_once_for_all_platforms(
    on_two_platforms: Project, context: BuildContext, caplog: pytest.LogCaptureFixture
) -> None:
    lazy = replace(on_two_platforms, estargz=True)
    build_image(lazy, context)
    lines = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(lines) == len(set(lines)) >= 1

"""The sample with a system package, from the real archives: built without an engine, and run by one."""

import os
from pathlib import Path

import pytest

from tests.commands import comp
from tests.conftest import Sample
from tests.daemons import require
from toolkit.cache.store import Cache
from toolkit.config.project import read_project
from toolkit.job.context import BuildContext
from toolkit.job.image import build_image
from toolkit.oci.check import check_image


def test_a_package_of_debian_works_in_its_image(sample: Sample, debian_base: Path, cache_folder: Path) -> None:
    require("buildah")
    environ = {**os.environ, "COMP_BASE": f"layout:{debian_base}", "COMP_CACHE_DIR": str(cache_folder)}
    folder = sample("filter_json")
    tested = comp("test", folder, "--runner", "buildah", env=environ)
    assert tested.out.splitlines() == ["ok   large_orders (buildah)", "ok   wrong_query (buildah)"], tested.err


@pytest.mark.parametrize("builder", ["oci", "buildah"])
def test_builders_build_on_the_same_base(sample: Sample, debian_base: Path, cache_folder: Path, builder: str) -> None:
    if builder == "buildah":
        require("buildah")
    environ = {**os.environ, "COMP_BASE": f"layout:{debian_base}"}
    project = read_project(sample("filter_json", into=builder), environ=environ)
    (plan,), built = build_image(project, BuildContext(cache=Cache(cache_folder), environ=environ), builder=builder)
    (image,) = built.images
    assert check_image(image) == []
    assert [layer.diff_id for layer in image.layers[:2]] == [layer.diff_id for layer in plan.base.layers]
    assert plan.system
    assert {"jq", "libjq1", "libonig5"} == {pin.name for pin in plan.system.packages}

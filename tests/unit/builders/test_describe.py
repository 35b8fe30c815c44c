import json
from pathlib import Path

import pytest

from tests.artifacts import base_image, component
from tests.images import image_of, layer_of, tar_of
from tests.planned import make
from toolkit.builders.describe import describe, layers_above
from toolkit.errors import OutsideError
from toolkit.oci.check import check_image


def test_layers_are_put_on_the_base_with_what_the_plan_says(tmp_path: Path) -> None:
    plan = make(component(tmp_path / "c"))
    layer = layer_of(tar_of("opt/comp/x"))
    image = describe(plan, [layer], history=["comp: code"])
    assert check_image(image) == []
    assert image.layers == (*plan.base.layers, layer)
    config = json.loads(image.config)
    assert config["config"]["Cmd"] == list(plan.command)
    assert config["history"][-1]["created_by"] == "comp: code"


def test_an_engines_copies_of_the_bases_layers_are_left_out(tmp_path: Path) -> None:
    plan = make(component(tmp_path / "c"))
    top = layer_of(tar_of("opt/comp/x"))
    # As docker saves them: the same tar, compressed otherwise or not at all.
    copied = layer_of(bytes(1024))
    assert copied.descriptor != plan.base.layers[0].descriptor
    assert layers_above(plan, image_of([copied, top]), engine="docker") == (top,)


def test_another_base_than_the_plans_is_refused(tmp_path: Path) -> None:
    plan = make(component(tmp_path / "c"))
    other = image_of([layer_of(tar_of("other")), layer_of(tar_of("opt/comp/x"))])
    with pytest.raises(OutsideError, match="buildah built on another base"):
        layers_above(plan, other, engine="buildah")
    assert base_image().layers[0].diff_id == plan.base.layers[0].diff_id

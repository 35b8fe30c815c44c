"""Images that no cluster can pull are refused before anything is submitted."""

from pathlib import Path

import pytest

from tests.artifacts import component
from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.job.context import BuildContext
from toolkit.runners.pushed import pushed_image
from toolkit.spec.model import ComponentSpec
from toolkit.spec.reader import parse_component

PATH = Path("component.yaml")


def named(image: str) -> ComponentSpec:
    """Return the contract of an image."""
    return parse_component(f"name: n\nimplementation: {{container: {{image: '{image}'}}}}\n", PATH)


@pytest.mark.parametrize("image", [f"sha256:{'0' * 64}", "layout:out", "archive:a.tar", "oci:x"])
def test_an_image_of_this_machine_alone(tmp_path: Path, image: str) -> None:
    with pytest.raises(InputError, match="is on this machine alone") as caught:
        pushed_image(named(image), PATH, None, BuildContext(cache=Cache(tmp_path)))
    assert caught.value.hint == "push it: comp build --push"


def test_code_that_was_never_pushed(tmp_path: Path) -> None:
    context = BuildContext(cache=Cache(tmp_path / "cache"))
    # A contract alone says which image to take.
    assert pushed_image(named("a/b:1"), PATH, None, context) == "a/b:1"
    with pytest.raises(InputError, match="the contract's image a/b:1 has no digest") as caught:
        pushed_image(named("a/b:1"), PATH, component(tmp_path), context)
    assert "comp build --push" in (caught.value.hint or "")

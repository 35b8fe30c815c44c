import io
import tarfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.artifacts import base_image, base_of, component, installed, pack_wheel
from tests.bytecode import CODE, HERE, MINOR, SITE, TAG, compiled
from toolkit.builders.embedded import EmbeddedBuilder
from toolkit.builders.plan import BytecodeLayer, Installed
from toolkit.builders.planning import make_plan
from toolkit.cache.store import Cache
from toolkit.oci.check import check_image
from toolkit.progress import silent
from toolkit.wheels.collisions import collisions
from toolkit.wheels.wheel import Wheel


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def _installed(cache: Cache, wheels: tuple[Wheel, ...]) -> Installed:
    on_base = installed(wheels, base_image())
    return replace(
        on_base,
        bytecode=compiled(cache, *on_base.wheels),
        collisions=collisions(on_base.wheels, minor=MINOR),
    )


def _bytecode_names(cache: Cache, folder: Path, wheels: tuple[Wheel, ...]) -> list[str]:
    """Build an image of wheels that lie in one layer, and name the files of its layer of bytecode."""
    on_base = _installed(cache, wheels)
    plan = make_plan(component(folder), base_of(base_image(), HERE.facts), on_base, environ={})
    image = EmbeddedBuilder(cache).build(plan, silent)
    assert check_image(image) == []
    with tarfile.open(fileobj=io.BytesIO(b"".join(image.layers[3].chunks()))) as archive:
        return [member.name.removeprefix(f"{SITE}/__pycache__/") for member in archive if member.isfile()]


def test_equal_sources_of_two_wheels_are_compiled_once(tmp_path: Path, cache: Cache) -> None:
    # As opencensus and opencensus-context of ray's requirements bring one __init__.py.
    wheels = tuple(pack_wheel(tmp_path, {"same.py": CODE, f"{name}.py": CODE}, name=name) for name in ("one", "two"))
    names = _bytecode_names(cache, tmp_path / "c", wheels)
    assert names == [f"{name}.cpython-{TAG}.pyc" for name in ("one", "same", "two")]


def test_the_bytecode_of_the_source_that_stays_is_there(tmp_path: Path, cache: Cache) -> None:
    one = pack_wheel(tmp_path, {"shared.py": "A = 1\n"}, name="one")
    two = pack_wheel(tmp_path, {"shared.py": "B = 2\n"}, name="two")
    assert _bytecode_names(cache, tmp_path / "c", (one, two)) == [f"shared.cpython-{TAG}.pyc"]


def test_bytecode_of_a_replaced_source_is_left_out(tmp_path: Path, cache: Cache) -> None:
    wheels = (
        pack_wheel(tmp_path, {"shared.py": CODE, "one.py": CODE}, name="one"),
        # Does not compile, so nothing else would replace the first one's bytecode.
        pack_wheel(tmp_path, {"shared.py": "print 'x'\n", "two.py": CODE}, name="two"),
    )
    on_base = _installed(cache, wheels)
    plan = make_plan(component(tmp_path / "c"), base_of(base_image(), HERE.facts), on_base, environ={})
    layer = plan.layers[2]
    assert isinstance(layer, BytecodeLayer)
    assert layer.left_out == {(wheels[0].filename, f"{SITE}/__pycache__/shared.cpython-{TAG}.pyc")}
    image = EmbeddedBuilder(cache).build(plan, silent)
    assert check_image(image) == []
    with tarfile.open(fileobj=io.BytesIO(b"".join(image.layers[3].chunks()))) as archive:
        names = [member.name for member in archive if member.isfile()]
    assert names == [f"{SITE}/__pycache__/{name}.cpython-{TAG}.pyc" for name in ("one", "two")]

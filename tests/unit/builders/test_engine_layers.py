from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import Struct, field
from msgspec.structs import replace

from tests.artifacts import component
from tests.images import layer_of, tar_of
from tests.planned import make
from toolkit.builders.engine_layers import engine_layers
from toolkit.builders.keeping import kept_layer
from toolkit.builders.plan import Plan
from toolkit.cache.store import Cache
from toolkit.oci.image import Layer


class Engine(Struct):
    """An engine that notes what it is asked for, and makes a layer of the names of the files."""

    asked: list[list[str]] = field(default_factory=list)

    def make(self, cache: Cache) -> Callable[[Plan], tuple[Layer, ...]]:
        def made(plan: Plan) -> tuple[Layer, ...]:
            self.asked.append([layer.name for layer in plan.layers])
            paths = [file.path for layer in plan.layers for file in layer.entries(plan.facts.minor)]
            return (kept_layer(layer_of(tar_of(*paths)), cache),)

        return made


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


BOTH = [["launcher and virtual environment"], ["code"]]


def test_packages_and_code_are_made_once(tmp_path: Path, cache: Cache) -> None:
    plan, engine = make(component(tmp_path / "c")), Engine()
    layers, history = engine_layers(plan, cache, "docker 1", engine.make(cache))
    assert engine.asked == BOTH
    assert history == ("comp: docker: launcher and virtual environment", "comp: docker: code")
    again, _ = engine_layers(plan, Cache(cache.root), "docker 1", engine.make(cache))
    assert engine.asked == BOTH
    assert [one.descriptor for one in again] == [one.descriptor for one in layers]
    assert [b"".join(one.chunks()) for one in again] == [b"".join(one.chunks()) for one in layers]


def test_a_change_of_the_code_makes_its_layer_alone(tmp_path: Path, cache: Cache) -> None:
    engine, project = Engine(), component(tmp_path / "c")
    engine_layers(make(project), cache, "docker 1", engine.make(cache))
    code = project.folder / "src" / "count_words.py"
    code.write_text(code.read_text() + "# changed\n")
    engine_layers(make(project), cache, "docker 1", engine.make(cache))
    assert engine.asked == [*BOTH, ["code"]]


def test_another_engine_or_version_or_base_is_asked_anew(tmp_path: Path, cache: Cache) -> None:
    engine, plan = Engine(), make(component(tmp_path / "c"))
    other = replace(plan, base=replace(plan.base, manifest=plan.base.manifest + b" "))
    for given, name in ((plan, "docker 1"), (plan, "docker 2"), (plan, "buildah 1"), (other, "docker 1")):
        engine_layers(given, cache, name, engine.make(cache))
    assert engine.asked == BOTH * 4


def test_what_the_cache_lost_is_made_again(tmp_path: Path, cache: Cache) -> None:
    engine, plan = Engine(), make(component(tmp_path / "c"))
    layers, _ = engine_layers(plan, cache, "docker 1", engine.make(cache))
    cache.blob_path(layers[0].descriptor.digest).unlink()
    again, _ = engine_layers(plan, Cache(cache.root), "docker 1", engine.make(cache))
    assert engine.asked == [*BOTH, BOTH[0]]
    assert b"".join(again[0].chunks())

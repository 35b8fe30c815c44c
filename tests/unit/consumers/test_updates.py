"""Updates of taken components: what they change, and whom they break."""

import logging
import os
from pathlib import Path

import pytest

from tests.releases import contract_of, publish, release
from toolkit.consumers.updates import Update, broken_by, updates
from toolkit.registry.consuming.choosing import Registries
from toolkit.registry.consuming.lock import read_lock
from toolkit.registry.consuming.standing import standings
from toolkit.registry.consuming.vendored import add_component
from toolkit.registry.folder.directory import Directory
from toolkit.registry.place import parse_place

ENVIRON = {"COMP_REGISTRIES_FILE": os.devnull}
PIPELINE = """from kfp import components, dsl

train = components.load_component_from_file("components/ml/train/component.yaml")

@dsl.pipeline
def daily():
    train(c=1.0)
"""


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Directory:
    monkeypatch.chdir(tmp_path)
    directory = Directory.create(Path("shared"))
    put(directory, "1.0.0", c="Float")
    return directory


def put(registry: Directory, version: str, **inputs: str) -> None:
    content = contract_of(version, **inputs)
    publish(registry, release(version, content=content), content=content)


def planned(requested: str = "^1", *, latest: bool = False) -> list[Update]:
    content = contract_of("1.0.0", c="Float")
    new = release("1.0.0", content=content)
    add_component(new, content, requested=requested, registry=parse_place("shared"), folder=Path())
    lock = read_lock(Path())
    registries = Registries.of(None, environ=ENVIRON, required=False)
    return list(updates(lock, list(standings(lock, lock.chosen([]), registries)), registries, latest=latest))


def test_nothing_is_newer() -> None:
    assert planned() == planned(latest=True) == []


def test_an_update_has_what_changes(registry: Directory) -> None:
    put(registry, "1.1.0", c="Float")
    (update,) = planned()
    assert (str(update.entry), str(update.release), update.requested) == ("ml/train@1.0.0", "ml/train@1.1.0", "^1")
    assert update.found
    assert (update.breaks, update.found.changes) == (False, ())
    assert broken_by(read_lock(Path()), [update], ENVIRON) == []


def test_the_pipelines_that_break_are_named(registry: Directory) -> None:
    put(registry, "2.0.0", strength="Float")
    Path("pipeline.py").write_text(PIPELINE)
    assert planned() == []
    (update,) = planned(latest=True)
    assert update.breaks
    (broken,) = broken_by(read_lock(Path()), [update], ENVIRON)
    assert (broken.where, broken.rule) == ("pipeline.py:7:11", "B102")
    assert "'c'" in broken.message


STUBS = """from toolkit.steps import Outputs, Task, step as _step


class TrainOutputs(Outputs):
    _names = {"model_": "model"}


def train(*, strength_: float) -> Task[TrainOutputs]:
    return _step(
        "ml/train@1.0.0",
        {"c": strength_},
        Task[TrainOutputs],
    )
"""


def test_calls_through_a_stub_module_are_named(registry: Directory) -> None:
    put(registry, "2.0.0", strength="Float")
    Path("stubs.py").write_text(STUBS)
    Path("pipeline.py").write_text(
        "from kfp import dsl\nfrom stubs import train\n\n@dsl.pipeline\ndef daily():\n    train(strength_=1.0)\n"
    )
    assert planned() == []
    (update,) = planned(latest=True)
    (broken,) = broken_by(read_lock(Path()), [update], ENVIRON)
    assert (broken.where, broken.rule) == ("pipeline.py:6:11", "B102")
    assert "'c'" in broken.message


@pytest.mark.parametrize(
    ("requested", "after"),
    [
        ("^1", "^2"),
        ("~1.0", "~2.1"),
        ("^1.0.0", "^2.1.0"),
        ("1.0.0", "2.1.0"),
        ("*", "*"),
        (f"1.0.0#{release('1.0.0', content=contract_of('1.0.0', c='Float')).digest}", "2.1.0#DIGEST"),
        (str(release("1.0.0", content=contract_of("1.0.0", c="Float")).digest), "DIGEST"),
    ],
)
def test_a_request_keeps_its_form(registry: Directory, requested: str, after: str) -> None:
    put(registry, "2.1.0", c="Float")
    (update,) = planned(requested, latest=True)
    assert update.requested == after.replace("DIGEST", str(update.release.digest))


def test_a_release_that_cannot_be_read_is_not_compared(registry: Directory, caplog: pytest.LogCaptureFixture) -> None:
    publish(registry, release("1.1.0", content=b"name: [\n"), content=b"name: [\n")
    with caplog.at_level(logging.WARNING):
        (update,) = planned()
    assert (update.found, update.breaks) == (None, False)
    assert "ml/train@1.0.0 is not compared with 1.1.0: " in caplog.text

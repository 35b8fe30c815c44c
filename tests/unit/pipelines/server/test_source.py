"""What a server runs: a file, or an uploaded pipeline."""

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from tests.pipelines import Json, constant, dag, executed, pipeline, ports, task, written
from toolkit.errors import InputError, UsageError
from toolkit.pipelines.server.client import Item
from toolkit.pipelines.server.source import RunOptions, find_source, submission, uploaded


def document(value: object = 1) -> Json:
    root = dag({"one": task("one", inputs={"x": constant(value)})}, ports(n="int"))
    return pipeline(root, {"one": executed("one", ports(x="str"))})


def server(document_: object, *versions: str) -> Any:  # noqa: ANN401 (a stand-in)
    def made(name: str) -> Item:
        return Item(item_id=f"id-{name}", name=name, created=datetime(2026, 1, 2).astimezone())

    return SimpleNamespace(
        endpoint=SimpleNamespace(url="https://kfp"),
        find_pipeline=lambda named: (made("train"), tuple(map(made, versions))) if named == "train" else None,
        pipeline_document=lambda *_: document_,
    )


def test_a_compiled_file_is_sent_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(written(document()))
    source = find_source(str(path), tmp_path / "scratch")
    assert source is not None
    assert (source.file, source.version, source.pipeline.name) == (path, None, "example")
    with pytest.raises(UsageError, match="is compiled already"):
        find_source(str(path), tmp_path, function="train")


def test_kfps_client_gets_a_name_that_it_takes(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(written(document()))
    (tmp_path / "scratch").mkdir()
    source = find_source(str(path), tmp_path / "scratch")
    assert source is not None
    assert source.file == tmp_path / "scratch" / "p.yaml"
    assert source.file.read_text() == path.read_text()


def test_a_name_that_is_not_a_file_is_of_a_pipeline(tmp_path: Path) -> None:
    assert find_source("train", tmp_path) is None
    # A folder, such as a component's.
    assert find_source(str(tmp_path), tmp_path) is None
    for name in ("absent.yaml", "absent.py"):
        with pytest.raises(InputError):
            find_source(str(tmp_path / name), tmp_path)


def test_a_value_that_the_server_replaces_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(written(document("{{workflow.name}}")))
    with pytest.raises(InputError, match="does not arrive"):
        find_source(str(path), tmp_path)


def test_the_newest_version_is_taken_unless_one_is_named() -> None:
    on = server(document(), "two", "one")
    assert uploaded(on, "train", None).version == ("id-train", "id-two")
    assert uploaded(on, "train", "one").version == uploaded(on, "train", "id-one").version == ("id-train", "id-one")
    with pytest.raises(InputError, match="has no version three") as caught:
        uploaded(on, "train", "three")
    assert caught.value.hint == "versions: two, one"
    with pytest.raises(InputError, match="has no version at all"):
        uploaded(server(document()), "train", None)
    with pytest.raises(InputError, match="neither a file nor a pipeline on https://kfp"):
        uploaded(on, "other", None)


def test_a_version_with_settings_for_kubernetes_has_both_documents() -> None:
    platforms: Json = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {}}}}}
    for settings in (platforms, None):
        both = yaml.safe_load(yaml.safe_dump({"pipeline_spec": document(), "platform_spec": settings}))
        assert uploaded(server(both, "one"), "train", None).pipeline.platforms == (settings or {}).get("platforms", {})


def test_arguments_have_the_types_of_the_inputs() -> None:
    source = uploaded(server(document(), "one"), "train", None)
    made = submission(source, {"n": "3"}, RunOptions(experiment="e"), name="example 1")
    assert (made.name, made.arguments, made.version, made.experiment) == ("example 1", {"n": 3}, source.version, "e")
    assert submission(source, {"n": "3"}, RunOptions(name="mine"), name="example 1").name == "mine"
    with pytest.raises(UsageError, match="the pipeline has no input 'm'"):
        submission(source, {"m": "3"}, RunOptions(), name="x")
    with pytest.raises(UsageError, match="keeps its own settings of the cache"):
        submission(source, {"n": "3"}, RunOptions(caching=True), name="x")

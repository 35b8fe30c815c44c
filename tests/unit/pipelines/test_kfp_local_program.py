"""The program that runs a pipeline by kfp.local, with stand-ins for kfp and docker's SDK."""

import json
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from toolkit.pipelines.kfp_local_program import main


class Artifact(SimpleNamespace):
    """What kfp gives for an artifact."""


class Kfp:
    """kfp, whose pipeline gives these outputs, or fails."""

    def __init__(self, outputs: dict[str, Any] | Exception) -> None:
        self.outputs = outputs
        self.heard: dict[str, Any] = {}
        self.modules = ModuleType("kfp")
        self.modules.__dict__.update(
            components=SimpleNamespace(load_component_from_file=self._load),
            dsl=SimpleNamespace(Artifact=Artifact),
            local=SimpleNamespace(DockerRunner=lambda **options: options, init=self._init),
        )

    def _init(self, runner: object, **options: object) -> None:
        self.heard |= {"runner": runner, **options}

    def _load(self, path: str) -> Any:  # noqa: ANN401 (a stand-in)
        def run(**inputs: object) -> SimpleNamespace:
            self.heard |= {"path": path, "inputs": inputs}
            if isinstance(self.outputs, Exception):
                raise self.outputs
            return SimpleNamespace(outputs=self.outputs)

        return run


def answer(folder: Path) -> dict[str, Any]:
    """Run the program."""
    request = {"pipeline": "p.yaml", "root": "/root", "inputs": {"n": 5}}
    (folder / "request").write_text(json.dumps(request))
    main(str(folder / "request"), str(folder / "result"))
    return dict(json.loads((folder / "result").read_text()))


@pytest.fixture(autouse=True)
def _docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", ModuleType("docker"))


def test_outputs_are_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model = Artifact(path="/m", schema_title="system.Model", metadata={"a": 1})
    kfp = Kfp({"sum": 3.0, "all": [1, model]})
    monkeypatch.setitem(sys.modules, "kfp", kfp.modules)
    written = {"path": "/m", "type": "system.Model", "metadata": {"a": 1}}
    assert answer(tmp_path) == {"outputs": {"sum": {"value": 3.0}, "all": [{"value": 1}, written]}}
    assert (kfp.heard["path"], kfp.heard["inputs"], kfp.heard["pipeline_root"]) == ("p.yaml", {"n": 5}, "/root")
    assert kfp.heard["runner"] == {"user": f"{os.getuid()}:{os.getgid()}"}


def test_a_failure_has_its_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "kfp", Kfp(RuntimeError("task failed")).modules)
    assert answer(tmp_path) == {"error": "RuntimeError: task failed"}


@pytest.mark.parametrize("name", ["docker", "kfp"])
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    assert answer(tmp_path) == {"missing": name}

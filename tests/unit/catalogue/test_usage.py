import ast
import shlex
from pathlib import Path

import yaml
from msgspec.structs import replace

from tests.catalogues import LOAD, TRAIN, publish
from toolkit.catalogue.usage import Panel, usage_of
from toolkit.interface.model import Input, Interface, Kind
from toolkit.registry.folder.directory import Directory
from toolkit.registry.place import parse_place
from toolkit.registry.release import Release
from toolkit.spec.model import ComponentSpec
from toolkit.spec.reader import parse_component


def _published(root: Path, contract: str = TRAIN) -> tuple[Release, ComponentSpec]:
    release = publish(Directory.create(root), "ml/train-model", "1.2.0", contract)
    return release, parse_component(contract.replace("IMAGE", release.image), Path("component.yaml"))


def _panels(release: Release, spec: ComponentSpec | None, place: str | None = None) -> dict[str, Panel]:
    return {panel.key: panel for panel in usage_of(release, spec, parse_place(place) if place else None)}


def test_comp_adds_and_runs_it(tmp_path: Path) -> None:
    texts = [snippet.text for snippet in _panels(*_published(tmp_path))["comp"].snippets]
    assert texts == [
        "comp add ml/train-model@^1.2.0",
        "comp run ml/train-model@^1.2.0 -i data=DATA_FILE",
    ]


def test_a_long_command_has_a_line_for_each_input(tmp_path: Path) -> None:
    text = _panels(*_published(tmp_path), "https://components.example.com/of/the/team")["comp"].snippets[1].text
    first, second = text.split(" \\\n")
    assert first == "comp run ml/train-model@^1.2.0 --registry https://components.example.com/of/the/team"
    assert second == "  -i data=DATA_FILE"


def test_the_registry_is_named_as_readers_reach_it(tmp_path: Path) -> None:
    panels = _panels(*_published(tmp_path), "https://ann:pw@example.com/components")
    assert panels["comp"].snippets[0].text == (
        "comp add ml/train-model@^1.2.0 --registry https://example.com/components"
    )
    assert "https://example.com/components/c/ml/train-model/versions/tags/1.2.0" in panels["kfp"].snippets[1].text


def test_the_pipeline_is_python_that_names_all_inputs(tmp_path: Path) -> None:
    text = _panels(*_published(tmp_path))["kfp"].snippets[0].text
    ast.parse(text)
    assert 'train_model = load("ml/train-model@^1.2.0")' in text
    assert "data=...,  # Dataset" in text
    assert "# optional: rate" in text
    assert '# step.outputs["model"]' in text


def test_the_step_of_argo_is_yaml(tmp_path: Path) -> None:
    texts = [snippet.text for snippet in _panels(*_published(tmp_path, LOAD))["argo"].snippets]
    assert texts[0] == "comp convert components/ml/train-model/component.yaml --to argo | kubectl apply -f -"
    assert yaml.safe_load(texts[1]) == [
        {
            "name": "step",
            "templateRef": {"name": "load-table", "template": "load-table"},
            "arguments": {"parameters": [{"name": "address", "value": "ADDRESS"}]},
        }
    ]


def test_docker_runs_the_command_of_the_contract(tmp_path: Path) -> None:
    release, spec = _published(tmp_path)
    text = _panels(release, spec)["docker"].snippets[0].text
    words = shlex.split(text.replace("\\\n", ""))
    assert words[:3] == ["docker", "run", "--rm"]
    assert words[words.index(release.image) + 1 :] == [
        *("--data", "/in/data", "--rate", "0.1", "--model", "/out/model"),
    ]
    assert words[words.index("--entrypoint") + 1] == "train"


def test_a_program_in_the_contract_is_not_copied_to_docker(tmp_path: Path) -> None:
    contract = TRAIN.replace("[train,", '[sh, -c, "a\\nb",')
    assert "docker" not in _panels(*_published(tmp_path, contract))
    release, _ = _published(tmp_path / "other")
    assert "docker" not in _panels(release, None)


def test_no_name_ends_a_command_or_a_line(tmp_path: Path) -> None:
    release, spec = _published(tmp_path)
    evil = Input(name="x'; rm -rf ~ #\nimport os", type="A\n    import os  # B", kind=Kind.ARTIFACT)
    hostile = replace(release, interface=Interface(inputs=(evil,)))
    panels = _panels(hostile, spec)
    words = shlex.split(panels["comp"].snippets[1].text)
    assert words[-2] == "-i"
    tree = ast.parse(panels["kfp"].snippets[0].text)
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)]

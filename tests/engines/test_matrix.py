"""The same inputs give the same outputs on every engine: our runners, KFP 2's docker runner, KFP 1.8 through Argo."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec import Struct

from tests.argo import Workflow
from tests.commands import ok
from tests.conftest import ROOT, Sample
from tests.kfp_environments import run_kfp
from tests.servers import Server
from toolkit.interface.function import sanitised
from toolkit.interface.model import Kind
from toolkit.spec.reader import read_component

# A pipeline of importers and one step, run by KFP 2's own docker runner; artifacts lie under its root.
KFP_2 = """
import json, os, sys
from kfp import components, dsl, local

contract, root, values, artifacts = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), json.loads(sys.argv[4])
# KFP's folder belongs to this user, and our images run as another one.
local.init(local.DockerRunner(user=f"{os.getuid()}:{os.getgid()}"), pipeline_root=root)
make = components.load_component_from_file(contract)
types = {name: spec.type.partition(".")[2].partition("@")[0] for name, spec in make.component_spec.inputs.items()}

@dsl.pipeline
def pipeline():
    given = {name: dsl.importer(artifact_uri=path, artifact_class=getattr(dsl, types[name])).output
             for name, path in artifacts.items()}
    make(**given, **values)

pipeline()
"""
# The same for KFP 1.8, compiled only; a step of its own puts each artifact into the workflow.
KFP_1 = """
import json, sys
from kfp import components, dsl
from kfp.compiler import Compiler

contract, image, values, artifacts = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), json.loads(sys.argv[4])
make = components.load_component_from_file(contract)
put = components.load_component_from_text(json.dumps({
    "name": "put", "inputs": [{"name": "name", "type": "String"}], "outputs": [{"name": "artifact"}],
    "implementation": {"container": {"image": image, "command": ["sh", "-ec", 'cp -r "/fixtures/$0" "$1"',
        {"inputValue": "name"}, {"outputPath": "artifact"}]}}}))

@dsl.pipeline(name="p")
def pipeline():
    make(**{name: put(name=given).output for name, given in artifacts.items()}, **values)

print(json.dumps(Compiler()._create_workflow(pipeline)))
"""


class Built(Struct, frozen=True, kw_only=True):
    """A component whose image is pushed, what it is given, and a folder with its artifacts by name."""

    folder: Path
    image: str
    values: Mapping[str, Any]
    artifacts: Mapping[str, str]
    fixtures: Path
    name: str | None = None

    @property
    def contract(self) -> Path:
        """Its contract, pinned."""
        return self.folder / "components" / f"{self.name}.yaml" if self.name else self.folder / "component.yaml"

    def outputs(self, place: Callable[[str], Path]) -> dict[str, Any]:
        """Read the outputs from where `place` says, by name."""
        interface = read_component(self.contract).interface
        return {port.name: _content(place(port.name), port.kind) for port in interface.outputs}


def _content(path: Path, kind: Kind) -> object:
    if path.is_dir():
        return {str(one.relative_to(path)): one.read_bytes() for one in sorted(path.rglob("*")) if one.is_file()}
    if kind is Kind.ARTIFACT:
        return path.read_bytes()
    text = path.read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _by_runner(built: Built, work: Path, runner: str) -> dict[str, Any]:
    given = {**built.values, **{name: str(built.fixtures / path) for name, path in built.artifacts.items()}}
    words = [
        part
        for name, value in given.items()
        for part in ("-i", f"{name}={value if isinstance(value, str) else json.dumps(value)}")
    ]
    for port in read_component(built.contract).interface.outputs:
        words += ["-o", f"{port.name}={work / port.name}"]
    named = ("--component", built.name) if built.name else ()
    ok("run", built.folder, "--runner", runner, *named, *words)
    return built.outputs(lambda name: work / name)


def _by_kfp_2(built: Built, work: Path, python: Path) -> dict[str, Any]:
    shutil.copytree(built.fixtures, work / "root" / "fixtures")
    paths = {name: str(work / "root" / "fixtures" / path) for name, path in built.artifacts.items()}
    run_kfp(python, KFP_2, str(built.contract), str(work / "root"), json.dumps(built.values), json.dumps(paths))
    found = {path.name: path for path in (work / "root").glob("*/*/*") if path.parent.parent.name != "fixtures"}
    return built.outputs(lambda name: found[sanitised(name)])


def _by_argo(built: Built, work: Path, python: Path) -> dict[str, Any]:
    arguments = (str(built.contract), built.image, json.dumps(built.values), json.dumps(built.artifacts))
    document = yaml.safe_load(run_kfp(python, KFP_1, *arguments))
    (template,) = (
        one["name"]
        for one in document["spec"]["templates"]
        if "/opt/comp/launch.py" in one.get("container", {}).get("command", [])
    )
    done = Workflow.run(document, folder=work, fixtures=built.fixtures)
    found = {key.removeprefix(f"tasks.{template}.outputs.artifacts."): path for key, path in done.artifacts.items()}
    # What KFP 1.8 shows in its interface has a name of its own.
    return built.outputs(
        lambda name: found[name.replace("_", "-") if name.startswith("mlpipeline") else f"{template}-{name}"]
    )


ENGINES = ("process", "docker", "buildah", "kfp-2", "kfp-1.8-argo")


def _outputs(engine: str, built: Built, work: Path, kfp1: Path, kfp2: Path) -> dict[str, Any]:
    work.mkdir()
    if engine == "kfp-2":
        return _by_kfp_2(built, work, kfp2)
    if engine == "kfp-1.8-argo":
        return _by_argo(built, work, kfp1)
    return _by_runner(built, work, engine)


@pytest.fixture
def fixtures(tmp_path: Path) -> Path:
    """Artifacts that the components are given."""
    folder = tmp_path / "fixtures"
    (folder / "parts").mkdir(parents=True)
    (folder / "data").write_text("content é")
    (folder / "lines").write_text("a\nb")
    for name in ("one", "two"):
        (folder / "parts" / name).write_text(name)
    return folder


@pytest.fixture
def everything(sample: Sample, remote: Server, tmp_path: Path, fixtures: Path) -> Built:
    """The component with every kind of input and output, some optional inputs given and some absent."""
    assert sample
    source = ROOT / "tests" / "examples" / "functions" / "everything.py"
    ok("new", "everything", "--from-function", f"{source}:everything", folder=tmp_path)
    image = ok("build", tmp_path / "everything", "--push", "--image", f"{remote.host}/matrix/everything")
    return Built(
        folder=tmp_path / "everything",
        image=image,
        values={
            "text": "--not a flag\n é\"'{{",
            "number": 5,
            "ratio": 2.0,
            "flag": True,
            "items": [1, 2],
            "mapping": {"a": {"b": [1.5, "x y"]}},
            "settings": {"rate": 1.0, "names": ["n"]},
            "mode": "slow",
            "more": [],
        },
        artifacts={"data": "data", "folder": "parts", "lines": "lines", "parts": "parts"},
        fixtures=fixtures,
    )


@pytest.mark.usefixtures("docker_host")
def test_everything_is_alike_everywhere(everything: Built, tmp_path: Path, kfp1: Path, kfp2: Path) -> None:
    found = {engine: _outputs(engine, everything, tmp_path / engine, kfp1, kfp2) for engine in ENGINES}
    expected = found["process"]
    given = {name: expected[name] for name in ("text", "number", "ratio", "flag", "items", "mapping", "settings")}
    assert given == {name: everything.values[name] for name in given}
    assert expected["rest"] == {
        "folder": ["one", "two"],
        "lines": ["a", "b"],
        "parts": ["one", "two"],
        "mode": "slow",
        "defaulted": 7,
        "note": "absent",
        "more": [],
        "other": "absent",
        "types": ["str", "int", "float", "bool", "int", "dict", "Settings", "Colour"],
    }
    assert (expected["model"], expected["blob"], expected["count"]) == ("CONTENT É".encode(), b"\0\xff", 2)
    assert expected["tree"] == {"deep/leaf": b"leaf"}
    for engine in ENGINES:
        assert found[engine] == expected, engine


_SAMPLES: dict[str, tuple[dict[str, Any], dict[str, str], str | None]] = {
    "summarise_text": ({"most": 3, "ignore": ["the"]}, {"text": "lines"}, None),
    "load_table": ({"table": "digits"}, {}, None),
    "split-table": ({"fraction": 0.5, "seed": 3}, {"data": "table"}, "load_table"),
    "train_model": ({"c": 0.5}, {"training_data": "table"}, None),
    "evaluate_model": ({}, {"model": "model", "data": "table"}, None),
}


@pytest.mark.usefixtures("docker_host")
@pytest.mark.parametrize("name", _SAMPLES)
def test_a_sample_is_alike_everywhere(
    sample: Sample, remote: Server, tmp_path: Path, fixtures: Path, kfp1: Path, kfp2: Path, name: str
) -> None:
    values, artifacts, within = _SAMPLES[name]
    folder = sample(within or name)
    image = ok("build", folder, "--push", "--image", f"{remote.host}/matrix/{name}")
    (fixtures / "table").write_text("a,b,target\n" + "".join(f"{n},{n % 3},{n % 2}\n" for n in range(40)))
    if "model" in artifacts:
        given = ("-i", f"training_data={fixtures / 'table'}", "-o", f"model={fixtures / 'model'}")
        ok("run", sample("train_model"), "--runner", "docker", *given, folder=tmp_path)
    built = Built(
        folder=folder,
        image=image,
        values=values,
        artifacts=artifacts,
        fixtures=fixtures,
        name=name if within else None,
    )
    found = {engine: _outputs(engine, built, tmp_path / engine, kfp1, kfp2) for engine in ENGINES}
    if name == "train_model":
        predict = _predictor(sample("train_model", into="predictor"), fixtures / "table")
        for outputs in found.values():
            outputs["model"] = predict(outputs["model"])
            outputs["metrics"] = json.loads(outputs["metrics"])
            # How many steps the solver takes depends on the rounding, too.
            assert outputs["metrics"].pop("iterations") > 0
    for engine in ENGINES:
        for output, value in found[engine].items():
            assert value == _about(found["docker"][output]), (engine, output)


def _about(value: object) -> object:
    """Expect numbers within a tolerance: processors have kernels of linear algebra that round differently."""
    if isinstance(value, dict):
        return {key: _about(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_about(item) for item in value]
    return pytest.approx(value, rel=1e-4, abs=1e-6) if isinstance(value, float) else value


_PREDICT = '''"""Predict with a model."""

from toolkit.types import InputPath


def predict(model: InputPath("Model"), data: InputPath("CSV")) -> list:
    """Give the probability of class 1 of each row."""
    import joblib
    import pandas

    table = pandas.read_csv(data).drop(columns="target")
    return [float(row[1]) for row in joblib.load(model).predict_proba(table)]
'''


def _predictor(folder: Path, table: Path) -> Callable[[bytes], list[float]]:
    """Make a component that predicts, where a sample with its requirements and lock was; give it as a function."""
    (folder / "src" / "train_model.py").unlink()
    (folder / "src" / "predict.py").write_text(_PREDICT)
    settings = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(settings.replace("train_model:train", "predict:predict"))
    ok("generate", folder)

    def predict(model: bytes) -> list[float]:
        (folder / "model").write_bytes(model)
        given = ("-i", f"model={folder / 'model'}", "-i", f"data={table}")
        printed = ok("run", folder, "--runner", "process", *given)
        probabilities: list[float] = json.loads(printed.removeprefix("Output="))
        assert len(probabilities) == 40
        return probabilities

    return predict

"""KFP 2's own local docker runner starts our image and receives parameters, artifacts and their metadata."""

import json
from pathlib import Path

import pytest

from tests.commands import ok
from tests.conftest import Sample
from tests.kfp_environments import run_kfp
from tests.servers import Server

# Every kind of port: values of all types, optional ones, an artifact in and out, equal names, metadata, a NamedTuple.
COMPONENT = '''
from typing import NamedTuple

from kfp.dsl import ClassificationMetrics, Dataset, Input, Metrics, Model, Output


class Given(NamedTuple):
    text: str
    number: int
    ratio: float
    flag: bool
    items: list
    settings: dict


def everything(
    data: Input[Dataset],
    model: Output[Model],
    metrics: Output[Metrics],
    confusion: Output[ClassificationMetrics],
    text: str,
    number: int = 3,
    ratio: float = 0.5,
    flag: bool = True,
    items: list = [1, "a"],
    settings: dict | None = None,
    note: str | None = None,
    other: Input[Dataset] = None,
) -> Given:
    """Give back what it was given.

    Args:
        text: Any text.
    """
    assert other is None
    with open(data.path) as stream:
        content = stream.read()
    with open(model.path, "w") as stream:
        stream.write(content.upper())
    model.metadata["framework"] = "none"
    model.metadata["seen"] = dict(data.metadata)
    metrics.log_metric("accuracy", 0.75)
    confusion.log_confusion_matrix(["a", "b"], [[1, 2], [3, 4]])
    return Given(text, number, ratio, flag, items, settings if settings is not None else {"note": note or "absent"})
'''

LOCAL = """
import json, os, sys
from typing import NamedTuple
from kfp import components, dsl, local

# KFP's folder belongs to this user, and our images run as another one.
local.init(local.DockerRunner(user=f"{os.getuid()}:{os.getgid()}"), pipeline_root=sys.argv[2])
make = components.load_component_from_file(sys.argv[1])

@dsl.container_component
def source(data: dsl.Output[dsl.Dataset]):
    return dsl.ContainerSpec(image=sys.argv[3], command=["python3", "-c"], args=[
        "import os, sys, json; p, e = sys.argv[1], json.loads(sys.argv[2]);"
        "os.makedirs(os.path.dirname(p), exist_ok=True); open(p, 'w').write('content');"
        "a = e['outputs']['artifacts']['data']['artifacts'][0];"
        "a['metadata'] = {'rows': 7};"
        "json.dump({'artifacts': {'data': {'artifacts': [a]}}}, open(e['outputs']['outputFile'], 'w'))",
        data.path, "{{$}}"])

class Outputs(NamedTuple):
    model: dsl.Model
    metrics: dsl.Metrics
    confusion: dsl.ClassificationMetrics
    text: str
    number: int
    ratio: float
    flag: bool
    items: list
    settings: dict

@dsl.pipeline
def pipeline() -> Outputs:
    task = make(data=source().outputs["data"], **json.loads(sys.argv[4]))
    return Outputs(**{name: task.outputs[name] for name in Outputs._fields})

task = pipeline()
found = {}
for name, value in task.outputs.items():
    if isinstance(value, dsl.Artifact):
        content = open(value.path).read() if os.path.exists(value.path) else None
        found[name] = {"metadata": value.metadata, "content": content, "type": type(value).__name__}
    else:
        found[name] = value
print("RESULT", json.dumps(found))
"""


@pytest.fixture
def everything(sample: Sample, remote: Server, tmp_path: Path) -> tuple[Path, str]:
    (tmp_path / "everything.py").write_text(COMPONENT)
    made = ok("new", "everything", "--from-function", "everything.py:everything", folder=tmp_path)
    assert made == ""
    folder = tmp_path / "everything"
    reference = ok("build", folder, "--push", "--image", f"{remote.host}/kfp/everything")
    assert sample
    return folder / "component.yaml", reference


def _run(python: Path, contract: Path, image: str, root: Path, **given: object) -> dict[str, object]:
    printed = run_kfp(python, LOCAL, str(contract), str(root), image, json.dumps(given))
    line = next(line for line in printed.splitlines() if line.startswith("RESULT "))
    found: dict[str, object] = json.loads(line.removeprefix("RESULT "))
    return found


def test_values_artifacts_and_metadata_come_back(
    kfp2: Path, docker_host: str, everything: tuple[Path, str], tmp_path: Path
) -> None:
    assert docker_host
    contract, image = everything
    given = {
        "text": "--not a flag",
        "number": 5,
        "ratio": 2.0,
        "flag": False,
        "items": [1, "b"],
        "settings": {"k": [1.5]},
    }
    found = _run(kfp2, contract, image, tmp_path / "root", **given)
    assert {name: found[name] for name in given} == given
    assert found["model"] == {
        "type": "Model",
        "content": "CONTENT",
        "metadata": {"framework": "none", "seen": {"rows": 7.0}},
    }
    assert found["metrics"]["metadata"] == {"accuracy": 0.75}  # type: ignore[index]
    assert found["confusion"]["metadata"]["confusionMatrix"]["rows"][1] == {"row": [3.0, 4.0]}  # type: ignore[index]


def test_absent_inputs_take_their_defaults(
    kfp2: Path, docker_host: str, everything: tuple[Path, str], tmp_path: Path
) -> None:
    assert docker_host
    contract, image = everything
    found = _run(kfp2, contract, image, tmp_path / "root", text="")
    expected = {"text": "", "number": 3, "ratio": 0.5, "flag": True, "items": [1, "a"], "settings": {"note": "absent"}}
    assert {name: found[name] for name in expected} == expected

"""Values on their way through Argo's real controller: each arrives as it was given, and absent ones stay absent."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.cluster import store, workflows
from tests.cluster.conftest import Push
from tests.commands import ok
from tests.conftest import ROOT, Sample
from tools.cluster import resources
from tools.cluster.kubectl import Kubectl
from tools.cluster.programs import Programs

HOSTILE = "{{workflow.name}} {{=1+1}} {{$}} {{{ }} \"q\" 'q' \\ $HOME $$ $(ARGO_POD_NAME) ä😀 </x>&\n\ttwo\n"
VALUES = {
    "text": HOSTILE,
    "number": "-5",
    "ratio": "1e-3",
    "flag": "false",
    "items": json.dumps(["{{inputs.parameters.number}}", None, 1.5]),
    "table": json.dumps({"a": {"b": {}}, "{{": "}}"}),
}
DATA = "a,b\n1,2\n"


@pytest.fixture
def everything(sample: Sample, push: Push, tmp_path: Path) -> Path:
    """The folder of the component with every kind of port, whose image is pushed."""
    del sample  # its cache and base are in the environment
    function = ROOT / "tests" / "cluster" / "everything.py"
    ok("new", "everything", "--from-function", f"{function}:everything", folder=tmp_path)
    push(tmp_path / "everything")
    return tmp_path / "everything"


def words(values: dict[str, str]) -> list[str]:
    """Return the options that give these inputs."""
    return [word for name, value in values.items() for word in ("-i", f"{name}={value}")]


def local(folder: Path, values: dict[str, str], scratch: Path) -> dict[str, Any]:
    """Return the outputs by the runner of processes."""
    printed = ok("run", folder, "--force", "--runner", "process", "--format", "json", *words(values), folder=scratch)
    found: dict[str, Any] = json.loads(printed)
    return {name: value for name, value in found.items() if name not in {"copy", "tree"}}


def read(text: str, name: str) -> object:
    """Return the value of an output parameter of Argo, which has texts alone."""
    return text if name in {"text", "seen"} else json.loads(text)


@pytest.fixture
def strict(kubectl: Kubectl) -> Iterator[Kubectl]:
    """A namespace under the restricted Pod Security Standard."""
    name = f"{kubectl.namespace}-strict-{secrets.token_hex(2)}"
    access = Kubectl(program=kubectl.program, kubeconfig=kubectl.kubeconfig, namespace=name)
    access.apply(resources.namespace(name, labels={"pod-security.kubernetes.io/enforce": "restricted"}))
    access("wait", "--for=create", "serviceaccount/default", "--timeout=60s")
    yield access
    access("delete", "namespace", name, "--wait=false")


def test_every_value_arrives_as_it_is_in_a_restricted_pod(
    strict: Kubectl, everything: Path, programs: Programs, tmp_path: Path
) -> None:
    (tmp_path / "data.csv").write_text(DATA)
    with (everything / "pyproject.toml").open("a") as settings:
        settings.write("[tool.comp.argo]\nread-only-root = true\n")
    given = {**VALUES, "data": str(tmp_path / "data.csv"), "note": ""}
    written = ok("convert", everything / "component.yaml", "--to", "argo-workflow", *words(given))
    document = yaml.safe_load(written)
    jsonschema.validate(document, schema_of(programs, "Workflow"))
    finished = workflows.run(strict, document)
    assert finished.phase == "Succeeded", (finished.message, finished.nodes)
    expected = local(everything, given, tmp_path)
    # Argo removes a line break at the end of the values in its state.
    found = {name: read(text, name) for name, text in finished.parameters("everything").items()}
    assert found == {**expected, "text": HOSTILE.removesuffix("\n")}
    assert store.get_file(finished.keys("everything")["copy"]) == DATA.encode()


def test_a_template_takes_optional_inputs_and_leaves_out_the_others(
    strict: Kubectl, everything: Path, programs: Programs, tmp_path: Path
) -> None:
    template = ok("convert", everything / "component.yaml", "--to", "argo")
    jsonschema.validate(yaml.safe_load(template), schema_of(programs, "WorkflowTemplate"))
    strict("apply", "-f", "-", data=template)
    # Values with braces that Argo knows are its own to replace here; all else is not.
    values = {**VALUES, "text": '$HOME $$ $(ARGO_POD_NAME) "q"\n{{ user }}', "items": "[]", "table": "{}"}
    data = {"name": "data", "raw": {"data": DATA}}
    # A file, although the function reads a folder: all that counts is whether it is there.
    more = {"name": "more", "raw": {"data": "x"}}
    cases: list[tuple[dict[str, str], list[dict[str, Any]]]] = [
        ({}, [data]),
        ({"note": ""}, [data]),
        ({"note": "n", "choice": "b"}, [data, more]),
    ]
    for further, artifacts in cases:
        document = workflows.of_template("everything", parameters={**values, **further}, artifacts={})
        document["spec"]["arguments"]["artifacts"] = artifacts
        finished = workflows.run(strict, document)
        assert finished.phase == "Succeeded", (finished.message, finished.nodes)
        files = {one["name"]: tmp_path / one["name"] for one in artifacts}
        for one in artifacts:
            files[one["name"]].write_text(one["raw"]["data"])
        given = {**values, **further, **{name: str(path) for name, path in files.items()}}
        found = {name: read(text, name) for name, text in finished.parameters("everything").items()}
        assert found == local(everything, given, tmp_path)


def test_a_program_gets_its_words_without_a_launcher(kubectl: Kubectl, everything: Path, tmp_path: Path) -> None:
    image = yaml.safe_load((everything / "component.yaml").read_text())["implementation"]["container"]["image"]
    contract = tmp_path / "program.yaml"
    program = "import json, os, sys; os.makedirs('/tmp/outputs/out'); json.dump(sys.argv[1:], open(sys.argv[-1], 'w'))"
    contract.write_text(
        yaml.safe_dump(
            {
                "name": "Program",
                "inputs": [
                    {"name": "a", "type": "String"},
                    {"name": "b", "type": "String", "optional": True},
                    {"name": "c", "type": "String", "default": "{{pod.name}} $$"},
                ],
                "outputs": [{"name": "out", "type": "JsonArray"}],
                "implementation": {
                    "container": {
                        "image": image,
                        "command": ["/opt/comp/venv/bin/python", "-c", program],
                        "args": [
                            {"concat": ["--a=", {"inputValue": "a"}]},
                            {"if": {"cond": {"isPresent": "b"}, "then": ["--b", {"inputValue": "b"}], "else": ["-n"]}},
                            {"inputValue": "c"},
                            {"outputPath": "out"},
                        ],
                    }
                },
            }
        )
    )
    kubectl("apply", "-f", "-", data=ok("convert", contract, "--to", "argo"))
    path = "/tmp/outputs/out/data"  # noqa: S108 (in a container)
    cases: list[tuple[dict[str, str], list[str]]] = [
        ({"a": "x $$"}, ["--a=x $$", "-n", "{{pod.name}} $$", path]),
        ({"a": "", "b": "", "c": "$HOME"}, ["--a=", "--b", "", "$HOME", path]),
    ]
    for values, expected in cases:
        finished = workflows.run(kubectl, workflows.of_template("program", parameters=values, artifacts={}))
        assert finished.phase == "Succeeded", (finished.message, finished.nodes)
        assert json.loads(finished.parameters("program")["out"]) == expected
    written = ok("convert", contract, "--to", "argo-workflow", *words({"a": HOSTILE}))
    finished = workflows.run(kubectl, yaml.safe_load(written))
    assert json.loads(finished.parameters("program")["out"]) == [f"--a={HOSTILE}", "-n", "{{pod.name}} $$", path]


def schema_of(programs: Programs, kind: str) -> dict[str, Any]:
    """Return Argo's published schema of a kind."""
    whole = json.loads(programs.argo_schema.read_text())
    return {"$ref": f"#/definitions/io.argoproj.workflow.v1alpha1.{kind}", "definitions": whole["definitions"]}

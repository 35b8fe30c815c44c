"""A pipeline as an Argo workflow: values and artifacts pass from step to step as they are."""

import json
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import workflows
from tests.cluster.conftest import Push
from tests.commands import ok
from tests.conftest import Sample
from tests.pipelines import constant, dag, executed, file_of, outer, pipeline, ports, result, task, written
from tools.cluster.kubectl import Kubectl

TEXT = 'T {{workflow.name}} $$ "q"\nä'
ADDED = " {{=1+1}} $HOME"
_PYTHON = "/opt/comp/venv/bin/python"
_PARENTS = (
    "import json, os, sys\n[os.makedirs(os.path.dirname(p), exist_ok=True) for p in sys.argv if '/outputs/' in p]\n"
)


def program(image: str, line: str, *arguments: str) -> dict[str, Any]:
    """Return an executor that runs a line of Python."""
    return {"container": {"image": image, "command": [_PYTHON, "-c", _PARENTS + line], "args": list(arguments)}}


def value(name: str) -> str:
    return f"{{{{$.inputs.parameters['{name}']}}}}"


OUTPUT = "{{$.outputs.parameters['Output'].output_file}}"


def test_a_loop_runs_a_step_for_each_item(kubectl: Kubectl, sample: Sample, push: Push, tmp_path: Path) -> None:
    image = push(sample("summarise_text"))
    items: list[Any] = ["{{workflow.name}} $$", {"a": {"b": 1}}, 5, ""]
    components = {
        "make": executed("make", ports(text="str"), ports(Output="list")),
        "use": executed("use", ports(x="str"), ports(Output="str")),
    }
    write = "open(sys.argv[-1], 'w').write(sys.argv[1])"
    executors = {
        "make": program(image, write, value("text"), OUTPUT),
        "use": program(image, write, value("x"), OUTPUT),
    }
    fixed = task("use") | {"parameterIterator": {"itemInput": "x", "items": {"raw": json.dumps(items)}}}
    made = task("use", "make", inputs={"list": result("make")})
    made["parameterIterator"] = {"itemInput": "x", "items": {"inputParameter": "list"}}
    tasks = {"make": task("make", inputs={"text": outer("text")}), "fixed": fixed, "made": made}
    path = tmp_path / "pipeline.yaml"
    path.write_text(written(pipeline(dag(tasks, ports(text="str")), components, executors)))
    document = ok("convert", path, "--to", "argo-workflow", "-i", f"text={json.dumps(items)}")
    finished = workflows.run(kubectl, yaml.safe_load(document))
    assert finished.phase == "Succeeded", (finished.message, finished.nodes)
    (workflow,) = kubectl.get("workflows")["items"]
    nodes = [node for node in workflow["status"]["nodes"].values() if node["type"] == "Pod"]
    for name in ("example-fixed", "example-made"):
        found = [node["outputs"]["parameters"][0].get("value", "") for node in nodes if node["templateName"] == name]
        # Both are JSON; only one has spaces in it.
        assert sorted(
            text.replace(" ", "") if text[:1] == "{" and text[1:2] != "{" else text for text in found
        ) == sorted(json.dumps(item, separators=(",", ":")) if not isinstance(item, str) else item for item in items)
    kubectl("delete", "workflows", "--all")


def test_a_pipeline_passes_on_values_and_files(kubectl: Kubectl, sample: Sample, push: Push, tmp_path: Path) -> None:
    image = push(sample("summarise_text"))
    use = executed("use", ports(x="str", y="str", data="Dataset", more="str?"), ports(Output="str"))
    components = {
        "make": executed("make", ports(text="str", seed="int"), ports(Output="str", data="Dataset")),
        "use": use,
        "sub": dag(
            {
                "inner": task(
                    "use", inputs={"x": outer("q"), "y": constant("k"), "data": {"componentInputArtifact": "data"}}
                )
            },
            ports(q="str", data="Dataset"),
            ports(res="str"),
            {"res": {"valueFromParameter": {"producerSubtask": "inner", "outputParameterKey": "Output"}}},
        ),
    }
    executors = {
        "make": program(
            image,
            f"open(sys.argv[3], 'w').write(sys.argv[1] + {ADDED!r} + sys.argv[2])\n"
            "open(sys.argv[4], 'w').write('FILE')",
            value("text"),
            value("seed"),
            OUTPUT,
            "{{$.outputs.artifacts['data'].path}}",
        ),
        "use": program(
            image,
            "json.dump([*sys.argv[1:3], open(sys.argv[3]).read(), *sys.argv[4:-1]], open(sys.argv[-1], 'w'))",
            value("x"),
            value("y"),
            "{{$.inputs.artifacts['data'].path}}",
            json.dumps({"IfPresent": {"InputName": "more", "Then": ["--more", value("more")]}}),
            OUTPUT,
        ),
    }
    skipped = task("use", "make", inputs={"x": result("make"), "y": constant("n"), "data": file_of("make")})
    skipped["triggerPolicy"] = {"condition": "inputs.parameter_values['y'] == 'never'"}
    tasks = {
        "make": task("make", inputs={"seed": constant(5.0), "text": outer("text")}),
        "skipped": skipped,
        "use": task(
            "use",
            "make",
            inputs={
                "x": result("make"),
                "y": constant("c {{$.inputs.parameters['pipelinechannel--m']}}"),
                "pipelinechannel--m": result("make"),
                "data": file_of("make"),
                "more": constant("{{o}}"),
            },
        ),
        "sub": task("sub", "make", "use", inputs={"q": result("use"), "data": file_of("make")}),
        "last": task("use", "sub", inputs={"x": result("sub", "res"), "y": outer("text"), "data": file_of("make")}),
    }
    tasks["last"]["triggerPolicy"] = {"condition": "inputs.parameter_values['x'] != ''"}
    path = tmp_path / "pipeline.yaml"
    path.write_text(written(pipeline(dag(tasks, ports(text="str")), components, executors)))
    made = f"{TEXT}{ADDED}5"
    used = json.dumps([made, f"c {made}", "FILE", "--more", "{{o}}"])
    inner = json.dumps([used, "k", "FILE"])
    document = ok("convert", path, "--to", "argo-workflow", "-i", f"text={TEXT}")
    finished = workflows.run(kubectl, yaml.safe_load(document))
    assert finished.phase == "Succeeded", (finished.message, finished.nodes)
    assert finished.nodes["example-skipped"]["phase"] == "Skipped"
    assert finished.parameters("example-use")["Output"] == used
    assert finished.parameters("example-sub-inner")["Output"] == inner
    assert json.loads(finished.parameters("example-last")["Output"]) == [inner, TEXT, "FILE"]
    # As a template its users give the text, in which Argo replaces what it knows.
    kubectl("apply", "-f", "-", data=ok("convert", path, "--to", "argo"))
    finished = workflows.run(kubectl, workflows.of_template("example", parameters={"text": "$$ x"}, artifacts={}))
    assert finished.phase == "Succeeded", (finished.message, finished.nodes)
    assert json.loads(finished.parameters("example-last")["Output"])[1] == "$$ x"

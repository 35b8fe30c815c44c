"""Pipelines in KFP's IR for tests, put together from short parts."""

from collections.abc import Mapping
from typing import Any

import yaml

Json = dict[str, Any]

TYPES = {"int": "NUMBER_INTEGER", "float": "NUMBER_DOUBLE", "str": "STRING", "bool": "BOOLEAN"}
TYPES |= {"list": "LIST", "dict": "STRUCT", "status": "TASK_FINAL_STATUS"}


def ports(**types: str) -> Json:
    """Definitions: `x="int"`, `x="int?"` for an optional one, `data="Dataset"`, `data="[Dataset]"` for a list."""
    definitions: Json = {}
    for name, type_ in types.items():
        plain = type_.strip("?[]")
        group = "parameters" if plain in TYPES else "artifacts"
        schema = {"schemaTitle": f"system.{plain}", "schemaVersion": "0.0.1"}
        one: Json = {"parameterType": TYPES[plain]} if plain in TYPES else {"artifactType": schema}
        if type_.endswith("?"):
            one["isOptional"] = True
        if type_.startswith("["):
            one["isArtifactList"] = True
        definitions.setdefault(group, {})[name] = one
    return definitions


def task(component: str, *after: str, **more: Any) -> Json:  # noqa: ANN401 (any value)
    """A task; `inputs` are sources by name, parameters unless they have an artifact's key."""
    inputs: Json = {}
    for name, source in more.pop("inputs", {}).items():
        artifact = set(source) & {"componentInputArtifact", "taskOutputArtifact"}
        inputs.setdefault("artifacts" if artifact else "parameters", {})[name] = source
    written: Json = {"componentRef": {"name": f"comp-{component}"}, "taskInfo": {"name": component}}
    return written | ({"inputs": inputs} if inputs else {}) | ({"dependentTasks": list(after)} if after else {}) | more


def constant(value: Any) -> Json:  # noqa: ANN401 (a JSON value)
    """A constant as a source."""
    return {"runtimeValue": {"constant": value}}


def outer(name: str) -> Json:
    """An input of the dag around a task, as the source of a parameter."""
    return {"componentInputParameter": name}


def result(step: str, key: str = "Output") -> Json:
    """An output parameter of another task as a source."""
    return {"taskOutputParameter": {"producerTask": step, "outputParameterKey": key}}


def file_of(step: str, key: str = "data") -> Json:
    """An output artifact of another task as a source."""
    return {"taskOutputArtifact": {"producerTask": step, "outputArtifactKey": key}}


def given(step: str, key: str = "Output") -> Json:
    """A task's output parameter as the output of its dag."""
    return {"valueFromParameter": {"producerSubtask": step, "outputParameterKey": key}}


def component(inputs: Json | None = None, outputs: Json | None = None) -> Json:
    """A component without its executor or dag."""
    return ({"inputDefinitions": inputs} if inputs else {}) | ({"outputDefinitions": outputs} if outputs else {})


def executed(name: str, inputs: Json | None = None, outputs: Json | None = None) -> Json:
    """A component that an executor of the same name does."""
    return {"executorLabel": f"exec-{name}"} | component(inputs, outputs)


def dag(tasks: Json, inputs: Json | None = None, outputs: Json | None = None, sources: Json | None = None) -> Json:
    """A component of other tasks; `sources` are those of its output parameters."""
    inner = {"tasks": tasks} | ({"outputs": {"parameters": sources}} if sources else {})
    return {"dag": inner} | component(inputs, outputs)


def pipeline(root: Json, components: Mapping[str, Json], executors: Mapping[str, Json] | None = None) -> Json:
    """A whole document; components without an executor of their own run `image:1`."""
    labels = [each["executorLabel"] for each in components.values() if "executorLabel" in each]
    made = {f"exec-{name}": each for name, each in (executors or {}).items()}
    return {
        "components": {f"comp-{name}": each for name, each in components.items()},
        "deploymentSpec": {"executors": {label: {"container": {"image": "image:1"}} for label in labels} | made},
        "pipelineInfo": {"name": "example"},
        "root": root,
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.17.0",
    }


def written(document: Json) -> str:
    """The YAML of a document."""
    return str(yaml.safe_dump(document))

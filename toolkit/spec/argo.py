"""Write a contract as an Argo `WorkflowTemplate` of one template, as KFP 1.8 compiles a step.

Inputs by value are parameters of the template, inputs by path artifacts; every output is an artifact, and one by
value also a parameter, read from its file. Paths are those of KFP 1.8 (`kfp/compiler/_op_to_template.py`).
"""

import re
from typing import Any

from toolkit.errors import InputError
from toolkit.interface.model import Input, Kind
from toolkit.spec.arguments import NO_EXECUTOR_INPUT
from toolkit.spec.ir import ir_name
from toolkit.spec.model import (
    Argument,
    ComponentSpec,
    ConcatPlaceholder,
    ExecutorInputPlaceholder,
    IfPlaceholder,
    IsPresent,
    PortPlaceholder,
)
from toolkit.spec.writer import dumped

_NOT_IN_A_PATH = re.compile(r"[^-_.0-9a-zA-Z]+")
_NOT_IN_A_NAME = re.compile(r"[^-_0-9a-zA-Z]+")
_SERVICE_ACCOUNT = "pipeline-runner"


def write_workflow_template(spec: ComponentSpec) -> str:
    """Write the WorkflowTemplate. Raises InputError for what Argo cannot do with a plain command line."""
    name = ir_name(spec.name)
    text: str = dumped(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "WorkflowTemplate",
            "metadata": _metadata(spec, name),
            "spec": {
                "entrypoint": name,
                "serviceAccountName": _SERVICE_ACCOUNT,
                "arguments": _workflow_arguments(spec),
                "templates": [_template(spec, name)],
            },
        },
        width=110,
        sort_keys=False,
    )
    return text


def always_absent(spec: ComponentSpec) -> list[str]:
    """Name the inputs that the template cannot have: optional ones without a default.

    A command line in Argo does not depend on what is given, so a step runs as if they were not, as a KFP 1.8
    step does that was compiled without them.
    """
    return [port.name for port in spec.interface.inputs if port.optional and port.default is None]


def _used(spec: ComponentSpec) -> list[Input]:
    absent = always_absent(spec)
    return [port for port in spec.interface.inputs if port.name not in absent]


def _metadata(spec: ComponentSpec, name: str) -> dict[str, Any]:
    annotations = {"workflows.argoproj.io/title": spec.name}
    if spec.description:
        annotations["workflows.argoproj.io/description"] = spec.description
    return {"name": name, "annotations": annotations}


def _workflow_arguments(spec: ComponentSpec) -> dict[str, Any]:
    """Name what a workflow made from the template may be given: the same parameters, with their defaults."""
    given = [_parameter(port) for port in _used(spec) if port.kind is Kind.PARAMETER]
    return {"parameters": given} if given else {}


def _template(spec: ComponentSpec, name: str) -> dict[str, Any]:
    _check_names(spec)
    container = spec.container
    written: dict[str, Any] = {"image": container.image}
    for key, given in (("command", container.command), ("args", container.args)):
        if texts := [text for argument in given for text in _resolve(argument, spec)]:
            written[key] = texts
    if container.env:
        written["env"] = [{"name": key, "value": value} for key, value in container.env.items()]
    template: dict[str, Any] = {"name": name}
    if inputs := _inputs(spec):
        template["inputs"] = inputs
    if outputs := _outputs(spec):
        template["outputs"] = outputs
    metadata = {"annotations": dict(spec.annotations), "labels": dict(spec.labels)}
    if any(metadata.values()):
        template["metadata"] = {key: values for key, values in metadata.items() if values}
    return template | {"container": written}


def _inputs(spec: ComponentSpec) -> dict[str, Any]:
    parameters = [_parameter(port) for port in _used(spec) if port.kind is Kind.PARAMETER]
    artifacts = [_artifact(port) for port in _used(spec) if port.kind is Kind.ARTIFACT]
    return {key: ports for key, ports in (("parameters", parameters), ("artifacts", artifacts)) if ports}


def _parameter(port: Input) -> dict[str, Any]:
    written: dict[str, Any] = {"name": _name(port.name)}
    if port.description:
        written["description"] = port.description
    if port.default is not None:
        written["value"] = port.default
    if port.choices:
        written["enum"] = [choice if isinstance(choice, str) else _text(choice) for choice in port.choices]
    return written


def _artifact(port: Input) -> dict[str, Any]:
    written: dict[str, Any] = {"name": _name(port.name), "path": _path("inputs", port.name)}
    if port.default is not None:
        written["raw"] = {"data": port.default}
    return written


def _outputs(spec: ComponentSpec) -> dict[str, Any]:
    fixed = spec.container.file_outputs
    paths = {port.name: fixed.get(port.name, _path("outputs", port.name)) for port in spec.interface.outputs}
    values = [port for port in spec.interface.outputs if port.kind is Kind.PARAMETER]
    parameters = [{"name": _name(port.name), "valueFrom": {"path": paths[port.name]}} for port in values]
    artifacts = [{"name": _name(port.name), "path": paths[port.name]} for port in spec.interface.outputs]
    return {key: ports for key, ports in (("parameters", parameters), ("artifacts", artifacts)) if ports}


def _resolve(argument: Argument, spec: ComponentSpec) -> list[str]:
    match argument:
        case str():
            return [argument]
        case ExecutorInputPlaceholder():
            return [NO_EXECUTOR_INPUT]
        case ConcatPlaceholder():
            return ["".join(text for item in argument.items for text in _resolve(item, spec))]
        case IfPlaceholder(condition=IsPresent(input=name)):
            branch = argument.then if _is_present(name, spec) else argument.otherwise
            return [text for item in branch for text in _resolve(item, spec)]
        case IfPlaceholder(condition=bool() as holds):
            return [text for item in (argument.then if holds else argument.otherwise) for text in _resolve(item, spec)]
        case PortPlaceholder():
            return _port(argument, spec)
        case _:
            raise InputError(
                "Argo decides nothing while a step starts: a condition on a value has no form there",
                hint="write `cond: {isPresent: …}`",
            )


def _is_present(name: str, spec: ComponentSpec) -> bool:
    port = next((port for port in spec.interface.inputs if port.name == name), None)
    if port is None:
        raise InputError(f"an argument asks for the input {name!r}, which is not there")
    return port in _used(spec)


def _port(argument: PortPlaceholder, spec: ComponentSpec) -> list[str]:
    name = argument.port
    if argument.kind == "outputPath":
        return [spec.container.file_outputs.get(name, _path("outputs", name))]
    if argument.kind == "inputPath":
        return [_path("inputs", name)] if _is_present(name, spec) else []
    if argument.kind == "inputValue":
        return [f"{{{{inputs.parameters.{_name(name)}}}}}"] if _is_present(name, spec) else []
    raise InputError(f"Argo has nothing for {{{argument.kind}: {name}}}", hint="pass the path instead")


def _check_names(spec: ComponentSpec) -> None:
    for what, ports in (("inputs", spec.interface.inputs), ("outputs", spec.interface.outputs)):
        seen: dict[tuple[str, str], str] = {}
        for port in ports:
            if not _name(port.name):
                raise InputError(f"Argo can make no name of {port.name!r} of the {what}", hint="rename it")
            for form, text in (("name", _name(port.name)), ("path", _path(what, port.name))):
                other = seen.setdefault((form, text), port.name)
                if other != port.name:
                    raise InputError(
                        f"the {what} {other!r} and {port.name!r} have the same {form} in Argo",
                        hint="rename one of them",
                    )


def _name(name: str) -> str:
    return _NOT_IN_A_NAME.sub("-", name).strip("-")


def _path(side: str, name: str) -> str:
    return f"/tmp/{side}/{_NOT_IN_A_PATH.sub('_', name)}/data"  # noqa: S108 (a path in a container)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

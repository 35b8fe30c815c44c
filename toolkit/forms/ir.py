"""Write a contract as KFP v2 IR: the YAML of a PipelineSpec with one task, as kfp 2.17 compiles a component.

A comment line, `# comp: {…}`, keeps what IR has no place for: annotations, labels, the contract's own names and
types, and the order of ports. `toolkit.forms.ir_reader` reads it back. See docs/decisions/0011.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from toolkit import __version__
from toolkit.errors import InputError
from toolkit.forms.ir_arguments import IrArguments
from toolkit.forms.ir_values import artifact_type, default_text, default_value, parameter_type, type_name
from toolkit.forms.kfp_settings import ir_resources, kubernetes_config, platform_document
from toolkit.interface.function import sanitised
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.spec.declared import declared_of
from toolkit.spec.model import ComponentSpec
from toolkit.spec.writer import dumped

KEPT = "# comp: "
# KFP compiles names with capitals for the outputs of a function, but never from a contract.
KEY_ANNOTATION = "ir_name"
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOT_IN_A_NAME = re.compile(r"[^-0-9a-z]+")
# kfp 2.17 compiles no longer name.
_LONGEST_NAME = 128
_PYTHON_TYPES = {
    "STRING": "str",
    "NUMBER_INTEGER": "int",
    "NUMBER_DOUBLE": "float",
    "BOOLEAN": "bool",
    "LIST": "list",
    "STRUCT": "dict",
}


def write_ir(spec: ComponentSpec) -> str:
    """Return the IR. Raises InputError for a contract with parts that KFP 2 would drop, merge or refuse."""
    document = ir_document(spec)
    kept = _kept(spec)
    lines = _header(document, spec.description)
    if kept:
        # ASCII alone: a comment cannot escape the other line breaks of YAML.
        lines.append(KEPT + json.dumps(kept, separators=(", ", ": ")))
    documents = [dumped(each, width=110) for each in (document, kubernetes_document(spec)) if each]
    return "\n".join(lines) + "\n" + "---\n".join(documents)


def ir_document(spec: ComponentSpec) -> dict[str, Any]:
    """Return the data of the IR: a PipelineSpec in the JSON form of protobuf."""
    container = spec.container
    if container.file_outputs:
        # KFP 2 loads such a contract and drops them without a word.
        names = ", ".join(repr(name) for name in container.file_outputs)
        raise InputError(
            f"KFP 2 has no fileOutputs, and would not find {names}", hint="pass {outputPath: …} to the program"
        )
    name = ir_name(spec.name)
    keys = ir_keys(spec.interface)
    inputs = _definitions([(keys["input", port.name], port) for port in spec.interface.inputs])
    outputs = _definitions([(keys["output", port.name], port) for port in spec.interface.outputs])
    component: dict[str, Any] = {"executorLabel": f"exec-{name}"} | _signature(inputs, outputs)
    task: dict[str, Any] = {
        "cachingOptions": {"enableCache": True},
        "componentRef": {"name": f"comp-{name}"},
        "taskInfo": {"name": name},
    }
    if inputs:
        task["inputs"] = _passed_on(inputs)
    dag: dict[str, Any] = {"tasks": {name: task}}
    if outputs:
        dag["outputs"] = _taken_from(name, outputs)
    return {
        "components": {f"comp-{name}": component},
        "deploymentSpec": {"executors": {f"exec-{name}": {"container": _container(spec, keys)}}},
        "pipelineInfo": _info(spec, name),
        "root": {"dag": dag} | _signature(inputs, outputs),
        "schemaVersion": "2.1.0",
        "sdkVersion": f"comp-{__version__}",
    }


def kubernetes_document(spec: ComponentSpec) -> dict[str, Any] | None:
    """Return the data of the second document, as kfp-kubernetes writes it; None without secrets and config maps."""
    config = kubernetes_config(declared_of(spec).references)
    return platform_document({f"exec-{ir_name(spec.name)}": config}) if config else None


def ir_name(title: str) -> str:
    """Return the name that KFP 2 makes of a title. Raises InputError if it is empty or too long."""
    name = re.sub("-+", "-", _NOT_IN_A_NAME.sub("-", title.lower())).strip("-")
    if not name or len(name) > _LONGEST_NAME:
        raise InputError(
            f"KFP 2 cannot make a name of {title[:60]!r}",
            hint=f"name the component with at most {_LONGEST_NAME} ASCII letters, digits and dashes",
        )
    return name


def ir_keys(interface: Interface) -> dict[tuple[str, str], str]:
    """Return the name in IR of each port. Raises InputError for equal or empty names."""
    keys: dict[tuple[str, str], str] = {}
    for side, ports in (("input", interface.inputs), ("output", interface.outputs)):
        seen: dict[str, str] = {}
        for port in ports:
            key = ir_key(port)
            if not key:
                raise InputError(f"KFP 2 cannot make a name of the {side} {port.name!r}", hint="rename it")
            # KFP 2 would silently merge the two, and the last one would win.
            if key in seen:
                raise InputError(
                    f"the {side}s {seen[key]!r} and {port.name!r} are both {key!r} for KFP 2", hint="rename one of them"
                )
            seen[key] = port.name
            keys[side, port.name] = key
    return keys


def ir_key(port: Input | Output) -> str:
    """Return the name of a port in IR: that of the document it was read from, or KFP 2's form of the contract's."""
    key = port.annotations.get(KEY_ANNOTATION)
    if isinstance(key, str) and _KEY.fullmatch(key) and sanitised(key) != key:
        return key
    return sanitised(port.name)


def _info(spec: ComponentSpec, name: str) -> dict[str, str]:
    """Return the names and the description of the whole document."""
    info = {"name": name}
    if spec.name != name:
        info["displayName"] = spec.name
    if spec.description:
        info["description"] = spec.description
    return info


Definitions = dict[str, dict[str, dict[str, Any]]]


def _definitions(ports: list[tuple[str, Input]] | list[tuple[str, Output]]) -> Definitions:
    """Return the definitions of ports, by IR's two groups."""
    written: Definitions = {}
    for key, port in ports:
        group = "parameters" if port.kind is Kind.PARAMETER else "artifacts"
        written.setdefault(group, {})[key] = _definition(port)
    return written


def _definition(port: Input | Output) -> dict[str, Any]:
    """Return the definition of one port; what it has no field for goes into the comment (`_kept_of`)."""
    written: dict[str, Any] = {}
    if port.kind is Kind.PARAMETER:
        written["parameterType"] = parameter_type(port)
    else:
        written["artifactType"] = artifact_type(port)
        if port.many:
            written["isArtifactList"] = True
    if port.description:
        written["description"] = port.description
    if isinstance(port, Input):
        # IR has no default of an artifact: KFP 2 drops one.
        if port.default is not None and port.kind is Kind.PARAMETER:
            written["defaultValue"] = default_value(port)
        # For KFP 2 an input with a default is optional too.
        if port.optional or port.default is not None:
            written["isOptional"] = True
        if port.choices and port.kind is Kind.PARAMETER:
            written["literals"] = list(port.choices)
    return written


def _signature(inputs: Definitions, outputs: Definitions) -> dict[str, Any]:
    """Return the inputs and outputs, each only if there are any, as kfp does."""
    named = {"inputDefinitions": inputs, "outputDefinitions": outputs}
    return {key: definitions for key, definitions in named.items() if definitions}


def _passed_on(inputs: Definitions) -> dict[str, Any]:
    """Return the task's inputs, which are those of the pipeline around it."""
    words = {"parameters": "componentInputParameter", "artifacts": "componentInputArtifact"}
    return {group: {key: {words[group]: key} for key in named} for group, named in inputs.items()}


def _taken_from(task: str, outputs: Definitions) -> dict[str, Any]:
    """Return the pipeline's outputs, which are those of its task."""
    written: dict[str, Any] = {}
    for key in outputs.get("parameters", {}):
        source = {"outputParameterKey": key, "producerSubtask": task}
        written.setdefault("parameters", {})[key] = {"valueFromParameter": source}
    for key in outputs.get("artifacts", {}):
        source = {"outputArtifactKey": key, "producerSubtask": task}
        written.setdefault("artifacts", {})[key] = {"artifactSelectors": [source]}
    return written


def _container(spec: ComponentSpec, keys: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """Return the container with IR's texts for its arguments."""
    container, arguments = spec.container, IrArguments(spec.interface, keys)
    written: dict[str, Any] = {"image": container.image}
    for key, items in (("command", container.command), ("args", container.args)):
        if texts := arguments.written(items):
            written[key] = texts
    if container.env:
        written["env"] = [{"name": name, "value": value} for name, value in container.env.items()]
    if resources := ir_resources(declared_of(spec).resources):
        written["resources"] = resources
    return written


def _kept(spec: ComponentSpec) -> dict[str, Any]:
    """Return the parts that IR has no place for, and that a reader could not derive from it."""
    keys = ir_keys(spec.interface)
    kept: dict[str, Any] = {}
    for word in ("annotations", "labels"):
        if values := getattr(spec, word):
            kept[word] = dict(values)
    if spec.version:
        kept["version"] = spec.version
    for side, ports in (("input", spec.interface.inputs), ("output", spec.interface.outputs)):
        kept_ports = {keys[side, port.name]: _kept_of(port, keys[side, port.name]) for port in ports}
        # The order of IR itself: parameters before artifacts, each group in alphabetical order.
        if any(kept_ports.values()) or list(kept_ports) != [key for _, key in sorted(_group_and_key(ports))]:
            kept[f"{side}s"] = kept_ports
    return kept


def _group_and_key(ports: tuple[Input, ...] | tuple[Output, ...]) -> list[tuple[bool, str]]:
    """Return what decides the place of each port in IR."""
    return [(port.kind is not Kind.PARAMETER, ir_key(port)) for port in ports]


def _kept_of(port: Input | Output, key: str) -> dict[str, Any]:
    """Return the parts of a port that its definition in IR does not have."""
    definition = _definition(port)
    kept: dict[str, Any] = {}
    if port.name != key:
        kept["name"] = port.name
    if port.type != type_name(port.kind, definition):
        kept["type"] = port.type
    if isinstance(port, Input):
        if port.default is not None and (
            "defaultValue" not in definition or default_text(definition["defaultValue"]) != port.default
        ):
            kept["default"] = port.default
        if port.optional and port.default is not None:
            kept["optional"] = True
        if port.choices and port.kind is not Kind.PARAMETER:
            kept["choices"] = list(port.choices)
    others = {word: value for word, value in port.annotations.items() if (word, value) != (KEY_ANNOTATION, key)}
    # The name in IR is kept by the document itself; an annotation of that name has to be kept if it is not in force.
    if others or (port.annotations and sanitised(key) == key):
        kept["annotations"] = others if sanitised(key) != key else dict(port.annotations)
    if port.many and port.kind is Kind.PARAMETER:
        kept["list"] = True
    return kept


def _header(document: Mapping[str, Any], description: str) -> list[str]:
    """Return the comments at the top of kfp's own files: name, description, inputs, outputs."""
    lines = ["# PIPELINE DEFINITION", f"# Name: {document['pipelineInfo']['name']}"]
    if description:
        # A comment ends at any line break, so none is left in it.
        first, *rest = (
            "".join(letter if letter.isprintable() else " " for letter in line) for line in description.split("\n")
        )
        lines += [f"# Description: {first}", *(f"#              {line}".rstrip() for line in rest)]
    root = document["root"]
    for title, key in (("Inputs", "inputDefinitions"), ("Outputs", "outputDefinitions")):
        if key in root:
            named = {name: port for group in root[key].values() for name, port in group.items()}
            lines += [f"# {title}:", *(f"#    {name}: {_shown(named[name])}" for name in sorted(named))]
    return lines


def _shown(definition: Mapping[str, Any]) -> str:
    """Return a port's type and default as kfp shows them in the comments."""
    if "artifactType" in definition:
        title: str = definition["artifactType"]["schemaTitle"]
        return f"List[{title}]" if definition.get("isArtifactList") else title
    shown = _PYTHON_TYPES[definition["parameterType"]]
    if "defaultValue" not in definition:
        return shown
    return f"{shown} [Default: {json.dumps(definition['defaultValue'])}]"

"""What KFP's server does to the command line of a container component before the program sees it.

A double of two of its parts. The driver runs before the step's pod exists, and sees only what the caller gave. The
launcher runs inside the pod, and knows the defaults too. Local engines have no such seam, so they hide what breaks
there. The rules are those of KFP 2.17.0 (`backend/src/v2/driver`, `backend/src/v2/component`).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from toolkit.launcher import launch

_PARAMETER = re.compile(r"\{\{\$\.inputs\.parameters\['(.+?)'\]\}\}")
_EXECUTOR_INPUT = "{{$}}"
_INT64 = 1 << 63
_MOUNTS = {"gs://": "/gcs/", "minio://": "/minio/", "s3://": "/s3/"}
_KINDS: dict[str, Callable[[Any], bool]] = {
    "STRING": lambda value: isinstance(value, str),
    "NUMBER_INTEGER": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "NUMBER_DOUBLE": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "BOOLEAN": lambda value: isinstance(value, bool),
    "LIST": lambda value: isinstance(value, list),
    "STRUCT": lambda value: isinstance(value, dict),
}

Component = Mapping[str, Any]
ExecutorInput = dict[str, Any]


class DriverError(Exception):
    """The driver gives up, and the step never starts."""


def executor_input(component: Component, task: Mapping[str, Any], root: str = "s3://bucket/run") -> ExecutorInput:
    """Return the description of a call: the task's constants, artifacts in a store, and the places of the outputs."""
    given = task.get("inputs", {})
    parameters = {}
    for name, source in given.get("parameters", {}).items():
        value = source["runtimeValue"]["constant"]
        type_ = component["inputDefinitions"]["parameters"][name]["parameterType"]
        if not _KINDS[type_](value):
            raise DriverError(f"input parameter {name!r} type mismatch: expect {type_}")
        parameters[name] = value
    for name, port in component.get("inputDefinitions", {}).get("parameters", {}).items():
        if name not in parameters and not port.get("isOptional") and "defaultValue" not in port:
            raise DriverError(f"neither value nor default value provided for non-optional parameter {name!r}")
    inputs: dict[str, Any] = {"parameterValues": parameters}
    if artifacts := given.get("artifacts"):
        inputs["artifacts"] = {name: {"artifacts": [_artifact(root, "in", name)]} for name in artifacts}
    outputs: dict[str, Any] = {"outputFile": "/kfp/outputs/metadata.json"}
    definitions = component.get("outputDefinitions", {})
    if named := definitions.get("parameters"):
        outputs["parameters"] = {name: {"outputFile": f"/kfp/outputs/{name}"} for name in named}
    if named := definitions.get("artifacts"):
        outputs["artifacts"] = {name: {"artifacts": [_artifact(root, "out", name)]} for name in named}
    return {"inputs": inputs, "outputs": outputs}


def command_line(container: Mapping[str, Any], component: Component, call: ExecutorInput) -> list[str]:
    """Return the words that the program receives. Raises DriverError."""
    words = [*container.get("command", ()), *container.get("args", ())]
    return list(launched(driven(words, call), component, call))


def driven(words: list[str], call: ExecutorInput) -> list[str]:
    """Return the words that the driver writes into the pod. Raises DriverError."""
    values = call["inputs"]["parameterValues"]
    driven_words: list[str] = []
    for word in words:
        # Also a condition, which the launcher does not know.
        if "$.outputs" in word:
            driven_words.append(word)
        elif word.strip().startswith('{"IfPresent":'):
            driven_words += _branch(json.loads(word)["IfPresent"], values)
        else:
            driven_words.append(_substituted(word, values))
    return driven_words


def launched(words: list[str], component: Component, call: ExecutorInput) -> Iterator[str]:
    """Yield the words with the placeholders that the driver left; here parameters have their defaults."""
    values = dict(call["inputs"]["parameterValues"])
    for name, port in component.get("inputDefinitions", {}).get("parameters", {}).items():
        if "defaultValue" in port:
            values.setdefault(name, port["defaultValue"])
    filled = {**call, "inputs": {**call["inputs"], "parameterValues": values}}
    known = {_EXECUTOR_INPUT: _json(filled)}
    known |= {f"{{{{$.inputs.parameters['{name}']}}}}": _launcher_text(value) for name, value in values.items()}
    for side in ("inputs", "outputs"):
        for name, listed in call[side].get("artifacts", {}).items():
            uri = listed["artifacts"][0]["uri"]
            known[f"{{{{$.{side}.artifacts['{name}'].uri}}}}"] = uri
            known[f"{{{{$.{side}.artifacts['{name}'].path}}}}"] = local_path(uri)
    for name, port in call["outputs"].get("parameters", {}).items():
        known[f"{{{{$.outputs.parameters['{name}'].output_file}}}}"] = port["outputFile"]
    for word in words:
        for placeholder, text in known.items():
            # In one word after the other, so that a value's own placeholders are replaced too.
            word = word.replace(placeholder, text)  # noqa: PLW2901 (as the launcher does)
        yield word


def local_path(uri: str) -> str:
    """Return where the launcher puts an artifact of a store."""
    scheme = next(scheme for scheme in _MOUNTS if uri.startswith(scheme))
    return _MOUNTS[scheme] + uri.removeprefix(scheme)


def received(words: list[str], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what our launcher makes of a command line: values and artifacts' paths by input, None if absent.

    `document` is the component's part of `interface.json`.
    """
    call = launch.Call.parse(words[words.index("/opt/comp/launch.py") + 2 :], dict(document))
    assert set(call.outputs) == {port["name"] for port in document["outputs"]}
    found = {}
    for port in document["inputs"]:
        value = launch.input_value({**port, "passing": "path"}, call)
        found[port["name"]] = [item.path for item in value] if port.get("many") and value is not None else value
    return found


def _artifact(root: str, folder: str, name: str) -> dict[str, Any]:
    return {"name": name, "uri": f"{root}/{folder}/{name}", "metadata": {"of": name}}


def _branch(condition: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """Return the words of a condition's branch; the driver looks for its input among the parameters alone."""
    branch = condition.get("Then" if values.get(condition["InputName"]) is not None else "Else")
    if branch is None:
        return []
    items = [branch] if isinstance(branch, str) else branch
    if not isinstance(items, list):
        raise DriverError("unexpected type in IfPresent Then/Else")
    if not all(isinstance(item, str) for item in items):
        raise DriverError("non-string item in IfPresent Then/Else array")
    return [_substituted(item, values) for item in items]


def _substituted(word: str, values: Mapping[str, Any]) -> str:
    def text(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise DriverError(f"failed to resolve input parameters: parameter {match[1]!r} not found in executor input")
        return _driver_text(values[match[1]])

    return _PARAMETER.sub(text, word)


def _driver_text(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{int(value)}" if value == int(value) and abs(value) < _INT64 else _shortest(value)
    return value if isinstance(value, str) else _json(value)


def _shortest(value: float) -> str:
    """Write a number as Go's `%g` does, which takes an exponent from a million on."""
    number = Decimal(repr(float(value))).normalize()
    exponent = number.adjusted()
    if -5 < exponent < 6:
        return f"{number:f}"
    return f"{number.scaleb(-exponent):f}e{exponent:+03d}"


def _launcher_text(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{Decimal(repr(value)).normalize():f}"
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)

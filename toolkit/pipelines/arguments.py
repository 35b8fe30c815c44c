"""The arguments of a pipeline as a user writes them, checked and typed by its inputs before anything runs."""

import json
from collections.abc import Mapping

from toolkit.errors import UsageError
from toolkit.forms.kfp_values import check_arguments
from toolkit.interface.model import TRUE_WORDS, Input, Interface, Kind, is_value
from toolkit.words import did_you_mean

_EXAMPLES = {
    "integer": "3",
    "float": "0.5",
    "boolean": "true",
    "jsonarray": "[1, 2]",
    "jsonobject": '{"a": 1}',
}


def read_arguments(interface: Interface, texts: Mapping[str, str]) -> dict[str, object]:
    """Return the JSON values of arguments that are given as texts.

    Raises UsageError for a name that the pipeline does not have, a value of another type, and a missing one; InputError
    for a value that KFP's server does not take.
    """
    inputs = {port.name: port for port in interface.inputs}
    for name in texts:
        if name not in inputs:
            known = ", ".join(inputs) or "none"
            raise UsageError(
                f"the pipeline has no input {name!r}",
                hint=did_you_mean(name, inputs, otherwise=f"its inputs: {known}"),
            )
    values = {name: _value(inputs[name], text) for name, text in texts.items()}
    missing = [port.name for port in interface.inputs if port.name not in values and _is_required(port)]
    if missing:
        raise UsageError(
            f"missing {', '.join(missing)}: the pipeline gives {'it' if len(missing) == 1 else 'them'} no default",
            hint=" ".join(f"-i {name}=…" for name in missing),
        )
    check_arguments(values)
    return values


def _is_required(port: Input) -> bool:
    """Whether a run needs a value for an input."""
    return port.default is None and not port.optional


def _value(port: Input, text: str) -> object:
    """Return the value of one argument. Raises UsageError unless it is of the input's type."""
    if port.kind is Kind.ARTIFACT:
        raise UsageError(
            f"the input {port.name!r} is an artifact ({port.type}), which a server does not take as an argument",
            hint="give the pipeline an input with the artifact's URI, and dsl.importer as its first step",
        )
    kind = port.type.lower()
    if not is_value(text, kind):
        raise UsageError(
            f"the input {port.name!r} is {text[:80]!r}, expected {port.type}",
            hint=f"write -i {port.name}={_EXAMPLES[kind]}",
        )
    match kind:
        case "integer":
            return int(text)
        case "float":
            return float(text)
        case "boolean":
            return text.lower() in TRUE_WORDS
        case "jsonarray" | "jsonobject":
            return json.loads(text)
    return text

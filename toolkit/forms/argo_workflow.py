"""Write a contract as an Argo `Workflow`: one run of it, whose values arrive as they are."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from toolkit.config.argo import ArgoSettings
from toolkit.forms.argo_step import (
    argo_name,
    check_names,
    check_size,
    document_of,
    leading_words,
    output_path,
    output_ports,
    port_path,
    taken_by_path,
    template_of,
)
from toolkit.forms.argo_words import command_line, constant, refuse_braces
from toolkit.forms.ir import ir_name
from toolkit.interface.model import Kind
from toolkit.launcher.launch import SIDE_FILE
from toolkit.spec.arguments import resolve_command
from toolkit.spec.long_values import take_long_values, values_document
from toolkit.spec.model import ComponentSpec

# Names of our own end with a dash, which no port's name in Argo does.
_VALUES_FILE = "/tmp/comp/values.json"  # noqa: S108 (in a container)

Location = Mapping[str, Any]


def _nowhere() -> Mapping[str, Location]:
    """Return the default of `metadata`; before Python 3.12 a mapping proxy has no hash."""
    return MappingProxyType({})


class Collected(Struct, frozen=True, kw_only=True):
    """What a runner adds, which brings files to the component and collects its outputs.

    `values` is the place of the file with long values, `metadata` that of the metadata beside each input.
    """

    values: Location | None = None
    metadata: Mapping[str, Location] = field(default_factory=_nowhere)


def workflow(
    spec: ComponentSpec,
    *,
    values: Mapping[str, str],
    artifacts: Mapping[str, Location],
    settings: ArgoSettings,
    name: str | None = None,
    collected: Collected | None = None,
) -> dict[str, Any]:
    """Return a Workflow that runs the component once, with values that arrive as they are.

    `values` has all values, defaults included. `artifacts` has the place of each artifact, in Argo's form. Without a
    `name` Kubernetes makes one at every submission. Raises InputError for what Argo cannot express, or hold.
    """
    check_names(spec)
    title = ir_name(spec.name)
    places = dict(artifacts)
    for port in taken_by_path(spec) & values.keys() - places.keys():
        places[port] = {"raw": {"data": refuse_braces(values[port], f"the value of {port!r}")}}
    command = resolve_command(
        spec,
        values=values,
        input_paths={port: port_path("inputs", port) for port in places},
        output_paths={port.name: output_path(spec, port.name) for port in spec.interface.outputs},
    )
    command, long = take_long_values(command, values, _VALUES_FILE)
    inputs = [{"name": argo_name(port), "path": port_path("inputs", port), **place} for port, place in places.items()]
    if long:
        place = (collected and collected.values) or {"raw": {"data": values_document(long)}}
        inputs.append({"name": "comp-values-", "path": _VALUES_FILE, **place})
    outputs = output_ports(spec)
    if collected:
        inputs += [
            {"name": f"comp-metadata-{number}-", "path": port_path("inputs", port) + SIDE_FILE, **place}
            for number, (port, place) in enumerate(collected.metadata.items())
        ]
        outputs = _collected(spec, outputs)
    words, first = [constant(word) for word in command], leading_words(spec)
    template = template_of(
        spec,
        title,
        ports={"inputs": {"artifacts": inputs} if inputs else {}, "outputs": outputs},
        line=command_line(words[:first], words[first:], list(spec.container.env.items())),
        settings=settings,
    )
    named = {"name": name} if name else {"generateName": f"{title}-"}
    document = document_of(spec, "Workflow", named, template, settings)
    check_size(document)
    return document


def _collected(spec: ComponentSpec, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return outputs that may be missing without an error of Argo's, and the metadata beside artifacts."""
    metadata = [
        {"name": metadata_name(number), "path": output_path(spec, port.name) + SIDE_FILE}
        for number, port in enumerate(spec.interface.outputs)
        if port.kind is Kind.ARTIFACT
    ]
    collected = dict(outputs)
    if "parameters" in collected:
        collected["parameters"] = [
            {**port, "valueFrom": {**port["valueFrom"], "default": ""}} for port in collected["parameters"]
        ]
    if artifacts := [*outputs.get("artifacts", []), *metadata]:
        collected["artifacts"] = [{**port, "optional": True} for port in artifacts]
    return collected


def metadata_name(number: int) -> str:
    """Return the name in Argo of the metadata of an output, by its place among the outputs."""
    return f"comp-metadata-{number}-"

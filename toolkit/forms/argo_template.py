"""Write a contract as an Argo `WorkflowTemplate`, whose users give the values."""

from typing import Any

from msgspec.structs import replace

from toolkit.config.argo import ArgoSettings
from toolkit.forms.argo_arguments import Arguments
from toolkit.forms.argo_step import (
    argo_name,
    check_names,
    document_of,
    output_ports,
    port_path,
    taken_by_path,
    template_of,
    written,
)
from toolkit.forms.argo_words import Word, literal, refuse_braces
from toolkit.forms.ir import ir_name
from toolkit.image_paths import LAUNCHER, absolute
from toolkit.interface.model import Input, Kind
from toolkit.spec.model import ComponentSpec, Container, PortPlaceholder
from toolkit.spec.reader import arguments_of

# The value that stands for an input that is not given. A port's name has no colon, and hardly a value is this text.
DEFAULT = "comp:default"


def write_workflow_template(spec: ComponentSpec, settings: ArgoSettings | None = None) -> str:
    """Return the WorkflowTemplate. Raises InputError for a command line that Argo cannot express."""
    settings = settings or ArgoSettings()
    name = ir_name(spec.name)
    inputs = _template_inputs(spec)
    ports = {"inputs": inputs, "outputs": output_ports(spec)}
    template = template_of(spec, name, ports=ports, line=_arguments(spec).line(), settings=settings)
    document = document_of(spec, "WorkflowTemplate", {"name": name}, template, settings)
    if parameters := inputs.get("parameters"):
        document["spec"]["arguments"] = {"parameters": parameters}
    return written(document)


def never_given(spec: ComponentSpec) -> list[str]:
    """Return the optional artifacts that the template leaves out, since only the launcher can see that one is missing.

    Argo tells an expression which parameters it has, but not which artifacts. Our launcher leaves out an optional
    artifact without a file; a program's own words cannot depend on it.
    """
    by_launcher = _taken_by_launcher(spec)
    return [
        port.name
        for port in spec.interface.inputs
        if port.kind is Kind.ARTIFACT and port.optional and port.default is None and port.name not in by_launcher
    ]


def _taken_by_launcher(spec: ComponentSpec) -> set[str]:
    """Return the inputs whose paths stand only among the launcher's own arguments."""
    container = spec.container
    if absolute(LAUNCHER) not in container.command:
        return set()
    end = container.args.index("--") if "--" in container.args else len(container.args)
    own, rest = (replace(container, command=(), args=args) for args in (container.args[:end], container.args[end:]))
    return _ports(own) - _ports(rest)


def _ports(container: Container) -> set[str]:
    """Return the names in the placeholders of a container."""
    return {argument.port for argument in arguments_of(container) if isinstance(argument, PortPlaceholder)}


def _template_inputs(spec: ComponentSpec) -> dict[str, Any]:
    """Return the inputs of the WorkflowTemplate: parameters with their defaults, and artifacts."""
    check_names(spec)
    absent, by_path = never_given(spec), taken_by_path(spec)
    parameters = [_parameter(port) for port in spec.interface.inputs if port.kind is Kind.PARAMETER]
    artifacts = [
        _artifact(port)
        for port in spec.interface.inputs
        if port.name not in absent and (port.kind is Kind.ARTIFACT or port.name in by_path)
    ]
    return {key: ports for key, ports in (("parameters", parameters), ("artifacts", artifacts)) if ports}


def _stands_for_default(port: Input) -> bool:
    """Whether the value of a parameter that is not given is `DEFAULT`, and not the contract's default itself."""
    return "{{" in port.default if port.default is not None else port.optional


def _parameter(port: Input) -> dict[str, Any]:
    """Return an input by value, with its default and choices."""
    written: dict[str, Any] = {"name": argo_name(port.name)}
    description = port.description
    if _stands_for_default(port):
        written["value"] = DEFAULT
        description = f"{description} ({DEFAULT} stands for the component's own default)".strip()
    elif port.default is not None:
        written["value"] = port.default
    if description:
        written["description"] = description
    if port.choices:
        written["enum"] = [choice if isinstance(choice, str) else _text(choice) for choice in port.choices]
        # Argo takes no value that is not in the list.
        written["enum"] += [DEFAULT] if _stands_for_default(port) else []
    return written


def _artifact(port: Input) -> dict[str, Any]:
    """Return an input by path; a default, or a parameter's value, becomes the text of its file."""
    written: dict[str, Any] = {"name": argo_name(port.name), "path": port_path("inputs", port.name)}
    if port.kind is Kind.PARAMETER:
        if port.default is not None:
            refuse_braces(port.default, f"the default of {port.name!r}")
        written["raw"] = {"data": f"{{{{inputs.parameters.{argo_name(port.name)}}}}}"}
    elif port.default is not None:
        written["raw"] = {"data": refuse_braces(port.default, f"the default of {port.name!r}")}
    elif port.optional:
        written["optional"] = True
    return written


def _arguments(spec: ComponentSpec) -> Arguments:
    """Return how the template resolves placeholders: by its parameters."""
    absent = never_given(spec)

    def given(port: Input) -> bool | str:
        if port.kind is Kind.PARAMETER and port.optional and port.default is None:
            return f"{_reference(port)} != {literal(DEFAULT)}"
        return port.name not in absent

    def value(port: Input) -> Word:
        word = _reference(port)
        if port.default is not None and _stands_for_default(port):
            word = f"({word} == {literal(DEFAULT)} ? {literal(port.default)} : {word})"
        return Word(text=None, expression=word)

    return Arguments(spec=spec, given=given, value=value)


def _reference(port: Input) -> str:
    """Return the expression of a parameter's value as it is given."""
    return f'inputs.parameters["{argo_name(port.name)}"]'


def _text(value: object) -> str:
    """Return a choice as text; booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)

"""`comp inspect-function`: how functions are read, without importing them."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from toolkit.cli.console import Console, columns, format_option, pass_console
from toolkit.errors import Finding, FindingsError
from toolkit.interface.listing import ListedFunction, list_functions
from toolkit.interface.model import Binding, Function, Input, Kind, Output
from toolkit.spec.model import ComponentSpec
from toolkit.spec.writer import argument_data, write_argument

# By the port's name, and whether it is an output.
_Bindings = Mapping[tuple[str, bool], Binding]


@click.command
@click.argument("source", metavar="PATH[:FUNCTION]")
@format_option
@pass_console
def command(console: Console, *, source: str, form: str) -> int:
    """Print a function's inputs and outputs, or why it cannot be a component.

    Of a `@dsl.container_component` the image and the command line are printed too.

    Without FUNCTION, print those of every function in the file, or in the files of the folder, whose name does not
    begin with an underscore. Exit code 1 if the named function, or one with a decorator of KFP, cannot be a
    component.
    """
    # A path may contain colons; only an identifier after the last one is a function.
    path, colon, name = source.rpartition(":")
    if not colon or not name.isidentifier():
        path, name = source, ""
    functions = list_functions(Path(path), os.environ, name or None)
    read = [_container_of(listed) for listed in functions]
    if form == "json":
        records = [_record_of_container(listed, spec) if spec else _record(listed) for listed, spec in read]
        console.json(records)
    elif functions:
        shown = (_lines_of_container(listed, spec) if spec else _lines(listed) for listed, spec in read)
        console.data("\n\n".join(map("\n".join, shown)))
    unreadable = [listed for listed, spec in read if spec is None and listed.function is None]
    readable = len(functions) - len(unreadable)
    console.say(f"{len(functions)} function{'s' * (len(functions) != 1)}, {readable} can be a component")
    return 1 if any(name or listed.declared for listed in unreadable) else 0


def _container_of(listed: ListedFunction) -> tuple[ListedFunction, ComponentSpec | None]:
    """Return a function with its contract if it is a container component; else None, or with its own findings."""
    from toolkit.forms.container_function import container_function_of, is_container_function
    from toolkit.interface.module import Module

    if listed.function is None and any(finding.rule == "F012" for finding in listed.findings):
        module = Module.read(listed.where.path, os.environ)
        if is_container_function(module, listed.name):
            try:
                return listed, container_function_of(module, listed.name)
            except FindingsError as error:
                return replace(listed, findings=error.findings, declared=True), None
    return listed, None


def _lines_of_container(listed: ListedFunction, spec: ComponentSpec) -> Iterator[str]:
    """Yield a container component as lines for people."""
    yield f"{listed.name} ({listed.where.path}:{listed.where.line or 1}), with an image of its own"
    if spec.description:
        yield f"  {spec.description.splitlines()[0]}"
    yield from _ports(spec.interface.inputs, spec.interface.outputs, {})
    yield f"  image: {spec.container.image}"
    for what, arguments in (("command", spec.container.command), ("args", spec.container.args)):
        if arguments:
            yield f"  {what}: {', '.join(map(write_argument, arguments))}"


def _lines(listed: ListedFunction) -> Iterator[str]:
    """Yield one function as lines for people."""
    where = f"{listed.where.path}:{listed.where.line or 1}"
    if listed.function is None:
        yield f"{listed.name} ({where}): not a component"
        yield from _remarks(listed.findings)
        return
    function = listed.function
    yield f"{listed.name} ({where})"
    if function.description:
        yield f"  {function.description.splitlines()[0]}"
    yield from _ports(function.interface.inputs, function.interface.outputs, _bindings(function))
    for what, texts in (("packages", function.packages), ("base", (function.base,)), ("image", (function.image,))):
        if any(texts):
            yield f"  {what}: {', '.join(filter(None, texts))}"
    yield from _remarks(function.remarks)


def _ports(inputs: tuple[Input, ...], outputs: tuple[Output, ...], bindings: _Bindings) -> Iterator[str]:
    """Yield the inputs and outputs as lines for people."""
    for title, rows in (
        ("inputs", [_input(port, bindings) for port in inputs]),
        ("outputs", [_output(port, bindings) for port in outputs]),
    ):
        if rows:
            yield f"  {title}:"
            yield from (f"    {line}" for line in columns(rows))


def _input(port: Input, bindings: _Bindings) -> tuple[str, ...]:
    """Return the columns of an input."""
    default = f"= {port.default}" if port.default is not None else ("optional" if port.optional else "required")
    choices = f"one of {', '.join(map(str, port.choices))}" if port.choices else ""
    return (port.name, _type(port), _form(port, bindings), default, choices or port.description)


def _output(port: Output, bindings: _Bindings) -> tuple[str, ...]:
    """Return the columns of an output; one is empty, where inputs have their default."""
    return (port.name, _type(port), _form(port, bindings), "", port.description)


def _type(port: Input | Output) -> str:
    """Return the type of a port in words."""
    return f"list of {port.type}" if port.many else port.type


def _bindings(function: Function) -> _Bindings:
    """Return the function's parameters by port; outputs that it returns have none."""
    return {(binding.port, binding.output): binding for binding in function.bindings}


def _form(port: Input | Output, bindings: _Bindings) -> str:
    """Return the form in which the function takes or gives the port."""
    binding = bindings.get((port.name, isinstance(port, Output)))
    if binding is None and not bindings:
        # A container component passes its ports on the command line.
        return "value" if port.kind is Kind.PARAMETER and isinstance(port, Input) else "by path"
    if binding is None:
        return "returned"
    return str(binding.passing) if port.kind is Kind.PARAMETER else f"by {binding.passing}"


def _remarks(findings: tuple[Finding, ...]) -> Iterator[str]:
    """Yield findings as lines."""
    for finding in findings:
        where = f"{finding.where.line}:{finding.where.column}" if finding.where.line else "file"
        advice = f" ({finding.help})" if finding.help else ""
        yield f"  {where} {finding.severity} {finding.rule}: {finding.message}{advice}"


def _record_of_container(listed: ListedFunction, spec: ComponentSpec) -> dict[str, Any]:
    """Return a container component as JSON data: its interface, image and command line."""
    container = spec.container
    return {
        "name": listed.name,
        "path": str(listed.where.path),
        "line": listed.where.line,
        "declared": True,
        "component": True,
        "title": spec.name,
        "description": spec.description,
        "inputs": [_port(port, {}) for port in spec.interface.inputs],
        "outputs": [_port(port, {}) for port in spec.interface.outputs],
        "image": container.image,
        "command": [argument_data(argument) for argument in container.command],
        "args": [argument_data(argument) for argument in container.args],
        "findings": [],
    }


def _record(listed: ListedFunction) -> dict[str, Any]:
    """Return a function as JSON data: its interface, or the findings that keep it from being a component."""
    record: dict[str, Any] = {
        "name": listed.name,
        "path": str(listed.where.path),
        "line": listed.where.line,
        "declared": listed.declared,
        "component": listed.function is not None,
    }
    if listed.function is not None:
        function = listed.function
        bindings = _bindings(function)
        record |= {
            "title": function.title,
            "description": function.description,
            "inputs": [_port(port, bindings) for port in function.interface.inputs],
            "outputs": [_port(port, bindings) for port in function.interface.outputs],
            "packages": list(function.packages),
            "base": function.base,
            "image": function.image,
        }
    findings = listed.function.remarks if listed.function else listed.findings
    record["findings"] = [
        {
            "rule": finding.rule,
            "severity": str(finding.severity),
            "line": finding.where.line,
            "column": finding.where.column,
            "message": finding.message,
            "help": finding.help,
        }
        for finding in findings
    ]
    return record


def _port(port: Input | Output, bindings: _Bindings) -> dict[str, Any]:
    """Return an input or output as JSON data."""
    described: dict[str, Any] = {
        "name": port.name,
        "type": port.type,
        "kind": str(port.kind),
        "list": port.many,
        "description": port.description,
    }
    if isinstance(port, Input):
        described |= {"default": port.default, "optional": port.optional, "choices": list(port.choices)}
    if binding := bindings.get((port.name, isinstance(port, Output))):
        described |= {"parameter": binding.parameter, "passing": str(binding.passing)}
    return described

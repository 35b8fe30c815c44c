"""`comp inspect-function`: what is understood of functions, without importing them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from toolkit.cli.console import Console, columns, pass_console
from toolkit.findings import Finding
from toolkit.interface.index import Indexed, index_functions
from toolkit.interface.model import Binding, Function, Input, Kind, Output

# How the function has a port, by its name and whether it is an output.
_Bindings = Mapping[tuple[str, bool], Binding]


@click.command
@click.argument("source", metavar="PATH[:FUNCTION]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@pass_console
def command(console: Console, *, source: str, form: str) -> int:
    """Print what is understood of a function: its inputs and outputs, or why it cannot be a component.

    Without FUNCTION, of every function of the file, or of the files of a folder, whose name does not begin with an
    underscore. Exit code 1 when the function that is named, or one that KFP is told to make a component of, cannot
    be one.
    """
    path, colon, name = source.rpartition(":")
    if not colon or not name.isidentifier():
        path, name = source, ""
    found = index_functions(Path(path), name or None)
    if form == "json":
        console.data(json.dumps([_record(one) for one in found], indent=2, ensure_ascii=False))
    elif found:
        console.data("\n\n".join("\n".join(_lines(one)) for one in found))
    readable = sum(one.function is not None for one in found)
    console.say(f"{len(found)} function{'s' * (len(found) != 1)}, {readable} can be a component")
    return 1 if any(one.function is None and (name or one.declared) for one in found) else 0


def _lines(one: Indexed) -> Iterator[str]:
    where = f"{one.where.path}:{one.where.line or 1}"
    if one.function is None:
        yield f"{one.name} ({where}): no component"
        yield from _remarks(one.findings)
        return
    function = one.function
    yield f"{one.name} ({where})"
    if function.description:
        yield f"  {function.description.splitlines()[0]}"
    bindings = _bindings(function)
    if function.interface.inputs:
        yield "  inputs:"
        rows = [_input(port, bindings) for port in function.interface.inputs]
        yield from (f"    {line}" for line in columns(rows))
    if function.interface.outputs:
        yield "  outputs:"
        rows = [_output(port, bindings) for port in function.interface.outputs]
        yield from (f"    {line}" for line in columns(rows))
    for what, texts in (("packages", function.packages), ("base", (function.base,)), ("image", (function.image,))):
        if any(texts):
            yield f"  {what}: {', '.join(filter(None, texts))}"
    yield from _remarks(function.remarks)


def _input(port: Input, bindings: _Bindings) -> tuple[str, ...]:
    default = f"= {port.default}" if port.default is not None else ("optional" if port.optional else "required")
    choices = f"one of {', '.join(map(str, port.choices))}" if port.choices else ""
    return (port.name, _type(port), _form(port, bindings), default, choices or port.description)


def _output(port: Output, bindings: _Bindings) -> tuple[str, ...]:
    return (port.name, _type(port), _form(port, bindings), "", port.description)


def _type(port: Input | Output) -> str:
    return f"list of {port.type}" if port.many else port.type


def _bindings(function: Function) -> _Bindings:
    return {(binding.port, binding.output): binding for binding in function.bindings}


def _form(port: Input | Output, bindings: _Bindings) -> str:
    """Say in what form the function has it."""
    binding = bindings.get((port.name, isinstance(port, Output)))
    if binding is None:
        return "returned"
    return str(binding.passing) if port.kind is Kind.PARAMETER else f"by {binding.passing}"


def _remarks(findings: tuple[Finding, ...]) -> Iterator[str]:
    for finding in findings:
        where = f"{finding.where.line}:{finding.where.column}" if finding.where.line else "file"
        advice = f" ({finding.help})" if finding.help else ""
        yield f"  {where} {finding.severity} {finding.rule}: {finding.message}{advice}"


def _record(one: Indexed) -> dict[str, Any]:
    """Give plain data; the findings of a function that cannot be one stand where its interface would."""
    record: dict[str, Any] = {
        "name": one.name,
        "path": str(one.where.path),
        "line": one.where.line,
        "declared": one.declared,
        "component": one.function is not None,
    }
    if one.function is not None:
        function = one.function
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
    findings = one.function.remarks if one.function else one.findings
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

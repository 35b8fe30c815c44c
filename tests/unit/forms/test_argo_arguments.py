"""Placeholders of a command line in a template."""

from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.forms.argo_arguments import Arguments
from toolkit.forms.argo_words import CommandLine, Word, constant
from toolkit.spec.reader import parse_component

GIVEN: dict[str, bool | str] = {"a": True, "b": False, "c": "c_given"}
PRESENT = "{{if: {{cond: {{isPresent: {}}}, then: [--yes, {{inputValue: {}}}], else: [--no]}}}}"


def _line(args: str, command: str = "[run]") -> CommandLine:
    """Return the command line of a contract: `a` is given, `b` is not, and `c` is known when the step starts."""
    spec = parse_component(
        f"name: n\ninputs: [{{name: a}}, {{name: b, optional: true}}, {{name: c, optional: true}}]\n"
        f"outputs: [{{name: out}}]\n"
        f"implementation: {{container: {{image: i, command: {command}, args: {args}, env: {{A: b}}}}}}\n",
        Path("c.yaml"),
    )
    return Arguments(
        spec=spec,
        given=lambda port: GIVEN[port.name],
        value=lambda port: constant("x") if port.name == "a" else Word(text=None, expression=f"value_{port.name}"),
    ).line()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ("[--a, {inputValue: a}]", ["--a", "x"]),
        ("[{concat: [--a=, {inputValue: a}, '!']}]", ["--a=x!"]),
        ("[{concat: [--b=, {inputValue: b}]}]", ["--b="]),
        ("[{inputValue: b}, end]", ["end"]),
        ("[{inputPath: a}, {outputPath: out}]", ["/tmp/inputs/a/data", "/tmp/outputs/out/data"]),  # noqa: S108 (in a container)
        (f"[{PRESENT.format('a', 'a')}]", ["--yes", "x"]),
        (f"[{PRESENT.format('b', 'a')}]", ["--no"]),
        ("[{if: {cond: false, then: [x], else: [y]}}]", ["y"]),
        ("[{executorInput: null}]", ["{{$$}}"]),
    ],
)
def test_what_is_known_stands_there(args: str, words: list[str]) -> None:
    line = _line(args)
    assert line.container == {"command": ["run"], "args": words, "env": [{"name": "A", "value": "b"}]}
    assert line.patched == ()


def test_what_parameters_decide_has_conditions() -> None:
    (patched,) = _line(f"[{PRESENT.format('c', 'c')}]").patched
    # The value needs the same condition as its flag, and has it once.
    for item in ('c_given ? "--yes" : nil', "\n  c_given ? value_c : nil", 'not (c_given) ? "--no" : nil'):
        assert item in patched


def test_words_after_a_placeholder_of_the_command_are_arguments() -> None:
    line = _line("[last]", "[sh, -c, {inputValue: a}, more]")
    assert (line.container["command"], line.container["args"]) == (["sh", "-c"], ["x", "more", "last"])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("[{inputUri: a}]", "Argo has no form of {inputUri: a}"),
        ("[{outputMetadata: null}]", "{outputMetadata: …} has no value"),
        ("[{if: {cond: 'yes', then: [x]}}]", "no conditions on values"),
    ],
)
def test_placeholders_that_argo_lacks(args: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        _line(args)

"""The command line that an engine starts, and contracts that have none."""

from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.interface.model import Input, Interface, Kind
from toolkit.spec.arguments import resolve_command
from toolkit.spec.model import (
    Argument,
    ComponentSpec,
    ConcatPlaceholder,
    Container,
    IfPlaceholder,
    IsPresent,
    PortPlaceholder,
)
from toolkit.spec.reader import read_component

_CONTRACT = """name: a
inputs:
- {name: x, type: String}
- {name: y, type: String, optional: true}
implementation:
  container:
    image: a:1
    command: [run]
    args: [ARGUMENT]
"""


def _spec(folder: Path, argument: str) -> ComponentSpec:
    path = folder / "component.yaml"
    path.write_text(_CONTRACT.replace("ARGUMENT", argument))
    return read_component(path)


def test_values_stand_in_the_place_of_their_inputs(tmp_path: Path) -> None:
    spec = _spec(tmp_path, "{inputValue: x}, {inputValue: y}")
    assert resolve_command(spec, values={"x": "1"}, input_paths={}, output_paths={}) == ["run", "1"]


def test_a_required_input_that_is_absent(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        resolve_command(_spec(tmp_path, "{inputValue: x}"), values={}, input_paths={}, output_paths={})
    assert (refused.value.message, refused.value.hint) == ("the input 'x' is required", "give it: -i x=…")


@pytest.mark.parametrize(
    ("argument", "direction"),
    [("{inputValue: z}", "input"), ("{inputPath: z}", "input"), ("{concat: [a, {outputPath: z}]}", "output")],
)
def test_a_port_that_is_not_declared(tmp_path: Path, argument: str, direction: str) -> None:
    # The hint cannot be `-i`, which takes declared inputs only.
    with pytest.raises(InputError) as refused:
        resolve_command(_spec(tmp_path, argument), values={"x": "1"}, input_paths={}, output_paths={})
    assert refused.value.message == f"the contract's arguments use the {direction} 'z', which it does not declare"
    assert refused.value.hint == f"declare it under {direction}s; `comp lint` shows where it is used"


def _optional(argument: Argument) -> ComponentSpec:
    """Make a component with an optional input `a` and one argument."""
    optional = Input(name="a", type="String", kind=Kind.PARAMETER, optional=True)
    return ComponentSpec(
        name="n",
        description="",
        interface=Interface(inputs=(optional,)),
        implementation=Container(image="i", args=(argument,)),
    )


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        (IsPresent(input="a"), {"a": ""}, "then"),
        (IsPresent(input="a"), {}, "else"),
        (PortPlaceholder(kind="inputValue", port="a"), {"a": "True"}, "then"),
        (PortPlaceholder(kind="inputValue", port="a"), {"a": "no"}, "else"),
        (True, {}, "then"),
        ("false", {}, "else"),
    ],
)
def test_conditions(
    condition: IsPresent | PortPlaceholder | bool | str,  # noqa: FBT001 (a condition may be one)
    values: dict[str, str],
    expected: str,
) -> None:
    chosen = IfPlaceholder(condition=condition, then=("then",), otherwise=("else",))
    spec = _optional(chosen)
    assert resolve_command(spec, values=values, input_paths={}, output_paths={}) == [expected]


def test_concat_is_one_argument_without_absent_inputs() -> None:
    items = ("--a=", PortPlaceholder(kind="inputValue", port="a"), "/", PortPlaceholder(kind="outputPath", port="o"))
    spec = _optional(ConcatPlaceholder(items=items))
    assert resolve_command(spec, values={}, input_paths={}, output_paths={"o": "x"}) == ["--a=/x"]

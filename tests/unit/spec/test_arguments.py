"""What an engine's command line is, and what is wrong with a contract that has none."""

from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.spec.arguments import resolve_command
from toolkit.spec.model import ComponentSpec
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
    # A hint to give it would lead in a circle: what is not declared cannot be given.
    with pytest.raises(InputError) as refused:
        resolve_command(_spec(tmp_path, argument), values={"x": "1"}, input_paths={}, output_paths={})
    assert refused.value.message == f"the contract's arguments use the {direction} 'z', which it does not declare"
    assert refused.value.hint == f"declare it under {direction}s; `comp lint` shows where it is used"

"""Container components are read from their source, or refused with a place and advice."""

from pathlib import Path

import pytest

from tests.container_functions import ACCEPTED, HEAD
from toolkit.errors import FindingsError
from toolkit.forms.container_function import is_container_function, read_container_function
from toolkit.forms.ir import write_ir
from toolkit.interface.module import Module
from toolkit.spec.model import ComponentSpec, ConcatPlaceholder, PortPlaceholder
from toolkit.spec.reader import parse_component
from toolkit.spec.writer import write_component


def _read(folder: Path, code: str) -> ComponentSpec:
    (folder / "module.py").write_text(code)
    return read_container_function(folder / "module.py", "f", {})


def test_a_functions_contract_has_its_own_image_and_command(tmp_path: Path) -> None:
    spec = _read(tmp_path, HEAD + ACCEPTED["every_port"])
    assert (spec.name, spec.description) == ("F", "Do everything.")
    assert spec.container.image == "registry.example.com/tools/run:1.2"
    assert spec.container.command == ("sh", "run.sh")
    assert spec.container.args[:2] == ("--text", PortPlaceholder(kind="inputValue", port="text"))
    assert spec.container.args[-1] == PortPlaceholder(kind="outputPath", port="name")
    assert [port.description for port in spec.interface.inputs][:2] == ["Some text.", ""]
    assert {port.name: port.type for port in spec.interface.outputs} == {
        "model": "Model",
        "metrics": "Metrics",
        "count": "Integer",
        "name": "String",
    }


def test_a_text_with_an_input_is_a_concat(tmp_path: Path) -> None:
    spec = _read(tmp_path, HEAD + ACCEPTED["f_strings"])
    assert spec.container.args[0] == ConcatPlaceholder(
        items=("--text=", PortPlaceholder(kind="inputValue", port="text"))
    )


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_contract_is_read_again(tmp_path: Path, name: str) -> None:
    spec = _read(tmp_path, HEAD + ACCEPTED[name])
    again = parse_component(write_component(spec), tmp_path / "component.yaml")
    assert again == spec
    assert write_ir(again) == write_ir(spec)


def test_the_signature_is_checked_first(tmp_path: Path) -> None:
    with pytest.raises(FindingsError, match="'x' has no annotation"):
        _read(tmp_path, HEAD + "@dsl.container_component\ndef f(x):\n    return find()\n")


@pytest.mark.parametrize(
    ("decorator", "expected"),
    [
        ("@dsl.container_component", True),
        ("@kfp.dsl.container_component", True),
        ("@dsl.component", False),
        ("", False),
    ],
)
def test_the_decorator_decides(tmp_path: Path, decorator: str, *, expected: bool) -> None:
    module = Module.parse(tmp_path / "m.py", f"{HEAD}{decorator}\ndef f(): ...\n", {})
    assert is_container_function(module, "f") is expected

"""The command lines of contracts, and how an engine resolves them."""

from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.interface.function import read_function
from toolkit.interface.model import FALSE_WORDS, TRUE_WORDS, Input, Interface, Kind, Output
from toolkit.launcher import launch
from toolkit.spec.arguments import NO_EXECUTOR_INPUT, resolve_command
from toolkit.spec.model import (
    Argument,
    ComponentSpec,
    Container,
    ExecutorInputPlaceholder,
    IfPlaceholder,
    IsPresent,
    PortPlaceholder,
)
from toolkit.spec.protocol import PROTOCOL, flag, function_command, program_command

CODE = """
from toolkit.types import Dataset, Input, Model, Output

def f(data: Input[Dataset], model: Output[Model], c: float = 1.0, note: str | None = None,
      other: Input[Dataset] = None) -> int:
    return 1
"""


def _spec(interface: Interface, command: tuple[Argument, ...], args: tuple[Argument, ...]) -> ComponentSpec:
    container = Container(image="i", command=command, args=args)
    return ComponentSpec(name="n", description="", interface=interface, implementation=container)


def _parameter(name: str, *, optional: bool = False) -> Input:
    return Input(name=name, type="String", kind=Kind.PARAMETER, optional=optional)


@pytest.fixture
def spec(tmp_path: Path) -> ComponentSpec:
    (tmp_path / "code.py").write_text(CODE)
    function = read_function(tmp_path / "code.py", "f", {})
    return _spec(function.interface, *function_command("f", function, python="/p", safe_path=True))


def test_a_functions_command_line(spec: ComponentSpec) -> None:
    assert spec.container.command == ("/p", "-P", "/opt/comp/launch.py", "f")
    c = PortPlaceholder(kind="inputValue", port="c")
    note, other = (PortPlaceholder(kind="inputValue", port="note"), PortPlaceholder(kind="inputPath", port="other"))
    assert spec.container.args == (
        "--data",
        PortPlaceholder(kind="inputPath", port="data"),
        # KFP 2's server cannot resolve a bare parameter that the caller leaves to its default.
        IfPlaceholder(condition=IsPresent(input="c"), then=("--c", c)),
        IfPlaceholder(condition=IsPresent(input="note"), then=("--note", note)),
        IfPlaceholder(condition=IsPresent(input="other"), then=("--other", other)),
        "--outputs",
        "--model",
        PortPlaceholder(kind="outputPath", port="model"),
        "--Output",
        PortPlaceholder(kind="outputPath", port="Output"),
        "--executor-input",
        ExecutorInputPlaceholder(),
    )


def test_an_engine_drops_what_is_absent(spec: ComponentSpec) -> None:
    outputs = {"model": "/o/m", "Output": "/o/v"}
    rest = ["--outputs", "--model", "/o/m", "--Output", "/o/v", "--executor-input", "{{$}}"]
    given = resolve_command(spec, values={"c": "1.0"}, input_paths={"data": "/d"}, output_paths=outputs)
    assert given == ["/p", "-P", "/opt/comp/launch.py", "f", "--data", "/d", "--c", "1.0", *rest]
    values, paths = {"c": "2", "note": ""}, {"data": "/d", "other": "/x"}
    full = resolve_command(spec, values=values, input_paths=paths, output_paths=outputs)
    assert full[4:12] == ["--data", "/d", "--c", "2", "--note", "", "--other", "/x"]


def test_a_required_input_that_is_absent_is_named(spec: ComponentSpec) -> None:
    with pytest.raises(InputError, match="the input 'data' is required"):
        resolve_command(spec, values={}, input_paths={}, output_paths={})


def test_a_programs_command_line_declares_its_outputs_first() -> None:
    argv = ("python", "x.py", PortPlaceholder(kind="inputValue", port="a"))
    out = Output(name="my out", type="CSV", kind=Kind.ARTIFACT)
    interface = Interface(inputs=(_parameter("a"),), outputs=(out,))
    command, args = program_command("p", interface, argv, python="/p", safe_path=False)
    resolved = resolve_command(
        _spec(interface, command, args), values={"a": "1"}, input_paths={}, output_paths={"my out": "/o"}
    )
    launcher = ["/p", "/opt/comp/launch.py", "p"]
    assert resolved == [
        *launcher, "--outputs", "--my-out", "/o", "--executor-input", "{{$}}", "--", "python", "x.py", "1"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"), [("a_b", "--a-b"), ("Training data (CSV)", "--Training-data-CSV-"), ("x", "--x")]
)
def test_flags(name: str, expected: str) -> None:
    assert flag(name) == expected


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a b", "a_b"), "have the same flag --a-b"),
        (("A", "a"), "have the same flag --a"),
        (("outputs",), "belongs to the launcher"),
        (("executor_input",), "belongs to the launcher"),
    ],
)
def test_names_that_cannot_be_told_apart_are_refused(names: tuple[str, ...], message: str) -> None:
    interface = Interface(inputs=tuple(_parameter(name) for name in names))
    with pytest.raises(InputError, match=message):
        program_command("p", interface, (), python="/p", safe_path=True)


def test_the_launcher_has_the_same_words() -> None:
    assert (launch.PROTOCOL, launch.ABSENT) == (PROTOCOL, NO_EXECUTOR_INPUT)
    assert (frozenset(launch.TRUE), frozenset(launch.FALSE)) == (TRUE_WORDS, FALSE_WORDS)

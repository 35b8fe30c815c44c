"""Any signature: the reader never fails otherwise than with findings, and what it accepts is called correctly."""

import json
import keyword
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.launched import Image
from toolkit.errors import FindingsError
from toolkit.interface.function import read_function
from toolkit.interface.model import Function, Input, Kind
from toolkit.spec.arguments import resolve_command
from toolkit.spec.model import ComponentSpec, Container
from toolkit.spec.protocol import function_command

HEAD = """
import collections.abc, enum, json, typing
from dataclasses import dataclass
from typing import Annotated, Any, Dict, List, Literal, NamedTuple, Optional, Union
import kfp.dsl as d
from kfp.dsl import Dataset, Input, InputPath, Metrics, Model, Output, OutputPath
from kfp import components

class Colour(enum.Enum):
    RED = "red"
    BLUE = "--blue"

@dataclass
class Point:
    x: int
    label: str = ""

ANSWER = 42
Alias = List[int]
Again = "Around"
Around = Again
"""
BODY = """
    values = {name: value for name, value in locals().items() if name not in WRITTEN}
    for name in WRITTEN:
        path = locals()[name]
        with open(getattr(path, "path", path), "w") as stream:
            stream.write("1")
    print(json.dumps(values, default=shown))
"""
SHOWN = """
def shown(value):
    return [type(value).__name__, value.path] if hasattr(value, "path") else repr(value)
"""
_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)
# An annotation, values that fit, and whether KFP 2 may pass the value as another JSON type.
_GOOD: dict[str, st.SearchStrategy[Any]] = {
    "str": _TEXT | st.sampled_from(["--outputs", "--", "--executor-input", "{{$}}", "null", "@x"]),
    "int": st.integers(),
    "float": _NUMBERS,
    "bool": st.booleans(),
    "list": st.lists(st.integers() | _TEXT, max_size=3),
    "dict": st.dictionaries(_TEXT, st.none() | st.booleans() | _TEXT, max_size=3),
    "List[int]": st.lists(st.integers(-1000, 1000), max_size=3),
    "Dict[str, float]": st.dictionaries(_TEXT, _NUMBERS, max_size=3),
    "Alias": st.lists(st.integers(-9, 9), max_size=2),
    "'str'": _TEXT,
    "Literal['a', '--b', '']": st.sampled_from(["a", "--b", ""]),
    "Literal[1, 2]": st.sampled_from([1, 2]),
    "Colour": st.sampled_from(["red", "--blue"]),
    "Point": st.fixed_dictionaries({"x": st.integers(-9, 9)}, optional={"label": _TEXT}),
    "Annotated[int, 'how many']": st.integers(),
    "Input[Dataset]": st.none(),
    "d.Input[d.Model]": st.none(),
    "InputPath('CSV')": st.none(),
    "components.InputPath('CSV')": st.none(),
}
_OUTPUTS = ["Output[Model]", "OutputPath('CSV')", "OutputPath(int)", "Output[Metrics]"]
_BAD = [
    *("Any", "bytes", "Union[str, int]", "str | int", "tuple[int]", "set", "Input[int]", "Output[str]", "InputPath"),
    *("InputPath(str)", "Unknown", "1", "(", "''", "'('", "lambda: 1", "[int]", "{'a': int}", "None", "...", "f()"),
    *("Literal[", "Literal[b'a']", "Literal[()]", "Optional[", "List[bytes]", "Dict[int, int]", "Around", "a.b.c"),
    *("int if True else str", "Annotated[()]", "Optional[Output[Model]]", "'Input[Dataset'", "x := int", "yield"),
]
_DEFAULTS = [
    "None",
    "1",
    "'x'",
    "[1]",
    "{'a': 1}",
    "ANSWER",
    "Colour.RED",
    "Point(x=1)",
    "1.5",
    "True",
    "f()",
    "-ANSWER",
]
_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,3}(_[a-z0-9]{1,3})?(_path|_file)?", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name) and name not in {"d", "json", "name", "path", "stream", "value", "values"}
)


@st.composite
def _signatures(draw: st.DrawFn) -> str:
    parts = []
    for name in draw(st.lists(_NAMES, unique=True, max_size=4)):
        annotation = draw(st.sampled_from([*_GOOD, *_GOOD, *_OUTPUTS]) | st.sampled_from(_BAD))
        if draw(st.booleans()) and annotation not in _OUTPUTS:
            annotation = draw(st.sampled_from([f"Optional[{annotation}]", f"{annotation} | None"]))
        default = draw(st.none() | st.sampled_from(_DEFAULTS))
        parts.append(f"{name}: {annotation}" + (f" = {default}" if default else ""))
    star = draw(st.sampled_from(["*, ", "*, ", "*, ", "", "*args, ", "**kwargs, "]))
    return f"def f({star if parts else ''}{', '.join(parts)}):"


def _read(folder: Path, signature: str) -> Function | None:
    source = folder / "module.py"
    source.write_text(HEAD + signature + "\n    pass\n", encoding="utf-8")
    try:
        return read_function(source, "f", {})
    except FindingsError as error:
        findings = error.findings
    assert all(finding.where.path == source and finding.message for finding in findings)
    return None


@given(_signatures())
@settings(max_examples=300)
def test_no_signature_makes_the_reader_fail_otherwise(signature: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _read(Path(folder), signature)


@given(
    st.lists(st.tuples(_NAMES, st.sampled_from([*_GOOD, *_OUTPUTS])), max_size=5, unique_by=lambda pair: pair[0]),
    st.data(),
)
@settings(max_examples=60)
def test_what_is_accepted_is_called_with_what_was_given(ports: list[tuple[str, str]], data: st.DataObject) -> None:
    optional = {name for name, written in ports if written not in _OUTPUTS and data.draw(st.booleans())}
    parameters = [f"{name}: {f'Optional[{text}] = None' if name in optional else text}" for name, text in ports]
    # Keyword-only, so that one with a default may come before one without.
    signature = f"def f({', '.join(['*', *parameters] if parameters else [])}):"
    with tempfile.TemporaryDirectory() as temporary:
        function = _read(Path(temporary), signature)
        if function is None:
            return  # names that KFP could not tell apart
        written = [name for name, text in ports if text in _OUTPUTS]
        code = HEAD + SHOWN + f"WRITTEN = {written!r}\n" + signature + BODY
        step = Image.of(Path(temporary), code)
        values = {name: data.draw(_GOOD[text]) for name, text in ports if text not in _OUTPUTS}
        passed = {name: value for name, value in values.items() if name not in optional or data.draw(st.booleans())}
        done = step(*_command(function, passed, Path(temporary)))
        assert (done.returncode, done.stderr) == (0, "")
        received = json.loads(done.stdout)
        assert received == {
            name: _expected(text, name, passed, temporary) for name, text in ports if name not in written
        }


def _command(function: Function, passed: dict[str, Any], folder: Path) -> list[str]:
    """Resolve the contract as KFP 1.8 and Argo do, from values by parameter name."""
    command, args = function_command("f", function, python="python", safe_path=True)
    spec = ComponentSpec(
        name="f",
        description="",
        interface=function.interface,
        implementation=Container(image="i", command=command, args=args),
    )
    ports = {binding.parameter: binding.port for binding in function.bindings if not binding.output}
    inputs = {port.name: port for port in function.interface.inputs}
    values, paths = {}, {}
    for name, value in passed.items():
        port = inputs[ports[name]]
        if port.kind is Kind.ARTIFACT:
            # An optional artifact without a file is absent.
            (folder / name).touch()
            paths[port.name] = str(folder / name)
        else:
            values[port.name] = _text(port, value)
    outputs = {port.name: str(folder / "out" / port.name) for port in function.interface.outputs}
    words = resolve_command(spec, values=values, input_paths=paths, output_paths=outputs)
    return words[words.index("f") :]


def _text(port: Input, value: object) -> str:
    """Write a value as KFP 1.8 does."""
    return (
        value
        if isinstance(value, str) and port.type == "String"
        else str(value)
        if isinstance(value, bool | int | float)
        else json.dumps(value)
    )


def _expected(text: str, name: str, passed: dict[str, Any], folder: str) -> object:
    if name not in passed:
        return None
    value = passed[name]
    if text == "Colour":
        member = {"red": "RED", "--blue": "BLUE"}[value]
        return f"<Colour.{member}: {value!r}>"
    if text == "Point":
        return f"Point(x={value['x']}, label={value.get('label', '')!r})"
    if value is None:
        path = str(Path(folder) / name)
        kinds = {"Input[Dataset]": "Dataset", "d.Input[d.Model]": "Model"}
        return [kinds[text], path] if text in kinds else path
    return value

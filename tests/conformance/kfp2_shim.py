"""Put our readers and writers under KFP 2's own tests; runs in an environment with kfp 2. `kfp2.py` starts it.

Every contract and every IR that KFP's tests load is read and written by us, and KFP gets what we wrote; every
placeholder that KFP writes as text is read by us and written again; and where a test reads a function's interface,
ours must be the same. A test counts as ours when it came by one of these places; the others are KFP's internals.
"""

import importlib
import inspect
import json
import sys
import textwrap
import traceback
import unittest
from pathlib import Path
from typing import Any

from kfp.dsl import component_factory, placeholders, structures

from toolkit.errors import InputError
from toolkit.forms.ir import ir_keys, write_ir
from toolkit.forms.ir_arguments import IrArguments, read_ir_argument
from toolkit.forms.ir_reader import is_ir, parse_ir
from toolkit.forms.ir_values import artifact_type, parameter_type
from toolkit.interface.function import read_function, sanitised
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.spec.model import ConcatPlaceholder, IfPlaceholder, IsPresent, PortPlaceholder
from toolkit.spec.reader import parse_component
from toolkit.spec.writer import write_component

PATH = Path("component.yaml")
TO_STRING = "_to_string"
touched: set[str] = set()
now: list[str] = [""]
_from_yaml = structures.ComponentSpec.from_yaml_documents
_element = placeholders.convert_command_line_element_to_string
_interface = component_factory.extract_component_interface


def from_yaml_documents(text: str) -> Any:
    """Read a document, write it again, and let KFP load that."""
    touched.add(now[0])
    try:
        written = write_ir(parse_ir(text, PATH)) if is_ir(text) else write_component(parse_component(text, PATH))
    except InputError as error:
        raise ValueError(str(error)) from error
    return _from_yaml(written)


def read_and_written(text: str) -> None:
    """Check that a text of KFP's, with its placeholders, is read and written again as the same."""
    argument = read_ir_argument(text)
    ports: dict[tuple[str, str], Kind] = {}
    waiting = [argument]
    while waiting:
        part = waiting.pop()
        if isinstance(part, PortPlaceholder):
            kind = Kind.PARAMETER if f".parameters['{part.port}']" in text else Kind.ARTIFACT
            ports["input" if part.kind.startswith("input") else "output", part.port] = kind
        elif isinstance(part, ConcatPlaceholder):
            waiting += part.items
        elif isinstance(part, IfPlaceholder) and isinstance(part.condition, IsPresent):
            ports.setdefault(("input", part.condition.input), Kind.PARAMETER)
            waiting += [*part.then, *part.otherwise]
    writer = IrArguments(Interface(), {side: side[1] for side in ports})
    writer._kinds = ports
    (written,) = writer.written((argument,)) or ("",)
    assert read_ir_argument(written) == argument, (text, written)
    if text.startswith('{"'):
        assert _listed(json.loads(written)) == _listed(json.loads(text)), (text, written)


def _listed(form: Any) -> Any:
    """Give one form to branches of one item: KFP takes it alone or in a list."""
    if isinstance(form, list):
        return [_listed(item) for item in form]
    if not isinstance(form, dict):
        return form
    named = {key: _listed(value) for key, value in form.items()}
    branches = {"Then", "Else"}
    return {key: [value] if key in branches and not isinstance(value, list) else value for key, value in named.items()}


def _watched(original: Any) -> Any:
    def to_string(self: Any) -> str:
        text: str = original(self)
        touched.add(now[0])
        read_and_written(text)
        return text

    return to_string


def convert_element(element: Any) -> str:
    """Convert as KFP does, then read and write the text."""
    text: str = _element(element)
    touched.add(now[0])
    read_and_written(text)
    return text


def extract_component_interface(func: Any, *arguments: Any, **more: Any) -> Any:
    """Compare the interface that KFP finds by running with that which we read from the source."""
    theirs = _interface(func, *arguments, **more)
    folder = Path.cwd() / "hoisted"
    folder.mkdir(exist_ok=True)
    source = folder / f"{func.__name__}.py"
    text = textwrap.dedent(inspect.getsource(func))
    if "ContainerSpec" in text or "@dsl.pipeline" in text:
        return theirs
    source.write_text("from typing import *\nfrom kfp import dsl\nfrom kfp.dsl import *\n" + text)
    ours = read_function(source, func.__name__, {}).interface
    touched.add(now[0])
    found = {sanitised(name): port for name, port in {**(theirs.inputs or {}), **(theirs.outputs or {})}.items()}
    assert set(ir_keys(ours).values()) == set(found)
    ports: list[Input | Output] = [*ours.inputs, *ours.outputs]
    for port in ports:
        wanted = _known(found[sanitised(port.name)].type)
        named = parameter_type(port) if port.kind is Kind.PARAMETER else artifact_type(port)["schemaTitle"]
        assert wanted == named, (port.name, wanted, named)
    return theirs


def _known(type_: str) -> str:
    names = {"String": "STRING", "Integer": "NUMBER_INTEGER", "Float": "NUMBER_DOUBLE", "Boolean": "BOOLEAN"}
    names |= {"List": "LIST", "Dict": "STRUCT"}
    return names.get(type_.partition("[")[0], type_.partition("@")[0])


class _Result(unittest.TestResult):
    """Notes what becomes of each test."""

    def __init__(self) -> None:
        super().__init__()
        self.outcome: dict[str, str] = {}

    def startTest(self, test: Any) -> None:  # noqa: N802 (unittest's name)
        now[0] = test.id()

    def addSuccess(self, test: Any) -> None:  # noqa: N802 (likewise)
        self.outcome.setdefault(test.id(), "passed" if test.id() in touched else "internal")

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802 (likewise)
        self.outcome[test.id()] = "failed: " + "".join(traceback.format_exception(*err))[-1500:]

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802 (likewise)
        self.addFailure(test, err)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802 (likewise)
        if err is not None:
            self.addFailure(subtest if test is None else test, err)


def main() -> int:
    """Run the test modules beside this folder, and write what became of each test as JSON to the file named first."""
    answer, *modules = sys.argv[1:]
    structures.ComponentSpec.from_yaml_documents = staticmethod(from_yaml_documents)
    component_factory.extract_component_interface = extract_component_interface
    placeholders.convert_command_line_element_to_string = convert_element
    for name in dir(placeholders):
        kind: Any = getattr(placeholders, name)
        if inspect.isclass(kind) and issubclass(kind, placeholders.Placeholder) and TO_STRING in vars(kind):
            setattr(kind, TO_STRING, _watched(getattr(kind, TO_STRING)))
    sys.path.insert(0, str(Path.cwd()))
    result = _Result()
    for module in modules:
        unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(module)).run(result)
    Path(answer).write_text(json.dumps(result.outcome, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())

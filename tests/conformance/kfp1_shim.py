"""Put our reader, writer, resolver and launcher under KFP 1.8's own tests; runs in an environment with kfp 1.8.

`kfp1.py` starts it. What KFP's task factories do with a component (names of arguments, signatures) stays
KFP's; what is ours: a contract's text goes through our reader and our writer before KFP sees it, a command line is
resolved by us, and a function becomes a component by our reader of functions and runs under our launcher.
"""

import ast
import hashlib
import inspect
import json
import os
import re
import sys
import tempfile
import textwrap
import traceback
import unittest
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import kfp
import yaml
from kfp import components
from kfp.components import _components, _python_op, structures
from msgspec.structs import replace

from tests.conformance.corpus import lost_between
from toolkit import launcher
from toolkit.errors import InputError
from toolkit.image_paths import LAUNCHER, absolute
from toolkit.interface.function import read_function
from toolkit.lint.rules import findings_of
from toolkit.spec.arguments import resolve_command
from toolkit.spec.model import ComponentSpec, Container
from toolkit.spec.protocol import function_command, interface_document
from toolkit.spec.reader import parse_component, parse_document
from toolkit.spec.writer import write_component

PATH = Path("component.yaml")
# What KFP's loader refuses and ours leaves to the linter.
REFUSED = {"C010": TypeError, "C011": TypeError, "C017": ValueError, "C046": TypeError}
IMPORTS = """\
from typing import *
from kfp.components import *
from kfp.components import InputBinaryFile, InputPath, InputTextFile, OutputBinaryFile, OutputPath, OutputTextFile
"""
ROOT = Path(tempfile.mkdtemp(prefix="kfp1-conformance-"))
_load_text = components.load_component_from_text
_count = iter(range(1_000_000))


def checked(text: Any) -> str:
    """Read a contract and write it again; raise what KFP raises for what it refuses."""
    if text is None:
        raise TypeError
    try:
        document = parse_document(text, PATH)
    except InputError as error:
        raise TypeError(str(error)) from error
    for finding in findings_of(document):
        if finding.rule in REFUSED:
            raise REFUSED[finding.rule](finding.message)
    return write_component(document.spec)


def load_component_from_text(text: Any) -> Any:
    """Let KFP load what we have read and written."""
    written = checked(text)
    reference = structures.ComponentReference
    factory = _components._create_task_factory_from_component_spec(
        component_spec=_components._load_component_spec_from_component_text(written),
        component_ref=reference(digest=hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()),
    )
    assert not lost_between(text, written), lost_between(text, written)
    return factory


def load_component_from_file(filename: Any) -> Any:
    """Load a file, zipped or not, as KFP does."""
    if filename is None:
        raise TypeError
    data = Path(filename).read_bytes()
    if data.startswith(b"PK"):
        return _original_file(filename)
    return load_component_from_text(data.decode())


def load_component(filename: Any = None, url: Any = None, text: Any = None) -> Any:
    """Take exactly one source, as KFP does."""
    if sum(source is not None for source in (filename, url, text)) != 1:
        raise ValueError("need exactly one source")
    if text is not None:
        return load_component_from_text(text)
    return components.load_component_from_url(url) if url is not None else load_component_from_file(filename)


def resolve(component_spec: Any, arguments: Any, *_: Any, **__: Any) -> Any:
    """Resolve a command line by us, in the form that KFP's tests look at."""
    spec = parse_component(yaml.safe_dump(component_spec.to_dict()), PATH)
    arguments = {name: _serialised(spec, name, value) for name, value in arguments.items()}
    used = yaml.safe_dump(component_spec.to_dict()["implementation"])
    paths = {port.name: _path(_components._inputs_dir, port.name) for port in spec.interface.inputs}
    by_path = {name: path for name, path in paths.items() if f"inputPath: {name}\n" in used and name in arguments}
    outputs = {port.name: _path(_components._outputs_dir, port.name) for port in spec.interface.outputs}
    outputs |= dict(spec.container.file_outputs)
    whole = spec.container

    def part(**container: Any) -> list[str]:
        part_spec = replace(spec, implementation=replace(whole, **container))
        return resolve_command(part_spec, values=arguments, input_paths=by_path, output_paths=outputs)

    return SimpleNamespace(
        command=part(args=()),
        args=part(command=()),
        input_paths=by_path,
        output_paths=outputs,
        inputs_consumed_by_value={},
    )


def _serialised(spec: ComponentSpec, name: str, value: Any) -> Any:
    types = {port.name: port.type for port in spec.interface.inputs}
    if isinstance(value, str):
        return value
    return json.dumps(value) if types.get(name) in {"JsonObject", "JsonArray"} else str(value)


def _path(folder: Any, name: str) -> str:
    return str(Path(folder, re.sub("[^-_.0-9a-zA-Z]+", "_", name), "data"))


def func_to_container_op(
    func: Callable[..., Any], output_component_file: Any = None, base_image: Any = None, *_: Any, **more: Any
) -> Any:
    """Make a component of a function by our reader, with a command that runs our launcher."""
    text = component_text(func, base_image, more.get("annotations"))
    if output_component_file:
        Path(output_component_file).parent.mkdir(parents=True, exist_ok=True)
        Path(output_component_file).write_text(text)
    return _load_text(text)


def component_text(func: Callable[..., Any], base_image: Any = None, annotations: Any = None) -> str:
    """Hoist a function into a module of its own, read it, and write its contract."""
    folder = ROOT / f"component{next(_count)}"
    (folder / "app").mkdir(parents=True)
    source = folder / "app" / "hoisted.py"
    source.write_text(_hoisted(func))
    try:
        function = replace(read_function(source, func.__name__, {}), module="hoisted")
    except InputError as error:
        raise ValueError(str(error)) from error
    (folder / "launch.py").write_bytes(launcher.source())
    (folder / "interface.json").write_bytes(interface_document([("hoisted", function)]))
    command, args = function_command("hoisted", function, python=os.environ["COMP_PYTHON"], safe_path=True)
    command = tuple(str(folder / "launch.py") if word == absolute(LAUNCHER) else word for word in command)
    named = base_image or getattr(func, "_component_base_image", None)
    image = named() if callable(named) else named
    return write_component(
        ComponentSpec(
            name=getattr(func, "_component_human_name", None) or function.title,
            description=getattr(func, "_component_description", None) or function.description,
            interface=function.interface,
            implementation=Container(image=image or function.base or "python:3.11", command=command, args=args),
            annotations=MappingProxyType(annotations or {}),
        )
    )


def _hoisted(func: Callable[..., Any]) -> str:
    """Give a module with the function alone, and the classes of its own scope that its annotations name."""
    source = textwrap.dedent(inspect.getsource(func))
    tree = ast.parse(source)
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    around = inspect.getsource(sys.modules[func.__module__])
    others = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(around))
        if isinstance(node, ast.ClassDef) and node.name in named and not node.name.endswith("TestCase")
    ]
    return IMPORTS + "\n".join(others) + "\n" + source


def main() -> int:
    """Run the test modules that are named, and write what became of each test as JSON to the file named first."""
    answer, *modules = sys.argv[1:]
    # The tests say `from .. import components`: they become a part of the kfp that is installed.
    kfp.__path__.append(str(Path.cwd()))
    _install()
    outcome: dict[str, str] = {}

    class Result(unittest.TestResult):
        def addSuccess(self, test: Any) -> None:  # noqa: N802 (unittest's name)
            outcome.setdefault(test.id(), "passed")

        def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802 (likewise)
            outcome[test.id()] = f"skipped: {reason}"

        def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802 (likewise)
            outcome[test.id()] = f"failed: {''.join(traceback.format_exception(*err))[-1500:]}"

        addError = addFailure  # noqa: N815 (likewise)

    for module in modules:
        unittest.defaultTestLoader.loadTestsFromName(f"kfp.components_tests.{module}").run(Result())
    Path(answer).write_text(json.dumps(outcome, indent=1))
    return 0


_original_file = components.load_component_from_file


def _install() -> None:
    for module in (components, _components):
        module.load_component_from_text = load_component_from_text
        module.load_component_from_file = load_component_from_file
        module.load_component = load_component
        module._resolve_command_line_and_paths = resolve
    for name in ("func_to_container_op", "create_component_from_func"):
        setattr(components, name, func_to_container_op)
        setattr(_python_op, name, func_to_container_op)
    _python_op._func_to_component_spec = lambda func, *_, **more: func_to_container_op(func, **more).component_spec
    _python_op.func_to_component_file = func_to_container_op


if __name__ == "__main__":
    sys.exit(main())

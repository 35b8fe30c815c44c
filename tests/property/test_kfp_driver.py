"""Any function's contract gets through KFP's driver, whichever inputs the caller leaves out, and arrives as it was."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kfp_driver import command_line, executor_input, local_path, received
from toolkit.forms.ir import ir_document
from toolkit.interface.function import read_function
from toolkit.spec.model import ComponentSpec, Container
from toolkit.spec.protocol import function_command, interface_document

_HEAD = "from kfp.dsl import Dataset, Input, InputPath, Model, Output, OutputPath\nfrom typing import List\n"
_TEXT = st.text(st.characters(exclude_characters="\0{", exclude_categories=["Cs"]), max_size=8)
_NUMBERS = st.floats(-1e9, 1e9)
# An annotation, a default, and values; an artifact has no value.
_PORTS: list[tuple[str, str, Any, st.SearchStrategy[Any] | None]] = [
    ("str", "'a b'", "a b", _TEXT),
    ("str", "''", "", _TEXT | st.sampled_from(["--outputs", '{"IfPresent": {}}', "null"])),
    ("int", "3", 3, st.integers(-(2**53), 2**53)),
    ("float", "0.5", 0.5, _NUMBERS),
    ("bool", "True", True, st.booleans()),
    ("bool", "False", False, st.booleans()),
    ("list", "[1, 'a']", [1, "a"], st.lists(_TEXT, max_size=3)),
    ("dict", "{'a': {}}", {"a": {}}, st.dictionaries(_TEXT, _TEXT, max_size=3)),
    ("Input[Dataset]", "None", None, None),
    ("InputPath('CSV')", "None", None, None),
    ("Input[List[Dataset]]", "None", None, None),
]
_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,3}(_[a-z0-9]{1,2})?", fullmatch=True).filter(
    lambda name: name not in {"as", "is", "in", "if", "or", "def", "del", "for", "not", "and", "try", "pass", "elif"}
)
_OUTPUTS = ["Output[Model]", "OutputPath('CSV')", "OutputPath(int)"]


@given(
    st.dictionaries(_NAMES, st.tuples(st.sampled_from(_PORTS), st.sampled_from(["", "default", "None"])), max_size=5),
    st.lists(st.sampled_from(_OUTPUTS), max_size=2),
    st.data(),
)
@settings(max_examples=100)
def test_a_function_gets_what_was_given(
    drawn: dict[str, tuple[tuple[str, str, Any, Any], str]], outputs: list[str], data: st.DataObject
) -> None:
    parameters, values, expected = [f"out{number}: {text}" for number, text in enumerate(outputs)], {}, {}
    for name, ((annotation, default, value, strategy), form) in drawn.items():
        written = {"": "", "default": f" = {default}", "None": " = None"}[form]
        parameters.append(f"{name}: {annotation}{written}")
        expected[name] = value if form == "default" else None
        if not form or data.draw(st.booleans()):
            values[name] = expected[name] = None if strategy is None else data.draw(strategy)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "module.py")
        path.write_text(f"{_HEAD}def f({', '.join(['*', *parameters] if parameters else [])}):\n    pass\n")
        function = read_function(path, "f", {})
    command, args = function_command("f", function, python="python", safe_path=True)
    container = Container(image="i", command=command, args=args)
    spec = ComponentSpec(name="f", description="", interface=function.interface, implementation=container)
    document = ir_document(spec)
    component = document["components"]["comp-f"]
    groups: dict[str, dict[str, Any]] = {"parameters": {}, "artifacts": {}}
    for name, value in values.items():
        group = "artifacts" if name in component["inputDefinitions"].get("artifacts", {}) else "parameters"
        groups[group][name] = {"runtimeValue": {"constant": value}}
    call = executor_input(component, {"inputs": groups})
    words = command_line(document["deploymentSpec"]["executors"]["exec-f"]["container"], component, call)
    for name in groups["artifacts"]:
        place = local_path(call["inputs"]["artifacts"][name]["artifacts"][0]["uri"])
        expected[name] = [place] if "List" in drawn[name][0][0] else place
    assert received(words, json.loads(interface_document([("f", function)]))["components"]["f"]) == expected

"""A container component that we read has the IR that kfp compiles of it, and what kfp refuses we refuse."""

import json
from pathlib import Path
from typing import Any

import yaml

from tests.container_functions import ACCEPTED, HEAD, REFUSED, SIGNATURE
from tests.kfp_environments import run_kfp
from toolkit.forms.container_function import read_container_function
from toolkit.forms.ir import write_ir
from toolkit.forms.ir_arguments import read_ir_argument
from toolkit.spec.writer import write_component

COMPILED = """
import importlib.util, json, sys
from google.protobuf.json_format import MessageToDict
from kfp import components

def compiled(path):
    spec = importlib.util.spec_from_file_location("module", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        return MessageToDict(module.f.pipeline_spec)
    except Exception:
        return None

made = []
for path in sys.argv[1:]:
    load = components.load_component_from_file if path.endswith(".yaml") else None
    made.append(MessageToDict(load(path).pipeline_spec) if load else compiled(path))
print("RESULT", json.dumps(made))
"""


def _compiled(python: Path, *paths: Path) -> list[Any]:
    printed = run_kfp(python, COMPILED, *map(str, paths))
    line = next(line for line in printed.splitlines() if line.startswith("RESULT "))
    return list(json.loads(line.removeprefix("RESULT ")))


def _meaning(document: Any) -> Any:  # noqa: ANN401 (any JSON value)
    """Leave out who wrote it and what ours keeps beyond kfp's; read arguments, which may have more than one form."""
    if isinstance(document, dict):
        ours = {"sdkVersion", "displayName", "description"}
        return {
            key: [repr(read_ir_argument(text)) for text in value] if key in {"command", "args"} else _meaning(value)
            for key, value in document.items()
            if key not in ours
        }
    return [_meaning(item) for item in document] if isinstance(document, list) else document


def test_ir_is_what_kfp_compiles(kfp2: Path, tmp_path: Path) -> None:
    written, paths = {}, []
    for name, code in ACCEPTED.items():
        (tmp_path / f"{name}.py").write_text(HEAD + code)
        spec = read_container_function(tmp_path / f"{name}.py", "f", {})
        (tmp_path / f"{name}.yaml").write_text(write_component(spec))
        written[name] = yaml.safe_load(write_ir(spec))
        paths += [tmp_path / f"{name}.py", tmp_path / f"{name}.yaml"]
    made = _compiled(kfp2, *paths)
    for name, by_function, by_contract in zip(written, made[::2], made[1::2], strict=True):
        assert _meaning(written[name]) == _meaning(by_function), name
        # A contract has no names with capitals for kfp.
        if name != "capitals":
            assert _meaning(by_contract) == _meaning(by_function), name


def test_what_kfp_refuses_is_refused(kfp2: Path, tmp_path: Path) -> None:
    for name, (body, *_) in REFUSED.items():
        # kfp refuses the parameter itself, whatever the body is.
        signature = SIGNATURE if name == "path" else SIGNATURE.replace(", path: InputPath('CSV')", "")
        (tmp_path / f"{name}.py").write_text(HEAD + signature + body + "\n")
    found = dict(zip(REFUSED, _compiled(kfp2, *(tmp_path / f"{name}.py" for name in REFUSED)), strict=True))
    # kfp takes what it knows when it runs the code; a text as a command is a list of letters for it.
    assert {name for name, document in found.items() if document} == {"conditional", "list", "word", "if"}

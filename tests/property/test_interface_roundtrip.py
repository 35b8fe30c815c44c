"""A function with any annotations that the reader knows reads back as the interface it was made from."""

import json
import keyword
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from toolkit.interface.function import read_function
from toolkit.interface.model import Input, Kind, Output

_HEAD = "from typing import Optional\nfrom toolkit.types import Dataset, Input, Model, Output\n"
_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True).filter(lambda name: not keyword.iskeyword(name))
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_JSON = st.recursive(st.none() | st.booleans() | st.integers() | _TEXT, lambda inner: st.lists(inner, max_size=3))
_VALUES: dict[str, tuple[str, st.SearchStrategy[object]]] = {
    "str": ("String", _TEXT),
    "int": ("Integer", st.integers()),
    "float": ("Float", st.floats(allow_nan=False, allow_infinity=False)),
    "bool": ("Boolean", st.booleans()),
    "list": ("JsonArray", st.lists(_JSON, max_size=3)),
    "dict": ("JsonObject", st.dictionaries(_TEXT, _JSON, max_size=3)),
}


def _contract(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@st.composite
def _ports(draw: st.DrawFn) -> list[tuple[str, Input | Output]]:
    """Draw parameters as source with the ports that they mean."""
    ports: list[tuple[str, Input | Output]] = []
    for name in draw(st.lists(_NAMES, unique=True, max_size=5)):
        form = draw(st.sampled_from(["value", "default", "optional", "input", "output"]))
        annotation = draw(st.sampled_from(sorted(_VALUES)))
        kind, values = _VALUES[annotation]
        if form == "input":
            ports.append((f"{name}: Input[Dataset]", Input(name=name, type="Dataset", kind=Kind.ARTIFACT)))
        elif form == "output":
            ports.append((f"{name}: Output[Model]", Output(name=name, type="Model", kind=Kind.ARTIFACT)))
        elif form == "optional":
            port = Input(name=name, type=kind, kind=Kind.PARAMETER, optional=True)
            ports.append((f"{name}: Optional[{annotation}] = None", port))
        elif form == "default":
            value = draw(values)
            port = Input(name=name, type=kind, kind=Kind.PARAMETER, default=_contract(value))
            ports.append((f"{name}: {annotation} = {value!r}", port))
        else:
            ports.append((f"{name}: {annotation}", Input(name=name, type=kind, kind=Kind.PARAMETER)))
    return ports


@given(_ports())
def test_reads_back(ports: list[tuple[str, Input | Output]]) -> None:
    # Behind a star a parameter without default may follow one that has it.
    parameters = ", ".join(["*", *(text for text, _ in ports)] if ports else [])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "steps.py")
        path.write_text(f"{_HEAD}def f({parameters}): ...\n", encoding="utf-8")
        interface = read_function(path, "f", {}).interface
    assert list(interface.inputs) == [port for _, port in ports if isinstance(port, Input)]
    assert list(interface.outputs) == [port for _, port in ports if isinstance(port, Output)]

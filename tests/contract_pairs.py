"""Pairs of contracts, an old version and a new one, for tests of breaking changes."""

from typing import Any

import yaml
from hypothesis import strategies as st

from toolkit.interface.function import sanitised

PARAMETERS = {
    "String": "a",
    "Integer": "1",
    "Float": "1.5",
    "Boolean": "true",
    "JsonArray": "[1]",
    "JsonObject": '{"a": 1}',
}
TYPES = [*PARAMETERS, "Artifact", "Dataset", "Model", "CSV", "Table", "google.VertexModel", ""]
NAMES = ["a", "b", "Data set", "data_set", "rate", "learning rate"]
Port = dict[str, Any]
Ports = dict[str, list[Port]]


def _ports(drawn: list[tuple[str, str, str]]) -> list[Port]:
    """Return ports of different names."""
    ports: dict[str, Port] = {}
    for name, type_, presence in drawn:
        ports.setdefault(sanitised(name), _present({"name": name, "type": type_}, presence))
    return list(ports.values())


def _present(port: Port, presence: str) -> Port:
    """Return an input that is required, optional, or has a default of its type."""
    port = {key: port[key] for key in ("name", "type")}
    if presence == "default" and port["type"] in PARAMETERS:
        port["default"] = PARAMETERS[port["type"]]
    elif presence != "required":
        port["optional"] = True
    return port


PRESENCES = st.sampled_from(["required", "optional", "default"])


@st.composite
def contracts(draw: st.DrawFn) -> Ports:
    """Draw the ports of a contract."""
    inputs = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(TYPES), PRESENCES), max_size=3))
    outputs = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(TYPES)), max_size=2))
    return {"inputs": _ports(inputs), "outputs": _ports([(name, type_, "required") for name, type_ in outputs])}


@st.composite
def changed(draw: st.DrawFn, ports: Ports) -> Ports:
    """Draw a later version of a contract's ports: a few changes of a kind that authors make."""
    ports = {side: [dict(port) for port in listed] for side, listed in ports.items()}
    for _ in range(draw(st.integers(0, 2))):
        side = draw(st.sampled_from(["inputs", "outputs"]))
        kind = draw(st.sampled_from(["add", "order", "type", "name", "remove", "presence"]))
        if kind == "add":
            _add(draw, ports[side], may_be_absent=side == "inputs")
        elif kind == "order":
            ports[side] = draw(st.permutations(ports[side]))
        elif ports[side] and (kind != "presence" or side == "inputs"):
            _change(draw, ports[side], kind)
    return ports


def _add(draw: st.DrawFn, ports: list[Port], *, may_be_absent: bool) -> None:
    """Add a port with a name that is free."""
    name = draw(st.sampled_from(NAMES))
    if sanitised(name) not in {sanitised(port["name"]) for port in ports}:
        presence = draw(PRESENCES) if may_be_absent else "required"
        port = _present({"name": name, "type": draw(st.sampled_from(TYPES))}, presence)
        ports.insert(draw(st.integers(0, len(ports))), port)


def _change(draw: st.DrawFn, ports: list[Port], kind: str) -> None:
    """Change one port, or remove it."""
    index = draw(st.integers(0, len(ports) - 1))
    port = ports.pop(index)
    if kind == "type":
        port = _retyped(port, draw(st.sampled_from(TYPES)))
    elif kind == "presence":
        port = _present(port, draw(PRESENCES))
    elif kind == "name":
        name = draw(st.sampled_from(NAMES))
        taken = {sanitised(other["name"]) for other in ports}
        port = port if sanitised(name) in taken else {**port, "name": name}
    if kind != "remove":
        ports.insert(index, port)


def _retyped(port: Port, type_: str) -> Port:
    presence = "default" if "default" in port else "optional" if port.get("optional") else "required"
    return _present({**port, "type": type_}, presence)


@st.composite
def texts(draw: st.DrawFn, ports: Ports) -> str:
    """Draw a contract's text; now and then the command line takes an input in a way that KFP 2 refuses."""
    args: list[Any] = []
    for port in ports["inputs"]:
        kinds = ["inputValue", "inputPath"] if port["type"] in PARAMETERS else ["inputPath", "inputValue"]
        taken = {kinds[draw(st.sampled_from([0] * 15 + [1]))]: port["name"]}
        required = not port.get("optional") and "default" not in port
        args.append(taken if required else {"if": {"cond": {"isPresent": port["name"]}, "then": [taken]}})
    args += [{"outputPath": port["name"]} for port in ports["outputs"]]
    document: dict[str, Any] = {
        "name": "c",
        **{side: [_written(port) for port in listed] for side, listed in ports.items() if listed},
        "implementation": {"container": {"image": "i", "command": ["c"], "args": args}},
    }
    return str(yaml.safe_dump(document, sort_keys=False))


def _written(port: Port) -> Port:
    """Return a port without an empty type."""
    return {key: value for key, value in port.items() if value != ""}


@st.composite
def pairs(draw: st.DrawFn) -> tuple[str, str]:
    """Draw the texts of an old and a new version."""
    old = draw(contracts())
    return draw(texts(old)), draw(texts(draw(changed(old))))

"""The signature and documentation of a component that kfp loaded: what `help()`, IPython and editors show.

This module needs the standard library and kfp alone; kfp brings the reader of YAML.
"""

import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# The Python types of KFP's parameters; all others are artifacts.
_PYTHON_TYPES: dict[str, type] = {
    **dict.fromkeys(("string", "str", "text"), str),
    **dict.fromkeys(("integer", "int"), int),
    **dict.fromkeys(("float", "double"), float),
    **dict.fromkeys(("boolean", "bool"), bool),
    **dict.fromkeys(("jsonarray", "list"), list),
    **dict.fromkeys(("jsonobject", "dict"), dict),
}


def describe(component: Any, text: str, *, title: str) -> None:  # noqa: ANN401 (kfp's component)
    """Give a component of kfp the signature of its inputs, and documentation from its contract."""
    import yaml

    document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (a safe one)
    if not isinstance(document, dict):
        return
    inputs = {str(port.get("name")): port for port in _ports(document, "inputs")}
    names = keywords(component, inputs)
    component.__signature__ = inspect.Signature([_parameter(names[name], inputs[name]) for name in names])
    component.__doc__ = "\n".join(_lines(document, names, title))


def keywords(component: Any, inputs: Iterable[str]) -> dict[str, str]:  # noqa: ANN401 (kfp's component)
    """Return the keyword by which kfp takes each input, by the input's name in the contract."""
    known = component.component_spec.inputs or {}
    if isinstance(known, Mapping):
        wanted = {name: sanitised(name) for name in inputs}
        return {name: keyword for name, keyword in wanted.items() if keyword in known}
    # KFP 1.8 has them in the order of the contract, but those that may be left out are last.
    required = [port.name for port in known if port.default is None and not port.optional]
    ordered = required + [port.name for port in known if port.name not in required]
    by_name = dict(zip(ordered, inspect.signature(component).parameters, strict=True))
    return {name: by_name[name] for name in inputs if name in by_name}


def sanitised(name: str) -> str:
    """Return the name that KFP 2 has for a port: `sanitize_input_name` of kfp 2.17, `kfp/dsl/utils.py`."""
    return re.sub("[^_0-9a-z]+", "_", name.lower()).strip("_")


def _ports(document: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the inputs or outputs of a contract."""
    ports = document.get(key)
    return [port for port in ports if isinstance(port, dict)] if isinstance(ports, list) else []


def _parameter(keyword: str, port: Mapping[str, Any]) -> inspect.Parameter:
    """Return an input as a parameter of a signature."""
    type_ = _PYTHON_TYPES.get(str(port.get("type")).lower(), str(port.get("type", "Artifact")))
    default = port.get("default", None if port.get("optional") is True else inspect.Parameter.empty)
    if type_ is not str and isinstance(default, str):
        default = _value(default)
    # Only an identifier can be a parameter, and kfp takes any text.
    name = keyword if keyword.isidentifier() else f"_{keyword}"
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=type_)


def _value(text: str) -> Any:  # noqa: ANN401 (a JSON value)
    """Return the value of a default, which contracts have as a text; the text itself if it is not JSON."""
    try:
        return json.loads(text.lower() if text in {"True", "False"} else text)
    except (ValueError, RecursionError):
        return text


def _lines(document: Mapping[str, Any], names: Mapping[str, str], title: str) -> Iterator[str]:
    """Yield the documentation: title, description, inputs and outputs."""
    yield f"{_plain(document.get('name') or title)} ({title})"
    if document.get("description"):
        yield from ("", _plain(document["description"]))
    inputs = [(names.get(str(port.get("name")), ""), port) for port in _ports(document, "inputs")]
    outputs = [(sanitised(str(port.get("name"))), port) for port in _ports(document, "outputs")]
    for heading, ports in (("Inputs", inputs), ("Outputs", outputs)):
        if ports:
            yield from ("", f"{heading}:")
        for name, port in ports:
            words = f": {_plain(port['description'])}" if port.get("description") else ""
            yield f"    {name} ({_plain(port.get('type', 'any type'))}){words}".replace("\n", "\n        ")


def _plain(text: object) -> str:
    """Return a foreign text without what terminals and notebooks obey."""
    lines = str(text).splitlines()
    return "\n".join("".join(letter for letter in line if letter.isprintable()) for line in lines).strip()

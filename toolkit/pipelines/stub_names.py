"""Names in the modules of `comp stubs`: Python's, for components and their inputs and outputs."""

import keyword
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from toolkit.errors import InputError, Location
from toolkit.interface.model import Input, Output
from toolkit.pipelines.described import sanitised
from toolkit.registry.names import Name

# What the module itself says, where a function of that name would hide it.
_TAKEN = frozenset({"int", "str", "float", "bool", "list", "dict"})
# Methods of a dictionary, which outputs are.
_METHODS = frozenset(
    {"clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"}
)


def function_names(names: Iterable[Name]) -> dict[Name, str]:
    """Return the name of each component's function: without its namespace, unless two would have the same.

    Equal names give equal functions, in whatever order they come.
    """
    ordered = sorted(set(names))
    short = {name: _identifier(name.name) for name in ordered}
    counts = list(short.values())
    found: dict[Name, str] = {}
    for name in ordered:
        is_alone = counts.count(short[name]) == 1
        wanted = short[name] if is_alone else _identifier(f"{name.namespace}_{name.name}")
        found[name] = _free(wanted, found.values())
    return found


def class_names(functions: Iterable[str]) -> dict[str, str]:
    """Return the name of the class of each function's outputs."""
    found: dict[str, str] = {}
    for function in functions:
        words = "".join(word.capitalize() for word in function.split("_"))
        found[function] = _free(f"{words if words[:1].isalpha() else f'C{words}'}Outputs", found.values())
    return found


def parameter_names(ports: Iterable[Input], where: Path) -> dict[str, str]:
    """Return the parameter of each input. Raises InputError for two that KFP 2 has one name for, or one without."""
    return _port_names([port.name for port in ports], "inputs", where)


def attribute_names(ports: Iterable[Output], where: Path) -> dict[str, str]:
    """Return the attribute of each output. Raises InputError as `parameter_names` does."""
    names = _port_names([port.name for port in ports], "outputs", where)
    return {port: f"{name}_" if name in _METHODS else name for port, name in names.items()}


def renamed(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return the outputs whose attribute is not the name that KFP has, by the attributes."""
    return {name: port for port, name in attributes.items() if name != sanitised(port)}


def _port_names(ports: list[str], what: str, where: Path) -> dict[str, str]:
    """Return the Python name of each port."""
    names: dict[str, str] = {}
    for port in ports:
        known = sanitised(port)
        if not known:
            raise InputError(
                f"{what} has {port[:80]!r}, which KFP 2 has no name for",
                where=Location(path=where),
                hint="a name needs a letter or digit of ASCII",
            )
        twin = next((other for other in names if sanitised(other) == known), None)
        if twin is not None:
            raise InputError(
                f"{what} has {twin[:80]!r} and {port[:80]!r}, which KFP 2 both calls {known!r}",
                where=Location(path=where),
                hint="`comp explain C014` says how names have to differ",
            )
        names[port] = _identifier(known)
    return names


def _identifier(text: str) -> str:
    """Return a text of letters, digits and other characters as a Python name in lower case."""
    name = re.sub(r"[^a-z0-9_]+", "_", text.lower())
    name = f"_{name}" if name[:1].isdigit() else name
    return f"{name}_" if keyword.iskeyword(name) or name in _TAKEN else name


def _free(name: str, taken: Iterable[str]) -> str:
    """Return a name, with a number if it is taken."""
    used = set(taken)
    number, free = 2, name
    while free in used:
        free, number = f"{name}_{number}", number + 1
    return free

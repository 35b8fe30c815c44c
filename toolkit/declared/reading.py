"""Read declarations from plain data: tables of TOML, or the JSON of a contract's annotation.

All problems are collected with the keys that lead to them; the caller knows their places in a file.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from toolkit.declared.model import Accelerator, Amounts, KeyOf, Resources
from toolkit.declared.quantity import Quantity, parse_quantity
from toolkit.redaction import looks_secret
from toolkit.words import did_you_mean, shortened

AMOUNTS = ("cpu", "memory", "ephemeral-storage")
RESOURCES = (*AMOUNTS, "requests", "accelerator")
_ACCELERATOR = ("type", "count")
_MOST_ACCELERATORS = 1024
_SHOWN = 60
# No machine has more, and a quantity of bytes is always more.
_MOST_CORES = 10_000
_LEAST_BYTES = 1 << 20
# The names of variables that Kubernetes takes (apimachinery, IsEnvVarName).
_VARIABLE = re.compile(r"(?!\.\Z|\.\.)[-._a-zA-Z][-._a-zA-Z0-9]*", re.ASCII)
_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
# DNS-1123 subdomains: the names of secrets and config maps.
_OBJECT = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*", re.ASCII)
_KEY = re.compile(r"(?!\.\.?\Z)[-._a-zA-Z0-9]{1,253}", re.ASCII)
# Extended resources are qualified: Kubernetes keeps names without a slash for itself.
_EXTENDED = re.compile(rf"{_LABEL}(?:\.{_LABEL})+/[A-Za-z0-9](?:[-_.A-Za-z0-9]{{0,61}}[A-Za-z0-9])?", re.ASCII)


class Problem(Struct, frozen=True, kw_only=True):
    """One problem, and the keys that lead to it from the top of the data that was read.

    `secret` marks a value that looks like a secret; no message repeats such a value.
    """

    keys: tuple[str, ...]
    message: str
    hint: str
    secret: bool = False


class Problems(Struct, frozen=True):
    """The problems that readers have found so far."""

    found: list[Problem] = field(default_factory=list)

    def add(self, keys: tuple[str, ...], message: str, hint: str, *, secret: bool = False) -> None:
        """Report a problem."""
        self.found.append(Problem(keys=keys, message=message, hint=hint, secret=secret))

    def table(self, data: object, known: Iterable[str] | None, *keys: str) -> Mapping[str, Any]:
        """Return a table without the keys that are not `known`, which are problems; empty for other data."""
        named = ".".join(keys)
        if not isinstance(data, Mapping):
            self.add(keys, f"{named} is not a table", f"write [tool.comp.{named}]")
            return {}
        if known is None:
            return data
        for key in data:
            if key not in known:
                advice = did_you_mean(str(key), known, otherwise=f"known: {', '.join(known)}")
                self.add((*keys, str(key)), f"unknown key {_short(key)} in {named}", advice)
        return {key: value for key, value in data.items() if key in known}


def read_resources(data: object, problems: Problems) -> Resources:
    """Return the resources of a table `resources`."""
    table = problems.table(data, RESOURCES, "resources")
    limits = _amounts(table, problems, "resources")
    requests = _amounts(
        problems.table(table.get("requests", {}), AMOUNTS, "resources", "requests"), problems, "resources", "requests"
    )
    known = dict(limits.items())
    for name, amount in requests.items():
        if name in known and amount.value > known[name].value:
            message = f"the request of {name} is {amount}, more than its limit of {known[name]}"
            problems.add(("resources", "requests", name), message, "request at most the limit")
    accelerator = _accelerator(table["accelerator"], problems) if "accelerator" in table else None
    return Resources(limits=limits, requests=requests, accelerator=accelerator)


def _amounts(table: Mapping[str, Any], problems: Problems, *keys: str) -> Amounts:
    """Return the valid amounts of a table."""
    read = {name: _amount(name, table[name], problems, *keys) for name in AMOUNTS if name in table}
    return Amounts(cpu=read.get("cpu"), memory=read.get("memory"), ephemeral_storage=read.get("ephemeral-storage"))


def _amount(name: str, value: object, problems: Problems, *keys: str) -> Quantity | None:
    """Return one amount; None for an invalid one."""
    example = "500m, or 2" if name == "cpu" else "512Mi, or 4Gi"
    # TOML has numbers, and `cpu = 2` means what it looks like.
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    quantity = parse_quantity(text) if isinstance(text, str) else None
    if quantity is None:
        problems.add((*keys, name), f"{name} is {_short(value)}, not a Kubernetes quantity", f"write it as {example}")
        return None
    problem = _misfit_cpu(quantity) if name == "cpu" else _misfit_bytes(quantity)
    if problem:
        problems.add((*keys, name), f"{name} is {_short(value)}, {problem}", f"write it as {example}")
        return None
    return quantity


def _misfit_cpu(quantity: Quantity) -> str | None:
    """Return why a quantity is not one of processors; None if it is."""
    if quantity.value <= 0:
        return "expected more than 0"
    if quantity.value * 1000 % 1:
        return "and Kubernetes divides a processor into thousandths"
    if quantity.value > _MOST_CORES:
        return f"which is {int(quantity.value):,} processors"
    return None


def _misfit_bytes(quantity: Quantity) -> str | None:
    """Return why a quantity is not one of memory or storage; None if it is."""
    if quantity.value <= 0:
        return "expected more than 0"
    if quantity.value < _LEAST_BYTES:
        return f"which is {float(quantity.value):g} bytes, less than any program needs"
    return "which is not a whole number of bytes" if quantity.value % 1 else None


def _accelerator(data: object, problems: Problems) -> Accelerator | None:
    """Return the accelerators; None for invalid ones."""
    keys = ("resources", "accelerator")
    before = len(problems.found)
    table = problems.table(data, _ACCELERATOR, *keys)
    type_, count = table.get("type"), table.get("count", 1)
    example = 'write accelerator = { type = "nvidia.com/gpu", count = 1 }'
    if len(problems.found) == before and (not isinstance(type_, str) or not _EXTENDED.fullmatch(type_)):
        has = "has no type" if type_ is None else f"is of the type {_short(type_)}, not the name of a resource"
        problems.add((*keys, "type"), f"the accelerator {has}", example)
    if isinstance(count, bool) or not isinstance(count, int) or not 0 < count <= _MOST_ACCELERATORS:
        message = (
            f"the count of accelerators is {_short(count)}, expected a whole number from 1 to {_MOST_ACCELERATORS}"
        )
        problems.add((*keys, "count"), message, example)
    if len(problems.found) > before or not isinstance(type_, str):
        return None
    return Accelerator(type=type_, count=count)


def read_env(data: object, problems: Problems) -> tuple[Mapping[str, str], Mapping[str, KeyOf]]:
    """Return the constants of a table `env`, and the variables that it takes from config maps."""
    constants: dict[str, str] = {}
    references: dict[str, KeyOf] = {}
    for name, value in problems.table(data, None, "env").items():
        keys = ("env", name)
        _check_variable(name, problems, keys)
        if isinstance(value, Mapping):
            if reference := _key_of(value, ("config-map",), problems, keys):
                references[name] = reference
        elif isinstance(value, bool) or not isinstance(value, str | int):
            problems.add(keys, f"the variable {name} is {_short(value)}, expected a text", f'write {name} = "…"')
        elif "\0" in str(value):
            problems.add(keys, f"the variable {name} has a zero byte", "no environment can hold it")
        elif looks_secret(str(value)):
            problems.add(
                keys, f"the variable {name} has a value that looks like a secret", secret_hint(name), secret=True
            )
        else:
            constants[name] = str(value)
    return MappingProxyType(constants), MappingProxyType(references)


def secret_hint(name: str) -> str:
    """Return what to do with a variable whose value is secret."""
    return f'name a Kubernetes secret: {name} = {{ secret = "name", key = "key" }} in [tool.comp.secrets]'


def read_secrets(data: object, problems: Problems) -> Mapping[str, KeyOf]:
    """Return the variables of a table `secrets`."""
    references: dict[str, KeyOf] = {}
    for name, value in problems.table(data, None, "secrets").items():
        keys = ("secrets", name)
        _check_variable(name, problems, keys)
        if not isinstance(value, Mapping):
            # The value is not repeated: it may be the secret itself.
            message = f"the secret of {name} is not a table: only the name of a Kubernetes secret belongs here"
            problems.add(keys, message, f'write {name} = {{ secret = "name", key = "key" }}')
        elif reference := _key_of(value, ("secret",), problems, keys):
            references[name] = reference
    return MappingProxyType(references)


def read_references(data: object, problems: Problems) -> Mapping[str, KeyOf]:
    """Return the variables of an annotation, which has those of secrets and of config maps together."""
    references: dict[str, KeyOf] = {}
    for name, value in problems.table(data, None, "env").items():
        _check_variable(name, problems, ("env", name))
        if reference := _key_of(value, ("secret", "config-map"), problems, ("env", name)):
            references[name] = reference
    return MappingProxyType(references)


def is_variable_name(name: str) -> bool:
    """Return whether Kubernetes takes a name of a variable."""
    return bool(_VARIABLE.fullmatch(name))


def _check_variable(name: str, problems: Problems, keys: tuple[str, ...]) -> None:
    """Report a name that no variable can have."""
    if not is_variable_name(name):
        problems.add(keys, f"{_short(name)} is not the name of a variable", "use letters, digits and _")


def _key_of(data: object, kinds: tuple[str, ...], problems: Problems, keys: tuple[str, ...]) -> KeyOf | None:
    """Return the key of a secret or config map; None for an invalid one."""
    before = len(problems.found)
    table = problems.table(data, (*kinds, "key", "optional"), *keys)
    named = [kind for kind in kinds if kind in table]
    example = f'write {keys[-1]} = {{ {kinds[0]} = "name", key = "key" }}'
    if len(problems.found) > before:
        return None
    if len(named) != 1:
        problems.add(keys, f"{'.'.join(keys)} names no {' or '.join(kinds)}", example)
        return None
    name, key, optional = table[named[0]], table.get("key"), table.get("optional", False)
    if not isinstance(name, str) or not _OBJECT.fullmatch(name):
        problems.add((*keys, named[0]), f"{_short(name)} is not the name of a Kubernetes {named[0]}", example)
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        problem = "names no key" if key is None else f"names the key {_short(key)}, expected letters, digits, - _ ."
        problems.add((*keys, "key"), f"{'.'.join(keys)} {problem}", example)
    if not isinstance(optional, bool):
        problems.add(
            (*keys, "optional"), f"optional of {keys[-1]} is {_short(optional)}, expected true or false", example
        )
    if len(problems.found) > before or not isinstance(name, str) or not isinstance(key, str):
        return None
    return KeyOf(kind="secret" if named[0] == "secret" else "config-map", name=name, key=key, optional=bool(optional))


def _short(value: object) -> str:
    """Return a value as a message shows it."""
    return shortened(repr(value), _SHOWN)


def data_of_resources(resources: Resources) -> dict[str, Any]:
    """Return the data that `read_resources` reads."""
    data: dict[str, Any] = {name: amount.text for name, amount in resources.limits.items()}
    if requests := {name: amount.text for name, amount in resources.requests.items()}:
        data["requests"] = requests
    if resources.accelerator:
        data["accelerator"] = {"type": resources.accelerator.type, "count": resources.accelerator.count}
    return data


def data_of_references(references: Mapping[str, KeyOf]) -> dict[str, Any]:
    """Return the data that `read_references` reads."""
    return {
        name: {reference.kind: reference.name, "key": reference.key}
        | ({"optional": True} if reference.optional else {})
        for name, reference in references.items()
    }

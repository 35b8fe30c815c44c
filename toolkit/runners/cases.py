"""The cases of `comp test`: inputs, and checks of outputs, in `tests/cases/<case>/case.yaml`.

description: A short text.
component: count-words            # only if an image has several
inputs:
  text: {path: text.txt}          # an artifact: a file or folder beside the case
  most: 3                         # a parameter
env: {TOKEN: not-a-real-one}      # values for this case, such as those of secrets
outputs:                          # see `toolkit.runners.expectations`
  Output: {equals: 9}
fails: {exit: 1, message: "no words"}   # or true: any failure
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from msgspec import Struct, field

from toolkit.errors import InputError, Location
from toolkit.interface.model import Kind
from toolkit.redaction import looks_secret
from toolkit.runners.expectations import Expectation, check_inside_repository, pattern_problem, read_expectations
from toolkit.spec.mapping_file import read_mapping
from toolkit.spec.model import ComponentSpec
from toolkit.words import did_you_mean

_KEYS = ("description", "component", "inputs", "env", "outputs", "fails")
_FAILURE = ("exit", "message")
_LARGEST_CODE = 255
# Values of parameters in a case that is only an example.
_EXAMPLES: Mapping[str, Any] = MappingProxyType(
    {"Integer": 1, "Float": 0.5, "Boolean": True, "JsonArray": [1, 2], "JsonObject": {"a": 1}}
)


class Failure(Struct, frozen=True, kw_only=True):
    """How a component has to fail: with any exit code if it is None, and any message."""

    exit_code: int | None = None
    message: str | None = None


def _empty() -> Mapping[str, str]:
    """Return the default of `env`; before Python 3.12 a mapping proxy has no hash, so a field cannot hold one."""
    return MappingProxyType({})


class Case(Struct, frozen=True, kw_only=True):
    """One case: parameters and artifacts by the name of the input, and what is expected of each output.

    `failure` is None if the component has to succeed. `env` has variables of this case alone.
    """

    name: str
    path: Path
    component: str | None = None
    values: Mapping[str, Any]
    artifacts: Mapping[str, Path]
    expectations: Mapping[str, Expectation]
    failure: Failure | None = None
    env: Mapping[str, str] = field(default_factory=_empty)
    description: str = ""


def find_cases(folder: Path) -> tuple[Case, ...]:
    """Read every case of a component folder, in order of name. Raises as `read_case` does."""
    return tuple(read_case(path) for path in sorted((folder / "tests" / "cases").glob("*/case.yaml")))


def read_case(path: Path) -> Case:
    """Read one case. Raises InputError, with the file, for an invalid one."""
    data = read_mapping(path, hint=f"a case has {', '.join(_KEYS)}")
    where = Location(path=path)
    # A misspelt key would leave a check out without a word.
    for key in data:
        if key not in _KEYS:
            advice = did_you_mean(str(key), _KEYS, otherwise=f"known: {', '.join(_KEYS)}")
            raise InputError(f"unknown key {key!r}", where=where, hint=advice)
    if not isinstance(data.get("component"), str | None):
        raise InputError(f"component is {data['component']!r}, not a name", where=where, hint="put it in quotes")
    inputs, outputs = data.get("inputs") or {}, data.get("outputs") or {}
    if not isinstance(inputs, dict) or not isinstance(outputs, dict):
        raise InputError("inputs and outputs are mappings by name", where=where)
    failure = _failure(data.get("fails", False), where)
    if failure and outputs:
        raise InputError(
            "outputs of a component that has to fail are not compared", where=where, hint="write outputs or fails"
        )
    artifacts = _artifacts(inputs, path)
    return Case(
        name=path.parent.name,
        path=path,
        component=data.get("component"),
        values={name: value for name, value in inputs.items() if name not in artifacts},
        artifacts=artifacts,
        expectations=read_expectations(outputs, path),
        failure=failure,
        env=_env(data.get("env") or {}, where),
        description=str(data.get("description", "")),
    )


def _artifacts(inputs: Mapping[Any, Any], case: Path) -> dict[str, Path]:
    """Return the paths of the inputs that a case gives as files. Raises InputError for one that does not exist."""
    artifacts = {}
    for name, value in inputs.items():
        if not isinstance(name, str):
            raise InputError(f"the input's name {name!r} is not a text", where=Location(path=case), hint="quote it")
        # Other mappings are values of JSON parameters.
        if isinstance(value, dict) and value.keys() == {"path"}:
            artifacts[name] = check_inside_repository(case, str(value["path"]), f"the input {name!r}")
            if not artifacts[name].exists():
                message = f"the input {name!r} is {value['path']}, which does not exist"
                raise InputError(message, where=Location(path=case))
    return artifacts


def _failure(data: object, where: Location) -> Failure | None:
    """Return how the component has to fail; None if it has to succeed."""
    if data is None or isinstance(data, bool):
        return Failure() if data else None
    example = "write fails: true, or fails: {exit: 1, message: a regular expression}"
    if not isinstance(data, dict) or not data or data.keys() - set(_FAILURE):
        raise InputError(f"fails is {data!r}", where=where, hint=example)
    code, message = data.get("exit"), data.get("message")
    if code is not None and (isinstance(code, bool) or not isinstance(code, int) or not 0 < code <= _LARGEST_CODE):
        raise InputError(f"fails.exit is {code!r}, expected 1 to {_LARGEST_CODE}", where=where, hint=example)
    if message is not None:
        problem = pattern_problem(message) if isinstance(message, str) else "expected a text"
        if problem:
            raise InputError(f"fails.message is {message!r}, {problem}", where=where, hint=example)
    return Failure(exit_code=code, message=message)


def _env(data: object, where: Location) -> Mapping[str, str]:
    """Return the variables of a case. Raises InputError for values that are not texts, and for secrets."""
    if not isinstance(data, dict):
        raise InputError("env is a mapping by name", where=where, hint="write env: {NAME: text}")
    for name, value in data.items():
        if not isinstance(name, str) or isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InputError(f"the variable {name!r} of env is not a text", where=where, hint="put it in quotes")
        if not name or "=" in name or "\0" in f"{name}{value}":
            raise InputError(f"env has {name!r}, and no environment can hold it", where=where, hint="write NAME: text")
        if looks_secret(str(value)):
            hint = "a case is kept in the repository: write a value that only looks like one, or use --secret"
            raise InputError(f"the variable {name!r} of env looks like a secret", where=where, hint=hint)
    return MappingProxyType({name: str(value) for name, value in data.items()})


def parameter_text(value: object) -> str:
    """Write a value of a case as engines pass it."""
    # YAML reads dates by itself, and JSON has none.
    return json.dumps(value, default=str) if isinstance(value, bool | int | float | list | dict) else str(value)


def first_case(spec: ComponentSpec) -> str:
    """Return the text of a case for a component that has none, with values to replace."""
    needed = [port for port in spec.interface.inputs if port.default is None and not port.optional]
    inputs = {
        port.name: _EXAMPLES.get(port.type, "a text") if port.kind is Kind.PARAMETER else {"path": "a file"}
        for port in needed
    }
    outputs = {port.name: {"exists": True} for port in spec.interface.outputs}
    parts = {key: value for key, value in (("inputs", inputs), ("outputs", outputs)) if value}
    text: str = yaml.safe_dump(parts, sort_keys=False, allow_unicode=True)
    return text

"""The cases of `comp test`: inputs and what the outputs must be, in `tests/cases/<case>/case.yaml`.

    description: A short text.
    component: count-words            # only where an image has several
    inputs:
      text: {path: text.txt}          # an artifact: a file or folder beside the case
      most: 3                         # a parameter
    outputs:
      Output: {equals: 9}
      accuracy: {min: 0.9, max: 1}
      counts: {json: {the: 2}}
      report: {contains: "<svg"}
      model: {exists: true}
    fails: false

An output may have several checks. `equals` and `approx` compare values by the output's type, `file` compares
with a file beside the case, `json` says what a JSON object must contain, `matches` is a regular expression.
"""

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from toolkit.errors import InputError, Location
from toolkit.spec.document import compose, read_text

CHECKS = ("equals", "approx", "min", "max", "matches", "contains", "json", "file", "exists")
_KEYS = ("description", "component", "inputs", "outputs", "fails")
_RELATIVE = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One case. `inputs` are parameter values or paths, `outputs` the checks of each output."""

    name: str
    path: Path
    component: str | None
    values: Mapping[str, Any]
    artifacts: Mapping[str, Path]
    outputs: Mapping[str, Mapping[str, Any]]
    fails: bool
    description: str = field(default="")


def find_cases(folder: Path) -> tuple[Case, ...]:
    """Read every case of a component folder, in order of name. Raises InputError for one that cannot be read."""
    return tuple(read_case(path) for path in sorted((folder / "tests" / "cases").glob("*/case.yaml")))


def read_case(path: Path) -> Case:
    """Read one case. Raises InputError with the file when it is not one."""
    text = read_text(path)
    compose(text, path)
    data = yaml.safe_load(text)
    where = Location(path=path)
    if not isinstance(data, dict):
        raise InputError("a case is a mapping", where=where, hint=f"with {', '.join(_KEYS)}")
    unknown = data.keys() - set(_KEYS)
    if unknown:
        raise InputError(f"unknown key {min(unknown)!r}", where=where, hint=f"known: {', '.join(_KEYS)}")
    inputs, outputs = data.get("inputs") or {}, data.get("outputs") or {}
    if not isinstance(inputs, dict) or not isinstance(outputs, dict):
        raise InputError("inputs and outputs are mappings by name", where=where)
    artifacts = _artifacts(inputs, where)
    _check_checks(outputs, where)
    return Case(
        name=path.parent.name,
        path=path,
        component=data.get("component"),
        values={name: value for name, value in inputs.items() if name not in artifacts},
        artifacts=artifacts,
        outputs=outputs,
        fails=bool(data.get("fails", False)),
        description=str(data.get("description", "")),
    )


def _artifacts(inputs: Mapping[Any, Any], where: Location) -> dict[str, Path]:
    artifacts = {}
    for name, value in inputs.items():
        if not isinstance(name, str):
            raise InputError(f"the input's name {name!r} is no text", where=where, hint="quote it")
        if isinstance(value, dict) and value.keys() == {"path"}:
            artifacts[name] = _below(where.path, str(value["path"]), f"the input {name!r}")
            if not artifacts[name].exists():
                raise InputError(f"the input {name!r} is {value['path']}, which is not there", where=where)
    return artifacts


def _below(case: Path, named: str, what: str) -> Path:
    """Find a file that a case names. Raises InputError for one outside of the repository, or else the component.

    A case that others wrote would hand a program, or show, any file of this machine.
    """
    component = case.absolute().parents[3]
    root = next((place for place in (component, *component.parents) if (place / ".git").exists()), component)
    path = case.parent / named
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        raise InputError(
            f"{what} is {named}, which leads out of {root}", where=Location(path=case), hint="put it beside the case"
        )
    return path


def _check_checks(outputs: Mapping[Any, Any], where: Location) -> None:
    for name, checks in outputs.items():
        if not isinstance(checks, dict) or not checks or checks.keys() - set(CHECKS):
            raise InputError(f"the output {name!r} has no known check", where=where, hint=f"known: {', '.join(CHECKS)}")
        for check, expected in checks.items():
            if check == "file" and isinstance(expected, str):
                _below(where.path, expected, f"the output {name!r}: file")
            problem = _unusable(check, expected, where.path.parent)
            if problem:
                raise InputError(f"the output {name!r}: {check} is {expected!r}, {problem}", where=where)


def parameter_text(value: object) -> str:
    """Write a value of a case as engines pass it."""
    return json.dumps(value, default=str) if isinstance(value, bool | int | float | list | dict) else str(value)


def _unusable(check: str, expected: object, folder: Path) -> str | None:
    """Say why a check cannot be made."""
    if check in {"approx", "min", "max"} and (isinstance(expected, bool) or not isinstance(expected, int | float)):
        return "expected a number"
    if check == "exists" and not isinstance(expected, bool):
        return "expected true or false"
    if check in {"matches", "contains", "file"} and not isinstance(expected, str):
        return "expected a text"
    if check == "file" and not (folder / str(expected)).is_file():
        return "and there is no such file"
    if check == "matches":
        try:
            re.compile(str(expected))
        except re.error as error:
            return f"no regular expression: {error}"
    return None


def check_output(case: Case, name: str, path: Path | None) -> list[str]:
    """Compare one output with its checks, and say what differs; an output that is not there fails all but one."""
    checks = case.outputs[name]
    if path is None:
        return [] if checks.get("exists") is False else [f"{name}: was not written"]
    problems = []
    for check, expected in checks.items():
        problem = _compare(case, check, expected, path)
        if problem:
            problems.append(f"{name}: {problem}")
    return problems


def _compare(case: Case, check: str, expected: Any, path: Path) -> str | None:  # noqa: ANN401 (a YAML value; one way out a check)
    if check == "exists":
        return None if expected else "was written"
    if path.is_dir():
        return "is a folder, and only a file has content to compare"
    if check == "file":
        same = (case.path.parent / str(expected)).read_bytes() == path.read_bytes()
        return None if same else f"differs from {expected}"
    return _compare_text(check, expected, path.read_text("utf-8", "replace"))


def _compare_text(check: str, expected: Any, text: str) -> str | None:  # noqa: ANN401, PLR0911 (as above)
    if check == "contains":
        return None if str(expected) in text else f"does not contain {expected!r}"
    if check == "matches":
        return None if re.search(str(expected), text) else f"{text[:80]!r} does not match {expected!r}"
    if check == "json":
        return _differs(expected, _parsed(text))
    actual = text if isinstance(expected, str) else _parsed(text)
    if check == "equals":
        same = actual == expected and isinstance(actual, bool) == isinstance(expected, bool)
        return None if same else f"is {actual!r}, expected {expected!r}"
    if not isinstance(actual, int | float) or isinstance(actual, bool):
        return f"is {text[:80]!r}, expected a number"
    if check == "approx":
        return (
            None if math.isclose(actual, expected, rel_tol=_RELATIVE) else f"is {actual!r}, expected about {expected!r}"
        )
    if check == "min":
        return None if actual >= expected else f"is {actual!r}, expected at least {expected!r}"
    return None if actual <= expected else f"is {actual!r}, expected at most {expected!r}"


def _differs(expected: Any, actual: Any) -> str | None:  # noqa: ANN401 (JSON values)
    """Say where `actual` lacks what is expected; members that are not expected do not matter."""
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            return f"is {actual!r}, expected an object"
        for key, value in expected.items():
            if key not in actual:
                return f"has no {key!r}"
            problem = _differs(value, actual[key])
            if problem:
                return f"{key}: {problem}"
        return None
    return None if actual == expected else f"is {actual!r}, expected {expected!r}"


def _parsed(text: str) -> Any:  # noqa: ANN401 (a JSON value)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text

"""The declarations of a contract: constants in the container's `env`, everything else as JSON in two annotations.

KFP's component form has no field for resources or secrets: see docs/decisions/0024.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from toolkit.declared.model import Declared, Resources
from toolkit.declared.reading import (
    Problem,
    Problems,
    data_of_references,
    data_of_resources,
    read_references,
    read_resources,
)
from toolkit.errors import InputError
from toolkit.spec.model import ComponentSpec, Container

RESOURCES_ANNOTATION, ENV_ANNOTATION = "comp.resources", "comp.env"
ANNOTATIONS = (RESOURCES_ANNOTATION, ENV_ANNOTATION)
_LONGEST = 100_000


def declared_of(spec: ComponentSpec) -> Declared:
    """Return what a contract declares. Raises InputError for an invalid annotation."""
    declared, problems = read_declarations(spec)
    if problems:
        annotation, problem = problems[0]
        raise InputError(f"the annotation {annotation}: {problem.message}", hint=problem.hint)
    return declared


def read_declarations(spec: ComponentSpec) -> tuple[Declared, list[tuple[str, Problem]]]:
    """Return what a contract declares, and every problem with the annotation that has it."""
    resources, references = Problems(), Problems()
    declared = Declared(
        resources=read_resources(_data(spec, RESOURCES_ANNOTATION, resources), resources),
        constants=spec.implementation.env if isinstance(spec.implementation, Container) else MappingProxyType({}),
        references=read_references(_data(spec, ENV_ANNOTATION, references), references),
    )
    for name in declared.references.keys() & declared.constants.keys():
        references.add(("env", name), f"the variable {name} is also a constant in the container's env", "remove one")
    return declared, [
        *((RESOURCES_ANNOTATION, problem) for problem in resources.found),
        *((ENV_ANNOTATION, problem) for problem in references.found),
    ]


def with_declared(spec: ComponentSpec, declared: Declared) -> ComponentSpec:
    """Return the contract with these declarations instead of its own; its container's env becomes the constants."""
    return replace(
        spec,
        implementation=replace(spec.container, env=declared.constants),
        annotations=MappingProxyType(
            {key: value for key, value in spec.annotations.items() if key not in ANNOTATIONS}
            | declared_annotations(declared)
        ),
    )


def declared_annotations(declared: Declared) -> dict[str, str]:
    """Return the annotations of declarations; none for those that declare nothing."""
    written = {}
    if declared.resources != Resources():
        written[RESOURCES_ANNOTATION] = json.dumps(data_of_resources(declared.resources))
    if declared.references:
        written[ENV_ANNOTATION] = json.dumps(data_of_references(declared.references))
    return written


def _data(spec: ComponentSpec, annotation: str, problems: Problems) -> Mapping[str, Any]:
    """Return the data of an annotation; an empty table if it is missing or not JSON."""
    text = spec.annotations.get(annotation, "{}")
    try:
        data = json.loads(text) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict):
        return data
    problems.add((), "it is not a JSON object", "`comp generate` writes it from pyproject.toml")
    return {}

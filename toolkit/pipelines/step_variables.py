"""The variables of steps that come from secrets and config maps of a cluster, in a run on this machine."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal

from toolkit.declared.model import Declared, KeyOf
from toolkit.errors import UsageError
from toolkit.pipelines.graph import Component, Pipeline, walk
from toolkit.pipelines.workers import Worker
from toolkit.runners.variables import check_given, variables_of
from toolkit.spec.declared import with_declared
from toolkit.spec.model import ComponentSpec

# The names that kfp-kubernetes writes (2.17): the list, the object's name, and the key in it.
_KINDS: tuple[tuple[Literal["secret", "config-map"], str, str, str], ...] = (
    ("secret", "secretAsEnv", "secretName", "secretKey"),
    ("config-map", "configMapAsEnv", "configMapName", "configMapKey"),
)


def step_variables(
    pipeline: Pipeline, workers: Mapping[str, Worker], given: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, Mapping[str, str]]:
    """Return the variables of each component, by its key in the document.

    `given` are the values of `--secret`. Code of this machine may also take them from `environ`; an image may not, for
    it could ask for any variable of the caller's. Raises UsageError for a missing value, and for one that is not asked
    for.
    """
    works = {step.component: step.work for _, step in walk(pipeline.root) if isinstance(step.work, Component)}
    specs = {key: _declaring(work) for key, work in works.items()}
    try:
        check_given(given, [*specs.values()])
    except UsageError as error:
        raise UsageError(error.message.replace("the component", "the pipeline"), hint=error.hint) from None
    variables: dict[str, Mapping[str, str]] = {}
    for key, spec in specs.items():
        try:
            variables[key] = variables_of(spec, environ if workers[key].own else None, given)
        except UsageError as error:
            name = key.removeprefix("comp-")
            raise UsageError(error.message.replace("the component", f"the component {name}"), hint=error.hint) from None
    return variables


def _declaring(work: Component) -> ComponentSpec:
    """Return a component that declares what the settings of its executor name."""
    declared = Declared(constants=work.spec.container.env, references=references_of(work.settings))
    return with_declared(work.spec, declared)


def references_of(settings: Mapping[str, Any]) -> Mapping[str, KeyOf]:
    """Return the keys that the settings of an executor name for variables; what has another form is left out."""
    return MappingProxyType(dict(_references(settings)))


def _references(settings: Mapping[str, Any]) -> Iterator[tuple[str, KeyOf]]:
    """Yield each variable with its key."""
    for kind, group, named, key_of in _KINDS:
        for entry in _mappings(settings.get(group)):
            name = entry.get(named, "")
            for pair in _mappings(entry.get("keyToEnv")):
                variable, key = pair.get("envVar"), pair.get(key_of, "")
                if isinstance(variable, str) and isinstance(key, str) and isinstance(name, str):
                    optional = entry.get("optional") is True
                    yield variable, KeyOf(kind=kind, name=name, key=key, optional=optional)


def _mappings(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the mappings in a list; nothing of another value."""
    yield from (each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()

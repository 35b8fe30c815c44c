"""Declarations of components in a compiled pipeline: resources of its steps, and their variables from secrets.

kfp keeps neither when it loads a contract, so they are written into what it has compiled. A step whose pipeline sets
cpu, memory, accelerators or a variable itself keeps that setting.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from toolkit.declared.model import Declared, KeyOf, Resources
from toolkit.declared.reading import Problems, read_resources
from toolkit.errors import InputError
from toolkit.forms.ir_reader import is_ir, parse_ir
from toolkit.forms.kfp_settings import ir_resources, kubernetes_config, platform_document
from toolkit.pipelines.graph import Resources as StepResources
from toolkit.spec.declared import declared_of, with_declared
from toolkit.spec.model import ComponentSpec
from toolkit.spec.reader import parse_component

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_GROUPS = ("cpu", "memory", "accelerator")


def declared_by(text: str, path: Path) -> Declared:
    """Return what a contract that kfp has loaded declares; nothing for one that comp cannot read.

    Raises InputError for invalid declarations.
    """
    try:
        spec = parse_ir(text, path) if is_ir(text) else parse_component(text, path)
    except InputError:
        # kfp loads contracts with faults that the linter is there for.
        return Declared()
    return declared_of(spec)


def with_declarations(text: str, declared: Mapping[str, Declared]) -> str:
    """Return a compiled pipeline, or its manifest, with the declarations of its executors.

    `text` is as kfp has written it, and stays as it is unless an executor declares something.
    """
    if not any(each.references or each.resources != Resources() for each in declared.values()):
        return text
    documents = list(yaml.load_all(text, Loader=_Loader))
    for holder, platform in _pipelines(documents):
        executors = holder.get("deploymentSpec", {}).get("executors", {})
        for label, each in declared.items():
            if container := executors.get(label, {}).get("container"):
                _declare(container, platform.setdefault(label, {}), each)
        _drop_empty(platform)
    _drop_unused(documents)
    comments = [line for line in text.split("\n") if line.startswith("#")]
    # As kfp dumps them.
    return "".join(f"{line}\n" for line in comments) + "---\n".join(map(_dumped, documents))


def with_limits(spec: ComponentSpec, asked: StepResources) -> ComponentSpec:
    """Return the contract of a step, declaring what its pipeline asks for; texts that are no amounts are left out.

    So a runner of this machine keeps the limits that KFP's cluster would, and Argo gets what KFP gets.
    """
    data: dict[str, Any] = _amounts(cpu=asked.cpu_limit, memory=asked.memory_limit)
    if requests := _amounts(cpu=asked.cpu_request, memory=asked.memory_request):
        data["requests"] = requests
    if asked.accelerator and asked.accelerator_count.isdigit():
        data["accelerator"] = {"type": asked.accelerator, "count": int(asked.accelerator_count[:9])}
    resources = read_resources(data, Problems())
    return with_declared(spec, Declared(constants=spec.container.env, resources=resources))


def _amounts(**texts: str) -> dict[str, str]:
    """Return the amounts that are given, as Kubernetes writes them: kfp's `K` is its `k`."""
    return {name: re.sub("K$", "k", text) for name, text in texts.items() if text}


def _pipelines(documents: list[Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each pipeline with the settings of its executors on Kubernetes, which are made if they are missing."""
    manifests = [document["spec"] for document in documents if "pipelineSpec" in document.get("spec", {})]
    for manifest in manifests:
        settings = manifest.setdefault("platformSpec", platform_document({}))
        yield manifest["pipelineSpec"], _executors_of(settings)
    if not manifests:
        if len(documents) == 1:
            documents.append(platform_document({}))
        yield documents[0], _executors_of(documents[1])


def _executors_of(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of executors in a platform's document."""
    kubernetes = settings.setdefault("platforms", {}).setdefault("kubernetes", {})
    executors: dict[str, Any] = kubernetes.setdefault("deploymentSpec", {}).setdefault("executors", {})
    return executors


def _declare(container: dict[str, Any], config: dict[str, Any], declared: Declared) -> None:
    """Add declarations to the container and the settings of an executor."""
    resources = {**_undecided(container.get("resources", {}), declared.resources), **container.get("resources", {})}
    if resources:
        container["resources"] = resources
    taken = set(_variables(container, config))
    free: dict[str, KeyOf] = {name: key for name, key in declared.references.items() if name not in taken}
    for group, entries in kubernetes_config(free).items():
        config.setdefault(group, []).extend(entries)


def _undecided(own: Mapping[str, Any], declared: Resources) -> dict[str, Any]:
    """Return the declared fields of resources that the pipeline does not set."""
    # Limit and request belong together: a request above a limit of the pipeline's would never run.
    decided = {group for group in _GROUPS for field in own if group in field.lower()}
    return {
        field: value
        for field, value in ir_resources(declared).items()
        if not any(group in field.lower() for group in decided)
    }


def _variables(container: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the variables that an executor has already."""
    yield from (variable["name"] for variable in container.get("env", []))
    for group in ("secretAsEnv", "configMapAsEnv"):
        yield from (pair["envVar"] for entry in config.get(group, []) for pair in entry.get("keyToEnv", []))
    yield from (entry["name"] for entry in config.get("fieldPathAsEnv", []))


def _drop_empty(platform: dict[str, Any]) -> None:
    """Remove executors without settings."""
    for label in [label for label, config in platform.items() if not config]:
        del platform[label]


def _drop_unused(documents: list[Any]) -> None:
    """Remove the settings of a platform that has none."""
    unused = json.dumps(platform_document({}))
    for manifest in (document.get("spec", {}) for document in documents):
        if json.dumps(manifest.get("platformSpec")) == unused:
            del manifest["platformSpec"]
    if json.dumps(documents[-1]) == unused:
        documents.pop()


def _dumped(document: object) -> str:
    """Return a document as YAML."""
    text: str = yaml.dump(document, sort_keys=True)
    return text

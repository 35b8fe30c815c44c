"""What both forms for Argo have in common: the template of a step, and the document around it.

Inputs by value become parameters, inputs by path artifacts. Every output becomes an artifact, and one by value also
a parameter, read from its file. Paths are those of KFP 1.8 (`kfp/compiler/_op_to_template.py`).
"""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from toolkit.config.argo import ArgoSettings
from toolkit.errors import InputError
from toolkit.forms.argo_pod import container_fields, pod_fields, pod_patch, referenced_variables
from toolkit.forms.argo_words import CommandLine
from toolkit.interface.model import Kind
from toolkit.spec.declared import ANNOTATIONS, declared_of
from toolkit.spec.model import ComponentSpec, PortPlaceholder
from toolkit.spec.reader import arguments_of
from toolkit.spec.writer import Block, dumped

# etcd takes 1.5 MiB in one request, and Argo asks for workflows below 1 MB: it adds the state of the steps to them.
LARGEST_WORKFLOW = 1_000_000
# The name of a workflow becomes a label of its pods.
_LONGEST_NAME = 63
_NOT_IN_A_PATH = re.compile(r"[^-_.0-9a-zA-Z]+")
_NOT_IN_A_NAME = re.compile(r"[^-_0-9a-zA-Z]+")
# Kubernetes' qualified names, of annotations and labels, and its values of labels.
_QUALIFIED = re.compile(
    r"(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?", re.ASCII
)
_LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?", re.ASCII)


def written(document: Mapping[str, Any]) -> str:
    """Return a document as YAML."""
    text: str = dumped(document, width=110, sort_keys=False)
    return text


def check_size(document: Mapping[str, Any]) -> None:
    """Raise InputError for a document that is too large to submit."""
    size = len(json.dumps(document).encode())
    if size > LARGEST_WORKFLOW:
        raise InputError(
            f"the workflow has {size} bytes, more than the {LARGEST_WORKFLOW} that Kubernetes can hold",
            hint="make its longest input an artifact",
        )


def argo_name(port: str) -> str:
    """Return a port's name in Argo, which may be empty."""
    return _NOT_IN_A_NAME.sub("-", port).strip("-")


def port_path(side: str, name: str) -> str:
    """Return the path at which KFP 1.8 places a port."""
    return f"/tmp/{side}/{_NOT_IN_A_PATH.sub('_', name)}/data"  # noqa: S108 (a path in a container)


def output_path(spec: ComponentSpec, name: str) -> str:
    """Return the path of an output: the contract's own, or else KFP 1.8's."""
    return spec.container.file_outputs.get(name, port_path("outputs", name))


def check_names(spec: ComponentSpec) -> None:
    """Raise InputError for ports whose names or paths in Argo are empty or equal."""
    for what, ports in (("inputs", spec.interface.inputs), ("outputs", spec.interface.outputs)):
        seen: dict[tuple[str, str], str] = {}
        for port in ports:
            if not argo_name(port.name):
                raise InputError(f"{port.name!r} of the {what} leaves nothing for a name in Argo", hint="rename it")
            for form, text in (("name", argo_name(port.name)), ("path", port_path(what, port.name))):
                # Two names can differ and still share a path, and the other way round: each form replaces other
                # characters.
                other = seen.setdefault((form, text), port.name)
                if other != port.name:
                    raise InputError(
                        f"the {what} {other!r} and {port.name!r} have the same {form} in Argo",
                        hint="rename one of them",
                    )


def taken_by_path(spec: ComponentSpec) -> set[str]:
    """Return the ports of `inputPath`."""
    arguments = arguments_of(spec.container)
    return {part.port for part in arguments if isinstance(part, PortPlaceholder) and part.kind == "inputPath"}


def leading_words(spec: ComponentSpec) -> int:
    """Return how many words of the command are the same in every step; the first one counts always."""
    command = spec.container.command
    return max(min(len(command), 1), len([*takewhile(lambda word: isinstance(word, str), command)]))


def document_of(
    spec: ComponentSpec, kind: str, name: Mapping[str, str], template: Mapping[str, Any], settings: ArgoSettings
) -> dict[str, Any]:
    """Return a document with the one template of a component."""
    return document_around(
        kind=kind,
        name=name,
        title=spec.name,
        description=spec.description,
        entrypoint=template["name"],
        templates=[template],
        arguments={},
        settings=settings,
    )


def document_around(
    *,
    kind: str,
    name: Mapping[str, str],
    title: str,
    description: str,
    entrypoint: str,
    templates: Sequence[Mapping[str, Any]],
    arguments: Mapping[str, Any],
    settings: ArgoSettings,
) -> dict[str, Any]:
    """Return a document of templates, with the texts that Argo's user interface shows.

    Raises InputError for a name that is too long.
    """
    if len(name.get("name", "")) > _LONGEST_NAME:
        raise InputError(
            f"Argo takes names of at most {_LONGEST_NAME} characters, and {name['name']} has {len(name['name'])}",
            hint="give it a shorter title",
        )
    annotations = {"workflows.argoproj.io/title": title}
    if description:
        annotations["workflows.argoproj.io/description"] = description
    document: dict[str, Any] = {"entrypoint": entrypoint}
    if settings.service_account:
        document["serviceAccountName"] = settings.service_account
    if settings.image_pull_secrets:
        document["imagePullSecrets"] = [{"name": secret} for secret in settings.image_pull_secrets]
    if arguments:
        document["arguments"] = dict(arguments)
    document["templates"] = list(templates)
    metadata: dict[str, Any] = {**name, "annotations": annotations}
    if kind == "Workflow" and settings.namespace:
        metadata["namespace"] = settings.namespace
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": document}


def template_of(
    spec: ComponentSpec, name: str, *, ports: Mapping[str, Any], line: CommandLine, settings: ArgoSettings
) -> dict[str, Any]:
    """Return the one template."""
    declared = declared_of(spec)
    template: dict[str, Any] = {"name": name} | {side: both for side, both in ports.items() if both}
    if metadata := _pod_metadata(spec):
        template["metadata"] = metadata
    container = {"image": spec.container.image, **line.container}
    if references := referenced_variables(declared.references):
        container["env"] = [*container.get("env", []), *references]
    template |= pod_fields(settings) | {"container": container | container_fields(settings, declared)}
    if patch := pod_patch(settings, line.patched):
        template["podSpecPatch"] = Block(patch)
    return template


def _pod_metadata(spec: ComponentSpec) -> dict[str, dict[str, str]]:
    """Return the contract's annotations and labels that a pod can have; Argo would replace braces in them."""
    kept = {
        "annotations": {
            key: value
            for key, value in spec.annotations.items()
            if _QUALIFIED.fullmatch(key) and "{{" not in value and key not in ANNOTATIONS
        },
        "labels": {
            key: value
            for key, value in spec.labels.items()
            if _QUALIFIED.fullmatch(key) and _LABEL_VALUE.fullmatch(value)
        },
    }
    return {key: values for key, values in kept.items() if values}


def output_ports(spec: ComponentSpec) -> dict[str, Any]:
    """Return the template's outputs: all as artifacts, and those by value also as parameters."""
    ports = spec.interface.outputs
    values = [port for port in ports if port.kind is Kind.PARAMETER]
    # Argo reads a parameter's value from its file when the step has ended.
    parameters = [
        {"name": argo_name(port.name), "valueFrom": {"path": output_path(spec, port.name)}} for port in values
    ]
    artifacts = [{"name": argo_name(port.name), "path": output_path(spec, port.name)} for port in ports]
    return {key: ports for key, ports in (("parameters", parameters), ("artifacts", artifacts)) if ports}

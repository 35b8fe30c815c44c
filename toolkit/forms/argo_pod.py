"""The pod of a step in Argo: its user and rights, its volumes and variables, what it asks of a node."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.config.argo import ArgoSettings, MountedFiles
from toolkit.declared.model import Declared, KeyOf, Resources

# With the rest on the pod, all that the `restricted` Pod Security Standard demands.
_RIGHTS = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
# The launcher makes the folders of outputs here, inputs arrive here, and it is the home of a user without one.
_SCRATCH = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 (in a container)


def pod_fields(settings: ArgoSettings) -> dict[str, Any]:
    """Return the fields of a template that concern the pod as a whole."""
    fields: dict[str, Any] = {"volumes": [{"name": _SCRATCH["name"], "emptyDir": {}}, *_volumes(settings)]}
    if settings.restricted:
        # On the pod, since it also holds for Argo's own containers.
        security: dict[str, Any] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    else:
        security = {}
    if settings.run_as_user is not None and settings.restricted:
        security["runAsUser"] = settings.run_as_user
    if security:
        fields["securityContext"] = security
    if settings.node_selector:
        fields["nodeSelector"] = dict(settings.node_selector)
    if settings.tolerations:
        fields["tolerations"] = [dict(toleration) for toleration in settings.tolerations]
    if settings.retries is not None:
        strategy: dict[str, Any] = {"limit": str(settings.retries)}
        if settings.retry_policy:
            strategy["retryPolicy"] = settings.retry_policy
        fields["retryStrategy"] = strategy
    if settings.active_deadline_seconds is not None:
        fields["activeDeadlineSeconds"] = settings.active_deadline_seconds
    return fields


def pod_patch(settings: ArgoSettings, main: Sequence[str]) -> str | None:
    """Return the patch of the pod's spec, as JSON of a line for each container; `main` are fields of the step's own.

    Argo's own containers have rights that `restricted` forbids, unless its installation says otherwise.
    """
    own = json.dumps({"securityContext": _RIGHTS})[1:-1]
    fields = ", ".join(('"name": "main"', *main))
    step = f"{{{fields}}}"
    if settings.restricted:
        steps = f",\n  {step}" if main else ""
        return f'{{"initContainers": [{{"name": "init", {own}}}],\n"containers": [{{"name": "wait", {own}}}{steps}]}}'
    return f'{{"containers": [{step}]}}' if main else None


def container_fields(settings: ArgoSettings, declared: Declared) -> dict[str, Any]:
    """Return the fields of the container, without its command line and its constant variables."""
    fields: dict[str, Any] = {}
    if resources := _resources(declared.resources):
        fields["resources"] = resources
    if settings.restricted:
        fields["securityContext"] = _RIGHTS | ({"readOnlyRootFilesystem": True} if settings.read_only_root else {})
    fields["volumeMounts"] = [dict(_SCRATCH), *_mounts(settings)]
    return fields


def referenced_variables(references: Mapping[str, KeyOf]) -> list[dict[str, Any]]:
    """Return the variables whose values come from secrets and config maps, which are only named."""
    variables = []
    for name, reference in references.items():
        source: dict[str, Any] = {"name": reference.name, "key": reference.key}
        if reference.optional:
            source["optional"] = True
        kind = "secretKeyRef" if reference.kind == "secret" else "configMapKeyRef"
        variables.append({"name": name, "valueFrom": {kind: source}})
    return variables


def _resources(resources: Resources) -> dict[str, dict[str, str]]:
    """Return limits and requests; those of accelerators are always equal, so only the limit is written."""
    limits = {name: str(amount) for name, amount in resources.limits.items()}
    if accelerator := resources.accelerator:
        limits[accelerator.type] = str(accelerator.count)
    requests = {name: str(amount) for name, amount in resources.requests.items()}
    return {key: amounts for key, amounts in (("limits", limits), ("requests", requests)) if amounts}


def _files(settings: ArgoSettings) -> list[tuple[str, str, MountedFiles]]:
    """Return the name of the volume, the kind and the place of each secret and config map that becomes files."""
    both = [("secret", files) for files in settings.secrets] + [("configMap", files) for files in settings.config_maps]
    return [(f"files-{number}", kind, files) for number, (kind, files) in enumerate(both)]


def _volumes(settings: ArgoSettings) -> list[dict[str, Any]]:
    """Return the volumes of secrets and config maps."""
    named = {"secret": "secretName", "configMap": "name"}
    return [{"name": name, kind: {named[kind]: files.name}} for name, kind, files in _files(settings)]


def _mounts(settings: ArgoSettings) -> list[dict[str, Any]]:
    """Return the places of secrets and config maps in the container."""
    return [
        {"name": name, "mountPath": files.path, "readOnly": True} | ({"subPath": files.key} if files.key else {})
        for name, _, files in _files(settings)
    ]

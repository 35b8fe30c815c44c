"""The Kubernetes resources of the cluster: Argo's controller, and a namespace that workflows can run in."""

from typing import Any

from tools.cluster.images import ARGO_PROGRAMS
from tools.cluster.places import ARGO_NAMESPACE, BUCKET, STORE

Resource = dict[str, Any]

_CONTROLLER = "workflow-controller"
_RBAC = "rbac.authorization.k8s.io"
_STORE_SECRET = "artifact-store"  # noqa: S105 (the name of a resource)


def argo() -> list[Resource]:
    """List the resources of Argo's controller, which serves all namespaces."""
    names = {"namespace": ARGO_NAMESPACE, "name": _CONTROLLER}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ARGO_NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": names},
        _binding("argo-controller", "cluster-admin", {"kind": "ServiceAccount", **names}),
        # What the executor in each pod does (argo-workflows, docs/workflow-rbac.md).
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "argo-executor"},
            "rules": [
                {"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]}
            ],
        },
        _binding("argo-executor", "argo-executor", _group("system:serviceaccounts")),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {**names, "name": "workflow-controller-configmap"},
            "data": {"artifactRepository": _artifact_repository(), "metricsConfig": "enabled: false\n"},
        },
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": names, "spec": _controller()},
    ]


def namespace(name: str, *, labels: dict[str, str] | None = None) -> list[Resource]:
    """List the resources of a namespace in which workflows can run: the artifact store's keys, and KFP's account."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels or {}}},
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"namespace": name, "name": "pipeline-runner"},
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"namespace": name, "name": _STORE_SECRET},
            # The store takes any; clients want some.
            "stringData": {"accesskey": "any", "secretkey": "any"},
        },
    ]


def _artifact_repository() -> str:
    return f"""\
s3:
  bucket: {BUCKET}
  endpoint: {STORE}
  insecure: true
  accessKeySecret: {{name: {_STORE_SECRET}, key: accesskey}}
  secretKeySecret: {{name: {_STORE_SECRET}, key: secretkey}}
"""


def _controller() -> Resource:
    labels = {"app": _CONTROLLER}
    container = {
        "name": _CONTROLLER,
        "image": ARGO_PROGRAMS,
        "imagePullPolicy": "Never",
        "command": ["workflow-controller"],
        "args": ["--executor-image", ARGO_PROGRAMS, "--executor-image-pull-policy", "Never"],
        "env": [{"name": "LEADER_ELECTION_DISABLE", "value": "true"}],
    }
    return {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"serviceAccountName": _CONTROLLER, "dnsPolicy": "Default", "containers": [container]},
        },
    }


def _binding(name: str, role: str, subject: Resource) -> Resource:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [subject],
    }


def _group(name: str) -> Resource:
    return {"apiGroup": _RBAC, "kind": "Group", "name": name}

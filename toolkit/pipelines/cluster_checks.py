"""Checks of a cluster, for `comp doctor --cluster`: what Argo and KFP need to run pipelines in a namespace.

Nothing is changed; the only thing that is sent, besides questions, are requests for what this user may do.
"""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from toolkit.declared.quantity import parse_quantity
from toolkit.diagnosis import Check, Probe, check_all
from toolkit.engines.kubernetes import NOT_FOUND, Access, Cluster
from toolkit.errors import InputError, RemoteError
from toolkit.http.transport import HttpRequest
from toolkit.pipelines.server.endpoint import ENDPOINT, find_endpoint
from toolkit.pipelines.server.exchange import check, transport_for
from toolkit.words import in_bytes

SECONDS = 20.0
_FORBIDDEN = 403
_LEVEL = "pod-security.kubernetes.io/enforce"
_MAIN_CONFIG = "workflow-controller-configmap"
# What runs of Argo and KFP need of the user: group, resource, verb.
_RIGHTS = (
    ("argoproj.io", "workflows", "create"),
    ("argoproj.io", "workflows", "get"),
    ("", "pods", "list"),
    ("", "pods/log", "get"),
    ("", "events", "list"),
)
# What argoexec needs of the account that its pods have.
_STEP_RIGHTS = (
    ("argoproj.io", "workflowtaskresults", "create"),
    ("argoproj.io", "workflowtaskresults", "patch"),
)


class Where(Struct, frozen=True, kw_only=True):
    """What is checked: a cluster and a namespace in it, a KFP server if one is named, a registry's host of images."""

    access: Access
    endpoint: str | None = None
    token_file: Path | None = None
    image_host: str | None = None
    account: str = "default"


def diagnose_cluster(
    where: Where, environ: Mapping[str, str], home: Path, *, seconds: float = SECONDS
) -> tuple[Check, ...]:
    """Check a cluster. If it cannot be reached, the other checks of it are left out."""
    kfp = [_kfp_server(where, environ, home)]
    found: list[Cluster] = []
    reach = Probe(
        name="cluster",
        look=lambda: _reach(where.access, environ, found),
        why="steps run in its pods",
        fix="name it: KUBECONFIG=FILE, or --context NAME",
        required=True,
    )
    checks = check_all([reach], seconds)
    if not found:
        return (*checks, *check_all(kfp, seconds))
    namespace = check_all([_namespace_probe(found[0])], seconds)
    # In a namespace that does not exist, nothing does, and that says nothing more.
    inside = [*_probes_inside(found[0], where)] if namespace[0].state == "ok" else []
    return (*checks, *namespace, *check_all([*_probes(found[0]), *inside, *kfp], seconds))


def _reach(access: Access, environ: Mapping[str, str], found: list[Cluster]) -> str:
    """Connect, keep the connection in `found`, and return the version and the address."""
    cluster = Cluster.connect(access, environ)
    found.append(cluster)
    return f"Kubernetes {cluster.version()} at {cluster.client.configuration.host}"


def _namespace_probe(cluster: Cluster) -> Probe:
    """Return the check of the namespace itself."""
    return Probe(
        name="namespace",
        look=partial(_namespace, cluster),
        why="pods run in it, under its Pod Security level",
        fix=f"kubectl create namespace {cluster.namespace}, or name another with --namespace",
        absent=f"{cluster.namespace} does not exist",
        required=True,
    )


def _probes(cluster: Cluster) -> Iterator[Probe]:
    """Yield the checks that do not depend on the namespace."""
    yield Probe(
        name="nodes",
        look=partial(_nodes, cluster),
        why="pods are placed on them by the resources that they ask for",
        fix="kubectl describe nodes shows why one is not ready",
    )
    yield Probe(
        name="argo",
        look=partial(_argo, cluster),
        why="it runs workflows, those of KFP too",
        fix="install Argo Workflows: https://argo-workflows.readthedocs.io/en/latest/installation/",
        absent="its resources are not installed",
        required=True,
    )
    yield Probe(
        name="controller",
        look=partial(_controller, cluster),
        why="without it workflows stay pending",
        fix="kubectl get deployments -A | grep workflow-controller; scale it up, or look into its log",
        absent="no deployment named workflow-controller",
    )


def _probes_inside(cluster: Cluster, where: Where) -> Iterator[Probe]:
    """Yield the checks of what is in the namespace."""
    namespace = cluster.namespace
    yield Probe(
        name="your rights",
        look=partial(_rights, cluster),
        why="runs are workflows that you create and follow",
        fix=f"ask for a role in {namespace} with the missing rights",
        required=True,
    )
    yield Probe(
        name="account",
        look=partial(_account, cluster, where.account),
        why="Argo reports the outputs of steps with its rights",
        fix=f"kubectl -n {namespace} create serviceaccount {where.account}, if it is missing; create role executor "
        f"--verb=create,patch --resource=workflowtaskresults.argoproj.io; and bind it to {namespace}:{where.account}",
        absent=f"{where.account} does not exist",
        required=True,
    )
    yield Probe(
        name="artifacts",
        look=partial(_artifacts, cluster),
        why="steps pass files to each other through it",
        fix=f"describe a bucket in {_MAIN_CONFIG}, or in a config map artifact-repositories of {namespace}",
        absent="no artifact repository",
    )
    yield Probe(
        name="image pull",
        look=partial(_pull_secrets, cluster, where),
        why="nodes pull images by themselves, with these secrets",
        fix=f"kubectl -n {namespace} create secret docker-registry NAME --docker-server=HOST …, and name it in the "
        f"imagePullSecrets of the account {where.account}",
        absent="no secrets: only public images can be pulled",
    )


def _kfp_server(where: Where, environ: Mapping[str, str], home: Path) -> Probe:
    """Return the check of a KFP server, if one is named."""
    named = where.endpoint or environ.get(ENDPOINT)
    return Probe(
        name="kfp",
        look=partial(_kfp, where, environ, home) if named else lambda: None,
        why="`comp pipeline run`, `watch` and their like speak to it",
        fix=f"name it with --endpoint or {ENDPOINT}; kubectl port-forward -n kubeflow svc/ml-pipeline 8888:8888 "
        "makes it http://127.0.0.1:8888",
        absent="no server is named",
        required=bool(named),
    )


def _kfp(where: Where, environ: Mapping[str, str], home: Path) -> str:
    """Return the version of the KFP server, and whom it serves."""
    found = find_endpoint(where.endpoint, None, where.token_file, environ=environ, home=home)
    token = found.credentials.current_token()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"Cookie": found.credentials.cookie} if found.credentials.cookie else {}
    url = f"{found.url}/apis/v2beta1/healthz"
    answer = transport_for(environ).send(HttpRequest(method="GET", url=url, headers=headers, attempts=1, follow=False))
    check(answer, "GET", url)
    health = json.loads(answer.body or b"{}")
    names = (health.get("tag_name"), health.get("commit_sha"))
    version = next((name for name in names if name and name != "unknown"), "of an unknown version")
    users = "several users" if health.get("multi_user") else "one user"
    return f"KFP {version} at {found.url}, for {users}"


def _namespace(cluster: Cluster) -> str | None:
    """Return the namespace and its Pod Security level."""
    document = _get(cluster, f"/api/v1/namespaces/{cluster.namespace}")
    if document is None:
        return None
    level = (document["metadata"].get("labels") or {}).get(_LEVEL, "privileged")
    return f"{cluster.namespace}, Pod Security {level}"


def _nodes(cluster: Cluster) -> str:
    """Return how many nodes are ready, and what they have. Raises InputError if none is."""
    nodes = (_get(cluster, "/api/v1/nodes") or {}).get("items", [])
    ready = [node for node in nodes if _is_ready(node)]
    if not ready:
        raise InputError(f"none of {len(nodes)} nodes is ready")
    resources = [node["status"].get("allocatable", {}) for node in ready]
    # Kubernetes names accelerators by their makers: `nvidia.com/gpu`.
    accelerators = sorted({name for each in resources for name in each if "/" in name})
    total = in_bytes(sum(_amount(each.get("memory")) for each in resources))
    parts = [f"{sum(_amount(each.get('cpu')) for each in resources):g} CPU", f"{total} of memory", *accelerators]
    return f"{len(ready)} of {len(nodes)} ready, with {', '.join(parts)}"


def _amount(text: object) -> float:
    """Return the value of a quantity such as `24632884Ki`; 0 if it is missing."""
    quantity = parse_quantity(str(text))
    return float(quantity.value) if quantity else 0.0


def _is_ready(node: Mapping[str, Any]) -> bool:
    """Whether a node takes pods."""
    conditions = node.get("status", {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def _argo(cluster: Cluster) -> str | None:
    """Return that Argo's resources are installed."""
    document = _get(cluster, "/apis/argoproj.io/v1alpha1")
    names = {resource["name"] for resource in (document or {}).get("resources", [])}
    missing = {"workflows", "workflowtemplates", "workflowtaskresults"} - names
    if document is None or "workflows" in missing:
        return None
    if missing:
        raise InputError(f"{', '.join(sorted(missing))} are missing")
    return "workflows and templates of argoproj.io/v1alpha1"


def _controller(cluster: Cluster) -> str | None:
    """Return where Argo's controller runs, and its version. Raises InputError if it is not ready."""
    deployment = _controller_deployment(cluster)
    if deployment is None:
        return None
    place = f"in {deployment['metadata']['namespace']}"
    image = str(deployment["spec"]["template"]["spec"]["containers"][0].get("image", ""))
    if not deployment.get("status", {}).get("readyReplicas"):
        raise InputError(f"the controller {place} is not ready")
    return f"{place}, {image.rpartition('/')[2]}"


def _controller_deployment(cluster: Cluster) -> Mapping[str, Any] | None:
    """Return the deployment of Argo's controller, in whatever namespace."""
    path = "/apis/apps/v1/deployments?fieldSelector=metadata.name%3Dworkflow-controller"
    return next(iter((_get(cluster, path) or {}).get("items", [])), None)


def _rights(cluster: Cluster) -> str:
    """Return that this user may do what runs need. Raises InputError with what is missing."""
    missing = [_right(right) for right in _RIGHTS if not _may(cluster, right)]
    if missing:
        raise InputError(f"you may not {', '.join(missing)} in {cluster.namespace}")
    return f"you may run workflows in {cluster.namespace}"


def _account(cluster: Cluster, name: str) -> str | None:
    """Return that an account exists and may report outputs. Raises InputError with what is missing."""
    if _get(cluster, f"/api/v1/namespaces/{cluster.namespace}/serviceaccounts/{name}") is None:
        return None
    try:
        missing = [_right(right) for right in _STEP_RIGHTS if not _may(cluster, right, account=name)]
    except RemoteError as error:
        if error.status != _FORBIDDEN:
            raise
        return f"{name}; its rights are hidden from you"
    if missing:
        raise InputError(f"{name} may not {', '.join(missing)}")
    return f"{name}, which may report outputs"


def _artifacts(cluster: Cluster) -> str | None:
    """Return the store of artifacts that Argo uses in the namespace. Raises InputError for one that cannot work."""
    import yaml

    settings = _repository(cluster)
    if not settings:
        return None
    try:
        repository = yaml.safe_load(settings) or {}
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"its settings are not YAML: {str(error).partition(chr(10))[0]}") from error
    if isinstance(repository, dict):
        # The controller's settings may be one text, with the repository in it.
        repository = repository.get("artifactRepository") or repository
    if not isinstance(repository, dict):
        raise InputError(f"its settings are {repository!r}, not a mapping")
    kind = next((kind for kind in ("s3", "gcs", "azure", "artifactory", "oss", "hdfs") if kind in repository), None)
    if kind is None:
        return None
    store = repository[kind] or {}
    if not isinstance(store, dict):
        raise InputError(f"its settings of {kind} are {store!r}, not a mapping")
    for part in ("accessKeySecret", "secretKeySecret", "serviceAccountKeySecret"):
        named = store[part].get("name") if isinstance(store.get(part), dict) else None
        if named and _get(cluster, f"/api/v1/namespaces/{cluster.namespace}/secrets/{named}") is None:
            raise InputError(f"its secret {named} does not exist in {cluster.namespace}", hint="create it there too")
    place = f" at {store['endpoint']}" if store.get("endpoint") else ""
    return f"{kind} bucket {store.get('bucket', '?')}{place}"


def _repository(cluster: Cluster) -> str | None:
    """Return the YAML of the artifact repository: the namespace's own comes before the controller's."""
    own = _get(cluster, f"/api/v1/namespaces/{cluster.namespace}/configmaps/artifact-repositories")
    if own is not None:
        key = (own["metadata"].get("annotations") or {}).get("workflows.argoproj.io/default-artifact-repository", "")
        data = own.get("data") or {}
        return data.get(key) or next(iter(data.values()), None)
    deployment = _controller_deployment(cluster)
    namespace = deployment["metadata"]["namespace"] if deployment else cluster.namespace
    main = _get(cluster, f"/api/v1/namespaces/{namespace}/configmaps/{_MAIN_CONFIG}")
    data = (main or {}).get("data") or {}
    return data.get("artifactRepository") or data.get("config")


def _pull_secrets(cluster: Cluster, where: Where) -> str | None:
    """Return the secrets by which images are pulled. Raises InputError if none of them is for the image's host."""
    account = _get(cluster, f"/api/v1/namespaces/{cluster.namespace}/serviceaccounts/{where.account}") or {}
    names = [secret["name"] for secret in account.get("imagePullSecrets") or ()]
    if not names:
        return None
    hosts: set[str] = set()
    for name in names:
        secret = _get(cluster, f"/api/v1/namespaces/{cluster.namespace}/secrets/{name}")
        if secret is None:
            raise InputError(f"the account names the secret {name}, which does not exist")
        hosts |= _hosts_of(secret)
    if where.image_host and where.image_host not in hosts:
        raise InputError(f"no secret is for {where.image_host}; they are for {', '.join(sorted(hosts)) or 'nothing'}")
    return f"{', '.join(names)}, for {', '.join(sorted(hosts)) or 'nothing'}"


def _hosts_of(secret: Mapping[str, Any]) -> set[str]:
    """Return the hosts that a secret has logins for; the logins themselves are not kept."""
    import base64

    try:
        auths = json.loads(base64.b64decode((secret.get("data") or {})[".dockerconfigjson"]))["auths"]
        return {urlsplit(host if "//" in host else f"//{host}").netloc for host in auths}
    except (ValueError, LookupError, TypeError, AttributeError):
        return set()


def _may(cluster: Cluster, right: tuple[str, str, str], *, account: str | None = None) -> bool:
    """Whether this user, or an account of the namespace, has a right in it."""
    group, resource, verb = right
    name, _, part = resource.partition("/")
    attributes = {"namespace": cluster.namespace, "group": group, "resource": name, "subresource": part, "verb": verb}
    spec: dict[str, object] = {"resourceAttributes": attributes}
    if account is not None:
        # The groups that Kubernetes puts every account into: rights are often bound to these.
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{cluster.namespace}", "system:authenticated"]
        spec |= {"user": f"system:serviceaccount:{cluster.namespace}:{account}", "groups": groups}
    kind = "SelfSubjectAccessReview" if account is None else "SubjectAccessReview"
    document = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
    answer = cluster.ask("POST", f"/apis/authorization.k8s.io/v1/{kind.lower()}s", document)
    return bool(answer["status"].get("allowed"))


def _right(right: tuple[str, str, str]) -> str:
    """Return a right in words."""
    return f"{right[2]} {right[1]}"


def _get(cluster: Cluster, path: str) -> dict[str, Any] | None:
    """Return an object, or a list; None if it does not exist. Raises InputError if it may not be read."""
    try:
        return cluster.ask("GET", path)
    except RemoteError as error:
        if error.status == NOT_FOUND:
            return None
        if error.status == _FORBIDDEN:
            raise InputError(f"you may not read it: {error.message}", hint="ask for the right to read it") from error
        raise

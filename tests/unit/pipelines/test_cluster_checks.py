"""What `comp doctor --cluster` says of clusters that lack something, with the documents of Kubernetes' API."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from toolkit.diagnosis import Check
from toolkit.engines.kubernetes import Access, Cluster
from toolkit.errors import RemoteError
from toolkit.pipelines.cluster_checks import Where, diagnose_cluster

Documents = dict[str, Any]
IN = "/api/v1/namespaces/ml"
DEPLOYMENTS = "/apis/apps/v1/deployments?fieldSelector=metadata.name%3Dworkflow-controller"
REPOSITORY = "s3:\n  bucket: artifacts\n  endpoint: minio:9000\n  accessKeySecret: {name: keys, key: a}\n"


def login(*hosts: str) -> dict[str, Any]:
    auths = json.dumps({"auths": {host: {"auth": "c2VjcmV0"} for host in hosts}}).encode()
    return {"data": {".dockerconfigjson": base64.b64encode(auths).decode()}}


def complete() -> Documents:
    """A cluster that has everything."""
    controller = {"image": "quay.io/argoproj/workflow-controller:v4.0.5"}
    return {
        IN: {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
        "/api/v1/nodes": {
            "items": [node("True", {"cpu": "3500m", "memory": "4Gi", "nvidia.com/gpu": "1"}), node("False", {})]
        },
        "/apis/argoproj.io/v1alpha1": {
            "resources": [{"name": name} for name in ("workflows", "workflowtemplates", "workflowtaskresults")]
        },
        DEPLOYMENTS: {
            "items": [
                {
                    "metadata": {"namespace": "argo"},
                    "spec": {"template": {"spec": {"containers": [controller]}}},
                    "status": {"readyReplicas": 1},
                }
            ]
        },
        f"{IN}/serviceaccounts/default": {"imagePullSecrets": [{"name": "registry"}]},
        f"{IN}/secrets/registry": login("registry.example.com"),
        f"{IN}/secrets/keys": {},
        "/api/v1/namespaces/argo/configmaps/workflow-controller-configmap": {
            "data": {"artifactRepository": REPOSITORY}
        },
    }


def node(ready: str, resources: dict[str, str]) -> dict[str, Any]:
    return {"status": {"conditions": [{"type": "Ready", "status": ready}], "allocatable": resources}}


class Fake:
    """A cluster of documents by their paths; a number is the status of a refusal."""

    def __init__(self, documents: Documents, denied: tuple[str, ...] = ()) -> None:
        self.documents = documents
        self.denied = denied
        self.namespace = "ml"
        self.client = SimpleNamespace(configuration=SimpleNamespace(host="https://10.0.0.1:6443"))

    def version(self) -> str:
        return "v1.36.3"

    def ask(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if method == "POST":
            assert document is not None
            asked = document["spec"]["resourceAttributes"]
            resource = "/".join(filter(None, (asked["resource"], asked["subresource"])))
            subject = "account" if "user" in document["spec"] else "you"
            return {"status": {"allowed": f"{subject}: {asked['verb']} {resource}" not in self.denied}}
        found = self.documents.get(path, 404)
        if isinstance(found, int):
            raise RemoteError(f"the cluster answers {found}", status=found)
        return dict(found)


Look = Callable[..., dict[str, Check]]


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Look:
    def run(documents: Documents, *denied: str, **more: Any) -> dict[str, Check]:  # noqa: ANN401 (the fields of Where)
        fake = Fake(documents, denied)
        monkeypatch.setattr(Cluster, "connect", lambda _access, _environ: fake)
        where = Where(access=Access(namespace="ml"), **more)
        return {check.name: check for check in diagnose_cluster(where, {}, tmp_path)}

    return run


def test_complete_cluster(look: Look) -> None:
    found = look(complete(), image_host="registry.example.com")
    assert {name: (check.state, check.detail) for name, check in found.items()} == {
        "cluster": ("ok", "Kubernetes v1.36.3 at https://10.0.0.1:6443"),
        "namespace": ("ok", "ml, Pod Security restricted"),
        "nodes": ("ok", "1 of 2 ready, with 3.5 CPU, 4.3 GB of memory, nvidia.com/gpu"),
        "argo": ("ok", "workflows and templates of argoproj.io/v1alpha1"),
        "controller": ("ok", "in argo, workflow-controller:v4.0.5"),
        "your rights": ("ok", "you may run workflows in ml"),
        "account": ("ok", "default, which may report outputs"),
        "artifacts": ("ok", "s3 bucket artifacts at minio:9000"),
        "image pull": ("ok", "registry, for registry.example.com"),
        "kfp": ("missing", "no server is named"),
    }


@pytest.mark.parametrize(
    ("path", "document", "name", "state", "detail"),
    [
        ("/api/v1/nodes", {"items": [node("False", {})]}, "nodes", "problem", "none of 1 nodes is ready"),
        ("/api/v1/nodes", 403, "nodes", "problem", "you may not read it"),
        ("/apis/argoproj.io/v1alpha1", 404, "argo", "missing", "its resources are not installed"),
        (
            "/apis/argoproj.io/v1alpha1",
            {"resources": [{"name": "workflows"}]},
            "argo",
            "problem",
            "workflowtaskresults, workflowtemplates are missing",
        ),
        (DEPLOYMENTS, {"items": []}, "controller", "missing", "no deployment"),
        (f"{IN}/serviceaccounts/default", 404, "account", "missing", "default does not exist"),
        (f"{IN}/secrets/keys", 404, "artifacts", "problem", "its secret keys does not exist in ml"),
        (
            "/api/v1/namespaces/argo/configmaps/workflow-controller-configmap",
            404,
            "artifacts",
            "missing",
            "no artifact repository",
        ),
        (f"{IN}/serviceaccounts/default", {}, "image pull", "missing", "only public images"),
        (f"{IN}/secrets/registry", 404, "image pull", "problem", "the secret registry, which does not exist"),
        (f"{IN}/secrets/registry", login("https://other/v1/"), "image pull", "problem", "they are for other"),
        (f"{IN}/secrets/registry", {"data": {".dockerconfigjson": "?"}}, "image pull", "problem", "for nothing"),
    ],
)
def test_what_is_missing(look: Look, path: str, document: object, name: str, state: str, detail: str) -> None:
    check = look(complete() | {path: document}, image_host="registry.example.com")[name]
    assert check.state == state
    assert detail in check.detail
    assert check.fix


def test_repository_of_the_namespace_comes_first(look: Look) -> None:
    own = {
        "metadata": {"annotations": {"workflows.argoproj.io/default-artifact-repository": "b"}},
        "data": {"a": REPOSITORY, "b": "gcs: {bucket: mine}"},
    }
    found = look(complete() | {f"{IN}/configmaps/artifact-repositories": own})
    assert found["artifacts"].detail == "gcs bucket mine"


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("s3: [", "its settings are not YAML"),
        ("- s3", "its settings are ['s3'], not a mapping"),
        ("s3: mine", "its settings of s3 are 'mine', not a mapping"),
        ("artifactRepository: {gcs: {bucket: mine}}", "gcs bucket mine"),
    ],
)
def test_settings_of_a_repository_that_a_person_wrote(look: Look, text: str, detail: str) -> None:
    path = "/api/v1/namespaces/argo/configmaps/workflow-controller-configmap"
    assert detail in look(complete() | {path: {"data": {"config": text}}})["artifacts"].detail


@pytest.mark.parametrize(
    ("denied", "name", "detail"),
    [
        ("you: create workflows", "your rights", "you may not create workflows in ml"),
        ("you: get pods/log", "your rights", "you may not get pods/log in ml"),
        ("account: patch workflowtaskresults", "account", "default may not patch workflowtaskresults"),
    ],
)
def test_missing_rights(look: Look, denied: str, name: str, detail: str) -> None:
    check = look(complete(), denied)[name]
    assert (check.state, check.detail, check.required) == ("problem", detail, True)


def test_nothing_is_said_of_a_namespace_that_does_not_exist(look: Look) -> None:
    found = look(complete() | {IN: 404})
    assert list(found) == ["cluster", "namespace", "nodes", "argo", "controller", "kfp"]
    assert found["namespace"].state == "missing"


def test_cluster_that_is_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(_access: Access, _environ: Mapping[str, str]) -> Cluster:
        raise RemoteError("the cluster does not answer: Connection refused")

    monkeypatch.setattr(Cluster, "connect", refuse)
    cluster, kfp = diagnose_cluster(Where(access=Access()), {}, tmp_path)
    assert (cluster.name, cluster.state, cluster.required) == ("cluster", "problem", True)
    assert kfp.name == "kfp"


class Health(BaseHTTPRequestHandler):
    body = b"{}"

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)


@pytest.fixture
def health() -> Iterator[Callable[[bytes], str]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

        def answering(body: bytes) -> str:
            Health.body = body
            return f"http://127.0.0.1:{server.server_port}"

        yield answering
        server.shutdown()


@pytest.mark.parametrize(
    ("body", "state", "detail"),
    [
        (b'{"tag_name":"2.17.0","multi_user":true}', "ok", "KFP 2.17.0 at URL, for several users"),
        (b"{}", "ok", "KFP of an unknown version at URL, for one user"),
        (b"<html>log in</html>", "problem", "found a web page"),
        (b"[1]", "problem", "expected a JSON object"),
    ],
)
def test_kfp_server(look: Look, health: Callable[[bytes], str], body: bytes, state: str, detail: str) -> None:
    url = health(body)
    check = look(complete(), endpoint=url)["kfp"]
    assert (check.state, check.required) == (state, True)
    assert detail in check.detail.replace(url, "URL")

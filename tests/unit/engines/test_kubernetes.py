"""The connection to a cluster: how it is found, and what its failures become."""

import base64
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kubernetes_double import NAMESPACE, Double, serving
from toolkit.engines.kubernetes import NOT_FOUND, Access, Cluster, Kind
from toolkit.errors import CompError, RemoteError, UsageError

WORKFLOWS = Kind(group="argoproj.io", version="v1alpha1", plural="workflows")
WORKFLOW = {"kind": "Workflow", "metadata": {"name": "w"}, "spec": {"suspend": True, "entrypoint": "e"}}


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Double]:
    double = Double()
    with serving(double, tmp_path):
        yield double


@pytest.fixture
def cluster(double: Double, tmp_path: Path) -> Cluster:
    assert double.port
    return Cluster.connect(Access(kubeconfig=tmp_path / "kubeconfig"), {})


def test_the_kubeconfig_is_the_given_one_or_that_of_the_environment(double: Double, tmp_path: Path) -> None:
    assert double.port
    kubeconfig = tmp_path / "kubeconfig"
    assert Cluster.connect(Access(kubeconfig=kubeconfig), {"KUBECONFIG": "/missing"}).namespace == NAMESPACE
    cluster = Cluster.connect(Access(namespace="other"), {"KUBECONFIG": f"/missing:{kubeconfig}"})
    assert (cluster.namespace, cluster.version()) == ("other", "v1.36.3")
    (tmp_path / ".kube").mkdir()
    kubeconfig.rename(tmp_path / ".kube" / "config")
    assert Cluster.connect(Access(), {"HOME": str(tmp_path)}).namespace == NAMESPACE


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "kubeconfig is missing"),
        ("nonsense: [", "cannot read the kubeconfig"),
        ("{}", "cannot read the kubeconfig"),
        ('{"kind": "Config", "contexts": 5}', "cannot read the kubeconfig"),
    ],
)
def test_a_kubeconfig_that_cannot_be_read(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match=message) as caught:
        Cluster.connect(Access(kubeconfig=path), {})
    assert "--kubeconfig FILE" in (caught.value.hint or "")


def test_a_kubeconfig_that_cannot_be_read_keeps_its_token(double: Double, tmp_path: Path) -> None:
    assert double.port
    path = tmp_path / "kubeconfig"
    path.write_text(path.read_text().replace('{"name": "u", "user": {"token"', '{"name": null, "user": {"token"'))
    with pytest.raises(UsageError, match="Expected key name in") as caught:
        Cluster.connect(Access(kubeconfig=path), {})
    assert "secret-token" not in f"{caught.value.message} {caught.value.hint}"


def test_a_program_that_gives_no_credentials_is_a_warning(
    double: Double, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert double.port
    path = tmp_path / "kubeconfig"
    kubeconfig = json.loads(path.read_text())
    program = {"apiVersion": "client.authentication.k8s.io/v1", "command": "false", "interactiveMode": "Never"}
    kubeconfig["users"][0]["user"] = {"exec": program}
    path.write_text(json.dumps(kubeconfig))
    root = logging.getLogger()
    before = list(root.handlers)
    Cluster.connect(Access(kubeconfig=path), {})
    assert root.handlers == before
    assert f"the credentials of {path}: exec: process returned 1" in caplog.messages


def test_a_context_that_is_misspelt(double: Double, tmp_path: Path) -> None:
    assert double.port
    with pytest.raises(UsageError, match="has no context 'hree'") as caught:
        Cluster.connect(Access(kubeconfig=tmp_path / "kubeconfig", context="hree"), {})
    assert caught.value.hint == "did you mean 'here'?"


def test_no_message_has_the_token(double: Double, tmp_path: Path) -> None:
    double.refusals = {"/version": (500, "broken")}
    with pytest.raises(CompError, match="answers 500: broken") as caught:
        Cluster.connect(Access(kubeconfig=tmp_path / "kubeconfig"), {})
    assert "secret-token" not in json.dumps([caught.value.message, caught.value.hint])


def test_a_server_that_is_down(tmp_path: Path) -> None:
    with serving(Double(), tmp_path) as kubeconfig:
        pass
    with pytest.raises(RemoteError, match=r"the cluster does not answer: .*refused") as caught:
        Cluster.connect(Access(kubeconfig=kubeconfig), {})
    assert caught.value.status == 0


def test_an_object_is_created_changed_and_deleted(cluster: Cluster, double: Double) -> None:
    cluster.create(WORKFLOWS, WORKFLOW)
    cluster.patch(WORKFLOWS, "w", {"spec": {"suspend": None, "priority": 1}})
    assert double.workflows["w"]["spec"] == {"entrypoint": "e", "priority": 1}
    cluster.delete(WORKFLOWS, "w")
    assert double.workflows == {}
    # It is gone, which is the wish.
    cluster.delete(WORKFLOWS, "w")
    with pytest.raises(RemoteError, match=r"workflows w answers 404: .*not found") as caught:
        cluster.get(WORKFLOWS, "w")
    assert caught.value.status == NOT_FOUND


@pytest.mark.parametrize(
    "request_",
    [
        lambda cluster: cluster.delete(WORKFLOWS, "w"),
        lambda cluster: cluster.pods("a=b"),
        lambda cluster: list(cluster.log_lines("p", "main")),
        lambda cluster: cluster.log("p", "main"),
        lambda cluster: cluster.secret("store", "accessKeySecret"),
        lambda cluster: cluster.ask("GET", "/api/v1/nodes"),
    ],
)
def test_a_refusal_says_what_to_do(cluster: Cluster, double: Double, request_: Callable[[Cluster], object]) -> None:
    double.refusals = {"/api": (403, "you may not")}
    with pytest.raises(RemoteError, match="answers 403: you may not") as caught:
        request_(cluster)
    assert (caught.value.status, "--namespace NAME" in (caught.value.hint or "")) == (403, True)


def test_a_log_comes_line_by_line_and_as_it_is(cluster: Cluster, double: Double) -> None:
    double.log = b"one\n\xff\n\nlast"
    assert list(cluster.log_lines("p", "main")) == [b"one\n", b"\xff\n", b"\n", b"last"]
    assert cluster.log("p", "main") == "one\n\ufffd\n\nlast"


def test_events_are_a_help_that_may_be_missing(cluster: Cluster, double: Double) -> None:
    double.events = [{"reason": "Failed", "message": "x" * 10_000}]
    (words,) = cluster.warnings("p")
    assert words.startswith("Failed: xxx")
    assert len(words) == 2000
    double.refusals = {f"/api/v1/namespaces/{NAMESPACE}/events": (403, "no")}
    assert cluster.warnings("p") == []


def test_a_service_account_exists_or_not_or_may_not_be_seen(cluster: Cluster, double: Double) -> None:
    assert cluster.has_service_account("pipeline-runner") is True
    assert cluster.has_service_account("other") is False
    double.refusals = {"/api": (403, "no")}
    assert cluster.has_service_account("pipeline-runner") is None


def test_a_value_of_a_secret(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cluster.secret("store", "accessKeySecret") == "key"
    for name, key in (("store", "other"), ("missing", "key")):
        with pytest.raises(RemoteError) as caught:
            cluster.secret(name, key)
        assert caught.value.status == NOT_FOUND
    monkeypatch.setattr(base64, "b64decode", lambda _: b"\xff")
    with pytest.raises(RemoteError, match="the key 'accessKeySecret' of the secret store is not text"):
        cluster.secret("store", "accessKeySecret")

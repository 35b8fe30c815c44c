"""Runs on a cluster: what is submitted, what comes back, and what is said of each failure."""

import io
import tarfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.kubernetes_double import NAMESPACE, Double, Json, State, serving
from toolkit.config.argo import ArgoSettings
from toolkit.engines.kubernetes import Access
from toolkit.errors import InputError, OutsideError
from toolkit.runners.argo import ArgoRunner
from toolkit.runners.on_cluster import OnCluster
from toolkit.runners.protocol import Outcome, Run
from toolkit.spec.reader import parse_component

CONTRACT = """\
name: Count
inputs:
- {name: data, type: CSV, optional: true}
- {name: text, type: String, optional: true}
outputs:
- {name: copy, type: CSV}
- {name: rows, type: Integer}
implementation:
  container:
    image: a/b:1
    command: [python, /opt/comp/launch.py, count]
    args:
    - {if: {cond: {isPresent: data}, then: [--data, {inputPath: data}]}}
    - {if: {cond: {isPresent: text}, then: [--text, {inputValue: text}]}}
    - --outputs
    - --copy
    - {outputPath: copy}
    - --rows
    - {outputPath: rows}
"""


def archive(name: str, data: bytes) -> bytes:
    """Return a file as Argo stores it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def ended(phase: str, *, code: str = "0", message: str = "", outputs: Json | None = None) -> Json:
    """Return the status of a workflow that has ended."""
    node = {"type": "Pod", "startedAt": "1", "message": message, "outputs": {"exitCode": code, **(outputs or {})}}
    return {"phase": phase, "message": message, "nodes": {"n": node}}


def pod(**status: Any) -> Json:  # noqa: ANN401 (Kubernetes' own)
    """Return a pod in a state."""
    return {"metadata": {"name": "count-1"}, "status": {"phase": "Running", **status}}


def main_is(**state: Any) -> Json:  # noqa: ANN401 (likewise)
    """Return a pod whose step is in a state."""
    return pod(containerStatuses=[{"name": "main", "image": "a/b:1", "state": state}])


RUNNING = State(status={"phase": "Running"}, pods=[main_is(running={})])


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Double]:
    double = Double()
    with serving(double, tmp_path):
        yield double


Start = Callable[..., Outcome]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def start(double: Double, tmp_path: Path, said: list[str]) -> Start:
    """Run the component on the double."""
    assert double.port

    def started(values: dict[str, str] | None = None, artifacts: dict[str, Path] | None = None, **more: Any) -> Outcome:  # noqa: ANN401 (OnCluster's and ArgoSettings' own)
        settings = more.pop("settings", ArgoSettings())
        access = Access(kubeconfig=tmp_path / "kubeconfig")
        on_cluster = OnCluster(
            access=access, say=said.append, pause=lambda _: None, clock=count(0, 30).__next__, **more
        )
        spec = parse_component(CONTRACT, Path("c.yaml"))
        outputs = {name: tmp_path / "out" / name for name in ("copy", "rows")}
        run = Run(spec=spec, image="a/b:2", values=values or {}, artifacts=artifacts or {}, outputs=outputs)
        return ArgoRunner(on_cluster, settings, {}).run(run)

    return started


def test_a_run_brings_its_inputs_and_fetches_its_outputs(
    double: Double, start: Start, tmp_path: Path, said: list[str], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "data.csv").write_text("a\n1\n")
    (tmp_path / "data.csv.metadata.json").write_text('{"rows": 1}')
    double.objects |= {"1": archive("data", b"copied"), "2": archive("data", b"7\n"), "3": archive("data", b"{}")}
    double.log = b'time=2026 level=INFO msg="x" argo=true\nhello\xff\nlast'
    artifacts = [{"name": name, "s3": {"key": key}} for name, key in (("copy", "1"), ("rows", "2"))]
    artifacts.append({"name": "comp-metadata-0-", "s3": {"key": "3"}})
    sent = {}

    def keep_inputs(_: float) -> None:
        sent.update(double.objects)

    double.script = [State(status={}), RUNNING, State(status=ended("Succeeded", outputs={"artifacts": artifacts}))]
    double.script[-1].pods = RUNNING.pods
    outcome = start({"text": "x" * 140_000}, {"data": tmp_path / "data.csv"})
    keep_inputs(0)
    assert outcome.exit_code == 0
    assert outcome.paths["copy"].read_text() == "copied"
    # As the step wrote it: Argo's own state has no line break at its end.
    assert outcome.paths["rows"].read_text() == "7\n"
    assert (tmp_path / "out" / "copy.metadata.json").read_text() == "{}"
    assert capfdbinary.readouterr().err == b"hello\xff\nlast"
    # Nothing stays behind.
    assert double.objects == {}
    assert double.workflows == {}
    (name,) = double.deleted
    assert said[0] == f"submitted the workflow {name} to the namespace {NAMESPACE}"
    uploads = [asked for asked in double.asked if asked.startswith("PUT")]
    assert [asked.rpartition(f"comp/{name}/")[2] for asked in uploads] == [
        "inputs/0",
        "inputs/0.metadata.json",
        "values.json",
    ]
    # The inputs are there before the workflow begins.
    patched = next(number for number, asked in enumerate(double.asked) if asked.startswith("PATCH"))
    assert patched > double.asked.index(uploads[-1])


def test_a_kept_workflow_stays_and_says_how_to_come_back(double: Double, start: Start, said: list[str]) -> None:
    double.script = [State(status=ended("Succeeded"))]
    start(keep=True)
    (name,) = double.workflows
    assert double.workflows[name]["spec"]["templates"][0]["container"]["image"] == "a/b:2"
    assert said[-1] == f"the workflow {name} stays: kubectl -n {NAMESPACE} get workflow {name}"


def test_the_program_s_exit_code_is_the_run_s(double: Double, start: Start) -> None:
    double.script = [RUNNING, State(status=ended("Failed", code="7", message="Error (exit code 7)"))]
    assert start().exit_code == 7
    assert double.deleted


def test_a_step_without_memory_says_so(double: Double, start: Start) -> None:
    killed = main_is(terminated={"reason": "OOMKilled", "exitCode": 137})
    killed["spec"] = {"containers": [{"name": "main", "resources": {"limits": {"memory": "64Mi"}}}]}
    double.script = [RUNNING, State(status=ended("Failed", code="137", message="OOMKilled"), pods=[killed])]
    outcome = start()
    assert (outcome.exit_code, outcome.reason) == (137, "OOMKilled: the step used more memory than it may (64Mi)")


def test_values_come_from_the_state_where_the_store_is_out_of_reach(
    double: Double, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    outputs = {
        "artifacts": [{"name": "rows", "s3": {"key": "gone"}}],
        "parameters": [{"name": "rows", "value": "7"}],
    }
    double.script = [State(status=ended("Succeeded", outputs=outputs))]
    with pytest.raises(OutsideError, match="cannot download gone of the bucket artifacts"):
        start()
    global CONTRACT  # noqa: PLW0603 (the fixture reads it)
    whole, CONTRACT = (
        CONTRACT,
        CONTRACT.replace("- {name: copy, type: CSV}\n", "").replace("    - --copy\n    - {outputPath: copy}\n", ""),
    )
    try:
        assert start().paths["rows"].read_text() == "7"
    finally:
        CONTRACT = whole
    assert "without a line break at their end: cannot download" in caplog.messages[0]


BACKING_OFF = main_is(waiting={"reason": "ImagePullBackOff", "message": 'Back-off: "a/b:2": not found'})
LATER = {"reason": "Unschedulable", "message": "0/1 nodes are available: 1 Insufficient memory.", "status": "False"}


@pytest.mark.parametrize(
    ("states", "message", "hint"),
    [
        (
            [State(status={"phase": "Running"}, pods=[BACKING_OFF])],
            r'does not start: ImagePullBackOff: Back-off: "a/b:2": not found\n  event: Failed: pulled nothing',
            "is it pushed",
        ),
        (
            [State(status={"phase": "Running"}, pods=[pod(conditions=[{"type": "PodScheduled", **LATER}])])],
            r"does not start: Unschedulable: 0/1 nodes are available: 1 Insufficient memory.",
            "tool.comp.resources",
        ),
        (
            [State(status=ended("Failed", code="137"), pods=[pod(reason="Evicted", message="low on memory")])],
            "Kubernetes ended the step: Evicted: low on memory",
            "tool.comp.resources",
        ),
        (
            [State(status=ended("Failed"), pods=[pod(reason="DeadlineExceeded", message="longer than specified")])],
            "Kubernetes ended the step: DeadlineExceeded: longer than specified",
            "active-deadline-seconds",
        ),
        (
            [State(status={"phase": "Error", "message": 'pods "x" is forbidden: violates PodSecurity'})],
            'ended as Error: pods "x" is forbidden: violates PodSecurity',
            None,
        ),
    ],
)
def test_failures_have_the_cluster_s_own_words(
    double: Double,
    start: Start,
    states: list[State],
    message: str,
    hint: str | None,
) -> None:
    double.script = states
    double.events = [{"reason": "Failed", "message": "pulled nothing"}]
    with pytest.raises(OutsideError, match=message) as caught:
        start()
    assert (caught.value.hint is None) if hint is None else (hint in (caught.value.hint or ""))
    # A run that failed leaves nothing behind, either.
    assert double.deleted


def test_a_run_that_fails_leaves_no_inputs_in_the_store(double: Double, start: Start, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a\n")
    double.script = [State(status={}), State(status={"phase": "Running"}, pods=[BACKING_OFF])]
    with pytest.raises(OutsideError, match="does not start"):
        start(artifacts={"data": tmp_path / "data.csv"})
    assert any(asked.startswith("PUT") for asked in double.asked)
    assert double.objects == {}


def test_a_workflow_that_argo_refuses_says_why(double: Double, start: Start, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a\n")
    refused = {"phase": "Failed", "message": "invalid spec: no template", "artifactRepositoryRef": None}
    double.script = [State(status=refused)]
    with pytest.raises(OutsideError, match="the workflow ended as Failed: invalid spec: no template"):
        start(artifacts={"data": tmp_path / "data.csv"})
    assert not any(asked.startswith("PUT") for asked in double.asked)


def test_an_output_that_cannot_be_unpacked_is_not_left_in_the_store(double: Double, start: Start) -> None:
    double.objects = {"1": b"no archive"}
    outputs = {"artifacts": [{"name": "copy", "s3": {"key": "1"}}]}
    double.script = [State(status=ended("Succeeded", outputs=outputs))]
    with pytest.raises(InputError, match="the output 'copy' cannot be unpacked"):
        start()
    assert double.objects == {}


def test_a_cluster_that_goes_away_is_waited_for_and_then_given_up(
    double: Double, start: Start, said: list[str]
) -> None:
    double.script = [RUNNING]
    double.refusals = {"/apis/argoproj.io/v1alpha1/namespaces/ml/workflows/": (503, "away")}
    with pytest.raises(OutsideError, match="answers 503: away") as caught:
        start()
    assert "the workflow may go on; look at it with `kubectl -n ml get workflow count-" in (caught.value.hint or "")
    assert any(line.startswith("waiting for the cluster: ") for line in said)


def test_a_token_that_expires_ends_the_watch_at_once(double: Double, start: Start) -> None:
    double.script = [RUNNING]
    double.refusals = {"/apis/argoproj.io/v1alpha1/namespaces/ml/workflows/": (401, "Unauthorized")}
    with pytest.raises(OutsideError, match="answers 401: Unauthorized"):
        start()


def test_a_workflow_that_others_delete(double: Double, start: Start) -> None:
    double.script = [RUNNING]
    double.refusals = {"/apis/argoproj.io/v1alpha1/namespaces/ml/workflows/": (404, "gone")}
    with pytest.raises(OutsideError, match="was deleted while it ran"):
        start()


def test_what_is_missing_is_said_before_anything_is_submitted(double: Double, start: Start) -> None:
    double.accounts = set()
    with pytest.raises(OutsideError, match="no service account 'pipeline-runner'") as caught:
        start()
    assert "service-account in [tool.comp.argo]" in (caught.value.hint or "")
    # Without the right to look, nothing is said.
    double.refusals = {"/api/v1/namespaces/ml/serviceaccounts": (403, "no")}
    double.script = [State(status=ended("Succeeded"))]
    assert start().exit_code == 0


def test_another_kind_of_store_is_refused(double: Double, start: Start, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("")
    double.script = [State(status={"artifactRepositoryRef": {"artifactRepository": {"gcs": {"bucket": "b"}}}})]
    with pytest.raises(OutsideError, match="artifact repository is gcs, and comp reads S3 alone"):
        start(artifacts={"data": tmp_path / "data.csv"})
    assert double.deleted

"""`comp pipeline` and `comp doctor` on the real cluster: why the pods of a run failed, in the words of its kubelet.

KFP's own server is a double; the pods have the marks that it and Argo would give them.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.cluster.conftest import Push
from tests.conftest import Sample
from tests.kfp_server.double import CREATED, KfpServer, frame, serving, step
from tools.cluster.kubectl import Kubectl

ROOT = Path(__file__).resolve().parents[2]
RUN = "run-1"
_PYTHON = "/opt/comp/venv/bin/python"
_ENDED = "jsonpath={.status.containerStatuses[0].state.terminated}"
# What each step's container does, what it asks for, and how it is known to have come so far.
_STEPS: dict[str, tuple[str, dict[str, Any], str]] = {
    "memory": ("bytearray(1 << 30)", {"limits": {"memory": "64Mi"}}, _ENDED),
    "disk": (
        "open('/tmp/a', 'wb').write(bytes(64 << 20)); import time; time.sleep(600)",
        {"limits": {"ephemeral-storage": "1Mi"}},
        "jsonpath={.status.reason}=Evicted",
    ),
    "code": ("raise SystemExit(3)", {}, _ENDED),
    "place": (
        "",
        {"requests": {"cpu": "1000"}},
        "jsonpath={.status.conditions[?(@.type=='PodScheduled')].reason}=Unschedulable",
    ),
    "image": ("", {}, "jsonpath={.status.containerStatuses[0].state.waiting.reason}=ErrImagePull"),
}


def _pod(name: str, image: str) -> dict[str, Any]:
    program, resources, _ = _STEPS[name]
    container: dict[str, Any] = {"name": "main", "image": image, "command": [_PYTHON, "-c", program]}
    marks = {"workflows.argoproj.io/node-name": f"wf.root.{name}.executor"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"pipeline/runid": RUN}, "annotations": marks},
        "spec": {"restartPolicy": "Never", "containers": [container | {"resources": resources}]},
    }


def test_reasons_in_the_clusters_own_words(
    kubectl: Kubectl, sample: Sample, push: Push, remote_host: str, comp_with_kfp: Path, tmp_path: Path
) -> None:
    image = push(sample("summarise_text"))
    for name in _STEPS:
        pod = _pod(name, f"{remote_host}/tests/missing:1" if name == "image" else image)
        kubectl("create", "-f", "-", data=json.dumps(pod))
    for name, (_, _, reached) in _STEPS.items():
        kubectl("wait", f"pod/{name}", f"--for={reached}", "--timeout=180s")
    with serving(KfpServer()) as kfp:
        kfp.runs[RUN] = {"run_id": RUN, "created_at": CREATED, "state": "FAILED"}
        kfp.frames[RUN] = [frame("FAILED", *(node for name in _STEPS for node in step(name, "FAILED")))]
        assert kubectl.namespace
        command = [str(comp_with_kfp), "-m", "toolkit.cli.main", "pipeline", "get", RUN, "--format", "json"]
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "KUBECONFIG": str(kubectl.kubeconfig)}
        options = ["--endpoint", kfp.url, "--namespace", kubectl.namespace]
        done = subprocess.run(
            [*command, *options], env=environ, capture_output=True, text=True, check=False, timeout=120
        )
    assert done.returncode == 0, done.stderr
    why = {one["name"]: one["why"] for one in json.loads(done.stdout)["steps"]}
    assert why["memory"].startswith("the container was killed for memory: OOMKilled: exit code 137")
    assert why["disk"].startswith("the node evicted the pod: Evicted: ")
    assert "ephemeral" in why["disk"]
    assert why["code"] == "exit code 3"
    assert why["place"].startswith(
        "no node can take the pod: Unschedulable: 0/1 nodes are available: 1 Insufficient cpu"
    )
    assert why["image"].startswith("the image cannot be pulled: ")
    assert "/tests/missing" in why["image"]


def test_doctor(kubectl: Kubectl, comp_with_kfp: Path, tmp_path: Path) -> None:
    command = [str(comp_with_kfp), "-m", "toolkit.cli.main", "doctor", "--cluster", "--format", "json"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "KUBECONFIG": str(kubectl.kubeconfig)}
    assert kubectl.namespace
    done = subprocess.run(
        [*command, "--namespace", kubectl.namespace], env=environ, cwd=tmp_path, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    states = {name: check["state"] for name, check in checks.items()}
    assert states == {
        **dict.fromkeys(("cluster", "namespace", "nodes", "argo", "controller"), "ok"),
        **dict.fromkeys(("your rights", "account", "artifacts"), "ok"),
        **dict.fromkeys(("image pull", "kfp"), "missing"),
    }
    assert done.returncode == 0, done.stderr

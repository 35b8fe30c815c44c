"""A namespace under the `restricted` Pod Security Standard runs our images, as their own user and as any other."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.conftest import Push
from tests.commands import ok
from tests.conftest import Sample
from tools.cluster.kubectl import Kubectl

_CODE = """
import argparse, os

parser = argparse.ArgumentParser()
parser.add_argument("--report", required=True, help="Path of the report to write.")
given = parser.parse_args()
with open(given.report, "w") as stream:
    stream.write(str(os.getuid()))
"""
_LAUNCH = ["/opt/comp/venv/bin/python", "-P", "/opt/comp/launch.py"]
_OUT = "/tmp/outputs"  # noqa: S108 (in the pod)
# The kubelet makes the folder of the file that it reads in the end, so that file lies outside of the outputs' folder.
_RESULT = "/tmp/result"  # noqa: S108 (in the pod)
_FUNCTION = [*_LAUNCH, "load-table", "--table", "digits", "--outputs", "--data", f"{_OUT}/data"]
_FUNCTION += ["--rows", _RESULT, "--columns", f"{_OUT}/columns"]
_PROGRAM = [*_LAUNCH, "report", "--outputs", "--report", _RESULT, "--", "python", "report.py"]


@pytest.fixture(scope="module", autouse=True)
def _restricted(kubectl: Kubectl) -> None:
    """Let the module's namespace refuse pods that the standard forbids."""
    kubectl("label", "namespace", str(kubectl.namespace), "pod-security.kubernetes.io/enforce=restricted")


def _run(kubectl: Kubectl, name: str, image: str, command: list[str], *, user: int | None) -> str:
    """Run a restricted pod with a read-only root; it must succeed. Return the content of its result."""
    rights: dict[str, Any] = {
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {
        "name": "main",
        "image": image,
        "command": command,
        "securityContext": rights | ({"runAsUser": user} if user else {}),
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 (in the pod)
        "terminationMessagePath": _RESULT,
    }
    spec = {"restartPolicy": "Never", "containers": [container], "volumes": [{"name": "tmp", "emptyDir": {}}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    kubectl("create", "-f", "-", data=json.dumps(pod))
    kubectl("wait", f"pod/{name}", "--for=jsonpath={.status.containerStatuses[0].state.terminated}", "--timeout=120s")
    ended = kubectl.get(f"pod/{name}")["status"]["containerStatuses"][0]["state"]["terminated"]
    assert ended["exitCode"] == 0, kubectl("logs", f"pod/{name}")
    return str(ended.get("message", ""))


@pytest.mark.parametrize("user", [None, 12345])
def test_a_function_runs(kubectl: Kubectl, sample: Sample, push: Push, user: int | None) -> None:
    image = push(sample("load_table"))
    assert _run(kubectl, f"function-{user or 'own'}", image, _FUNCTION, user=user) == "1797"


@pytest.mark.parametrize("user", [None, 12345])
@pytest.mark.usefixtures("sample")
def test_a_program_runs(kubectl: Kubectl, tmp_path: Path, push: Push, user: int | None) -> None:
    (tmp_path / "report.py").write_text(_CODE)
    ok("new", "report", "--from-program", "report.py", folder=tmp_path)
    image = push(tmp_path / "report")
    found = _run(kubectl, f"program-{user or 'own'}", image, _PROGRAM, user=user)
    assert found == str(user or 65532)

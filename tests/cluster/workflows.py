"""Run workflows by the real controller and read their results."""

import json
import time
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tests.cluster import store
from tools.cluster.kubectl import Kubectl

Json = dict[str, Any]
_SECONDS = 300
_PAUSE = 0.5


class Finished(Struct, frozen=True, kw_only=True):
    """A workflow that has ended: its phase, its message, and its nodes by their templates' names."""

    phase: str
    message: str
    nodes: Mapping[str, Json]

    def parameters(self, template: str) -> dict[str, str]:
        """Return the values of a template's output parameters."""
        return {one["name"]: one["value"] for one in self._outputs(template).get("parameters", [])}

    def artifacts(self, template: str) -> dict[str, bytes]:
        """Return the files that are a template's output artifacts."""
        found = self._outputs(template).get("artifacts", [])
        return {one["name"]: store.get_file(one["s3"]["key"]) for one in found if one["name"] != "main-logs"}

    def keys(self, template: str) -> dict[str, str]:
        """Return where the store has a template's output artifacts."""
        return {one["name"]: one["s3"]["key"] for one in self._outputs(template).get("artifacts", [])}

    def _outputs(self, template: str) -> Json:
        outputs: Json = self.nodes[template].get("outputs", {})
        return outputs


def run(kubectl: Kubectl, workflow: Json) -> Finished:
    """Create a workflow, wait until it has ended, and return its results, whatever its phase."""
    created = json.loads(kubectl("create", "-f", "-", "-o", "json", data=json.dumps(workflow)))
    name = created["metadata"]["name"]
    deadline = time.monotonic() + _SECONDS
    while True:
        status = kubectl.get(f"workflow/{name}").get("status", {})
        if status.get("finishedAt"):
            nodes = {node.get("templateName", node["name"]): node for node in status.get("nodes", {}).values()}
            return Finished(phase=status["phase"], message=status.get("message", ""), nodes=nodes)
        assert time.monotonic() < deadline, f"{name} has not ended:\n{kubectl('describe', f'workflow/{name}')}"
        time.sleep(_PAUSE)


def of_template(template: str, *, parameters: Mapping[str, str], artifacts: Mapping[str, str]) -> Json:
    """Return a workflow that runs a WorkflowTemplate with these values, and artifacts by their keys in the store."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": f"{template}-"},
        "spec": {
            "workflowTemplateRef": {"name": template},
            "arguments": {
                "parameters": [{"name": name, "value": value} for name, value in parameters.items()],
                # Not an archive: the file lies in the store as it is.
                "artifacts": [
                    {"name": name, "s3": {"key": key}, "archive": {"none": {}}} for name, key in artifacts.items()
                ],
            },
        },
    }

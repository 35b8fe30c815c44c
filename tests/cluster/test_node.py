"""The node is a real one: it runs an image that comp built, and pods reach the API server and the store."""

import json

from tests.cluster.conftest import Push
from tests.conftest import Sample
from tools.cluster.images import PAUSE
from tools.cluster.kubectl import Kubectl
from tools.cluster.places import API_SERVICE, BUCKET, STORE

_PYTHON = "/opt/comp/venv/bin/python"


def _run(kubectl: Kubectl, name: str, image: str, *command: str, result: str = "/dev/termination-log") -> str:
    """Run a pod that must succeed, and return what it wrote to the file `result`."""
    container = {
        "name": "main",
        "image": image,
        "command": list(command),
        "terminationMessagePath": result,
        # Images run as a user that is not root, and the kubelet would make the folder of `result` as root.
        "volumeMounts": [{"name": "out", "mountPath": "/tmp/out"}],  # noqa: S108 (in a container)
    }
    spec = {"restartPolicy": "Never", "containers": [container], "volumes": [{"name": "out", "emptyDir": {}}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    kubectl("create", "-f", "-", data=json.dumps(pod))
    # The second value ends the wait for a pod that fails, too.
    kubectl("wait", f"pod/{name}", "--for=jsonpath={.status.containerStatuses[0].state.terminated}", "--timeout=120s")
    ended = kubectl.get(f"pod/{name}")["status"]["containerStatuses"][0]["state"]["terminated"]
    assert ended["exitCode"] == 0, kubectl("logs", f"pod/{name}")
    return str(ended.get("message", ""))


def test_the_node_is_ready(kubectl: Kubectl) -> None:
    (node,) = kubectl.get("nodes")["items"]
    assert {one["type"]: one["status"] for one in node["status"]["conditions"]}["Ready"] == "True"


def test_an_image_that_comp_built_runs_as_a_pod(kubectl: Kubectl, sample: Sample, push: Push) -> None:
    image = push(sample("load_table"))
    command = (_PYTHON, "-P", "/opt/comp/launch.py", "load-table", "--table", "digits", "--outputs")
    outputs = ("--data", "/tmp/out/data", "--rows", "/tmp/out/rows", "--columns", "/tmp/out/columns")  # noqa: S108
    assert _run(kubectl, "load-table", image, *command, *outputs, result="/tmp/out/rows") == "1797"  # noqa: S108


def test_pods_reach_the_api_server_and_the_store(kubectl: Kubectl, sample: Sample, push: Push) -> None:
    image = push(sample("summarise_text"))
    ask = (
        "import ssl, urllib.request as r, json\n"
        "token = open('/var/run/secrets/kubernetes.io/serviceaccount/token').read()\n"
        "context = ssl.create_default_context(cafile='/var/run/secrets/kubernetes.io/serviceaccount/ca.crt')\n"
        f"asked = r.Request('https://{API_SERVICE}/version', headers={{'Authorization': f'Bearer {{token}}'}})\n"
        "version = json.load(r.urlopen(asked, context=context))['gitVersion']\n"
        f"listed = r.urlopen('http://{STORE}/{BUCKET}').read()\n"
        "open('/dev/termination-log', 'w').write(f'{version} {b\"ListBucketResult\" in listed}')\n"
    )
    server = json.loads(kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
    assert _run(kubectl, "asks", image, _PYTHON, "-c", ask) == f"{server} True"


def test_logs_and_commands_in_a_pod_work(kubectl: Kubectl, sample: Sample, push: Push) -> None:
    image = push(sample("summarise_text"))
    _run(kubectl, "talks", image, _PYTHON, "-c", "print('heard')")
    assert kubectl("logs", "pod/talks") == "heard\n"
    kubectl("run", "waits", f"--image={image}", "--restart=Never", "--command", "--", "sleep", "1000")
    kubectl("wait", "pod/waits", "--for=condition=Ready", "--timeout=120s")
    assert kubectl("exec", "waits", "--", "echo", "done") == "done\n"
    kubectl("delete", "pod", "waits", "--now")


def test_a_pod_whose_image_is_missing_says_so(kubectl: Kubectl, remote_host: str) -> None:
    kubectl("run", "lost", f"--image={remote_host}/tests/missing:1", "--restart=Never")
    reason = "jsonpath={.status.containerStatuses[0].state.waiting.reason}"
    kubectl("wait", "pod/lost", f"--for={reason}=ErrImagePull", "--timeout=60s")
    kubectl("delete", "pod", "lost", "--now")
    assert PAUSE in json.dumps(kubectl.get("nodes")["items"][0]["status"]["images"])

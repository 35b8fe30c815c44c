"""Measure what a step costs on a real Kubernetes: bare Python, comp's launcher, and KFP's own executor, in turn.

    make cluster; python -m benchmarks.step_overhead [--runs 15]

Every pod runs the same function, which doubles a number. Times are containerd's own: of the whole pod from the creation
of its sandbox to the end of its container, and of the container alone. Needs root and the package index.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from msgspec import Struct, field

from benchmarks.tools import ROOT
from tests.bases import make_debian_base
from tests.kfp_environments import kfp_environment
from tools.cluster import resources
from tools.cluster.kubectl import Kubectl
from tools.cluster.lifecycle import is_up
from tools.cluster.places import HOST, REMOTE, State
from tools.cluster.programs import KUBERNETES, cached

_FUNCTION = "def double(x: int) -> int:\n    return 2 * x\n"
_PYTHON = "/opt/comp/venv/bin/python"
_EXECUTOR_INPUT = {
    "inputs": {"parameterValues": {"x": 3}},
    "outputs": {
        "parameters": {"Output": {"outputFile": "/tmp/out/Output"}},  # noqa: S108 (in a container)
        "outputFile": "/tmp/out/metadata.json",  # noqa: S108 (likewise)
    },
}
# Run by KFP's own Python: prints the command line that it writes for a lightweight component.
_COMPILE = """
import json, sys
from kfp import dsl
from double import double
container = dsl.component(install_kfp_package=sys.argv[1] == "install")(double).component_spec.implementation.container
print(json.dumps([*container.command, *container.args]))
"""
_SECONDS = 600
_EVENT = re.compile(r'^(\S+ \S+) \+0000 UTC k8s\.io (/\S+) \{.*"(?:container_)?id":"([0-9a-f]{64})"')


class Step(Struct, frozen=True, kw_only=True):
    """A way to run the function: what it is called in the table, its image, command line and environment."""

    name: str
    image: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class Times(Struct, frozen=True, kw_only=True):
    """The seconds of one pod, and of its container alone."""

    pod: float
    container: float


def main() -> int:
    """Run all kinds of steps in turn, so that a change of the machine's speed affects all of them alike."""
    parser = argparse.ArgumentParser(description="Measure the overhead of a step.")
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    state = State.find(os.environ)
    if not is_up(state):
        parser.error("no cluster is up: make cluster")
    program = cached(os.environ).path(KUBERNETES, "kubectl")
    namespace = f"step-overhead-{os.getpid()}"
    kubectl = Kubectl(program=program, kubeconfig=state.kubeconfig, namespace=namespace)
    kubectl.apply(resources.namespace(namespace))
    try:
        kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=60s")
        with tempfile.TemporaryDirectory(prefix="comp-step-") as temporary:
            folder = Path(temporary)
            with _served(folder / "wheels") as index, _events(state, folder / "events") as events:
                times = _measured(kubectl, _steps(folder, index), runs, state, events)
    finally:
        kubectl("delete", "namespace", namespace, "--wait=false")
    _print_table(times)
    return 0


def _print_table(times: Mapping[str, Sequence[Times]]) -> None:
    """Print medians, and the medians of the ratios to the bare container and to comp in the same round."""
    bare, ours = list(times.values())[:2]
    print("| step | pod s | pod, x bare | pod, x comp | container s | container, x bare | container, x comp |")
    print("|---|---|---|---|---|---|---|")
    for name, measured in times.items():
        cells = []
        for kind in ("pod", "container"):
            seconds = [getattr(one, kind) for one in measured]
            cells.append(f"{statistics.median(seconds):.2f}")
            for others in (bare, ours):
                rounds = zip(seconds, (getattr(one, kind) for one in others), strict=True)
                cells.append(f"{statistics.median(mine / other for mine, other in rounds):.2f}")
        print(f"| {name} | {' | '.join(cells)} |")


def _measured(kubectl: Kubectl, steps: Sequence[Step], runs: int, state: State, events: Path) -> dict[str, list[Times]]:
    """Run every step so many times, and once before that pulls its image."""
    times: dict[str, list[Times]] = {step.name: [] for step in steps}
    for number in range(runs + 1):
        for position, step in enumerate(steps):
            measured = _run(kubectl, f"step-{number}-{position}", step, state, events)
            if number:
                times[step.name].append(measured)
        print(f"round {number} of {runs}", file=sys.stderr, flush=True)
    return times


def _run(kubectl: Kubectl, name: str, step: Step, state: State, events: Path) -> Times:
    """Run a pod to its end and return its times. Raises RuntimeError if it fails."""
    container = {
        "name": "main",
        "image": step.image,
        "command": list(step.command),
        "env": [{"name": key, "value": value} for key, value in step.environment.items()],
        "terminationMessagePath": "/tmp/out/Output",  # noqa: S108 (in a container)
        # KFP's images run as root.
        "securityContext": {"runAsUser": 0},
    }
    spec = {"restartPolicy": "Never", "containers": [container], "terminationGracePeriodSeconds": 0}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    kubectl("create", "-f", "-", data=json.dumps(pod))
    kubectl("wait", f"pod/{name}", "--for=jsonpath={.status.containerStatuses[0].state.terminated}", "--timeout=300s")
    found = kubectl.get(f"pod/{name}")
    status = found["status"]["containerStatuses"][0]
    ended = status["state"]["terminated"]
    if ended["exitCode"]:
        raise RuntimeError(f"{step.name}: {ended}\n{kubectl('logs', f'pod/{name}')}")
    main = status["containerID"].removeprefix("containerd://")
    labelled = f'labels."io.kubernetes.pod.uid"=={found["metadata"]["uid"]}'
    known = ("ctr", f"--address={state.containerd_socket}", "--namespace=k8s.io", "containers", "ls", "-q", labelled)
    both = subprocess.run(known, check=True, capture_output=True, text=True, timeout=60).stdout.split()
    (sandbox,) = set(both) - {main}
    seen = _seen(events)
    kubectl("delete", f"pod/{name}", "--wait=false")
    end = seen["/tasks/exit", main]
    return Times(
        pod=(end - seen["/containers/create", sandbox]).total_seconds(),
        container=(end - seen["/tasks/start", main]).total_seconds(),
    )


@contextmanager
def _events(state: State, log: Path) -> Iterator[Path]:
    """Note the events of containerd, with their times in nanoseconds, in a file."""
    command = ("ctr", f"--address={state.containerd_socket}", "--namespace=k8s.io", "events")
    with log.open("wb") as stream, subprocess.Popen(command, stdout=stream) as process:
        try:
            yield log
        finally:
            process.terminate()


def _seen(log: Path) -> dict[tuple[str, str], datetime]:
    """Return when each kind of event came for each container."""
    found = {}
    for line in log.read_text().splitlines():
        if match := _EVENT.match(line):
            moment = datetime.strptime(match[1][:26], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
            found[match[2], match[3]] = moment
    return found


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve a folder's files to pods, and yield its address."""
    folder.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), partial(Handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}/"
        server.shutdown()


def _steps(folder: Path, index: str) -> list[Step]:
    """Build the images and list the steps, the bare one first, then comp's."""
    make_debian_base(folder / "base", packages=("python3-pip",))
    (requirement,) = re.findall(r"^kfp==\S+", (ROOT / "tests/kfp/requirements-2.txt").read_text(), re.MULTILINE)
    _output(folder, sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder / "wheels", requirement)
    plain = _component(folder, "plain", ())
    with_kfp = _component(folder, "with-kfp", (requirement,), head="from kfp import dsl\n\n\n@dsl.component\n")
    executor_input = json.dumps(_EXECUTOR_INPUT)
    paths = ("--outputs", "--Output", "/tmp/out/Output")  # noqa: S108 (in a container)
    # The kubelet makes the folder of the file that it reads.
    bare = f"{_FUNCTION}open('/tmp/out/Output', 'w').write(str(double(3)))"
    installed = {"PATH": "/opt/comp/venv/bin:/usr/bin:/bin"}
    from_index = {
        "PATH": "/usr/bin:/bin",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": index,
        "PIP_TRUSTED_HOST": HOST,
        "PIP_BREAK_SYSTEM_PACKAGES": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    module = ("--component_module_path", "/opt/comp/app/double.py")
    return [
        Step(name="bare `python3 -c`", image=plain, command=("/usr/bin/python3", "-c", bare)),
        Step(
            name="comp's launcher",
            image=plain,
            command=(_PYTHON, "-P", "/opt/comp/launch.py", "plain", "--x", "3", *paths),
        ),
        Step(
            name="KFP's executor, lightweight, as KFP compiles it: installs kfp from an index on this machine",
            image=plain,
            command=_kfp_command(folder, executor_input, "install"),
            environment=from_index,
        ),
        Step(
            name="KFP's executor, lightweight, kfp in the image",
            image=with_kfp,
            command=_kfp_command(folder, executor_input, "present"),
            environment=installed,
        ),
        Step(
            name="KFP's executor, in an image of its own",
            image=with_kfp,
            command=(
                *("python3", "-m", "kfp.dsl.executor_main", *module),
                *("--executor_input", executor_input, "--function_to_execute", "double"),
            ),
            environment=installed,
        ),
    ]


def _kfp_command(folder: Path, executor_input: str, kind: str) -> list[str]:
    """Return the command line that KFP compiles, with the executor's input in its place."""
    (folder / "double.py").write_text(_FUNCTION)
    (folder / "compile.py").write_text(_COMPILE)
    printed = _output(folder, kfp_environment("2"), "-W", "ignore", "compile.py", kind)
    return [executor_input if word == "{{$}}" else word for word in json.loads(printed)]


def _component(folder: Path, name: str, requirements: Sequence[str], *, head: str = "") -> str:
    """Build a component of the function, push it, and return its reference by digest."""
    component = folder / name
    (component / "src").mkdir(parents=True)
    (component / "src" / "double.py").write_text(head + _FUNCTION)
    (component / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "1.0.0"\nrequires-python = ">=3.11"\n'
        f'dependencies = {json.dumps(list(requirements))}\n\n[tool.comp]\nentrypoint = "double:double"\n'
    )
    comp = str(Path(sys.executable).with_name("comp"))
    _output(component, comp, "generate", ".")
    image = f"{REMOTE}/benchmarks/{name}"
    return _output(
        component,
        comp,
        "build",
        "--push",
        "--allow-builds",
        "--image",
        image,
        "--base",
        f"layout:{folder / 'base'}",
        ".",
    )


def _output(folder: Path, *words: str | Path) -> str:
    """Run a command in a folder and return what it printed."""
    return subprocess.run(
        [str(word) for word in words], cwd=folder, check=True, stdout=subprocess.PIPE, text=True, timeout=_SECONDS
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())

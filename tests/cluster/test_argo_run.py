"""`comp run` and `comp test` on the real cluster: what the local runners do, and the cluster's words for failures."""

import json
import os
import signal
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.conftest import Push
from tests.cluster.test_argo_values import DATA, VALUES, everything, words
from tests.commands import COMP, Result, comp
from tests.conftest import Sample
from tools.cluster.kubectl import Kubectl

__all__ = ["everything"]  # a fixture

_PYTHON = "/opt/comp/venv/bin/python"
Run = Callable[..., Result]


@pytest.fixture
def run(kubectl: Kubectl, tmp_path: Path) -> Run:
    """Run `comp` on the cluster, in the module's namespace."""

    def started(command: str, target: Path, *arguments: str, **variables: str) -> Result:
        further = (*access_of(kubectl), *arguments)
        return comp(command, target, *further, folder=tmp_path, env={**os.environ, **variables})

    return started


def access_of(kubectl: Kubectl) -> tuple[str, ...]:
    """Return the options that run a component in a namespace of the cluster."""
    return ("--runner", "argo", "--kubeconfig", str(kubectl.kubeconfig), "-n", str(kubectl.namespace))


def workflows_of(kubectl: Kubectl) -> list[str]:
    """Return the names of the workflows in the namespace."""
    return [one["metadata"]["name"] for one in kubectl.get("workflows")["items"]]


def test_a_run_gives_what_the_local_runner_gives(run: Run, kubectl: Kubectl, everything: Path, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(DATA)
    (tmp_path / "data.csv.metadata.json").write_text('{"rows": 1}')
    (tmp_path / "more" / "deep").mkdir(parents=True)
    (tmp_path / "more" / "deep" / "ä b").write_text("x")
    # Longer than a command line can hold.
    given = {**VALUES, "data": "data.csv", "more": "more", "text": VALUES["text"] * 3000}
    (tmp_path / "long").write_text(given.pop("text"))
    arguments = (*words(given), "--input-file", "text=long")
    done = run("run", everything, *arguments, "--format", "json")
    assert done.code == 0, done.err
    assert "the step says: {{workflow.name}} {{=1+1}}" in done.err
    assert "argo=true" not in done.err
    found = json.loads(done.out)
    here = tmp_path / "here"
    here.mkdir()
    for name in ("data.csv", "data.csv.metadata.json", "more", "long"):
        (here / name).symlink_to(tmp_path / name)
    printed = subprocess.run(
        [COMP, "run", everything, "--runner", "process", "--format", "json", *arguments],
        cwd=here,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    expected = json.loads(printed)
    assert {**found, "copy": 0, "tree": 0} == {**expected, "copy": 0, "tree": 0}
    for name in ("copy", "copy.metadata.json", "tree/Ü b"):
        assert (tmp_path / "out" / name).read_bytes() == (here / "out" / name).read_bytes(), name
    assert (tmp_path / "out" / "tree" / "empty").is_dir()
    # Nothing stays on the cluster.
    assert workflows_of(kubectl) == []


def test_an_archive_stays_an_archive(run: Run, everything: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "data.tgz", "w:gz") as archive:
        archive.add(Path(__file__), "inside")
    done = run("run", everything, *words({**VALUES, "data": "data.tgz"}))
    assert done.code == 0, done.err
    assert (tmp_path / "out" / "copy").read_bytes() == (tmp_path / "data.tgz").read_bytes()


def test_the_cases_of_a_sample_pass(run: Run, sample: Sample, push: Push) -> None:
    folder = sample("summarise_text")
    push(folder)
    done = run("test", folder)
    assert done.code == 0, (done.out, done.err)
    assert "argo" in done.out


def test_code_that_was_not_pushed_is_refused(run: Run, everything: Path, kubectl: Kubectl) -> None:
    source = everything / "src" / "everything.py"
    source.write_text(source.read_text() + "\n# later\n")
    done = run("run", everything, *words({**VALUES, "data": "x"}))
    assert done.code == 1
    (everything.parent / "x").write_text("")
    done = run("run", everything, *words({**VALUES, "data": "x"}))
    assert done.code == 1
    assert "the code has changed since its image was pushed" in done.err
    assert "`comp build --push` pushes it as it is now" in done.err
    assert workflows_of(kubectl) == []


@pytest.fixture
def program(everything: Path, tmp_path: Path) -> Callable[..., Path]:
    """Return a contract that runs a line of Python in the pushed image."""
    image = yaml.safe_load((everything / "component.yaml").read_text())["implementation"]["container"]["image"]

    def made(line: str, *, settings: str = "", image: str = image, **annotations: Any) -> Path:  # noqa: ANN401 (JSON)
        folder = tmp_path / "program"
        folder.mkdir(exist_ok=True)
        container = {"image": image, "command": [_PYTHON, "-c", line]}
        metadata = {"annotations": {f"comp.{key}": json.dumps(value) for key, value in annotations.items()}}
        contract = folder / "component.yaml"
        contract.write_text(
            yaml.safe_dump({"name": "Program", "metadata": metadata, "implementation": {"container": container}})
        )
        head = '[project]\nname = "program"\nversion = "1"\n[tool.comp]\ncommand = ["x"]\n[tool.comp.argo]\n'
        (folder / "pyproject.toml").write_text(head + settings)
        return contract

    return made


@pytest.mark.parametrize(
    ("line", "more", "message"),
    [
        ("print('last words'); raise SystemExit(7)", {}, "last words\n"),
        ("raise SystemExit(7)", {}, "Program failed with exit code 7\n"),
        (
            "bytearray(1 << 30)",
            {"resources": {"memory": "64Mi"}},
            "exit code 137 (SIGKILL: OOMKilled: the step used more memory than it may (64Mi))",
        ),
    ],
    ids=["log", "code", "memory"],
)
def test_a_program_that_fails(
    run: Run, program: Callable[..., Path], line: str, more: dict[str, Any], message: str
) -> None:
    done = run("run", program(line, **more))
    assert done.code == 1, done.err
    assert message in done.err


@pytest.mark.parametrize(
    ("line", "more", "message"),
    [
        ("", {"resources": {"cpu": "1000"}}, "error: the step does not start: Unschedulable: 0/1 nodes are available"),
        ("", {"image": "127.0.0.1:7466/tests/missing:1"}, "error: the step does not start: ImagePullBackOff: "),
        (
            "open('/tmp/a', 'wb').write(bytes(64 << 20)); import time; time.sleep(600)",
            {"resources": {"ephemeral-storage": "1Mi"}},
            "error: Kubernetes ended the step: Evicted: ",
        ),
        (
            "import time; time.sleep(600)",
            {"settings": "active-deadline-seconds = 3\n"},
            "error: Kubernetes ended the step: DeadlineExceeded: ",
        ),
        ("", {"settings": 'service-account = "missing-here"\n'}, "has no service account 'missing-here'"),
    ],
    ids=["place", "image", "disk", "deadline", "account"],
)
def test_a_pod_that_cannot_run_is_explained(
    run: Run, kubectl: Kubectl, program: Callable[..., Path], line: str, more: dict[str, Any], message: str
) -> None:
    # The image is given up by itself, as soon as the cluster backs off.
    pending = "600" if "image" in more else "3"
    done = run("run", program(line, **more), COMP_LIMIT_POD_PENDING=pending)
    assert done.code == 3, done.err
    assert message in done.err
    assert workflows_of(kubectl) == []


def test_settings_and_declarations_reach_the_container(
    run: Run, kubectl: Kubectl, program: Callable[..., Path]
) -> None:
    kubectl("create", "secret", "generic", "mine", "--from-literal=token=s3cret")
    kubectl("create", "configmap", "settings", "--from-literal=mode=fast")
    line = (
        "import os; print(os.environ['TOKEN'][1:], os.environ['MODE'], open('/etc/mine/token').read()[1:],"
        " open('/etc/mode').read(), open('/sys/fs/cgroup/memory.max').read()"
        " if os.path.exists('/sys/fs/cgroup/memory.max') else '', os.getuid())"
    )
    settings = (
        'secrets = [{ name = "mine", path = "/etc/mine" }]\n'
        'config-maps = [{ name = "settings", path = "/etc/mode", key = "mode" }]\n'
        'run-as-user = 1234\nread-only-root = true\nnode-selector = { "kubernetes.io/os" = "linux" }\n'
    )
    env = {"TOKEN": {"secret": "mine", "key": "token"}, "MODE": {"config-map": "settings", "key": "mode"}}
    done = run("run", program(line, settings=settings, env=env))
    assert done.code == 0, done.err
    assert "3cret fast 3cret fast" in done.err
    assert " 1234\n" in done.err


def test_a_step_is_tried_again(run: Run, kubectl: Kubectl, program: Callable[..., Path]) -> None:
    done = run("run", program("raise SystemExit(4)", settings="retries = 1\n"), "--keep")
    assert done.code == 1, done.err
    assert "exit code 4" in done.err
    (name,) = workflows_of(kubectl)
    assert f"the workflow {name} stays: kubectl -n {kubectl.namespace} get workflow {name}" in done.err
    nodes = kubectl.get(f"workflow/{name}")["status"]["nodes"].values()
    assert [node["type"] for node in nodes].count("Pod") == 2
    kubectl("delete", "workflow", name)


@pytest.mark.parametrize("keep", [False, True])
def test_an_interrupted_run(kubectl: Kubectl, program: Callable[..., Path], keep: bool) -> None:  # noqa: FBT001 (a parameter)
    contract = program("print('begun', flush=True); import time; time.sleep(600)")
    command = [COMP, "run", contract, *access_of(kubectl), *(("--keep",) if keep else ())]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        said = ""
        while "begun" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGINT)
        said += process.stderr.read()
        assert process.wait(60) == 130, said
    left = workflows_of(kubectl)
    assert bool(left) == keep
    for name in left:
        assert f"get workflow {name}" in said
        kubectl("delete", "workflow", name)

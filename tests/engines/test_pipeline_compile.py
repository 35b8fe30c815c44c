"""`comp pipeline compile` with kfp's own compiler: the same IR with digests, a lock, and errors with their place."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from msgspec import Struct

from tests.commands import Result, comp
from tests.fake_remote import FakeRemote, serving

STEPS = """from kfp import dsl
import typing

IMAGE = "{host}/base/python:3.11"

@dsl.component(base_image=IMAGE)
def count(text: str) -> int:
    "Count words."
    return len(text.split())

@dsl.component(base_image=IMAGE)
def show(n: int, data: dsl.Output[dsl.Dataset]):
    print(n)

@dsl.component(base_image=IMAGE)
def train(data: dsl.Input[dsl.Model]):
    print(data)
"""
MANY = """
@dsl.pipeline
def many() -> typing.NamedTuple("Made", [("data", typing.List[dsl.Dataset])]):
    with dsl.ParallelFor([1, 2]) as n:
        made = show(n=n)
    return typing.NamedTuple("Made", [("data", typing.List[dsl.Dataset])])(dsl.Collected(made.outputs["data"]))
"""
PLAIN = """
@dsl.pipeline(name="plain")
def plain(text: str = "a b"):
    "Count, then show."
    print("compiling")
    show(n=count(text=text).output).set_cpu_limit("1").set_caching_options(False)
"""
BRANCHES = """
@dsl.pipeline
def inner(n: int) -> int:
    return count(text=f"text {n}").output

@dsl.pipeline
def branches(text: str, items: list = [1, 2]):
    with dsl.ExitHandler(show(n=0)):
        with dsl.ParallelFor([1, 2], parallelism=1) as n:
            inner(n=n)
        with dsl.If(count(text=text).output == 2):
            show(n=2).set_env_variable("A", "b").set_retry(2)
        with dsl.Else():
            dsl.importer(artifact_uri="gs://a/b", artifact_class=dsl.Dataset)
"""
BOTH = "connect {}, or declare the same type on both sides: {}"
MANIFEST = b'{"schemaVersion": 2}'
TYPE = "application/vnd.oci.image.manifest.v1+json"


class World(Struct):
    """A folder with pipelines, and a remote that has the image of their steps."""

    folder: Path
    remote: FakeRemote
    python: Path

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text.replace("{host}", self.remote.host))
        return path

    def compile(self, *words: str | Path) -> Result:
        return comp("pipeline", "compile", "--python", self.python, *words, folder=self.folder)

    def refused(self, *words: str | Path) -> str:
        result = self.compile(*words)
        assert result.code == 1, result
        assert result.out == ""
        return result.err.replace(f"{self.folder}/", "")


@pytest.fixture
def world(tmp_path: Path, kfp2: Path) -> Iterator[World]:
    remote = FakeRemote()
    with serving(remote):
        remote.put_manifest("base/python", MANIFEST, TYPE, tag="3.11")
        yield World(tmp_path, remote, kfp2)


def by_kfp(python: Path, path: Path, *words: str) -> str:
    output = path.with_suffix(".kfp.yaml")
    kfp = python.with_name("kfp")
    command: list[str | Path] = [kfp, "dsl", "compile", "--py", path, "--output", output, *words]
    subprocess.run(command, check=True, capture_output=True, timeout=300, cwd=path.parent)
    return output.read_text()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (PLAIN, []),
        (PLAIN, ["--pipeline-parameters", '{"text": "other"}']),
        (PLAIN, ["--disable-execution-caching-by-default"]),
        (PLAIN, ["--function", "count"]),
        (PLAIN, ["--kubernetes-manifest-format", "--namespace", "ns", "--include-pipeline-manifest"]),
        (BRANCHES, ["--function", "branches"]),
        (BRANCHES, ["--function", "inner"]),
    ],
)
def test_it_is_what_kfp_writes_with_digests(world: World, code: str, words: list[str]) -> None:
    path = world.write("p.py", STEPS + code)
    result = world.compile(path, *words)
    assert result.code == 0, result.err
    tag = f"{world.remote.host}/base/python"
    digest = world.remote.tags["base/python"]["3.11"]
    assert result.out == by_kfp(world.python, path, *words).replace(f"{tag}:3.11", f"{tag}@{digest}")
    # Again, and from the lock alone.
    world.remote.calls.clear()
    assert world.compile(path, "--locked", *words).out == result.out
    assert world.remote.calls == []


DECLARES = """name: Fit
metadata:
  annotations:
    comp.resources: '{"cpu": "2", "memory": "1.5Gi"}'
    comp.env: '{"API_TOKEN": {"secret": "api", "key": "token"}}'
implementation:
  container: {image: "{host}/base/python:3.11", command: [fit], env: {LEVEL: info}}
"""
USES = """
import os
from kfp import components, dsl

fit = components.load_component_from_file(os.path.join(os.path.dirname(__file__), "fit.yaml"))

@dsl.pipeline
def p():
    fit()
    fit().set_cpu_limit("1")
"""


def test_what_contracts_declare_reaches_their_steps(world: World) -> None:
    world.write("fit.yaml", DECLARES)
    world.write("p.py", USES)
    assert world.compile("p.py", "-o", "p.yaml").code == 0
    first, second = yaml.safe_load_all((world.folder / "p.yaml").read_text())
    containers = [executor["container"] for executor in first["deploymentSpec"]["executors"].values()]
    memory = {"memoryLimit": 1.610612736, "resourceMemoryLimit": "1610612736"}
    assert [container["resources"] for container in containers] == [
        {"cpuLimit": 2.0, "resourceCpuLimit": "2", **memory},
        {"cpuLimit": 1.0, "resourceCpuLimit": "1", **memory},
    ]
    assert all(container["env"] == [{"name": "LEVEL", "value": "info"}] for container in containers)
    assert all("@sha256:" in container["image"] for container in containers)
    settings = second["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert [config["secretAsEnv"][0]["keyToEnv"] for config in settings.values()] == [
        [{"envVar": "API_TOKEN", "secretKey": "token"}]
    ] * 2
    # kfp itself reads the result.
    program = "import sys; from kfp import components; components.load_component_from_file(sys.argv[1])"
    subprocess.run([world.python, "-W", "ignore", "-c", program, world.folder / "p.yaml"], check=True, timeout=120)


def test_a_step_that_kfps_server_cannot_start_is_named(world: World) -> None:
    code = """
@dsl.container_component
def lent(rate: float = 0.5):
    return dsl.ContainerSpec(image=IMAGE, command=["run", rate])

@dsl.pipeline
def p():
    lent()
    lent(rate=1.0)
"""
    result = world.compile(world.write("p.py", STEPS + code))
    assert result.code == 0
    assert (
        "warning: the step 'lent': KFP 2.17's server fails where 'rate' is left to its default; "
        "give 'rate' a value in the pipeline, or mend its component: `comp lint` on its contract shows how to write "
        "the argument\n"
    ) in result.err
    assert result.err.count("KFP 2.17's server") == 1


def test_the_lock_keeps_a_tag_until_upgrade(world: World) -> None:
    path = world.write("p.py", STEPS + PLAIN)
    first = world.compile(path)
    assert first.err == f"compiling\nwrote {path}.lock\n"
    lock = json.loads((world.folder / "p.py.lock").read_text())
    image = f"{world.remote.host}/base/python"
    before = world.remote.tags["base/python"]["3.11"]
    assert lock["pipelines"]["plain"]["images"] == {f"{image}:3.11": f"{image}@{before}"}
    assert sorted(lock["pipelines"]["plain"]["components"]) == ["count", "show"]
    after = world.remote.put_manifest("base/python", b'{"schemaVersion": 2, "x": 1}', TYPE, tag="3.11")
    assert world.compile(path).out == first.out
    upgraded = world.compile(path, "--upgrade")
    assert upgraded.out == first.out.replace(before, after)
    assert f"changed: the image {image}:3.11 is {after[:19]} here, and {before[:19]} in the lock\n" in upgraded.err


def test_locked_names_every_difference(world: World) -> None:
    path = world.write("p.py", STEPS + PLAIN)
    assert world.refused(path, "--locked").startswith("compiling\nerror: p.py.lock: the lock has no pipeline 'plain'")
    assert world.compile(path).code == 0
    world.write("p.py", STEPS.replace("return len", "return 1 + len") + PLAIN)
    refused = world.refused(path, "--locked")
    assert "error: p.py.lock: the pipeline differs from its lock: the component count is sha256:" in refused
    other = "    train(data=dsl.importer(artifact_uri='gs://a', artifact_class=dsl.Model).output)\n"
    world.write("p.py", STEPS + PLAIN.partition("    show(")[0] + other)
    refused = world.refused(path, "--locked")
    assert "the component train (p.py) is not in the lock" in refused
    assert "the component show (p.py) is in the lock, and the pipeline does not use it" in refused


def test_ports_that_do_not_fit_are_named_on_both_sides(world: World) -> None:
    code = STEPS + MANY + "\n@dsl.pipeline\ndef p(size: float = 1.0):\n    "
    cases = {
        "show(n=size)": (
            "the pipeline's input 'size' is a Float and does not fit the input 'n' of 'show', which is an Integer",
            BOTH.format("an Integer", "Integer at the input 'size', or Float at the input 'n'"),
        ),
        "train(data=show(n=1).outputs['data'])": (
            "the output 'data' of 'show' is a Dataset and does not fit the input 'data' of 'train', which is a Model",
            BOTH.format("a Model", "Model at the output 'data' of 'show', or Dataset at the input 'data'"),
        ),
        "count(text='a'); show(n=f'{size}')": (
            (
                "a text with values of the pipeline in it is a String and does not fit the input 'n' of 'show', "
                "which is an Integer"
            ),
            "give an Integer",
        ),
        "train(data=many().outputs['data'])": (
            (
                "the output 'data' of 'many' is a List[Dataset] and does not fit the input 'data' of 'train', "
                "which is a Model"
            ),
            BOTH.format("a Model", "Model at the output 'data' of 'many', or List[Dataset] at the input 'data'"),
        ),
        "show(n='three')": (
            "'three' is a String and does not fit the input 'n' of 'show', which is an Integer",
            "give an Integer",
        ),
    }
    line = code.count("\n") + 1
    for call, (message, hint) in cases.items():
        path = world.write("p.py", code + call + "\n")
        assert world.refused(path) == f"error: p.py:{line}: {message}\n\nhint: {hint}\n"
    assert world.compile(path, "--disable-type-check", "--function", "p").code == 0


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        ("x = = 1", [], "p.py:1:5: not Python: invalid syntax"),
        ("x = 1", [], "p.py: no pipeline in this file"),
        ("raise ValueError('no\\nway')", [], 'p.py:1: ValueError: no\nway\n  File "p.py", line 1, in <module>'),
        ("import sys\nsys.exit('stop')", [], "p.py:2: SystemExit: stop"),
        ("import os\nos._exit(3)", [], "p.py: the Python that compiles it ended with code 3, without a result"),
        ("import missing_module_x", [], "p.py:1: ModuleNotFoundError: No module named 'missing_module_x'"),
        (
            "from kfp import components\ncomponents.load_component_from_file('no/component.yaml')",
            [],
            "p.py:2: no/component.yaml is missing",
        ),
        (STEPS + PLAIN + BRANCHES, [], "p.py: 3 pipelines in this file: branches, inner, plain"),
        (STEPS + PLAIN, ["--function", "plane"], "p.py: no pipeline 'plane'\n\nhint: did you mean 'plain'?"),
        (STEPS + PLAIN, ["--function", "STEPS"], "p.py: no pipeline 'STEPS'"),
        (STEPS + PLAIN, ["--function", "IMAGE"], "p.py: 'IMAGE' is a str, not a pipeline or component"),
        (
            STEPS + PLAIN,
            ["--pipeline-parameters", '{"txt": 1}'],
            "p.py: the pipeline has no input 'txt', which --pipeline-parameters names\n\nhint: did you mean 'text'?",
        ),
        (STEPS + "@dsl.pipeline\ndef p() -> str:\n    return show(n=1).output\n", [], "p.py:"),
        (STEPS + "@dsl.pipeline\ndef p():\n    show(n=count(text='').outputs['x'])\n", [], "p.py:20: KeyError: 'x'"),
        (
            STEPS + PLAIN,
            ["--pipeline-parameters", '{"text": 1}'],
            "p.py: the pipeline's input 'text' is a String, and --pipeline-parameters has 1\n\nhint: give a String",
        ),
        (STEPS + "@dsl.pipeline\ndef p(n: int):\n    count(text=1 + n)\n", [], "p.py:20: TypeError: unsupported"),
        (STEPS + "@dsl.pipeline\ndef p(t: str = 'a\\nb'):\n    count(text=t)\n", [], "p.py:18: the default of"),
        (
            STEPS + "@dsl.pipeline\ndef p():\n    count(text='{{inputs.parameters.x}}')\n",
            [],
            "p.py: the value of count's",
        ),
        (STEPS.replace("3.11", "3.99") + PLAIN, [], "p.py: the image {host}/base/python:3.99 is missing from {host}"),
        (
            STEPS + "@dsl.pipeline\ndef p(i: str):\n    count(text='').set_container_image(i)\n",
            [],
            "p.py: the image of count is an input of the pipeline: {{$.inputs.parameters['pipelinechannel--i']}}",
        ),
    ],
)
def test_what_is_wrong_has_its_place(world: World, code: str, words: list[str], expected: str) -> None:
    path = world.write("p.py", code)
    refused = world.refused(path, *words).removeprefix("compiling\n")
    assert refused.startswith("error: " + expected.replace("{host}", world.remote.host)), refused
    assert "Traceback" not in refused
    assert "site-packages" not in refused
    assert not (world.folder / "p.py.lock").exists()


def test_a_thread_that_never_ends_does_not_keep_the_process(world: World) -> None:
    code = "import threading\nthreading.Thread(target=threading.Event().wait).start()\n"
    assert world.compile(world.write("p.py", STEPS + code + PLAIN)).code == 0


def test_a_file_may_have_the_name_of_a_module(world: World) -> None:
    for name in ("json.py", "kfp.py", "my pipeline-1.py"):
        result = world.compile(world.write(name, STEPS + "from beside import x\n" + PLAIN))
        assert "No module named 'beside'" in result.err
        world.write("beside.py", "x = 1\n")
        assert world.compile(world.folder / name).code == 0, name
        (world.folder / name).unlink()
        (world.folder / "beside.py").unlink()
    assert not list(world.folder.rglob("__pycache__"))


def test_the_lock_drops_pipelines_that_are_gone(world: World) -> None:
    path = world.write("p.py", STEPS + PLAIN + BRANCHES)
    for name in ("plain", "branches", "count"):
        assert world.compile(path, "--function", name).code == 0
    assert list(json.loads((world.folder / "p.py.lock").read_text())["pipelines"]) == ["branches", "count", "plain"]
    assert world.compile(world.write("p.py", STEPS + PLAIN)).code == 0
    assert list(json.loads((world.folder / "p.py.lock").read_text())["pipelines"]) == ["count", "plain"]


def test_a_remote_that_fails_is_no_fault_of_the_pipeline(world: World) -> None:
    path = world.write("p.py", STEPS.replace("{host}", "127.0.0.1:9") + PLAIN)
    result = world.compile(path)
    assert result.code == 3
    assert "cannot resolve the image 127.0.0.1:9/base/python:3.11" in result.err
    kept = world.compile(path, "--allow-tags")
    assert (kept.code, kept.out) == (0, by_kfp(world.python, path))


def test_secrets_are_refused_in_ir(world: World) -> None:
    code = STEPS + "import os\n@dsl.pipeline\ndef p():\n    count(text={text})\n"
    for text, expected in {
        "os.environ['MY_PASSWORD']": "the value of MY_PASSWORD",
        "'ghp_' + '0123456789' * 4": "what looks like a secret, 'constant: ***'",
        "'https://ann:s3cr3t-word@host/'": "what looks like a secret, 'constant: https://***@host/'",
    }.items():
        path = world.write("p.py", code.replace("{text}", text))
        # Values that stand in any document are not what it would hold.
        env = {**os.environ, "CI": "true", "MY_PASSWORD": "open sesame, please", "VERSION": "2"}
        result = comp("pipeline", "compile", "--python", world.python, path, folder=world.folder, env=env)
        assert result.code == 1
        assert f"error: p.py: the compiled pipeline would hold {expected}" in result.err.replace(f"{world.folder}/", "")
        for secret in ("open sesame", "ghp_", "s3cr3t-word"):
            assert secret not in result.err + result.out
        assert not (world.folder / "p.py.lock").exists()


def test_a_component_of_the_project_needs_a_pushed_image(world: World) -> None:
    folder = world.folder / "train"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "train"\n[tool.comp]\ncommand = ["x"]\n')
    contract = "name: Train\nimplementation:\n  container:\n    image: {image}\n    command: [x]\n"
    (folder / "component.yaml").write_text(contract.format(image="train:1.0"))
    code = "from kfp import components, dsl\nstep = components.load_component_from_file('train/component.yaml')\n"
    path = world.write("p.py", code + "@dsl.pipeline\ndef p():\n    step()\n")
    assert world.refused(path) == (
        "error: train/component.yaml: train has no pushed image: its contract names train:1.0\n\n"
        "hint: comp build --push train; --allow-tags keeps the name for a run on this machine\n"
    )
    assert world.compile(path, "--allow-tags").code == 0
    pinned = f"{world.remote.host}/train@sha256:{'0' * 64}"
    (folder / "component.yaml").write_text(contract.format(image=pinned))
    result = world.compile(path)
    assert result.code == 0, result.err
    assert json.loads((world.folder / "p.py.lock").read_text())["pipelines"]["p"]["components"]["train"] == {
        "digest": f"sha256:{hashlib.sha256(contract.format(image=pinned).encode()).hexdigest()}",
        "source": "train/component.yaml",
        "image": pinned,
    }

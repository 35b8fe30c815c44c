"""`toolkit.load` in pipelines of both KFP lines: by a plain `python`, by `comp`, and in a session without a file."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.commands import comp, ok
from tests.loadable import IMAGE, publish_contract
from toolkit.pipelines.lock import read_lock

ROOT = Path(__file__).resolve().parent.parent.parent
TWO = """from kfp import dsl
from toolkit import load

train = load("ml/train@^1")


@dsl.pipeline(name="training")
def training(epochs: int = 5):
    data = dsl.importer(artifact_uri="file:///data", artifact_class=dsl.Dataset).output
    first = train(training_data=data, epochs=epochs)
    train(training_data=data, note="again").after(first)


if __name__ == "__main__":
    from kfp import compiler

    compiler.Compiler().compile(training, "by_python.yaml")
"""
ONE = """from kfp import compiler, dsl
from toolkit import load

train = load("ml/train@^1")


@dsl.pipeline(name="training")
def training(data="text"):
    train(training_data=data, note="first")


compiler.Compiler().compile(training, "by_python.yaml")
"""
SESSION = """from toolkit import load
train = load("ml/train@^1")
print(train.release.version, train.__doc__.splitlines()[0], flush=True)
"""


class Project:
    """A project with pipelines beside a registry."""

    def __init__(self, folder: Path, kfp: Path) -> None:
        self.folder = folder / "project"
        self.shared = folder / "shared"
        self.kfp = kfp
        publish_contract(self.shared, "1.0.0")
        (self.folder / "pipelines").mkdir(parents=True)
        (self.folder / "pyproject.toml").write_text('[tool.comp.registries]\nshared = "../shared"\n')
        unset = {"CI", "COMP_LOCKED", "COMP_REGISTRY"}
        self.environ = {name: value for name, value in os.environ.items() if name not in unset} | {
            "COMP_KFP_PYTHON": str(kfp),
            "COMP_TOOLKIT_PYTHON": sys.executable,
            "COMP_CACHE_DIR": str(folder / "cache"),
            "COMP_REGISTRIES_FILE": os.devnull,
            "PYTHONPATH": str(ROOT),
        }

    def python(self, *words: str, source: str | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run kfp's Python in the folder of the pipelines."""
        return subprocess.run(
            [self.kfp, "-W", "ignore", *words],
            input=source,
            cwd=self.folder / "pipelines",
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.fixture(params=["1", "2"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    made = Project(tmp_path, request.getfixturevalue(f"kfp{request.param}"))
    (made.folder / "pipelines" / "p.py").write_text(ONE if request.param == "1" else TWO)
    return made


def test_it_is_locked_and_the_same_tomorrow(project: Project) -> None:
    first = project.python("p.py")
    assert (first.returncode, first.stdout) == (0, ""), first.stderr
    assert first.stderr == "locked ml/train@1.0.0 in ../components.lock\n"
    text = (project.folder / "pipelines" / "by_python.yaml").read_text()
    assert IMAGE in text
    publish_contract(project.shared, "1.1.0")
    # Neither the registry nor comp is needed now: the lock and the copy say all.
    shutil.rmtree(project.shared)
    again = project.python("p.py", COMP_TOOLKIT_PYTHON="/none")
    assert (again.returncode, again.stderr) == (0, "")
    assert _without_times((project.folder / "pipelines" / "by_python.yaml").read_text()) == _without_times(text)
    # A session has no file, so that the lock is the one above the current folder.
    session = project.python("-", source=SESSION)
    assert session.stdout == "1.0.0 Train model (ml/train@1.0.0)\n", session.stderr


def _without_times(text: str) -> object:
    """Read a compiled pipeline; KFP 1.8 writes the time of compiling into it."""
    document = yaml.safe_load(text)
    document.get("metadata", {}).get("annotations", {}).pop("pipelines.kubeflow.org/pipeline_compilation_time", None)
    return document


def test_without_a_copy_the_cache_has_it(project: Project) -> None:
    assert project.python("p.py").returncode == 0
    shutil.rmtree(project.folder / "components")
    assert project.python("p.py").stderr == ""
    shutil.rmtree(project.shared)
    assert project.python("p.py").stderr == ""


def test_a_refusal_shows_what_to_do(project: Project) -> None:
    refused = project.python("p.py", COMP_LOCKED="1")
    assert refused.returncode == 1
    assert refused.stderr.endswith(
        "components.lock: ml/train@^1 is not in the lock, and COMP_LOCKED=1 allows no other component\n\n"
        "hint: cd .. && comp add ml/train@^1; then commit components.lock and the copy\n"
    )
    assert project.python("p.py").returncode == 0
    copy = project.folder / "components" / "ml" / "train" / "component.yaml"
    copy.write_text(copy.read_text().replace("Fit", "Fix"))
    edited = project.python("p.py")
    assert f"{copy}: this copy of ml/train 1.0.0 was edited" in edited.stderr
    assert "hint: comp add ml/train@1.0.0 --force" in edited.stderr


def test_comps_compiler_takes_it_into_the_pipelines_lock(tmp_path: Path, kfp2: Path) -> None:
    project = Project(tmp_path, kfp2)
    path = project.folder / "pipelines" / "p.py"
    path.write_text(TWO)
    locked = comp("pipeline", "compile", path, "--locked", folder=tmp_path, env=project.environ)
    assert locked.code == 1
    assert locked.err.startswith("error: project/components.lock: ml/train@^1 is not in the lock, and COMP_LOCKED=1")
    compiled = comp("pipeline", "compile", path, folder=tmp_path, env=project.environ)
    assert compiled.code == 0, compiled.err
    assert "locked ml/train@1.0.0 in project/components.lock\n" in compiled.err
    (used,) = read_lock(path.with_name("p.py.lock"))["training"].components
    digest = json.loads((project.folder / "components.lock").read_text())["components"]["ml/train"]["digest"]
    assert (used.name, used.release, used.digest) == ("train-model", "ml/train@1.0.0", digest)
    assert (used.source, used.image) == ("../components/ml/train/component.yaml", IMAGE)
    ok("pipeline", "compile", path, "--locked", folder=tmp_path, env=project.environ)
    # Without its copy it is the same release.
    shutil.rmtree(project.folder / "components")
    ok("pipeline", "compile", path, "--locked", folder=tmp_path, env=project.environ)


STUBS_TWO = """from kfp import compiler, dsl

from components import train


@dsl.pipeline(name="training")
def training(rows: dsl.Input[dsl.Dataset], epochs: int = 5):
    first = train(training_data=rows, epochs=epochs).set_memory_limit("1G")
    with dsl.If(first.outputs.accuracy > 0.5):
        train(training_data=rows, note="again").after(first)


compiler.Compiler().compile(training, "by_python.yaml")
"""
STUBS_ONE = """from kfp import compiler, dsl

from components import train


@dsl.pipeline(name="training")
def training(rows="text"):
    first = train(training_data=rows, epochs=5)
    first.container.set_memory_limit("1G")
    with dsl.Condition(first.outputs.accuracy > 0.5):
        train(training_data=rows, note="again").after(first)


compiler.Compiler().compile(training, "by_python.yaml")
"""


def test_a_module_of_stubs_makes_steps(project: Project) -> None:
    ok("add", "train@^1", folder=project.folder, env=project.environ)
    ok("stubs", "--output", "pipelines/components.py", folder=project.folder, env=project.environ)
    is_one = "kfp1" in str(project.kfp)
    (project.folder / "pipelines" / "p.py").write_text(STUBS_ONE if is_one else STUBS_TWO)
    done = project.python("p.py", COMP_TOOLKIT_PYTHON="/none")
    assert (done.returncode, done.stderr) == (0, "")
    text = (project.folder / "pipelines" / "by_python.yaml").read_text()
    steps = yaml.safe_load(text)
    if is_one:
        tasks = [each for each in steps["spec"]["templates"] if "container" in each]
        assert [each["container"]["image"] for each in tasks] == [IMAGE, IMAGE]
        assert "{{tasks.train-model.outputs.parameters.train-model-accuracy}}" in text
    else:
        first = steps["root"]["dag"]["tasks"]["train-model"]["inputs"]
        assert set(first["parameters"]) == {"epochs"}
        assert first["artifacts"] == {"training_data": {"componentInputArtifact": "rows"}}
        condition = next(each for each in steps["root"]["dag"]["tasks"].values() if "triggerPolicy" in each)
        assert "accuracy" in condition["triggerPolicy"]["condition"]
    # Another version than that of the module is an error that names the command.
    publish_contract(project.shared, "1.1.0")
    ok("update", folder=project.folder, env=project.environ)
    stale = project.python("p.py")
    assert "ml/train is locked at 1.1.0" in stale.stderr
    assert "or write this module anew: comp stubs --output FILE" in stale.stderr

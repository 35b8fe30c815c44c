"""The samples, run by Argo's real controller from the templates that comp writes, do what the local runners do."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec import Struct, field

from tests.cluster import store, workflows
from tests.cluster.conftest import Push
from tests.cluster.workflows import Finished
from tests.commands import ok
from tests.conftest import ROOT, Sample
from tools.cluster.kubectl import Kubectl

_CASES = ROOT / "sample_components"
_TABLE = _CASES / "train_model/tests/cases/small_table/table.csv"
_MEASURED = _CASES / "evaluate_model/tests/cases/small_table"


class Step(Struct, frozen=True, kw_only=True):
    """One run of a component: its sample, values, files, and the output artifacts whose bytes are compared."""

    sample: str
    component: str = ""
    values: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    artifacts: Sequence[str] = ()

    def contract(self, folder: Path) -> Path:
        """Return the path of the contract in a copy of the sample."""
        return folder / f"components/{self.component}.yaml" if self.component else folder / "component.yaml"


STEPS = (
    Step(sample="load_table", values={"table": "digits"}, artifacts=["data"]),
    Step(
        sample="load_table",
        component="split-table",
        values={"seed": "3"},
        files={"data": _TABLE},
        artifacts=["training", "held_out"],
    ),
    Step(sample="train_model", values={"c": "0.5"}, files={"training_data": _TABLE}, artifacts=["metrics"]),
    Step(
        sample="evaluate_model",
        files={"model": _MEASURED / "model.joblib", "data": _MEASURED / "table.csv"},
        artifacts=["metrics", "confusion", "report"],
    ),
    Step(
        sample="summarise_text",
        values={"most": "2", "title": "Ünïcode, \"quotes\" and 'more'"},
        files={"text": _CASES / "summarise_text/tests/cases/short/text.txt"},
        artifacts=["report"],
    ),
)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.component or step.sample)
def test_a_sample_gives_what_the_local_runner_gives(
    kubectl: Kubectl, sample: Sample, push: Push, tmp_path: Path, step: Step
) -> None:
    folder = sample(step.sample)
    push(folder)
    printed, artifacts = _locally(folder, step, tmp_path)
    finished, name = _by_argo(kubectl, step.contract(folder), step)
    given = finished.parameters(name)
    assert sorted(f"{port}={value}" for port, value in given.items()) == sorted(printed.splitlines())
    by_argo = finished.artifacts(name)
    assert {port: by_argo[port] for port in step.artifacts} == artifacts


def _locally(folder: Path, step: Step, scratch: Path) -> tuple[str, dict[str, bytes]]:
    """Run a step as a process; return what it printed, and its output artifacts."""
    inputs = [f"{port}={value}" for port, value in {**step.values, **step.files}.items()]
    paths = {port: scratch / port for port in step.artifacts}
    words = [word for one in inputs for word in ("-i", one)]
    words += [word for port, path in paths.items() for word in ("-o", f"{port}={path}")]
    words += ["--component", step.component] if step.component else []
    printed = ok("run", folder, "--runner", "process", *words, folder=scratch)
    return printed, {port: path.read_bytes() for port, path in paths.items()}


def _by_argo(kubectl: Kubectl, contract: Path, step: Step) -> tuple[Finished, str]:
    """Run a step by Argo; return its results and the template's name."""
    template = ok("convert", contract, "--to", "argo")
    name = kubectl("apply", "-f", "-", "-o", "jsonpath={.metadata.name}", data=template)
    keys = {port: f"{kubectl.namespace}/{name}/{port}" for port in step.files}
    for port, path in step.files.items():
        store.put(keys[port], path.read_bytes())
    finished = workflows.run(kubectl, workflows.of_template(name, parameters=step.values, artifacts=keys))
    assert finished.phase == "Succeeded", (finished.message, finished.nodes)
    return finished, name

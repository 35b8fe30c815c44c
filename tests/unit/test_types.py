import subprocess
import sys

from toolkit.types import Artifact, ClassificationMetrics, Dataset, Input, Metrics, Model, Output


def _step(rows: Input[Dataset], model: Output[Model], numbers: Output[Metrics]) -> int:
    """Use what a type checker must know of the annotations."""
    model.framework = rows.path
    numbers.log_metric("accuracy", 0.5)
    return len(rows.metadata)


def test_a_step_can_be_called_by_hand() -> None:
    rows, model, numbers = Dataset(path="rows.csv", metadata={"n": 3}), Model(), Metrics()
    assert _step(rows, model, numbers) == 1
    assert model.metadata == {"framework": "rows.csv"}
    assert numbers.metadata == {"accuracy": 0.5}


def test_the_path_and_the_uri() -> None:
    assert (Artifact(path="a").path, Artifact(path="a").uri) == ("a", "a")
    assert (Artifact(uri="s3://a", path="b").path, Artifact(uri="s3://a", path="b").uri) == ("b", "s3://a")


def test_classification_metrics() -> None:
    metrics = ClassificationMetrics()
    metrics.log_roc_curve([0.0, 1.0], [0.5, 1.0], [0.9, 0.1])
    metrics.log_confusion_matrix(["a", "b"], [[1, 2], [3, 4]])
    assert metrics.metadata["confidenceMetrics"][1] == {
        "confidenceThreshold": 0.1,
        "recall": 1.0,
        "falsePositiveRate": 1.0,
    }
    assert metrics.metadata["confusionMatrix"]["rows"] == [{"row": [1, 2]}, {"row": [3, 4]}]


def test_nothing_outside_the_standard_library_is_imported() -> None:
    program = "import sys, toolkit.types; print({m.partition('.')[0] for m in sys.modules} - sys.stdlib_module_names)"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    tops = {word.strip("'") for word in done.stdout.strip(" {}\n").split(", ")}
    assert not tops & {"click", "yaml", "urllib3", "packaging", "cookiecutter", "kfp"}

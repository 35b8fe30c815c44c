"""`comp stubs`, and what mypy finds with its modules."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.conftest import ROOT
from tests.loadable import publish_contract

PIPELINE = """\
from kfp import dsl

from components import prepare, train

def training(rows: dsl.Input[dsl.Dataset], epochs: int, note: str) -> None:
    first = train(training_data=rows, epochs=epochs, note=note).set_memory_limit("1G")
    train(training_data=prepare(rows=rows).output, epochs=3).after(first)
    train(training_data=prepare(rows=rows).outputs.table)
    with dsl.If(first.outputs.accuracy > 0.5):
        first.outputs["model"]
    # Wrong ones.
    train(training_data=rows, epochs="3")
    train(epochs=3)
    train(training_data=rows, epoch=3)
    train(training_data=first.outputs.model)
    train(training_data=rows, epochs=first.outputs.accuracy)
    first.outputs.modle
    first.output
    prepare(rows).outputs
"""
FOUND = [
    'Argument "epochs" to "train" has incompatible type "str"; expected "int | Output[int]"',
    'Missing named argument "training_data" for "train"',
    'Unexpected keyword argument "epoch" for "train"; did you mean "epochs"?',
    'Argument "training_data" to "train" has incompatible type "Output[Model]"; expected "Artifact | Output[Dataset]"',
    'Argument "epochs" to "train" has incompatible type "Output[float]"; expected "int | Output[int]"',
    '"TrainOutputs" has no attribute "modle"; maybe "model"?',
    '"Task[TrainOutputs]" has no attribute "output"; maybe "outputs"?',
    'Too many positional arguments for "prepare"',
]
PREPARE = b"""\
name: Prepare
inputs: [{name: rows, type: Dataset}]
outputs: [{name: table, type: Dataset}]
implementation:
  container:
    image: registry.example.com/ml/prepare@sha256:%s
    command: [prepare, {inputPath: rows}, {outputPath: table}]
""" % (b"0" * 64)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Lock ml/train and ml/prepare."""
    publish_contract(tmp_path / "shared", "1.0.0")
    publish_contract(tmp_path / "shared", "2.0.0", name="prepare", content=PREPARE)
    (tmp_path / "project").mkdir()
    ok("add", "train", "prepare", "--registry", "../shared", folder=tmp_path / "project")
    return tmp_path / "project"


def test_a_module_is_written_once_and_checked(project: Path) -> None:
    first = comp("stubs", "--output", "components.py", folder=project)
    assert (first.code, first.out, first.err) == (0, "", "wrote components.py\n")
    written = (project / "components.py").read_text()
    assert ok("stubs", folder=project) == written.rstrip("\n")
    for words in (["stubs", "--output", "components.py"], ["stubs", "--output", "components.py", "--check"]):
        again = comp(*words, folder=project)
        assert (again.code, again.out, again.err) == (0, "", "components.py is fresh\n")
    publish_contract(project.parent / "shared", "1.1.0")
    ok("update", "train", folder=project)
    stale = comp("stubs", "--output", "components.py", "--check", folder=project)
    assert (stale.code, stale.err) == (1, "stale: run `comp stubs --output components.py`\n")
    assert stale.out.startswith("--- a/components.py\n+++ b/components.py\n")
    assert "+    ml/train@1.1.0\n" in stale.out
    assert (project / "components.py").read_text() == written


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--check"], 2, "--check compares a file, and none is named"),
        (["--output", "stubs.txt"], 2, "--output stubs.txt is no Python module"),
        (["train@^9"], 1, "ml/train is locked at 1.0.0, which 'train@^9' does not allow"),
        (["absent.yaml"], 1, "absent.yaml does not exist"),
    ],
)
def test_what_it_cannot_write_is_an_error(project: Path, words: list[str], code: int, message: str) -> None:
    result = comp("stubs", *words, folder=project)
    assert (result.code, result.out) == (code, "")
    assert message in result.err
    assert "\n\nhint: " in result.err


def test_mypy_finds_wrong_calls_and_no_others(project: Path) -> None:
    ok("stubs", "--output", "components.py", folder=project)
    (project / "pipeline.py").write_text(PIPELINE)
    (project / "mypy.ini").write_text("[mypy]\nstrict = true\n[mypy-kfp.*]\nignore_missing_imports = true\n")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-color-output", "--hide-error-codes", "pipeline.py", "components.py"],
        cwd=project,
        # As where toolkit is installed.
        env={**os.environ, "MYPYPATH": "", "PYTHONPATH": str(ROOT), "MYPY_CACHE_DIR": str(project.parent / "cache")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    begin = PIPELINE[: PIPELINE.index("# Wrong ones.")].count("\n") + 2
    expected = [f"pipeline.py:{begin + number}: error: {message}" for number, message in enumerate(FOUND)]
    assert [line for line in checked.stdout.splitlines() if "error:" in line] == expected, checked.stdout

import json
from pathlib import Path

import pytest

from tests.versions_of_contracts import contract, document
from toolkit.breaking.change import Category
from toolkit.breaking.comparison import compare
from toolkit.consumers.changed import Changed
from toolkit.consumers.check import Checked, as_data, check_consumers
from toolkit.errors import InputError, UsageError

OLD = contract("{name: a}, {name: seed, optional: true}", version="1.2.0")
NEW = contract("{name: a}", version="1.3.0")


def _changed(folder: Path, new: str | None = NEW) -> Changed:
    contract_path = folder / "train" / "component.yaml"
    if new is None:
        return Changed(contract=contract_path, title="train")
    found = compare(document(OLD), document(new))
    return Changed(
        contract=contract_path, title="Train", old=found.old, new=found.new, found=found, namespace="ml", name="train"
    )


def _check(folder: Path, *paths: Path, new: str | None = NEW) -> Checked:
    return check_consumers(
        paths or (folder / "pipelines",), [_changed(folder, new)], category=Category.PIPELINE, environ={}
    )


def _source(folder: Path, call: str, contract_path: str = "train/component.yaml") -> Path:
    path = folder / "pipelines" / "weekly.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f'from kfp.components import load_component_from_file as load\ntrain = load("{contract_path}")\n{call}\n'
    )
    return path


def _vendored(folder: Path, requested: str) -> None:
    place = folder / "components" / "ml" / "train"
    place.mkdir(parents=True)
    (place / "component.yaml").write_text(OLD)
    entry = {"version": "1.2.0", "requested": requested, "path": "components/ml/train/component.yaml"}
    (folder / "components.lock").write_text(json.dumps({"version": 1, "components": {"ml/train": entry}}))


def test_a_pipeline_that_passes_what_is_gone_breaks(tmp_path: Path) -> None:
    _source(tmp_path, "train(a=1, seed=2)")
    checked = _check(tmp_path)
    (finding,) = checked.findings
    assert (finding.rule, str(finding.severity), finding.where.line) == ("B101", "error", 3)
    assert finding.message == "the step train of weekly passes 'seed', and that input is gone"
    assert checked.summary() == "1 use of what changed in 1 file: 1 breaks"
    data = as_data(checked)
    assert (data["files"], data["uses"], data["broken"], data["unknown"]) == (1, 1, 1, [])
    assert data["breaks"] == [
        {
            "rule": "B101",
            "severity": "error",
            "pipeline": "weekly",
            "step": "train",
            "message": finding.message,
            "help": "",
            "path": str(finding.where.path),
            "line": 3,
            "column": finding.where.column,
        }
    ]


def test_a_pipeline_that_does_not_use_the_change_goes_on(tmp_path: Path) -> None:
    _source(tmp_path, "train(a=1)")
    checked = _check(tmp_path)
    assert (checked.findings, checked.summary()) == ([], "1 use of what changed in 1 file: 0 break")
    _source(tmp_path, "train(a=1, seed=2)", "load/component.yaml")
    assert _check(tmp_path).summary() == "no use of what changed in 1 file"


def test_a_component_that_is_gone_breaks_every_use(tmp_path: Path) -> None:
    _source(tmp_path, "train(a=1)")
    (finding,) = _check(tmp_path, new=None).findings
    assert (finding.rule, finding.message) == (
        "B305",
        "the step train of weekly uses train, whose contract is gone",
    )


def test_a_lock_that_takes_the_new_version_breaks(tmp_path: Path) -> None:
    _vendored(tmp_path, "^1")
    source = _source(tmp_path, "train(a=1, seed=2)", "../components/ml/train/component.yaml")
    checked = _check(tmp_path, tmp_path / "components.lock", source)
    assert [(each.rule, str(each.severity), each.message) for each in checked.findings] == [
        ("B101", "error", "ml/train@^1 takes 1.3.0, which breaks callers (B101)"),
        ("B101", "error", "the step train of weekly passes 'seed', and that input is gone"),
    ]


def test_a_lock_that_keeps_the_old_version_warns(tmp_path: Path) -> None:
    _vendored(tmp_path, "1.2.0")
    source = _source(tmp_path, "train(a=1, seed=2)", "../components/ml/train/component.yaml")
    checked = _check(tmp_path, tmp_path / "components.lock", source)
    assert [(str(each.severity), each.message, each.help) for each in checked.findings] == [
        (
            "warning",
            "ml/train@1.2.0 keeps 1.2.0; 1.3.0 breaks callers (B101)",
            "change the pipelines together with the request",
        ),
        (
            "warning",
            "the step train of weekly passes 'seed', and that input is gone",
            "components.lock keeps ml/train@1.2.0; with 1.3.0 it breaks",
        ),
    ]
    assert checked.summary() == "2 uses of what changed in 2 files: 0 break, 2 later"
    assert (as_data(checked)["broken"], as_data(checked)["later"]) == (0, 2)


def test_a_compiled_pipeline_warns(tmp_path: Path) -> None:
    inputs = "{parameters: {seed: {runtimeValue: {constant: 3}}}}"
    (tmp_path / "weekly.yaml").write_text(
        "pipelineInfo: {name: weekly}\n"
        f"root: {{dag: {{tasks: {{train: {{componentRef: {{name: comp-train}}, inputs: {inputs}}}}}}}}}\n"
    )
    (finding,) = _check(tmp_path, tmp_path / "weekly.yaml").findings
    assert str(finding.severity) == "warning"
    assert finding.help == "it runs with its own copy of the contract; compiled again it breaks"


def test_what_is_not_known_is_said_where_something_breaks(tmp_path: Path) -> None:
    _source(tmp_path, "train(a=1, **more)\nload(name)")
    assert [unknown.where.line for unknown in _check(tmp_path).unknown] == [3, 4]
    assert _check(tmp_path, new=OLD.replace("Train", "Train ").replace("1.2.0", "1.2.1")).unknown == []


def test_files_that_are_no_consumers(tmp_path: Path) -> None:
    (tmp_path / "pipelines" / ".venv").mkdir(parents=True)
    (tmp_path / "pipelines" / ".venv" / "a.py").write_text("import kfp\n(")
    (tmp_path / "pipelines" / "other.py").write_text("print(")
    (tmp_path / "pipelines" / "values.yaml").write_text("a: [")
    assert _check(tmp_path).files == 0
    for name, error, message in (
        ("other.py", UsageError, "is not a pipeline"),
        ("missing.py", InputError, "does not exist"),
    ):
        with pytest.raises(error, match=message):
            _check(tmp_path, tmp_path / "pipelines" / name)


@pytest.mark.parametrize(
    "head", [b"# -*- coding: latin-1 -*-\n# \xe9\n", b"\xef\xbb\xbf"], ids=["latin-1", "byte-order mark"]
)
def test_python_in_another_encoding_is_read(tmp_path: Path, head: bytes) -> None:
    path = _source(tmp_path, "train(a=1, seed=2)")
    path.write_bytes(head + path.read_bytes())
    assert [finding.rule for finding in _check(tmp_path).findings] == ["B101"]


def test_a_pipeline_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    _source(tmp_path, "train(")
    checked = _check(tmp_path)
    assert (checked.files, len(checked.unknown)) == (1, 1)
    assert "syntax error" in checked.unknown[0].message

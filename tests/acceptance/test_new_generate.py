"""`comp new` and `comp generate` as users run them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import comp, ok

CODE = '''
from kfp import dsl
from kfp.dsl import Dataset, Input, Model, Output

ROUNDS = 3


@dsl.component(packages_to_install=["pandas==2.2.2"])
def train(rows: Input[Dataset], model: Output[Model], c: float = 0.5, deep: bool = True) -> float:
    """Fit a "model".

    Args:
        rows: The table.
        model: What was fitted.
        c: Strength.
        deep: How.

    Returns:
        The accuracy.
    """
    return c * ROUNDS


@dsl.pipeline
def pipe() -> None:
    train()
'''


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(CODE)
    return tmp_path


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_function_becomes_a_folder(source: Path) -> None:
    result = comp("new", "train-model", "--from-function", "train.py:train", folder=source)
    assert (result.code, result.out) == (0, "")
    assert result.err == (
        "made train_model/:\n"
        "  .comp/scaffold.json\n"
        "  README.md\n"
        "  component.yaml\n"
        "  pyproject.toml\n"
        "  src/train.py\n"
        "  tests/test_train.py\n"
        "next: comp lint train_model, comp build train_model\n"
    )
    assert sorted(path.name for path in source.iterdir()) == ["train.py", "train_model"]
    component = source / "train_model"
    assert '"pandas==2.2.2",' in (component / "pyproject.toml").read_text()
    assert "pipeline" not in (component / "src" / "train.py").read_text()
    assert "| `c` | Float | value | `0.5` | Strength. |" in (component / "README.md").read_text()
    ok("lint", component)
    ok("generate", "--check", component)
    # toolkit.types is on the author's machine; the own tests of the component pass there.
    program = "import train; print(train.train(None, None, c=2.0))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=component / "src", capture_output=True, text=True, check=True
    )
    assert done.stdout == "6.0\n"


def test_an_example_to_begin_with(tmp_path: Path) -> None:
    ok("new", "hello", folder=tmp_path)
    ok("lint", tmp_path / "hello")
    text = tmp_path / "text.txt"
    text.write_text("a b a")
    ok("run", tmp_path / "hello", "--runner", "process", "-i", f"text={text}", "-o", f"counts={tmp_path / 'counts'}")


def test_an_existing_folder_is_left_alone(source: Path) -> None:
    (source / "train_model").mkdir()
    (source / "train_model" / "mine.txt").write_text("mine")
    before = _files(source)
    result = comp("new", "train-model", "--from-function", "train.py:train", folder=source)
    assert result.code == 1
    assert result.err == (
        "error: train_model exists already\n\nhint: choose another name, or overwrite its files with --force\n"
    )
    assert _files(source) == before
    ok("new", "train-model", "--from-function", "train.py:train", "--force", folder=source)
    assert _files(source)["train_model/mine.txt"] == b"mine"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["new", "Train Model"], 2, "'Train Model' is not a component name"),
        (["new", "x", "--from-function", "train.py"], 2, "write it as FILE.py:FUNCTION"),
        (["new", "x", "--from-function", "train.py:trian"], 1, "did you mean 'train'?"),
        (["new", "x", "--from-function", "gone.py:train"], 1, "the file is missing"),
    ],
)
def test_nothing_is_left_behind(source: Path, arguments: list[str], code: int, message: str) -> None:
    before = _files(source)
    result = comp(*arguments, folder=source)
    assert (result.code, result.out) == (code, "")
    assert message in result.err
    assert _files(source) == before
    assert [path.name for path in source.iterdir()] == ["train.py"]


def test_generate_checks_and_writes(source: Path) -> None:
    ok("new", "train-model", "--from-function", "train.py:train", folder=source)
    component = source / "train_model"
    contract, module = component / "component.yaml", component / "src" / "train.py"
    pinned = f"example.org/train@sha256:{'a' * 64}"
    contract.write_text(contract.read_text().replace("train-model:0.1.0", pinned))
    ok("generate", "--check", component)
    module.write_text(module.read_text().replace("c: float = 0.5", "c: float = 0.25"))
    before = _files(component)
    result = comp("generate", "--check", component)
    assert result.code == 1
    assert "-- {name: c, type: Float, default: '0.5', description: Strength.}" in result.out
    assert "+- {name: c, type: Float, default: '0.25', description: Strength.}" in result.out
    assert _files(component) == before
    ok("generate", component)
    assert pinned in contract.read_text()
    ok("generate", "--check", component)


@pytest.mark.parametrize(
    ("base", "python", "kept", "safe_path"),
    [
        ("python:3.9", ">=3.11", False, True),
        ("python:3.10-slim", ">=3.10", True, False),
        ("docker.io/library/python:3.12.4", ">=3.12", True, True),
        ("example.org/own:1", ">=3.11", True, True),
    ],
)
def test_the_decorators_base(tmp_path: Path, base: str, python: str, *, kept: bool, safe_path: bool) -> None:
    code = f"from kfp import dsl\n@dsl.component(base_image={base!r})\ndef f(x: int) -> int:\n    return x\n"
    (tmp_path / "steps.py").write_text(code)
    result = comp("new", "step", "--from-function", "steps.py:f", folder=tmp_path)
    assert result.code == 0
    assert (f"the base {base} is left out" in result.err) is not kept
    settings = (tmp_path / "step" / "pyproject.toml").read_text()
    assert f'requires-python = "{python}"' in settings
    assert (f'base = "{base}"' in settings) is kept
    contract = (tmp_path / "step" / "component.yaml").read_text()
    assert ("python, -P, /opt/comp/launch.py" in contract) is safe_path


def test_an_import_that_nothing_known_brings_is_not_required(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("import utils_of_mine, yaml\ndef f() -> int:\n    return utils_of_mine, yaml\n")
    result = comp("new", "step", "--from-function", "steps.py:f", folder=tmp_path)
    assert result.code == 1
    assert result.err.endswith(
        "warning: steps.py:1:1: `utils_of_mine` is imported; no known distribution has it, and one of that name may be "
        "anyone's; add the right distribution to `dependencies` in the new pyproject.toml [F013]\n"
        "error: step is made, but it does not work yet: see the warnings above\n"
        "\nhint: settle them, then comp lint step, comp build step\n"
    )
    settings = (tmp_path / "step" / "pyproject.toml").read_text()
    assert 'dependencies = [\n  "pyyaml",\n]' in settings


def test_a_module_is_cut_or_taken_whole(tmp_path: Path) -> None:
    (tmp_path / "train-model.py").write_text("print(1)\ndef f(x: int) -> int:\n    return x\n")
    result = comp("new", "cut", "--from-function", "train-model.py:f", folder=tmp_path)
    assert result.code == 0
    assert "note: line 1 stays behind, though it may have an effect: print(1)\n" in result.err
    assert "note: --whole-module takes the module as it is" in result.err
    assert "note: the module is called train_model in the component\n" in result.err
    assert 'entrypoint = "train_model:f"' in (tmp_path / "cut" / "pyproject.toml").read_text()
    ok("new", "whole", "--from-function", "train-model.py:f", "--whole-module", folder=tmp_path)
    assert (tmp_path / "whole" / "src" / "train_model.py").read_text().startswith("print(1)\n")
    assert "3" in ok("run", tmp_path / "whole", "--runner", "process", "-i", "x=3")


def test_a_function_of_a_package_keeps_its_place(tmp_path: Path) -> None:
    (tmp_path / "comps").mkdir()
    (tmp_path / "comps" / "__init__.py").touch()
    (tmp_path / "comps" / "types.py").write_text("TWO = 2\n")
    (tmp_path / "comps" / "double.py").write_text("from .types import TWO\ndef f(x: int) -> int:\n    return TWO * x\n")
    ok("new", "double", "--from-function", "comps/double.py:f", folder=tmp_path)
    assert (tmp_path / "double" / "tests" / "test_comps_double.py").is_file()
    ok("generate", "--check", tmp_path / "double")
    assert "6" in ok("run", tmp_path / "double", "--runner", "process", "-i", "x=3")

"""The Python that compiles: how it is found, and what is wrong with it. kfp itself is asked in tests/engines."""

import os
import sys
from pathlib import Path

import pytest

from toolkit.errors import InputError, OutsideError, UsageError
from toolkit.pipelines.kfp_process import Request, ask, kfp_python

PYTHON = Path(sys.executable)


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    path = tmp_path / "p.py"
    path.write_text("x = 1\n")
    return path


def compiled_with(kfp: str, pipeline: Path) -> None:
    """Ask a Python whose kfp is this text."""
    package = pipeline.parent / "packages" / "kfp"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(kfp)
    ask(PYTHON, Request(path=pipeline, parameters={}), {**os.environ, "PYTHONPATH": str(package.parent)})


@pytest.mark.parametrize(
    ("kfp", "message"),
    [
        ("raise ModuleNotFoundError('no', name='kfp')", f"{PYTHON} has no kfp"),
        ("import missing_x", f"{PYTHON} has a kfp without missing_x"),
        ("raise ImportError('half of it')", f"kfp cannot be imported in {PYTHON}: half of it"),
        ("__version__ = '1.8.22'", f"{PYTHON} has kfp 1.8.22, and compiling needs kfp 2"),
        ("", f"{PYTHON} has kfp unknown, and compiling needs kfp 2"),
        ("import os; os._exit(7)", "the Python that compiles it ended with code 7, without a result"),
        ("1 / 0", "the Python that compiles it ended with code 1, without a result"),
    ],
)
def test_an_unfit_kfp_is_named(pipeline: Path, kfp: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        compiled_with(kfp, pipeline)
    assert caught.value.message == message
    assert caught.value.hint


def test_the_time_is_bounded(pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_PIPELINE_SECONDS", "1")
    with pytest.raises(InputError, match="was not compiled within 1 seconds"):
        compiled_with("import threading; threading.Event().wait()", pipeline)


def test_the_option_comes_before_the_variable_and_comps_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kfp_python(PYTHON, {"COMP_KFP_PYTHON": "/none"}) == PYTHON
    assert kfp_python(None, {"COMP_KFP_PYTHON": str(PYTHON)}) == PYTHON
    with pytest.raises(UsageError, match="COMP_KFP_PYTHON /none is not a program"):
        kfp_python(None, {"COMP_KFP_PYTHON": "/none"})
    with pytest.raises(UsageError, match=f"--python {tmp_path} is not a program"):
        kfp_python(tmp_path, {})
    monkeypatch.setattr("toolkit.pipelines.kfp_process.find_spec", lambda _: None)
    with pytest.raises(InputError, match="kfp, which is not installed here"):
        kfp_python(None, {})


def test_what_is_no_python_cannot_start(pipeline: Path, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("")
    program.chmod(0o755)
    with pytest.raises(OutsideError, match="cannot start"):
        ask(program, Request(path=pipeline, parameters={}), os.environ)

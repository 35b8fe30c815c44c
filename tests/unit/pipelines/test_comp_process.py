"""comp in a process of its own, with programs that answer in its place."""

import os
import sys
from pathlib import Path

import pytest

from toolkit.pipelines import comp_process
from toolkit.pipelines.comp_process import ComponentError, Place, ask_comp


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the path of a module `answering`, which comp's Python finds."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "answering.py"


def test_an_answer_is_data(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(comp_process.IMAGES, "push")
    program.write_text(
        "import json, os, sys\n"
        "print(json.dumps({'request': json.load(sys.stdin), 'set': 'COMP_PIPELINE_IMAGES' in os.environ}))\n"
    )
    assert ask_comp("answering", {"a": [1]}, what="it") == {"request": {"a": [1]}, "set": False}


def test_an_error_is_raised_with_its_place(program: Path) -> None:
    facts = {"error": "no", "hint": "try", "exit_code": 1, "where": {"path": "a.py", "line": 2, "column": None}}
    program.write_text(f"import json\nprint(json.dumps({facts!r}))\n")
    with pytest.raises(ComponentError) as caught:
        ask_comp("answering", {}, what="it")
    assert (caught.value.message, caught.value.hint, caught.value.exit_code) == ("no", "try", 1)
    assert caught.value.where == Place(Path("a.py"), 2, None)
    assert str(caught.value) == "a.py:2: no\n\nhint: try"


@pytest.mark.parametrize("source", ["print('[1, 2]')", "print('x')", "raise SystemExit(3)"])
def test_what_is_no_answer_is_an_error(program: Path, source: str) -> None:
    program.write_text(source)
    with pytest.raises(ComponentError, match=r"loading x ended with code \d, without a result") as caught:
        ask_comp("answering", {}, what="loading x")
    assert caught.value.exit_code == 3


def test_a_python_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(comp_process.PYTHON, str(tmp_path / "none"))
    with pytest.raises(ComponentError, match=r"cannot start .*none: No such file"):
        ask_comp("answering", {}, what="it")
    monkeypatch.delenv(comp_process.PYTHON)
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(ComponentError, match="has no Python of its own"):
        ask_comp("answering", {}, what="it")
    assert os.environ.get(comp_process.PYTHON) is None

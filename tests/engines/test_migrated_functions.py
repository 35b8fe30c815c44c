"""Migrated modules with real KFP: its 2 makes the components that its 1.8 made of the module before."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.migrated_modules import ADD, TRAIN, migrated_module

PROGRAM = Path(__file__).resolve().parent.parent / "kfp" / "made_of_functions.py"
# What runs in the container: KFP 2 passes paths of files and values.
RUN = """
def f(
    a_path: InputPath('CSV'), b_file: InputTextFile(), c_path: OutputPath('CSV'), d_file: OutputTextFile(),
    n, m: 'Float',
) -> str:
    d_file.write(b_file.read() + open(a_path).read())
    open(c_path, 'w').write(n)
    return str(m)
op = func_to_container_op(f)
"""


def _made(python: Path, path: Path) -> dict[str, Any]:
    """Return the ports of the components that a KFP makes of a module."""
    done = subprocess.run(
        [python, "-W", "ignore", PROGRAM, path], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made


@pytest.mark.parametrize("text", [TRAIN, ADD], ids=["train", "add"])
def test_kfp_2_makes_the_components_that_kfp_1_made(text: str, kfp1: Path, kfp2: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "old.py", tmp_path / "new.py"
    old.write_text(text)
    new.write_text(migrated_module(text).new.text)
    before, made = _made(kfp1, old), _made(kfp2, new)
    assert made == before
    assert before


def test_a_migrated_function_reads_and_writes_the_same_files(kfp2: Path, tmp_path: Path) -> None:
    names = "InputPath, InputTextFile, OutputPath, OutputTextFile, func_to_container_op"
    text = migrated_module(f"from kfp.components import {names}\n{RUN}").new.text
    for name in ("a", "b"):
        (tmp_path / name).write_text(f"<{name}>")
    call = (
        "\nprint(op.python_func(a='a', b='b', c='c', d='d', n='five', m=1.5), "
        "sorted(op.component_spec.inputs), flush=True)\n"
    )
    (tmp_path / "new.py").write_text(text + call)
    done = subprocess.run(
        [kfp2, "-W", "ignore", "new.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "1.5 ['a', 'b', 'm', 'n']\n"), done.stderr[-2000:]
    assert ((tmp_path / "c").read_text(), (tmp_path / "d").read_text()) == ("five", "<b><a>")

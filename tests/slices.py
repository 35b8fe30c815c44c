"""Slices of a module made from a text, and what they give when they run alone."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from toolkit.scaffold.slice import Slice, slice_function


def cut_code(folder: Path, code: str, **others: str) -> Slice:
    """Cut the function `f` out of `code`, with other modules beside it."""
    source = folder / "source"
    source.mkdir()
    (source / "pipe.py").write_text(dedent(code))
    for name, text in others.items():
        (source / f"{name}.py").write_text(dedent(text))
    return slice_function(source / "pipe.py", "f", environ={}, here=source)


def run_alone(folder: Path, cut: Slice, expression: str) -> str:
    """Import a slice alone, evaluate an expression of it, and return the output."""
    alone = folder / "alone"
    for copy in cut.copies:
        (alone / copy.target).parent.mkdir(parents=True, exist_ok=True)
        (alone / copy.target).write_bytes(copy.path.read_bytes())
    (alone / cut.place).parent.mkdir(parents=True, exist_ok=True)
    (alone / cut.place).write_text(cut.text)
    program = f"import {cut.module} as pipe; print({expression})"
    done = subprocess.run([sys.executable, "-c", program], cwd=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Write files by their paths below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text))

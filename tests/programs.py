"""Programs and notebooks made from text, and a short form of their options."""

import json
from pathlib import Path
from textwrap import dedent

from toolkit.interface.programs.model import Option, Program
from toolkit.interface.programs.reader import read_program

ARGPARSE = "import argparse, os, pathlib\nfrom argparse import ArgumentParser\nDEFAULT = 3\np = ArgumentParser()\n"


def read_code(folder: Path, code: str, *, subcommand: str | None = None, **beside: str) -> Program:
    """Read the program `code`, with other modules beside it."""
    for name, text in {"prog": code, **beside}.items():
        (folder / f"{name}.py").write_text(dedent(text), encoding="utf-8")
    return read_program(folder / "prog.py", {}, subcommand=subcommand)


def shown(option: Option) -> tuple[object, ...]:
    """Return what most tests compare of an option."""
    return (option.name, option.flag, option.type, str(option.form), option.default, option.required)


def write_notebook(folder: Path, *sources: str, tags: tuple[str, ...] = ()) -> Path:
    """Write a notebook of a text and cells of code; the first one has the tags."""
    cells: list[dict[str, object]] = [{"cell_type": "markdown", "source": "# A title", "metadata": {}}]
    for number, source in enumerate(sources):
        metadata = {"tags": list(tags)} if not number else {}
        cells.append({"cell_type": "code", "source": source, "metadata": metadata})
    path = folder / "n.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    return path

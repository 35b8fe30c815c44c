"""Builds a wheel, inside a jail: a front end for build backends (PEP 517). Standard library only, any Python from 3.10.

    frontend.py PLAN          make an environment with what the build requires, and build in it
    frontend.py PLAN hooks    the second half, run by that environment's Python

PLAN is a file of JSON. If the backend requires more than the plan has, `requires.json` is written instead of the wheel:
the caller fetches that, and calls again.
"""

import importlib
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ASKS_FOR_MORE = 76
# Type checkers know this name, so nothing has to import typing's when the program starts.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def main(path: str) -> int:
    """Make the environment, and build in it."""
    plan = json.loads(Path(path).read_text("utf-8"))
    venv = [plan["uv"], "venv", "--quiet", "--offline", "--python", plan["python"], plan["environment"]]
    subprocess.run(venv, check=True)
    programs = Path(plan["environment"], "bin")
    python = str(programs / "python")
    if plan["requires"]:
        # Everything lies in one folder: the jail has no network, and nothing else may be built.
        install = [plan["uv"], "pip", "install", "--quiet", "--offline", "--no-index", "--only-binary=:all:"]
        install += ["--find-links", plan["wheels"], "--python", python, *plan["requires"]]
        subprocess.run(install, check=True)
    # Builds call programs that their requirements bring, such as ninja or cython.
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
    os.environ["VIRTUAL_ENV"] = plan["environment"]
    # A process of its own, since this Python lacks what the build requires. Hooks run in the source's folder (PEP 517).
    return subprocess.run([python, __file__, path, "hooks"], cwd=unpacked(plan), check=False).returncode


def unpacked(plan: "dict[str, Any]") -> Path:
    """Return the folder of the source: as it is, or unpacked from a source distribution."""
    source, folder = Path(plan["source"]), Path(plan["home"], "unpacked")
    if source.is_dir():
        return source
    if tarfile.is_tarfile(source):
        with tarfile.open(source) as archive:
            archive.extractall(folder)  # noqa: S202 (whatever it does, it does in the jail)
    else:
        with zipfile.ZipFile(source) as zipped:
            zipped.extractall(folder)  # noqa: S202 (likewise)
    # A source distribution has one folder at its top (PyPA, "Source distribution format").
    (inner,) = folder.iterdir()
    return inner


def hooks(path: str) -> int:
    """Call the backend, in the folder of the source."""
    plan = json.loads(Path(path).read_text("utf-8"))
    # Nothing is imported from the front end's own folder; the backend may lie in the source.
    sys.path[:1] = [str(Path.cwd() / part) for part in plan["path"]]
    module, _, name = plan["backend"].partition(":")
    backend: Any = importlib.import_module(module)
    for part in filter(None, name.split(".")):
        backend = getattr(backend, part)
    # The hook is optional (PEP 517).
    requires: list[str] = getattr(backend, "get_requires_for_build_wheel", list)()
    if set(requires) - set(plan["requires"]):
        Path(plan["out"], "requires.json").write_text(json.dumps(sorted(requires)), "utf-8")
        return ASKS_FOR_MORE
    backend.build_wheel(plan["out"])
    return 0


if __name__ == "__main__":
    sys.exit(hooks(sys.argv[1]) if sys.argv[2:] else main(sys.argv[1]))

"""Builds a wheel, inside a jail: a front end of build backends (PEP 517). Standard library only, any Python from 3.10.

    frontend.py PLAN          make an environment of what the build requires, and build in it
    frontend.py PLAN hooks    the second half, run by that environment's Python

PLAN is a file of JSON. Instead of the wheel, `requires.json` is written when the backend asks for more than the plan
has; the caller then fetches that, and calls again.
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
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def main(path: str) -> int:
    """Make the environment, and build in it."""
    plan = json.loads(Path(path).read_text("utf-8"))
    made = [plan["uv"], "venv", "--quiet", "--offline", "--python", plan["python"], plan["environment"]]
    subprocess.run(made, check=True)
    programs = Path(plan["environment"], "bin")
    python = str(programs / "python")
    if plan["requires"]:
        install = [plan["uv"], "pip", "install", "--quiet", "--offline", "--no-index", "--only-binary=:all:"]
        install += ["--find-links", plan["wheels"], "--python", python, *plan["requires"]]
        subprocess.run(install, check=True)
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
    os.environ["VIRTUAL_ENV"] = plan["environment"]
    return subprocess.run([python, __file__, path, "hooks"], cwd=unpacked(plan), check=False).returncode


def unpacked(plan: "dict[str, Any]") -> Path:
    """Give the folder of the source: what is given, or the one folder of a source distribution."""
    source, folder = Path(plan["source"]), Path(plan["home"], "unpacked")
    if source.is_dir():
        return source
    if tarfile.is_tarfile(source):
        with tarfile.open(source) as archive:
            archive.extractall(folder)  # noqa: S202 (whatever it does, it does in the jail)
    else:
        with zipfile.ZipFile(source) as zipped:
            zipped.extractall(folder)  # noqa: S202 (likewise)
    (inner,) = folder.iterdir()
    return inner


def hooks(path: str) -> int:
    """Call the backend, in the folder of the source."""
    plan = json.loads(Path(path).read_text("utf-8"))
    # The front end's own folder is no place to import from; the backend's may be in the source.
    sys.path[:1] = [str(Path.cwd() / part) for part in plan["path"]]
    module, _, name = plan["backend"].partition(":")
    backend: Any = importlib.import_module(module)
    for part in filter(None, name.split(".")):
        backend = getattr(backend, part)
    asked: list[str] = getattr(backend, "get_requires_for_build_wheel", list)()
    if set(asked) - set(plan["requires"]):
        Path(plan["out"], "requires.json").write_text(json.dumps(sorted(asked)), "utf-8")
        return ASKS_FOR_MORE
    backend.build_wheel(plan["out"])
    return 0


if __name__ == "__main__":
    sys.exit(hooks(sys.argv[1]) if sys.argv[2:] else main(sys.argv[1]))

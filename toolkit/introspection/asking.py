"""Run a program under the driver and make options of its answer."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

from toolkit import temporary
from toolkit.cache import Cache
from toolkit.errors import InputError, Location, OutsideError
from toolkit.findings import FindingsError, Severity
from toolkit.interface.programs.model import Form, Option, Program
from toolkit.interface.programs.options import default_text, port_name, unique
from toolkit.introspection.driver import MARK
from toolkit.processes import run
from toolkit.python.environment import environment
from toolkit.scaffold.slice import whole_module

DRIVER = Path(__file__).with_name("driver.py")
_SECONDS = 120
_PYTHON = "3.11"


def execute_program(path: Path, cache: Cache, *, word: str | None = None) -> Program:
    """Run the program at `path` up to where it parses its command line, and give what its parser knows.

    The packages it imports are installed in an environment of comp's cache. Programs that read their command line
    by argparse or click, or by what is built on them, can be asked. Raises InputError when the program fails,
    or ends without parsing anything; OutsideError when its packages cannot be installed, or it does not end.
    """
    code = whole_module(path)
    unknown = tuple(one for one in (*code.findings, *code.unknown) if one.severity is Severity.ERROR)
    if unknown:
        # What is installed here runs here: only distributions that are known.
        advice = "name what brings it in the program's own metadata (`# /// script`), or in the project's requirements"
        raise FindingsError(tuple(replace(one, help=advice) for one in unknown))
    python = environment(cache, python=code.requires_python or _PYTHON, requirements=list(code.requirements))
    command = [str(python), str(DRIVER), str(path.resolve()), word or ""]
    with temporary.folder("exec") as folder:
        try:
            done = run(command, folder=Path(folder), seconds=_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise OutsideError(f"{path.name} did not parse its command line within {_SECONDS} s") from error
    answer = answered(done.text)
    if answer is None:
        last = " ".join(done.error_text.strip().splitlines()[-1:]) or "it ended without parsing a command line"
        raise InputError(f"the program cannot be asked: {last}", where=Location(path=path), hint="leave --exec out")
    if "words" in answer:
        problem = f"has no sub-command {answer['unknown']!r}" if "unknown" in answer else "has sub-commands"
        raise InputError(f"{path.name} {problem}", hint=f"--subcommand: {', '.join(answer['words'])}")
    options = unique([option_of(one, path) for one in answer["options"]])
    description = " ".join(answer["description"].split())
    return Program(path=path, kind="asked", description=description, options=options, word=word or "")


def answered(printed: str) -> dict[str, Any] | None:
    """Find the driver's answer in what a program printed."""
    said = [line for line in printed.splitlines() if line.startswith(MARK)]
    answer: dict[str, Any] | None = json.loads(said[-1].removeprefix(MARK)) if said else None
    return answer


def option_of(found: dict[str, Any], path: Path) -> Option:
    """Give one option as the driver describes it; of its place the file alone is known."""
    return Option(
        name=port_name(found["name"]),
        dest=found.get("dest", found["name"]),
        flag=found["flag"],
        type=found["type"],
        where=Location(path=path),
        form=Form(found["form"]),
        items=found["items"],
        default=None if found["required"] else default_text(found["default"], found["type"]),
        required=found["required"],
        choices=tuple(found["choices"]),
        adds=found.get("adds", False),
        const=found.get("const"),
        off=found["off"],
        nested=found.get("nested", False),
        help=" ".join(found["help"].split()),
        before=found["before"],
        declared=found["declared"],
    )

"""Run a program under the driver, and make options of the answer."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from toolkit.cache.store import Cache
from toolkit.errors import FindingsError, InputError, Location, OutsideError, Severity
from toolkit.interface.module import Module
from toolkit.interface.programs.model import Form, Option, Program
from toolkit.interface.programs.options import default_text, port_name, unique
from toolkit.program_probe.driver import MARK
from toolkit.requirements.environment import environment_python
from toolkit.requirements.indexes import Indexes
from toolkit.scaffold.slice import whole_source
from toolkit.scaffold.surroundings import Surroundings
from toolkit.system import temporary
from toolkit.system.processes import run

DRIVER = Path(__file__).with_name("driver.py")
# Importing large libraries from a cold disk can take a minute.
_SECONDS = 120
# For programs whose metadata does not name a version.
_PYTHON = "3.11"


def probe_program(path: Path, cache: Cache, environ: Mapping[str, str], *, subcommand: str | None = None) -> Program:
    """Run the program at `path` until it parses its command line, and return what its parser knows.

    The packages that it imports are installed into an environment in comp's cache. Programs can be probed that parse
    by argparse, click, docopt, jsonargparse, or a library on top of them. Raises FindingsError for imports without a
    known distribution, InputError if the program fails or ends without parsing, OutsideError if its packages cannot be
    installed or it does not end in time.
    """
    module = Module.read(path, environ)
    code = whole_source(module, Surroundings.of(path, Path.cwd()))
    unknown = tuple(finding for finding in (*code.findings, *code.unknown) if finding.severity is Severity.ERROR)
    if unknown:
        # Installed packages run on this machine, so a distribution is never guessed by the name of a module.
        advice = "name what brings it in the program's own metadata (`# /// script`), or in the project's requirements"
        raise FindingsError(tuple(replace(finding, help=advice) for finding in unknown))
    python = environment_python(
        cache,
        python=code.requires_python or _PYTHON,
        requirements=code.requirements,
        indexes=Indexes(environ=environ),
    )
    command = [str(python), str(DRIVER), str(path.resolve()), subcommand or ""]
    # In an empty folder, so that files which the program writes before it parses do not land among the user's.
    with temporary.folder("exec") as folder:
        try:
            done = run(command, folder=Path(folder), seconds=_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise OutsideError(f"{path.name} did not parse its command line within {_SECONDS} s") from error
    answer = read_answer(done.text)
    if answer is None:
        reason = " ".join(done.error_text.strip().splitlines()[-1:]) or "it ended without parsing a command line"
        raise InputError(f"the program cannot be probed: {reason}", where=Location(path=path), hint="leave --exec out")
    if "words" in answer:
        problem = f"has no sub-command {answer['unknown']!r}" if "unknown" in answer else "has sub-commands"
        raise InputError(f"{path.name} {problem}", hint=f"--subcommand: {', '.join(answer['words'])}")
    options = unique([option_of(described, path) for described in answer["options"]])
    description = " ".join(answer["description"].split())
    return Program(
        path=path, module=module, kind="probed", description=description, options=options, subcommand=subcommand or ""
    )


def read_answer(output: str) -> dict[str, Any] | None:
    """Return the driver's answer in the output of a program, None without one.

    The program may print anything before it; the driver's line comes last.
    """
    lines = [line for line in output.splitlines() if line.startswith(MARK)]
    answer: dict[str, Any] | None = json.loads(lines[-1].removeprefix(MARK)) if lines else None
    return answer


def option_of(described: dict[str, Any], path: Path) -> Option:
    """Return the option that the driver describes; its place is the file, since parsers do not know lines."""
    return Option(
        name=port_name(described["name"]),
        dest=described.get("dest", described["name"]),
        flag=described["flag"],
        type=described["type"],
        where=Location(path=path),
        form=Form(described["form"]),
        items=described["items"],
        default=None if described["required"] else default_text(described["default"], described["type"]),
        required=described["required"],
        choices=tuple(described["choices"]),
        adds=described.get("adds", False),
        const=described.get("const"),
        off=described["off"],
        nested=described.get("nested", False),
        help=" ".join(described["help"].split()),
        before=described["before"],
        declared=described["declared"],
    )

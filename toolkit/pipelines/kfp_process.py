"""Ask the Python that has kfp to compile a pipeline.

`kfp_program` runs there, since a pipeline's file is its author's code, and kfp need not be where comp is.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

import toolkit
from toolkit import limits
from toolkit.errors import InputError, Location, OutsideError, UsageError
from toolkit.pipelines import kfp_program
from toolkit.pipelines.comp_process import IMAGES, LOCKED, PYTHON
from toolkit.pipelines.refusals import INSTALL, Refused
from toolkit.system import processes, temporary

log = logging.getLogger(__name__)

Images = Literal["push", "docker", "folder"]


class Request(Struct, frozen=True, kw_only=True):
    """What to compile: a file, the name of a function in it or None, values of its inputs, and kfp's own options.

    `manifest` are the options of a Kubernetes manifest, None for plain IR. `images` says what
    becomes of the pipeline's own functions. With `locked` no component is added to components.lock.
    """

    path: Path
    function: str | None = None
    parameters: Mapping[str, object]
    type_check: bool = True
    disable_caching: bool = False
    manifest: Mapping[str, object] | None = None
    images: Images = "push"
    locked: bool = False


class LoadedRelease(Struct, frozen=True, kw_only=True):
    """The release that `toolkit.load` loaded. `copy` is its contract in the project, which may be missing."""

    name: str
    version: str
    digest: str
    copy: Path


class Loaded(Struct, frozen=True, kw_only=True):
    """A contract that the pipeline loaded: its file or address, None for a text, and the containers that it runs.

    `release` is the one of a registry that `toolkit.load` took it from.
    """

    source: str | None
    text: str
    containers: tuple[Mapping[str, Any], ...]
    release: LoadedRelease | None = None


class Answer(Struct, frozen=True, kw_only=True):
    """What kfp wrote. `function` is the pipeline's name in the file, `defaults` are those of its inputs.

    `functions` are the names of all pipelines and components in the file.

    `manifest` is the Kubernetes manifest, None unless it was asked for.
    """

    function: str
    functions: tuple[str, ...]
    ir: str
    manifest: str | None
    line: int | None
    defaults: Mapping[str, object]
    loaded: tuple[Loaded, ...]


def kfp_python(named: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the Python to compile with: the one named, that of COMP_KFP_PYTHON, or comp's own if it has kfp.

    Raises UsageError if it is not a program, InputError without one.
    """
    text = os.fspath(named) if named else environ.get("COMP_KFP_PYTHON", "")
    if not text:
        if find_spec("kfp") is None:
            raise InputError("compiling a pipeline needs kfp, which is not installed here", hint=INSTALL)
        return Path(sys.executable)
    # Absolute but not resolved: the link in `bin` is what makes a Python that of its environment.
    path = Path(text).expanduser().absolute()
    if not (path.is_file() and os.access(path, os.X_OK)):
        what = "--python" if named else "COMP_KFP_PYTHON"
        raise UsageError(f"{what} {text} is not a program", hint="give the path of a Python, such as .venv/bin/python")
    return path


def ask(python: Path, request: Request, environ: Mapping[str, str]) -> Answer:
    """Compile a pipeline in `python`. Raises InputError for what is wrong with it, OutsideError if it does not end."""
    with temporary.folder("pipeline") as folder:
        question, result = folder / "request.json", folder / "result.json"
        question.write_text(json.dumps(_written(request)), encoding="utf-8")
        try:
            ended = processes.run(
                [str(python), str(Path(kfp_program.__file__)), str(question), str(result)],
                seconds=limits.PIPELINE_SECONDS.value,
                environment={
                    **environ,
                    PYTHON: sys.executable,
                    IMAGES: request.images,
                    "PYTHONUNBUFFERED": "1",
                    **({LOCKED: "1"} if request.locked else {}),
                },
                name=str(python),
                hear=log.info,
            )
        except subprocess.TimeoutExpired as error:
            hint = f"if it needs longer, {limits.PIPELINE_SECONDS.variable}=… raises the limit"
            raise InputError(
                f"the pipeline was not compiled within {error.timeout:.0f} seconds",
                where=Location(path=request.path),
                hint=hint,
            ) from None
        except OSError as error:
            raise OutsideError(f"cannot start {python}: {error.strerror}", hint=INSTALL) from error
        answer = _read(result)
    if answer is None:
        raise InputError(
            f"the Python that compiles it ended with code {ended.code}, without a result",
            where=Location(path=request.path),
            hint="the lines above are its own; the file must not end the process",
        )
    if "error" in answer:
        raise Refused(request.path, python, answer).error()
    loaded = map(_loaded, answer["loads"])
    return Answer(
        function=answer["function"],
        functions=tuple(answer["functions"]),
        ir=answer["ir"],
        manifest=answer["manifest"],
        line=answer["line"],
        defaults=answer["defaults"],
        loaded=tuple(loaded),
    )


def _written(request: Request) -> dict[str, object]:
    """Return a request as JSON data."""
    return {
        # Where the package `toolkit` lies, for `from toolkit import component` in a Python without it.
        "toolkit": str(Path(toolkit.__file__).parent.parent),
        "path": str(request.path.resolve()),
        "function": request.function,
        "parameters": dict(request.parameters),
        "type_check": request.type_check,
        "disable_caching": request.disable_caching,
        "manifest": None if request.manifest is None else dict(request.manifest),
    }


def _loaded(load: Mapping[str, Any]) -> Loaded:
    """Return a contract that the program recorded."""
    release = load["release"] and LoadedRelease(
        name=load["release"]["name"],
        version=load["release"]["version"],
        digest=load["release"]["digest"],
        copy=Path(load["release"]["copy"]),
    )
    return Loaded(
        source=load["source"], text=load["text"], containers=tuple(load["containers"]), release=release or None
    )


def _read(result: Path) -> dict[str, Any] | None:
    """Return the answer; None if the program ended before it wrote one."""
    try:
        return dict(json.loads(result.read_bytes()))
    except (OSError, ValueError):
        return None

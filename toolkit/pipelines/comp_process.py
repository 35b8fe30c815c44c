"""comp in a process of its own, for the code of pipelines, whose Python may have the standard library and kfp alone."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

# Set by `kfp_process`: the Python that has comp, and what becomes of images; empty for a plain `python FILE.py`.
PYTHON, IMAGES = "COMP_TOOLKIT_PYTHON", "COMP_PIPELINE_IMAGES"
# Set by users and by `comp pipeline compile --locked`: nothing is added to components.lock.
LOCKED = "COMP_LOCKED"


class Place(NamedTuple):
    """A place in a file, as `toolkit.errors.Location`."""

    path: Path
    line: int | None
    column: int | None


class ComponentError(Exception):
    """A component that cannot be had, or a build that failed; `exit_code` as in `toolkit.errors`.

    The errors there need more than the standard library.
    """

    def __init__(self, message: str, *, exit_code: int, hint: str | None = None, where: Place | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        # What Python prints below a traceback: a notebook shows nothing else.
        place = f"{':'.join(str(part) for part in self.where if part is not None)}: " if self.where else ""
        return f"{place}{self.message}" + (f"\n\nhint: {self.hint}" if self.hint else "")


def ask_comp(program: str, request: dict[str, Any], *, what: str) -> dict[str, Any]:
    """Let a module of comp answer a request, which is JSON; `what` it does is the subject of errors.

    Raises ComponentError for what comp refuses. What comp says meanwhile goes to stderr.
    """
    python = os.environ.get(PYTHON) or sys.executable
    if not python:
        raise failed("this process has no Python of its own to start comp with", f"set {PYTHON} to one with comp")
    environment = {name: value for name, value in os.environ.items() if name not in {PYTHON, IMAGES}}
    try:
        ended = subprocess.run(
            # `-P`: what it imports must not come from the current folder.
            [python, "-P", "-m", program],
            input=json.dumps(request).encode(),
            stdout=subprocess.PIPE,
            env=environment,
            check=False,
        )
    except OSError as error:
        raise failed(f"cannot start {python}: {error.strerror}", f"set {PYTHON} to a Python with comp") from error
    try:
        answer = dict(json.loads(ended.stdout))
    except (ValueError, TypeError):
        raise failed(
            f"{what} ended with code {ended.returncode}, without a result", "the lines above are its own"
        ) from None
    if "error" in answer:
        place = answer["where"]
        where = place and Place(Path(place["path"]), place["line"], place["column"])
        raise ComponentError(answer["error"], exit_code=answer["exit_code"], hint=answer["hint"], where=where)
    return answer


def wrong(message: str, hint: str) -> ComponentError:
    """Return the error for a call that cannot be followed."""
    return ComponentError(message, exit_code=2, hint=hint)


def failed(message: str, hint: str) -> ComponentError:
    """Return the error for what the machine prevented."""
    return ComponentError(message, exit_code=3, hint=hint)

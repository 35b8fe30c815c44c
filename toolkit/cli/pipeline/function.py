"""The program that `toolkit.component` starts: build a function's image, with JSON on stdin and stdout.

No command of `comp`: it runs in comp's own Python on behalf of a pipeline's code, which may run in another.
"""

import json
import logging
import os
import sys
from pathlib import Path

from toolkit.cli.console import Console, LogHandler, guard
from toolkit.errors import CompError, Location
from toolkit.pipelines.function_image import FunctionRequest, function_image
from toolkit.redaction import hide, learn_from_environment
from toolkit.system import signals
from toolkit.system.os_errors import refusal


def main() -> None:
    """Answer the request on stdin."""
    guard()
    learn_from_environment(os.environ)
    log = logging.getLogger("toolkit")
    log.setLevel(logging.INFO)
    log.handlers = [LogHandler()]
    facts = json.load(sys.stdin)
    request = FunctionRequest(**{**facts, "path": Path(facts["path"])})
    try:
        with signals.exit_on_signals():
            image = function_image(request, os.environ)
    except (CompError, OSError) as error:
        expected = error if isinstance(error, CompError) else refusal(error)
        if expected is None:
            raise
        answer = _refused(expected)
    else:
        answer = {
            "contract": str(image.contract),
            "text": image.text,
            "from_file": image.from_file,
            "ports": dict(image.ports),
        }
    Console().document(json.dumps(answer))


def _refused(error: CompError) -> dict[str, object]:
    """Return an error as data."""
    return {
        "error": hide(error.message),
        "hint": error.hint and hide(error.hint),
        "exit_code": error.exit_code,
        "where": _place(error.where),
    }


def _place(where: Location | None) -> dict[str, object] | None:
    """Return a place as data."""
    return None if where is None else {"path": str(where.path), "line": where.line, "column": where.column}


if __name__ == "__main__":
    main()

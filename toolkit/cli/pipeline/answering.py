"""A program that works for a pipeline's code in another Python: one request on stdin, the answer on stdout, as JSON."""

import json
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from toolkit.cli.console import Console, LogHandler, guard
from toolkit.errors import CompError, Location
from toolkit.redaction import hide, learn_from_environment
from toolkit.system import signals
from toolkit.system.os_errors import refusal


def main(work: Callable[[dict[str, Any]], dict[str, object]]) -> None:
    """Answer the request with what the work returns, or with the error that it raises."""
    guard()
    learn_from_environment(os.environ)
    log = logging.getLogger("toolkit")
    log.setLevel(logging.INFO)
    log.handlers = [LogHandler()]
    facts = json.load(sys.stdin)
    try:
        with signals.exit_on_signals():
            answer = work(facts)
    except (CompError, OSError) as error:
        expected = error if isinstance(error, CompError) else refusal(error)
        if expected is None:
            raise
        answer = _refused(expected)
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

"""What `comp test` prints: a line for each case, and a summary; or all of it as JSON."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.cli.console import Console
from toolkit.progress import SUBJECT

if TYPE_CHECKING:
    from toolkit.runners.case_run import CaseResult
    from toolkit.runners.coverage import Coverage

_SHOWN_LINES = 20


def report_case(console: Console, result: "CaseResult") -> None:
    """Print one result, the differences below it, and on stderr what a failing component printed."""
    of = f"{result.component}: " if SUBJECT.get() else ""
    console.data(f"{'FAIL' if result.problems else 'ok  '} {of}{result.case.name} ({result.runner})")
    for problem in result.problems:
        console.data("\n".join(f"     {line}" for line in problem.splitlines()))
    lines = result.output.rstrip().splitlines()
    if not result.problems:
        # All of it, since the user asks for details.
        for line in lines:
            console.detail(f"{result.case.name}: {line}")
    elif lines:
        left_out = f", the last {_SHOWN_LINES} lines" if len(lines) > _SHOWN_LINES else ""
        console.say("\n".join([f"output of {result.case.name}{left_out}:", *lines[-_SHOWN_LINES:]]))


def report_end(console: Console, results: Sequence["CaseResult"], coverages: Mapping[str, "Coverage"]) -> None:
    """Print what was updated, which inputs no case exercises, and the sums, which in a report on many come later."""
    for result in results:
        for path in result.updated:
            console.say(f"updated {_shown(path)}")
    for name, coverage in coverages.items():
        if coverage.missing:
            of = f" of {name}" if len(coverages) > 1 else ""
            lines = [f"cases exercise {coverage.covered} of {coverage.total} uses of the inputs{of}:"]
            console.say("\n  ".join([*lines, *coverage.missing]))
    if not SUBJECT.get():
        console.say(sums(results))


def sums(results: Sequence["CaseResult"]) -> str:
    """Return how many cases passed and failed."""
    failed = sum(bool(result.problems) for result in results)
    return f"{len(results) - failed} passed, {failed} failed"


def _shown(path: Path) -> Path:
    """Return the name of a file from the current folder, or its whole path elsewhere."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def as_json(results: Sequence["CaseResult"], coverages: Mapping[str, "Coverage"]) -> str:
    """Return all results as JSON."""
    return json.dumps(as_data(results, coverages), indent=2, ensure_ascii=False)


def as_data(results: Sequence["CaseResult"], coverages: Mapping[str, "Coverage"]) -> dict[str, object]:
    """Return all results as JSON data."""
    failed = sum(bool(result.problems) for result in results)
    return {
        "cases": [_result(result) for result in results],
        "passed": len(results) - failed,
        "failed": failed,
        "coverage": {
            name: {"covered": coverage.covered, "total": coverage.total, "missing": list(coverage.missing)}
            for name, coverage in coverages.items()
        },
    }


def _result(result: "CaseResult") -> dict[str, Any]:
    """Return one result as JSON data."""
    return {
        "component": result.component,
        "case": result.case.name,
        "runner": result.runner,
        "passed": not result.problems,
        "problems": list(result.problems),
        "seconds": round(result.seconds, 3),
        "updated": [str(path) for path in result.updated],
    }

"""A run on a server as a table of its steps, or as JSON."""

import json
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import to_builtins

from toolkit.cli.console import Console, columns
from toolkit.errors import OutsideError

if TYPE_CHECKING:
    from toolkit.pipelines.server.pods import Pods
    from toolkit.pipelines.server.states import Run, Step


def show(console: Console, run: "Run", form: str) -> None:
    """Print a run: its own line first, then a line for each step."""
    if form == "json":
        console.data(json.dumps(to_builtins(run, builtin_types=(datetime,)), indent=2, default=datetime.isoformat))
        return
    lines = [(run.state.value, "", run.name or run.run_id, run.why)]
    lines += [(step.state.value, took(step), f"  {step.name}", step.why) for step in run.steps]
    console.data("\n".join(columns(lines)))


def explained(run: "Run", pods: "Pods | None") -> "Run":
    """Return a run with what the cluster, if it is reached, knows about its pods."""
    from toolkit.pipelines.server.pods import reasons

    if pods is None:
        return run
    try:
        return run.explained(reasons(pods.of_run(run.run_id)))
    except OutsideError:
        return run


def took(step: "Step") -> str:
    """Return how long a step took; empty before its end."""
    if step.seconds is None:
        return ""
    minutes, seconds = divmod(step.seconds, 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"

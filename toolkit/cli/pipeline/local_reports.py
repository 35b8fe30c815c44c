"""What `comp pipeline run` shows of a run on this machine: a line for each step, and the end."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.cli.console import Console, tell
from toolkit.progress import Progress, Report

if TYPE_CHECKING:
    from toolkit.pipelines.local_run import Finished
    from toolkit.pipelines.run_record import StepRecord

# Lines of a failed step's log that are shown.
_LINES = 10
_WORDS = {"succeeded": "ok", "cached": "cached", "skipped": "skipped", "failed": "FAILED"}


class Screen:
    """Shows the steps of a run while it goes on."""

    def __init__(self, console: Console, report: Report) -> None:
        self._console = console
        self._report = report
        self._known: set[str] = set()

    def show(self, step: "StepRecord", ended: int) -> None:
        """Print a line for each step that ended."""
        self._known.add(step.path)
        if step.ended is not None and (step.kind != "dag" or step.state == "skipped"):
            took = f" ({step.ended - step.started:.1f} s)" if step.started and step.state == "succeeded" else ""
            why = f": {step.why}" if step.why and step.state != "cached" else f", {step.why}" if step.why else ""
            self._console.say(f"{_WORDS[step.state]:<8}{step.path}{took}{why}")
        self._report(Progress(task="steps", done=ended, total=max(len(self._known), ended), unit="steps"))

    def leave(self, folder: Path) -> None:
        """Say how to go on after a signal."""
        tell(f"interrupted; to go on: comp pipeline run --resume {folder}")


def report_end(console: Console, finished: "Finished", form: str) -> int:
    """Print the outputs of a run, or what failed; return the exit code."""
    from toolkit.errors import OutsideError
    from toolkit.pipelines.scheduling import State
    from toolkit.pipelines.step_logs import last_lines

    for step in finished.failed:
        lines = last_lines(finished.folder / step.log, _LINES) if step.log else []
        console.say("")
        console.say(f"{step.path} failed: {step.why}")
        for line in lines:
            console.say(f"  | {line}")
        if step.log:
            console.say(f"  its log: {finished.folder / step.log}")
    if finished.failed and finished.error and finished.error.hint:
        console.say(f"\nhint: {finished.error.hint}")
    if finished.state is State.FAILED and not finished.steps:
        console.say("")
        console.say(f"{finished.folder}: failed: {finished.error.message if finished.error else ''}")
        return 1
    if finished.state is State.FAILED:
        console.say("")
        console.say(f"{finished.folder}: failed; to go on: comp pipeline run --resume {finished.folder}")
        return 3 if isinstance(finished.error, OutsideError) else 1
    console.say(f"{finished.folder}: succeeded")
    values, paths = dict(_values(finished)), dict(_paths(finished))
    for name, path in paths.items():
        console.say(f"{name}: {path}")
    if form == "json":
        console.json({**values, **paths})
    elif values:
        from toolkit.pipelines.values import command_text

        console.data("\n".join(f"{name}={command_text(value)}" for name, value in values.items()))
    return 0


def _values(finished: "Finished") -> Iterator[tuple[str, Any]]:
    """Yield the output parameters of a run."""
    from toolkit.pipelines.values import Gathered, Parameter, plain_value

    for name, value in finished.outputs.items():
        if isinstance(value, Parameter) or (
            isinstance(value, Gathered) and all(isinstance(item, Parameter) for item in value.items)
        ):
            yield name, plain_value(value)


def _paths(finished: "Finished") -> Iterator[tuple[str, Any]]:
    """Yield the paths of the output artifacts of a run."""
    from toolkit.pipelines.values import Artifact, Gathered

    for name, value in finished.outputs.items():
        if isinstance(value, Artifact):
            yield name, str(value.path)
        elif isinstance(value, Gathered) and value.items and isinstance(value.items[0], Artifact):
            yield name, [str(item.path) for item in value.items if isinstance(item, Artifact)]

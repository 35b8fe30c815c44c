"""What a runner is, what it is given and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from toolkit.spec.model import ComponentSpec


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One run of one component.

    `values` are parameters as contract text, `artifacts` host files or folders, both by input name; an input
    in neither takes its default or stays absent. `outputs` says where each output goes on the host; every
    output is in it. `image` is what the engine runs: a reference, or an image id the engine has.
    """

    spec: ComponentSpec
    image: str
    values: Mapping[str, str]
    artifacts: Mapping[str, Path]
    outputs: Mapping[str, Path]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of a run: the program's exit code, and the outputs that exist (by name, host paths)."""

    exit_code: int
    outputs: Mapping[str, Path]


class Runner(Protocol):
    """Runs a job; `name` is what `--runner` takes. The program's stdout and stderr go to our stderr."""

    name: str

    def run(self, job: Job) -> Outcome:
        """Run to the end. Raises OutsideError when the engine fails, not when the program does."""
        ...

"""A runner: what it gets, and what it returns."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Protocol, runtime_checkable

from msgspec import Struct, field

from toolkit.selective import Selective
from toolkit.spec.model import ComponentSpec


class ArtifactItem(Struct, frozen=True, kw_only=True):
    """One artifact of a call: its name in `Run.artifacts`, its type such as system.Dataset, and its metadata."""

    name: str
    schema: str
    metadata: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


class Call(Struct, frozen=True, kw_only=True):
    """What KFP's launcher tells a program beside its command line: the text that `{{$}}` stands for.

    `parameters` are JSON values, `artifacts` lists of artifacts, both by the names of inputs; `outputs` has the type of
    each output artifact.
    """

    parameters: Mapping[str, Any]
    artifacts: Mapping[str, tuple[ArtifactItem, ...]]
    outputs: Mapping[str, str]


class Run(Selective, frozen=True, kw_only=True):
    """One run of one component.

    `values` are parameters as contract text, `artifacts` files or folders on this machine, both by input name; an input
    in neither takes its default or stays absent. `variables` have values of secrets, beside the constants of the
    contract. `outputs` has the path on this machine of every output. `image` is a
    reference, or an id that the engine knows. With a `call` the program runs as under KFP 2. Its stdout and stderr go
    to the file `log`, or else to our stderr.
    """

    HIDDEN = frozenset({"variables"})

    spec: ComponentSpec
    image: str
    values: Mapping[str, str]
    artifacts: Mapping[str, Path]
    outputs: Mapping[str, Path]
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    call: Call | None = None
    log: IO[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """All variables that the program gets: the contract's constants and those of the run."""
        return {**self.spec.container.env, **self.variables}


class Outcome(Struct, frozen=True, kw_only=True):
    """The result of a run: the program's exit code, and the outputs that it wrote, by name.

    A runner returns them all as `paths`; `run_once` reads those of parameters into `values`. `reported` is what the
    program wrote for KFP's launcher, as JSON: values of parameters, URIs and metadata of artifacts. `reason` says why
    the program was ended, None if the runner does not know.
    """

    exit_code: int
    paths: Mapping[str, Path]
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    reported: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    reason: str | None = None


class Runner(Protocol):
    """Runs components. `name` is the value of `--runner`."""

    name: str

    def run(self, run: Run) -> Outcome:
        """Run to the end. Raises OutsideError if the engine fails, not if the program does."""
        ...


@runtime_checkable
class Identifying(Protocol):
    """A runner that can tell whether it would run the same code again."""

    def identity(self, image: str) -> str | None:
        """Return what names the code in an image exactly; None if nothing does without running it."""
        ...

"""A pipeline as data: its steps in order, what each takes from the others, and when it runs.

`toolkit.pipelines.graph_reader` reads it from KFP's IR. Nothing here runs, draws or writes a pipeline.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from msgspec import Struct, field

from toolkit.errors import Location
from toolkit.interface.model import Interface
from toolkit.pipelines.conditions import Condition
from toolkit.spec.model import ComponentSpec

# The types of the parameters that an engine fills in (kfp 2.17, `kfp/dsl/task_final_status.py`, `task_config.py`).
FINAL_STATUS = "PipelineTaskFinalStatus"
TASK_CONFIG = "TaskConfig"


def _empty() -> Mapping[str, Any]:
    return MappingProxyType({})


class Constant(Struct, frozen=True, kw_only=True):
    """A JSON value. `{{$.inputs.parameters['x']}}` in its texts stands for the step's own input `x`."""

    value: Any


class DagInput(Struct, frozen=True, kw_only=True):
    """An input of the dag around the step; at the root, an input of the pipeline.

    `members` lead from the value to a part of it: `("a",)` to the member `a` of an object.
    """

    name: str
    members: tuple[str, ...] = ()


class StepOutput(Struct, frozen=True, kw_only=True):
    """An output of a step in the same dag. Of a step with a loop it is the list of all iterations' outputs."""

    step: str
    output: str
    members: tuple[str, ...] = ()


class FinalStatus(Struct, frozen=True, kw_only=True):
    """How a step of the same dag ended; only a step that runs in any case has it."""

    step: str


Source = Constant | DagInput | StepOutput | FinalStatus


class Loop(Struct, frozen=True, kw_only=True):
    """A step is done once for each item, which it gets as the input `item`.

    `items` are constants, or the name of the step's input that has them: a list of values, or of artifacts. `most` is
    how many iterations run at once, 0 for any number.
    """

    item: str
    items: tuple[Any, ...] | str
    artifacts: bool = False
    most: int = 0


class Retry(Struct, frozen=True, kw_only=True):
    """A failed step is tried `times` more, after `wait` seconds, which grow by `factor` up to `longest`."""

    times: int
    wait: float = 0.0
    factor: float = 2.0
    longest: float = 3600.0


class Resources(Struct, frozen=True, kw_only=True):
    """What a container asks for, as the texts of Kubernetes; empty where it does not ask.

    A text may be a placeholder of the step's inputs. `accelerator` is a resource's name such as `nvidia.com/gpu`.
    """

    cpu_limit: str = ""
    memory_limit: str = ""
    cpu_request: str = ""
    memory_request: str = ""
    accelerator: str = ""
    accelerator_count: str = ""


class Component(Struct, frozen=True, kw_only=True):
    """A step's work that is done in a container. `settings` are those of its platform, such as secrets."""

    spec: ComponentSpec
    resources: Resources = field(default_factory=Resources)
    settings: Mapping[str, Any] = field(default_factory=_empty)


class Importer(Struct, frozen=True, kw_only=True):
    """A step's work that makes an artifact of something that lies at a URI. `uri` is a text or the name of an input.

    The step's only output is `artifact`. Placeholders in `metadata` stand for the step's inputs. With `to_workspace`
    the content is copied to the volume that the pipeline's steps share.
    """

    uri: Constant | DagInput
    metadata: Mapping[str, Any] = field(default_factory=_empty)
    reimport: bool = False
    to_workspace: bool = False


class Dag(Struct, frozen=True, kw_only=True):
    """Steps, each after those that it needs; the outputs name the steps that give them.

    An output with several sources is that of the one that ran: `dsl.OneOf`.
    """

    steps: tuple["Step", ...]
    outputs: Mapping[str, tuple[StepOutput, ...]] = field(default_factory=_empty)


class Step(Struct, frozen=True, kw_only=True):
    """One step of a dag.

    `name` is unique in its dag, `title` is for people, `component` is the key of its component in the document.
    `inputs` may have more names than the interface: those that constants refer to. `after` are the names of all steps
    that have to end before it. With `needs` "completed" it runs however they ended: the task of an exit handler does.
    """

    name: str
    title: str
    component: str
    interface: Interface
    work: Component | Importer | Dag
    inputs: Mapping[str, Source]
    after: tuple[str, ...]
    needs: Literal["succeeded", "completed"]
    where: Location
    condition: Condition | None = None
    loop: Loop | None = None
    retry: Retry | None = None
    cached: bool = False
    cache_key: str = ""


class Pipeline(Struct, frozen=True, kw_only=True):
    """A whole pipeline. `platforms` has the document's second part as JSON data: settings of each platform."""

    name: str
    title: str
    description: str
    interface: Interface
    root: Dag
    path: Path
    platforms: Mapping[str, Any] = field(default_factory=_empty)


def walk(dag: Dag, above: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], Step]]:
    """Yield every step of a dag and of the dags in it, with the steps around it, outermost first."""
    for step in dag.steps:
        yield above, step
        if isinstance(step.work, Dag):
            yield from walk(step.work, (*above, step))

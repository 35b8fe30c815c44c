"""What the modules of `comp stubs` are made of: types for editors and checkers, and the call that makes a step.

At run time an output is kfp's own channel, and a task kfp's own task; the classes here say which types those have.
This module needs the standard library and kfp alone.
"""

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, TypeVar, cast, get_args

from toolkit.pipelines.comp_process import ComponentError
from toolkit.pipelines.described import keywords, sanitised
from toolkit.pipelines.load import load

__all__ = [
    "HTML",
    "Artifact",
    "ClassificationMetrics",
    "Dataset",
    "Markdown",
    "Metrics",
    "Model",
    "Output",
    "Outputs",
    "SingleOutputTask",
    "SlicedClassificationMetrics",
    "Task",
    "default",
    "step",
]

T = TypeVar("T")
O = TypeVar("O", bound="Outputs")  # noqa: E741 (of Outputs)
K = TypeVar("K", bound="Task[Any]")


class Artifact(Protocol):
    """An artifact that is given to a step: an input of the pipeline."""

    name: str
    uri: str
    metadata: dict[Any, Any]


class Dataset:
    """KFP's type of a dataset, in `Output[Dataset]`, as all that follow."""


class Model:
    """KFP's type of a model."""


class Metrics:
    """KFP's type of metrics."""


class ClassificationMetrics:
    """KFP's type of metrics of a classifier."""


class SlicedClassificationMetrics:
    """KFP's type of metrics of a classifier on parts of the data."""


class HTML:
    """KFP's type of a page."""


class Markdown:
    """KFP's type of a text with marks."""


class Output(Generic[T]):
    """An output of a step: a value of type T, or an artifact of class T, which exists when the pipeline runs.

    Only the same type fits: KFP refuses an Integer for a Float.
    """

    if TYPE_CHECKING:
        # Conditions of KFP.
        def __lt__(self, other: object) -> Any: ...  # noqa: ANN401
        def __le__(self, other: object) -> Any: ...  # noqa: ANN401
        def __gt__(self, other: object) -> Any: ...  # noqa: ANN401
        def __ge__(self, other: object) -> Any: ...  # noqa: ANN401
        def __getitem__(self, key: object) -> Any: ...  # noqa: ANN401


class Outputs(dict[str, Any]):
    """The outputs of a step, by their names as attributes or as keys.

    `_names` has the names in the contract of those that are no Python names.
    """

    _names: ClassVar[dict[str, str]] = {}

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Return an output."""
            port = self._names.get(name, name)
            for key in (port, sanitised(port), f"n{sanitised(port)}"):
                if key in self:
                    return self[key]
            raise AttributeError(f"the step has no output {name!r}; it has: {', '.join(self) or 'none'}")


class Task(Generic[O]):
    """kfp's task, with the outputs of a component. Methods of KFP 1.8 are not there in KFP 2, and the other way."""

    outputs: O
    container: Any
    dependent_tasks: Any
    execution_options: Any
    inputs: Any
    name: Any
    platform_spec: Any
    pod_annotations: Any
    pod_labels: Any
    pvolume: Any
    pvolumes: Any

    # KFP 2, and most of them in 1.8.
    add_node_selector_constraint: Callable[..., Self]
    after: Callable[..., Self]
    ignore_upstream_failure: Callable[..., Self]
    set_accelerator_limit: Callable[..., Self]
    set_accelerator_type: Callable[..., Self]
    set_caching_options: Callable[..., Self]
    set_container_image: Callable[..., Self]
    set_cpu_limit: Callable[..., Self]
    set_cpu_request: Callable[..., Self]
    set_debug_pause: Callable[..., Self]
    set_display_name: Callable[..., Self]
    set_env_variable: Callable[..., Self]
    set_gpu_limit: Callable[..., Self]
    set_memory_limit: Callable[..., Self]
    set_memory_request: Callable[..., Self]
    set_retry: Callable[..., Self]
    # KFP 1.8 alone.
    add_affinity: Callable[..., Self]
    add_env_from: Callable[..., Self]
    add_env_variable: Callable[..., Self]
    add_init_container: Callable[..., Self]
    add_pod_annotation: Callable[..., Self]
    add_pod_label: Callable[..., Self]
    add_port: Callable[..., Self]
    add_pvolumes: Callable[..., Self]
    add_resource_limit: Callable[..., Self]
    add_resource_request: Callable[..., Self]
    add_sidecar: Callable[..., Self]
    add_toleration: Callable[..., Self]
    add_volume: Callable[..., Self]
    add_volume_devices: Callable[..., Self]
    add_volume_mount: Callable[..., Self]
    apply: Callable[..., Self]
    set_ephemeral_storage_limit: Callable[..., Self]
    set_ephemeral_storage_request: Callable[..., Self]
    set_image_pull_policy: Callable[..., Self]
    set_lifecycle: Callable[..., Self]
    set_liveness_probe: Callable[..., Self]
    set_readiness_probe: Callable[..., Self]
    set_security_context: Callable[..., Self]
    set_stdin: Callable[..., Self]
    set_stdin_once: Callable[..., Self]
    set_termination_message_path: Callable[..., Self]
    set_termination_message_policy: Callable[..., Self]
    set_timeout: Callable[..., Self]
    set_tty: Callable[..., Self]


class SingleOutputTask(Task[O], Generic[O, T]):
    """kfp's task of a component that has one output."""

    output: Output[T]


class _Default:
    """Stands for an input that a call leaves out; it shows the component's own default."""

    def __init__(self, shown: str) -> None:
        self._shown = shown

    def __repr__(self) -> str:
        return self._shown


def default(value: object = ...) -> Any:  # noqa: ANN401 (it stands for a value of any type)
    """Return the mark of an input that is left out. `value` is what the component takes then, for those who read it."""
    return _Default("..." if value is ... else repr(value))


_LOADED: dict[tuple[str, str], Any] = {}


def step(request: str, inputs: dict[str, Any], task: type[K]) -> K:
    """Add a step to the pipeline: the component of a release, or of the contract at `./…` beside the caller.

    `inputs` are values by the names in the contract; those that are `default()` are left out. `task` is the type of
    what is returned, kfp's task. Raises ComponentError as `load` does.
    """
    component = _component(request)
    names = keywords(component, inputs)
    given = {names.get(name, name): value for name, value in inputs.items() if not isinstance(value, _Default)}
    return cast("K", _with_outputs(component(**given), get_args(task)[0]))


def _component(request: str) -> Any:  # noqa: ANN401 (kfp's component)
    """Return a component, loaded once."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    file = os.path.abspath(frame.f_globals.get("__file__", "") if frame else "")  # noqa: PTH100 (a text)
    if (request, file) not in _LOADED:
        _LOADED[request, file] = _loaded(request, Path(file).parent)
    return _LOADED[request, file]


def _loaded(request: str, folder: Path) -> Any:  # noqa: ANN401 (kfp's component)
    """Load a component; a path is relative to `folder`."""
    if request.startswith((".", "/")):
        from kfp import components

        return components.load_component_from_file(os.fspath(folder / request))
    try:
        return load(request)
    except ComponentError as error:
        error.hint = f"{error.hint or 'see components.lock'}; or write this module anew: comp stubs --output FILE"
        raise


def _with_outputs(task: Any, outputs: type[Outputs]) -> Any:  # noqa: ANN401 (kfp's task)
    """Return kfp's task with outputs that have attributes."""
    named = outputs(task.outputs)
    try:
        # KFP 1.8.
        task.outputs = named
    except AttributeError:
        # KFP 2 has a property, so that the task gets a class that differs in it alone.
        task.__class__ = _named_task(type(task))
        task.__dict__["_comp_outputs"] = named
    return task


_CLASSES: dict[type, type] = {}


def _named_task(kind: type) -> type:
    """Return the class of tasks whose outputs have attributes."""
    if kind not in _CLASSES:
        body = {"outputs": property(lambda task: cast("Any", task)._comp_outputs)}  # noqa: SLF001 (set above)
        _CLASSES[kind] = type(kind.__name__, (kind,), {"__module__": kind.__module__, **body})
    return _CLASSES[kind]

"""`toolkit.component`: a function of a pipeline's own code, as a component with an image of its own.

Outside of a pipeline it is the function. Inside `@dsl.pipeline` it is a step, which runs in the built image. comp
builds that in a process of its own, so that this module needs the standard library alone.
"""

import functools
import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypedDict, Unpack, overload

from toolkit.pipelines.comp_process import IMAGES, ask_comp, wrong

P = ParamSpec("P")
# The modules of KFP 2 and of KFP 1.8 that know the pipeline that is being traced.
_CONTEXTS = ("kfp.dsl.pipeline_context", "kfp.dsl._pipeline")


class Component(Generic[P]):
    """A function that is a step of a pipeline where one is compiled, and itself everywhere else."""

    __name__: str

    def __init__(self, function: Callable[P, Any], settings: dict[str, object]) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._settings = settings
        self._built: tuple[Any, dict[str, str]] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401 (a value, or kfp's task)
        """Call the function; in a pipeline, add a step and return kfp's task."""
        if not _in_pipeline():
            return self._function(*args, **kwargs)
        component, ports = self._build()
        try:
            # kfp takes keywords alone, by the names of ports.
            given = inspect.signature(self._function).bind_partial(*args, **kwargs).arguments
        except TypeError as error:
            raise TypeError(f"{self._function.__name__}() {error}") from None
        return component(**{ports.get(name, name): value for name, value in given.items()})

    def as_kfp_component(self) -> Any:  # noqa: ANN401 (kfp's component)
        """Build the image unless nothing has changed, and return the component as kfp has it."""
        return self._build()[0]

    def _build(self) -> tuple[Any, dict[str, str]]:
        """Return kfp's component, and the names of ports that differ from those of parameters."""
        if self._built is None:
            answer = _built(_source(self._function), self._function.__name__, self._settings)
            from kfp import components

            if answer["from_file"]:
                # The pipeline's lock names the file.
                component = components.load_component_from_file(answer["contract"])
            else:
                component = components.load_component_from_text(answer["text"])
            self._built = component, answer["ports"]
        return self._built


class Settings(TypedDict, total=False):
    """The keywords of `component`: the requirements of its image, and the keys of `[tool.comp]` with `_` for `-`."""

    requirements: Sequence[str]
    base: str
    image: str
    platforms: Sequence[str]
    title: str
    namespace: str
    python: str
    system_site_packages: bool
    user: str
    bytecode: bool
    estargz: bool
    build_base: str
    allow_builds: Sequence[str]
    include: Sequence[str]
    exclude: Sequence[str]
    resources: Mapping[str, Any]
    env: Mapping[str, Any]
    secrets: Mapping[str, Any]
    argo: Mapping[str, Any]


@overload
def component(function: Callable[P, Any], /, **settings: Unpack[Settings]) -> Component[P]: ...


@overload
def component(**settings: Unpack[Settings]) -> Callable[[Callable[P, Any]], Component[P]]: ...


def component(function: Callable[P, Any] | None = None, /, **settings: object) -> Any:
    """Make a component of a function: `@component`, `@component(base=…)`, or `component(function, base=…)`.

    `requirements` are those of its image; by default they are found by its imports. All other settings are those of
    `[tool.comp]`, with `_` for `-`; what is not set is taken from `[tool.comp.defaults]` of the pyproject.toml above.
    Raises ComponentError for what is not a function at the top level of a file.
    """
    given = {name.replace("_", "-"): value for name, value in settings.items() if value is not None}
    if function is None:
        return functools.partial(_made, given)
    return _made(given, function)


def _made(settings: dict[str, object], function: Callable[P, Any]) -> Component[P]:
    """Return the component of a function."""
    _check(function)
    return Component(function, settings)


def _in_pipeline() -> bool:
    """Return whether kfp is tracing a pipeline now."""
    # Not imported: without kfp there is no pipeline, and its import takes most of a second.
    contexts = (sys.modules.get(name) for name in _CONTEXTS)
    return any(context is not None and context.Pipeline.get_default_pipeline() is not None for context in contexts)


def _check(function: object) -> None:
    """Raise ComponentError for what cannot be cut out of a file by its name."""
    if not inspect.isfunction(function):
        name = getattr(function, "__name__", None) or type(function).__name__
        raise wrong(f"component({name}): it is not a Python function", "give a function defined with def")
    if function.__name__ == "<lambda>":
        raise wrong("a lambda cannot be a component", "write it with def, at the top level of the file")
    if function.__qualname__ != function.__name__:
        raise wrong(
            f"{function.__qualname__} is defined inside of another function or class",
            "move it to the top level of the file: only what stands there can be cut out for an image",
        )


def _source(function: Callable[..., Any]) -> Path:
    """Return the file of a function. Raises ComponentError if it has none, as in a notebook or a session."""
    path = Path(function.__code__.co_filename)
    if path.suffix != ".py" or not path.is_file() or "ipykernel" in str(path):
        raise wrong(
            f"the source of {function.__name__} is not in a file: {path}",
            "put it into a .py file and import it from there; a notebook or session has no file to build from",
        )
    return path.resolve()


def _built(path: Path, function: str, settings: dict[str, object]) -> dict[str, Any]:
    """Let comp build a function's image. Raises what comp raised."""
    request = {"path": str(path), "function": function, "settings": settings, "images": os.environ.get(IMAGES, "")}
    try:
        return ask_comp("toolkit.cli.pipeline.function", request, what=f"the build of {function}")
    except TypeError as error:
        raise wrong(f"a setting of {function} is not plain data: {error}", "give texts and lists") from None

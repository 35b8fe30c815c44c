"""The program that compiles a pipeline: it runs in a Python that has kfp, and imports the user's file.

It is started as a file, with the paths of a request and of a result, and works alone: the standard library of Python
3.9, and kfp. What the user's code prints goes to stderr. The result is JSON: the IR and the contracts that it was made
from, or one error, which `toolkit.pipelines.compile` puts into words.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import sys
import sysconfig
import tempfile
import traceback
import warnings
from functools import partial
from pathlib import Path
from typing import Any

LEAST = 2
LEAST_FOR_TOOLKIT = (3, 11)
# The Python types of JSON values for each type of a pipeline's input.
VALUES: dict[str, set[type]] = {
    "String": {str},
    "Integer": {int},
    "Float": {int, float},
    "Boolean": {bool},
    "List": {list},
    "Dict": {dict},
}


class Refusal(Exception):  # noqa: N818 (a result, not an accident)
    """The answer to a request that cannot be met: its kind, and what the parent needs to say so."""

    def __init__(self, kind: str, **facts: object) -> None:
        super().__init__(kind)
        self.answer = {"error": kind, **facts}


class ToolkitFinder:
    """Finds the package `toolkit` in a Python without it, and nothing else of the place where it lies."""

    def __init__(self, place: str) -> None:
        self._place = place

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:  # noqa: ANN401 (a ModuleSpec)
        """Return the spec of `toolkit`; its modules are then found by its own path."""
        del path, target
        if name == "toolkit" and sys.version_info < LEAST_FOR_TOOLKIT:
            version = ".".join(map(str, sys.version_info[:2]))
            raise ImportError(f"toolkit needs Python 3.11 or later, and this one is {version}")
        return importlib.machinery.PathFinder.find_spec(name, [self._place]) if name == "toolkit" else None


class Loads:
    """Records each contract that the user's code loads, by wrapping the loaders of kfp.components."""

    def __init__(self) -> None:
        self._every: list[tuple[str | None, str, Any]] = []
        self._source: str | None = None

    def record(self) -> None:
        """Begin to record. The loaders of files and addresses call that of texts, in their own module."""
        from kfp import components
        from kfp.components import load_yaml_utilities as module

        load_text = module.load_component_from_text

        def load_component_from_text(text: str) -> Any:  # noqa: ANN401 (kfp's component)
            component = load_text(text)
            self._every.append((self._source, text, component))
            return component

        for where in (module, components):
            where.load_component_from_text = load_component_from_text
        for name in ("load_component_from_file", "load_component_from_url"):
            wrapped = self._named(getattr(module, name))
            for where in (module, components):
                setattr(where, name, wrapped)

    def listed(self) -> list[dict[str, Any]]:
        """Return what was loaded. Not while a pipeline is traced: a component's IR would add a step to it."""
        return [
            {
                "source": source,
                "text": text,
                "containers": containers_of(component),
                "release": release_of(component),
            }
            for source, text, component in self._every
        ]

    def _named(self, load: Any) -> Any:  # noqa: ANN401 (kfp's loader)
        """Return a loader that notes its source for the loader of texts."""

        def loader(source: Any, *arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401 (as kfp's)
            self._source = os.fspath(source)
            if "://" not in self._source:
                # The user's code may change the current folder.
                self._source = os.path.abspath(self._source)  # noqa: PTH100 (a text)
            try:
                return load(source, *arguments, **keywords)
            finally:
                self._source = None

        loader.__name__ = load.__name__
        return loader


def release_of(component: Any) -> dict[str, Any] | None:  # noqa: ANN401 (kfp's component)
    """Return the release that `toolkit.load` took a component from; None for another one."""
    release = getattr(component, "release", None)
    return {name: str(value) for name, value in release._asdict().items()} if release else None


def containers_of(component: Any) -> list[dict[str, Any]]:  # noqa: ANN401 (kfp's component)
    """Return the containers that a component runs, by which its steps are recognised in the pipeline's IR."""
    from google.protobuf import json_format

    try:
        spec = json_format.MessageToDict(component.pipeline_spec)
    except Exception:  # noqa: BLE001 (what kfp cannot compile fails again where the pipeline uses it)
        return []
    executors = spec.get("deploymentSpec", {}).get("executors", {}).values()
    return [executor["container"] for executor in executors if "container" in executor]


def main(request_path: str, result_path: str) -> None:
    """Answer one request. Nothing but the result file holds the answer."""
    request = json.loads(Path(request_path).read_bytes())
    # Images are pinned by digest, so what kfp says about its default one is no news.
    warnings.filterwarnings("ignore", message="The default base_image", category=FutureWarning)
    # What users print is no data of ours.
    os.dup2(2, 1)
    try:
        answer = compiled(request)
    except Refusal as refusal:
        answer = refusal.answer
    Path(result_path).write_text(json.dumps(answer, default=str), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    # At once: a thread of the user's that never ends would keep the process.
    os._exit(0)


def compiled(request: dict[str, Any]) -> dict[str, Any]:
    """Import the user's file and compile its pipeline. Raises Refusal."""
    check_kfp()
    sys.meta_path.append(ToolkitFinder(request["toolkit"]))
    from kfp.dsl.pipeline_context import Pipeline
    from kfp.dsl.types import type_utils

    # No bytecode files beside the user's code. kfp's own are written: its import takes a second without them.
    sys.dont_write_bytecode = True
    # Before the import: `@dsl.pipeline` reads both when it traces the function.
    if request["disable_caching"]:
        Pipeline._execution_caching_default = False  # noqa: SLF001 (as `kfp dsl compile` does)
    if not request["type_check"]:
        # kfp 2.17 takes `type_check=False` and checks nevertheless; with this, it warns.
        type_utils.verify_type_compatibility = partial(type_utils.verify_type_compatibility, raise_on_error=False)
    loads = Loads()
    loads.record()
    path = Path(request["path"])
    try:
        module = imported(path)
        name, component = chosen(module, request["function"])
        return {
            "function": name,
            "functions": sorted(compilable(module)),
            "line": line_of(component),
            "defaults": defaults_of(component, request["parameters"]),
            "ir": written(component, request),
            "manifest": written(component, request, manifest=True) if request["manifest"] is not None else None,
            "loads": loads.listed(),
        }
    except Refusal:
        raise
    except BaseException as error:
        raise refused(error, path) from error


def check_kfp() -> None:
    """Raise Refusal if this Python has no kfp, or one that is too old."""
    try:
        import kfp
    except ModuleNotFoundError as error:
        raise Refusal("no-kfp", name=error.name) from None
    except ImportError as error:
        raise Refusal("broken-kfp", message=str(error)) from None
    version = str(getattr(kfp, "__version__", "unknown"))
    if not version.partition(".")[0].isdigit() or int(version.partition(".")[0]) < LEAST:
        raise Refusal("old-kfp", version=version)


def imported(path: Path) -> Any:  # noqa: ANN401 (a module)
    """Import the file as a script's neighbours would: its folder is first on the path."""
    sys.argv = [str(path)]
    sys.path.insert(0, str(path.parent))
    # A file called `json.py` must not stand in for the module that kfp imports later.
    name = path.stem if path.stem not in sys.modules else f"pipeline_file_{path.stem}"
    spec = importlib.util.spec_from_loader(name, importlib.machinery.SourceFileLoader(name, str(path)))
    if spec is None or spec.loader is None:
        raise Refusal("code", message="cannot be imported", frames=[])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def compilable(module: Any) -> dict[str, Any]:  # noqa: ANN401 (modules hold anything)
    """Return the pipelines and components of a module by their names."""
    from kfp.dsl import base_component

    values = {name: getattr(module, name) for name in dir(module)}
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, base_component.BaseComponent) or hasattr(type(value), "as_kfp_component")
    }


def chosen(module: Any, wanted: str | None) -> tuple[str, Any]:  # noqa: ANN401 (modules hold anything)
    """Return the pipeline or component to compile, with its name in the file; raises Refusal unless it is clear."""
    from kfp.dsl import graph_component

    every = compilable(module)
    pipelines = {name: value for name, value in every.items() if isinstance(value, graph_component.GraphComponent)}
    if wanted is None:
        candidates = distinct(pipelines or every)
        if len(candidates) != 1:
            raise Refusal("several" if candidates else "none", names=sorted(candidates))
        wanted = next(iter(candidates))
    elif wanted not in every:
        found = "" if not hasattr(module, wanted) else type(getattr(module, wanted)).__name__
        raise Refusal("unknown-function", name=wanted, found=found, names=sorted(every))
    component = every[wanted]
    return wanted, component.as_kfp_component() if hasattr(type(component), "as_kfp_component") else component


def distinct(named: dict[str, Any]) -> dict[str, Any]:
    """Return the values without those that an earlier name has already."""
    seen: dict[int, str] = {}
    for name, value in named.items():
        seen.setdefault(id(value), name)
    return {name: named[name] for name in seen.values()}


def written(component: Any, request: dict[str, Any], *, manifest: bool = False) -> str:  # noqa: ANN401 (kfp's)
    """Return what kfp's compiler writes for a component."""
    from kfp import compiler

    parameters = request["parameters"]
    check_parameters(parameters, component.component_spec.inputs or {})
    options: dict[str, Any] = {}
    if manifest:
        from kfp.compiler.compiler_utils import KubernetesManifestOptions

        options = {
            "kubernetes_manifest_format": True,
            "kubernetes_manifest_options": KubernetesManifestOptions(**request["manifest"]),
        }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pipeline.yaml")
        compiler.Compiler().compile(
            pipeline_func=component,
            package_path=str(path),
            pipeline_parameters=parameters,
            type_check=request["type_check"],
            **options,
        )
        return path.read_text(encoding="utf-8")


def check_parameters(parameters: dict[str, Any], inputs: dict[str, Any]) -> None:
    """Raise Refusal for a value of an unknown input, or of another type than the input's."""
    for name, value in parameters.items():
        if name not in inputs:
            raise Refusal("parameter", name=name, names=sorted(inputs))
        # Not by isinstance: for Python a boolean is an int. Null stands for the default.
        fits = value is None or type(value) in VALUES.get(inputs[name].type, {type(value)})
        if not fits:
            raise Refusal("parameter-type", name=name, value=value, type=inputs[name].type)


def line_of(component: Any) -> int | None:  # noqa: ANN401 (kfp's)
    """Return the line of a pipeline's function; None for a component that was loaded."""
    code = getattr(getattr(component, "pipeline_func", None), "__code__", None)
    return getattr(code, "co_firstlineno", None)


def defaults_of(component: Any, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 (kfp's)
    """Return the values that the compiled pipeline has for its inputs."""
    inputs = component.component_spec.inputs or {}
    return {name: parameters.get(name, getattr(port, "default", None)) for name, port in inputs.items()}


def refused(error: BaseException, path: Path) -> Refusal:
    """Return the refusal for an error in the user's code: words, and the frames of the user's own files."""
    if type(error).__name__ == "InconsistentTypeException":
        return Refusal("types", message=str(error), frames=frames_of(error, path), ports=ports_of(error))
    if isinstance(error, SyntaxError) and error.filename:
        place = {"path": error.filename, "line": error.lineno, "column": error.offset}
        return Refusal("syntax", message=error.msg, place=place)
    exit_code = getattr(error, "exit_code", None)
    if exit_code is not None:
        # One of comp's own errors, by `toolkit.component`.
        return Refusal(
            "comp",
            message=getattr(error, "message", str(error)),
            hint=getattr(error, "hint", None),
            exit_code=exit_code,
            place=place_of(getattr(error, "where", None)),
            frames=frames_of(error, path),
        )
    facts = {"type": type(error).__name__, "words": str(error), "frames": frames_of(error, path)}
    if isinstance(error, ModuleNotFoundError):
        return Refusal("no-module", name=error.name, **facts)
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return Refusal("no-file", name=os.fspath(error.filename), folder=os.getcwd(), **facts)  # noqa: PTH109 (a text)
    return Refusal("code", **facts)


def place_of(where: Any) -> dict[str, Any] | None:  # noqa: ANN401 (a Location of toolkit.errors)
    """Return a place as data."""
    return None if where is None else {"path": str(where.path), "line": where.line, "column": where.column}


def frames_of(error: BaseException, path: Path) -> list[dict[str, Any]]:
    """Return the frames of a traceback that are the user's: not kfp's, not the standard library's, not this file's."""
    places = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    libraries = tuple(os.path.realpath(place) + os.sep for place in places if place)
    own = os.path.realpath(Path(__file__).parent) + os.sep
    frames = []
    for frame in traceback.extract_tb(error.__traceback__):
        file = os.path.realpath(frame.filename)
        is_users = file == str(path) or (Path(file).is_file() and not file.startswith((*libraries, own)))
        if is_users and f"{os.sep}kfp{os.sep}" not in file:
            frames.append({"path": frame.filename, "line": frame.lineno, "function": frame.name, "text": frame.line})
    return frames


def kind_of(given: object) -> str:
    """Return what is given to a port: an output of a step, an input of the pipeline, an item of a loop, or a value."""
    if not hasattr(given, "task_name"):
        return "constant"
    if type(given).__name__.startswith("Loop"):
        return "item"
    return "output" if isinstance(given.task_name, str) else "input"


def ports_of(error: BaseException) -> dict[str, Any] | None:
    """Return the two sides of a connection that does not fit, as kfp's own frames know them; None if unknown."""
    ports: dict[str, Any] = {}
    trace = error.__traceback__
    while trace is not None:
        variables = trace.tb_frame.f_locals
        code = trace.tb_frame.f_code.co_name
        if code == "verify_type_compatibility":
            given = variables.get("given_value")
            task = getattr(given, "task_name", None)
            ports["kind"] = kind_of(given)
            ports["task"] = task if isinstance(task, str) else None
            ports["port"] = str(getattr(given, "name", ""))
            ports["constant"] = repr(given)
            ports["given"] = str(variables.get("given_type"))
            ports["expected"] = str(variables.get("expected_type"))
        elif code == "__init__" and "component_spec" in variables and "input_name" in variables:
            ports["component"] = str(variables["component_spec"].name)
            ports["input"] = str(variables["input_name"])
        trace = trace.tb_next
    return ports if {"given", "expected", "component", "input"} <= ports.keys() else None


if __name__ == "__main__":
    # Python puts this file's folder first on the path, where its neighbours would hide modules of the user's.
    del sys.path[0]
    main(*sys.argv[1:])

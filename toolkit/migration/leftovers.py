"""What a module of Python has and KFP 2 has not: names of KFP 1.8, and parameters of pipelines without a type.

They are left to a person, since pipelines are not rewritten.
"""

import ast
from collections.abc import Collection, Container, Iterator, Mapping

from toolkit.interface.module import Module, parameters
from toolkit.migration.annotations import written_annotation
from toolkit.migration.contract import ToDo

_OBJECTS = "KFP 2 creates no objects of Kubernetes: let a component do it"
_ONE_CONTAINER = "KFP 2 runs one container for each step: put the program into its image"
_KUBERNETES = "use kfp-kubernetes: secrets, volumes and node selectors are functions of kfp.kubernetes"
_GONE: Mapping[str, str] = {
    "kfp.LocalClient": "use kfp.local",
    "kfp.run_pipeline_func_locally": "use kfp.local",
    "kfp.run_pipeline_func_on_cluster": "use kfp.Client().create_run_from_pipeline_func",
    "kfp.components.ComponentStore": "load each component: load_component_from_file, load_component_from_url",
    "kfp.components.create_component_from_func_v2": "use dsl.component",
    "kfp.components.create_graph_component_from_pipeline_func": "call the pipeline like a component",
    "kfp.components.func_to_component_text": "compile the component to a file: kfp.compiler.Compiler().compile",
    "kfp.components.load_component": "use load_component_from_file, …_from_url or …_from_text",
    "kfp.dsl.ContainerOp": "write the step as a contract and load it, or as a @dsl.container_component",
    "kfp.dsl.EXECUTION_ID_PLACEHOLDER": "pass dsl.PIPELINE_TASK_ID_PLACEHOLDER",
    "kfp.dsl.PipelineConf": "set it for each step, or as pipeline_config of @dsl.pipeline",
    "kfp.dsl.PipelineParam": "leave it out: KFP 2 takes parameters and outputs as they are",
    "kfp.dsl.PipelineVolume": "use kfp-kubernetes: kubernetes.mount_pvc",
    "kfp.dsl.RUN_ID_PLACEHOLDER": "pass dsl.PIPELINE_JOB_ID_PLACEHOLDER",
    "kfp.dsl.ResourceOp": _OBJECTS,
    "kfp.dsl.Sidecar": _ONE_CONTAINER,
    "kfp.dsl.SubGraph": "put the steps into a pipeline of their own, and call it",
    "kfp.dsl.UserContainer": _ONE_CONTAINER,
    "kfp.dsl.VolumeOp": "use kfp-kubernetes: kubernetes.CreatePVC and kubernetes.mount_pvc",
    "kfp.dsl.VolumeSnapshotOp": _OBJECTS,
    "kfp.dsl.get_pipeline_conf": "set it for each step, or as pipeline_config of @dsl.pipeline",
    "kfp.dsl.graph_component": "write it as a @dsl.pipeline, and call that",
}
# Modules of kfp 1.8.22, from which a name may be imported alone.
_GONE_MODULES: Mapping[str, str] = {
    "kfp.aws": _KUBERNETES,
    "kfp.azure": _KUBERNETES,
    "kfp.gcp": _KUBERNETES,
    "kfp.onprem": _KUBERNETES,
}
_PIPELINES = {"kfp.dsl.pipeline", "kfp.v2.dsl.pipeline"}


def leftovers(module: Module) -> Iterator[ToDo]:
    """Yield what KFP 2 has not, in no order."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name | ast.Attribute):
            yield from _gone(module, node)
        elif isinstance(node, ast.FunctionDef) and _is_pipeline(module, node):
            yield from _untyped(module, node)


def unknown_functions(module: Module, functions: Collection[ast.FunctionDef], makers: Container[str]) -> Iterator[ToDo]:
    """Yield each use of a maker of components that is not about one of the functions, as by a wrapper or `partial`."""
    names = {function.name for function in functions}
    known = {id(call.func) for name, call in module.calls if name in names}
    for function in functions:
        known |= {id(part) for decorator in function.decorator_list for part in ast.walk(decorator)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name | ast.Attribute) and module.qualified(node) in makers and id(node) not in known:
            why = "a function that is not known here becomes a component"
            advice = "give each of its parameters a type that KFP 2 has"
            yield ToDo(kind="function", where=module.at(node), why=why, advice=advice)


def _gone(module: Module, node: ast.Name | ast.Attribute) -> Iterator[ToDo]:
    """Yield what to do about a name that KFP 2 has not."""
    name = module.qualified(node) or ""
    origin = name.rpartition(".")[0]
    # In `kfp.gcp.use_gcp_secret`, the part `kfp.gcp` is a node of its own.
    advice = _GONE.get(name) or _GONE_MODULES.get(name)
    if advice is None and isinstance(node, ast.Name):
        advice = _GONE_MODULES.get(origin)
    if advice:
        shown = name if origin in {"kfp", *_GONE_MODULES} else name.rpartition(".")[2]
        yield ToDo(kind="gone", where=module.at(node), why=f"KFP 2 has no {shown}", advice=advice)


def _is_pipeline(module: Module, function: ast.FunctionDef) -> bool:
    """Return whether a decorator makes a pipeline of a function."""
    decorators = (each.func if isinstance(each, ast.Call) else each for each in function.decorator_list)
    return any(module.qualified(each) in _PIPELINES for each in decorators)


def _untyped(module: Module, pipeline: ast.FunctionDef) -> Iterator[ToDo]:
    """Yield what to do about the parameters of a pipeline for which KFP 2 has no type."""
    for argument, default in parameters(pipeline):
        found = written_annotation(module, argument.annotation)
        if argument.annotation is None or found.node is not None or found.left:
            why = f"KFP 2 has no type for {argument.arg!r} of the pipeline {pipeline.name}"
            type_ = _type_of(default) or (found.text if argument.annotation else "")
            advice = f"write {argument.arg}: {type_}" if type_ else found.left or "write the type that its steps take"
            yield ToDo(kind="parameter", where=module.at(argument), why=why, advice=advice)


def _type_of(default: ast.expr | None) -> str:
    """Return the type of a default; empty if a parameter cannot have it."""
    match default:
        case ast.Constant(value=str() | bool() | int() | float() as value):
            return type(value).__name__
        case ast.List():
            return "list"
        case ast.Dict():
            return "dict"
        case _:
            return ""

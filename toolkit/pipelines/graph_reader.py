"""Read a pipeline from KFP v2 IR: a PipelineSpec as kfp 2.17 compiles it, and its platform's settings if they follow.

What the model has no place for is refused with its line; nothing is lost on the way.
"""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from toolkit.errors import FindingsError, InputError, Location
from toolkit.forms.ir_parts import IrError, location_of, mapping, read_container, read_interface, text_of
from toolkit.interface.model import Interface, Kind
from toolkit.limits import PIPELINE_STEPS
from toolkit.pipelines.graph import (
    Component,
    Constant,
    Dag,
    DagInput,
    Importer,
    Pipeline,
    Resources,
    Step,
    StepOutput,
)
from toolkit.pipelines.graph_checks import check_defaults, check_given, check_output, check_sources
from toolkit.pipelines.task_reader import (
    known,
    needed_tasks,
    part,
    read_condition,
    read_loop,
    read_needs,
    read_retry,
    read_sources,
)
from toolkit.spec.document import Place, Reading, compose_all, not_a_contract, plain, read_text
from toolkit.spec.model import ComponentSpec
from toolkit.words import did_you_mean

_TOP = ("components", "deploymentSpec", "pipelineInfo", "root", "schemaVersion", "sdkVersion", "defaultPipelineRoot")
_TASK = (
    *("taskInfo", "inputs", "dependentTasks", "cachingOptions", "componentRef", "triggerPolicy"),
    *("artifactIterator", "parameterIterator", "retryPolicy", "iteratorPolicy"),
)
# The settings of a platform repeat in a component what the second document has.
_COMPONENT = (
    *("inputDefinitions", "outputDefinitions", "dag", "executorLabel"),
    *("singlePlatformSpecs", "taskConfigPassthroughs"),
)
_RESOURCES = {
    "cpu_limit": "resourceCpuLimit",
    "memory_limit": "resourceMemoryLimit",
    "cpu_request": "resourceCpuRequest",
    "memory_request": "resourceMemoryRequest",
}
# kfp writes each of them a second time as a number, for engines of before.
_OLD_RESOURCES = ("cpuLimit", "memoryLimit", "cpuRequest", "memoryRequest")
_ANEW = "compile the pipeline again: comp pipeline compile"
# The readers of the model recurse too.
_DEEPEST = 60


@not_a_contract()
def read_pipeline(path: Path) -> Pipeline:
    """Read the IR at `path`. Raises InputError with the place of the first part that is not understood."""
    if not path.is_file():
        what = "a folder, expected the IR of a pipeline" if path.is_dir() else "the file is missing"
        raise InputError(what, where=Location(path=path), hint="`comp pipeline compile` writes the IR of a pipeline")
    return parse_pipeline(read_text(path), path)


@not_a_contract()
def parse_pipeline(text: str, path: Path) -> Pipeline:
    """Parse the IR of a pipeline, or of a single component; errors name `path`. Raises as `read_pipeline` does."""
    nodes = compose_all(text, path)
    if not nodes:
        raise InputError("the file is empty", where=Location(path=path), hint="`comp pipeline compile` writes IR")
    if len(nodes) > 2:  # noqa: PLR2004 (the pipeline, and the settings of its platforms)
        where = Location(path=path, line=nodes[2].start_mark.line + 1)
        raise InputError("a third document follows, IR has two at most", where=where, hint=_ANEW)
    whole, platforms = _data(nodes[0], path), _data(nodes[1], path) if len(nodes) > 1 else {}
    try:
        return _Document(whole, platforms, nodes, path).pipeline()
    except IrError as error:
        node, place = _in_second(nodes, error.place)
        raise InputError(error.message, where=location_of(node, place, path), hint=error.hint or _ANEW) from None


def _data(node: yaml.Node, path: Path) -> Any:  # noqa: ANN401 (any YAML value)
    """Return a document as data. Raises FindingsError."""
    reading = Reading(path)
    data = plain(reading, node)
    if reading.findings:
        raise FindingsError(tuple(reading.findings))
    return data


def _in_second(nodes: tuple[yaml.Node, ...], place: Place) -> tuple[yaml.Node, Place]:
    """Return the document that a place is in; `platforms` is the only key of the second."""
    second = len(nodes) > 1 and place[:1] == ("platforms",)
    return nodes[int(second)], place


class _Document:
    """A document that is being read. Components are read once, however many steps refer to them."""

    def __init__(self, whole: Any, platforms: Any, nodes: tuple[yaml.Node, ...], path: Path) -> None:  # noqa: ANN401
        self._whole = mapping(whole, ())
        self._platforms = mapping(mapping(platforms, ()).get("platforms", {}), ("platforms",))
        self._nodes = nodes
        self._path = path
        self._works: dict[str, tuple[Component | Importer | Dag, int]] = {}
        self._open: list[str] = []

    def pipeline(self) -> Pipeline:
        """Return the pipeline."""
        if "pipelineInfo" not in self._whole:
            raise IrError("this is not a pipeline's IR: pipelineInfo is missing", (), hint=_hint(self._whole))
        known(self._whole, (), _TOP)
        info = mapping(self._whole["pipelineInfo"], ("pipelineInfo",))
        name = text_of(info.get("name"), ("pipelineInfo", "name"))
        root = mapping(self._whole.get("root"), ("root",))
        known(root, ("root",), _COMPONENT)
        dag, _ = self._dag(root, ("root",))
        interface, _ = read_interface(root, ("root",), {})
        check_defaults(interface, ("root",))
        return Pipeline(
            name=name,
            title=text_of(info.get("displayName", name), ("pipelineInfo", "displayName")),
            description=text_of(info.get("description", ""), ("pipelineInfo", "description")),
            interface=interface,
            root=dag,
            path=self._path,
            platforms=MappingProxyType(self._platforms),
        )

    def _dag(self, component: dict[str, Any], place: Place) -> tuple[Dag, int]:
        """Return the dag of a component, and how many steps it has with those of the dags in it."""
        here = (*place, "dag")
        dag = known(component.get("dag"), here, ("tasks", "outputs"))
        inputs = read_interface(component, place, {})[0]
        tasks = {key: mapping(task, (*here, "tasks", key)) for key, task in part(dag, here, "tasks").items()}
        steps: dict[str, Step] = {}
        count = 0
        for key in _ordered(tasks, (*here, "tasks")):
            steps[key], more = self._step(key, tasks[key], (*here, "tasks", key))
            count += more
        PIPELINE_STEPS.check(count, "the number of steps", where=self._where(here))
        for key, step in steps.items():
            check_sources(step, steps, inputs, (*here, "tasks", key, "inputs"))
        outputs = _dag_outputs(part(dag, here, "outputs"), (*here, "outputs"), steps)
        return Dag(steps=tuple(steps.values()), outputs=MappingProxyType(outputs)), count

    def _step(self, key: str, task: dict[str, Any], place: Place) -> tuple[Step, int]:
        """Return one step, and how many steps there are in it, itself included."""
        known(task, place, _TASK)
        reference = text_of(part(task, place, "componentRef").get("name"), (*place, "componentRef", "name"))
        component = self._component(reference, (*place, "componentRef", "name"))
        interface, _ = read_interface(component, ("components", reference), {})
        check_defaults(interface, ("components", reference))
        work, count = self._work(reference, component, interface)
        policy = known(task.get("triggerPolicy", {}), (*place, "triggerPolicy"), ("condition", "strategy"))
        caching = known(task.get("cachingOptions", {}), (*place, "cachingOptions"), ("enableCache", "cacheKey"))
        inputs = read_sources(part(task, place, "inputs"), (*place, "inputs"))
        step = Step(
            name=key,
            title=text_of(part(task, place, "taskInfo").get("name", key), (*place, "taskInfo", "name")),
            component=reference,
            interface=interface,
            work=work,
            inputs=MappingProxyType(inputs),
            after=tuple(needed_tasks(task, place)),
            needs=read_needs(policy, (*place, "triggerPolicy")),
            where=self._where(place),
            condition=read_condition(policy, (*place, "triggerPolicy", "condition")),
            loop=read_loop(task, place),
            retry=read_retry(task, place),
            cached=caching.get("enableCache") is True,
            cache_key=text_of(caching.get("cacheKey", ""), (*place, "cachingOptions", "cacheKey")),
        )
        check_given(step, place)
        return step, count + 1

    def _component(self, reference: str, place: Place) -> dict[str, Any]:
        """Return a component of the document."""
        components = part(self._whole, (), "components")
        if reference not in components:
            advice = did_you_mean(reference, components, otherwise="define it under components")
            raise IrError(f"the component {reference!r} is not in the document", place, hint=advice)
        return known(components[reference], ("components", reference), _COMPONENT)

    def _work(
        self, reference: str, component: dict[str, Any], interface: Interface
    ) -> tuple[Component | Importer | Dag, int]:
        """Return the work of a component, and how many steps are in it."""
        place: Place = ("components", reference)
        if reference in self._open:
            ring = " > ".join((*self._open[self._open.index(reference) :], reference))
            raise IrError(f"the component {reference!r} is a step of itself: {ring}", place)
        if len(self._open) > _DEEPEST:
            raise IrError("the pipelines in this pipeline are nested too deeply", place)
        if reference not in self._works:
            self._open.append(reference)
            if "dag" in component:
                self._works[reference] = self._dag(component, place)
            else:
                self._works[reference] = self._executed(reference, component, interface), 0
            self._open.pop()
        return self._works[reference]

    def _executed(self, reference: str, component: dict[str, Any], interface: Interface) -> Component | Importer:
        """Return the work that an executor does."""
        place: Place = ("components", reference)
        label = text_of(component.get("executorLabel"), (*place, "executorLabel"))
        executors = part(part(self._whole, (), "deploymentSpec"), ("deploymentSpec",), "executors")
        here: Place = ("deploymentSpec", "executors", label)
        if label not in executors:
            raise IrError(f"the executor {label!r} is not in the document", (*place, "executorLabel"))
        executor = mapping(executors[label], here)
        if executor.keys() == {"importer"}:
            return _importer(executor["importer"], (*here, "importer"), interface)
        if executor.keys() != {"container"}:
            kinds = ", ".join(sorted(executor)) or "nothing"
            raise IrError(f"the executor has {kinds}, expected a container or an importer", here)
        here = (*here, "container")
        container = known(executor["container"], here, ("image", "command", "args", "env", "resources"))
        return Component(
            spec=ComponentSpec(
                name=reference.removeprefix("comp-"),
                description="",
                interface=interface,
                implementation=read_container(container, here, ({}, {})),
            ),
            resources=_resources(part(container, here, "resources"), (*here, "resources")),
            settings=MappingProxyType(self._settings(label)),
        )

    def _settings(self, label: str) -> dict[str, Any]:
        """Return what the platform `kubernetes` sets for an executor."""
        place: Place = ("platforms",)
        settings: Any = self._platforms
        for key in ("kubernetes", "deploymentSpec", "executors", label):
            settings = mapping(settings.get(key, {}), (*place, key))
            place = (*place, key)
        return dict(settings)

    def _where(self, place: Place) -> Location:
        """Return the line of a place."""
        return location_of(self._nodes[0], place, self._path)


def _hint(whole: Mapping[str, Any]) -> str:
    """Return what to do with a document that is not IR."""
    if "apiVersion" in whole:
        return "this is a manifest for Kubernetes: compile the pipeline without --kubernetes-manifest-format"
    if "implementation" in whole:
        return "this is a component's contract; `comp run` runs it"
    return "`comp pipeline compile` writes the IR of a pipeline in Python"


def _ordered(tasks: Mapping[str, dict[str, Any]], place: Place) -> tuple[str, ...]:
    """Return the names of the tasks, each after those that it needs. Raises IrError for a cycle or an unknown name."""
    needs = {key: list(needed_tasks(task, (*place, key))) for key, task in tasks.items()}
    for key, names in needs.items():
        for name in names:
            if name not in tasks:
                advice = did_you_mean(name, tasks, otherwise=f"steps here: {', '.join(tasks)}")
                raise IrError(
                    f"the step {key!r} needs the step {name!r}, which is not here", (*place, key), hint=advice
                )
    try:
        return tuple(TopologicalSorter(needs).static_order())
    except CycleError as error:
        ring: list[str] = error.args[1]
        raise IrError(f"the steps wait for one another: {' > '.join(ring)}", (*place, ring[0])) from None


def _importer(value: Any, place: Place, interface: Interface) -> Importer:  # noqa: ANN401 (any YAML value)
    """Return the importer of an executor."""
    read = known(value, place, ("artifactUri", "typeSchema", "metadata", "reimport", "downloadToWorkspace"))
    if [port.kind for port in interface.outputs] != [Kind.ARTIFACT]:
        raise IrError("an importer has one output, an artifact", place)
    uri: Constant | DagInput
    match read.get("artifactUri"):
        case {"constant": str(text)}:
            uri = Constant(value=text)
        case {"runtimeParameter": str(name)} if name in {port.name for port in interface.inputs}:
            uri = DagInput(name=name)
        case _:
            raise IrError("artifactUri is neither a constant text nor the name of an input", (*place, "artifactUri"))
    return Importer(
        uri=uri,
        metadata=MappingProxyType(part(read, place, "metadata")),
        reimport=read.get("reimport") is True,
        to_workspace=read.get("downloadToWorkspace") is True,
    )


def _resources(read: Mapping[str, Any], place: Place) -> Resources:
    """Return what a container asks for."""
    known(read, place, (*_RESOURCES.values(), *_OLD_RESOURCES, "accelerator"))
    accelerator = known(
        read.get("accelerator", {}), (*place, "accelerator"), ("type", "count", "resourceType", "resourceCount")
    )
    count = accelerator.get("resourceCount", accelerator.get("count", ""))
    return Resources(
        **{name: text_of(read.get(key, ""), (*place, key)) for name, key in _RESOURCES.items()},
        accelerator=text_of(accelerator.get("resourceType", accelerator.get("type", "")), (*place, "accelerator")),
        accelerator_count=str(count),
    )


def _dag_outputs(
    outputs: Mapping[str, Any], place: Place, steps: Mapping[str, Step]
) -> dict[str, tuple[StepOutput, ...]]:
    """Return the sources of each output of a dag."""
    known(outputs, place, ("parameters", "artifacts"))
    read: dict[str, tuple[StepOutput, ...]] = {}
    for name, value in part(outputs, place, "parameters").items():
        here = (*place, "parameters", name)
        match known(value, here, ("valueFromParameter", "valueFromOneof")):
            case {"valueFromParameter": source}:
                selectors = [source]
            case {"valueFromOneof": {"parameterSelectors": list(several)}}:
                selectors = several
            case _:
                raise IrError(f"the output {name!r} has no source", here)
        read[name] = tuple(_selected(each, here, "outputParameterKey", steps) for each in selectors)
    for name, value in part(outputs, place, "artifacts").items():
        here = (*place, "artifacts", name)
        several = known(value, here, ("artifactSelectors",)).get("artifactSelectors", [])
        if not isinstance(several, list) or not several:
            raise IrError(f"the output {name!r} has no source", here)
        read[name] = tuple(_selected(each, here, "outputArtifactKey", steps) for each in several)
    return read


def _selected(selector: Any, place: Place, key: str, steps: Mapping[str, Step]) -> StepOutput:  # noqa: ANN401
    """Return the source that a selector names."""
    read = mapping(selector, place)
    step = text_of(read.get("producerSubtask"), place)
    if step not in steps:
        raise IrError(f"the source of the output {place[-1]!r} is not a step here: {step!r}", place)
    source = StepOutput(step=step, output=text_of(read.get(key), place))
    check_output(source, steps[step], place)
    return source

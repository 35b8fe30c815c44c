"""Write a pipeline as an Argo Workflow or WorkflowTemplate: a DAG of the steps, each a template of its own.

A value on its way from one step to another is JSON whose braces are escaped, and the step's own expression reads it:
Argo would replace braces in it otherwise. Values that the pipeline gives are a part of the step's template. Importers,
the outputs of loops and KFP's own Python components have no form here, and are refused with their place.
"""

import json
import re
from collections.abc import Mapping
from itertools import chain, count
from typing import Any

from msgspec.structs import replace

from toolkit.config.argo import ArgoSettings
from toolkit.declared.model import KeyOf
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.forms.argo_arguments import Arguments
from toolkit.forms.argo_step import (
    argo_name,
    check_names,
    check_size,
    document_around,
    output_ports,
    port_path,
    template_of,
)
from toolkit.forms.argo_words import Word, constant, joined, literal
from toolkit.forms.ir_values import default_text
from toolkit.image_paths import LAUNCHER, absolute
from toolkit.interface.model import Input, Interface, Kind
from toolkit.pipelines.argo_conditions import expression_of
from toolkit.pipelines.argo_retries import retry_strategy
from toolkit.pipelines.declarations import with_limits
from toolkit.pipelines.graph import (
    Component,
    Constant,
    Dag,
    DagInput,
    FinalStatus,
    Loop,
    Pipeline,
    Source,
    Step,
    StepOutput,
)
from toolkit.pipelines.step_variables import references_of
from toolkit.spec.declared import declared_of, with_declared
from toolkit.spec.model import ComponentSpec, ExecutorInputPlaceholder
from toolkit.spec.reader import arguments_of

_PLACEHOLDER = re.compile(r"\{\{\$\.inputs\.parameters\[(['\"])(.+?)\1\]\}\}")
# The text of a JSON value `#`, as programs get it.
_TEXT_OF_JSON = 'type(#) == "string" ? # : toJson(#)'
# KFP's facts of a run, such as the name of its job.
_FACT = re.compile(r"\{\{\$\.")
_NOT_IN_A_TASK = re.compile(r"[^-a-zA-Z0-9]+")
# Argo takes 128 characters.
_LONGEST_TEMPLATE = 120
# The states of a step that has ended, whatever its end.
_ENDS = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted")


def write_pipeline(
    pipeline: Pipeline,
    *,
    values: Mapping[str, str] | None = None,
    artifacts: Mapping[str, Mapping[str, Any]] | None = None,
    settings: ArgoSettings | None = None,
) -> dict[str, Any]:
    """Return a Workflow with these inputs; without `values` a WorkflowTemplate, whose users give them.

    `values` has all values, defaults included. Raises InputError with the place of what Argo cannot express.
    """
    writer = _Writer(settings or ArgoSettings())
    interface = pipeline.interface
    name = _NOT_IN_A_TASK.sub("-", pipeline.name.lower()).strip("-")
    given = dict.fromkeys((port.name for port in interface.inputs if port.kind is Kind.PARAMETER), None)
    root = _Scope(name=name, interface=interface, values=given if values is None else values, is_root=True)
    writer.dag(root, pipeline.root)
    arguments = _arguments(interface, values, artifacts or {})
    document = document_around(
        kind="WorkflowTemplate" if values is None else "Workflow",
        name={"name": name} if values is None else {"generateName": f"{name}-"},
        title=pipeline.title,
        description=pipeline.description,
        entrypoint=name,
        templates=writer.templates,
        arguments=arguments,
        settings=writer.settings,
    )
    check_size(document)
    return document


def _arguments(
    interface: Interface, values: Mapping[str, str] | None, artifacts: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the arguments of the workflow: artifacts, and parameters unless their values are in the templates.

    Raises InputError for a default that Argo would change.
    """
    parameters = []
    for port in interface.inputs if values is None else ():
        if port.kind is Kind.PARAMETER:
            if "{{" in (port.default or ""):
                raise InputError(
                    f"the default of {port.name!r} has '{{{{' in it, which Argo replaces",
                    hint=f"write a Workflow, whose values arrive as they are: --to argo-workflow -i {port.name}=…",
                )
            written = {"name": argo_name(port.name)}
            written |= {"value": port.default} if port.default is not None else {}
            written |= {"description": port.description} if port.description else {}
            parameters.append(written)
    places = [{"name": argo_name(name), **place} for name, place in artifacts.items()]
    return {key: ports for key, ports in (("parameters", parameters), ("artifacts", places)) if ports}


class _Scope:
    """The inputs of one dag. `values` has a text for each value that is known, None for one that Argo has."""

    def __init__(self, *, name: str, interface: Interface, values: Mapping[str, str | None], is_root: bool) -> None:
        self.name = name
        self.kinds = {port.name: port.kind for port in interface.inputs}
        self.values = values
        # Users give the values of the root, and the steps above those of a dag, which are encoded.
        self.is_root = is_root

    def lacks(self, source: Source) -> bool:
        """Whether a source is an input of this dag that was not given."""
        if not isinstance(source, DagInput) or self.kinds.get(source.name) is not Kind.PARAMETER:
            return False
        return source.name not in self.values


def _encoding(value: str) -> str:
    """Return the expression of a value as JSON without braces."""
    return f'replace(toJson({value}), "{{", "\\\\u007b")'


class _Writer:
    """Collects the templates of a pipeline."""

    def __init__(self, settings: ArgoSettings) -> None:
        self.settings = settings
        self.templates: list[dict[str, Any]] = []
        self._names: set[str] = set()

    def _unused(self, name: str) -> str:
        """Return a name of a template that no other has: the steps `a-b`, and `b` in the dag `a`, differ."""
        numbers = (f"{name}-{number}" for number in count(2))
        free = next(each for each in chain([name], numbers) if each not in self._names)
        self._names.add(free)
        return free

    def dag(self, scope: _Scope, dag: Dag) -> None:
        """Add the template of a dag, and those of its steps."""
        template: dict[str, Any] = {"name": scope.name}
        self._names.add(scope.name)
        self.templates.append(template)
        dynamic = [
            name for name, kind in scope.kinds.items() if kind is Kind.ARTIFACT or scope.values.get(name, "") is None
        ]
        inputs = {
            "parameters": [{"name": argo_name(name)} for name in dynamic if scope.kinds[name] is Kind.PARAMETER],
            "artifacts": [{"name": argo_name(name)} for name in dynamic if scope.kinds[name] is Kind.ARTIFACT],
        }
        if any(inputs.values()):
            template["inputs"] = {key: ports for key, ports in inputs.items() if ports}
        tasks = [self._task(scope, step, {each.name: each for each in dag.steps}) for step in dag.steps]
        template["dag"] = {"tasks": tasks}
        if not scope.is_root and (outputs := _dag_outputs(dag)):
            template["outputs"] = outputs

    def _task(self, scope: _Scope, step: Step, beside: Mapping[str, Step]) -> dict[str, Any]:
        """Return the task of a step, and add its template."""
        _check(step)
        step = replace(step, inputs={port: each for port, each in step.inputs.items() if not scope.lacks(each)})
        name = self._unused(_template_name(scope, step))
        known: dict[str, str | None] = {}
        parameters, artifacts = [], []
        for port, source in step.inputs.items():
            kind = next((each.kind for each in step.interface.inputs if each.name == port), Kind.PARAMETER)
            if kind is Kind.ARTIFACT:
                artifacts.append({"name": argo_name(port), "from": _artifact(source, step, beside)})
                continue
            text = _known(source, scope)
            known[port] = text
            if text is None and (isinstance(step.work, Dag) or not isinstance(source, Constant)):
                parameters.append({"name": argo_name(port), "value": _passed(source, scope, step, beside)})
        if step.loop is not None:
            known[step.loop.item] = None
            parameters.append({"name": argo_name(step.loop.item), "value": "{{item}}"})
        if isinstance(step.work, Dag):
            inner = _Scope(name=name, interface=step.interface, values=known, is_root=False)
            self.dag(inner, step.work)
        else:
            assert isinstance(step.work, Component)  # noqa: S101 (`_check` refuses all else)
            self.templates.append(self._step(name, step, step.work, known, parameters))
        task: dict[str, Any] = {"name": _task_name(step.name), "template": name}
        if step.after:
            task["depends"] = " && ".join(_after(_task_name(other), step) for other in step.after)
        if step.loop is not None:
            task["withParam"] = _items(step.loop, scope, step, beside)
        if step.condition is not None:
            task["when"] = f"{{{{={self._condition(scope, step, beside)}}}}}"
        arguments = {"parameters": parameters, "artifacts": artifacts}
        if any(arguments.values()):
            task["arguments"] = {key: ports for key, ports in arguments.items() if ports}
        return task

    @staticmethod
    def _condition(scope: _Scope, step: Step, beside: Mapping[str, Step]) -> str:
        """Return the expression of a step's condition."""
        assert step.condition is not None  # noqa: S101 (the caller asks)

        def operand(name: str) -> tuple[str, str]:
            source = step.inputs[name]
            known = _known(source, scope)
            type_ = next((port.type for port in step.interface.inputs if port.name == name), "String")
            return (literal(known) if known is not None else _text(source, scope, step, beside)), type_

        try:
            return expression_of(step.condition.expression, operand)
        except InputError as error:
            raise _refused(step, error.message, error.hint) from None

    def _step(
        self,
        name: str,
        step: Step,
        work: Component,
        known: Mapping[str, str | None],
        parameters: list[dict[str, Any]],
    ) -> dict[str, Any]:
        """Return the template of a step that runs a container."""
        spec = with_limits(work.spec, work.resources)
        references = _references(work.settings, step)
        declared = declared_of(spec)
        spec = with_declared(spec, replace(declared, references={**declared.references, **references}))
        _check_spec(spec, step)
        given = {**{port.name: port.default for port in spec.interface.inputs if port.default is not None}, **known}
        artifacts = [port for port in spec.interface.inputs if port.kind is Kind.ARTIFACT and port.name in step.inputs]

        def value(port: Input) -> Word:
            return _value(port.name, step, given)

        def is_given(port: Input) -> bool:
            return port.name in given or port.name in step.inputs

        try:
            check_names(spec)
            line = Arguments(spec=spec, given=is_given, value=value).line()
        except InputError as error:
            raise _refused(step, error.message, error.hint) from None
        inputs = {
            "parameters": [{"name": each["name"]} for each in parameters],
            "artifacts": [{"name": argo_name(port.name), "path": port_path("inputs", port.name)} for port in artifacts],
        }
        ports = {"inputs": {key: each for key, each in inputs.items() if each}, "outputs": output_ports(spec)}
        template = template_of(spec, name, ports=ports, line=line, settings=self.settings)
        if step.retry:
            template["retryStrategy"] = retry_strategy(step.title, step.retry)
        return template


def _value(name: str, step: Step, given: Mapping[str, str | None]) -> Word:
    """Return the word of a step's value."""
    source = step.inputs.get(name)
    if given.get(name) is not None:
        return constant(str(given[name]))
    if not isinstance(source, Constant):
        return Word(text=None, expression=f'fromJSON(inputs.parameters["{argo_name(name)}"])')
    if not isinstance(source.value, str):
        raise _refused(step, f"the input {name!r} has values of other steps within a list or an object")
    words, end = [], 0
    for match in _PLACEHOLDER.finditer(source.value):
        words += [constant(source.value[end : match.start()]), _value(match[2], step, given)]
        end = match.end()
    return joined([*words, constant(source.value[end:])])


def _known(source: Source, scope: _Scope) -> str | None:
    """Return the text of a source that is known before the pipeline runs."""
    match source:
        case Constant(value=value):
            text = default_text(value)
            return None if _PLACEHOLDER.search(text) else text
        case DagInput(name=name, members=()):
            return scope.values.get(name)
    return None


def _passed(source: Source, scope: _Scope, step: Step, beside: Mapping[str, Step]) -> str:
    """Return the text of a task's argument that passes on a value, encoded."""
    whole = isinstance(source, DagInput | StepOutput) and not source.members
    if whole and _is_encoded(source, scope, beside):
        return f"{{{{={_place(source, step, beside)}}}}}"
    return f"{{{{={_encoding(_text(source, scope, step, beside))}}}}}"


def _text(source: Source, scope: _Scope, step: Step, beside: Mapping[str, Step]) -> str:
    """Return the expression of a value's text."""
    value = _place(source, step, beside)
    text = f"fromJSON({value})" if _is_encoded(source, scope, beside) else value
    if not isinstance(source, DagInput | StepOutput) or not source.members:
        return text
    members = "".join(f"[{literal(member)}]" for member in source.members)
    return f"map([fromJSON({text}){members}], {_TEXT_OF_JSON})[0]"


def _items(loop: Loop, scope: _Scope, step: Step, beside: Mapping[str, Step]) -> str:
    """Return the list of a loop as JSON of texts, each encoded; or the expression of it."""
    if not isinstance(loop.items, str):
        items: Any = list(loop.items)
    else:
        source = step.inputs[loop.items]
        known = _known(source, scope)
        if known is None:
            listed = f"fromJSON({_text(source, scope, step, beside)})"
            return f"{{{{=toJson(map({listed}, {_encoding(_TEXT_OF_JSON)}))}}}}"
        try:
            items = json.loads(known)
        except ValueError:
            items = None
        if not isinstance(items, list):
            raise _refused(step, f"it is done for each item of {known[:80]!r}, which is not a list")
    return json.dumps([json.dumps(default_text(item)).replace("{", r"\u007b") for item in items])


def _is_encoded(source: Source, scope: _Scope, beside: Mapping[str, Step]) -> bool:
    """Whether a value comes encoded: users give the root's as they are, and a program writes its own so."""
    return isinstance(beside[source.step].work, Dag) if isinstance(source, StepOutput) else not scope.is_root


def _place(source: Source, step: Step, beside: Mapping[str, Step]) -> str:
    """Return the expression of the value that Argo has. Raises InputError for one that it does not have."""
    match source:
        case DagInput(name=name):
            return f'inputs.parameters["{argo_name(name)}"]'
        case StepOutput(step=other) if beside[other].loop is not None:
            raise _refused(step, f"it takes what all iterations of {other!r} give")
        case StepOutput(step=other, output=output):
            return f'tasks["{_task_name(other)}"].outputs.parameters["{argo_name(output)}"]'
        case Constant():
            raise _refused(step, "a text with values of other steps is given to a dag")
        case FinalStatus():
            raise _refused(step, "it asks how another step ended, which Argo tells no component")


def _template_name(scope: _Scope, step: Step) -> str:
    """Return the name of a step's template, by its place in the dags around it."""
    name = f"{scope.name}-{_task_name(step.name)}"
    if len(name) <= _LONGEST_TEMPLATE:
        return name
    return f"{name[: _LONGEST_TEMPLATE - 13]}-{Digest.of(name.encode()).hex[:12]}"


def _task_name(step: str) -> str:
    """Return the name of a step's task."""
    return _NOT_IN_A_TASK.sub("-", step)


def _artifact(source: Source, step: Step, beside: Mapping[str, Step]) -> str:
    """Return where Argo takes an artifact from."""
    match source:
        case StepOutput(step=other) if beside[other].loop is not None:
            raise _refused(step, f"it takes what all iterations of {other!r} give")
        case DagInput(name=name):
            return f"{{{{inputs.artifacts.{argo_name(name)}}}}}"
        case StepOutput(step=other, output=output):
            return f"{{{{tasks.{_task_name(other)}.outputs.artifacts.{argo_name(output)}}}}}"
    raise _refused(step, "an artifact is given as a constant")


def _dag_outputs(dag: Dag) -> dict[str, Any]:
    """Return the outputs of a dag within a dag."""
    kinds = {(step.name, port.name): port.kind for step in dag.steps for port in step.interface.outputs}
    parameters, artifacts = [], []
    for name, sources in dag.outputs.items():
        source = sources[0]
        own = next(step for step in dag.steps if step.name == source.step)
        if own.loop is not None:
            raise _refused(own, "what all of its iterations give is an output of the dag around it")
        task = f"tasks.{_task_name(source.step)}.outputs"
        if kinds[source.step, source.output] is Kind.ARTIFACT:
            artifacts.append({"name": argo_name(name), "from": f"{{{{{task}.artifacts.{argo_name(source.output)}}}}}"})
            continue
        value = f'tasks["{_task_name(source.step)}"].outputs.parameters["{argo_name(source.output)}"]'
        expression = value if isinstance(own.work, Dag) else _encoding(value)
        parameters.append({"name": argo_name(name), "valueFrom": {"expression": expression}})
    return {key: ports for key, ports in (("parameters", parameters), ("artifacts", artifacts)) if ports}


def _after(other: str, step: Step) -> str:
    """Return the condition that another step has ended; after one that was skipped, nothing is left to do."""
    if step.needs == "succeeded":
        return f"{other}.Succeeded"
    return f"({' || '.join(f'{other}.{end}' for end in _ENDS)})"


def _check(step: Step) -> None:
    """Raise InputError for a step that Argo cannot do as KFP does."""
    if step.loop is not None and step.loop.artifacts:
        raise _refused(step, "it is done once for each of some artifacts")
    if step.loop is not None and step.loop.most:
        raise _refused(step, f"at most {step.loop.most} of its iterations run at once", "leave out `parallelism`")
    if not isinstance(step.work, Component | Dag):
        raise _refused(step, "it imports an artifact", "make the artifact an input of the pipeline")
    if isinstance(step.work, Dag) and any(len(sources) > 1 for sources in step.work.outputs.values()):
        raise _refused(step, "an output is that of one of several steps")


def _check_spec(spec: ComponentSpec, step: Step) -> None:
    """Raise InputError for a container that needs KFP's launcher."""
    parts = list(arguments_of(spec.container))
    if any(isinstance(part, ExecutorInputPlaceholder) for part in parts) and absolute(LAUNCHER) not in parts:
        hint = "make a component of it: `comp new --from-function`, or toolkit.component in the pipeline"
        raise _refused(step, "only KFP's own launcher can run it", hint)
    if any(isinstance(part, str) and _FACT.search(part) for part in parts):
        raise _refused(step, "a word of its command line asks for a fact of KFP's run")


def _references(settings: Mapping[str, Any], step: Step) -> Mapping[str, KeyOf]:
    """Return the variables that a platform's settings take from secrets and config maps."""
    if unknown := settings.keys() - {"secretAsEnv", "configMapAsEnv"}:
        raise _refused(step, f"its settings have {min(unknown)}, which is not written for Argo")
    references = references_of(settings)
    for variable, key in references.items():
        # kfp-kubernetes also takes the name from an input of the pipeline.
        if not key.name or not key.key:
            raise _refused(step, f"the {key.kind} of its variable {variable} is not named in its settings")
    return references


def _refused(step: Step, problem: str, hint: str | None = None) -> InputError:
    """Return the error for a step that has no form in Argo."""
    message = f"the step {step.name!r}: {problem}, for which Argo has no form"
    return InputError(message, where=step.where, hint=hint)

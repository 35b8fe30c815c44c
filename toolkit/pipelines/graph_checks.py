"""Check what a pipeline's IR connects: sources that exist, ports of one kind, defaults of the input's type."""

from collections.abc import Mapping

from toolkit.forms.ir_parts import IrError
from toolkit.interface.model import Interface, Kind, Output
from toolkit.pipelines.graph import Dag, DagInput, Step, StepOutput
from toolkit.pipelines.values import parse_value
from toolkit.spec.document import Place
from toolkit.words import did_you_mean

_KINDS = {Kind.PARAMETER: "a parameter", Kind.ARTIFACT: "an artifact"}


def check_sources(step: Step, steps: Mapping[str, Step], outer: Interface, place: Place) -> None:
    """Raise IrError for a source that its dag does not have."""
    known = {port.name for port in outer.inputs}
    ports = {port.name: port for port in step.interface.inputs}
    for name, source in step.inputs.items():
        here = (*place, "parameters", name)
        if isinstance(source, StepOutput):
            given = check_output(source, steps[source.step], here)
            if name in ports and ports[name].kind is not given.kind:
                raise IrError(
                    f"the output {source.output!r} of {source.step!r} is {_KINDS[given.kind]} ({given.type}), and the"
                    f" input {name!r} of {step.name!r} is {_KINDS[ports[name].kind]} ({ports[name].type})",
                    here,
                    hint="connect ports of one kind",
                )
        elif isinstance(source, DagInput) and source.name not in known:
            advice = did_you_mean(source.name, known, otherwise=f"inputs: {', '.join(sorted(known)) or 'none'}")
            raise IrError(
                f"the step {step.name!r} takes {name!r} from the input {source.name!r}, which is not there",
                here,
                hint=advice,
            )


def check_output(source: StepOutput, step: Step, place: Place) -> Output:
    """Return the output of a step. Raises IrError if the step does not have it."""
    known = {port.name: port for port in step.interface.outputs}
    if source.output not in known:
        advice = did_you_mean(source.output, known, otherwise=f"it has: {', '.join(known) or 'no outputs'}")
        raise IrError(f"the step {step.name!r} has no output {source.output!r}", place, hint=advice)
    return known[source.output]


def check_defaults(interface: Interface, place: Place) -> None:
    """Raise IrError for a default that is not a value of its input's type."""
    for port in interface.inputs:
        if port.kind is not Kind.PARAMETER or port.default is None:
            continue
        try:
            parse_value(port.default, port.type)
        except (ValueError, RecursionError):
            raise IrError(
                f"the default of the input {port.name!r} is {port.default[:60]!r}, expected {port.type}",
                (*place, "inputDefinitions", "parameters", port.name),
            ) from None


def check_given(step: Step, place: Place) -> None:
    """Raise IrError for a required input without a source, and for a loop or condition on an input without one."""
    given = {*step.inputs, *((step.loop.item,) if step.loop else ())}
    if not isinstance(step.work, Dag):
        for port in step.interface.inputs:
            if port.name not in given and not port.optional and port.default is None:
                raise IrError(f"the step {step.name!r} needs the input {port.name!r}", (*place, "inputs"))
    # A loop or a condition may use a default.
    given |= {port.name for port in step.interface.inputs}
    used = [step.loop.items] if step.loop and isinstance(step.loop.items, str) else []
    used += step.condition.inputs if step.condition else ()
    for name in used:
        if name not in given:
            raise IrError(f"the step {step.name!r} uses the input {name!r}, which it does not have", place)

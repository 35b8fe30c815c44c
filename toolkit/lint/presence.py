"""Rules about inputs that a caller may leave out."""

from collections.abc import Iterator, Sequence

from toolkit.edits import HOLE, Applicability, Fix, Wrap
from toolkit.image_paths import LAUNCHER, absolute
from toolkit.interface.model import Kind
from toolkit.lint.rule import ERROR, WARNING, Remark, RuleCategory, rule
from toolkit.lint.values import passed_default
from toolkit.lint.walk import arguments, container_of, top_arguments
from toolkit.spec.document import Place
from toolkit.spec.model import (
    Argument,
    ConcatPlaceholder,
    ExecutorInputPlaceholder,
    IfPlaceholder,
    IsPresent,
    PortPlaceholder,
)
from toolkit.spec.reader import ComponentDocument
from toolkit.spec.writer import write_argument

# Placeholders of one argument outside of a test of presence: the place of the argument, it, and the placeholder.
_Unguarded = tuple[Place, Argument, PortPlaceholder]


@rule(
    "C024",
    "optional-unguarded",
    ERROR,
    RuleCategory.PASSING,
    "An optional input without default stands outside if/isPresent: KFP 1.8 shifts arguments, KFP 2 passes null.",
)
def optional_unguarded(document: ComponentDocument) -> Iterator[Remark]:
    """Report placeholders of inputs that may be absent, outside of a test of their presence.

    An input that is `optional` without a default may be absent. If its placeholder stands alone, KFP 1.8 drops the one
    argument and keeps the flag in front of it, which then takes the next argument for its value. KFP 2 passes the text
    `null`.

    Put flag and placeholder together into an `if` with `isPresent`.

    Wrong:
        inputs:
        - {name: note, type: String, optional: true}
        args: [--note, {inputValue: note}]

    Right:
        inputs:
        - {name: note, type: String, optional: true}
        args:
        - {if: {cond: {isPresent: note}, then: [--note, {inputValue: note}]}}
    """
    optional = {port.name for port in document.spec.interface.inputs if port.optional and port.default is None}
    for place, argument, port in _unguarded_ports(document):
        if port.port in optional:
            message = f"{port.port!r} may be absent, but is always passed"
            advice = _guarded(document, place, argument, port)
            yield Remark(document.places[place], message, advice, fix=_guard(document, place, argument, port))


@rule(
    "C029",
    "default-unguarded",
    WARNING,
    RuleCategory.PASSING,
    "An input with a default stands outside if/isPresent: where it is left out, the step fails on KFP 2's server.",
)
def default_unguarded(document: ComponentDocument) -> Iterator[Remark]:
    """Report values with a default outside of a test of their presence.

    KFP 2's server (2.17) fills in arguments before it fills in defaults. Where a caller leaves the input out, its
    placeholder finds no value, and the step fails before the program starts. A pipeline that passes the value is not
    affected, so that this shows late.

    Test with `isPresent`, and repeat the default in `else`. Without `else` the program would decide on a default of its
    own.

    Wrong:
        inputs:
        - {name: rate, type: Float, default: '0.5'}
        args: [--rate, {inputValue: rate}]

    Right:
        inputs:
        - {name: rate, type: Float, default: '0.5'}
        args:
        - {if: {cond: {isPresent: rate}, then: [--rate, {inputValue: rate}], else: [--rate, '0.5']}}
    """
    inputs = document.spec.interface.inputs
    defaults = {port.name: (index, port.default) for index, port in enumerate(inputs) if port.default is not None}
    for place, argument, port in _unguarded_ports(document):
        # KFP 2 drops the default of an artifact, so only values can be left to one.
        if port.port in defaults and port.kind == "inputValue":
            message = f"KFP 2 fails where a caller leaves {port.port!r} to its default"
            index, default = defaults[port.port]
            advice = _guarded(document, place, argument, port, default)
            text = passed_default(document, index)
            fix = None if text is None else _guard(document, place, argument, port, text)
            yield Remark(document.places[place], message, advice, fix=fix)


@rule(
    "C048",
    "artifact-tested",
    WARNING,
    RuleCategory.PASSING,
    "An `isPresent` of an artifact, which KFP 2.17's server takes for absent even if it is given.",
)
def artifact_tested(document: ComponentDocument) -> Iterator[Remark]:
    """Report tests of an artifact's presence, unless our launcher takes the argument.

    The server of KFP 2.17 looks for the name in `isPresent` among the parameters alone. It takes every artifact for
    absent, even one that the caller has given, and passes the branch `else`.

    Make the artifact required; or pass `{executorInput: null}`, and let the program look for it there. `comp`'s
    launcher does that, so that there is no finding about an argument that it takes.

    Wrong:
        inputs:
        - {name: table, type: Dataset, optional: true}
        args:
        - {if: {cond: {isPresent: table}, then: [--table, {inputPath: table}]}}

    Right:
        inputs:
        - {name: table, type: Dataset}
        args: [--table, {inputPath: table}]
    """
    artifacts = {port.name for port in document.spec.interface.inputs if port.kind is Kind.ARTIFACT}
    for place, argument in arguments(document):
        if not isinstance(argument, IfPlaceholder) or not isinstance(argument.condition, IsPresent):
            continue
        name = argument.condition.input
        if name in artifacts and not _is_for_launcher(document, place):
            message = f"KFP 2.17's server takes the artifact {name!r} for absent, even if it is given"
            advice = "make it required, or let the program find it in {executorInput: null}"
            yield Remark(document.places[(*place, "cond")], message, advice)


def _is_for_launcher(document: ComponentDocument, place: Place) -> bool:
    """Return whether our launcher takes an argument, with KFP's description of the call: not a word of a program."""
    container = container_of(document)
    if container is None or absolute(LAUNCHER) not in container.command or place[0] != "args":
        return False
    own: Sequence[Argument] = container.args
    if "--" in own:
        own = own[: own.index("--")]
    return any(isinstance(argument, ExecutorInputPlaceholder) for argument in own) and place[1] in range(len(own))


def _guarded(
    document: ComponentDocument, place: Place, argument: Argument, port: PortPlaceholder, default: str | None = None
) -> str:
    """Return the advice to test whether an input is present, with the argument as it should be."""
    match argument:
        case PortPlaceholder():
            flag = _flag_before(document, place)
            value, replaced = argument, f" in the place of {flag} and the value" if flag else ""
        case ConcatPlaceholder(items=(str(text), PortPlaceholder() as value)) if text.endswith("="):
            # KFP 2's server takes no concat inside of a condition.
            flag, replaced = text[:-1], ", if the program takes the value as an argument of its own"
        case _:
            return f"pass it in an argument of its own: {{if: {{cond: {{isPresent: {port.port}}}, then: […]}}}}"
    words = (flag,) if flag else ()
    # Without `else` the program's own default would apply, which may be another one.
    otherwise = () if default is None else (*words, default)
    guarded = IfPlaceholder(condition=IsPresent(input=port.port), then=(*words, value), otherwise=otherwise)
    return f"write {write_argument(guarded)}{replaced}"


def _guard(
    document: ComponentDocument, place: Place, argument: Argument, port: PortPlaceholder, default: str | None = None
) -> Fix | None:
    """Return the fix that tests whether an input is present; None for one that would change the words."""
    # KFP 2's server takes every artifact for absent, and a joined word could only be taken apart.
    if argument != port or port.kind != "inputValue":
        return None
    flag, index = _flag_before(document, place), place[1]
    template: dict[str, object] = {"cond": {"isPresent": port.port}, "then": HOLE}
    if default is not None:
        template["else"] = [flag, default] if flag else [default]
    at: Place = (place[0], index - 1) if flag and isinstance(index, int) else place
    return Fix(
        title=f"Test whether {port.port!r} is present",
        edits=(Wrap(at, {"if": template}, 2 if flag else 1),),
        # Without a value KFP 1.8 passes the flag alone, and then it passes neither.
        applicability=Applicability.UNSAFE if flag and default is None else Applicability.SAFE,
    )


def _flag_before(document: ComponentDocument, place: Place) -> str:
    """Return the flag in front of an argument; empty without one."""
    container = container_of(document)
    index = place[1]
    if container is None or not isinstance(index, int) or index == 0:
        return ""
    before = (container.command if place[0] == "command" else container.args)[index - 1]
    return before if isinstance(before, str) and before.startswith("-") and before != "--" else ""


def _unguarded_ports(document: ComponentDocument) -> Iterator[_Unguarded]:
    """Yield each placeholder of an input outside of a test of its presence, with its whole argument."""
    for place, argument in top_arguments(document):
        yield from ((place, argument, port) for port in _unguarded(argument, frozenset()))


def _unguarded(argument: Argument, guarded: frozenset[str]) -> Iterator[PortPlaceholder]:
    """Yield the placeholders inside an argument, except of inputs in `guarded` and those that it tests itself."""
    match argument:
        case PortPlaceholder(kind="inputValue" | "inputPath" | "inputUri", port=name) if name not in guarded:
            yield argument
        case ConcatPlaceholder():
            for item in argument.items:
                yield from _unguarded(item, guarded)
        case IfPlaceholder():
            inside = guarded
            if isinstance(argument.condition, IsPresent):
                inside = guarded | {argument.condition.input}
            for item in argument.then:
                yield from _unguarded(item, inside)
            for item in argument.otherwise:
                yield from _unguarded(item, guarded)

"""Arguments of a contract's command line as a model: some of them, at any depth, replaced by others."""

from collections.abc import Mapping

from msgspec.structs import replace

from toolkit.interface.model import Input, Kind
from toolkit.spec.document import Place
from toolkit.spec.model import Argument, ComponentSpec, ConcatPlaceholder, IfPlaceholder
from toolkit.spec.reader import is_parameter_type, uses_of

Arguments = tuple[Argument, ...]


def with_arguments(spec: ComponentSpec, changes: Mapping[Place, Arguments]) -> ComponentSpec:
    """Return the contract with the argument at each place replaced by others; the places are those before."""
    container = spec.container
    command = _replaced(container.command, ("command",), changes)
    args = _replaced(container.args, ("args",), changes)
    return with_kinds(replace(spec, implementation=replace(container, command=command, args=args)))


def with_input(spec: ComponentSpec, index: int, port: Input) -> ComponentSpec:
    """Return the contract with another input in the place of one."""
    inputs = list(spec.interface.inputs)
    inputs[index] = port
    return with_kinds(replace(spec, interface=replace(spec.interface, inputs=tuple(inputs))))


def with_kinds(spec: ComponentSpec) -> ComponentSpec:
    """Return the contract with each input's kind as the reader sees it."""
    by_value, by_path = uses_of(spec.container)
    inputs = tuple(
        replace(
            port,
            kind=Kind.PARAMETER if is_parameter_type(port.type) or port.name in by_value - by_path else Kind.ARTIFACT,
        )
        for port in spec.interface.inputs
    )
    return replace(spec, interface=replace(spec.interface, inputs=inputs))


def _replaced(arguments: Arguments, place: Place, changes: Mapping[Place, Arguments]) -> Arguments:
    """Return arguments with those at some places, nested ones too, replaced."""
    # These places are the ones that `toolkit.spec.placeholders` records.
    return tuple(
        each
        for index, argument in enumerate(arguments)
        for each in changes.get((*place, index), (_inside(argument, (*place, index), changes),))
    )


def _inside(argument: Argument, place: Place, changes: Mapping[Place, Arguments]) -> Argument:
    """Return an argument with those inside of it replaced."""
    match argument:
        case ConcatPlaceholder():
            return replace(argument, items=_replaced(argument.items, place, changes))
        case IfPlaceholder():
            then = _replaced(argument.then, (*place, "then"), changes)
            return replace(argument, then=then, otherwise=_replaced(argument.otherwise, (*place, "else"), changes))
        case _:
            return argument

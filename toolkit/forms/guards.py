"""Arguments that do not need a value where the caller leaves an input to its default.

KFP 2's server (2.17) fills in arguments before it fills in defaults, and fails at a value that was not given.
"""

from msgspec.structs import replace

from toolkit.errors import InputError
from toolkit.forms.ir_values import default_text, default_value
from toolkit.interface.model import Input, Kind
from toolkit.spec.model import Argument, ComponentSpec, ConcatPlaceholder, Container, IfPlaceholder, IsPresent
from toolkit.spec.model import PortPlaceholder as Port


def with_defaults(spec: ComponentSpec, *, concats: bool) -> ComponentSpec:
    """Return the contract with each value that has a default inside of a test, with the default in its other branch.

    The program receives the same words on every engine. A value within a text is tested too if `concats` are written
    as texts; KFP 2's server resolves no `concat` inside of a condition.
    """
    if not isinstance(spec.implementation, Container):
        return spec
    defaults = {port.name: _text(port) for port in spec.interface.inputs if _has_default(port)}
    command, args = (
        tuple(_guarded(argument, defaults, concats=concats) for argument in arguments)
        for arguments in (spec.implementation.command, spec.implementation.args)
    )
    return replace(spec, implementation=replace(spec.implementation, command=command, args=args))


def _has_default(port: Input) -> bool:
    """Return whether KFP 2 has a default for an input; it drops that of an artifact."""
    return port.default is not None and port.kind is Kind.PARAMETER


def _text(port: Input) -> str:
    """Return a default as KFP 2 passes it: `true`, not `True`."""
    try:
        return default_text(default_value(port))
    except InputError:
        # Rule C020 reports it.
        return port.default or ""


def _guarded(argument: Argument, defaults: dict[str, str], *, concats: bool) -> Argument:
    """Return a value that has a default inside of a test of its presence; any other argument as it is."""
    match argument:
        case Port(kind="inputValue", port=name) if name in defaults:
            words: tuple[Argument, ...] = (argument,)
            return IfPlaceholder(condition=IsPresent(input=name), then=words, otherwise=(defaults[name],))
        case ConcatPlaceholder() if concats:
            return _guarded_concat(argument, defaults)
    return argument


def _guarded_concat(argument: ConcatPlaceholder, defaults: dict[str, str]) -> Argument:
    """Return a concat of texts and one value with a default inside of a test; any other as it is."""
    names = {item.port for item in argument.items if isinstance(item, Port) and item.port in defaults}
    if len(names) != 1 or not all(isinstance(item, str | Port) for item in argument.items):
        return argument
    (name,) = names
    other = [defaults[name] if isinstance(item, Port) and item.port == name else item for item in argument.items]
    texts = [item for item in other if isinstance(item, str)]
    joined = "".join(texts) if len(texts) == len(other) else ConcatPlaceholder(items=tuple(other))
    return IfPlaceholder(condition=IsPresent(input=name), then=(argument,), otherwise=(joined,))

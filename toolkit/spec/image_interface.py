"""Compare a contract with the interface that its image has: the launcher takes what stands in `interface.json`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolkit.image_paths import LAUNCHER, absolute
from toolkit.interface.model import Input, Kind, Output
from toolkit.spec.model import ComponentSpec, Container
from toolkit.words import some_of


def image_differences(spec: ComponentSpec, components: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield each difference that makes a step fail, or gives it another value, as a sentence.

    `components` are those of the image's `interface.json`. A contract that does not start the launcher has no
    differences, since nothing in its image describes it.
    """
    name = _component_name(spec)
    if name is None:
        return
    if name not in components:
        yield f"the contract runs the component {name!r}, and the image has {some_of([*components]) or 'none'}"
        return
    stored = components[name]
    yield from _ports("input", spec.interface.inputs, _named(stored.get("inputs")))
    yield from _ports("output", spec.interface.outputs, _named(stored.get("outputs")))


def _component_name(spec: ComponentSpec) -> str | None:
    """Return the name that a contract gives to the launcher; None if it does not start the launcher."""
    container = spec.implementation
    if not isinstance(container, Container) or absolute(LAUNCHER) not in container.command:
        return None
    words = (*container.command, *container.args)
    following = words[words.index(absolute(LAUNCHER)) + 1 :]
    return following[0] if following and isinstance(following[0], str) else None


def _named(ports: object) -> dict[str, Mapping[str, Any]]:
    """Return the ports of a list by their names; the image may be anybody's."""
    listed = ports if isinstance(ports, list) else []
    return {str(port.get("name")): port for port in listed if isinstance(port, Mapping)}


def _ports(what: str, ports: Sequence[Input | Output], stored: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the differences between the ports of one direction."""
    for port in ports:
        if port.name in stored:
            yield from _port(what, port, stored[port.name])
        else:
            yield f"the image has no {what} {port.name!r}, which the contract passes"
    named = {port.name for port in ports}
    for name, known in stored.items():
        # The launcher fails for an output without a path, and for a missing input that needs a value.
        if name not in named and not known.get("optional") and "default" not in known:
            yield f"the image needs the {what} {name!r}, which the contract lacks"


def _port(what: str, port: Input | Output, stored: Mapping[str, Any]) -> Iterator[str]:
    """Yield the differences of one port."""
    for key, value in (("type", port.type), ("kind", str(port.kind))):
        if (known := stored.get(key)) != value:
            yield f"the {key} of the {what} {port.name!r} is {value!r} in the contract, {known!r} in the image"
    # The launcher uses the image's default where the caller leaves the input out.
    if isinstance(port, Input) and port.kind is Kind.PARAMETER and port.default != stored.get("default"):
        both = (port.default, stored.get("default"))
        own, other = ("missing" if default is None else repr(default) for default in both)
        yield f"the default of the input {port.name!r} is {own} in the contract, {other} in the image"

"""Ways through a contract that several rules take: its ports, its arguments with their places, repeated names."""

from collections.abc import Callable, Iterator, Sequence

from toolkit.errors import Location
from toolkit.image_paths import LAUNCHER, absolute
from toolkit.interface.model import Input, Output
from toolkit.spec.document import Place
from toolkit.spec.model import Argument, Container, ExecutorInputPlaceholder
from toolkit.spec.reader import ComponentDocument, arguments_of


def ports(document: ComponentDocument) -> Iterator[tuple[Place, Input | Output]]:
    """Yield each input and output with its place."""
    for index, port in enumerate(document.spec.interface.inputs):
        yield ("inputs", index), port
    for index, output in enumerate(document.spec.interface.outputs):
        yield ("outputs", index), output


def container_of(document: ComponentDocument) -> Container | None:
    """Return the container, or None for a graph and for a component without an implementation."""
    implementation = document.spec.implementation
    return implementation if isinstance(implementation, Container) else None


def top_arguments(document: ComponentDocument) -> Iterator[tuple[Place, Argument]]:
    """Yield each item of command and args with its place."""
    if container := container_of(document):
        for key, arguments_ in (("command", container.command), ("args", container.args)):
            yield from (((key, index), argument) for index, argument in enumerate(arguments_))


def arguments(document: ComponentDocument) -> Sequence[tuple[Place, Argument]]:
    """Return each argument of command and args with its place, nested ones after the one that contains them."""
    return document.arguments


def repeated(document: ComponentDocument, key: Callable[[str], str]) -> Iterator[tuple[Place, str, str]]:
    """Yield the place and name of each port whose key an earlier one of its direction has, and that one's name."""
    seen: dict[tuple[object, str], str] = {}
    for place, port in ports(document):
        # An input and an output may have the same name.
        identity = place[0], key(port.name)
        if identity in seen:
            yield place, port.name, seen[identity]
        else:
            seen[identity] = port.name


def reads_executor_input(document: ComponentDocument) -> bool:
    """Return whether the program finds its ports in KFP's executor input; our launcher takes them as arguments."""
    container = container_of(document)
    return (
        container is not None
        and absolute(LAUNCHER) not in container.command
        # Without this condition C012 reported 241 public contracts wrongly (2026).
        and any(
            isinstance(argument, ExecutorInputPlaceholder) or (isinstance(argument, str) and "{{$}}" in argument)
            for argument in arguments_of(container)
        )
    )


def beginning(document: ComponentDocument) -> Location:
    """Return the place of a finding about the whole contract: its first key, at which a comment can ignore it."""
    where = document.places[()]
    return Location(path=document.path, line=where.line, column=where.column)


def source(document: ComponentDocument, where: Location) -> str:
    """Return the text at a place, up to the end of its first line."""
    line = document.lines[(where.line or 1) - 1]
    end = where.end_column if where.end_line == where.line else None
    return line[(where.column or 1) - 1 : end - 1 if end else None]

"""Ways through a contract that several rules take: its ports, its arguments with their places, names that repeat."""

from collections.abc import Callable, Iterator

from toolkit.errors import Location
from toolkit.interface.model import Input, Output
from toolkit.spec.document import Place
from toolkit.spec.model import Argument, ConcatPlaceholder, Container, ExecutorInputPlaceholder, IfPlaceholder
from toolkit.spec.protocol import LAUNCHER_PATH
from toolkit.spec.reader import Document, arguments_of


def ports(document: Document) -> Iterator[tuple[Place, Input | Output]]:
    """Give each input and output with its place."""
    for index, given in enumerate(document.spec.interface.inputs):
        yield ("inputs", index), given
    for index, made in enumerate(document.spec.interface.outputs):
        yield ("outputs", index), made


def container(document: Document) -> Iterator[Container]:
    """Give the container, or nothing for a component without one."""
    if isinstance(document.spec.implementation, Container):
        yield document.spec.implementation


def arguments(document: Document) -> Iterator[tuple[Place, Argument]]:
    """Give each argument of command and args with its place, nested ones after those they are part of."""
    for each in container(document):
        for key, given in (("command", each.command), ("args", each.args)):
            for index, argument in enumerate(given):
                yield from _nested((key, index), argument)


def _nested(place: Place, argument: Argument) -> Iterator[tuple[Place, Argument]]:
    yield place, argument
    if isinstance(argument, ConcatPlaceholder):
        for index, item in enumerate(argument.items):
            yield from _nested((*place, index), item)
    elif isinstance(argument, IfPlaceholder):
        for branch, items in (("then", argument.then), ("else", argument.otherwise)):
            for index, item in enumerate(items):
                yield from _nested((*place, branch, index), item)


def repeated(document: Document, key: Callable[[str], str]) -> Iterator[tuple[Place, str, str]]:
    """Give each port whose key another one of its direction had before, with both names."""
    seen: dict[tuple[object, str], str] = {}
    for place, port in ports(document):
        identity = place[0], key(port.name)
        if identity in seen:
            yield place, port.name, seen[identity]
        else:
            seen[identity] = port.name


def reads_executor_input(document: Document) -> bool:
    """Tell whether the program finds its ports in KFP's executor input; our launcher wants them as arguments."""
    return any(
        isinstance(argument, ExecutorInputPlaceholder) or (isinstance(argument, str) and "{{$}}" in argument)
        for each in container(document)
        if LAUNCHER_PATH not in each.command
        for argument in arguments_of(each)
    )


def source(document: Document, where: Location) -> str:
    """Give what is written at a place, up to the end of its first line."""
    line = document.lines[(where.line or 1) - 1]
    end = where.end_column if where.end_line == where.line else None
    return line[(where.column or 1) - 1 : end - 1 if end else None]

"""Inputs that a caller may leave out, and that the command line passes without a test of their presence."""

from collections.abc import Iterator

from msgspec import Struct

from toolkit.edits import HOLE, Edit, Replace, Wrap
from toolkit.interface.model import Kind
from toolkit.lint.walk import top_arguments
from toolkit.migration.arguments import Arguments, with_arguments
from toolkit.migration.change import Left, Step
from toolkit.spec.document import Place
from toolkit.spec.model import Argument, ConcatPlaceholder, IfPlaceholder, IsPresent, PortPlaceholder
from toolkit.spec.reader import ComponentDocument
from toolkit.spec.writer import argument_data, write_argument


class Passed(Struct, frozen=True, kw_only=True):
    """A placeholder of an input at a place, `before` the argument in front of it, and what it stands in."""

    place: Place
    argument: PortPlaceholder
    before: Argument | None
    in_concat: bool


def unguarded(document: ComponentDocument) -> Iterator[Step | Left]:
    """Put optional inputs without a default into a test of their presence."""
    optional = {port.name: port for port in document.spec.interface.inputs if port.optional and port.default is None}
    for passed in passed_untested(document):
        port = optional.get(passed.argument.port)
        if port is None:
            continue
        if port.kind is Kind.ARTIFACT:
            yield Left(
                kind="optional",
                at=passed.place,
                why=f"the artifact {port.name!r} may be absent: KFP 2 then fails, and inside of a test of its presence "
                "KFP 2.17's server takes it for absent even if it is given",
                advice="make it required, or let the program find it in {executorInput: null}",
                rule="C024",
            )
        else:
            yield _guarded(passed)


def passed_untested(document: ComponentDocument) -> Iterator[Passed]:
    """Yield each placeholder of an input outside of a test of its presence."""
    before: dict[str | int, Argument] = {}
    for place, argument in top_arguments(document):
        yield from _untested(place, argument, before.get(place[0]), frozenset(), in_concat=False)
        before[place[0]] = argument


def _guarded(passed: Passed) -> Step:
    """Put one value, with its flag, into a test."""
    name, place = passed.argument.port, passed.place
    condition = IsPresent(input=name)
    flag = passed.before if _is_flag(passed.before) and not passed.in_concat else None
    words: Arguments = (flag, passed.argument) if flag is not None else (passed.argument,)
    test = IfPlaceholder(condition=condition, then=words)
    edits: tuple[Edit, ...]
    changes: dict[Place, Arguments] = {place: (test,)}
    if passed.in_concat:
        edits = (Replace(place, argument_data(test, inside_concat=True)),)
    else:
        first = (*place[:-1], int(place[-1]) - 1) if flag is not None else place
        template = {"if": {"cond": {"isPresent": name}, "then": HOLE}}
        edits = (Wrap(first, template, len(words)),)
        changes = {first: (test,), place: ()} if flag is not None else changes
    lost = f"KFP 1.8 leaves {flag!r} without its value" if flag is not None else "KFP 1.8 drops it"
    return Step(
        kind="optional",
        at=place,
        why=f"the input {name!r} may be absent: {lost}, and KFP 2 passes the text null or fails",
        written=write_argument(test),
        edits=edits,
        expected=lambda spec: with_arguments(spec, changes),
        rule="C024",
    )


def _is_flag(argument: Argument | None) -> bool:
    """Return whether an argument is a flag, whose value comes next."""
    return isinstance(argument, str) and argument.startswith("-") and argument != "--"


def _untested(
    place: Place, argument: Argument, before: Argument | None, tested: frozenset[str], *, in_concat: bool
) -> Iterator[Passed]:
    """Yield the placeholders inside an argument, except of inputs in `tested` and those that it tests itself."""
    match argument:
        case PortPlaceholder(kind="inputValue" | "inputPath" | "inputUri", port=name) if name not in tested:
            yield Passed(place=place, argument=argument, before=before, in_concat=in_concat)
        case ConcatPlaceholder(items=items):
            yield from _of_several(place, items, tested, in_concat=True)
        case IfPlaceholder(condition=condition):
            inside = tested | {condition.input} if isinstance(condition, IsPresent) else tested
            yield from _of_several((*place, "then"), argument.then, inside, in_concat=in_concat)
            yield from _of_several((*place, "else"), argument.otherwise, tested, in_concat=in_concat)


def _of_several(place: Place, items: Arguments, tested: frozenset[str], *, in_concat: bool) -> Iterator[Passed]:
    """Yield the placeholders in a list of arguments."""
    for index, item in enumerate(items):
        before = items[index - 1] if index else None
        yield from _untested((*place, index), item, before, tested, in_concat=in_concat)

"""Conditions and concatenations in forms that only KFP 1.8 takes."""

from collections.abc import Iterator
from functools import partial

from toolkit.edits import Edit, Remove, Replace, Splice, Unwrap
from toolkit.interface.model import FALSE_WORDS, TRUE_WORDS
from toolkit.lint.walk import arguments, source
from toolkit.migration.arguments import Arguments, with_arguments
from toolkit.migration.change import Left, Step
from toolkit.spec.document import Place
from toolkit.spec.model import Argument, ConcatPlaceholder, IfPlaceholder, IsPresent, PortPlaceholder
from toolkit.spec.reader import ComponentDocument
from toolkit.spec.writer import argument_data, write_argument


def constant_conditions(document: ComponentDocument) -> Iterator[Step | Left]:
    """Decide conditions that are a constant, and leave those that are a value."""
    for place, argument in _outermost(document):
        match argument.condition:
            case IsPresent():
                continue
            case PortPlaceholder(port=name):
                yield Left(
                    kind="condition",
                    at=(*place, "cond"),
                    why=f"KFP 2 has no condition on the value of an input, here {name!r}; it knows isPresent alone",
                    advice=f"pass {{inputValue: {name}}} to the program, and decide there",
                    rule="C026",
                )
            case bool() | str() as constant:
                holds = _holds(constant)
                if holds is None:
                    yield Left(
                        kind="condition",
                        at=(*place, "cond"),
                        why=f"the condition {constant!r} is neither true nor false",
                        advice="write the arguments without `if`, or {isPresent: …} as the condition",
                        rule="C026",
                    )
                else:
                    yield _decided(document, place, argument, holds=holds)


def branches(document: ComponentDocument) -> Iterator[Step | Left]:
    """Write the branches of `if` as KFP 2 reads them: no list inside of `concat`, a list elsewhere."""
    inside = {
        (*place, index)
        for place, argument in arguments(document)
        if isinstance(argument, ConcatPlaceholder)
        for index in range(len(argument.items))
    }
    for place, argument in arguments(document):
        if not isinstance(argument, IfPlaceholder):
            continue
        if place in inside:
            yield from _inside_concat(document, place, argument)
        elif _is_bare_placeholder(document, (*place, "else"), argument.otherwise):
            (single,) = argument.otherwise
            yield Step(
                kind="branch",
                at=(*place, "else"),
                why="KFP 2 cannot load an `else` that is a placeholder outside of a list",
                written=f"else: [{write_argument(single)}]",
                edits=(Replace((*place, "else"), [argument_data(single)]),),
                expected=lambda spec: spec,
            )


def _inside_concat(document: ComponentDocument, place: Place, argument: IfPlaceholder) -> Iterator[Step | Left]:
    """Write the branches of one `if` inside of a `concat`."""
    if any(not isinstance(item, str) for item in argument.otherwise):
        yield _two_conditions(place)
        return
    edits: list[Edit] = []
    written: list[str] = []
    joined: dict[str, Argument] = {}
    for branch, items in (("then", argument.then), ("else", argument.otherwise)):
        at = (*place, branch)
        if at in document.places and source(document, document.places[at]).startswith(("[", "- ")):
            joined[branch] = _joined(items)
            data = argument_data(joined[branch], inside_concat=True)
            edits.append(Unwrap(at) if len(items) == 1 else Replace(at, data))
            written.append(f"{branch}: {write_argument(joined[branch])}")
    if edits:
        single = IfPlaceholder(
            condition=argument.condition,
            then=(joined["then"],) if "then" in joined else argument.then,
            otherwise=(joined["else"],) if "else" in joined else argument.otherwise,
        )
        yield Step(
            kind="concat",
            at=(*place, next(iter(joined))),
            why="KFP 2 cannot load a list as a branch of an `if` inside of `concat`",
            written=", ".join(written),
            edits=tuple(edits),
            expected=partial(with_arguments, changes={place: (single,)}),
            rule="C025",
        )


def _two_conditions(place: Place) -> Left:
    """Leave an `else` with a placeholder: KFP 2 reads it neither alone nor in a list."""
    return Left(
        kind="concat",
        at=(*place, "else"),
        why="KFP 2 takes a text alone as the `else` of an `if` inside of `concat`",
        advice="write an `if` around two whole `concat`s, or join the parts in the program",
        rule="C025",
    )


def _decided(document: ComponentDocument, place: Place, argument: IfPlaceholder, *, holds: bool) -> Step:
    """Put the branch that always applies in the place of a condition."""
    items = _settled(argument.then if holds else argument.otherwise)
    if _is_item_of_concat(document, place):
        items = (_joined(items),)
    edits: tuple[Edit, ...]
    if not items:
        edits = (Remove(place),)
    elif len(items) == 1:
        edits = (Replace(place, argument_data(items[0])),)
    else:
        edits = (Splice(place, tuple(argument_data(item) for item in items)),)
    shown = ", ".join(write_argument(item) for item in items)
    return Step(
        kind="condition",
        at=(*place, "cond"),
        why=f"KFP 2 knows isPresent alone as a condition, and this one is always {str(holds).lower()}",
        written=shown or "nothing, since there is no `else`",
        edits=edits,
        expected=lambda spec: with_arguments(spec, {place: items}),
        rule="C026",
    )


def _holds(constant: bool | str) -> bool | None:  # noqa: FBT001 (a condition of a contract)
    """Return what KFP 1.8 makes of a constant condition; None if it fails."""
    if isinstance(constant, bool):
        return constant
    word = constant.lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def _settled(items: Arguments) -> Arguments:
    """Return a branch with the constant conditions in it decided too."""
    settled: list[Argument] = []
    for item in items:
        holds = None
        if isinstance(item, IfPlaceholder) and isinstance(item.condition, bool | str):
            holds = _holds(item.condition)
        if holds is None or not isinstance(item, IfPlaceholder):
            settled.append(item)
        else:
            settled += _settled(item.then if holds else item.otherwise)
    return tuple(settled)


def _outermost(document: ComponentDocument) -> Iterator[tuple[Place, IfPlaceholder]]:
    """Yield conditions with their places, except those inside of a constant one, whose places are about to change."""
    decided: list[Place] = []
    for place, argument in arguments(document):
        if not isinstance(argument, IfPlaceholder) or any(place[: len(outer)] == outer for outer in decided):
            continue
        if not isinstance(argument.condition, IsPresent):
            decided.append(place)
        yield place, argument


def _joined(items: Arguments) -> Argument:
    """Return several items of a `concat` as one."""
    if all(isinstance(item, str) for item in items):
        return "".join(item for item in items if isinstance(item, str))
    return items[0] if len(items) == 1 else ConcatPlaceholder(items=items)


def _is_item_of_concat(document: ComponentDocument, place: Place) -> bool:
    """Return whether an argument stands inside of a `concat`."""
    return any(
        place[:-1] == outer and isinstance(argument, ConcatPlaceholder) for outer, argument in arguments(document)
    )


def _is_bare_placeholder(document: ComponentDocument, at: Place, items: Arguments) -> bool:
    """Return whether a branch is one placeholder without a list around it."""
    return len(items) == 1 and not isinstance(items[0], str) and document.places[at] == document.places.get((*at, 0))

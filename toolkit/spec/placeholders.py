"""Read the arguments in `command` and `args`, with their placeholders."""

from typing import cast, get_args

import yaml

from toolkit.spec.document import Place, Reading, is_true
from toolkit.spec.model import (
    Argument,
    ConcatPlaceholder,
    ExecutorInputPlaceholder,
    IfPlaceholder,
    IsPresent,
    OutputMetadataPlaceholder,
    PlaceholderKind,
    PortPlaceholder,
)

_PORT_PLACEHOLDERS: tuple[str, ...] = get_args(PlaceholderKind)
_PLACEHOLDERS = (*_PORT_PLACEHOLDERS, "executorInput", "outputMetadata", "concat", "if")


def read_arguments(reading: Reading, node: yaml.Node | None, place: Place) -> tuple[Argument, ...]:
    """Read a list of arguments; the place of each is recorded under `place` and its index."""
    if node is None:
        return ()
    reading.places[place] = reading.at(node)
    parts = reading.sequence(node, str(place[0]))
    return tuple(
        argument
        for index, part in enumerate(parts)
        if (argument := _argument(reading, part, (*place, index))) is not None
    )


def _argument(reading: Reading, node: yaml.Node, place: Place) -> Argument | None:  # noqa: PLR0911 (one for each form)
    """Return one argument; None for an invalid one, which is reported."""
    reading.places[place] = reading.at(node)
    if isinstance(node, yaml.ScalarNode):
        return reading.text(node, "an argument")
    if not isinstance(node, yaml.MappingNode):
        reading.error("C004", node, "an argument is a list, not a string or a placeholder", "write its items out")
        return None
    parts = reading.mapping(node, "a placeholder", _PLACEHOLDERS)
    if len(parts) != 1:
        reading.error("C003", node, "a placeholder is a mapping with one key", f"one of {', '.join(_PLACEHOLDERS)}")
        return None
    ((key, value),) = parts.items()
    # The linter reports some placeholders at their value.
    reading.places[(*place, key)] = reading.at(value)
    match key:
        case "executorInput" | "outputMetadata":
            if not value.tag.endswith(":null"):
                reading.error("C003", value, f"{key} takes no value", f"write {{{key}: null}}")
            return ExecutorInputPlaceholder() if key == "executorInput" else OutputMetadataPlaceholder()
        case "concat":
            if not isinstance(value, yaml.SequenceNode):
                reading.error("C003", value, "concat is not a list", "write {concat: […]}")
            return ConcatPlaceholder(items=_several(reading, value, place))
        case "if":
            return _conditional(reading, value, place)
        case _ if key in _PORT_PLACEHOLDERS:
            return PortPlaceholder(kind=cast("PlaceholderKind", key), port=reading.text(value, key))
        case _:
            return None  # `mapping` has reported the unknown key


def _several(reading: Reading, node: yaml.Node, place: Place) -> tuple[Argument, ...]:
    """Read a list of arguments, or a single argument instead of one."""
    # KFP 1.8 takes a single argument as a branch too.
    parts = reading.sequence(node, "a list of arguments") if isinstance(node, yaml.SequenceNode) else [node]
    read = [_argument(reading, part, (*place, index)) for index, part in enumerate(parts)]
    return tuple(argument for argument in read if argument is not None)


def _conditional(reading: Reading, node: yaml.Node, place: Place) -> IfPlaceholder | None:
    """Return an `if`; None without its condition or its first branch, which is reported."""
    parts = reading.mapping(node, "if", ("cond", "then", "else"))
    if "cond" not in parts or "then" not in parts:
        reading.error("C003", node, "`if` needs cond and then")
        return None
    condition = _condition(reading, parts["cond"], place)
    for branch in ("then", "else"):
        if branch in parts:
            reading.places[(*place, branch)] = reading.at(parts[branch])
    then = _several(reading, parts["then"], (*place, "then"))
    other = parts.get("else")
    otherwise = _several(reading, other, (*place, "else")) if other and not other.tag.endswith(":null") else ()
    return IfPlaceholder(condition=condition, then=then, otherwise=otherwise)


def _condition(reading: Reading, node: yaml.Node, place: Place) -> IsPresent | PortPlaceholder | bool | str:
    """Return the condition; False for an invalid one, which is reported."""
    reading.places[(*place, "cond")] = reading.at(node)
    if isinstance(node, yaml.ScalarNode):
        return is_true(node) if node.tag.endswith(":bool") else reading.text(node, "cond")
    if not isinstance(node, yaml.MappingNode):
        reading.error("C026", node, "cond is a list", "write {isPresent: …}")
        return False
    parts = reading.mapping(node, "cond", ("isPresent", "inputValue"))
    if len(parts) > 1:
        reading.error("C026", node, "cond has more than one key", "write {isPresent: …}")
    if "isPresent" in parts:
        return IsPresent(input=reading.text(parts["isPresent"], "isPresent"))
    if "inputValue" in parts:
        return PortPlaceholder(kind="inputValue", port=reading.text(parts["inputValue"], "inputValue"))
    reading.error("C026", node, "cond is neither isPresent, inputValue, true, false nor a text")
    return False

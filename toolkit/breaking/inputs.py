"""The changes of a component's inputs."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from msgspec import Struct

from toolkit.breaking.change import BOTH, NEITHER, V1, Change, KfpLine
from toolkit.breaking.kfp_types import GENERIC, kfp2_type, stops
from toolkit.breaking.pairing import pair
from toolkit.breaking.rules import CHANGES
from toolkit.errors import Location
from toolkit.interface.model import Input, Kind, Output
from toolkit.spec.model import PortPlaceholder
from toolkit.spec.reader import ComponentDocument, is_parameter_type
from toolkit.words import some_of

# KFP passes it itself, whatever the caller writes.
FILLED_IN = "PipelineTaskFinalStatus"
# KFP 1.8 makes JSON of any constant for these types (`serialize_value` in kfp 1.8.22, `components/_data_passing.py`).
_ANY_VALUE = {"", "JsonArray", "JsonObject"}
_WAYS = {"inputPath": "path", "inputUri": "URI", "inputValue": "value"}


class _Ports(Struct, frozen=True, kw_only=True, dict=True):
    """The inputs of one version that a caller can pass, with their indices in the contract."""

    document: ComponentDocument
    indices: tuple[int, ...]
    ports: tuple[Input, ...]

    @classmethod
    def of(cls, document: ComponentDocument) -> "_Ports":
        """Return the inputs of a contract."""
        inputs = document.spec.interface.inputs
        indices = tuple(index for index, port in enumerate(inputs) if port.type != FILLED_IN)
        return cls(document=document, indices=indices, ports=tuple(inputs[index] for index in indices))

    def at(self, number: int, part: str = "") -> Location:
        """Return the place of an input, or of a part of it that is written."""
        place = ("inputs", self.indices[number])
        places = self.document.places
        return places.get((*place, part)) or places[place]

    @cached_property
    def ways(self) -> Mapping[str, str]:
        """By the names of inputs how the command line has them: `path`, `URI`, `value`, or several of them."""
        ways: dict[str, set[str]] = {}
        for _, argument in self.document.arguments:
            if isinstance(argument, PortPlaceholder) and argument.kind in _WAYS:
                ways.setdefault(argument.port, set()).add(_WAYS[argument.kind])
        return {name: " and a ".join(sorted(each)) for name, each in ways.items()}

    def whole(self) -> Location:
        """Return the place of all inputs."""
        return self.document.places.get(("inputs",)) or Location(path=self.document.path)


def is_required(port: Input) -> bool:
    """Return whether a call has to pass this input, in both lines of KFP."""
    return port.default is None and not port.optional


def input_changes(old: ComponentDocument, new: ComponentDocument) -> Iterator[Change]:
    """Yield the changes of inputs, in the order of the old contract, then the added ones."""
    was, now = _Ports.of(old), _Ports.of(new)
    pairs = pair(was.ports, now.ports)
    for first in pairs.removed:
        yield Change(
            rule=CHANGES["B101"],
            message=f"the input {was.ports[first].name!r} is gone",
            where=now.whole(),
            before=was.at(first),
            lines=BOTH,
            help=_notice(was.ports[first]),
        )
    for first, second in pairs.renamed:
        yield Change(
            rule=CHANGES["B102"],
            message=f"the input {was.ports[first].name!r} is called {now.ports[second].name!r} now",
            where=now.at(second, "name"),
            before=was.at(first, "name"),
            lines=BOTH,
        )
        yield from _pair_changes(was, now, first, second)
    for first, second in pairs.same:
        if was.ports[first].name != now.ports[second].name:
            yield Change(
                rule=CHANGES["B103"],
                message=f"the input {was.ports[first].name!r} is spelt {now.ports[second].name!r} now",
                where=now.at(second, "name"),
                before=was.at(first, "name"),
            )
        yield from _pair_changes(was, now, first, second)
    for second in pairs.added:
        port = now.ports[second]
        required = is_required(port)
        yield Change(
            rule=CHANGES["B104" if required else "N401"],
            message=f"the new input {port.name!r} is required" if required else f"the input {port.name!r} is new",
            where=now.at(second),
            lines=BOTH if required else NEITHER,
            help="give it a default, or make it optional" if required else "",
        )
    yield from _order(was, now, (*pairs.same, *pairs.renamed))


def deprecation(port: Input | Output) -> str:
    """Return the notice of a deprecated port, from its annotation `deprecated`; empty for the others."""
    notice = port.annotations.get("deprecated")
    return notice if isinstance(notice, str) else "it is deprecated" if notice is True else ""


def _notice(port: Input) -> str:
    """Return the advice for an input that is gone."""
    notice = deprecation(port)
    return f"it was deprecated: {notice}" if notice else ""


def _order(was: _Ports, now: _Ports, pairs: tuple[tuple[int, int], ...]) -> Iterator[Change]:
    """Yield the change of the order: of required inputs first, then of the others, as KFP 1.8 passes them."""
    before = _positional(was)
    after = _positional(now)
    partner = dict(pairs)
    # An input that is appended leaves the places of the others.
    expected = [partner.get(index) for index in before]
    if after[: len(expected)] != expected and None not in expected and len(expected) > 1:
        names = some_of([now.ports[index].name for index in after])
        yield Change(
            rule=CHANGES["B113"],
            message=f"inputs stand in another order: {names}",
            where=now.whole(),
            before=was.whole(),
        )


def _positional(ports: _Ports) -> list[int]:
    """Return the indices of inputs in the order of KFP 1.8's arguments."""
    return sorted(range(len(ports.ports)), key=lambda index: not is_required(ports.ports[index]))


def positional(inputs: Iterable[Input]) -> list[Input]:
    """Return inputs in the order of KFP 1.8's arguments: required ones first."""
    return sorted((port for port in inputs if port.type != FILLED_IN), key=lambda port: not is_required(port))


def _pair_changes(was: _Ports, now: _Ports, first: int, second: int) -> Iterator[Change]:
    """Yield the changes of one input."""
    yield from _type_changes(was, now, first, second)
    yield from _presence_changes(was, now, first, second)
    yield from _value_changes(was, now, first, second)


def _type_changes(was: _Ports, now: _Ports, first: int, second: int) -> Iterator[Change]:
    """Yield at most one change of the type."""
    old, new = was.ports[first], now.ports[second]
    where, before = now.at(second, "type"), was.at(first, "type")
    lines = stops(old.type, new.type)
    shown = f"the type of {new.name!r} was {old.type or 'missing'!s} and is {new.type or 'missing'!s} now"
    rule = type_rule(old, new, lines)
    if rule:
        yield Change(rule=CHANGES[rule], message=shown, where=where, before=before, lines=lines)
    was_passed, is_passed = was.ways.get(old.name, ""), now.ways.get(new.name, "")
    if was_passed and is_passed and was_passed != is_passed:
        yield Change(
            rule=CHANGES["B112"],
            message=f"{new.name!r} was passed as a {was_passed}, and is passed as a {is_passed} now",
            where=where,
            before=before,
            # KFP 1.8 writes any constant into a file, and only those of the type onto a command line.
            lines=V1 if _is_value(is_passed) and not _is_value(was_passed) and new.type not in _ANY_VALUE else NEITHER,
        )
    if old.many is not new.many:
        text = f"{new.name!r} is {'a list of artifacts' if new.many else 'one artifact'} now"
        yield Change(rule=CHANGES["B115"], message=text, where=where, before=before)


def type_rule(old: Input, new: Input, lines: frozenset[KfpLine]) -> str:
    """Return the rule for two types, empty if nothing that was passed stops to fit."""
    was, now = kfp2_type(old.type), kfp2_type(new.type)
    if is_parameter_type(old.type) is not is_parameter_type(new.type):
        # A value without a type of KFP's own: KFP 2 compiles no such contract, and KFP 1.8 compares names.
        by_value = old.kind is new.kind is Kind.PARAMETER
        return "B111" if not by_value else "B116" if "1.8" in lines else ""
    if "2" in lines:
        return "B109" if was == GENERIC else "B108"
    if was != now:
        return "B110"
    return "B116" if "1.8" in lines else ""


def _is_value(ways: str) -> bool:
    """Return whether `value` is one of the ways."""
    return ways.endswith("value")


def _presence_changes(was: _Ports, now: _Ports, first: int, second: int) -> Iterator[Change]:
    """Yield the changes of what a caller may leave out, and of what applies then."""
    old, new = was.ports[first], now.ports[second]
    if not is_required(old) and is_required(new):
        yield Change(
            rule=CHANGES["B105"],
            message=f"the input {new.name!r} is required now",
            where=now.at(second),
            before=was.at(first),
            lines=BOTH,
            help="keep its default" if old.default is not None else "keep it optional",
        )
    elif is_required(old) and not is_required(new):
        text = f"the input {new.name!r} may be left out now"
        yield Change(rule=CHANGES["N403"], message=text, where=now.at(second), before=was.at(first))
    elif old.default != new.default and old.default is not None:
        where, before = now.at(second, "default"), was.at(first, "default")
        if new.default is None:
            text = f"the default {old.default!r} of {new.name!r} is gone"
            yield Change(rule=CHANGES["B107"], message=text, where=where, before=before)
        else:
            text = f"the default of {new.name!r} was {old.default!r} and is {new.default!r} now"
            yield Change(rule=CHANGES["B106"], message=text, where=where, before=before)
    elif old.default != new.default:
        text = f"the input {new.name!r} has the default {new.default!r} now"
        yield Change(rule=CHANGES["B106"], message=text, where=now.at(second, "default"), before=was.at(first))


def _value_changes(was: _Ports, now: _Ports, first: int, second: int) -> Iterator[Change]:
    """Yield the changes of the values that an input takes, and of its annotations."""
    old, new = was.ports[first], now.ports[second]
    where, before = now.at(second), was.at(first)
    gone = [choice for choice in old.choices if choice not in new.choices]
    if new.choices and (not old.choices or gone):
        lost = some_of([repr(choice) for choice in gone]) if gone else "whatever is not one of its choices"
        yield Change(
            rule=CHANGES["B114"], message=f"the input {new.name!r} no longer takes {lost}", where=where, before=before
        )
    elif old.choices != new.choices and set(old.choices) != set(new.choices):
        yield Change(
            rule=CHANGES["N404"], message=f"the input {new.name!r} takes more values", where=where, before=before
        )
    if old.description != new.description or old.annotations != new.annotations:
        notice = deprecation(new)
        if notice and notice != deprecation(old):
            text = f"the input {new.name!r} is deprecated now: {notice}"
        else:
            text = f"the documentation of {new.name!r} changed"
        yield Change(rule=CHANGES["N503"], message=text, where=where, before=before)

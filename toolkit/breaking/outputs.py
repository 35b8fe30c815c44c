"""The changes of a component's outputs."""

from collections.abc import Iterator

from toolkit.breaking.change import BOTH, V1, Change, KfpLine
from toolkit.breaking.kfp_types import kfp2_type, stops
from toolkit.breaking.pairing import pair
from toolkit.breaking.rules import CHANGES
from toolkit.breaking.whole import refused_by_kfp2
from toolkit.errors import Location
from toolkit.interface.model import Output
from toolkit.spec.reader import ComponentDocument, is_parameter_type


def output_changes(old: ComponentDocument, new: ComponentDocument) -> Iterator[Change]:
    """Yield the changes of outputs, in the order of the old contract, then the added ones."""
    was, now = old.spec.interface.outputs, new.spec.interface.outputs
    pairs = pair(was, now)
    for first in pairs.removed:
        text = f"the output {was[first].name!r} is gone"
        yield Change(rule=CHANGES["B201"], message=text, where=_whole(new), before=_at(old, first), lines=BOTH)
    for first, second in pairs.renamed:
        yield Change(
            rule=CHANGES["B202"],
            message=f"the output {was[first].name!r} is called {now[second].name!r} now",
            where=_at(new, second, "name"),
            before=_at(old, first, "name"),
            lines=BOTH,
        )
        yield from _pair_changes(old, new, first, second)
    for first, second in pairs.same:
        if was[first].name != now[second].name:
            yield Change(
                rule=CHANGES["B103"],
                message=f"the output {was[first].name!r} is spelt {now[second].name!r} now",
                where=_at(new, second, "name"),
                before=_at(old, first, "name"),
                # A caller may also name an output as the contract does.
                lines=V1,
            )
        yield from _pair_changes(old, new, first, second)
    for second in pairs.added:
        text = f"the output {now[second].name!r} is new"
        yield Change(rule=CHANGES["N402"], message=text, where=_at(new, second))
    if len(was) == 1 < len(now):
        name = now[pairs.same[0][1]].name if pairs.same else was[0].name
        yield Change(
            rule=CHANGES["B207"],
            message=f"{name!r} is no longer the only output, so `task.output` fails",
            where=_whole(new),
            before=_whole(old),
            lines=BOTH,
            help=f"callers write task.outputs[{name!r}]",
        )


def _pair_changes(old: ComponentDocument, new: ComponentDocument, first: int, second: int) -> Iterator[Change]:
    """Yield the changes of one output."""
    was, now = old.spec.interface.outputs[first], new.spec.interface.outputs[second]
    where, before = _at(new, second, "type"), _at(old, first, "type")
    lines = stops(was.type, now.type)
    if rule := output_type_rule(was, now, lines, in_kfp2=bool(was.type) or not refused_by_kfp2(old.spec)):
        text = f"the type of the output {now.name!r} was {was.type or 'missing'} and is {now.type or 'missing'} now"
        yield Change(rule=CHANGES[rule], message=text, where=where, before=before, lines=lines)
    if was.many is not now.many:
        text = f"the output {now.name!r} is {'a list of artifacts' if now.many else 'one artifact'} now"
        yield Change(rule=CHANGES["B206"], message=text, where=where, before=before)
    if was.description != now.description or was.annotations != now.annotations:
        text = f"the documentation of {now.name!r} changed"
        yield Change(rule=CHANGES["N503"], message=text, where=_at(new, second), before=_at(old, first))


def output_type_rule(old: Output, new: Output, lines: frozenset[KfpLine], *, in_kfp2: bool) -> str:
    """Return the rule for two types, empty if no consumer stops to take the output.

    `in_kfp2` says whether KFP 2 took the old contract: where it did not, a first type is a matter of names.
    """
    if not old.type and not in_kfp2:
        return "B116" if "1.8" in lines else ""
    if is_parameter_type(old.type) is not is_parameter_type(new.type):
        return "B205"
    if "2" in lines:
        return "B203"
    if kfp2_type(old.type) != kfp2_type(new.type):
        return "B204"
    return "B116" if "1.8" in lines else ""


def _at(document: ComponentDocument, index: int, part: str = "") -> Location:
    """Return the place of an output, or of a part of it that is written."""
    return document.places.get(("outputs", index, part)) or document.places["outputs", index]


def _whole(document: ComponentDocument) -> Location:
    """Return the place of all outputs."""
    return document.places.get(("outputs",)) or Location(path=document.path)

"""What of one use a change of its component breaks: the argument or output, its place, and the rule."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from toolkit.breaking.inputs import is_required, positional, type_rule
from toolkit.breaking.kfp_types import kfp2_type, stops
from toolkit.breaking.outputs import output_type_rule
from toolkit.breaking.pairing import Pairs, Port, pair
from toolkit.breaking.whole import refused_by_kfp2
from toolkit.consumers.use import Passed, Taken, Use
from toolkit.errors import Location
from toolkit.interface.function import sanitised
from toolkit.interface.model import PARAMETER_TYPE_OF, Input
from toolkit.spec.model import ComponentSpec
from toolkit.words import some_of


class Effect(Struct, frozen=True, kw_only=True):
    """One thing that no longer works: `message` continues a sentence whose subject is the step."""

    rule: str
    where: Location
    message: str
    help: str = ""


def effects(use: Use, old: ComponentSpec, new: ComponentSpec) -> Iterator[Effect]:
    """Yield what breaks in a use, in the order of its arguments, then of its outputs."""
    if (problem := refused_by_kfp2(new)) and not refused_by_kfp2(old):
        yield Effect(rule="B304", where=use.where, message=f"uses a component that KFP 2 refuses now: {problem}")
    yield from _Inputs(use=use, old=old, new=new).effects()
    yield from _Outputs(use=use, old=old, new=new).effects()


def _key(use: Use, name: str) -> str:
    """Return a name as the form of a use compares it."""
    return name if use.form == "graph" else sanitised(name)


def _renamed(use: Use, old: Sequence[Port], new: Sequence[Port]) -> dict[str, str]:
    """Return the new names of ports whose names differ for the use, by their old names."""
    pairs: Pairs[Port] = pair(old, new)
    both = [(old[first].name, new[second].name) for first, second in (*pairs.same, *pairs.renamed)]
    return {_key(use, was): now for was, now in both if _key(use, was) != _key(use, now)}


class _Inputs(Struct, kw_only=True):
    """The arguments of one use, and the inputs of two versions."""

    use: Use
    old: ComponentSpec
    new: ComponentSpec

    def effects(self) -> Iterator[Effect]:
        """Yield what breaks in the arguments, and which ones are missing now."""
        was, now = self.old.interface.inputs, self.new.interface.inputs
        renamed = _renamed(self.use, was, now)
        before = {_key(self.use, port.name): port for port in was}
        after = {_key(self.use, port.name): port for port in now}
        given = set()
        for passed in self.use.passed:
            port = self._port(passed, before)
            if port is None:
                # The old version does not take it either, so that the change breaks nothing here.
                continue
            key = _key(self.use, port.name)
            given |= {key, _key(self.use, renamed.get(key, port.name))}
            if key not in after:
                yield self._gone(passed, port.name, renamed.get(key))
            elif not passed.name and (moved := self._moved(passed, key)):
                yield moved
            else:
                yield from self._of_value(passed, port, after[key])
        earlier = {_key(self.use, new): before[key] for key, new in renamed.items()}
        yield from self._missing({**before, **earlier}, after, given)

    def _port(self, passed: Passed, before: dict[str, Input]) -> Input | None:
        """Return the input of the old version that an argument is for."""
        if passed.name:
            return before.get(_key(self.use, passed.name))
        order = positional(self.old.interface.inputs)
        return order[passed.position] if passed.position < len(order) else None

    def _gone(self, passed: Passed, name: str, new: str | None) -> Effect:
        """Return the effect of an input that is gone, or has another name."""
        if new is None:
            return Effect(rule="B101", where=passed.where, message=f"passes {name!r}, and that input is gone")
        message = f"passes {name!r}, and that input is called {new!r} now"
        return Effect(rule="B102", where=passed.where, message=message, help=f"pass {new!r}")

    def _moved(self, passed: Passed, key: str) -> Effect | None:
        """Return the effect of another order, where an argument has no name."""
        order = positional(self.new.interface.inputs)
        here = order[passed.position].name if passed.position < len(order) else ""
        if here and _key(self.use, here) == key:
            return None
        became = f"is {here!r} now" if here else "is no longer taken"
        message = f"passes argument {passed.position + 1} by its place, which {became}"
        return Effect(rule="B113", where=passed.where, message=message, help="name the argument")

    def _of_value(self, passed: Passed, old: Input, new: Input) -> Iterator[Effect]:
        """Yield the effects of another type, and of values that are refused now."""
        rule = type_rule(old, new, stops(old.type, new.type))
        if rule in {"B108", "B109", "B111"} and not _fits(passed, new):
            message = f"passes {new.name!r}, whose type was {old.type or 'missing'} and is {new.type or 'missing'} now"
            yield Effect(rule=rule, where=passed.where, message=message)
        if old.many is not new.many:
            message = f"passes {new.name!r}, which is {'a list' if new.many else 'one artifact'} now"
            yield Effect(rule="B115", where=passed.where, message=message)
        refused = new.choices and passed.value is not None and passed.value not in new.choices
        if refused and (not old.choices or passed.value in old.choices):
            advice = f"one of {some_of([repr(choice) for choice in new.choices])}"
            message = f"passes {passed.value!r} as {new.name!r}, which is no longer one of its choices"
            yield Effect(rule="B114", where=passed.where, message=message, help=advice)

    def _missing(self, before: dict[str, Input], after: dict[str, Input], given: set[str]) -> Iterator[Effect]:
        """Yield the inputs that are required now, and that the use does not pass."""
        if self.use.spreads:
            return
        for key, port in after.items():
            if key in given or not is_required(port) or (key in before and is_required(before[key])):
                continue
            rule = "B105" if key in before else "B104"
            message = f"does not pass {port.name!r}, which is required now"
            yield Effect(rule=rule, where=self.use.where, message=message, help=f"pass {port.name!r}")


class _Outputs(Struct, kw_only=True):
    """The outputs that one use takes, and those of two versions."""

    use: Use
    old: ComponentSpec
    new: ComponentSpec

    def effects(self) -> Iterator[Effect]:
        """Yield what breaks in the outputs that are handed on."""
        was, now = self.old.interface.outputs, self.new.interface.outputs
        renamed = _renamed(self.use, was, now)
        before = {_key(self.use, port.name): port for port in was}
        after = {_key(self.use, port.name): port for port in now}
        in_kfp2 = not refused_by_kfp2(self.old)
        for taken in self.use.taken:
            if not taken.name:
                yield from self._only(taken)
                continue
            key = _key(self.use, taken.name)
            if key not in before:
                continue
            if key not in after:
                new = renamed.get(key)
                ending = f"is called {new!r} now" if new else "is gone"
                message = f"takes {taken.name!r}, and that output {ending}"
                yield Effect(rule="B202" if new else "B201", where=taken.where, message=message)
                continue
            old, port = before[key], after[key]
            rule = output_type_rule(old, port, stops(old.type, port.type), in_kfp2=in_kfp2)
            if rule in {"B203", "B205"}:
                message = (
                    f"takes {port.name!r}, whose type was {old.type or 'missing'} and is {port.type or 'missing'} now"
                )
                yield Effect(rule=rule, where=taken.where, message=message)
            if old.many is not port.many:
                message = f"takes {port.name!r}, which is {'a list' if port.many else 'one artifact'} now"
                yield Effect(rule="B206", where=taken.where, message=message)

    def _only(self, taken: Taken) -> Iterator[Effect]:
        """Yield the effect on `task.output`, which needs a single output."""
        was, now = self.old.interface.outputs, self.new.interface.outputs
        if len(was) != 1 or len(now) == 1:
            return
        if not now:
            yield Effect(rule="B201", where=taken.where, message=f"takes {was[0].name!r}, and that output is gone")
            return
        message = f"takes `.output`, and the component has {len(now)} outputs now"
        advice = f"take .outputs[{was[0].name!r}], which works with both versions"
        yield Effect(rule="B207", where=taken.where, message=message, help=advice)


def _fits(passed: Passed, port: Input) -> bool:
    """Return whether a constant is one of the new type; an argument that is not a constant has the old type."""
    if passed.value is None:
        return False
    type_ = PARAMETER_TYPE_OF.get(type(passed.value), "")
    wanted = kfp2_type(port.type)
    return type_ == wanted or (type_, wanted) == ("Integer", "Float")

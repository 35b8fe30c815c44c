"""Migrate one contract: apply every migration in its order, and compare the result with the contract before."""

from collections.abc import Iterable, Sequence
from functools import partial

from msgspec import Struct

from toolkit.breaking.change import Category
from toolkit.breaking.comparison import Comparison, compare
from toolkit.edits import Edit, Spot
from toolkit.errors import FindingsError, Location
from toolkit.migration import conditions, defaults, file_outputs, names, presence, remaining, types
from toolkit.migration.change import Left, Migration, Step
from toolkit.spec.document import Place
from toolkit.spec.layout import Layout
from toolkit.spec.model import Container
from toolkit.spec.reader import ComponentDocument, parse_document
from toolkit.spec.rewriting import Replacements, replaced, replacements

_ROUNDS = 10


class Made(Struct, frozen=True, kw_only=True):
    """A change that was made; `where` is a place in the contract as it was."""

    kind: str
    where: Location
    why: str
    written: str
    rule: str = ""


class ToDo(Struct, frozen=True, kw_only=True):
    """Something for a person to do; `where` is a place in the contract as it was."""

    kind: str
    where: Location
    why: str
    advice: str
    rule: str = ""


class Migrated(Struct, frozen=True, kw_only=True):
    """A contract before and after, what was changed, and what is left. `comparison` is None if nothing changed."""

    old: ComponentDocument
    new: ComponentDocument
    made: tuple[Made, ...]
    left: tuple[ToDo, ...]
    comparison: Comparison | None = None


def migrate(document: ComponentDocument, known: types.Evidence, *, copy_file_outputs: bool = False) -> Migrated:
    """Return a contract as both lines of KFP read it; `known` says how types are passed in the contracts around it."""
    work = _Work(document)
    if isinstance(document.spec.implementation, Container):
        migrations = _migrations(known, copy_file_outputs=copy_file_outputs)
        # One change can remove what kept another from being made, such as a second use of an input.
        for _ in range(_ROUNDS):
            count = len(work.made)
            work.left.clear()
            for migration in migrations:
                work.apply(migration)
            if len(work.made) == count:
                break
    work.leave(remaining.remaining(work.document))
    changed = work.document.text != document.text
    return Migrated(
        old=document,
        new=work.document,
        made=tuple(sorted(work.made, key=_line)),
        left=tuple(sorted(work.left, key=_line)),
        # By its strict measure: callers in KFP 1.8 depend on the names of types.
        comparison=compare(document, work.document, category=Category.STRICT) if changed else None,
    )


def _migrations(known: types.Evidence, *, copy_file_outputs: bool) -> Sequence[Migration]:
    """Return all migrations in their order: each sees the results of those before it."""
    return (
        conditions.constant_conditions,
        conditions.branches,
        types.list_types,
        types.input_types,
        partial(types.output_types, known=known),
        # After the types, since a default is judged by its type.
        defaults.invalid_defaults,
        presence.unguarded,
        file_outputs.passed_paths,
        file_outputs.copied if copy_file_outputs else file_outputs.left,
        names.port_names,
        names.component_name,
    )


class _Work:
    """A contract on its way, with what was replaced so far."""

    def __init__(self, document: ComponentDocument) -> None:
        self.document = document
        self.made: list[Made] = []
        self.left: list[ToDo] = []
        self._first = self._layout = Layout(document.text, document.path)
        self._history: list[Replacements] = []

    def apply(self, migration: Migration) -> None:
        """Apply a migration's steps: all at once, or from the last to the first if their texts touch."""
        found = list(migration(self.document))
        steps = [each for each in found if isinstance(each, Step)]
        self.leave(each for each in found if isinstance(each, Left))
        if not steps:
            return
        places = [self._where(step.at) for step in steps]
        if self._apply(steps, [[edit for step in steps for edit in step.edits]]):
            made = [True] * len(steps)
        else:
            # From the end, so that the places of those before stay as they are.
            made = [self._apply([step], [[edit] for edit in step.edits]) for step in reversed(steps)][::-1]
        for step, where, is_made in zip(steps, places, made, strict=True):
            if is_made:
                self.made.append(Made(kind=step.kind, where=where, why=step.why, written=step.written, rule=step.rule))
            else:
                advice = (
                    f"the layout (an anchor, an alias, a comment) keeps it from being changed; write {step.written}"
                )
                self.left.append(ToDo(kind=step.kind, where=where, why=step.why, advice=advice, rule=step.rule))

    def leave(self, found: Iterable[Left]) -> None:
        """Keep what is for a person to do."""
        for each in found:
            where = self._where(each.at)
            self.left.append(ToDo(kind=each.kind, where=where, why=each.why, advice=each.advice, rule=each.rule))

    def _apply(self, steps: Sequence[Step], groups: Sequence[Sequence[Edit]]) -> bool:
        """Carry out groups of edits one after another; return whether the result is what the steps expect."""
        layout, history = self._layout, []
        try:
            for group in groups:
                changes = replacements(layout, group)
                if changes is None:
                    return False
                layout = Layout(replaced(layout.text, changes), self.document.path)
                history.append(changes)
            after = parse_document(layout.text, self.document.path)
        except FindingsError:
            return False
        expected = self.document.spec
        for step in reversed(steps):
            expected = step.expected(expected)
        if after.spec != expected:
            return False
        self.document, self._layout = after, layout
        self._history += history
        return True

    def _where(self, place: Place) -> Location:
        """Return a place of the contract now as one of the contract as it was."""
        while place and place not in self.document.places:
            place = place[:-1]
        if not place:
            return Location(path=self.document.path, line=1, column=1)
        found = self.document.places[place]
        offset = self._layout.offset(Spot(found.line or 1, found.column or 1))
        for changes in reversed(self._history):
            offset = _before(offset, changes)
        spot = self._first.position(offset)
        return Location(path=found.path, line=spot.line, column=spot.column)


def _before(offset: int, changes: Replacements) -> int:
    """Return the offset in a text before replacements of an offset in the text after them."""
    moved = 0
    for change in changes:
        start = change.start + moved
        if offset < start:
            break
        if offset < start + len(change.text):
            return change.start
        moved += len(change.text) - (change.end - change.start)
    return offset - moved


def _line(each: Made | ToDo) -> tuple[int, int]:
    """Return the order in which a report lists changes."""
    return each.where.line or 0, each.where.column or 0

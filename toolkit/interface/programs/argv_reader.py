"""Read programs that index `sys.argv` themselves: each position that they look at is an option."""

import ast

from msgspec import Struct, field

from toolkit.interface.constants import NotKnown
from toolkit.interface.module import Module
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.options import default_text
from toolkit.interface.programs.reading import Reading

_ARGV = "sys.argv"
_CASTS = {"int": "Integer", "float": "Float"}
# The name of the input that takes all words that are left.
_REST = "arguments"


class Words(Struct):
    """The names of a module that hold `sys.argv` or its end, with how many words were cut off in front."""

    module: Module
    offsets: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, module: Module) -> "Words":
        """Follow `sys.argv` through names and into the module's own functions."""
        words = cls(module)
        functions = {node.name: node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef)}
        for node in ast.walk(module.tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if (at := words.offset(value)) is not None:
                    words.offsets[name] = at
                case ast.Call(func=ast.Name(id=name), args=args) if name in functions:
                    for parameter, argument in zip(functions[name].args.args, args, strict=False):
                        if (at := words.offset(argument)) is not None:
                            words.offsets[parameter.arg] = at
        return words

    def offset(self, node: ast.expr) -> int | None:
        """Return how many words were cut off in front; None for an expression that is not a part of `sys.argv`."""
        if self.module.qualified(node) == _ARGV:
            return 0
        match node:
            case ast.Name(id=name):
                return self.offsets.get(name)
            case ast.Subscript(value=value, slice=ast.Slice(lower=lower, step=None)):
                before = self.offset(value)
                cut = 0 if lower is None else lower.value if isinstance(lower, ast.Constant) else None
                return before + cut if before is not None and isinstance(cut, int) else None
        return None

    def position(self, node: ast.AST) -> int | None:
        """Return the position in `sys.argv` of an expression that is one word of it, else None."""
        match node:
            case ast.Subscript(value=value, slice=ast.Constant(value=int() as index)) if index >= 0:
                before = self.offset(value)
                return None if before is None else before + index
        return None


def word_of(position: int) -> str:
    """Return an option's `dest` for a word: the expression for it."""
    return f"{_ARGV}[{position}]"


def read_words(reading: Reading) -> list[Option] | None:
    """Return an option for each word that a module takes from `sys.argv`, in order; None if it takes none."""
    reader = _Reader(reading, Words.of(reading.module))
    # `ast` has no links upwards, which casts and conditions around a word need.
    for node in ast.walk(reading.module.tree):
        for child in ast.iter_child_nodes(node):
            reader.parents[id(child)] = node
    for node in ast.walk(reading.module.tree):
        reader.note(node)
    options = reader.options
    if not options and reader.rest is None:
        return None
    # A program that reads the third word has a second one, even if it does not look at it.
    missing = [at for at in range(1, max(options, default=0)) if at not in options]
    for at in missing:
        options[at] = reader.option(at, f"argument_{at}", reading.module.tree)
    listed = [options[at] for at in sorted(options)]
    return [*listed, reader.rest] if reader.rest else listed


class _Reader(Struct):
    """Collects the words of `sys.argv`: `options` by position, and `rest` for all that are left."""

    reading: Reading
    words: Words
    parents: dict[int, ast.AST] = field(default_factory=dict)
    options: dict[int, Option] = field(default_factory=dict)
    rest: Option | None = None

    def note(self, node: ast.AST) -> None:
        """Look at one node: a word, names for several, or the rest."""
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value):
                before = self.words.offset(value)
                for index, target in enumerate(targets if before is not None else ()):
                    self.add((before or 0) + index, ast.unparse(target), node)
            case ast.Subscript():
                at = self.words.position(node)
                if at is not None:
                    self.add(at, self.name(node) or f"argument_{at}", node)
                elif self.words.offset(node.value) is not None and not isinstance(node.slice, ast.Slice):
                    self.reading.unread(
                        node, f"the position in `{ast.unparse(node)}` is computed when the program runs"
                    )
                elif self.words.offset(node) and not self.is_followed(node):
                    self.take_rest(node)
            case ast.For(iter=ast.Name() as name) if self.words.offset(name):
                self.take_rest(name)

    def is_followed(self, node: ast.Subscript) -> bool:
        """Return whether the rest of the words gets a name, a name for each, or goes to a function of the module."""
        match self.parents.get(id(node)):
            case ast.Assign(targets=[ast.Name() | ast.Tuple()]):
                return True
            case ast.Call(func=ast.Name(id=name)):
                return any(function.name == name for function in self.reading.module.functions())
            case ast.Subscript():
                return True
        return False

    def take_rest(self, node: ast.expr) -> None:
        """Make a list of all words that are left."""
        at = self.words.offset(node) or 0
        self.rest = Option(
            name=_REST,
            dest=f"{_ARGV}[{at}:]",
            flag="",
            type="JsonArray",
            where=self.reading.module.at(node),
            form=Form.LIST,
            default="[]",
        )

    def add(self, at: int, name: str, node: ast.AST) -> None:
        """Remember a word, by the first name that the code gives it; word 0 is the program's own name."""
        if at and (at not in self.options or self.options[at].name.startswith("argument_")):
            self.options[at] = self.option(at, name, node)

    def option(self, at: int, name: str, node: ast.AST) -> Option:
        """Make the option of a word: its type by the cast around it, optional if the code checks that it is there."""
        above = self.parents.get(id(node))
        kind = "String"
        if isinstance(above, ast.Call) and above.args == [node]:
            kind = _CASTS.get(self.reading.module.qualified(above.func) or "", "String")
        optional, default = self.guard(node, kind)
        return Option(
            name=name.lower(),
            dest=word_of(at),
            flag="",
            type=kind,
            where=self.reading.module.at(node),
            default=default,
            required=not optional,
        )

    def guard(self, node: ast.AST, kind: str) -> tuple[bool, str | None]:
        """Return whether a word may be missing, and the default for it."""
        current: ast.AST | None = node
        while (current := self.parents.get(id(current))) is not None:
            # `sys.argv[1] if len(sys.argv) > 1 else "x"` has a default; a statement's is not known.
            if isinstance(current, ast.IfExp) and self.counts(current.test):
                try:
                    return True, default_text(self.reading.value(current.orelse), kind)
                except NotKnown:
                    return True, None
            if isinstance(current, ast.If) and self.counts(current.test):
                return True, None
            if isinstance(current, ast.Try) and any(
                "IndexError" in ast.unparse(handler.type) for handler in current.handlers if handler.type
            ):
                return True, None
        return False, None

    def counts(self, test: ast.expr) -> bool:
        """Return whether a condition depends on the number of words: `len(sys.argv) > 2`, or `argv[2:]` alone."""
        return (
            any(
                isinstance(part, ast.Call) and part.args and self.words.offset(part.args[0]) is not None
                for part in ast.walk(test)
            )
            or self.words.offset(test) is not None
        )

    def name(self, node: ast.AST) -> str:
        """Return the name that a word is assigned to, as in `n = int(sys.argv[2])`; empty without one."""
        current: ast.AST | None = node
        while isinstance(current, ast.expr):
            current = self.parents.get(id(current))
        match current:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                return name if sum(self.words.position(part) is not None for part in ast.walk(current)) == 1 else ""
        return ""

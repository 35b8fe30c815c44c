"""Read the parsers of `argparse`, followed through functions, groups, subclasses and loops."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct, field
from msgspec.structs import replace

from toolkit.interface.module import Module, parameters
from toolkit.interface.programs.argparse_argument import read_argument, with_default
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.reading import ASK, Reading

_PARSERS = {"ArgumentParser", "ArgParser", "HfArgumentParser"}
_GROUPS = {"add_argument_group", "add_mutually_exclusive_group"}
_PLAIN_BASES = {"object", "ABC", "Generic", "Protocol"}
# Functions that call themselves end here; real programs build a parser through two or three calls.
_DEEPEST = 8


class Parser(Struct):
    """One parser: its options so far, and its sub-commands by name.

    `parses` means that the program calls its `parse_args`, `partly` that it calls `parse_known_args` and leaves the
    other words to another parser.
    """

    node: ast.AST
    description: str = ""
    options: list[Option] = field(default_factory=list)
    subcommands: "dict[str, Parser]" = field(default_factory=dict)
    parses: bool = False
    partly: bool = False


class _Subparsers(Struct):
    """What `add_subparsers()` returns."""

    parser: Parser


# The parsers that names of the code stand for, by their source text: `parser`, `self.parser`.
_Object = Parser | _Subparsers
_Names = dict[str, _Object]


def read_parsers(reading: Reading) -> list[Parser]:
    """Return the parsers that the module makes, in order."""
    follower = _Follower(reading)
    follower.take_functions()
    # Functions see the names of the module, so its statements come first; methods share those on `self`.
    names: _Names = {}
    follower.block(reading.module.tree.body, names, 0)
    shared: _Names = {}
    for name, function in follower.functions.items():
        if name not in follower.inlined and name not in follower.homes:
            own = {**names, **shared}
            follower.block(function.body, own, 0)
            shared |= {key: value for key, value in own.items() if key.startswith("self.")}
    # A function may be followed by itself before a call of it is: the parser it makes counts once, the fullest time.
    fullest: dict[int, Parser] = {}
    for parser in follower.parsers:
        fullest[id(parser.node)] = max(fullest.get(id(parser.node), parser), parser, key=_weight)
    return list(fullest.values())


class _Follower(Struct):
    """Follows a module's statements and calls; `parsers` are those that were made, in order.

    `functions` are the module's and those it imports from modules beside it, which `homes` names; `inlined` are the
    names of those that were followed from a call.
    """

    reading: Reading
    parsers: list[Parser] = field(default_factory=list)
    inlined: set[str] = field(default_factory=set)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    homes: dict[str, Module] = field(default_factory=dict)

    def take_functions(self) -> None:
        """Note the functions of the module, and those of modules beside it that it imports by name."""
        module = self.reading.module
        # Methods too, by their bare names: which class an object is of is seldom clear from the text.
        for part in ast.walk(module.tree):
            if isinstance(part, ast.FunctionDef):
                self.functions.setdefault(part.name, part)
        for name, qualified in module.imports.items():
            origin, _, other = qualified.lstrip(".").rpartition(".")
            home = module.neighbour(origin) if origin else None
            for node in home.functions() if home else ():
                if home and node.name == other and isinstance(node, ast.FunctionDef) and name not in self.functions:
                    self.functions[name] = node
                    self.homes[name] = home

    @contextmanager
    def inside(self, module: Module) -> Iterator[None]:
        """Read names as in `module` for a while: in another file, in a call, or for one item of a loop."""
        outer = self.reading.module
        self.reading.module = module
        yield
        self.reading.module = outer

    def block(self, body: list[ast.stmt], names: _Names, depth: int) -> _Object | None:
        """Follow statements; return the parser that they return."""
        returned: _Object | None = None
        for node in body:
            returned = self.statement(node, names, depth) or returned
        return returned

    def statement(self, node: ast.stmt, names: _Names, depth: int) -> _Object | None:  # noqa: C901 (one case for each form)
        """Follow one statement, and those inside it."""
        match node:
            case ast.Assign(targets=targets, value=value):
                parser = self.expression(value, names, depth)
                for target in targets:
                    if parser is not None:
                        names[ast.unparse(target)] = parser
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                if (parser := self.expression(value, names, depth)) is not None:
                    names[ast.unparse(target)] = parser
            case ast.Expr(value=value):
                self.expression(value, names, depth)
            case ast.Return(value=ast.expr() as value):
                return self.expression(value, names, depth)
            case ast.For(target=target, iter=iterated):
                return self.loop(node, target, iterated, names, depth)
            case ast.If() | ast.Try() | ast.With() | ast.While():
                returned = None
                for part in _blocks(node):
                    returned = self.block(part, names, depth) or returned
                return returned
        return None

    def loop(self, node: ast.For, target: ast.expr, iterated: ast.expr, names: _Names, depth: int) -> _Object | None:
        """Follow a loop over literal items that adds arguments once for each item; any other loop once."""
        items = self.items(iterated)
        if items is None or not any(_adds(part) for part in node.body):
            return self.block(node.body, names, depth)
        module = self.reading.module
        for item in items:
            with self.inside(_with(module, target, item)):
                self.block(node.body, names, depth)
        return None

    def items(self, node: ast.expr) -> list[ast.expr] | None:
        """Return the items of a literal list or dict, here or in a constant; None for any other expression."""
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="keys")):
                pairs = self.pairs(owner)
                return None if pairs is None else [key for key, _ in pairs]
            case ast.Call(func=ast.Attribute(value=owner, attr="items")):
                pairs = self.pairs(owner)
                return None if pairs is None else [ast.Tuple(elts=[*pair], ctx=ast.Load()) for pair in pairs]
        if (pairs := self.pairs(node)) is not None:
            return [key for key, _ in pairs]
        node = self.constant(node)
        return list(node.elts) if isinstance(node, ast.List | ast.Tuple | ast.Set) else None

    def pairs(self, node: ast.expr) -> list[tuple[ast.expr, ast.expr]] | None:
        """Return the keys and values of a literal dict, here or in a constant; None for any other expression."""
        node = self.constant(node)
        if not isinstance(node, ast.Dict):
            return None
        return [(key, value) for key, value in zip(node.keys, node.values, strict=True) if key]

    def constant(self, node: ast.expr) -> ast.expr:
        """Return the value of a name that is a constant, any other expression as it is."""
        return self.reading.module.constants.get(node.id, node) if isinstance(node, ast.Name) else node

    def expression(self, node: ast.expr, names: _Names, depth: int) -> _Object | None:
        """Follow the calls of an expression; return the parser, group or sub-parsers that it stands for."""
        if isinstance(node, ast.Name | ast.Attribute):
            return names.get(ast.unparse(node))
        if not isinstance(node, ast.Call):
            # Arguments are also added inside tuples, conditions and comprehensions.
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.expr):
                    self.expression(part, names, depth)
            return None
        if parser := self.constructed(node, names, depth):
            return parser
        if isinstance(node.func, ast.Attribute):
            owner = self.expression(node.func.value, names, depth)
            if owner is not None:
                return self.method(owner, node.func.attr, node, names)
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            if isinstance(argument, ast.Call):
                self.expression(argument, names, depth)
        return self.inline(node, names, depth)

    def constructed(self, node: ast.Call, names: _Names, depth: int) -> Parser | None:
        """Return the parser that a call makes: of argparse's class, or of a subclass, here or in another package."""
        called = (self.reading.module.qualified(node.func) or ast.unparse(node.func)).rpartition(".")[2]
        subclass = self.reading.module.find_class(node.func)
        if called in _PARSERS or (subclass and _is_parser(*subclass)):
            return self.new_parser(node, names, depth, subclass)
        if subclass or not called.endswith("Parser") or not self.is_used_as_parser(node):
            return None
        self.reading.unknown(node, f"options that `{called}` adds itself are not known", ASK)
        return self.new_parser(node, names, depth)

    def is_used_as_parser(self, node: ast.Call) -> bool:
        """Return whether the code adds arguments to the result of a call, or parses with it.

        Many classes are called `…Parser`; only their use tells those of command lines from those of documents.
        """
        inside = [part for part in ast.walk(self.reading.module.tree) if isinstance(part, ast.FunctionDef)]
        holders = [function for function in inside if any(part is node for part in ast.walk(function))]
        # A variable of a function is not the one of the same name in another.
        scope = min(holders, key=lambda function: len(list(ast.walk(function))), default=None)
        named = [
            ast.unparse(target)
            for part in ast.walk(scope or self.reading.module.tree)
            if isinstance(part, ast.Assign) and part.value is node
            for target in part.targets
        ]
        shared = any("." in name for name in named)
        owners = {
            ast.unparse(part.func.value)
            for part in ast.walk(self.reading.module.tree if shared or scope is None else scope)
            if isinstance(part, ast.Call)
            and isinstance(part.func, ast.Attribute)
            and part.func.attr in {"add_argument", "parse_args", "parse_known_args"}
        }
        return ast.unparse(node) in owners or bool(owners & set(named))

    def new_parser(
        self, node: ast.Call, names: _Names, depth: int, subclass: tuple[Module, ast.ClassDef] | None = None
    ) -> Parser:
        """Make a parser with the options of its parents and those that its own class adds."""
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        parser = Parser(node, description=self.reading.text(keywords.get("description")))
        parents = keywords.get("parents")
        for parent in parents.elts if isinstance(parents, ast.List | ast.Tuple) else ():
            other = self.expression(parent, names, depth)
            if isinstance(other, Parser):
                parser.options += other.options
            else:
                self.reading.unread(parent, f"the parent `{ast.unparse(parent)}` cannot be followed")
        self.parsers.append(parser)
        if subclass:
            self.initialise(parser, *subclass, depth)
        return parser

    def initialise(self, parser: Parser, home: Module, definition: ast.ClassDef, depth: int) -> None:
        """Follow the constructor of a parser's own class, those of its base classes first."""
        for base in definition.bases:
            above = home.find_class(base)
            if above and depth < _DEEPEST:
                self.initialise(parser, *above, depth + 1)
            elif not above and ast.unparse(base).rpartition(".")[2] not in _PARSERS | _PLAIN_BASES:
                self.reading.unknown(base, f"options that `{ast.unparse(base)}` adds itself are not known", ASK)
        with self.inside(home):
            # `configure` is the hook in which subclasses of Tap, which is argparse's, add their arguments.
            for part in definition.body:
                if isinstance(part, ast.FunctionDef) and part.name in {"__init__", "configure"}:
                    self.inlined.add(part.name)
                    # `super().add_argument(...)` adds to the same parser.
                    self.block(part.body, {"self": parser, "super()": parser}, depth + 1)

    def method(self, owner: _Object, name: str, node: ast.Call, names: _Names) -> _Object | None:
        """Apply a method call to a parser; return the parser, group or sub-parsers that it returns."""
        if isinstance(owner, _Subparsers):
            return self.subcommand(owner, node, names) if name == "add_parser" else None
        if name == "add_argument":
            option = read_argument(self.reading, node)
            if option:
                owner.options.append(option)
        elif name in _GROUPS:
            # A group only orders the help: its arguments are the parser's.
            return owner
        elif name == "add_subparsers":
            return _Subparsers(owner)
        elif name == "set_defaults":
            self.set_defaults(owner, node)
        elif name.startswith(("parse_args", "parse_known_args", "parse_intermixed")):
            owner.parses = True
            owner.partly = name == "parse_known_args"
        # jsonargparse's `add_class_arguments`, or a method of a subclass of another package.
        elif name.startswith("add_") and name not in self.functions:
            self.reading.unknown(node, f"options that `{name}` adds are not known", ASK)
        return None

    def subcommand(self, owner: _Subparsers, node: ast.Call, names: _Names) -> Parser:
        """Make the parser of a sub-command."""
        word = self.reading.text(node.args[0]) if node.args else ""
        if not word:
            self.reading.unread(node, f"the sub-command of `{ast.unparse(node)}` cannot be read")
        parser = self.new_parser(node, names, 0)
        help_ = next((keyword.value for keyword in node.keywords if keyword.arg == "help"), None)
        parser.description = parser.description or self.reading.text(help_)
        # It belongs to its owner, and is not a parser of the program's own.
        self.parsers.remove(parser)
        owner.parser.subcommands[word] = parser
        return parser

    def set_defaults(self, owner: Parser, node: ast.Call) -> None:
        """Change the defaults of options that the parser already has."""
        for keyword in node.keywords:
            for index, option in enumerate(owner.options):
                if option.dest == keyword.arg:
                    adds = option.form in {Form.COUNT, Form.EACH}
                    owner.options[index] = with_default(self.reading, option, keyword.value, adds=adds)

    def inline(self, node: ast.Call, names: _Names, depth: int) -> _Object | None:
        """Follow a call into a function of the module, with the parsers that it is passed."""
        name = ast.unparse(node.func).rpartition(".")[2]
        function = self.functions.get(name)
        if function is None or depth > _DEEPEST:
            self.elsewhere(node, names)
            return None
        plain = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        if plain[:1] in (["self"], ["cls"]) and isinstance(node.func, ast.Attribute):
            plain = plain[1:]
        arguments = [*zip(plain, node.args, strict=False), *((word.arg or "", word.value) for word in node.keywords)]
        # The function sees the parsers on `self` and those that it is passed; other arguments are plain values.
        inner: _Names = {key: parser for key, parser in names.items() if "." in key}
        values = {}
        for parameter, argument in arguments:
            parser = names.get(ast.unparse(argument))
            if parser is not None:
                inner[parameter] = parser
            else:
                values[parameter] = argument
        # Only functions that get a parser or return one matter; following all others would take long.
        returns = any(isinstance(part, ast.Return) and part.value is not None for part in ast.walk(function))
        if not any(parameter in inner for parameter in plain) and not (returns and _makes_parser(function)):
            return None
        self.inlined.add(name)
        home = self.homes.get(name, self.reading.module)
        defaults = {parameter.arg: default for parameter, default in parameters(function) if default}
        with self.inside(replace(home, constants={**home.constants, **defaults, **values})):
            return self.block(function.body, inner, depth + 1)

    def elsewhere(self, node: ast.Call, names: _Names) -> None:
        """Remark on a parser that is passed to code outside of this file."""
        passed = [ast.unparse(value) for value in node.args if isinstance(names.get(ast.unparse(value)), Parser)]
        if passed:
            self.reading.unknown(
                node, f"`{ast.unparse(node.func)}` may add options to `{passed[0]}`, and is not in this file", ASK
            )


def _is_parser(home: Module, definition: ast.ClassDef) -> bool:
    """Return whether a class derives from a parser, by its own bases or, for other packages, by their names."""
    for base in definition.bases:
        above = home.find_class(base)
        if ast.unparse(base).rpartition(".")[2] in _PARSERS or (above and _is_parser(*above)):
            return True
    return False


def _weight(parser: Parser) -> tuple[bool, int]:
    """Order the readings of one parser: by whether it parses, then by how many options were found."""
    return parser.parses, len(parser.options) + sum(len(inner.options) + 1 for inner in parser.subcommands.values())


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield the blocks of a compound statement."""
    for name in ("body", "orelse", "finalbody"):
        yield getattr(node, name, [])
    for handler in getattr(node, "handlers", []):
        yield handler.body


def _adds(node: ast.AST) -> bool:
    """Return whether code calls `add_argument`."""
    return any(isinstance(part, ast.Attribute) and part.attr == "add_argument" for part in ast.walk(node))


def _makes_parser(function: ast.FunctionDef) -> bool:
    """Return whether a function makes a parser or adds to one."""
    return _adds(function) or any(
        isinstance(part, ast.Name | ast.Attribute) and ast.unparse(part).rpartition(".")[2] in _PARSERS
        for part in ast.walk(function)
    )


def _with(module: Module, target: ast.expr, item: ast.expr) -> Module:
    """Return the module with the names of a loop's `target` bound to `item`."""
    # `for flag, kind in [...]` binds each name of the target.
    names = {ast.unparse(target): item}
    if isinstance(target, ast.Tuple) and isinstance(item, ast.Tuple | ast.List):
        names = {ast.unparse(name): part for name, part in zip(target.elts, item.elts, strict=False)}
    return replace(module, constants={**module.constants, **names})

"""Read the parsers of `argparse`: what happens to a parser is followed through functions, groups and loops."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from toolkit.interface.module import Module
from toolkit.interface.programs.argument_reader import read_argument, with_default
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.options import ASK, Reading

_PARSERS = {"ArgumentParser", "ArgParser", "HfArgumentParser"}
_GROUPS = {"add_argument_group", "add_mutually_exclusive_group"}
_PLAIN_BASES = {"object", "ABC", "Generic", "Protocol"}
_DEEPEST = 8


@dataclass(slots=True)
class Parser:
    """One parser: its options so far, its sub-commands by word, and whether it is asked to parse."""

    node: ast.AST
    description: str = ""
    options: list[Option] = field(default_factory=list)
    words: "dict[str, Parser]" = field(default_factory=dict)
    parses: bool = False
    # It leaves the words that it does not know to another one.
    partly: bool = False


@dataclass(slots=True)
class _Subparsers:
    parser: Parser


_Object = Parser | _Subparsers
_Names = dict[str, _Object]


@dataclass(slots=True)
class ArgparseReader:
    """Follows a module's statements; `parsers` are those that were made, in order."""

    reading: Reading
    parsers: list[Parser] = field(default_factory=list)
    inlined: set[str] = field(default_factory=set)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    homes: dict[str, Module] = field(default_factory=dict)

    @classmethod
    def read(cls, reading: Reading) -> "ArgparseReader":
        """Read every parser of the module."""
        reader = cls(reading)
        for node in ast.walk(reading.module.tree):
            if isinstance(node, ast.FunctionDef):
                reader.functions.setdefault(node.name, node)
        reader.take_neighbours()
        # Objects of the module are seen by its functions, so they come first; a method shares its object's.
        names: _Names = {}
        reader.block(reading.module.tree.body, names, 0)
        shared: _Names = {}
        for name, function in reader.functions.items():
            if name not in reader.inlined and name not in reader.homes:
                own = {**names, **shared}
                reader.block(function.body, own, 0)
                shared |= {key: value for key, value in own.items() if key.startswith("self.")}
        # A function was followed by itself before somebody was found who calls it: one parser, met twice.
        met: dict[int, Parser] = {}
        for parser in reader.parsers:
            met[id(parser.node)] = max(met.get(id(parser.node), parser), parser, key=_weight)
        reader.parsers = list(met.values())
        return reader

    def block(self, body: list[ast.stmt], names: _Names, depth: int) -> _Object | None:
        """Follow statements; give the parser that they return."""
        returned: _Object | None = None
        for node in body:
            returned = self.statement(node, names, depth) or returned
        return returned

    def statement(self, node: ast.stmt, names: _Names, depth: int) -> _Object | None:  # noqa: C901 (one case for each form)
        """Follow one statement, and those inside it."""
        match node:
            case ast.Assign(targets=targets, value=value):
                made = self.expression(value, names, depth)
                for target in targets:
                    if made is not None:
                        names[ast.unparse(target)] = made
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                if (made := self.expression(value, names, depth)) is not None:
                    names[ast.unparse(target)] = made
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
        """Follow a loop over something written out, once for each item; any other loop once."""
        items = self.items(iterated)
        if items is None or not any(_adds(part) for part in node.body):
            return self.block(node.body, names, depth)
        whole = self.reading.module
        for item in items:
            self.reading.module = _with(whole, target, item)
            self.block(node.body, names, depth)
        self.reading.module = whole
        return None

    def items(self, node: ast.expr) -> list[ast.expr] | None:
        """Give the items of a list that is written out, here or as a constant."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"items", "keys"}:
            table = self.items_of_dict(node.func.value)
            pairs = node.func.attr == "items"
            return (
                None
                if table is None
                else [ast.Tuple(elts=[key, value], ctx=ast.Load()) if pairs else key for key, value in table]
            )
        if isinstance(node, ast.Name):
            node = self.reading.module.constants.get(node.id, node)
        if isinstance(node, ast.Dict):
            return [key for key, _ in self.items_of_dict(node) or ()]
        return list(node.elts) if isinstance(node, ast.List | ast.Tuple | ast.Set) else None

    def items_of_dict(self, node: ast.expr) -> list[tuple[ast.expr, ast.expr]] | None:
        """Give keys and values of a dict that is written out."""
        if isinstance(node, ast.Name):
            node = self.reading.module.constants.get(node.id, node)
        if not isinstance(node, ast.Dict):
            return None
        return [(key, value) for key, value in zip(node.keys, node.values, strict=True) if key]

    def expression(self, node: ast.expr, names: _Names, depth: int) -> _Object | None:
        """Follow a call, and give the parser, group or sub-parsers it gives."""
        if isinstance(node, ast.Name | ast.Attribute):
            return names.get(ast.unparse(node))
        if not isinstance(node, ast.Call):
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
        for given in (*node.args, *(word.value for word in node.keywords)):
            if isinstance(given, ast.Call):
                self.expression(given, names, depth)
        return self.inline(node, names, depth)

    def take_neighbours(self) -> None:
        """Take the functions of modules beside this one that are imported by name."""
        for name, qualified in self.reading.module.imports.items():
            origin, _, other = qualified.lstrip(".").rpartition(".")
            home = self.reading.module.neighbour(origin) if origin else None
            for node in home.functions() if home else ():
                if home and node.name == other and isinstance(node, ast.FunctionDef) and name not in self.functions:
                    self.functions[name] = node
                    self.homes[name] = home

    def constructed(self, node: ast.Call, names: _Names, depth: int) -> Parser | None:
        """Make a parser where a call is of a class of parsers: argparse's, one of this module's, one from elsewhere."""
        called = (self.reading.module.qualified(node.func) or ast.unparse(node.func)).rpartition(".")[2]
        subclass = self.reading.module.find_class(node.func)
        if called in _PARSERS or (subclass and is_parser(*subclass)):
            return self.made(node, names, depth, subclass)
        if subclass or not called.endswith("Parser") or not self.is_used_as_parser(node):
            return None
        self.reading.unknown(node, f"options that `{called}` adds itself are not known", ASK)
        return self.made(node, names, depth)

    def is_used_as_parser(self, node: ast.Call) -> bool:
        """Tell whether the code parses by the name that is given to what a call makes, where that name is seen."""
        inside = [one for one in ast.walk(self.reading.module.tree) if isinstance(one, ast.FunctionDef)]
        holders = [one for one in inside if any(part is node for part in ast.walk(one))]
        # A variable of a function is not the one of the same name in another.
        scope = min(holders, key=lambda one: len(list(ast.walk(one))), default=None)
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

    def made(
        self, node: ast.Call, names: _Names, depth: int, subclass: tuple[Module, ast.ClassDef] | None = None
    ) -> Parser:
        """Make a parser, with its parents' options, and those that a class of its own adds to itself."""
        keywords = {word.arg: word.value for word in node.keywords}
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
            self.initialised(parser, *subclass, depth)
        return parser

    def initialised(self, parser: Parser, home: Module, definition: ast.ClassDef, depth: int) -> None:
        """Follow what a parser's own class does when it is made, the classes above it first."""
        for base in definition.bases:
            above = home.find_class(base)
            if above and depth < _DEEPEST:
                self.initialised(parser, *above, depth + 1)
            elif not above and ast.unparse(base).rpartition(".")[2] not in _PARSERS | _PLAIN_BASES:
                self.reading.unknown(base, f"options that `{ast.unparse(base)}` adds itself are not known", ASK)
        whole = self.reading.module
        self.reading.module = home
        for part in definition.body:
            if isinstance(part, ast.FunctionDef) and part.name in {"__init__", "configure"}:
                self.inlined.add(part.name)
                self.block(part.body, {"self": parser, "super()": parser}, depth + 1)
        self.reading.module = whole

    def method(self, owner: _Object, name: str, node: ast.Call, names: _Names) -> _Object | None:
        """Do what a method does to a parser."""
        if isinstance(owner, _Subparsers):
            return self.sub_command(owner, node, names) if name == "add_parser" else None
        if name == "add_argument":
            option = read_argument(self.reading, node)
            if option:
                owner.options.append(option)
        elif name in _GROUPS:
            return owner
        elif name == "add_subparsers":
            return _Subparsers(owner)
        elif name == "set_defaults":
            self.set_defaults(owner, node)
        elif name.startswith(("parse_args", "parse_known_args", "parse_intermixed")):
            owner.parses = True
            owner.partly = name == "parse_known_args"
        elif name.startswith("add_") and name not in self.functions:
            self.reading.unknown(node, f"options that `{name}` adds are not known", ASK)
        return None

    def sub_command(self, owner: _Subparsers, node: ast.Call, names: _Names) -> Parser:
        """Make the parser of a sub-command."""
        word = self.reading.text(node.args[0]) if node.args else ""
        if not word:
            self.reading.unread(node, f"the sub-command of `{ast.unparse(node)}` cannot be read")
        made = self.made(node, names, 0)
        made.description = made.description or self.reading.text(
            next((one.value for one in node.keywords if one.arg == "help"), None)
        )
        self.parsers.remove(made)
        owner.parser.words[word] = made
        return made

    def set_defaults(self, owner: Parser, node: ast.Call) -> None:
        """Change the defaults of options that are there."""
        for word in node.keywords:
            for index, option in enumerate(owner.options):
                if option.dest == word.arg:
                    adds = option.form in {Form.COUNT, Form.EACH}
                    owner.options[index] = with_default(self.reading, option, word.value, adds=adds)

    def inline(self, node: ast.Call, names: _Names, depth: int) -> _Object | None:
        """Follow a call of the module's own function, with the parsers it is given."""
        name = ast.unparse(node.func).rpartition(".")[2]
        function = self.functions.get(name)
        if function is None or depth > _DEEPEST:
            self.elsewhere(node, names)
            return None
        parameters = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        if parameters[:1] in (["self"], ["cls"]) and isinstance(node.func, ast.Attribute):
            parameters = parameters[1:]
        pairs = [*zip(parameters, node.args, strict=False), *((one.arg or "", one.value) for one in node.keywords)]
        inner: _Names = {key: value for key, value in names.items() if "." in key}
        given = {}
        for parameter, value in pairs:
            made = names.get(ast.unparse(value))
            if made is not None:
                inner[parameter] = made
            else:
                given[parameter] = value
        returns = any(isinstance(part, ast.Return) and part.value is not None for part in ast.walk(function))
        if not any(parameter in inner for parameter in parameters) and not (returns and _makes(function)):
            return None
        self.inlined.add(name)
        whole = self.reading.module
        self.reading.module = _bound(self.homes.get(name, whole), function, given)
        returned = self.block(function.body, inner, depth + 1)
        self.reading.module = whole
        return returned

    def elsewhere(self, node: ast.Call, names: _Names) -> None:
        """Remark on a parser that is handed to code which is not here."""
        handed = [ast.unparse(value) for value in node.args if isinstance(names.get(ast.unparse(value)), Parser)]
        if handed:
            self.reading.unknown(
                node, f"`{ast.unparse(node.func)}` may add options to `{handed[0]}`, and is not in this file", ASK
            )


def is_parser(home: Module, definition: ast.ClassDef) -> bool:
    """Tell whether a class is a parser: by what it is made of, or by the names of classes that are not here."""
    for base in definition.bases:
        above = home.find_class(base)
        if ast.unparse(base).rpartition(".")[2] in _PARSERS or (above and is_parser(*above)):
            return True
    return False


def _weight(parser: Parser) -> tuple[bool, int]:
    return parser.parses, len(parser.options) + sum(len(one.options) + 1 for one in parser.words.values())


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        yield getattr(node, name, [])
    for handler in getattr(node, "handlers", []):
        yield handler.body


def _adds(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Attribute) and part.attr == "add_argument" for part in ast.walk(node))


def _makes(function: ast.FunctionDef) -> bool:
    return _adds(function) or any(
        isinstance(part, ast.Name | ast.Attribute) and ast.unparse(part).rpartition(".")[2] in _PARSERS
        for part in ast.walk(function)
    )


def _with(module: Module, target: ast.expr, item: ast.expr) -> Module:
    """Give the module as it is where `target` of a loop is `item`."""
    names = {ast.unparse(target): item}
    if isinstance(target, ast.Tuple) and isinstance(item, ast.Tuple | ast.List):
        names = {ast.unparse(name): part for name, part in zip(target.elts, item.elts, strict=False)}
    return replace(module, constants={**module.constants, **names})


def _bound(module: Module, function: ast.FunctionDef, given: Mapping[str, ast.expr]) -> Module:
    """Give the module as it is inside a call: with the arguments, else the defaults of the parameters."""
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    names: dict[str, ast.expr] = dict(
        zip([one.arg for one in plain][len(plain) - len(arguments.defaults) :], arguments.defaults, strict=True)
    )
    names |= {one.arg: value for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value}
    return replace(module, constants={**module.constants, **names, **given})

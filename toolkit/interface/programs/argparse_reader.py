"""Read the parsers of `argparse`: what happens to a parser is followed through functions, groups and loops."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from toolkit.interface.constants import NotKnown
from toolkit.interface.module import Module
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.options import Reading, choices_of, default_text, is_truth, port_name, type_of

_PARSERS = {"ArgumentParser", "ArgParser", "HfArgumentParser"}
_GROUPS = {"add_argument_group", "add_mutually_exclusive_group"}
_NOTHING = {"help", "version"}
# What these do is done by the flag alone, and several flags may do it to one name.
_OF_A_FLAG = {"store_false", "store_const", "append_const"}
_ADDING = {"append", "extend", "count"}
_ACTIONS = {"store", "store_true", "BooleanOptionalAction", *_OF_A_FLAG, *_ADDING}
_DEEPEST = 8
_ENVIRONMENT = {"os.environ.get", "os.getenv", "os.environ.setdefault"}


@dataclass(slots=True)
class Parser:
    """One parser: its options so far, its sub-commands by word, and whether it is asked to parse."""

    node: ast.AST
    description: str = ""
    options: list[Option] = field(default_factory=list)
    words: "dict[str, Parser]" = field(default_factory=dict)
    parses: bool = False


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

    @classmethod
    def read(cls, reading: Reading) -> "ArgparseReader":
        """Read every parser of the module."""
        reader = cls(reading)
        for node in ast.walk(reading.module.tree):
            if isinstance(node, ast.FunctionDef):
                reader.functions.setdefault(node.name, node)
        # Objects of the module are seen by its functions, so they come first; a method shares its object's.
        names: _Names = {}
        reader.block(reading.module.tree.body, names, 0)
        shared: _Names = {}
        for name, function in reader.functions.items():
            if name not in reader.inlined:
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
        called = (self.reading.module.qualified(node.func) or ast.unparse(node.func)).rpartition(".")[2]
        if called in _PARSERS or self.is_subclass(called):
            return self.made(node, names, depth)
        if isinstance(node.func, ast.Attribute):
            owner = self.expression(node.func.value, names, depth)
            if owner is not None:
                return self.method(owner, node.func.attr, node, names)
        for given in (*node.args, *(word.value for word in node.keywords)):
            if isinstance(given, ast.Call):
                self.expression(given, names, depth)
        return self.inline(node, names, depth)

    def is_subclass(self, name: str) -> bool:
        """Tell whether a class of the module is a parser of its own."""
        definition = self.reading.module.classes.get(name)
        return definition is not None and any(
            ast.unparse(base).rpartition(".")[2] in _PARSERS for base in definition.bases
        )

    def made(self, node: ast.Call, names: _Names, depth: int) -> Parser:
        """Make a parser, with its parents' options."""
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
        return parser

    def method(self, owner: _Object, name: str, node: ast.Call, names: _Names) -> _Object | None:
        """Do what a method does to a parser."""
        if isinstance(owner, _Subparsers):
            if name != "add_parser":
                return None
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
        return None

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
        self.reading.module = _bound(whole, function, given)
        returned = self.block(function.body, inner, depth + 1)
        self.reading.module = whole
        return returned

    def elsewhere(self, node: ast.Call, names: _Names) -> None:
        """Remark on a parser that is handed to code which is not here."""
        handed = [ast.unparse(value) for value in node.args if isinstance(names.get(ast.unparse(value)), Parser)]
        if handed:
            self.reading.unread(
                node, f"`{ast.unparse(node.func)}` may add options to `{handed[0]}`, and is not in this file"
            )


def _weight(parser: Parser) -> tuple[bool, int]:
    return parser.parses, len(parser.options) + sum(len(one.options) + 1 for one in parser.words.values())


def read_argument(reading: Reading, node: ast.Call) -> Option | None:
    """Read one `add_argument(...)`; None for help and version, and with a remark for what cannot be read."""
    keywords, flags = _keywords(reading, node), []
    for given in node.args:
        try:
            flags.append(reading.value(given))
        except NotKnown:
            reading.unread(node, f"the option `{ast.unparse(given)}` is known when the program runs", "--exec reads it")
            return None
    action = reading.text(keywords.get("action")) or _last(keywords.get("action")) or "store"
    dest = reading.text(keywords.get("dest"))
    if not flags and dest:
        flags = [dest]
    if keywords.get("") is not None or not flags or not all(isinstance(flag, str) for flag in flags):
        reading.unread(node, f"`{ast.unparse(node)}` cannot be read", "--exec reads it")
        return None
    if action in _NOTHING:
        return None
    return _option(reading, node, [str(flag) for flag in flags], keywords, action)


def _option(
    reading: Reading, node: ast.Call, flags: list[str], keywords: Mapping[str, ast.expr], action: str
) -> Option:
    positional = not flags[0].startswith("-")
    flag = "" if positional else next((one for one in flags if one.startswith("--")), flags[0])
    dest = port_name(reading.text(keywords.get("dest")) or flag or flags[0])
    kind, declared = type_of(reading, keywords.get("type"))
    nargs = _nargs(reading, keywords.get("nargs"))
    required = positional and nargs not in ("?", "*") if positional else _truth(reading, keywords.get("required"))
    option = Option(
        # Of these the flag says no, or one of several values: true means that it is given.
        name=port_name(flag) if action in _OF_A_FLAG else dest,
        dest="" if action in _OF_A_FLAG else dest,
        flag=flag,
        type=kind,
        where=reading.module.at(node),
        required=required,
        declared=declared,
    )
    option = _of_action(option, action, several=nargs not in ("", "?"), truth=is_truth(reading, keywords.get("type")))
    if action == "store_false" and option.name == dest:
        reading.note(node, f"{flag} sets {dest} to False: the input's `true` means that {flag} is given")
    if action not in _ACTIONS:
        reading.note(node, f"{action} is the program's own action; the value is passed to it")
    if nargs == "?" and "const" in keywords:
        option = replace(option, const=_const(reading, keywords["const"], option))
    option = with_default(reading, option, keywords.get("default"), adds=action in _ADDING)
    items = option.items if option.type == "JsonArray" else option.type
    choices = choices_of(reading, keywords.get("choices"), items)
    return replace(option, choices=choices, help=_help(reading, keywords.get("help"), option.default))


def _of_action(option: Option, action: str, *, several: bool, truth: bool) -> Option:
    """Give the option with the form that its action has, of one value or of several."""
    kind = option.type
    if action == "BooleanOptionalAction":
        return replace(option, type="Boolean", form=Form.SWITCH, off=f"--no-{option.flag[2:]}")
    if action == "store_true" or action in _OF_A_FLAG:
        return replace(option, type="Boolean", form=Form.SWITCH)
    if action == "count":
        return replace(option, type="Integer", form=Form.COUNT)
    if action == "append":
        return replace(option, type="JsonArray", items=kind, form=Form.EACH, nested=several)
    if several or action == "extend":
        return replace(option, type="JsonArray", items=kind, form=Form.LIST if several else Form.EACH)
    return replace(option, form=Form.TRUTH) if truth else option


def with_default(reading: Reading, option: Option, node: ast.expr | None, *, adds: bool) -> Option:
    """Give the option with the default that is written out; another one is the program's business alone."""
    if option.form is Form.SWITCH and not option.off and (node is None or not option.dest):
        return replace(option, default="false")
    if option.required:
        return option
    default = _default(reading, node, option)
    if option.form is Form.SWITCH and not option.off and isinstance(node, ast.Constant) and node.value is None:
        default = "false"
    return replace(option, default=default, adds=adds and default not in (None, "0", "[]"))


def _const(reading: Reading, node: ast.expr, option: Option) -> str | None:
    """Give the text for what the flag alone stands for, unless the flag and a text say the same."""
    try:
        value = reading.value(node)
    except NotKnown:
        reading.note(node, f"what {option.flag} alone stands for cannot be given: `{ast.unparse(node)}`")
        return None
    if option.type != "String" or value is None or isinstance(value, str):
        return None
    text = default_text(value, "String")
    shown = f"the input's value {text!r} is the flag alone" if text is not None else "which cannot be given"
    reading.note(node, f"{option.flag} alone stands for {value!r}: {shown}")
    return text


def _default(reading: Reading, default: ast.expr | None, option: Option) -> str | None:
    """Give the text of a default that is written out."""
    if default is None:
        return None
    if isinstance(default, ast.Call) and reading.module.qualified(default.func) in _ENVIRONMENT:
        reading.note(default, "its default comes from the environment where it is set")
        default = default.args[1] if len(default.args) > 1 else ast.Constant(None)
    try:
        value = reading.value(default)
    except NotKnown:
        reading.note(default, f"the default `{ast.unparse(default)}` is worked out by the program when none is given")
        return None
    text = default_text(value, option.type)
    if text is None and value is not None:
        reading.note(default, f"the default {value!r} is no {option.type}; the program takes it when none is given")
    elif option.type == "String" and not isinstance(value, str | None) and option.const is None:
        reading.note(default, f"the default is {value!r} and not a text; every value that is given is one")
    return text


def _keywords(reading: Reading, node: ast.Call) -> dict[str, ast.expr]:
    """Give the keywords by name, those of `**dict(...)` and `**{...}` too; the key "" says that there are others."""
    keywords: dict[str, ast.expr] = {}
    for word in node.keywords:
        if word.arg:
            keywords[word.arg] = word.value
            continue
        table = word.value
        if isinstance(table, ast.Name):
            table = reading.module.constants.get(table.id, table)
        if isinstance(table, ast.Call) and ast.unparse(table.func) == "dict":
            keywords |= {one.arg: one.value for one in table.keywords if one.arg}
        elif isinstance(table, ast.Dict):
            for key, value in zip(table.keys, table.values, strict=True):
                keywords[reading.text(key)] = value
        else:
            keywords[""] = table
    return keywords


def _nargs(reading: Reading, node: ast.expr | None) -> str:
    if node is None:
        return ""
    try:
        return str(reading.value(node))
    except NotKnown:
        # argparse.REMAINDER and its like are lists; so is what nobody knows.
        return "*"


def _help(reading: Reading, node: ast.expr | None, default: str | None) -> str:
    text = reading.text(node)
    if text == "SUPPRESS":
        return ""
    text = re.sub(r"\s*\(?[Dd]efaults?(?: to|:|=| is)?:?\s*%\(default\)[sdrf]\)?", "", text)
    return re.sub(r"%\(default\)[sdrf]", lambda _: default or "", text).replace("%%", "%").strip()


def _truth(reading: Reading, node: ast.expr | None) -> bool:
    try:
        return bool(reading.value(node))
    except NotKnown:
        return False


def _last(node: ast.expr | None) -> str:
    return ast.unparse(node).rpartition(".")[2] if node is not None else ""


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

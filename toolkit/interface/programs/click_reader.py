"""Read the commands of `click` and `typer`: decorators, and parameters of functions that are commands."""

import ast
from dataclasses import dataclass, field, replace

from toolkit.interface.constants import NotKnown
from toolkit.interface.model import Scalar
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.options import ASK, Reading, choices_of, default_text, port_name, type_of
from toolkit.interface.refusal import NotUnderstood
from toolkit.interface.values import optional, read_value, typing_name

_CLICKS = {"click", "rich_click", "asyncclick", "cloup"}
_TYPER_PARAMETERS = {"Option", "Argument"}
# What typer fills in.
_CONTEXTS = {"Context", "CallbackParam"}


@dataclass(slots=True)
class Command:
    """One command: the function, its word in the group it belongs to, and its options."""

    name: str
    function: ast.FunctionDef
    kind: str
    options: list[Option] = field(default_factory=list)
    group: bool = False


def read_commands(reading: Reading) -> list[Command]:
    """Read every command of the module, groups' own options under the name of the group's function."""
    commands = []
    for function in ast.walk(reading.module.tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        for decorator in function.decorator_list:
            command = _click_command(reading, function, decorator) or _typer_command(reading, function, decorator)
            if command:
                commands.append(command)
    run = _typer_run(reading)
    functions = [one for one in reading.module.functions() if isinstance(one, ast.FunctionDef) and one.name in run]
    return [*commands, *(_typer(reading, function, function.name) for function in functions)]


def _click_command(reading: Reading, function: ast.FunctionDef, decorator: ast.expr) -> Command | None:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    qualified = reading.module.qualified(called) or ""
    name = qualified.rpartition(".")[2]
    clicks = any(_is_click(reading, one) for one in function.decorator_list)
    if not clicks and isinstance(called, ast.Attribute):
        # `@main.command()` where `main` is a group.
        clicks = any(
            _is_click(reading, one)
            for group in reading.module.functions()
            if group.name == ast.unparse(called.value)
            for one in group.decorator_list
        )
    if name not in {"command", "group"} or not clicks:
        return None
    word = _word(reading, decorator) or function.name.replace("_", "-").removesuffix("-command")
    command = Command(name=word, function=function, kind="click", group=name == "group")
    for one in function.decorator_list:
        command.options += _decorated(reading, one)
    return command


def _decorated(reading: Reading, decorator: ast.expr) -> list[Option]:
    """Read what a decorator adds: an option, or those of a function of the module that applies several."""
    kind = _click_name(reading, decorator)
    if kind in {"option", "argument"} and isinstance(decorator, ast.Call):
        option = _click_option(reading, decorator, argument=kind == "argument")
        return [option] if option else []
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = ast.unparse(called)
    if kind is not None or isinstance(called, ast.Attribute):
        return []
    shared = next((one for one in reading.module.functions() if one.name == name), None)
    if shared is None:
        reading.unknown(decorator, f"options that `{name}` adds are not known", ASK)
        return []
    inner = [node for node in ast.walk(shared) if isinstance(node, ast.Call)]
    return [option for node in inner if _click_name(reading, node) for option in _decorated(reading, node)]


def _is_click(reading: Reading, decorator: ast.expr) -> bool:
    return _click_name(reading, decorator) is not None


def _click_name(reading: Reading, decorator: ast.expr) -> str | None:
    """Give the name of a decorator of click, or of a package that gives out click's names as its own."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    package, _, name = (reading.module.qualified(called) or "").partition(".")
    return name if package in _CLICKS and name else None


def _click_option(reading: Reading, node: ast.Call, *, argument: bool) -> Option | None:
    keywords = {word.arg: word.value for word in node.keywords if word.arg}
    try:
        names = [str(reading.value(given)) for given in node.args]
    except NotKnown:
        reading.unread(node, f"`{ast.unparse(node)}` cannot be read", ASK)
        return None
    if not any(name.strip("-/ ") for name in names):
        reading.unread(node, f"`{ast.unparse(node)}` has no name", "write it: '--name'")
        return None
    flags = [name for name in names if name.startswith("-")]
    plain = next((name for name in names if not name.startswith("-")), None)
    on = max(flags, key=lambda flag: (flag.startswith("--"), len(flag)), default="")
    on, _, off = on.partition("/")
    name = (plain or on or names[0]).lstrip("-").replace("-", "_").lower()
    kind, declared = _click_type(reading, keywords)
    form, items = Form.VALUE, "String"
    switch = bool(off.strip()) or _true(reading, keywords.get("is_flag"))
    one_of_several = "flag_value" in keywords and ("is_flag" not in keywords or switch)
    several = "nargs" in keywords and ast.unparse(keywords["nargs"]) != "1"
    if one_of_several:
        # Several flags set one name, each to a value of its own: true means that it is given.
        name, kind, form = port_name(on), "Boolean", Form.SWITCH
    elif switch:
        kind, form = "Boolean", Form.SWITCH
    elif _true(reading, keywords.get("count")):
        kind, form = "Integer", Form.COUNT
    elif _true(reading, keywords.get("multiple")):
        kind, items, form = "JsonArray", kind, Form.EACH
    elif several:
        kind, items, form = "JsonArray", kind, Form.LIST
    default = "false" if one_of_several else _default(reading, keywords.get("default"), kind)
    required = _true(reading, keywords.get("required")) or (argument and "default" not in keywords)
    # A step has no terminal to answer a prompt on.
    required = required or ("prompt" in keywords and "default" not in keywords)
    if argument and ast.unparse(keywords.get("required", ast.Constant(None))) == "False":
        required = False
    return Option(
        name=name,
        flag="" if argument else on.strip(),
        type=kind,
        where=reading.module.at(node),
        form=form,
        items=items,
        default="false" if switch and default is None else default,
        required=required and default is None,
        choices=_click_choices(reading, keywords.get("type")),
        nested=form is Form.EACH and several,
        off=off.strip(),
        help=reading.text(keywords.get("help")),
        declared=declared,
    )


def _click_type(reading: Reading, keywords: dict[str, ast.expr]) -> tuple[str, str]:
    node = keywords.get("type")
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Choice":
        return "String", ""
    if node is not None:
        return type_of(reading, node)
    try:
        default = reading.value(keywords.get("default"))
    except NotKnown:
        return "String", ""
    # click takes the type of the default.
    return {bool: "Boolean", int: "Integer", float: "Float"}.get(type(default), "String"), ""


def _click_choices(reading: Reading, node: ast.expr | None) -> tuple[Scalar, ...]:
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Choice" and node.args:
        return choices_of(reading, node.args[0], "String")
    return ()


def _typer_command(reading: Reading, function: ast.FunctionDef, decorator: ast.expr) -> Command | None:
    """Read `@app.command()` where `app` is a `typer.Typer()`."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    if not isinstance(called, ast.Attribute) or called.attr not in {"command", "callback"}:
        return None
    app = reading.module.constants.get(ast.unparse(called.value))
    if not isinstance(app, ast.Call) or reading.module.qualified(app.func) != "typer.Typer":
        return None
    word = _word(reading, decorator) or function.name.replace("_", "-")
    return replace(_typer(reading, function, word), group=called.attr == "callback")


def _typer_run(reading: Reading) -> set[str]:
    """Name the functions given to `typer.run(...)`."""
    return {
        ast.unparse(node.args[0])
        for node in ast.walk(reading.module.tree)
        if isinstance(node, ast.Call) and reading.module.qualified(node.func) == "typer.run" and node.args
    }


def _typer(reading: Reading, function: ast.FunctionDef, word: str) -> Command:
    command = Command(name=word, function=function, kind="typer")
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
    for argument, default in zip(
        [*plain, *arguments.kwonlyargs], [*missing, *arguments.defaults, *arguments.kw_defaults], strict=True
    ):
        option = _typer_option(reading, argument, default)
        if option:
            command.options.append(option)
    return command


def _typer_option(reading: Reading, argument: ast.arg, default: ast.expr | None) -> Option | None:
    annotation: ast.expr = argument.annotation or ast.Name("str", ast.Load())
    told = default if _is_parameter(reading, default) else None
    if typing_name(reading.module, getattr(annotation, "value", annotation)) == "Annotated":
        parts = (
            annotation.slice.elts
            if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple)
            else []
        )
        told = next((part for part in parts[1:] if _is_parameter(reading, part)), told)
        annotation = parts[0] if parts else annotation
    elif told is not None and isinstance(told, ast.Call):
        first = next((word.value for word in told.keywords if word.arg == "default"), None)
        default = told.args[0] if told.args else first
    if ast.unparse(annotation).rpartition(".")[2] in _CONTEXTS:
        return None
    keywords = {word.arg: word.value for word in told.keywords if word.arg} if isinstance(told, ast.Call) else {}
    named = (reading.module.qualified(told.func) or "") if isinstance(told, ast.Call) else ""
    positional = named.endswith("Argument") if named else default is None
    required = default is None or (isinstance(default, ast.Constant) and default.value is ...)
    flags = [reading.text(part) for part in (told.args if isinstance(told, ast.Call) else [])]
    given = sorted((one for one in flags if one.startswith("-")), key=lambda one: not one.startswith("--"))
    flag = given[0] if given else f"--{argument.arg.replace('_', '-')}"
    on, _, off = flag.partition("/")
    inner = optional(reading.module, annotation)
    kind, items, choices, declared = _annotated(reading, inner if inner is not None else annotation)
    form = Form.VALUE
    if kind == "Boolean" and not positional:
        form, off = Form.SWITCH, off or ("" if flags and on in flags else f"--no-{on[2:]}")
    elif kind == "JsonArray":
        form = Form.LIST if positional else Form.EACH
    elif kind == "Integer" and _true(reading, keywords.get("count")):
        form = Form.COUNT
    text = None if required else _default(reading, default, kind)
    return Option(
        name=argument.arg,
        flag="" if positional else on,
        type=kind,
        where=reading.module.at(argument),
        form=form,
        items=items,
        default="false" if form is Form.SWITCH and text is None and not required else text,
        required=required,
        choices=choices,
        off=off,
        help=reading.text(keywords.get("help")),
        declared=declared,
    )


def _annotated(reading: Reading, node: ast.expr) -> tuple[str, str, tuple[Scalar, ...], str]:
    """Give type, type of items, choices, and what is said of paths, of an annotation."""
    name = ast.unparse(node).rpartition(".")[2]
    if name in {"Path", "PurePath"}:
        return "String", "String", (), "path"
    if name.startswith(("FileText", "FileBinary")):
        return "String", "String", (), "output" if name.endswith("Write") else "input"
    if isinstance(node, ast.Subscript) and typing_name(reading.module, node.value) in {
        "List",
        "list",
        "Tuple",
        "tuple",
    }:
        return "JsonArray", _annotated(reading, node.slice)[0], (), ""
    try:
        value = read_value(reading.module, node)
    except NotUnderstood:
        value = None
    if value is None:
        reading.note(node, f"`{ast.unparse(node)}` is made of a text by the program")
        return "String", "String", (), ""
    return value.type, "String", value.choices, ""


def _is_parameter(reading: Reading, node: ast.expr | None) -> bool:
    if not isinstance(node, ast.Call):
        return False
    return (reading.module.qualified(node.func) or "").rpartition(".")[2] in _TYPER_PARAMETERS


def _word(reading: Reading, decorator: ast.expr) -> str:
    if not isinstance(decorator, ast.Call):
        return ""
    named = next((word.value for word in decorator.keywords if word.arg == "name"), None)
    return reading.text(decorator.args[0] if decorator.args else named)


def _default(reading: Reading, node: ast.expr | None, kind: str) -> str | None:
    try:
        return default_text(reading.value(node), kind)
    except NotKnown:
        reading.note(
            node or ast.Constant(None), f"the default `{ast.unparse(node)}` is the program's own" if node else ""
        )
        return None


def _true(reading: Reading, node: ast.expr | None) -> bool:
    try:
        return bool(reading.value(node))
    except NotKnown:
        return False

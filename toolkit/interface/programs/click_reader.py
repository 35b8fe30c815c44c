"""Read the commands of `click` by their decorators, and those of `typer` by the parameters of their functions."""

import ast

from msgspec import Struct, field
from msgspec.structs import replace

from toolkit.interface.constants import NotKnown
from toolkit.interface.model import Scalar
from toolkit.interface.module import parameters
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.options import choices_of, default_text, port_name, type_of
from toolkit.interface.programs.reading import ASK, Reading
from toolkit.interface.values import NotUnderstood, optional, read_value, typing_name

# Packages that export click's decorators under the same names.
_CLICKS = {"click", "rich_click", "asyncclick", "cloup"}
_TYPER_PARAMETERS = {"Option", "Argument"}
# Parameters that typer fills in itself.
_CONTEXTS = {"Context", "CallbackParam"}


class Command(Struct):
    """One command: its function, its name in its group, and its options; `group` marks a group or callback."""

    name: str
    function: ast.FunctionDef
    kind: str
    options: list[Option] = field(default_factory=list)
    group: bool = False


def read_commands(reading: Reading) -> list[Command]:
    """Return every command of the module; groups are among them, with the options that stand before the command."""
    commands = []
    for function in ast.walk(reading.module.tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        for decorator in function.decorator_list:
            command = _click_command(reading, function, decorator) or _typer_command(reading, function, decorator)
            if command:
                commands.append(command)
    run = _typer_run(reading)
    functions = [node for node in reading.module.functions() if isinstance(node, ast.FunctionDef) and node.name in run]
    return [*commands, *(_typer(reading, function, function.name) for function in functions)]


def _click_command(reading: Reading, function: ast.FunctionDef, decorator: ast.expr) -> Command | None:
    """Return the command that click makes of a function, if `decorator` is `@command` or `@group`."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    qualified = reading.module.qualified(called) or ""
    name = qualified.rpartition(".")[2]
    # `@main.command()` by its name alone may also be typer's, or of a library that is not click at all.
    clicks = any(_is_click(reading, each) for each in function.decorator_list)
    if not clicks and isinstance(called, ast.Attribute):
        # `@main.command()` where `main` is a group.
        clicks = any(
            _is_click(reading, each)
            for group in reading.module.functions()
            if group.name == ast.unparse(called.value)
            for each in group.decorator_list
        )
    if name not in {"command", "group"} or not clicks:
        return None
    # click 8.2 drops the suffix from the names of functions.
    word = _word(reading, decorator) or function.name.replace("_", "-").removesuffix("-command")
    command = Command(name=word, function=function, kind="click", group=name == "group")
    for each in function.decorator_list:
        command.options += _decorated(reading, each)
    return command


def _decorated(reading: Reading, decorator: ast.expr) -> list[Option]:
    """Return the options that a decorator adds: its own, or all those that a function of the module applies."""
    kind = _click_name(reading, decorator)
    if kind in {"option", "argument"} and isinstance(decorator, ast.Call):
        option = _click_option(reading, decorator, argument=kind == "argument")
        return [option] if option else []
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = ast.unparse(called)
    if kind is not None or isinstance(called, ast.Attribute):
        return []
    shared = next((function for function in reading.module.functions() if function.name == name), None)
    if shared is None:
        reading.unknown(decorator, f"options that `{name}` adds are not known", ASK)
        return []
    inner = [node for node in ast.walk(shared) if isinstance(node, ast.Call)]
    return [option for node in inner if _click_name(reading, node) for option in _decorated(reading, node)]


def _is_click(reading: Reading, decorator: ast.expr) -> bool:
    return _click_name(reading, decorator) is not None


def _click_name(reading: Reading, decorator: ast.expr) -> str | None:
    """Return the bare name of one of click's decorators, None for others."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    package, _, name = (reading.module.qualified(called) or "").partition(".")
    return name if package in _CLICKS and name else None


def _click_option(reading: Reading, node: ast.Call, *, argument: bool) -> Option | None:
    """Return the option of `click.option(...)` or `click.argument(...)`; None, with a remark, if unreadable."""
    keywords = {word.arg: word.value for word in node.keywords if word.arg}
    try:
        names = [str(reading.value(name)) for name in node.args]
    except NotKnown:
        reading.unread(node, f"`{ast.unparse(node)}` cannot be read", ASK)
        return None
    if not any(name.strip("-/ ") for name in names):
        reading.unread(node, f"`{ast.unparse(node)}` has no name", "write it: '--name'")
        return None
    flags = [name for name in names if name.startswith("-")]
    plain = next((name for name in names if not name.startswith("-")), None)
    # As in click, two dashes and the longest flag win; `--yes/--no` is a flag for each.
    on = max(flags, key=lambda flag: (flag.startswith("--"), len(flag)), default="")
    on, _, off = on.partition("/")
    kind, declared = _click_type(reading, keywords)
    option = Option(
        name=(plain or on or names[0]).lstrip("-").replace("-", "_").lower(),
        flag="" if argument else on.strip(),
        type=kind,
        where=reading.module.at(node),
        off=off.strip(),
        help=reading.text(keywords.get("help")),
        declared=declared,
    )
    option = _formed(reading, option, keywords, on)
    default = option.default or _default(reading, keywords.get("default"), option.type)
    return replace(
        option,
        default="false" if default is None and option.form is Form.SWITCH else default,
        required=default is None and _is_required(reading, keywords, argument=argument),
        choices=_click_choices(reading, keywords.get("type")),
    )


def _formed(reading: Reading, option: Option, keywords: dict[str, ast.expr], on: str) -> Option:
    """Return the option in its form: a switch, one of several flags, a count, a list, or a value."""
    switch = bool(option.off) or reading.truth(keywords.get("is_flag"))
    several = "nargs" in keywords and ast.unparse(keywords["nargs"]) != "1"
    if "flag_value" in keywords and ("is_flag" not in keywords or switch):
        # Several flags may set one name, each to another value, so each is an input that is true or false.
        return replace(option, name=port_name(on), type="Boolean", form=Form.SWITCH, default="false")
    if switch:
        return replace(option, type="Boolean", form=Form.SWITCH)
    if reading.truth(keywords.get("count")):
        return replace(option, type="Integer", form=Form.COUNT)
    if reading.truth(keywords.get("multiple")):
        return replace(option, type="JsonArray", items=option.type, form=Form.EACH, nested=several)
    if several:
        return replace(option, type="JsonArray", items=option.type, form=Form.LIST)
    return option


def _is_required(reading: Reading, keywords: dict[str, ast.expr], *, argument: bool) -> bool:
    """Return whether click refuses to go on without a value."""
    if argument and ast.unparse(keywords.get("required", ast.Constant(None))) == "False":
        return False
    # A step has no terminal to answer a prompt on.
    asks = argument or "prompt" in keywords
    return reading.truth(keywords.get("required")) or (asks and "default" not in keywords)


def _click_type(reading: Reading, keywords: dict[str, ast.expr]) -> tuple[str, str]:
    """Return the parameter type of an option and `Option.declared`."""
    node = keywords.get("type")
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Choice":
        return "String", ""
    if node is not None:
        return type_of(reading, node)
    try:
        default = reading.value(keywords.get("default"))
    except NotKnown:
        return "String", ""
    # Without `type`, click takes that of the default.
    return {bool: "Boolean", int: "Integer", float: "Float"}.get(type(default), "String"), ""


def _click_choices(reading: Reading, node: ast.expr | None) -> tuple[Scalar, ...]:
    """Return the values of `type=click.Choice([...])`, none for other types."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Choice" and node.args:
        return choices_of(reading, node.args[0], "String")
    return ()


def _typer_command(reading: Reading, function: ast.FunctionDef, decorator: ast.expr) -> Command | None:
    """Return the command of `@app.command()` or `@app.callback()`, if `app` is a `typer.Typer()`."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    if not isinstance(called, ast.Attribute) or called.attr not in {"command", "callback"}:
        return None
    app = reading.module.constants.get(ast.unparse(called.value))
    if not isinstance(app, ast.Call) or reading.module.qualified(app.func) != "typer.Typer":
        return None
    word = _word(reading, decorator) or function.name.replace("_", "-")
    return replace(_typer(reading, function, word), group=called.attr == "callback")


def _typer_run(reading: Reading) -> set[str]:
    """Return the names of the functions that are run by `typer.run(...)`."""
    return {
        ast.unparse(node.args[0])
        for node in ast.walk(reading.module.tree)
        if isinstance(node, ast.Call) and reading.module.qualified(node.func) == "typer.run" and node.args
    }


def _typer(reading: Reading, function: ast.FunctionDef, word: str) -> Command:
    """Return the command that typer makes of a function, called `word`."""
    options = [_typer_option(reading, argument, default) for argument, default in parameters(function)]
    return Command(name=word, function=function, kind="typer", options=[option for option in options if option])


def _typer_option(reading: Reading, argument: ast.arg, default: ast.expr | None) -> Option | None:
    """Return the option of a parameter; None for the ones that typer fills in."""
    annotation, default, settings = _typer_settings(reading, argument, default)
    if ast.unparse(annotation).rpartition(".")[2] in _CONTEXTS:
        return None
    keywords = {word.arg: word.value for word in settings.keywords if word.arg} if settings else {}
    name = (reading.module.qualified(settings.func) or "") if settings else ""
    # Without `Option(...)` or `Argument(...)`, a parameter with a default is an option.
    positional = name.endswith("Argument") if name else default is None
    # `Option(...)`, with an ellipsis for the default, is typer's older way to require a value.
    required = default is None or (isinstance(default, ast.Constant) and default.value is ...)
    texts = [reading.text(part) for part in settings.args] if settings else []
    flags = sorted((text for text in texts if text.startswith("-")), key=lambda text: not text.startswith("--"))
    on, _, off = (flags[0] if flags else f"--{argument.arg.replace('_', '-')}").partition("/")
    inner = optional(reading.module, annotation)
    kind, items, choices, declared = _annotated(reading, inner if inner is not None else annotation)
    form = Form.VALUE
    if kind == "Boolean" and not positional:
        # typer makes `--no-NAME` of a name that it makes itself, and of no other.
        form, off = Form.SWITCH, off or ("" if on in texts else f"--no-{on[2:]}")
    elif kind == "JsonArray":
        form = Form.LIST if positional else Form.EACH
    elif kind == "Integer" and reading.truth(keywords.get("count")):
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


def _typer_settings(
    reading: Reading, argument: ast.arg, default: ast.expr | None
) -> tuple[ast.expr, ast.expr | None, ast.Call | None]:
    """Return the type, the default and the `Option(...)` or `Argument(...)` of a parameter.

    typer takes the call in `Annotated[str, Option()]`, or in the place of the default, which it then holds.
    """
    annotation: ast.expr = argument.annotation or ast.Name("str", ast.Load())
    settings = default if _is_parameter(reading, default) else None
    if typing_name(reading.module, getattr(annotation, "value", annotation)) == "Annotated":
        parts = (
            annotation.slice.elts
            if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple)
            else []
        )
        settings = next((part for part in parts[1:] if _is_parameter(reading, part)), settings)
        annotation = parts[0] if parts else annotation
    elif isinstance(settings, ast.Call):
        keyword = next((word.value for word in settings.keywords if word.arg == "default"), None)
        default = settings.args[0] if settings.args else keyword
    return annotation, default, settings if isinstance(settings, ast.Call) else None


def _annotated(reading: Reading, node: ast.expr) -> tuple[str, str, tuple[Scalar, ...], str]:
    """Return the type, the type of items, the choices and `Option.declared` of an annotation."""
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
        reading.note(node, f"`{ast.unparse(node)}` is made from a text by the program")
        return "String", "String", (), ""
    return value.type, "String", value.choices, ""


def _is_parameter(reading: Reading, node: ast.expr | None) -> bool:
    """Return whether an expression is a call of typer's `Option` or `Argument`."""
    if not isinstance(node, ast.Call):
        return False
    return (reading.module.qualified(node.func) or "").rpartition(".")[2] in _TYPER_PARAMETERS


def _word(reading: Reading, decorator: ast.expr) -> str:
    """Return the name that a decorator gives its command, empty without one."""
    if not isinstance(decorator, ast.Call):
        return ""
    named = next((word.value for word in decorator.keywords if word.arg == "name"), None)
    return reading.text(decorator.args[0] if decorator.args else named)


def _default(reading: Reading, node: ast.expr | None, kind: str) -> str | None:
    """Return a default as contracts write it; None, with a remark, if it is not a literal."""
    if node is None:
        return None
    try:
        return default_text(reading.value(node), kind)
    except NotKnown:
        reading.note(node, f"the default `{ast.unparse(node)}` is worked out by the program")
        return None

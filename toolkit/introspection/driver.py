"""Runs a program until it parses its command line, and prints what its parser knows in the place of parsing.

    driver.py PROGRAM WORDS

WORDS choose a sub-command. It runs by itself under the program's own interpreter: standard library only, and click
where the program has it. What it prints is one line, MARK and JSON.
"""

from __future__ import annotations

import argparse
import importlib
import json
import runpy
import sys
from functools import partial
from typing import Any

MARK = "comp-options:"
PLAIN = (str, int, float, bool)
# Actions that print something and end the program, or stand for other options.
SILENT = ("_HelpAction", "_VersionAction", "_ActionHelpClassPath", "_ActionPrintConfig", "_ActionConfigLoad")
KINDS = {
    "int": "Integer",
    "integer": "Integer",
    "integer range": "Integer",
    "float": "Float",
    "float range": "Float",
    "bool": "Boolean",
    "boolean": "Boolean",
    "str2bool": "Boolean",
    "strtobool": "Boolean",
}


def say(answer: dict[str, Any]) -> None:
    """Print the answer and end the program."""
    print(MARK + json.dumps(answer, default=str))  # noqa: T201 (this is what it is for)
    sys.exit(0)


def chosen(choices: dict[str, Any], words: list[str]) -> Any:  # noqa: ANN401 (a parser or a command)
    """Give the sub-command that the next word names; say which there are when it names none."""
    if not words:
        say({"words": sorted(choices)})
    name = words.pop(0)
    if name not in choices:
        say({"words": sorted(choices), "unknown": name})
    return choices[name]


def plain(value: Any) -> Any:  # noqa: ANN401 (any value)
    """Give a value that JSON holds, None for any other."""
    return value if isinstance(value, (*PLAIN, list, tuple, dict)) else None


def of_action(action: argparse.Action, *, before: bool) -> dict[str, Any]:
    """Describe one action of argparse."""
    name, flags, called = type(action).__name__, list(action.option_strings), action.type
    flag = next((one for one in flags if one.startswith("--")), flags[0] if flags else "")
    kind = KINDS.get(getattr(called, "__name__", ""), "String")
    mode = getattr(called, "_mode", "")
    # jsonargparse keeps the annotation.
    kind = KINDS.get(getattr(getattr(action, "_typehint", None), "__name__", ""), kind)
    found = {
        "name": action.dest,
        "dest": action.dest,
        "flag": flag,
        "type": kind,
        "form": "truth" if called is bool else "value",
        "items": "String",
        "off": "",
        "default": plain(action.default),
        "adds": False,
        "const": None,
        "nested": False,
        "choices": [one for one in action.choices or () if isinstance(one, PLAIN)],
        "required": bool(action.required) and action.nargs not in ("?", "*"),
        "help": (action.help or "").replace("%(default)s", str(action.default)),
        "before": before,
        "declared": ("output" if set(mode) & set("wax") else "input") if mode else "",
    }
    if getattr(called, "__name__", "") in ("Path", "PurePath"):
        found["declared"] = "path"
    if flags and action.nargs == "?" and kind == "String" and isinstance(action.const, (bool, int, float)):
        found["const"] = json.dumps(action.const)
    return found | of_kind(action, name, kind, flag)


def of_kind(action: argparse.Action, name: str, kind: str, flag: str) -> dict[str, Any]:  # noqa: PLR0911 (one for each kind)
    """Give what the kind of an action says otherwise."""
    default = action.default
    if name in ("_StoreFalseAction", "_StoreConstAction", "_AppendConstAction"):
        # The flag says no, or one of several values: true means that it is given.
        return {"name": flag.lstrip("-"), "type": "Boolean", "form": "switch", "default": False}
    if name == "_StoreTrueAction":
        return {"type": "Boolean", "form": "switch", "default": bool(default)}
    if name == "BooleanOptionalAction":
        return {"type": "Boolean", "form": "switch", "off": f"--no-{flag[2:]}"}
    if name == "_CountAction":
        return {"type": "Integer", "form": "count", "adds": bool(default)}
    several = action.nargs not in (None, "?")
    if name == "_AppendAction":
        return {"type": "JsonArray", "items": kind, "form": "each", "nested": several, "adds": bool(default)}
    if several or name == "_ExtendAction":
        form = "list" if several else "each"
        return {"type": "JsonArray", "items": kind, "form": form, "adds": name == "_ExtendAction" and bool(default)}
    return {}


def of_parser(parser: argparse.ArgumentParser, words: list[str], *, before: bool) -> list[dict[str, Any]]:
    """Describe every action of a parser, those of the chosen sub-command last."""
    found = []
    for action in parser._actions:  # noqa: SLF001 (there is no other way to them)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 (likewise)
            inner = chosen(dict(action.choices), words)
            found += of_parser(inner, words, before=inner._subparsers is not None)  # noqa: SLF001 (likewise)
        elif type(action).__name__ not in SILENT:
            found.append(of_action(action, before=before))
    return found


def of_parameter(parameter: Any, *, before: bool) -> dict[str, Any]:  # noqa: ANN401 (one of click's)
    """Describe one parameter of click."""
    option = parameter.param_type_name == "option"
    flag = max(parameter.opts, key=lambda one: (one.startswith("--"), len(one))) if option else ""
    kind = KINDS.get(parameter.type.name, "String")
    file = parameter.type.name == "filename" and hasattr(parameter.type, "mode")
    writes = file and set(parameter.type.mode) & set("wax")
    found = {
        "name": parameter.name,
        "flag": flag,
        "type": kind,
        "form": "value",
        "items": "String",
        "off": "",
        "default": plain(parameter.default),
        "choices": [one for one in getattr(parameter.type, "choices", ()) if isinstance(one, PLAIN)],
        "required": bool(parameter.required),
        "help": getattr(parameter, "help", "") or "",
        "before": before,
        "declared": "output" if writes else "input" if getattr(parameter.type, "exists", file) else "",
    }
    if getattr(parameter, "is_flag", False):
        off = parameter.secondary_opts[0] if parameter.secondary_opts else ""
        found |= {"type": "Boolean", "form": "switch", "off": off, "default": bool(plain(parameter.default))}
    elif getattr(parameter, "count", False):
        found |= {"type": "Integer", "form": "count"}
    elif getattr(parameter, "multiple", False):
        found |= {"type": "JsonArray", "items": kind, "form": "each"}
    elif parameter.nargs != 1:
        found |= {"type": "JsonArray", "items": kind, "form": "list"}
    return found


def of_command(command: Any, words: list[str]) -> dict[str, Any]:  # noqa: ANN401 (one of click's)
    """Describe every parameter of a command, those of the groups above it first."""
    options: list[dict[str, Any]] = []
    while hasattr(command, "commands"):
        options += [of_parameter(one, before=True) for one in command.params if one.expose_value]
        command = chosen(dict(command.commands), words)
    options += [of_parameter(one, before=False) for one in command.params if one.expose_value]
    return {"description": command.help or "", "options": options}


def of_docopt(docopt: Any, text: str) -> dict[str, Any]:  # noqa: ANN401 (the module)
    """Describe every option, argument and word of a usage text, as docopt's own parser finds them."""
    if hasattr(docopt, "parse_docstring_sections"):
        # docopt-ng, the form of docopt that is kept up, and comes as a wheel.
        sections = docopt.parse_docstring_sections(text)
        options = [*docopt.parse_options(sections.before_usage), *docopt.parse_options(sections.after_usage)]
        formal = docopt.formal_usage(sections.usage_body)
    else:
        options = docopt.parse_defaults(text)
        formal = docopt.formal_usage(docopt.printable_usage(text))
    found: dict[str, dict[str, Any]] = {}

    def note(pattern: Any, *, optional: bool, several: bool) -> None:  # noqa: ANN401 (one of docopt's)
        kind = type(pattern).__name__
        for child in getattr(pattern, "children", None) or ():
            loose = optional or kind in ("Optional", "NotRequired", "OptionsShortcut", "AnyOptions", "Either")
            note(child, optional=loose, several=several or kind == "OneOrMore")
        if kind in ("Option", "Argument", "Command"):
            found.setdefault(pattern.name, of_pattern(pattern, kind, optional=optional, several=several))

    note(docopt.parse_pattern(formal, options), optional=False, several=False)
    for option in options:
        found.setdefault(option.name, of_pattern(option, "Option", optional=True, several=False))
    for name in ("-h", "--help", "--version"):
        found.pop(name, None)
    return {"description": text.strip().partition("\n")[0], "options": list(found.values())}


def of_pattern(pattern: Any, kind: str, *, optional: bool, several: bool) -> dict[str, Any]:  # noqa: ANN401 (one of docopt's)
    """Describe one part of a usage text."""
    valued = kind == "Argument" or (kind == "Option" and pattern.argcount)
    form = ("list" if kind == "Argument" else "each") if several and valued else "value" if valued else "switch"
    return {
        "name": pattern.name.strip("-<>").lower(),
        "dest": pattern.name.strip("-<>"),
        "flag": "" if kind == "Argument" else pattern.name,
        "type": "String" if form == "value" else "JsonArray" if valued else "Boolean",
        "form": form,
        "items": "String",
        "off": "",
        "default": plain(pattern.value) if form == "value" else None if valued else False,
        "choices": [],
        "required": kind == "Argument" and not optional,
        "help": "",
        "before": False,
        "declared": "",
    }


def answer_docopt(docopt: Any, text: str, *_: object, **__: object) -> None:  # noqa: ANN401 (the module)
    """Stand in for docopt's own function."""
    say(of_docopt(docopt, text))


def take_place(words: list[str]) -> None:
    """Take the place of what parses a command line, where the program has it."""

    def parse(parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        options = of_parser(parser, words, before=parser._subparsers is not None)  # noqa: SLF001 (as above)
        say({"description": parser.description or "", "options": options})

    for name in ("parse_args", "parse_known_args"):
        setattr(argparse.ArgumentParser, name, parse)
    for package in ("click", "docopt", "jsonargparse"):
        try:
            module: Any = importlib.import_module(package)
        except ImportError:
            continue
        if package == "click":
            module.Command.main = lambda command, *_, **__: say(of_command(command, words))
        elif package == "docopt":
            module.docopt = partial(answer_docopt, module)
        else:
            module.ArgumentParser.parse_args = parse


def main(program: str, words: list[str]) -> None:
    """Take the place of parsing, and run the program."""
    take_place(words)
    sys.argv = [program]
    sys.path.insert(0, program.rpartition("/")[0])
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2].split())

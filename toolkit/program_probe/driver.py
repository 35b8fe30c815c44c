"""Run a program until it parses its command line, then print what its parser knows, and end.

    driver.py PROGRAM WORDS

WORDS choose a sub-command, one a level. The driver runs under the program's own interpreter, so it imports the standard
library only, and parsers' libraries if the program has them. Its answer is one line, MARK and JSON: `description` and
`options`, or `words`, the sub-commands to choose from, with `unknown` if the chosen one is missing.
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
# Actions that print something and end the program, or load other options from a file.
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


def answer(document: dict[str, Any]) -> None:
    """Print the answer and end the program."""
    print(MARK + json.dumps(document, default=str))  # noqa: T201 (this is what it is for)
    sys.exit(0)


def chosen(choices: dict[str, Any], words: list[str]) -> Any:  # noqa: ANN401 (a parser or a command)
    """Return the sub-command that the next word names; without one, answer with those to choose from."""
    if not words:
        answer({"words": sorted(choices)})
    name = words.pop(0)
    if name not in choices:
        answer({"words": sorted(choices), "unknown": name})
    return choices[name]


def plain(value: Any) -> Any:  # noqa: ANN401 (any value)
    """Return a value that JSON can hold, None for any other."""
    return value if isinstance(value, (*PLAIN, list, tuple, dict)) else None


def of_action(action: argparse.Action, *, before: bool) -> dict[str, Any]:
    """Describe one action of argparse; `before` says that it stands before a sub-command."""
    name, flags, called = type(action).__name__, list(action.option_strings), action.type
    flag = next((text for text in flags if text.startswith("--")), flags[0] if flags else "")
    kind = KINDS.get(getattr(called, "__name__", ""), "String")
    # argparse.FileType.
    mode = getattr(called, "_mode", "")
    # jsonargparse keeps the annotation.
    kind = KINDS.get(getattr(getattr(action, "_typehint", None), "__name__", ""), kind)
    described = {
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
        "choices": [choice for choice in action.choices or () if isinstance(choice, PLAIN)],
        "required": bool(action.required) and action.nargs not in ("?", "*"),
        "help": (action.help or "").replace("%(default)s", str(action.default)),
        "before": before,
        "declared": ("output" if set(mode) & set("wax") else "input") if mode else "",
    }
    if getattr(called, "__name__", "") in ("Path", "PurePath"):
        described["declared"] = "path"
    if flags and action.nargs == "?" and kind == "String" and isinstance(action.const, (bool, int, float)):
        described["const"] = json.dumps(action.const)
    return described | of_kind(action, name, kind, flag)


def of_kind(action: argparse.Action, name: str, kind: str, flag: str) -> dict[str, Any]:  # noqa: PLR0911 (one for each kind)
    """Return the entries in which an action of the class `name` differs from one that stores a value."""
    default = action.default
    if name in ("_StoreFalseAction", "_StoreConstAction", "_AppendConstAction"):
        # Several such flags may set one `dest`, so the option is named by its flag; true passes it.
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
    described = []
    for action in parser._actions:  # noqa: SLF001 (argparse has no public name for them)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 (likewise)
            inner = chosen(dict(action.choices), words)
            described += of_parser(inner, words, before=inner._subparsers is not None)  # noqa: SLF001 (likewise)
        elif type(action).__name__ not in SILENT:
            described.append(of_action(action, before=before))
    return described


def of_parameter(parameter: Any, *, before: bool) -> dict[str, Any]:  # noqa: ANN401 (one of click's)
    """Describe one parameter of click."""
    option = parameter.param_type_name == "option"
    flag = max(parameter.opts, key=lambda text: (text.startswith("--"), len(text))) if option else ""
    kind = KINDS.get(parameter.type.name, "String")
    file = parameter.type.name == "filename" and hasattr(parameter.type, "mode")
    writes = file and set(parameter.type.mode) & set("wax")
    described = {
        "name": parameter.name,
        "flag": flag,
        "type": kind,
        "form": "value",
        "items": "String",
        "off": "",
        "default": plain(parameter.default),
        "choices": [choice for choice in getattr(parameter.type, "choices", ()) if isinstance(choice, PLAIN)],
        "required": bool(parameter.required),
        "help": getattr(parameter, "help", "") or "",
        "before": before,
        "declared": "output" if writes else "input" if getattr(parameter.type, "exists", file) else "",
    }
    if getattr(parameter, "is_flag", False):
        off = parameter.secondary_opts[0] if parameter.secondary_opts else ""
        described |= {"type": "Boolean", "form": "switch", "off": off, "default": bool(plain(parameter.default))}
    elif getattr(parameter, "count", False):
        described |= {"type": "Integer", "form": "count"}
    elif getattr(parameter, "multiple", False):
        described |= {"type": "JsonArray", "items": kind, "form": "each"}
    elif parameter.nargs != 1:
        described |= {"type": "JsonArray", "items": kind, "form": "list"}
    return described


def of_command(command: Any, words: list[str]) -> dict[str, Any]:  # noqa: ANN401 (one of click's)
    """Describe every parameter of a command, those of the groups above it first."""
    options: list[dict[str, Any]] = []
    # A group of click has `commands`; groups may stand inside groups.
    while hasattr(command, "commands"):
        options += [of_parameter(parameter, before=True) for parameter in command.params if parameter.expose_value]
        command = chosen(dict(command.commands), words)
    options += [of_parameter(parameter, before=False) for parameter in command.params if parameter.expose_value]
    return {"description": command.help or "", "options": options}


def of_docopt(docopt: Any, text: str) -> dict[str, Any]:  # noqa: ANN401 (the module)
    """Describe every option, argument and command of a usage text, as docopt's own parser finds them."""
    if hasattr(docopt, "parse_docstring_sections"):
        # docopt-ng, the maintained fork, has the same import name and other functions.
        sections = docopt.parse_docstring_sections(text)
        options = [*docopt.parse_options(sections.before_usage), *docopt.parse_options(sections.after_usage)]
        formal = docopt.formal_usage(sections.usage_body)
    else:
        options = docopt.parse_defaults(text)
        formal = docopt.formal_usage(docopt.printable_usage(text))
    described: dict[str, dict[str, Any]] = {}

    def note(pattern: Any, *, optional: bool, several: bool) -> None:  # noqa: ANN401 (one of docopt's)
        kind = type(pattern).__name__
        for child in getattr(pattern, "children", None) or ():
            loose = optional or kind in ("Optional", "NotRequired", "OptionsShortcut", "AnyOptions", "Either")
            note(child, optional=loose, several=several or kind == "OneOrMore")
        if kind in ("Option", "Argument", "Command"):
            described.setdefault(pattern.name, of_pattern(pattern, kind, optional=optional, several=several))

    note(docopt.parse_pattern(formal, options), optional=False, several=False)
    # Options behind `[options]` are not in the pattern.
    for option in options:
        described.setdefault(option.name, of_pattern(option, "Option", optional=True, several=False))
    for name in ("-h", "--help", "--version"):
        described.pop(name, None)
    return {"description": text.strip().partition("\n")[0], "options": list(described.values())}


def of_pattern(pattern: Any, kind: str, *, optional: bool, several: bool) -> dict[str, Any]:  # noqa: ANN401 (one of docopt's)
    """Describe one part of a usage text: an option, an argument, or a command, which is a flag without dashes."""
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
    """Answer in the place of docopt's own function."""
    answer(of_docopt(docopt, text))


def replace_parsers(words: list[str]) -> None:
    """Replace the functions that parse a command line, in each library that is installed, by ones that answer."""

    def parse(parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        options = of_parser(parser, words, before=parser._subparsers is not None)  # noqa: SLF001 (as above)
        answer({"description": parser.description or "", "options": options})

    for name in ("parse_args", "parse_known_args"):
        setattr(argparse.ArgumentParser, name, parse)
    for package in ("click", "docopt", "jsonargparse"):
        try:
            module: Any = importlib.import_module(package)
        except ImportError:
            continue
        if package == "click":
            module.Command.main = lambda command, *_, **__: answer(of_command(command, words))
        elif package == "docopt":
            module.docopt = partial(answer_docopt, module)
        else:
            module.ArgumentParser.parse_args = parse


def main(program: str, words: list[str]) -> None:
    """Run the program with parsers that answer."""
    replace_parsers(words)
    # As if Python had been started with the program: modules beside it can be imported.
    sys.argv = [program]
    sys.path.insert(0, program.rpartition("/")[0])
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2].split())

"""Learn a program's options by running it: its own parser is asked, in the component's environment, in a process."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from toolkit.cache import Cache
from toolkit.errors import InputError, Location, OutsideError
from toolkit.interface.module import Module
from toolkit.interface.programs.model import Form, Option, Program
from toolkit.interface.programs.options import default_text
from toolkit.python.environment import environment
from toolkit.scaffold.slice import distribution, whole_source

_SECONDS = 120
_PYTHON = "3.11"
# Runs the program until it parses its arguments, and prints what the parser knows in their place.
DRIVER = """
import argparse, json, runpy, sys

program, word = sys.argv[1], sys.argv[2].split()
MARK = "comp-options:"
PLAIN = (str, int, float, bool)

def described(parser, before):
    found = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            if not word:
                print(MARK + json.dumps({"words": sorted(action.choices)}))
                sys.exit(0)
            name = word.pop(0)
            if name not in action.choices:
                print(MARK + json.dumps({"words": sorted(action.choices), "unknown": name}))
                sys.exit(0)
            found += described(action.choices[name], False)
            continue
        kind = type(action).__name__
        if kind in ("_HelpAction", "_VersionAction"):
            continue
        called = action.type
        found.append({
            "name": action.dest, "flags": list(action.option_strings), "kind": kind, "nargs": action.nargs,
            "type": getattr(called, "__name__", type(called).__name__) if called else "str",
            "mode": getattr(called, "_mode", ""),
            "default": action.default if isinstance(action.default, (*PLAIN, list, tuple, dict)) else None,
            "choices": [one for one in action.choices or () if isinstance(one, PLAIN)],
            "required": bool(action.required), "help": action.help or "", "before": before,
        })
    return found

def parse(self, *arguments, **keywords):
    options = described(self, bool(self._subparsers))
    print(MARK + json.dumps({"description": self.description or "", "options": options}, default=str))
    sys.exit(0)

argparse.ArgumentParser.parse_args = argparse.ArgumentParser.parse_known_args = parse
sys.argv = [program]
sys.path.insert(0, program.rpartition("/")[0])
runpy.run_path(program, run_name="__main__")
"""
MARK = "comp-options:"
_TYPES = {"int": "Integer", "float": "Float", "bool": "Boolean", "str2bool": "Boolean", "strtobool": "Boolean"}


def execute_program(path: Path, cache: Cache, *, word: str | None = None) -> Program:
    """Run the program at `path` up to where it parses its command line, and give what its parser knows.

    The packages it imports are installed in an environment of comp's cache. Programs that read their command line
    by argparse, or by what is built on it, can be asked. Raises InputError when the program fails, or ends without
    parsing anything; OutsideError when its packages cannot be installed, or it does not end.
    """
    module = Module.read(path)
    packages = [distribution(one) for one in whole_source(module).imported]
    python = environment(cache, python=_PYTHON, requirements=packages)
    with tempfile.TemporaryDirectory(prefix="comp-exec-") as folder:
        driver = Path(folder, "driver.py")
        driver.write_text(DRIVER, encoding="utf-8")
        command = [str(python), str(driver), str(path.resolve()), word or ""]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired as error:
            raise OutsideError(f"{path.name} did not parse its command line within {_SECONDS} s") from error
    said = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if not said:
        last = " ".join(done.stderr.strip().splitlines()[-1:]) or "it ended without parsing a command line"
        raise InputError(f"the program cannot be asked: {last}", where=Location(path=path), hint="leave --exec out")
    answer = json.loads(said[-1].removeprefix(MARK))
    if "words" in answer:
        problem = f"has no sub-command {answer['unknown']!r}" if "unknown" in answer else "has sub-commands"
        raise InputError(f"{path.name} {problem}", hint=f"--subcommand: {', '.join(answer['words'])}")
    options = tuple(option_of(one, path) for one in answer["options"])
    description = " ".join(answer["description"].split())
    return Program(path=path, kind="argparse", description=description, options=options, word=word or "")


def option_of(found: dict[str, Any], path: Path) -> Option:
    """Give one option as the driver describes it; of a place its file alone is known."""
    flags = found["flags"]
    flag = next((one for one in flags if one.startswith("--")), flags[0] if flags else "")
    kind, form, items, off = _TYPES.get(found["type"], "String"), Form.VALUE, "String", ""
    default = found["default"]
    match found["kind"]:
        case "_StoreTrueAction" | "_StoreFalseAction" | "_StoreConstAction":
            kind, form, default = "Boolean", Form.SWITCH, False
        case "BooleanOptionalAction":
            kind, form, off = "Boolean", Form.SWITCH, f"--no-{flag[2:]}"
        case "_CountAction":
            kind, form = "Integer", Form.COUNT
        case "_AppendAction":
            kind, items, form = "JsonArray", kind, Form.EACH
        case _ if found["nargs"] not in (None, "?"):
            kind, items, form = "JsonArray", kind, Form.LIST
    name = found["name"] if found["kind"] != "_StoreFalseAction" else flag.lstrip("-")
    mode = found["mode"]
    return Option(
        name=name.replace("-", "_"),
        flag=flag,
        type=kind,
        where=Location(path=path),
        form=form,
        items=items,
        default=None if found["required"] else default_text(default, kind),
        required=found["required"] and found["nargs"] not in ("?", "*"),
        choices=tuple(found["choices"]),
        off=off,
        help=" ".join(found["help"].replace("%(default)s", str(default)).split()),
        before=found["before"],
        declared=("output" if set(mode) & set("wax") else "input")
        if mode
        else "path"
        if found["type"] == "Path"
        else "",
    )

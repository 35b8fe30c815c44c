"""The example of a rule: the files before and after the mistake, and the command that finds it."""

import json
import re
from collections.abc import Mapping
from textwrap import indent
from typing import Any

import yaml
from msgspec import Struct

from toolkit.spec.reader import is_parameter_type

_FILE = re.compile(r"--- (\S+)")
_COMMAND = re.compile(r"\$ comp (.+)")
# The rest of a fragment's keys are those of the container.
_TOP = ("name", "description", "metadata", "inputs", "outputs", "implementation")
# Arguments of so many characters stand on one line.
_SHORT = 80


class Example(Struct, frozen=True, kw_only=True):
    """The files of one side of an example by name, and the command that checks them, without `comp`."""

    files: Mapping[str, str]
    command: str


def read_example(block: str, rule_id: str, command: str) -> Example:
    """Return the example in a block of an explanation: files under `--- NAME`, or one file, and perhaps `$ comp …`.

    A file without a name is what the rule is about, and a contract among these may be a fragment. `command` is the one
    that checks it if the block names no other.
    """
    files: dict[str, list[str]] = {}
    lines = block.strip("\n").splitlines()
    if match := _COMMAND.fullmatch(lines[-1]):
        command = match[1]
        lines.pop()
    name = ""
    for line in lines:
        if match := _FILE.fullmatch(line):
            name = match[1]
        files.setdefault(name, [])
        if not match:
            files[name].append(line)
    texts = {name: "\n".join(each).strip("\n") + "\n" for name, each in files.items()}
    if "" in texts:
        name = _NAMES.get(rule_id[0], "component.yaml")
        text = texts.pop("")
        texts = {name: complete(text) if name.endswith(".yaml") else text, **texts}
    return Example(files=texts, command=command)


def read_pair(before: str, after: str, rule_id: str, command: str) -> Example:
    """Return the example of two versions of a contract, either of which may be a fragment."""
    earlier, later = (read_example(block, rule_id, command) for block in (before, after))
    (text,) = earlier.files.values()
    return Example(files={"before.yaml": text, **later.files}, command=later.command)


def complete(fragment: str) -> str:
    """Return the contract that a fragment is a part of, with the keys of its container in their place.

    The fragment's lines stay as they are. A name, an image, a command, and arguments that pass the ports are added
    where it has none.
    """
    parts = _parts(fragment)
    container = {key: text for key, text in parts.items() if key not in _TOP}
    top = {"name": "name: Train\n"} | {key: text for key, text in parts.items() if key in _TOP}
    if "implementation" not in top:
        added = {"image": "image: train:1.0\n", "command": "command: [python, train.py]\n"}
        # Not sorted: the keys of the fragment keep their order behind those that are added.
        inside = {**added, "args": _arguments(fragment), **container}
        top["implementation"] = f"implementation:\n  container:\n{indent(''.join(inside.values()), '    ')}"
    return "".join(top.values())


def _arguments(fragment: str) -> str:
    """Return the arguments that pass every port of a fragment, as `comp generate` would write them for a program."""
    # Texts stay as they are written.
    ports = yaml.load(fragment, yaml.BaseLoader) or {}  # noqa: S506 (makes nothing but texts, lists and mappings)
    lines = [_input(port) for port in ports.get("inputs") or ()]
    lines += [f"- {_flag(port)}\n- {{outputPath: {port['name']}}}\n" for port in ports.get("outputs") or ()]
    words = ", ".join(line.removeprefix("- ") for part in lines for line in part.splitlines())
    if len(words) <= _SHORT:
        return f"args: [{words}]\n" if lines else ""
    return f"args:\n{''.join(lines)}"


def _input(port: Mapping[str, Any]) -> str:
    """Return the argument of an input; one that may be left out is tested first."""
    name, passed = port["name"], "inputValue" if is_parameter_type(str(port.get("type", ""))) else "inputPath"
    value, flag = f"{{{passed}: {name}}}", _flag(port)
    if "default" not in port and port.get("optional") != "true":
        return f"- {flag}\n- {value}\n"
    otherwise = "" if "default" not in port else f", else: [{flag}, {_quoted(port['default'])}]"
    return f"- {{if: {{cond: {{isPresent: {name}}}, then: [{flag}, {value}]{otherwise}}}}}\n"


def _flag(port: Mapping[str, Any]) -> str:
    """Return the flag of a port."""
    return f"--{re.sub('[^a-z0-9]+', '-', port['name'].lower()).strip('-')}"


def _quoted(text: str) -> str:
    """Return a default as an argument."""
    return json.dumps(text) if "\n" in text else "'{}'".format(text.replace("'", "''"))


def _parts(fragment: str) -> dict[str, str]:
    """Return the text of each top-level key, with the comments above it."""
    parts: dict[str, str] = {}
    key = ""
    comments = ""
    for line in fragment.splitlines(keepends=True):
        if line.startswith("#"):
            comments += line
            continue
        if match := re.match(r"([A-Za-z]+):", line):
            key = match[1]
        parts[key] = parts.get(key, "") + comments + line
        comments = ""
    return parts


_NAMES = {"S": "pyproject.toml", "F": "train.py", "P": "train.py"}

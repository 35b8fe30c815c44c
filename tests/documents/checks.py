"""Check a block that is not run by what reads such a text: comp's own readers, schemas, a parser of command lines."""

import ast
import importlib
import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.documents.block import Block
from tests.documents.command_line import check_command_line
from toolkit.errors import CompError
from toolkit.resources import resource
from toolkit.spec.reader import read_component
from tools.rule_pages.example import complete


def problems_of(block: Block, folder: Path) -> list[str]:
    """Return what is wrong with a block, which may write into `folder`; empty if it is right, or runs."""
    if (reason := block.note("not run")) is not None:
        return [] if len(reason.split()) > 2 else [f"no reason why it is not run: {reason!r}"]
    if block.language == "console":
        return []
    check = _CHECKS.get(block.language)
    if check is None:
        return [] if block.title else [f"nothing checks a block in {block.language or 'no language'}"]
    try:
        return list(check(block, folder))
    except (SyntaxError, ValueError, yaml.YAMLError, CompError) as error:
        return [f"{type(error).__name__}: {error}"]


def _python(block: Block, folder: Path) -> Iterator[str]:
    """Parse code, and look for what it imports from comp."""
    del folder
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "toolkit":
            module = importlib.import_module(node.module or "")
            yield from (f"{node.module} has no {each.name}" for each in node.names if not hasattr(module, each.name))


def _toml(block: Block, folder: Path) -> Iterator[str]:
    """Parse settings, and compare those of comp with their schema."""
    del folder
    document = tomllib.loads(block.text)
    comp = document.get("tool", {}).get("comp")
    if comp is not None:
        # A part of a component's settings.
        alone = not {"entrypoint", "command", "workspace", "defaults", "lint", "registries"} & set(comp)
        whole = {"entrypoint": "a:b", **comp} if alone else comp
        yield from _by_schema("comp-config.schema.json", whole)
    elif document and not {"project", "tool"} & set(document):
        yield "neither [project] nor [tool]: nothing checks it"


def _json(block: Block, folder: Path) -> Iterator[str]:
    """Parse JSON."""
    del folder
    json.loads(block.text)
    yield from ()


def _yaml(block: Block, folder: Path) -> Iterator[str]:
    """Parse YAML, and let what such a file is for read it."""
    document = yaml.safe_load(block.text) or {}
    path = folder / (PurePath(block.title).name or "block.yaml")
    path.write_text(block.text, "utf-8")
    if isinstance(document, list):
        # A part of a file for pre-commit.
        document = {"repos": [{"repo": "local", "hooks": document}]}
    keys = set(document)
    if "repos" in keys:
        yield from (f"no hook {name}" for name in _hooks(document) - _own_hooks())
    elif "jobs" in keys:
        path.write_text(block.text if "on" in block.text.splitlines()[0] else f"on: push\n{block.text}", "utf-8")
        yield from _by_builtin("vendor.github-workflows", path)
    elif "include" in keys or any(
        isinstance(job, dict) and {"script", "trigger"} & set(job) for job in document.values()
    ):
        yield from _by_builtin("vendor.gitlab-ci", path)
    elif isinstance(document.get("outputs"), dict) or "fails" in keys:
        yield from _by_schema("case.schema.json", document)
    elif keys & {"implementation", "inputs", "outputs", "metadata", "container"}:
        path.write_text(complete(block.text), "utf-8")
        read_component(path)
    elif keys:
        yield f"nothing checks YAML with the keys {', '.join(sorted(map(str, keys)))}"


def _sh(block: Block, folder: Path) -> Iterator[str]:
    """Parse commands, and those of comp by its own parser."""
    del folder
    done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        yield done.stderr
    for line in block.text.replace("\\\n", " ").splitlines():
        yield from check_command_line(line)


def _hooks(document: Mapping[str, Any]) -> set[str]:
    return {hook["id"] for repository in document["repos"] for hook in repository["hooks"]}


def _own_hooks() -> set[str]:
    root = Path(__file__).resolve().parents[2]
    return {hook["id"] for hook in yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text())}


def _by_schema(name: str, document: object) -> Iterator[str]:
    """Yield what a schema of comp has against a document."""
    validator = Draft202012Validator(json.loads(resource("schemas", name).read_text("utf-8")))
    yield from (error.message for error in validator.iter_errors(document))


def _by_builtin(name: str, path: Path) -> Iterator[str]:
    """Yield what a schema that check-jsonschema has says against a file."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", name, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        yield done.stdout + done.stderr


_CHECKS: Mapping[str, Callable[[Block, Path], Iterator[str]]] = {
    "json": _json,
    "python": _python,
    "sh": _sh,
    "toml": _toml,
    "yaml": _yaml,
}

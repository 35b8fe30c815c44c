"""All commands mean the same by the same: by exit codes, by options, by what they print."""

import os
from pathlib import Path

import click
import pytest

from tests.acceptance.test_help import EVERY
from toolkit.cli.main import main

COMMANDS = {" ".join(words): command for words, command in EVERY.items() if not isinstance(command, click.Group)}


def arguments(command: click.Command) -> list[click.Argument]:
    """Return the arguments of a command."""
    return [parameter for parameter in command.params if isinstance(parameter, click.Argument)]


# For each command that reads a file, a folder, a registry or a component of one: command lines that name a missing one.
MISSING: dict[str, tuple[str, ...]] = {
    "add": ("ml/x --registry nope", "ml/x --registry shared", "ml/x --registry gone", "nope:ml/x"),
    "base list": ("nope",),
    "base show": ("layout:nope",),
    "base update": ("nope",),
    "breaking": ("nope --against old.yaml", "--against ml/x@1.0.0 --registry shared", "--against nope:ml/x@1.0.0"),
    "build": ("nope", "--all nope"),
    "catalog build": ("--registry nope", "--registry gone", "--registry ./nope"),
    "catalog serve": ("--registry nope", "--registry gone"),
    "changed": ("nope --since HEAD",),
    "convert": ("nope.yaml --to ir",),
    "deprecate": ("ml/x --reason old --registry nope", "ml/x --reason old --registry shared"),
    "doctor": ("nope",),
    "generate": ("nope", "--all nope"),
    "import": ("nope --namespace ml --registry shared",),
    "inspect": ("./nope",),
    "inspect-function": ("nope.py",),
    "licenses": ("./nope",),
    "lint": ("nope", "--all nope", "nope.yaml"),
    "lock": ("nope", "--all nope"),
    "migrate": ("nope",),
    "mirror": ("nope shared", "gone shared", "shared ./other --only ml/x"),
    "new": ("x --from-function nope.py:f", "x --template nope", "x --from-program nope.py"),
    "outdated": ("ml/x",),
    "pipeline compile": ("nope.py",),
    "pipeline graph": ("nope.yaml -o x.svg",),
    "pipeline recurring-run create": ("nope.yaml --every 60 --endpoint http://127.0.0.1:1",),
    "pipeline run": ("nope.py", "nope.yaml"),
    "pipeline test": ("nope.py", "nope.yaml"),
    "pipeline upload": ("nope.yaml --endpoint http://127.0.0.1:1",),
    "publish": ("nope --registry shared", "nope.yaml --namespace ml --registry shared"),
    "registry doctor": ("nope",),
    "registry export": ("copy --registry nope", "copy --registry gone"),
    "registry gc": ("--registry nope", "--registry gone"),
    "registry reindex": ("--registry nope", "--registry gone"),
    "registry verify": ("--registry nope", "--registry gone"),
    "remove": ("ml/x",),
    "run": ("nope", "ml/x@1.0.0 --registry nope", "ml/x@1.0.0 --registry shared"),
    "sbom": ("./nope",),
    "schema": ("--install nope",),
    "search": ("--registry nope", "--registry gone"),
    "show": ("ml/x --registry nope", "ml/x --registry shared", "ml/x --registry gone", "nope:ml/x"),
    "sign": ("./nope --key nope.pem",),
    "status": ("ml/x",),
    "stubs": ("nope.yaml", "ml/x --registry nope"),
    "sync": ("nope",),
    "test": ("nope", "--all nope"),
    "update": ("ml/x",),
    "verify": ("./nope --key nope.pem",),
    "yank": ("ml/x@1.0.0 --reason old --registry nope", "ml/x@1.0.0 --reason old --registry shared"),
}
# What the others are about.
NOT_READING = {
    "base create": "packages of Debian",
    "cache export": "a place that is made",
    "cache import": "a place that may have nothing yet: the first run of CI",
    "cache prune": "the machine's cache",
    "cache verify": "the machine's cache",
    "ci init": "the current folder",
    "completion": "shells",
    "explain": "rules",
    "registry init": "a folder that is made",
    "rules": "rules",
    **dict.fromkeys(
        (f"pipeline {words}" for words in ("artifacts", "get", "list", "stop", "watch")), "what a KFP server has"
    ),
    **dict.fromkeys((name for name in COMMANDS if name.startswith("pipeline experiment")), "what a KFP server has"),
    **{f"pipeline recurring-run {verb}": "what a KFP server has" for verb in ("delete", "disable", "enable")},
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with an empty registry, and the name of one that is gone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMP_REGISTRIES_FILE", os.devnull)
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache"))
    assert main(["registry", "init", "made"]) == 0
    (tmp_path / "pyproject.toml").write_text('[tool.comp.registries]\nshared = "made"\ngone = "nowhere"\n')
    return tmp_path


def test_every_command_is_in_one_of_the_tables() -> None:
    """A new one that reads something goes into MISSING, any other into NOT_READING."""
    assert {*MISSING, *NOT_READING} == set(COMMANDS)
    assert not MISSING.keys() & NOT_READING.keys()


@pytest.mark.parametrize("line", [f"{name} {words}" for name, lines in MISSING.items() for words in lines])
@pytest.mark.usefixtures("project")
def test_a_missing_thing_is_1(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no wrong command line (2), and not the outside (3)."""
    capsys.readouterr()
    code = main(line.split())
    printed = capsys.readouterr()
    assert (code, printed.out) == (1, ""), printed.err
    assert printed.err.startswith("error: ")

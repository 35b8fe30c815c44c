"""All commands mean the same by the same: by exit codes, by options, by what they print."""

import json
import os
import re
from pathlib import Path
from unittest.mock import ANY

import click
import pytest

from tests.acceptance.test_help import EVERY
from toolkit.cli.console import Console
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
    "dockerfile": ("nope",),
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
    "provenance": ("./nope",),
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


# Commands whose stdout is a document that others read, whatever its form; the last one never ends.
DOCUMENTS = {
    "completion": "a script of the shell",
    "convert": "YAML, in the form that --to names",
    "explain": "a page; `comp rules --format json` has its facts",
    "pipeline compile": "YAML for KFP",
    "sbom": "JSON, in the form that its own --format names",
    "schema": "a JSON schema",
    "catalog serve": "the address, until Ctrl-C",
    "new": "nothing: what it makes is said on stderr",
}


def options(command: click.Command) -> dict[str, click.Option]:
    """Return the options that help shows, by each of their names."""
    shown = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    return {name: option for option in shown for name in (*option.opts, *option.secondary_opts)}


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - DOCUMENTS))
def test_results_are_printed_as_text_or_json(name: str) -> None:
    form = options(COMMANDS[name])["--format"]
    assert isinstance(form.type, click.Choice)
    assert form.default == "text"
    assert list(form.type.choices)[:2] == ["text", "json"]


@pytest.mark.parametrize("name", COMMANDS)
def test_options_with_one_meaning_have_one_name(name: str) -> None:
    found = options(COMMANDS[name])
    assert not found.keys() & {"--out", "--preview", "--directory", "--dir", "--json"} - ALLOWED.get(name, set())
    # In `comp new` it declares an output of the program.
    if "--output" in found and name != "new":
        assert found["--output"].opts == ["-o", "--output"]


ALLOWED = {"pipeline artifacts": {"--preview"}}  # the first lines of what a run made


@pytest.mark.parametrize("name", COMMANDS)
def test_flags_say_the_same(name: str) -> None:
    found = options(COMMANDS[name])
    for flag, says in {"--dry-run": "; change nothing.", "--check": "exit with 1"}.items():
        if flag in found:
            assert found[flag].is_flag
            assert says in (found[flag].help or "").replace("Exit", "exit")
    assert all(found[flag].is_flag for flag in ("--force", "--yes", "--all", "--locked") if flag in found)


@pytest.mark.parametrize("name", COMMANDS)
def test_values_have_names(name: str) -> None:
    """FOLDER and FILE, and not click's words for types."""
    for each in COMMANDS[name].params:
        if isinstance(each, click.Option) and not (each.is_flag or each.hidden or isinstance(each.type, click.Choice)):
            assert each.metavar
        # Forms of images are written in this way everywhere.
        shown = each.make_metavar(click.Context(COMMANDS[name])).replace("layout:DIR", "")
        assert not re.search(r"\bDIR(ECTORY)?\b", shown)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_folder_is_by_default_the_current_one(name: str) -> None:
    for each in arguments(COMMANDS[name]):
        if each.name in {"folder", "folders"} and name not in MADE:
            assert not each.required
            assert each.nargs == -1 or each.default == "."


# Folders that the command makes.
MADE = {"registry export"}


_CONTRACT = f"""name: Train
inputs: [{{name: rate, type: Float}}]
implementation:
  container: {{image: "h/ml/train@sha256:{"0" * 64}", command: [train, {{inputValue: rate}}]}}
"""


def test_what_marks_and_care_print_as_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def result(line: str, *, code: int = 0) -> object:
        capsys.readouterr()
        assert main([*line.split(), "--format", "json"]) == code
        return json.loads(capsys.readouterr().out)

    (project / "train.yaml").write_text(_CONTRACT)
    publish = "publish train.yaml --name train --version 1.0.0 --namespace ml --registry shared --no-image-check"
    assert main(publish.split()) == 0
    made = {"folder": "other", "name": "other", "git": False}
    assert result("registry init other") == {**made, "made": True}
    assert result("registry init other") == {**made, "made": False}
    mark = "--registry shared --reason old"
    yanked = {"release": "ml/train@1.0.0", "yanked": True, "reason": "old"}
    assert result(f"yank ml/train@1.0.0 {mark}") == {**yanked, "changed": True}
    assert result(f"yank ml/train@1.0.0 {mark}") == {**yanked, "changed": False}
    undone = {"release": "ml/train@1.0.0", "yanked": False, "reason": None, "changed": True}
    assert result("yank ml/train@1.0.0 --registry shared --undo") == undone
    deprecated = {"component": "ml/train", "deprecated": True, "reason": "old", "superseded_by": "ml/new"}
    assert result(f"deprecate ml/train {mark} --superseded-by ml/new --force") == {**deprecated, "changed": True}
    assert result("registry reindex --registry shared") == {"components": 1}
    assert result("registry gc --registry shared") == {"files": [], "bytes": 0, "removed": True}
    assert result("registry export copy --registry shared") == {"folder": "copy", "releases": 1, "left_out": []}
    written = result("stubs train.yaml -o steps.py")
    assert written == {"path": "steps.py", "state": "written", "difference": ANY}
    assert result("stubs train.yaml -o steps.py --check") == {"path": "steps.py", "state": "fresh", "difference": None}
    (project / "steps.py").write_text("old = 1\n")
    stale = result("stubs train.yaml -o steps.py --check", code=1)
    assert stale == {"path": "steps.py", "state": "stale", "difference": ANY}
    assert result("cache prune --all") == {"removed": ANY, "bytes": ANY}
    assert result("cache verify") == {"damaged": []}


def test_json_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    """What would steer a terminal, or turn around what is read, arrives as it is, in JSON's own escapes."""
    Console().json({"a": "ä\u202e"})
    assert capsys.readouterr().out == '{\n  "a": "\\u00e4\\u202e"\n}\n'

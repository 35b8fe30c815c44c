"""Making a folder: from functions, programs and templates."""

import tomllib
from pathlib import Path

import pytest
from msgspec.structs import replace

from toolkit.config.project import read_project
from toolkit.errors import UsageError
from toolkit.scaffold.folder import NewFolder
from toolkit.scaffold.new import from_example, from_functions, from_program, from_shipped
from toolkit.scaffold.program import read_contract
from toolkit.spec.reader import read_component

FUNCTIONS = '''"""Steps."""

def add(a: int, b: int = 1) -> int:
    """Add numbers."""
    return a + b

def negate(a: int) -> int:
    """Negate a number."""
    return -a
'''
PROGRAM = """import argparse
parser = argparse.ArgumentParser(description="Count lines.")
parser.add_argument("--limit", type=int, default=3)
print(parser.parse_args().limit)
"""


def _new(tmp_path: Path) -> NewFolder:
    return NewFolder(name="my-step", into=tmp_path / "made", image="registry.example.com/step")


def test_functions_of_one_module_share_a_folder(tmp_path: Path) -> None:
    source = tmp_path / "steps.py"
    source.write_text(FUNCTIONS)
    created = from_functions(_new(tmp_path), source, ["add", "negate"], {})
    project = read_project(created.folder, environ={})
    assert [(entry.name, entry.entrypoint) for entry in project.entries] == [
        ("my-step", "steps:add"),
        ("negate", "steps:negate"),
    ]
    assert project.image == "registry.example.com/step"
    assert read_component(project.entries[1].contract).description == "Negate a number."
    assert (created.notes, created.findings) == ((), ())


def test_an_import_of_no_known_distribution_is_a_finding(tmp_path: Path) -> None:
    source = tmp_path / "steps.py"
    source.write_text("import acme_unknown\n\ndef f(a: int) -> int:\n    return acme_unknown.f(a)\n")
    created = from_functions(_new(tmp_path), source, ["f"], {})
    assert [finding.rule for finding in created.findings] == ["F013"]


def test_a_program_comes_along_unchanged(tmp_path: Path) -> None:
    source = tmp_path / "count.py"
    source.write_text(PROGRAM)
    created = from_program(_new(tmp_path), read_contract(source, {}), {})
    assert (created.folder / "src" / "count.py").read_text() == PROGRAM
    spec = read_component(created.folder / "component.yaml")
    assert (spec.name, spec.description) == ("My step", "Count lines.")
    assert [port.name for port in spec.interface.inputs] == ["limit"]


def test_an_example(tmp_path: Path) -> None:
    created = from_example(_new(tmp_path), {})
    assert (created.folder / "tests" / "cases" / "example" / "case.yaml").is_file()
    assert not list(created.folder.rglob("__pycache__"))


def test_a_template_for_code_asks_no_questions(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the template program asks for nothing"):
        from_shipped(_new(tmp_path), "program", {}, answers={"a": "b"}, hooks=False)


def test_settings_replace_those_of_the_decorator(tmp_path: Path) -> None:
    source = tmp_path / "p.py"
    source.write_text(
        "from toolkit import component\n@component(base='python:3.10', requirements=['a'])\ndef f(x: int): ...\n"
    )
    settings = {
        "requirements": ["six>=1"],
        "base": "python:3.12-slim",
        "platforms": ("linux/amd64", "linux/arm64"),
        "bytecode": False,
        "env": {"A_B": 'q"'},
    }
    new = NewFolder.checked("f", into=tmp_path)
    from_functions(new, source, ["f"], {}, settings=settings)
    document = tomllib.loads((new.folder / "pyproject.toml").read_text())
    assert document["project"]["dependencies"] == ["six>=1"]
    assert document["project"]["requires-python"] == ">=3.12"
    assert document["tool"]["comp"] == {
        "entrypoint": "p:f",
        "base": "python:3.12-slim",
        "platforms": ["linux/amd64", "linux/arm64"],
        "bytecode": False,
        "env": {"A_B": 'q"'},
    }
    assert (new.folder / "src" / "p.py").read_text() == "def f(x: int): ...\n"
    with pytest.raises(UsageError, match="requirements of 'f' is not a list of strings: 'six'"):
        from_functions(replace(new, name="g"), source, ["f"], {}, settings={"requirements": "six"})

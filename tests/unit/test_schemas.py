"""The schemas of settings and cases agree with the readers."""

import json
import tomllib
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from toolkit.config import read_project
from toolkit.errors import InputError
from toolkit.resources import resource
from toolkit.runners.cases import CHECKS, read_case

ROOT = Path(__file__).parents[2]
PROJECT = '[project]\nname = "a"\nversion = "1"\n'


def _schema(name: str) -> Draft202012Validator:
    document = json.loads(resource("schemas", name).read_text())
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


EVERYTHING = """
entrypoint = "a:b"
base = "x"
platforms = ["linux/amd64"]
namespace = "n"
python = "/p"
system-site-packages = true
user = "1"
exclude = ["src/data"]
include = ["src/data/kept.csv"]
title = "T"
image = "i"
[tool.comp.components.other]
entrypoint = "a:c"
"""
GOOD = (
    'entrypoint = "a.b:c"',
    'command = ["python", "x.py"]',
    EVERYTHING,
    'entrypoint = "a:b"\n[tool.comp.defaults]\nbase = "x"',
)
BAD = (
    "",
    'title = "only"',
    'entrypoint = "a"',
    'entrypoint = "a:b"\ncommand = ["x"]',
    'entrypoint = "a:b"\nbsae = "x"',
    'entrypoint = "a:b"\nuser = 5',
    'entrypoint = "a:b"\nexclude = "x"',
    'entrypoint = "a:b"\ninclude = [" "]',
    'entrypoint = "a:b"\n[tool.comp.defaults]\nexclude = ["x"]',
    'entrypoint = "a:b"\nplatforms = "linux/amd64"',
    'entrypoint = "a:b"\nsystem-site-packages = "yes"',
    'entrypoint = "a:b"\n[tool.comp.components.Other]\nentrypoint = "a:c"',
    'entrypoint = "a:b"\n[tool.comp.components.other]\nimage = "x"',
    'entrypoint = "a:b"\n[tool.comp.defaults]\nimage = "x"',
)


@pytest.mark.parametrize("text", GOOD)
def test_settings_that_both_take(tmp_path: Path, text: str) -> None:
    whole = f"{PROJECT}[tool.comp]\n{text}\n"
    (tmp_path / "pyproject.toml").write_text(whole)
    _schema("comp-config.schema.json").validate(tomllib.loads(whole)["tool"]["comp"])
    assert read_project(tmp_path, environ={}).entries


@pytest.mark.parametrize("text", BAD)
def test_settings_that_both_refuse(tmp_path: Path, text: str) -> None:
    whole = f"{PROJECT}[tool.comp]\n{text}\n"
    (tmp_path / "pyproject.toml").write_text(whole)
    assert not _schema("comp-config.schema.json").is_valid(tomllib.loads(whole)["tool"]["comp"])
    with pytest.raises(InputError):
        read_project(tmp_path, environ={})


def test_every_samples_case_fits_the_schema() -> None:
    schema = _schema("case.schema.json")
    cases = sorted((ROOT / "sample_components").glob("*/tests/cases/*/case.yaml"))
    assert cases
    for path in cases:
        schema.validate(yaml.safe_load(path.read_text()))
        assert read_case(path).name == path.parent.name


def test_the_schema_knows_every_check() -> None:
    document = json.loads(resource("schemas", "case.schema.json").read_text())
    checks = document["properties"]["outputs"]["additionalProperties"]["properties"]
    assert sorted(checks) == sorted(CHECKS)

"""The schemas of settings and cases agree with the readers."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.releases import contract_of, release
from toolkit.config.lint import LINT_KEYS, SEVERITIES
from toolkit.config.project import read_project
from toolkit.config.registries import REGISTRY_KEYS
from toolkit.config.settings import COMPONENT_KEYS
from toolkit.config.workspace import WORKSPACE_KEYS
from toolkit.errors import InputError
from toolkit.lint.selection import selection_of
from toolkit.registry.consuming.lock import ENTRY_KEYS, LOCK_KEYS
from toolkit.registry.consuming.vendored import add_component
from toolkit.registry.place import parse_place
from toolkit.resources import resource
from toolkit.runners.cases import read_case
from toolkit.runners.expectations import CHECKS

ROOT = Path(__file__).parents[2]
PROJECT = '[project]\nname = "a"\nversion = "1"\n'


def _schema(name: str) -> Draft202012Validator:
    document = json.loads(resource("schemas", name).read_text())
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


EVERYTHING = """
entrypoint = "a:b"
base = "x"
build-base = "x"
platforms = ["linux/amd64"]
bytecode = false
estargz = true
provenance = true
requirements = "uv.lock"
lock = "pylock.toml"
allow-builds = ["pkg"]
namespace = "n"
python = "/p"
system-site-packages = true
user = "1"
exclude = ["src/data"]
include = ["src/data/kept.csv"]
title = "T"
image = "i"
[tool.comp.resources]
cpu = 2
memory = "4Gi"
ephemeral-storage = "1e9"
requests = { cpu = "500m", memory = 2147483648 }
accelerator = { type = "nvidia.com/gpu", count = 2 }
[tool.comp.env]
LEVEL = "info"
THREADS = 4
ZONE = { config-map = "cluster.settings", key = "zone" }
[tool.comp.secrets]
API_TOKEN = { secret = "api", key = "token.txt", optional = true }
[tool.comp.workspace]
members = ["steps/*", "./tools/one"]
exclude = ["steps/old*"]
lock = "shared"
[tool.comp.lint]
select = ["ALL"]
ignore = ["C060", "F"]
severity = { C022 = "error", "C09" = "off" }
registries = ["registry.example.com:5000/ml", "docker.io/"]
[tool.comp.lint.per-file-ignores]
"steps/**/old*.yaml" = ["C0"]
[tool.comp.registries]
shared = "https://components.example.com/shared"
team = { place = "../team", namespaces = ["ml", "nlp-*"] }
[tool.comp.components.other]
entrypoint = "a:c"
resources = { cpu = 0.5 }
[tool.comp.components.other.env]
LEVEL = "debug"
"""
DOCKERFILE = """
dockerfile = "Dockerfile"
context = "."
target = "run"
build-secrets = ["id=token,env=TOKEN", "src=.npmrc,id=npmrc"]
build-ssh = ["default"]
platforms = ["linux/amd64"]
[tool.comp.build-args]
VERSION = "1"
[tool.comp.components.other]
title = "Other"
"""
GOOD = (
    'entrypoint = "a.b:c"',
    'command = ["python", "x.py"]',
    EVERYTHING,
    'entrypoint = "a:b"\n[tool.comp.defaults]\nbase = "x"',
    DOCKERFILE,
    'dockerfile = "Dockerfile"\nentrypoint = "a:b"\nbase = "x"\nuser = "5"',
)
BAD = (
    "",
    'title = "only"',
    'entrypoint = "a"',
    'entrypoint = "a:b"\ncommand = ["x"]',
    'entrypoint = "a:b"\nbsae = "x"',
    'dockerfile = "Dockerfile"\nbase = "x"',
    'dockerfile = "Dockerfile"\nbuild-secrets = ["token"]',
    'dockerfile = "Dockerfile"\ntarget = "a b"',
    'dockerfile = "Dockerfile"\n[tool.comp.build-args]\nA = 1',
    'entrypoint = "a:b"\nuser = 5',
    'entrypoint = "a:b"\nexclude = "x"',
    'entrypoint = "a:b"\ninclude = [" "]',
    'entrypoint = "a:b"\nallow-builds = [""]',
    'entrypoint = "a:b"\n[tool.comp.defaults]\nexclude = ["x"]',
    'entrypoint = "a:b"\nplatforms = "linux/amd64"',
    'entrypoint = "a:b"\n[tool.comp.registries]\nshared = ""',
    'entrypoint = "a:b"\n[tool.comp.registries]\nShared = "x"',
    'entrypoint = "a:b"\n[tool.comp.registries.shared]\nnamespaces = ["ml"]',
    'entrypoint = "a:b"\n[tool.comp.registries.shared]\nplace = "x"\nnamespaces = []',
    'entrypoint = "a:b"\n[tool.comp.registries.shared]\nplace = "x"\nnamespaces = ["a/b"]',
    'entrypoint = "a:b"\nsystem-site-packages = "yes"',
    'entrypoint = "a:b"\n[tool.comp.components.Other]\nentrypoint = "a:c"',
    'entrypoint = "a:b"\n[tool.comp.components.other]\nimage = "x"',
    'entrypoint = "a:b"\n[tool.comp.defaults]\nimage = "x"',
    'entrypoint = "a:b"\n[tool.comp.resources]\ncpu = "two"',
    'entrypoint = "a:b"\n[tool.comp.resources]\ncpu = -1',
    'entrypoint = "a:b"\n[tool.comp.resources]\ngpu = 1',
    'entrypoint = "a:b"\n[tool.comp.resources]\nmemory = "4GB"',
    'entrypoint = "a:b"\n[tool.comp.resources.requests]\ndisk = "1Gi"',
    'entrypoint = "a:b"\n[tool.comp.resources]\naccelerator = { type = "gpu" }',
    'entrypoint = "a:b"\n[tool.comp.resources]\naccelerator = { count = 1 }',
    'entrypoint = "a:b"\n[tool.comp.env]\n1A = "x"',
    'entrypoint = "a:b"\n[tool.comp.env]\nA = true',
    'entrypoint = "a:b"\n[tool.comp.env]\nA = { secret = "api", key = "token" }',
    'entrypoint = "a:b"\n[tool.comp.secrets]\nA = "x"',
    'entrypoint = "a:b"\n[tool.comp.secrets]\nA = { secret = "Api", key = "token" }',
    'entrypoint = "a:b"\n[tool.comp.secrets]\nA = { secret = "api" }',
    'entrypoint = "a:b"\n[tool.comp.components.other]\nentrypoint = "a:c"\nsecrets = { A = 1 }',
    'entrypoint = "a:b"\n[tool.comp.defaults.resources]\ncpus = 1',
    'entrypoint = "a:b"\n[tool.comp.workspace]\nmember = ["x"]',
    'entrypoint = "a:b"\n[tool.comp.workspace]\nmembers = []',
    'entrypoint = "a:b"\n[tool.comp.workspace]\nmembers = ["../x"]',
    'entrypoint = "a:b"\n[tool.comp.workspace]\nexclude = ["/x"]',
    'entrypoint = "a:b"\n[tool.comp.workspace]\nlock = "one"',
    'entrypoint = "a:b"\n[tool.comp.lint]\nignored = ["C060"]',
    'entrypoint = "a:b"\n[tool.comp.lint]\nselect = "C060"',
    'entrypoint = "a:b"\n[tool.comp.lint]\nignore = [""]',
    'entrypoint = "a:b"\n[tool.comp.lint]\nseverity = { C060 = "fatal" }',
    'entrypoint = "a:b"\n[tool.comp.lint]\nregistries = ["https://registry.example.com"]',
    'entrypoint = "a:b"\n[tool.comp.lint.per-file-ignores]\n"../x" = ["C060"]',
)


@pytest.mark.parametrize("text", GOOD)
def test_settings_that_both_take(tmp_path: Path, text: str) -> None:
    whole = f"{PROJECT}[tool.comp]\n{text}\n"
    (tmp_path / "pyproject.toml").write_text(whole)
    _schema("comp-config.schema.json").validate(tomllib.loads(whole)["tool"]["comp"])
    assert read_project(tmp_path, environ={}).entries


def test_the_schema_knows_every_setting() -> None:
    document = json.loads(resource("schemas", "comp-config.schema.json").read_text())
    assert sorted(document["properties"]) == sorted(COMPONENT_KEYS)


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


def test_a_folder_above_components_needs_no_entry_point() -> None:
    schema = _schema("comp-config.schema.json")
    schema.validate({"workspace": {"lock": "shared"}, "defaults": {"base": "x"}, "lint": {"ignore": ["C060"]}})
    assert not schema.is_valid({})
    assert not schema.is_valid({"workspace": {}, "image": "x"})


def test_the_schema_and_the_page_know_every_setting_of_lint() -> None:
    document = json.loads(resource("schemas", "comp-config.schema.json").read_text())
    lint = document["properties"]["lint"]["properties"]
    assert sorted(lint) == sorted(LINT_KEYS)
    assert tuple(lint["severity"]["additionalProperties"]["enum"]) == SEVERITIES
    page = (ROOT / "docs" / "lint.md").read_text()
    assert all(re.search(rf"^(\[tool\.comp\.lint\.)?{key}( = |\]$)", page, re.MULTILINE) for key in LINT_KEYS)


def test_the_example_on_the_page_of_lint_is_right(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "lint.md").read_text()
    example = page.partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "pyproject.toml").write_text(example)
    _schema("comp-config.schema.json").validate(tomllib.loads(example)["tool"]["comp"])
    selection = selection_of(tmp_path)
    assert not selection.is_on("C060")
    assert selection.severities["C022"] == "error"
    assert not selection.at(tmp_path / "legacy" / "a" / "component.yaml").is_on("C010")


def test_the_schema_and_the_page_know_every_setting_of_a_collection() -> None:
    document = json.loads(resource("schemas", "comp-config.schema.json").read_text())
    assert sorted(document["properties"]["workspace"]["properties"]) == sorted(WORKSPACE_KEYS)
    registry = document["properties"]["registries"]["additionalProperties"]["oneOf"][1]["properties"]
    assert sorted(registry) == sorted(REGISTRY_KEYS)
    page = (ROOT / "docs" / "settings.md").read_text()
    assert all(f"\n{key} = " in page for key in WORKSPACE_KEYS)


def test_the_schema_of_the_lock_knows_what_comp_writes(tmp_path: Path) -> None:
    document = json.loads(resource("schemas", "components-lock.schema.json").read_text())
    assert sorted(document["properties"]) == sorted(LOCK_KEYS)
    assert document["$defs"]["component"]["required"] == list(ENTRY_KEYS)
    content = contract_of("1.0.0")
    place = parse_place("https://components.example")
    add_component(release("1.0.0", content=content), content, requested="^1", registry=place, folder=tmp_path)
    written = json.loads((tmp_path / "components.lock").read_text())
    _schema("components-lock.schema.json").validate(written | {"images": {"a@sha256:0": "b@sha256:0"}})
    for key in ENTRY_KEYS:
        entry = {name: value for name, value in written["components"]["ml/train"].items() if name != key}
        assert not _schema("components-lock.schema.json").is_valid({"version": 1, "components": {"ml/train": entry}})
    page = (ROOT / "docs" / "reuse.md").read_text()
    assert all(f"`{key}`" in page for key in ENTRY_KEYS)

"""Declarations in settings: merged with the repository's defaults, and refused with their places."""

from pathlib import Path

import pytest

from toolkit.config.project import Project, read_project
from toolkit.declared.model import KeyOf
from toolkit.declared.reading import data_of_resources
from toolkit.errors import FindingsError

PROJECT = '[project]\nname = "a"\nversion = "1"\n[tool.comp]\nentrypoint = "a:b"\n'


def _project(folder: Path, text: str, defaults: str = "") -> Project:
    component = folder / "component"
    component.mkdir()
    (folder / ".git").mkdir()
    (folder / "pyproject.toml").write_text(defaults)
    (component / "pyproject.toml").write_text(PROJECT + text)
    return read_project(component, environ={})


def test_a_component_completes_the_defaults_key_by_key(tmp_path: Path) -> None:
    project = _project(
        tmp_path,
        '[tool.comp.resources]\ncpu = 2\n[tool.comp.env]\nLEVEL = "debug"\n',
        '[tool.comp.defaults.resources]\ncpu = "1"\nmemory = "1Gi"\n[tool.comp.defaults.env]\nLEVEL = "info"\n'
        'ZONE = "a"\n'
        '[tool.comp.defaults.secrets]\nTOKEN = { secret = "api", key = "token" }\n',
    )
    [entry] = project.entries
    assert data_of_resources(entry.declared.resources) == {"cpu": "2", "memory": "1Gi"}
    assert entry.declared.constants == {"LEVEL": "debug", "ZONE": "a"}
    assert entry.declared.references == {"TOKEN": KeyOf(kind="secret", name="api", key="token")}
    assert project.where_declared(entry, "env", "LEVEL").path == tmp_path / "component" / "pyproject.toml"
    assert str(project.where_declared(entry, "env", "ZONE")) == f"{tmp_path / 'pyproject.toml'}:6:1"


def test_further_components_have_declarations_of_their_own(tmp_path: Path) -> None:
    project = _project(
        tmp_path,
        '[tool.comp.resources]\ncpu = 2\n[tool.comp.components.other]\nentrypoint = "a:c"\n'
        '[tool.comp.components.other.resources]\nmemory = "2Gi"\n',
        '[tool.comp.defaults.resources]\nephemeral-storage = "1Gi"\n',
    )
    assert [data_of_resources(entry.declared.resources) for entry in project.entries] == [
        {"cpu": "2", "ephemeral-storage": "1Gi"},
        {"memory": "2Gi", "ephemeral-storage": "1Gi"},
    ]


def test_every_problem_has_its_place(tmp_path: Path) -> None:
    with pytest.raises(FindingsError) as refused:
        _project(
            tmp_path,
            '[tool.comp.resources]\ncpu = "two"\n[tool.comp.env]\nTOKEN = "x"\n'
            '[tool.comp.secrets]\nTOKEN = { secret = "api", key = "token" }\n',
            '[tool.comp.defaults.resources]\nmemroy = "1Gi"\n',
        )
    own = tmp_path / "component" / "pyproject.toml"
    assert [(str(finding.where), finding.rule, finding.message) for finding in refused.value.findings] == [
        (f"{tmp_path / 'pyproject.toml'}:2:1", "S001", "unknown key 'memroy' in resources"),
        (f"{own}:7:1", "S001", "cpu is 'two', not a Kubernetes quantity"),
        (f"{own}:11:1", "S001", "the variable TOKEN is in both env and secrets"),
    ]


def test_a_constant_that_looks_like_a_secret_has_a_rule_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(FindingsError) as refused:
        _project(tmp_path, f'[tool.comp.env]\nHUB = "ghp_{"a1" * 18}"\n')
    [finding] = refused.value.findings
    assert (finding.rule, finding.message) == ("S002", "the variable HUB has a value that looks like a secret")

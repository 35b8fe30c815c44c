"""The settings of a component with a Dockerfile, and the options for one build of it."""

from pathlib import Path

import pytest

from tests.dockerfiles import write_dockerfile_component
from toolkit.config.dockerfile import BuildSecret, DockerfileOptions, SshAgent, parse_options
from toolkit.config.project import read_project
from toolkit.errors import InputError, UsageError


def test_nothing_but_a_dockerfile_is_needed(tmp_path: Path) -> None:
    project = read_project(write_dockerfile_component(tmp_path, "FROM scratch\n"), environ={})
    settings = project.dockerfile
    assert settings
    assert (settings.path, settings.context) == (tmp_path / "Dockerfile", tmp_path)
    assert (settings.target, settings.arguments, settings.secrets, settings.ssh) == (None, {}, (), ())
    assert [(entry.entrypoint, entry.command) for entry in project.entries] == [(None, ())]


def test_everything_that_docker_build_takes(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    settings = """context = ".."
target = "run"
build-secrets = ["id=token,env=TOKEN", "id=npmrc,src=.npmrc", "id=PLAIN"]
build-ssh = ["default", "other=agent.sock"]
[tool.comp.build-args]
VERSION = "1"
[tool.comp.components.count-words]
title = "Count words"
"""
    folder = write_dockerfile_component(tmp_path / "one", "FROM scratch AS run\n", settings=settings)
    project = read_project(folder, environ={})
    found = project.dockerfile
    assert found
    assert (found.context, found.target, found.arguments) == (tmp_path, "run", {"VERSION": "1"})
    assert found.secrets == (
        BuildSecret(id="token", variable="TOKEN"),
        BuildSecret(id="npmrc", file=folder / ".npmrc"),
        BuildSecret(id="PLAIN", variable="PLAIN"),
    )
    assert found.ssh == (SshAgent(id="default"), SshAgent(id="other", socket=folder / "agent.sock"))
    assert [entry.contract for entry in project.entries] == [
        folder / "component.yaml",
        folder / "components" / "count-words.yaml",
    ]


def test_beside_an_entry_point_it_makes_the_image_alone(tmp_path: Path) -> None:
    settings = 'entrypoint = "a:b"\nbase = "python:3.11"\nuser = "5"\n[tool.comp.components.two]\ncommand = ["sh"]\n'
    project = read_project(write_dockerfile_component(tmp_path, "FROM scratch\n", settings=settings), environ={})
    assert project.dockerfile
    assert not project.is_dockerfile_alone
    assert (project.base, project.user) == ("python:3.11", "5")
    assert [(entry.entrypoint, entry.command) for entry in project.entries] == [("a:b", ()), (None, ("sh",))]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('base = "python:3.11"', "base does not go with dockerfile"),
        ('target = "a b"', "not the name of a stage"),
        ('context = "../.."', "not a folder in or above the component, in its repository"),
        ('context = "/"', "not a folder in or above the component, in its repository"),
        ('context = "missing"', "not a folder in or above the component, in its repository"),
        ('build-secrets = ["token"]', "an item of build-secrets cannot be read"),
        ('build-secrets = ["id=a,env=A,src=b"]', "an item of build-secrets cannot be read"),
        ('build-secrets = ["id=a,src="]', "an item of build-secrets cannot be read"),
        ('build-ssh = ["=x"]', "an item of build-ssh cannot be read"),
        ("[tool.comp.build-args]\nA = 1", "the build argument A is not a string"),
        ('[tool.comp.build-args]\n"a b" = "1"', "'a b' is not the name of a build argument"),
        (
            '[tool.comp.components.two]\ncommand = ["sh"]',
            "command does not go with a main component that has dockerfile alone",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, settings: str, message: str) -> None:
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    folder = write_dockerfile_component(tmp_path / "repository" / "one", "FROM scratch\n", settings=settings)
    with pytest.raises(InputError) as error:
        read_project(folder, environ={})
    assert message in error.value.message
    assert error.value.where
    assert error.value.where.line


def test_a_missing_dockerfile(tmp_path: Path) -> None:
    folder = write_dockerfile_component(tmp_path, "FROM scratch\n")
    (folder / "Dockerfile").unlink()
    settings = read_project(folder, environ={}).dockerfile
    assert settings
    with pytest.raises(InputError, match="there is no Dockerfile"):
        settings.check()


def test_settings_of_a_dockerfile_without_one(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "a"\nversion = "1"\n[tool.comp]\ncommand = ["sh"]\ntarget = "run"\n'
    )
    with pytest.raises(InputError, match="target is a setting of components with a Dockerfile"):
        read_project(tmp_path, environ={})


def test_options_come_on_top_of_the_settings(tmp_path: Path) -> None:
    text = 'target = "a"\nbuild-secrets = ["id=token,env=ONE"]\n[tool.comp.build-args]\nA = "1"\nB = "1"'
    settings = read_project(write_dockerfile_component(tmp_path, "FROM x\n", settings=text), environ={}).dockerfile
    assert settings
    options = parse_options("b", ["B=2=3", "C"], ["id=token,env=TWO"], ["default"], tmp_path)
    applied = options.applied(settings)
    assert (applied.target, applied.arguments) == ("b", {"A": "1", "B": "2=3", "C": None})
    assert applied.secrets == (BuildSecret(id="token", variable="TWO"),)
    assert applied.ssh == (SshAgent(id="default"),)
    assert DockerfileOptions().applied(settings) == settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"arguments": ["=x"]},
        {"secrets": ["id=a b"]},
        {"secrets": ["id=a,mode=1"]},
        {"secrets": ["id=comp-logins"]},
        {"ssh": ["a=b=c", ""]},
    ],
)
def test_wrong_options_are_usage_errors(tmp_path: Path, wrong: dict[str, list[str]]) -> None:
    given = {"arguments": [], "secrets": [], "ssh": [], **wrong}
    with pytest.raises(UsageError, match=r"^invalid --[a-z-]+: it has another form$"):
        parse_options(None, given["arguments"], given["secrets"], given["ssh"], tmp_path)

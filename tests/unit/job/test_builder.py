"""Which builder a build uses."""

import logging
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.dockerfiles import write_dockerfile_component
from toolkit.builders.buildah import BuildahBuilder
from toolkit.builders.docker import DockerBuilder
from toolkit.builders.embedded import EmbeddedBuilder
from toolkit.config.project import Project, read_project
from toolkit.errors import OutsideError, UsageError
from toolkit.job.builder import choose_builder, is_embedded
from toolkit.job.context import BuildContext

# No daemon listens there.
NOWHERE = {"DOCKER_HOST": "tcp://127.0.0.1:1", "PATH": "/nowhere"}


@pytest.fixture
def project(folder: Path) -> Project:
    return read_project(folder, environ={})


@pytest.fixture
def with_dockerfile(tmp_path: Path) -> Project:
    return read_project(write_dockerfile_component(tmp_path / "other", "FROM scratch\n"), environ={})


@pytest.mark.parametrize(
    ("name", "kind"), [("oci", EmbeddedBuilder), ("docker", DockerBuilder), ("buildah", BuildahBuilder)]
)
def test_a_builder_is_chosen_by_name(project: Project, context: BuildContext, name: str, kind: type) -> None:
    assert isinstance(choose_builder(name, project, context), kind)
    named = replace(context, environ={"COMP_BUILDER": name})
    assert isinstance(choose_builder("auto", project, named), kind)
    # An option wins over the variable.
    assert isinstance(choose_builder("oci", project, named), EmbeddedBuilder)


def test_auto_takes_the_embedded_one_where_it_can(
    project: Project, context: BuildContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert isinstance(choose_builder("auto", project, context), EmbeddedBuilder)
    assert "the builder is oci, which needs no engine for count-words" in caplog.text


def test_without_an_engine_a_dockerfile_says_why(with_dockerfile: Project, context: BuildContext) -> None:
    with pytest.raises(
        OutsideError, match=r"neither works here: docker does not answer at .*: .*; buildah is not installed"
    ):
        choose_builder("auto", with_dockerfile, replace(context, environ=NOWHERE))


def test_a_dockerfile_takes_the_engine_that_works(
    with_dockerfile: Project, context: BuildContext, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    program = tmp_path / "bin" / "buildah"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho buildah version 1.28.2\n")
    program.chmod(0o755)
    environ = {**NOWHERE, "PATH": f"{program.parent}:/bin:/usr/bin"}
    context = replace(context, environ=environ)
    assert isinstance(choose_builder("auto", with_dockerfile, context), BuildahBuilder)
    # Also asked by the provenance of the build; it is said once.
    assert isinstance(choose_builder("auto", with_dockerfile, context), BuildahBuilder)
    assert caplog.text.count("the builder is buildah: count-lines has a Dockerfile, which oci does not build") == 1


def test_only_the_embedded_builder_repeats_itself(project: Project, with_dockerfile: Project) -> None:
    assert is_embedded("auto", project, {})
    assert is_embedded("oci", project, {"COMP_BUILDER": "docker"})
    assert not is_embedded("auto", project, {"COMP_BUILDER": "docker"})
    assert not is_embedded("buildah", project, {})
    assert not is_embedded("auto", with_dockerfile, {})


def test_an_unknown_name_in_the_variable(project: Project, context: BuildContext) -> None:
    with pytest.raises(UsageError, match="COMP_BUILDER is podman, which is not a builder"):
        choose_builder("auto", project, replace(context, environ={"COMP_BUILDER": "podman"}))

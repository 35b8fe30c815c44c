"""What is settled before an engine builds a Dockerfile: arguments, secrets, the description of the image."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.dockerfiles import write_dockerfile_component
from tests.images import image_of, layer_of, tar_of
from toolkit.builders.dockerfile import DockerfilePlan
from toolkit.builders.embedded import EmbeddedBuilder
from toolkit.cache.store import Cache
from toolkit.config.project import Project, read_project
from toolkit.errors import InputError
from toolkit.job.context import BuildContext
from toolkit.job.dockerfile import build_dockerfile, dockerfile_plans
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.layout import write_layout
from toolkit.progress import Report
from toolkit.redaction import hide


def _project(folder: Path, settings: str = "") -> Project:
    return read_project(write_dockerfile_component(folder, "FROM scratch\n", settings=settings), environ={})


def test_a_plan_for_each_platform(tmp_path: Path) -> None:
    project = _project(tmp_path, 'platforms = ["linux/amd64", "linux/arm64"]')
    plans = dockerfile_plans(project, {"SOURCE_DATE_EPOCH": "1"})
    assert [str(plan.platform) for plan in plans] == ["linux/amd64", "linux/arm64"]
    assert plans[0].created == "1970-01-01T00:00:01Z"
    assert plans[0].labels["org.opencontainers.image.version"] == "1.2.0"
    (file,) = plans[0].layer.files
    assert isinstance(file.content, bytes)
    document = json.loads(file.content)
    assert [port["name"] for port in document["components"]["count-lines"]["inputs"]] == ["text"]
    assert len(dockerfile_plans(project, {}, only=Platform("linux", "arm64"))) == 1


def test_an_argument_without_a_value_is_that_of_its_variable(tmp_path: Path) -> None:
    project = _project(tmp_path, '[tool.comp.build-args]\nA = "1"')
    assert project.dockerfile
    settings = replace(project.dockerfile, arguments={**project.dockerfile.arguments, "B": None, "C": None})
    (plan,) = dockerfile_plans(replace(project, dockerfile=settings), {"B": "2"})
    assert plan.arguments == {"A": "1", "B": "2"}


@pytest.mark.parametrize("line", ['API_TOKEN = "x"', 'URL = "https://user:hunter22@example.com/"'])
def test_a_secret_is_no_argument(tmp_path: Path, line: str) -> None:
    with pytest.raises(InputError, match="seems to be a secret") as error:
        dockerfile_plans(_project(tmp_path, f"[tool.comp.build-args]\n{line}"), {})
    assert "hunter22" not in str(error.value)


def test_a_base_on_this_disk_is_read_where_from_names_it(tmp_path: Path) -> None:
    image = image_of([layer_of(tar_of("etc/x"))])
    write_layout(image, tmp_path / "base")
    text = "ARG IMAGE\nFROM $IMAGE AS one\nARG OTHER\nFROM one\n"
    settings = f'[tool.comp.build-args]\nIMAGE = "layout:{tmp_path}/base"\nOTHER = "layout: wide"\n'
    folder = write_dockerfile_component(tmp_path / "c", text, settings=settings)
    plans: list[DockerfilePlan] = []

    class Recorder(EmbeddedBuilder):
        """An engine that keeps its plan."""

        def build_dockerfile(self, plan: DockerfilePlan, report: Report) -> Image:
            del report
            plans.append(plan)
            return image

    cache = Cache(tmp_path / "cache")
    context = BuildContext(cache=cache, environ={})
    build_dockerfile(read_project(folder, environ={}), Recorder(cache), context)
    assert {name: base.digest for name, base in plans[0].bases.items()} == {"IMAGE": image.digest}
    (tmp_path / "base" / "oci-layout").unlink()
    with pytest.raises(InputError, match="is not an OCI image layout"):
        build_dockerfile(read_project(folder, environ={}), Recorder(cache), context)


def test_an_argument_that_the_dockerfile_lacks_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "ARG BASE=scratch\nFROM $BASE\nARG VERSION\n"
    values = ("BASES", "VERSION", "HTTPS_PROXY", "SOURCE_DATE_EPOCH", "TARGETARCH", "UNLIKE")
    settings = "[tool.comp.build-args]\n" + "\n".join(f'{name} = "1"' for name in values)
    folder = write_dockerfile_component(tmp_path / "c", text, settings=settings)
    cache = Cache(tmp_path / "cache")
    builder = EmbeddedBuilder(cache)
    monkeypatch.setattr(builder, "build_dockerfile", lambda *_: image_of([]))
    build_dockerfile(read_project(folder, environ={}), builder, BuildContext(cache=cache, environ={}))
    assert caplog.messages == [
        "the Dockerfile has no ARG BASES: did you mean 'BASE'?",
        "the Dockerfile has no ARG UNLIKE: it changes nothing",
    ]


def test_a_contract_in_the_image_is_warned_of(
    tmp_path: Path, cache: Cache, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = EmbeddedBuilder(cache)
    monkeypatch.setattr(builder, "build_dockerfile", lambda *_: image_of([]))
    copies = {"one": "COPY . /app", "two": "COPY src /app", "three": "COPY . /app"}
    for name, line in copies.items():
        folder = write_dockerfile_component(tmp_path / name, f"FROM scratch\n{line}\n")
        if name == "three":
            (folder / ".dockerignore").write_text("component.yaml\n")
        build_dockerfile(read_project(folder, environ={}), builder, BuildContext(cache=cache, environ={}))
    assert caplog.messages == [
        "the image has component.yaml, so each push changes the next image: name it in .dockerignore"
    ]


def test_a_missing_secret_is_refused_before_the_engine_starts(tmp_path: Path) -> None:
    project = _project(tmp_path, 'build-secrets = ["id=token,env=THE_TOKEN"]')
    with pytest.raises(InputError, match="the secret token is missing: the variable THE_TOKEN is not set"):
        dockerfile_plans(project, {})
    dockerfile_plans(project, {"THE_TOKEN": "swordfish-1"})
    assert hide("it is swordfish-1") == "it is ***"


def test_a_missing_file_of_a_secret(tmp_path: Path) -> None:
    project = _project(tmp_path, 'build-secrets = ["id=npmrc,src=npmrc"]')
    with pytest.raises(InputError, match=r"the secret npmrc cannot be read: .*No such file"):
        dockerfile_plans(project, {})
    (tmp_path / "npmrc").write_text("first-line-12\nsecond-line-34\n")
    dockerfile_plans(project, {})
    assert hide("a first-line-12") == "a ***"


def test_an_empty_secret_is_refused_since_engines_differ_about_it(tmp_path: Path) -> None:
    project = _project(tmp_path, 'build-secrets = ["id=token,env=THE_TOKEN"]')
    with pytest.raises(InputError, match="the secret token is empty: the variable THE_TOKEN"):
        dockerfile_plans(project, {"THE_TOKEN": ""})
    project = _project(tmp_path, 'build-secrets = ["id=npmrc,src=npmrc"]')
    (tmp_path / "npmrc").touch()
    with pytest.raises(InputError, match=r"the secret npmrc is empty: /.*npmrc"):
        dockerfile_plans(project, {})


def test_a_secret_has_no_more_lines_than_can_be_hidden(tmp_path: Path) -> None:
    project = _project(tmp_path, 'build-secrets = ["id=many,src=many"]')
    (tmp_path / "many").write_text("".join(f"line-{number}\n" for number in range(2_001)))
    with pytest.raises(InputError, match="the number of lines of the secret many exceeds the limit of 2,000 items"):
        dockerfile_plans(project, {})


def test_a_missing_ssh_agent(tmp_path: Path) -> None:
    project = _project(tmp_path, 'build-ssh = ["default"]')
    with pytest.raises(InputError, match="the ssh agent default is missing: SSH_AUTH_SOCK is not set"):
        dockerfile_plans(project, {})
    (tmp_path / "agent").touch()
    dockerfile_plans(project, {"SSH_AUTH_SOCK": str(tmp_path / "agent")})


def test_the_embedded_builder_names_those_that_can(tmp_path: Path, context: BuildContext) -> None:
    with pytest.raises(InputError, match="the builder oci builds no Dockerfile") as error:
        build_dockerfile(_project(tmp_path), EmbeddedBuilder(context.cache), context)
    assert error.value.where
    assert error.value.where.path == tmp_path / "Dockerfile"

"""What an engine built becomes an image of comp's: described by the plan, and without the engine's own traces."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.dockerfiles import write_dockerfile_component
from tests.images import image_of, layer_of, tar_of
from toolkit.builders.dockerfile import DockerfilePlan
from toolkit.builders.dockerfile_image import described
from toolkit.cache.store import Cache
from toolkit.config.project import read_project
from toolkit.errors import OutsideError
from toolkit.image_paths import INTERFACE
from toolkit.job.dockerfile import dockerfile_plans
from toolkit.oci.check import check_image
from toolkit.oci.contents import layer_tar
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image

HISTORY = [
    {"created": "2026-01-01T00:00:00Z", "created_by": "a base"},
    {"created": "2026-01-02T00:00:00Z", "created_by": "ARG PIP_INDEX_URL SSL_CERT_FILE", "empty_layer": True},
    {"created": "2026-01-02T00:00:00Z", "created_by": "/bin/sh -c #(nop)  ARG VERSION=7", "empty_layer": True},
    {
        "created": "2026-01-02T00:00:00Z",
        "created_by": "RUN |3 PIP_INDEX_URL=https://h/ VERSION=7 OWN=1 /bin/sh -c echo $VERSION # buildkit",
        "comment": "buildkit.dockerfile.v0",
    },
    {
        "created": "2026-01-02T00:00:00Z",
        "created_by": "|2 VERSION=7 SSL_CERT_FILE=/run/x /bin/sh -c --mount=type=secret,id=comp-certificates,a=b true",
    },
]
ARGUMENTS = {"PIP_INDEX_URL": "https://h/", "SSL_CERT_FILE": "/run/x", "VERSION": "7"}


def _config(data: dict[str, Any]) -> None:
    data |= {
        "history": HISTORY,
        "created": "2026-01-02T00:00:00Z",
        "docker_version": "20.10",
        "moby.buildkit.buildinfo.v1": "secret-looking",
        "container_config": {"Env": ["X=1"]},
        "config": {
            "Env": ["PATH=/bin"],
            "Entrypoint": ["/run.sh"],
            "Cmd": ["x"],
            "Image": "sha256:0",
            "OnBuild": None,
            "Labels": {"own": "1"},
        },
    }


def _described(tmp_path: Path, created: str | None = None) -> tuple[Image, DockerfilePlan]:
    settings = '[tool.comp.build-args]\nVERSION = "7"'
    project = read_project(write_dockerfile_component(tmp_path / "c", "FROM x\n", settings=settings), environ={})
    plan = replace(dockerfile_plans(project, {})[0], created=created)
    layers = [layer_of(tar_of(name)) for name in ("a", "b", "c")]
    built = image_of(layers, config=_config)
    return described(plan, built, ARGUMENTS, Cache(tmp_path / "cache")), plan


def test_the_image_is_described_as_every_other(tmp_path: Path) -> None:
    image, plan = _described(tmp_path)
    assert check_image(image) == []
    config = image.parsed_config()
    assert config["config"]["Labels"] == {"own": "1", **plan.labels}
    assert json.loads(image.manifest)["annotations"] == dict(plan.annotations)
    # The author's commands stay.
    assert (config["config"]["Entrypoint"], config["config"]["Cmd"]) == (["/run.sh"], ["x"])
    assert set(config) == {"architecture", "config", "created", "history", "os", "rootfs"}
    assert not {"Image", "OnBuild"} & set(config["config"])
    with layer_tar(image.layers[-1]) as archive:
        assert archive.getnames()[-1] == INTERFACE


def test_no_value_of_an_argument_is_in_the_history(tmp_path: Path) -> None:
    image, _ = _described(tmp_path)
    assert [entry["created_by"] for entry in image.parsed_config()["history"]] == [
        "a base",
        "/bin/sh -c #(nop)  ARG VERSION",
        "RUN |1 OWN=1 /bin/sh -c echo $VERSION # buildkit",
        "/bin/sh -c true",
        "comp: interface",
    ]
    assert all("comment" not in entry for entry in image.parsed_config()["history"])


def test_a_time_that_was_asked_for_is_the_latest(tmp_path: Path) -> None:
    image, _ = _described(tmp_path, "2026-01-01T12:00:00Z")
    config = image.parsed_config()
    assert config["created"] == "2026-01-01T12:00:00Z"
    assert {entry["created"] for entry in config["history"]} == {"2026-01-01T00:00:00Z", "2026-01-01T12:00:00Z"}
    assert _described(tmp_path / "again")[0].parsed_config()["created"] == "2026-01-02T00:00:00Z"


def test_an_image_of_another_platform_is_refused(tmp_path: Path) -> None:
    project = read_project(write_dockerfile_component(tmp_path / "c", "FROM scratch\n"), environ={})
    (plan,) = dockerfile_plans(project, {}, only=Platform("linux", "arm64"))
    with pytest.raises(OutsideError, match="gave an image for linux/amd64 instead of linux/arm64"):
        described(plan, image_of([]), {}, Cache(tmp_path / "cache"))

from pathlib import Path

from toolkit.config.dockerfile import BuildSecret, DockerfileSettings, SshAgent
from toolkit.errors import Location
from toolkit.provenance.dockerfile import dockerfile_parameters, images_of

TEXT = f"""\
ARG VERSION=1
ARG BASE
FROM --platform=$BUILDPLATFORM debian:12 AS build
FROM tools:$VERSION
FROM tools:${{TARGETARCH}}
FROM build
RUN <<END
FROM nothing
COPY --from=nobody /x /x
END
RUN sendmail --from=ann
from host.example/py/python:3.11@sha256:{"a" * 64} \\
  as run
COPY --from=build /x /x
COPY --from=busybox:1.36 /bin/sh /sh
COPY --from=0 /y /y
RUN --mount=type=bind,from=debian:12,target=/t true
FROM scratch
FROM $BASE
FROM :invalid:
"""


def settings_of(folder: Path) -> DockerfileSettings:
    (folder / "Dockerfile").write_text(TEXT)
    return DockerfileSettings(
        path=folder / "Dockerfile",
        context=folder,
        where=Location(path=folder / "pyproject.toml"),
        target="run",
        arguments={
            "LEVEL": "1",
            "FROM_HERE": None,
            "UNSET": None,
            "BASE": "layout:base",
            "ADDRESS": "https://ann:s3cret@host.example/x",
        },
        secrets=(BuildSecret(id="token", variable="API_TOKEN"),),
        ssh=(SshAgent(id="default"),),
    )


def test_images_are_named_with_the_digests_that_pin_them(tmp_path: Path) -> None:
    assert [(each.name, each.uri, dict(each.digest)) for each in images_of(settings_of(tmp_path), {})] == [
        ("FROM debian:12", "pkg:oci/debian?repository_url=docker.io/library/debian&tag=12", {}),
        ("FROM tools:1", "pkg:oci/tools?repository_url=docker.io/library/tools&tag=1", {}),
        (
            f"FROM host.example/py/python:3.11@sha256:{'a' * 64}",
            f"pkg:oci/python@sha256:{'a' * 64}?repository_url=host.example/py/python&tag=3.11",
            {"sha256": "a" * 64},
        ),
        ("FROM busybox:1.36", "pkg:oci/busybox?repository_url=docker.io/library/busybox&tag=1.36", {}),
    ]


def test_parameters_have_ids_of_secrets_and_no_values(tmp_path: Path) -> None:
    environ = {"API_TOKEN": "hush", "FROM_HERE": "2"}
    assert dockerfile_parameters(tmp_path, settings_of(tmp_path), environ) == {
        "dockerfile": "Dockerfile",
        "target": "run",
        "buildArgs": {"LEVEL": "1", "FROM_HERE": "2", "BASE": "layout:base", "ADDRESS": "https://***@host.example/x"},
        "buildSecrets": ["token"],
        "buildSsh": ["default"],
    }

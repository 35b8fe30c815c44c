"""The plan of a Dockerfile shows no value of an argument, and has bases of this disk."""

from pathlib import Path

from msgspec.structs import replace

from tests.images import image_of
from toolkit.builders.dockerfile import DockerfilePlan
from toolkit.builders.plan import FilesLayer
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image


def _plan() -> DockerfilePlan:
    return DockerfilePlan(
        dockerfile=Path("Dockerfile"),
        context=Path(),
        platform=Platform("linux", "amd64"),
        target=None,
        arguments={"VERSION": "hunter22"},
        secrets=(),
        ssh=(),
        labels={},
        annotations={},
        created=None,
        layer=FilesLayer(name="interface", files=()),
    )


def test_a_plan_shows_no_values() -> None:
    assert "hunter22" not in repr(_plan())


def test_an_engine_gets_bases_by_names_of_its_own() -> None:
    image = image_of([])
    given: list[Image] = []

    def load(base: Image) -> str:
        given.append(base)
        return "here:1"

    plan = replace(_plan(), bases={"BASE": image}).with_bases(load)
    assert given == [image]
    assert plan.arguments == {"VERSION": "hunter22", "BASE": "here:1"}
    assert plan.bases == {}

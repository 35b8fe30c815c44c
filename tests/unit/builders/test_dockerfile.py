"""The plan of a Dockerfile shows no value of an argument."""

from pathlib import Path

from toolkit.builders.dockerfile import DockerfilePlan
from toolkit.builders.plan import FilesLayer
from toolkit.oci.descriptor import Platform


def test_a_plan_shows_no_values() -> None:
    plan = DockerfilePlan(
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
    assert "hunter22" not in repr(plan)

"""What a build says of its inputs: by digest, and without what only this machine knows."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.components import small_base, write_component
from tests.planned import two_wheels
from toolkit import __version__
from toolkit.builders.plan import Plan, WheelsLayer
from toolkit.cache.store import Cache
from toolkit.config.dockerfile import DockerfileSettings
from toolkit.config.project import Project, read_project
from toolkit.digest import Digest
from toolkit.errors import Location
from toolkit.job.context import BuildContext
from toolkit.job.image import build_image
from toolkit.launcher import LAUNCHER_VERSION, source
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import parse_reference
from toolkit.oci.tar import LAYOUT_VERSION
from toolkit.provenance.definition import make_provenance
from toolkit.python.system_pins import SystemPin, SystemPins
from toolkit.requirements.lock import Lock
from toolkit.requirements.pin import Pin, Source


@pytest.fixture
def built(tmp_path: Path) -> tuple[Project, Plan]:
    folder = write_component(tmp_path / "count", small_base(tmp_path / "base"), settings="estargz = false")
    project = read_project(folder, environ={})
    (plan,), _ = build_image(project, BuildContext(cache=Cache(tmp_path / "cache"), environ={}))
    return project, plan


def test_a_base_on_a_disk_is_named_by_its_digest_alone(built: tuple[Project, Plan], tmp_path: Path) -> None:
    project, plan = built
    made = make_provenance(project, [plan], None, {"SOURCE_DATE_EPOCH": "7"}, builder="oci")
    assert dict(made.external) == {
        "component": {"name": "count-words", "version": "1.2.0"},
        "platforms": ["linux/amd64"],
        "bytecode": True,
        "estargz": False,
        "sourceDateEpoch": "7",
    }
    assert made.internal["builder"] == "oci"
    assert made.internal["formats"] == {
        "layout": LAYOUT_VERSION,
        "encoder": 1,
        "bytecode": 5,
        "launcher": LAUNCHER_VERSION,
    }
    assert made.versions == {"comp": __version__}
    assert [each.to_dict() for each in made.dependencies] == [
        {
            "name": "base for linux/amd64",
            "digest": {"sha256": plan.base.digest.hex},
            "annotations": {"platform": "linux/amd64", "python": "3.11.2"},
        },
        {"name": "launcher", "digest": {"sha256": Digest.of(source()).hex}},
    ]
    assert str(tmp_path) not in json.dumps(made.to_dict())


def test_a_base_on_a_server_has_its_url_and_its_index(built: tuple[Project, Plan]) -> None:
    project, plan = built
    found = parse_reference(f"host.example/py/python:3.11@sha256:{'a' * 64}")
    plan = replace(plan, base_reference="host.example/py/python:3.11", base_found=found)
    project = replace(project, base="host.example/py/python:3.11")
    made = make_provenance(project, [plan], None, {}, builder="oci")
    base = made.bases[0]
    assert base.uri == (
        f"pkg:oci/python@sha256:{plan.base.digest.hex}?arch=amd64&repository_url=host.example/py/python&tag=3.11"
    )
    assert base.annotations["pinned"] == str(found)
    assert made.external["base"] == "host.example/py/python:3.11"


def test_packages_of_debian_are_named_and_the_base_is_the_one_below_them(built: tuple[Project, Plan]) -> None:
    project, plan = built
    pin = SystemPin(
        name="libgomp1",
        version="12.2.0-14",
        architecture="amd64",
        archive="debian",
        path="pool/main/g/gcc-12/libgomp1_12.2.0-14_amd64.deb",
        digest=Digest("e" * 64),
    )
    pins = SystemPins(wanted=("libgomp1",), base=Digest("f" * 64), image=plan.base.digest, packages=(pin,))
    made = make_provenance(project, [replace(plan, system=pins)], None, {}, builder="oci")
    assert made.bases[0].digest == {"sha256": "f" * 64}
    assert made.dependencies[1].to_dict() == {
        "name": "libgomp1_12.2.0-14_amd64.deb",
        "uri": "pkg:deb/debian/libgomp1@12.2.0-14?arch=amd64",
        "digest": {"sha256": "e" * 64},
        "annotations": {"archive": "debian"},
    }


def test_wheels_are_named_by_purl_and_hash_each_once(built: tuple[Project, Plan], tmp_path: Path) -> None:
    project, plan = built
    wheels = two_wheels(tmp_path)
    layer = WheelsLayer(name="2 wheels", wheels=wheels)
    plan = replace(plan, layers=(plan.layers[0], layer, layer, plan.layers[1]))
    pin = Pin(
        name="x",
        version="1",
        filename=wheels[0].filename,
        digest=wheels[0].digest,
        source=Source(name="git+https://ann:s3cret@git.example/x@abc", digest=Digest("d" * 64)),
    )
    lock = Lock(inputs="", python="3.11", pins={Platform("linux", "amd64"): (pin,)})
    made = make_provenance(project, [plan, plan], lock, {}, builder="oci")
    found = {each.name: each for each in made.dependencies if each.uri.startswith("pkg:pypi/")}
    assert {name: each.digest["sha256"] for name, each in found.items()} == {
        wheel.filename: wheel.digest.hex for wheel in wheels
    }
    first = found[wheels[0].filename]
    assert first.annotations == {"builtFrom": "git+https://git.example/x@abc", "sourceSha256": "d" * 64}
    assert "s3cret" not in json.dumps(made.to_dict())


def test_a_dockerfile_that_comp_wrote_installs_what_the_lock_names(built: tuple[Project, Plan]) -> None:
    project, _ = built
    (project.folder / "Dockerfile").write_text("FROM debian:12\n")
    where = Location(path=project.pyproject)
    settings = DockerfileSettings(path=project.folder / "Dockerfile", context=project.folder, where=where)
    project = replace(project, dockerfile=settings)
    pin = Pin(name="x", version="1", filename="x-1-py3-none-any.whl", digest=Digest("d" * 64))
    lock = Lock(inputs="", python="3.11", pins={Platform("linux", "amd64"): (pin,), Platform("linux", "arm64"): (pin,)})
    made = make_provenance(project, [], lock, {}, builder="buildah")
    assert [each.name for each in made.dependencies] == ["FROM debian:12", "x-1-py3-none-any.whl"]
    assert (made.internal["builder"], made.external["dockerfile"]) == ("buildah", "Dockerfile")
    assert "base" not in made.external
    alone = replace(project, entries=(replace(project.entries[0], entrypoint=None),))
    assert [each.name for each in make_provenance(alone, [], lock, {}, builder="docker").dependencies] == [
        "FROM debian:12"
    ]


@pytest.mark.parametrize("by", ["settings", "variable"])
def test_a_cooldown_is_recorded(by: str, built: tuple[Project, Plan]) -> None:
    project, plan = built
    environ = {"UV_EXCLUDE_NEWER": "2026-01-02T00:00:00Z"} if by == "variable" else {}
    if by == "settings":
        text = project.pyproject.read_text()
        project.pyproject.write_text(f'{text}\n[tool.uv]\nexclude-newer = "7 days"\n')
    made = make_provenance(project, [plan], None, {"UV_NO_CONFIG": "", **environ}, builder="oci")
    assert made.external["excludeNewer"] == ("7 days" if by == "settings" else "2026-01-02T00:00:00Z")

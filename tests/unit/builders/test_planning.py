import logging
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.artifacts import FACTS, base_image, base_of, component, installed, pack_wheel
from toolkit import launcher
from toolkit.builders.plan import FilesLayer, Plan, WheelsLayer
from toolkit.builders.planning import BIG_WHEEL, make_plan
from toolkit.config.project import EntryPoint, Project
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.python.base import BaseFacts
from toolkit.wheels.wheel import Wheel


def plan(
    project: Project,
    *,
    base: Image | None = None,
    reference: str = "python:3.11-slim",
    facts: BaseFacts = FACTS,
    wheels: tuple[Wheel, ...] = (),
    environ: dict[str, str] | None = None,
) -> Plan:
    platform, image = Platform.parse(project.platforms[0]), base or base_image()
    on = base_of(image, facts, reference=reference, platform=platform)
    return make_plan(project, on, installed(wheels, image), environ=environ or {})


def wheel(name: str, size: int = 1000) -> Wheel:
    return Wheel(filename=f"{name}-1.0-py3-none-any.whl", digest=Digest("0" * 64), path=Path(name), size=size)


def test_layers_from_bottom_to_top(tmp_path: Path) -> None:
    wheels = (wheel("small_b"), wheel("Big", BIG_WHEEL + 1), wheel("small_a"), wheel("another_big", BIG_WHEEL + 1))
    layers = plan(component(tmp_path), wheels=wheels).layers
    assert [layer.name for layer in layers] == [
        "launcher and virtual environment",
        "another-big",
        "big",
        "2 wheels",
        "code",
    ]
    assert isinstance(layers[3], WheelsLayer)
    assert [wheel.filename for wheel in layers[3].wheels] == [wheels[2].filename, wheels[0].filename]
    assert plan(component(tmp_path), wheels=wheels[::-1]).layers == layers


@pytest.mark.parametrize(("below", "alone"), [(1, 42), (60, 12), (84, 0), (110, 0)])
def test_layers_are_left_for_others(tmp_path: Path, below: int, alone: int) -> None:
    wheels = tuple(wheel(f"w{number:03}", BIG_WHEEL + number + 1) for number in range(200))
    deep = replace(base_image(), layers=base_image().layers * below)
    made = plan(component(tmp_path), wheels=wheels, base=deep)
    # With bytecode each layer of wheels has another on top.
    layers = [layer for layer in made.layers if isinstance(layer, WheelsLayer)]
    assert below + 2 + 2 * len(layers) < 90 or alone == 0
    kept = [layer.wheels[0].size for layer in layers if len(layer.wheels) == 1]
    assert sorted(kept) == [BIG_WHEEL + number + 1 for number in range(200 - alone, 200)]
    assert [len(layer.wheels) for layer in layers if len(layer.wheels) > 1] == [200 - alone]


@pytest.mark.parametrize(("below", "said"), [(87, False), (88, True), (123, True)])
def test_many_layers_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture, below: int, *, said: bool) -> None:
    deep = replace(base_image(), layers=base_image().layers * below)
    with caplog.at_level(logging.WARNING):
        assert len(plan(component(tmp_path), base=deep).layers) == 2
    words = f"the image has {below + 2} layers, {below} of them the base's; Docker takes 125"
    assert (words in caplog.text) is said


def test_more_layers_than_docker_takes_are_refused(tmp_path: Path) -> None:
    deep = replace(base_image(), layers=base_image().layers * 124)
    with pytest.raises(InputError, match="would have 126 layers, 124 of them the base's; Docker takes 125") as caught:
        plan(component(tmp_path), base=deep)
    assert caught.value.message.startswith("on the base python:3.11-slim")
    assert caught.value.hint


def test_the_lowest_and_the_highest_layer(tmp_path: Path) -> None:
    lowest, highest = plan(component(tmp_path)).layers
    assert isinstance(lowest, FilesLayer)
    assert isinstance(highest, FilesLayer)
    assert [file.path for file in lowest.files] == [
        "opt/comp/launch.py",
        "opt/comp/venv/bin/python",
        "opt/comp/venv/bin/python3",
        "opt/comp/venv/bin/python3.11",
        "opt/comp/venv/pyvenv.cfg",
    ]
    assert lowest.files[0].content == launcher.source()
    assert [file.path for file in highest.files] == ["opt/comp/app/count_words.py", "opt/comp/interface.json"]
    assert b'"count_words:count"' in b"".join(highest.files[1].chunks())


@pytest.mark.parametrize(("version", "safe"), [("3.10.12", False), ("3.11.2", True), ("3.13.0", True)])
def test_the_entry_point_keeps_the_folder_off_the_path(tmp_path: Path, version: str, *, safe: bool) -> None:
    command = plan(component(tmp_path), facts=replace(FACTS, version=version)).command
    assert command == ("/opt/comp/venv/bin/python", *(("-P",) if safe else ()), "/opt/comp/launch.py")


def test_the_environment_comes_first_on_the_path(tmp_path: Path) -> None:
    expected = {"PATH": "/opt/comp/venv/bin:/usr/local/bin:/usr/bin", "PYTHONUNBUFFERED": "1"}
    assert plan(component(tmp_path)).env == expected
    bare = base_image(config={"config": {}})
    assert plan(component(tmp_path), base=bare).env["PATH"].startswith("/opt/comp/venv/bin:/usr/local/sbin:")


def test_what_the_image_says_of_itself(tmp_path: Path) -> None:
    base = base_image()
    made = plan(component(tmp_path), base=base)
    assert made.labels == made.annotations
    assert {key.removeprefix("org.opencontainers.image."): value for key, value in made.labels.items()} == {
        "title": "count-words",
        "description": "Count words",
        "version": "1.2.0",
        "licenses": "Apache-2.0",
        "authors": "Ada",
        "source": "https://example.com/count-words",
        "created": "2024-02-03T04:05:06Z",
        "base.name": "docker.io/library/python:3.11-slim",
        "base.digest": str(base.digest),
    }


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("registry.example.com:5000/a/b:1@sha256:" + "0" * 64, "registry.example.com:5000/a/b:1"),
        ("layout:/home/me/base", None),
        ("archive:base.tar", None),
    ],
)
def test_the_bases_name_says_nothing_of_this_machine(tmp_path: Path, reference: str, name: str | None) -> None:
    made = plan(component(tmp_path), reference=reference)
    assert made.labels.get("org.opencontainers.image.base.name") == name


def test_created_is_never_now(tmp_path: Path) -> None:
    project = component(tmp_path)
    assert plan(project).created == "2024-02-03T04:05:06Z"
    assert plan(project, environ={"SOURCE_DATE_EPOCH": "1700000000"}).created == "2023-11-14T22:13:20Z"
    assert plan(project, base=base_image(config={"created": None})).created == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize("text", ["yesterday", "1e400", "99999999999999999"])
def test_a_bad_source_date_epoch(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="SOURCE_DATE_EPOCH"):
        plan(component(tmp_path), environ={"SOURCE_DATE_EPOCH": text})


def test_a_base_of_another_platform(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is for linux/arm64/v8, the component wants linux/amd64"):
        plan(component(tmp_path), base=base_image(config={"architecture": "arm64", "variant": "v8"}))


def test_a_variant_that_nobody_asked_for(tmp_path: Path) -> None:
    base = base_image(config={"architecture": "arm64", "variant": "v8"})
    assert str(plan(component(tmp_path, platforms=("linux/arm64",)), base=base).platform) == "linux/arm64/v8"


@pytest.mark.parametrize("entrypoint", ["gone:count", "count_words.deeper:count", "tests.x:count"])
def test_a_module_that_is_not_there(tmp_path: Path, entrypoint: str) -> None:
    project = component(tmp_path)
    (tmp_path / "src/tests").mkdir()
    (tmp_path / "src/tests/x.py").write_text("def count(): pass\n")
    project = replace(project, entries=(replace(project.entries[0], entrypoint=entrypoint),))
    with pytest.raises(InputError, match=f"the module '{entrypoint.partition(':')[0]}'") as caught:
        plan(project)
    assert caught.value.hint


def test_a_module_in_a_package(tmp_path: Path) -> None:
    project = component(tmp_path)
    (tmp_path / "src/pkg").mkdir()
    (tmp_path / "src/count_words.py").rename(tmp_path / "src/pkg/__init__.py")
    project = replace(project, entries=(replace(project.entries[0], entrypoint="pkg:count"),))
    assert isinstance(plan(project).layers[-1], FilesLayer)


def test_a_program_gets_its_interface_from_its_contract(tmp_path: Path) -> None:
    contract = tmp_path / "component.yaml"
    contract.write_text(
        "name: Copy\ninputs:\n- {name: source, type: Dataset}\noutputs:\n- {name: copy, type: Dataset}\n"
        "implementation:\n  container:\n    image: example.com/copy\n"
        "    command: [cp, {inputPath: source}, {outputPath: copy}]\n"
    )
    project = component(tmp_path, entries=(EntryPoint(name="copy", contract=contract, command=("cp",)),))
    (tmp_path / "src/count_words.py").unlink()
    top = plan(project).layers[-1]
    assert isinstance(top, FilesLayer)
    assert [file.path for file in top.files] == ["opt/comp/app/.keep", "opt/comp/interface.json"]
    assert b'"source"' in b"".join(top.files[1].chunks())


def test_wheels_do_not_have_to_be_read_for_a_plan(tmp_path: Path) -> None:
    real = pack_wheel(tmp_path / "wheels", {"a.py": "1"})
    real.path.unlink()
    assert plan(component(tmp_path / "c"), wheels=(real,)).layers[1] == WheelsLayer(name="demo", wheels=(real,))


@pytest.mark.parametrize(
    ("own", "of_the_base", "expected"),
    [
        (None, "", "65532:65532"),
        (None, "1000", "1000"),
        ("65532", "1000", "65532"),
        ("root", "1000", "0"),
        ("0", "", "0"),
        ("app:staff", "", "1000:50"),
    ],
)
def test_the_user(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, own: str | None, of_the_base: str, expected: str
) -> None:
    facts = replace(FACTS, user=of_the_base, users={"app": "1000"}, groups={"staff": "50"})
    assert plan(replace(component(tmp_path), user=own), facts=facts).user == expected
    assert caplog.text == ""


def test_a_user_that_a_cluster_refuses_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert plan(component(tmp_path), facts=replace(FACTS, user="0")).user == "0"
    assert "the image runs as root, as its base python:3.11-slim: clusters" in caplog.text
    caplog.clear()
    assert plan(replace(component(tmp_path / "2"), user="ada")).user == "ada"
    assert "the base python:3.11-slim has no user ada in its /etc/passwd" in caplog.text

"""When a build is recognised, and when it has to be done: each case once was an old digest for a changed component."""

import base64
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec import structs

from tests.components import FUNCTION, build, generate, recognised, small_base, write_component
from tests.fake_remote import Access, FakeRemote, store
from toolkit.builders.plan import Plan
from toolkit.builders.protocol import Builder
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.job import build as job_build
from toolkit.job import image as job
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.job.unchanged import _base_identity, read_inputs
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Built
from toolkit.oci.layout import read_layout


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return small_base(tmp_path / "base")


def _write(path: str, text: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)

    return change


def _link(path: str, target: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        (folder / path).unlink(missing_ok=True)
        (folder / path).symlink_to(target)

    return change


FILES = {
    "src/config.yaml": "image: one\n",
    "src/a/component.yaml": "image: one\n",
    "src/a/tests/data.csv": "1\n",
    "src/node_modules/x.js": "1\n",
    "src/.venv/x": "1\n",
    "src/.git/x": "1\n",
    "src/.comp/x": "1\n",
    "src/__pycache__/x": "1\n",
    "src/a/x": "1\n",
    "src/b/x": "1\n",
    "src/c": "1\n",
    "src/d": "1\n",
    ".dockerignore": "!src/.comp\n!src/.git\n!src/.venv\n!src/__pycache__\n!src/node_modules\n",
}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_write("src/config.yaml", "image: two\n"), id="image-in-another-yaml"),
        pytest.param(_write("src/a/component.yaml", "image: two\n"), id="image-in-a-file-called-as-a-contract"),
        pytest.param(_write("src/a/tests/data.csv", "2\n"), id="tests-below-src"),
        pytest.param(_write("src/a/tests/more.csv", "2\n"), id="new-file"),
        *[
            pytest.param(_write(f"src/{name}/x{end}", "2\n"), id=f"{name}-taken-back")
            for name, end in ((".comp", ""), (".git", ""), (".venv", ""), ("__pycache__", ""), ("node_modules", ".js"))
        ],
        pytest.param(_link("src/link", "b"), id="link-turned-to-another-folder"),
        pytest.param(_link("src/c", "d"), id="file-replaced-by-a-link-to-the-same-content"),
        pytest.param(lambda folder: (folder / "src/c").chmod(0o755), id="executable"),
        pytest.param(lambda folder: (folder / "src/c").rename(folder / "src/e"), id="renamed"),
        pytest.param(lambda folder: (folder / "src/c").unlink(), id="removed"),
        pytest.param(_write("../pyproject.toml", '[tool.comp.defaults]\nuser = "1234"\n'), id="defaults-of-a-parent"),
        pytest.param(lambda folder: small_base(folder.parent / "base", more=b"1"), id="base"),
    ],
)
def test_a_change_of_what_is_in_the_image_is_built(
    tmp_path: Path, cache: Cache, base: Path, change: Callable[[Path], object]
) -> None:
    folder = write_component(tmp_path / "component", base, FILES)
    (folder / "src/link").symlink_to("a")
    before = build(folder, cache)
    assert recognised(folder, cache) == before
    change(folder)
    assert recognised(folder, cache) is None
    after = build(folder, cache)
    assert after != before
    assert recognised(folder, cache) == after


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_write("README.md", "new"), id="readme"),
        pytest.param(_write("tests/case.yaml", "new"), id="tests"),
        pytest.param(lambda folder: os.utime(folder / "src/c", (1, 1)), id="times"),
        pytest.param(lambda folder: (folder / "src/c").chmod(0o600), id="permissions"),
    ],
)
def test_a_change_of_anything_else_is_not(
    tmp_path: Path, cache: Cache, base: Path, change: Callable[[Path], object]
) -> None:
    folder = write_component(tmp_path / "component", base, {"src/c": "1\n"})
    before = build(folder, cache)
    change(folder)
    assert recognised(folder, cache) == before
    assert build(folder, cache) == before


def test_of_a_contract_the_pin_alone_does_not_count(tmp_path: Path, cache: Cache, base: Path) -> None:
    folder = write_component(tmp_path / "component", base)
    contract = folder / "component.yaml"
    digest = build(folder, cache)
    text = contract.read_text()
    contract.write_text(text.replace("image: count-words:1.2.0", "image: example.com/a@sha256:" + "0" * 64))
    assert contract.read_text() != text
    assert recognised(folder, cache) == digest
    contract.write_text(text.replace("Any text.", "Another text."))
    assert recognised(folder, cache) is None
    contract.unlink()
    assert recognised(folder, cache) is None


def test_a_module_beside_that_stays_out_of_the_image(tmp_path: Path, cache: Cache, base: Path) -> None:
    """A default may be a constant of a module that `.dockerignore` leaves out, and then is part of the interface."""
    code = "from limits import MOST\n\n\n" + FUNCTION.replace("text: str", "text: str = MOST")
    files = {"src/count_words.py": code, "src/limits.py": 'MOST = "1"\n', ".dockerignore": "src/limits.py\n"}
    folder = write_component(tmp_path / "component", base, files)
    build(folder, cache)
    assert recognised(folder, cache) is None
    (folder / "src/limits.py").unlink()
    (folder / "src/count_words.py").write_text(FUNCTION)
    generate(folder)
    assert build(folder, cache) == recognised(folder, cache)


def test_a_change_while_a_build_runs_is_not_recorded(
    tmp_path: Path, cache: Cache, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_component(tmp_path / "component", base)
    builds = tmp_path / "cache" / "records" / "build"
    real = job.build_plans

    def edited(plans: Sequence[Plan], builder: Builder, context: BuildContext) -> Built:
        image = real(plans, builder, context)
        (folder / "src/new.py").write_text("")
        return image

    monkeypatch.setattr(job, "build_plans", edited)
    build(folder, cache)
    assert not builds.exists()


def test_an_archive_of_the_same_size_and_time(tmp_path: Path) -> None:
    archive, other = tmp_path / "base.tar", tmp_path / "other.tar"
    for path, text in ((archive, "one"), (other, "two")):
        path.write_text(text)
        os.utime(path, (1, 1))
    before = _base_identity(f"archive:{archive}")
    other.replace(archive)
    assert _base_identity(f"archive:{archive}") != before


@pytest.mark.parametrize("name", ["SOURCE_DATE_EPOCH", "COMP_USER"])
def test_variables_that_decide(tmp_path: Path, cache: Cache, base: Path, name: str) -> None:
    folder = write_component(tmp_path / "component", base)
    build(folder, cache, environ={name: "1700000000"})
    assert recognised(folder, cache, environ={name: "1700000000"})
    assert recognised(folder, cache, environ={name: "1700000001"}) is None
    assert recognised(folder, cache) is None


def test_where_packages_come_from_decides(tmp_path: Path, base: Path) -> None:
    """A lock is compared with what the index offers, so another index may make another lock."""
    folder = write_component(tmp_path / "component", base)
    settings = folder / "pyproject.toml"
    settings.write_text(settings.read_text().replace("[tool.comp]", 'dependencies = ["six"]\n[tool.comp]'))

    def key(**environ: str) -> Digest:
        inputs = read_inputs(
            BuildRequest(folder=folder), BuildContext(cache=Cache(tmp_path / "cache"), environ=environ)
        )
        assert inputs is not None
        return inputs.key

    assert key() == key(UV_CACHE_DIR="/elsewhere")
    assert key() != key(UV_INDEX_URL="https://example.com/simple")
    before = key()
    (folder / "uv.toml").write_text('index-url = "https://example.com/simple"\n')
    assert key() != before


@pytest.mark.parametrize(
    "name",
    ["COMP_REGISTRY", "COMP_REGISTRIES_FILE", "COMP_LOCKED", "COMP_OFFLINE", "COMP_SIGN_PASSPHRASE", "COMP_CACHE_DIR"],
)
def test_how_registries_are_asked_and_who_signs_does_not_decide(tmp_path: Path, base: Path, name: str) -> None:
    folder, context = write_component(tmp_path / "component", base), BuildContext(cache=Cache(tmp_path), environ={})
    inputs = [
        read_inputs(BuildRequest(folder=folder), structs.replace(context, environ=environ))
        for environ in ({}, {name: "1"}, {"COMP_USER": "1"})
    ]
    assert inputs[0] == inputs[1] != inputs[2]


@pytest.fixture
def tagged(fake: FakeRemote, base: Path) -> dict[str, str]:
    """Variables that name a base by a tag on the remote."""
    store(fake, read_layout(base, platform=Platform("linux", "amd64")))
    return {"COMP_BASE": f"{fake.host}/base/python:3.11"}


def test_a_base_by_a_tag_in_the_environment_is_asked_for(
    tmp_path: Path, fake: FakeRemote, tagged: dict[str, str], cache: Cache, base: Path
) -> None:
    folder = write_component(tmp_path / "component", "python:3.11-slim")
    before = build(folder, cache, environ=tagged)
    fake.calls.clear()
    assert recognised(folder, cache, environ=tagged) == before
    assert [str(call) for call in fake.calls] == ["HEAD /v2/base/python/manifests/3.11"]
    # The tag moves.
    small_base(base, more=b"1")
    store(fake, read_layout(base, platform=Platform("linux", "amd64")))
    assert recognised(folder, cache, environ=tagged) is None
    after = build(folder, cache, environ=tagged)
    assert after != before
    assert recognised(folder, cache, environ=tagged) == after


def test_a_base_that_cannot_be_asked_for_fails_as_in_a_build(
    tmp_path: Path, fake: FakeRemote, tagged: dict[str, str], cache: Cache
) -> None:
    folder = write_component(tmp_path / "component", "python:3.11-slim")
    build(folder, cache, environ=tagged)
    del fake.tags["base/python"]["3.11"]
    with pytest.raises(OutsideError) as unchanged:
        recognised(folder, cache, environ=tagged)
    with pytest.raises(OutsideError) as built:
        build(folder, cache, environ=tagged)
    assert unchanged.value.message == built.value.message == f"there is no base image {fake.host}/base/python:3.11"


def test_a_tag_that_the_lock_pins_is_not_asked_for(
    tmp_path: Path, fake: FakeRemote, tagged: dict[str, str], cache: Cache
) -> None:
    folder = write_component(tmp_path / "component", tagged["COMP_BASE"])
    build(folder, cache)
    digest = build(folder, cache, environ=tagged)
    fake.calls.clear()
    assert recognised(folder, cache, environ=tagged) == digest
    assert not fake.calls


def test_a_pushed_image_is_recognised_on_a_remote_that_asks_for_a_token(
    tmp_path: Path, fake: FakeRemote, cache: Cache, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.access = Access("basic")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    login = base64.b64encode(b"ann:s3cret").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {fake.host: {"auth": login}}}))
    context = BuildContext(
        cache=cache, environ={"COMP_IMAGE_PREFIX": f"{fake.host}/ml", "DOCKER_CONFIG": str(tmp_path)}
    )
    request = BuildRequest(folder=write_component(tmp_path / "component", base), push=True)
    reached: list[str] = []
    image = job_build.build(request, context, lambda milestone: reached.append(milestone.kind))
    assert job_build.build(request, context, lambda milestone: reached.append(milestone.kind)) == image
    assert reached == ["image", "pinned", "unchanged", "image"]
    # Another push took the tag.
    fake.tags["ml/count-words"].pop("1.2.0")
    job_build.build(request, context, lambda milestone: reached.append(milestone.kind))
    assert reached[4:] == ["image"]

"""The contract of all builders: whatever makes an image, it has the same interface, description, packages and results.

A new builder joins by a line in `FORMS`. A sample is built once for each of them: one without packages and one with
them, and with COMP_TEST_ALL=1 every sample by every form.
"""

import hashlib
import json
import os
import tarfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from tests.commands import comp, ok
from tests.conftest import ROOT, Sample
from tests.servers import Server
from toolkit.engines.docker import connect, load_image
from toolkit.oci.blob import ChunkStream, gunzip
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote

AMD64 = Platform("linux", "amd64")
SAMPLES = ("summarise_text", "load_table", "train_model", "evaluate_model")
_FEW = SAMPLES[:2]


class Form(Struct, frozen=True, kw_only=True):
    """A way to build a component: the builder, and whether the Dockerfile of `comp dockerfile` is what it builds.

    `same_files` is whether its files are laid out by comp, `reproducible` whether another cache gives the same digest,
    `samples` are what is built without COMP_TEST_ALL, `runs` what is run of that.
    """

    builder: str
    owned: bool = False
    same_files: bool = True
    reproducible: bool = False
    samples: tuple[str, ...] = _FEW
    runs: tuple[str, ...] = _FEW[:1]


FORMS = {
    "oci": Form(builder="oci", reproducible=True),
    "docker": Form(builder="docker"),
    "buildah": Form(builder="buildah", reproducible=True),
    "Dockerfile by docker": Form(builder="docker", owned=True, same_files=False, runs=_FEW),
    "Dockerfile by buildah": Form(builder="buildah", owned=True, same_files=False, samples=_FEW[:1]),
}


class Made(Struct, frozen=True, kw_only=True):
    """A sample that was built: its folder, what it is, and the files that it has above the base."""

    folder: Path
    image: Image
    facts: Mapping[str, Any]
    tree: Mapping[str, tuple[str, int, str]]


Build = Callable[[str, str], Made]


def _pairs(*, names: tuple[str, ...] = tuple(FORMS), runs: bool = False) -> pytest.MarkDecorator:
    """Give every form with each of its samples; of those with packages the build is the slow part."""
    every = os.environ.get("COMP_TEST_ALL")
    chosen = [
        (name, sample)
        for name in names
        for sample in (SAMPLES if every else FORMS[name].runs if runs else FORMS[name].samples)
    ]
    return pytest.mark.parametrize(("name", "sample_name"), chosen)


@pytest.fixture(scope="module")
def made() -> dict[tuple[str, str], Made]:
    """What was built so far, since several tests look at one image."""
    return {}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Copies of samples that stay for all tests here."""
    return Sample(tmp_path_factory.mktemp("contracts"))


@pytest.fixture(scope="module")
def base(remote: Server, debian_base: Path) -> str:
    """The base on a server, where a Dockerfile can name it."""
    name = f"{remote.host}/contracts/python"
    image = read_layout(debian_base, platform=AMD64)
    Remote(environ=os.environ).push(image, parse_reference(f"{name}:1"), tags=["1"])
    return f"{name}:1"


@pytest.fixture
def built(
    kept: Sample,
    base: str,
    cache_folder: Path,
    docker_host: str,
    made: dict[tuple[str, str], Made],
    monkeypatch: pytest.MonkeyPatch,
) -> Build:
    assert docker_host
    monkeypatch.setenv("COMP_CACHE_DIR", str(cache_folder))
    monkeypatch.setenv("COMP_BASE", base)
    # Of two programs Debian's is first: it has BuildKit inside, whose steps reach package registries as this machine.
    monkeypatch.setenv("PATH", f"/usr/bin:{os.environ['PATH']}:/usr/sbin")

    def build(name: str, sample: str) -> Made:
        if (name, sample) not in made:
            made[name, sample] = _build(kept(sample, into=name.replace(" ", "-")), FORMS[name])
        return made[name, sample]

    return build


def _build(folder: Path, form: Form) -> Made:
    """Build a sample, first with a Dockerfile of its own if the form says so."""
    if form.owned:
        ok("dockerfile", folder)
        settings = folder / "pyproject.toml"
        settings.write_text(settings.read_text().replace("[tool.comp]\n", '[tool.comp]\ndockerfile = "Dockerfile"\n'))
    layout = folder.parent / f"{folder.name}.layout"
    digest = ok("build", folder, "--builder", form.builder, "--output", f"layout:{layout}").splitlines()[-1]
    image = read_layout(layout, platform=AMD64)
    assert str(image.digest) == digest
    facts = json.loads(ok("inspect", f"layout:{layout}", "--packages", "--format", "json"))
    return Made(folder=folder, image=image, facts=facts, tree=_tree(image, 1))


def _tree(image: Image, base_layers: int) -> dict[str, tuple[str, int, str]]:
    """Give kind, mode and content of every path that the layers above the base put under opt/comp."""
    tree = {}
    for layer in image.layers[base_layers:]:
        with tarfile.open(fileobj=gunzip(ChunkStream(layer.chunks())), mode="r|") as archive:
            for member in archive:
                path = member.name.strip("/")
                if not path.startswith("opt/comp"):
                    assert path == "opt", path
                    continue
                stream = archive.extractfile(member) if member.isreg() else None
                digest = hashlib.sha256(stream.read()).hexdigest() if stream else member.linkname
                kind = "file" if member.isreg() else "link" if member.issym() else "folder"
                tree[path] = (kind, 0 if kind == "link" else member.mode & 0o7777, digest)
    return tree


def test_the_documentation_promises_what_is_tested() -> None:
    lines = (ROOT / "docs" / "builders.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")][1:]
    names = ("oci", "docker", "buildah", "Dockerfile by docker", "Dockerfile by buildah")
    assert tuple(FORMS) == names
    assert len(rows) == len(FORMS)
    for form, (_, builder, _, files, digest, _) in zip(FORMS.values(), rows, strict=True):
        assert builder == f"`{form.builder}`"
        assert (files == "yes") is form.same_files
        assert (digest != "no") is form.reproducible


@_pairs()
def test_every_digest_size_and_diff_id_is_right(built: Build, name: str, sample_name: str) -> None:
    assert check_image(built(name, sample_name).image) == []


@_pairs(names=tuple(name for name in FORMS if name != "oci"))
def test_interface_packages_and_description_are_the_embedded_builders(
    built: Build, name: str, sample_name: str
) -> None:
    ours, theirs = built("oci", sample_name).facts, built(name, sample_name).facts
    for key in ("components", "user", "command", "platform", "base"):
        assert theirs[key] == ours[key], key
    assert theirs["user"] == "65532:65532"
    versions = [{one["name"]: one["version"] for one in facts["packages"]} for facts in (ours, theirs)]
    assert versions[1] == versions[0]
    assert ("pandas" in versions[0]) == (sample_name != "summarise_text")
    # A Dockerfile leaves the time to its engine.
    labels = [
        {key: value for key, value in facts["labels"].items() if not key.endswith(".created")}
        for facts in (ours, theirs)
    ]
    assert labels[1] == labels[0]


@_pairs(names=tuple(name for name in FORMS if name != "oci"))
def test_the_config_and_the_files_that_start_it_are_the_embedded_builders(
    built: Build, name: str, sample_name: str
) -> None:
    one, other = built("oci", sample_name), built(name, sample_name)
    ours, theirs, expected, found = one.image, other.image, one.tree, other.tree
    configs = [image.parsed_config()["config"] for image in (ours, theirs)]
    for key in ("Cmd", "User", "WorkingDir", "Entrypoint"):
        assert (configs[1].get(key) or None) == (configs[0].get(key) or None), key
    assert sorted(configs[1]["Env"]) == sorted(configs[0]["Env"])
    assert theirs.media_type == ours.media_type
    if FORMS[name].same_files:
        assert found == expected
        assert theirs.layers[0].descriptor == ours.layers[0].descriptor
        assert theirs.parsed_config()["created"] == ours.parsed_config()["created"]
    own = {path for path in expected if not path.startswith("opt/comp/venv/") and path != "opt/comp/venv"}
    assert "opt/comp/launch.py" in own
    assert {path: found.get(path) for path in own} == {path: expected[path] for path in own}
    # Any user can read everything, whatever the umask was.
    assert [path for path, (kind, mode, _) in found.items() if kind != "link" and mode not in {0o644, 0o755}] == []


_VERSIONS = (
    "import importlib.metadata as m, json; print(json.dumps({d.metadata['Name'].lower(): d.version"
    " for d in m.distributions()}))"
)


@_pairs(runs=True)
def test_cases_pass_and_python_finds_the_packages(built: Build, name: str, sample_name: str) -> None:
    one = built(name, sample_name)
    environment = {**os.environ, "COMP_BUILDER": FORMS[name].builder}
    tested = comp("test", one.folder, "--runner", "docker", "-j", "2", env=environment)
    assert tested.code == 0, tested.out + tested.err
    with closing(connect(os.environ)) as client:
        image = load_image(client, one.image, names=[])
        command = ["/opt/comp/venv/bin/python", "-c", _VERSIONS]
        found = json.loads(client.containers.run(image, command, remove=True, read_only=True, user="12345"))
    locked = dict(
        line.split(" ")[0].split("==")
        for line in (one.folder / "requirements.lock").read_text().splitlines()
        if "==" in line
    )
    assert found == locked


@_pairs(names=tuple(name for name, form in FORMS.items() if form.reproducible), runs=True)
def test_another_cache_gives_the_same_digest(
    built: Build, tmp_path: Path, cache_folder: Path, name: str, sample_name: str
) -> None:
    one = built(name, sample_name)
    other = tmp_path / "cache"
    # Wheels and bytecode are inputs; what builders made of them is not.
    for kind in ("blobs", "records"):
        (other / kind).mkdir(parents=True)
    for path in (cache_folder / "blobs").rglob("*"):
        target = other / path.relative_to(cache_folder)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        else:
            target.hardlink_to(path)
    environment = {**os.environ, "COMP_CACHE_DIR": str(other)}
    assert ok("build", one.folder, "--builder", FORMS[name].builder, env=environment) == str(one.image.digest)


@pytest.mark.parametrize("builder", ["oci", "docker", "buildah"])
def test_the_image_runs_where_it_was_pushed(
    sample: Sample, remote: Server, docker_host: str, tmp_path: Path, builder: str
) -> None:
    assert docker_host
    folder = sample("summarise_text")
    image = f"{remote.host}/builders/{builder}"
    reference = ok("build", folder, "--push", "--image", image, "--builder", builder)
    assert reference.startswith(f"{image}@sha256:")
    assert f"image: {reference}\n" in (folder / "component.yaml").read_text()
    text = folder / "tests" / "cases" / "short" / "text.txt"
    printed = ok(
        *("run", folder / "component.yaml", "--runner", "docker"),
        *("-i", f"text={text}", "-i", "most=1", "-o", f"report={tmp_path / 'report.md'}"),
        folder=tmp_path,
    )
    assert printed.splitlines()[0] == "words=12"
    assert "| the | 3 |" in (tmp_path / "report.md").read_text()

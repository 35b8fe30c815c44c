import json
import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.artifacts import base_image, base_of, component, installed, pack_wheel
from tests.components import small_base, write_component
from tests.fake_remote import OCI_INDEX, FakeRemote, serving
from tests.images import image_of, layer_of, tar_of_tree
from toolkit.builders.embedded import EmbeddedBuilder
from toolkit.builders.planning import make_plan
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, RemoteError
from toolkit.inspection import ImageFacts, Opened, PackageFacts, inspect_image, open_image
from toolkit.job.build import build
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image, ImageIndex
from toolkit.oci.layout import read_layout, write_layout
from toolkit.progress import silent
from toolkit.python.base import read_facts
from toolkit.remote.client import Remote

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


@pytest.fixture
def context(tmp_path: Path) -> BuildContext:
    return BuildContext(cache=Cache(tmp_path / "cache"), environ={})


@pytest.fixture
def base(tmp_path: Path) -> Image:
    return read_layout(small_base(tmp_path / "base"), platform=AMD64)


@pytest.fixture
def image(tmp_path: Path, base: Image) -> Image:
    """An image with one wheel, whose machine code needs a library that nothing has."""
    wheel = pack_wheel(tmp_path, {"demo/__init__.py": "A = 1\n", "demo.data/scripts/run": "#!python\n"})
    cache = Cache(tmp_path / "cache")
    on = base_of(base, read_facts(base, cache))
    plan = make_plan(component(tmp_path / "component"), on, installed((wheel,), base), environ={})
    return EmbeddedBuilder(cache).build(plan, silent)


def test_layers_and_components(image: Image, base: Image) -> None:
    facts = inspect_image(Opened(image=image), packages=False)
    assert [(layer.made_by, layer.ours) for layer in facts.layers] == [
        ("test", False),
        ("launcher and virtual environment", True),
        ("demo", True),
        ("code", True),
    ]
    assert [port["name"] for port in facts.components["count-words"]["inputs"]] == ["text"]
    assert facts.base == f"docker.io/library/python:3.11-slim@{base.digest}"
    assert facts.command[-1] == "/opt/comp/launch.py"
    assert (facts.packages, facts.libc, facts.problems, facts.warnings) == (None, None, None, ())


def test_packages_are_weighed(image: Image) -> None:
    facts = inspect_image(Opened(image=image), packages=True)
    assert facts.packages is not None
    (package,) = facts.packages
    assert (package.name, package.version, package.needs, package.lacks) == ("demo", "1.0", {}, ())
    assert package.size > len("A = 1\n")
    assert facts.libc == "glibc 2.36"


def test_packages_that_a_dockerfile_copied_are_weighed_too(image: Image) -> None:
    config = image.parsed_config()
    for entry in config["history"]:
        entry["created_by"] = entry.get("created_by", "").replace(
            "comp: demo", "COPY /opt/comp/venv /opt/comp/venv # buildkit"
        )
    copied = replace(image, config=json.dumps(config).encode())
    ours, theirs = (inspect_image(Opened(image=each), packages=True).packages for each in (image, copied))
    assert ours == theirs


def test_a_checked_image_has_problems_or_none(image: Image) -> None:
    assert inspect_image(Opened(image=image), packages=False, check=True).problems == ()
    broken = replace(image, layers=(replace(image.layers[0], diff_id=Digest.of(b"other")), *image.layers[1:]))
    facts = inspect_image(Opened(image=broken), packages=True, check=True)
    assert facts.problems
    assert (facts.packages, facts.components) == (None, {})


def test_an_image_of_others_has_no_components() -> None:
    facts = inspect_image(Opened(image=base_image()), packages=False)
    assert (facts.components, facts.base, facts.command) == ({}, "", ("sh",))


def test_a_damaged_interface_is_refused() -> None:
    layer = layer_of(tar_of_tree({"opt/comp/interface.json": b"[]"}))
    damaged = image_of([layer], config=lambda data: data.update(history=[{"created_by": "comp: code"}]))
    with pytest.raises(InputError, match=r"the image's interface\.json is damaged"):
        inspect_image(Opened(image=damaged), packages=False)


def test_warnings_name_packages_that_the_base_does_not_suit(image: Image) -> None:
    facts = inspect_image(Opened(image=image), packages=False)
    newer = PackageFacts(name="new", version="1", size=1, needs={"glibc": "2.39"})
    lacking = PackageFacts(name="lib", version="2", size=1, needs={"glibc": "2.17"}, lacks=("libX11.so.6",))
    warned: ImageFacts = replace(facts, packages=(newer, lacking), libc="glibc 2.36")
    assert warned.warnings == (
        "new 1 needs glibc 2.39, and the base has glibc 2.36",
        "lib 2 needs libX11.so.6, which the image lacks: importing it may fail",
    )


def test_layouts_and_archives_are_opened(image: Image, tmp_path: Path, context: BuildContext) -> None:
    arm = replace(base_image(config={"architecture": "arm64"}))
    write_layout(ImageIndex.of([image, arm], annotations={}), tmp_path / "both")
    opened = open_image(f"layout:{tmp_path / 'both'}", ARM64, context)
    assert (opened.image.digest, opened.platforms) == (arm.digest, ("linux/amd64", "linux/arm64"))
    facts = inspect_image(opened, packages=False)
    assert (facts.platform, facts.platforms) == ("linux/arm64", opened.platforms)


def test_the_image_of_a_component_is_the_one_that_its_contract_pins(tmp_path: Path, context: BuildContext) -> None:
    with serving(FakeRemote()) as fake:
        folder = write_component(
            tmp_path / "pinned", small_base(tmp_path / "for"), settings=f'image = "{fake.host}/ml/count"'
        )
        with pytest.raises(InputError, match="which is not pinned yet") as refused:
            open_image(str(folder), AMD64, context)
        assert "comp build --push" in (refused.value.hint or "")
        reference = build(BuildRequest(folder=folder, push=True), context)
        digest = reference.partition("@")[2]
        for name in (str(folder), str(folder / "component.yaml"), reference, f"{fake.host}/ml/count:1.2.0"):
            assert str(open_image(name, AMD64, context).image.digest) == digest


def test_a_folder_without_its_contract_is_not_an_image(tmp_path: Path, context: BuildContext) -> None:
    folder = write_component(tmp_path / "made", small_base(tmp_path / "for"))
    (folder / "component.yaml").unlink()
    with pytest.raises(InputError, match="the file is missing"):
        open_image(str(folder), AMD64, context)


@pytest.fixture
def offline(tmp_path: Path) -> BuildContext:
    """Every server is behind a proxy that does not run."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = f"http://127.0.0.1:{server.getsockname()[1]}"
    return BuildContext(cache=Cache(tmp_path / "cache"), environ={"HTTPS_PROXY": proxy})


@pytest.mark.parametrize("name", ["typo", "componnent.yaml", "sub/component.yaml"])
def test_a_misspelt_path_is_not_only_an_unreachable_image(name: str, offline: BuildContext) -> None:
    expected = f"^no file or folder {name} exists here, and the name was taken as an image on docker.io$"
    with pytest.raises(RemoteError, match=expected) as refused:
        open_image(name, AMD64, offline)
    assert (refused.value.hint or "").startswith("correct the path; if an image is meant: check the proxy")
    assert str(refused.value.__cause__).startswith("cannot connect to registry-1.docker.io ")


@pytest.mark.parametrize(
    "name", ["python:3.11", f"python@sha256:{'0' * 64}", "docker.io/typo", "Index.docker.io/a/typo"]
)
def test_an_image_with_a_host_a_tag_or_a_digest_is_not_a_path(name: str, offline: BuildContext) -> None:
    with pytest.raises(RemoteError, match=r"^cannot connect to registry-1\.docker\.io "):
        open_image(name, AMD64, offline)


def test_a_contract_in_a_missing_folder_with_a_dot_is_not_only_an_image(offline: BuildContext) -> None:
    expected = r"^no file or folder v1\.invalid/component\.yaml exists here, .* an image on v1\.invalid$"
    with pytest.raises(RemoteError, match=expected):
        open_image("v1.invalid/component.yaml", AMD64, offline)


def test_the_image_of_a_contract_is_not_a_path(tmp_path: Path, offline: BuildContext) -> None:
    contract = tmp_path / "component.yaml"
    image = f"python@sha256:{'0' * 64}"
    contract.write_text(f"name: a\nimplementation: {{container: {{image: '{image}', command: [run]}}}}\n")
    with pytest.raises(RemoteError, match=r"^cannot connect to registry-1\.docker\.io "):
        open_image(str(contract), AMD64, offline)


@pytest.mark.parametrize("name", ["./typo", "../typo", "/typo/component.yaml", "Typo", "typo/", "my folder"])
def test_a_misspelt_path_that_cannot_be_an_image_is_missing(name: str, offline: BuildContext) -> None:
    expected = f"^no file or folder {name} exists here, and it is not the name of an image$"
    with pytest.raises(InputError, match=expected) as refused:
        open_image(name, AMD64, offline)
    assert (refused.value.hint or "").startswith("correct the path; if an image is meant: ")


def test_a_misspelt_path_is_named_if_the_server_does_not_have_it(
    context: BuildContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RemoteError("registry-1.docker.io does not have it", status=404)

    monkeypatch.setattr(Remote, "head", lambda *_: None)
    monkeypatch.setattr(Remote, "pull", refuse)
    with pytest.raises(RemoteError, match=r"^no file or folder typo exists here") as refused:
        open_image("typo", AMD64, context)
    assert (refused.value.status, refused.value.hint) == (404, "correct the path")


def test_referrers_are_listed_or_warned_about(
    tmp_path: Path, context: BuildContext, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(FakeRemote()) as fake:
        folder = write_component(
            tmp_path / "pinned", small_base(tmp_path / "for"), settings=f'image = "{fake.host}/ml/count"'
        )
        reference = build(BuildRequest(folder=folder, push=True), context)
        subject = {"digest": reference.partition("@")[2], "size": 1, "mediaType": OCI_INDEX}
        empty = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": str(Digest.of(b"{}")), "size": 2}
        media_type = "application/vnd.oci.image.manifest.v1+json"
        signature = {
            "schemaVersion": 2,
            "mediaType": media_type,
            "artifactType": "application/x-signature",
            "config": empty,
            "layers": [],
            "subject": subject,
        }
        digest = fake.put_manifest("ml/count", json.dumps(signature).encode(), media_type)
        (referrer,) = open_image(reference, AMD64, context).referrers
        assert (referrer.artifact_type, referrer.digest) == ("application/x-signature", digest)
        fake.faults.fail("GET", "/referrers/", 403, times=2)
        assert open_image(reference, AMD64, context).referrers == ()
        assert "cannot tell what refers to the image" in caplog.text

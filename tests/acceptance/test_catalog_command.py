"""`comp catalog build` and `comp catalog serve`, as users run them."""

import http.client
import json
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.artifacts import base_of, component, installed, pack_wheel
from tests.catalogues import SCORE, TRAIN, publish, small_registry
from tests.commands import COMP, comp, ok
from tests.components import small_base
from tests.fake_remote import FakeRemote, serving
from tests.images import image_of, layer_of, tar_of
from toolkit.builders.embedded import EmbeddedBuilder
from toolkit.builders.planning import make_plan
from toolkit.cache.store import Cache
from toolkit.oci.descriptor import host_platform
from toolkit.oci.image import Image
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference
from toolkit.progress import silent
from toolkit.python.base import read_facts
from toolkit.registry.folder.directory import Directory
from toolkit.remote.client import Remote


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    small_registry(tmp_path / "shared")
    return tmp_path


def test_a_registry_becomes_pages(folder: Path) -> None:
    built = comp("catalog", "build", "--registry", "shared", folder=folder)
    assert (built.code, built.out, built.err) == (0, "site/index.html\n", "3 components: 3 made, 0 unchanged\n")
    publish(small_registry(folder / "shared"), "ml/score", "1.1.0", SCORE)
    again = comp("catalog", "build", "--registry", "shared", "--format", "json", folder=folder)
    assert json.loads(again.out) == {
        "index": "site/index.html",
        "components": 3,
        "made": 1,
        "unchanged": 2,
        "removed": 0,
        "failed": [],
    }


def test_the_pages_name_the_registry_as_readers_reach_it(folder: Path) -> None:
    ok("catalog", "build", "--registry", "shared", folder=folder)
    page = folder / "site" / "c" / "ml" / "score.html"
    assert "comp add ml/score@^1.0.0</code>" in page.read_text()
    assert str(folder) not in page.read_text()
    ok("catalog", "build", "--registry", "shared", "--address", "https://components.example", folder=folder)
    assert "comp add ml/score@^1.0.0 --registry https://components.example</code>" in page.read_text()


def test_a_folder_of_others_is_refused(folder: Path) -> None:
    (folder / "site").mkdir()
    (folder / "site" / "thesis.txt").write_text("mine")
    refused = comp("catalog", "build", "--registry", "shared", folder=folder)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == (
        "error: site has files that are not a catalogue's, such as thesis.txt\n\n"
        "hint: choose a new or an empty folder with --output, such as --output site-catalogue\n"
    )


def test_a_component_that_cannot_be_read_is_named(folder: Path) -> None:
    release = publish(small_registry(folder / "shared"), "ml/new", "1.0.0", SCORE)
    (blob,) = (folder / "shared" / "blobs").rglob(release.digest.hex)
    blob.write_text("{")
    built = comp("catalog", "build", "--registry", "shared", folder=folder)
    assert (built.code, built.out) == (3, "site/index.html\n")
    assert "warning: ml/new cannot be shown: " in built.err


def test_pages_say_which_layers_components_share(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path / "shared")
    base = layer_of(tar_of("base"))
    with serving(FakeRemote()) as fake:
        remote = Remote(environ={})
        for name, contract in (("train-model", TRAIN), ("score", SCORE)):
            image = image_of(
                [base, layer_of(tar_of(name))],
                config=lambda config: config.update(architecture=host_platform().architecture),
            )
            reference = parse_reference(f"{fake.host}/ml/{name}")
            remote.push(image, reference)
            publish(registry, f"ml/{name}", "1.0.0", contract, image=str(reference.with_digest(image.digest)))
        env = {"PATH": "/usr/bin", "HOME": str(tmp_path), "COMP_CACHE_DIR": str(tmp_path / "cache")}
        ok("catalog", "build", "--registry", "shared", "--images", "layers", folder=tmp_path, env=env)
    page = tmp_path / "site" / "c" / "ml" / "score.html"
    said = 'shared with <a href="../../c/ml/train-model.html">ml/train-model</a>'
    assert page.read_text().count(said) == 1
    assert "in 2 layers" in page.read_text()
    # What was read is kept, now that the server is gone.
    again = comp("catalog", "build", "--registry", "shared", "--title", "Other", folder=tmp_path, env=env)
    assert (again.code, again.err) == (0, "2 components: 2 made, 0 unchanged\n")
    assert said in page.read_text()


def test_pages_list_the_packages_of_an_image(tmp_path: Path) -> None:
    image = _image_with_a_wheel(tmp_path)
    registry = Directory.create(tmp_path / "shared")
    with serving(FakeRemote()) as fake:
        reference = parse_reference(f"{fake.host}/ml/score")
        Remote(environ={}).push(image, reference)
        publish(registry, "ml/score", "1.0.0", SCORE, image=str(reference.with_digest(image.digest)))
        env = {"PATH": "/usr/bin", "HOME": str(tmp_path), "COMP_CACHE_DIR": str(tmp_path / "cache")}
        for images, listed in (("layers", 0), ("packages", 1)):
            ok("catalog", "build", "--registry", "shared", "--images", images, folder=tmp_path, env=env)
            page = (tmp_path / "site" / "c" / "ml" / "score.html").read_text()
            assert page.count("<tr><td>demo</td><td><code>1.0</code></td>") == listed


def _image_with_a_wheel(folder: Path) -> Image:
    """Build an image with one wheel, demo 1.0, as comp builds them."""
    base, cache = read_layout(small_base(folder / "base"), platform=host_platform()), Cache(folder / "cache")
    wheel = pack_wheel(folder, {"demo/__init__.py": "A = 1\n"})
    on = base_of(base, read_facts(base, cache))
    plan = make_plan(component(folder / "component"), on, installed((wheel,), base), environ={})
    return EmbeddedBuilder(cache).build(plan, silent)


def test_an_image_without_a_network_is_a_warning(folder: Path) -> None:
    offline = {"PATH": "/usr/bin", "HOME": str(folder), "https_proxy": "http://127.0.0.1:9", "COMP_CACHE_DIR": "cache"}
    built = comp("catalog", "build", "--registry", "shared", "--images", "layers", folder=folder, env=offline)
    assert (built.code, built.out) == (0, "site/index.html\n")
    assert "the image of ml/score cannot be read" in built.err


def test_a_served_catalogue_follows_the_registry(folder: Path) -> None:
    command = [str(COMP), "catalog", "serve", "--registry", "shared", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            _follow_a_release(process, folder / "shared")
            process.terminate()
            assert process.wait(timeout=60) == 143
            assert process.stderr is not None
            assert process.stderr.read().splitlines() == [
                "3 components: 3 made, 0 unchanged",
                "4 components: 2 made, 2 unchanged",
            ]
        finally:
            process.kill()


def _follow_a_release(process: subprocess.Popen[str], shared: Path) -> None:
    """Wait as a browser does, publish a component, and read its page when it is announced."""
    assert process.stdout is not None
    connection = http.client.HTTPConnection(urlsplit(process.stdout.readline().strip()).netloc, timeout=60)
    connection.request("GET", "/-/changes")
    with connection.getresponse() as changes:
        assert changes.readline() == b"data: 0\n"
        publish(small_registry(shared), "ml/another", "1.0.0", SCORE)
        assert [changes.readline(), changes.readline()] == [b"\n", b"data: 1\n"]
    connection.close()
    connection.request("GET", "/c/ml/another.html")
    assert b"ml/another" in connection.getresponse().read()
    connection.close()

"""Engines pull and unpack our images, and find the files that pip installs."""

import hashlib
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from msgspec import Struct

from tests import unpacking
from tests.commands import ok, run_program
from tests.conftest import Sample
from tests.daemons import require, scratch
from tests.installed import Environment, differences, pip_install
from tests.registries import serving_registry
from toolkit import launcher
from toolkit.cache.store import Cache
from toolkit.image_paths import VENV
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import Platform
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote

# Extensions, a layer of a wheel's own, entry points; then what wheels hold beside packages: headers, data, a script
# in Python and a program.
_DEPENDENCIES = (
    *("click==8.5.1", "numpy==1.26.4", "requests==2.34.2", "scipy==1.17.1"),
    *("dumb-init==1.2.5.post1", "greenlet==3.5.6", "jmespath==1.1.0", "widgetsnbextension==4.0.16"),
)
_SHOWN = 50
_PRESENT = (
    "lib/python3.11/site-packages/greenlet/_greenlet.cpython-311-x86_64-linux-gnu.so",
    "include/site/python3.11/greenlet/greenlet.h",
    "share/jupyter/nbextensions/jupyter-js-widgets/extension.js",
    *("bin/dumb-init", "bin/f2py", "bin/jp.py"),
)


class Pushed(Struct, frozen=True, kw_only=True):
    """A component in `folder` whose image is `reference`; `pips` are the contents that pip makes of its lock."""

    folder: Path
    reference: str
    pips: Mapping[str, str]


@pytest.fixture(scope="session")
def pushed(cache_folder: Path, debian_base: Path) -> Iterator[Pushed]:
    with scratch("accepted") as work, serving_registry(work / "registry") as host:
        folder = Sample(work)("summarise_text")
        project = folder / "pyproject.toml"
        wanted = f"dependencies = {json.dumps(_DEPENDENCIES)}\n\n[tool.comp]\n"
        project.write_text(project.read_text().replace("\n[tool.comp]\n", wanted))
        environment = {**os.environ, "COMP_CACHE_DIR": str(cache_folder), "COMP_BASE": f"layout:{debian_base}"}
        reference = ok("build", folder, "--push", "--image", f"{host}/accepted/image", env=environment)
        pips = pip_install(folder / "requirements.lock", Cache(cache_folder), work / "pip")
        yield Pushed(folder=folder, reference=reference, pips=pips.contents())


def _check(unpacked: AbstractContextManager[Path], pushed: Pushed) -> None:
    """Compare what an engine unpacked with what pip installs and with the component's own files."""
    with unpacked as root:
        environment = Environment(root=root / VENV, python=f"/{VENV}/bin/python")
        found = differences(environment.contents(), pushed.pips)
        assert not found, "\n".join([f"{len(found)} differences", *found[:_SHOWN]])
        assert [path for path in _PRESENT if not (root / VENV / path).is_file()] == []
        assert (root / "opt/comp/launch.py").read_bytes() == launcher.source()
        source = pushed.folder / "src" / "summarise_text.py"
        assert (root / "opt/comp/app/summarise_text.py").read_bytes() == source.read_bytes()
        assert (root / "usr/bin/python3.11").is_file()


def test_docker(pushed: Pushed, docker_host: str) -> None:
    assert docker_host
    _check(unpacking.by_docker(pushed.reference), pushed)


def test_containerd(pushed: Pushed) -> None:
    _check(unpacking.by_containerd(pushed.reference), pushed)


def test_buildah(pushed: Pushed) -> None:
    _check(unpacking.by_buildah(pushed.reference), pushed)


def test_podman(pushed: Pushed) -> None:
    _check(unpacking.by_podman(pushed.reference), pushed)


def test_skopeo_and_umoci(pushed: Pushed) -> None:
    _check(unpacking.by_umoci(pushed.reference), pushed)


def test_skopeo_keeps_the_digest(pushed: Pushed, tmp_path: Path) -> None:
    digest = pushed.reference.partition("@")[2]
    inspect = (require("skopeo"), "inspect", "--raw", "--tls-verify=false")
    raw = run_program(*inspect, f"docker://{pushed.reference}")
    assert f"sha256:{hashlib.sha256(raw.encode()).hexdigest()}" == digest
    layout = tmp_path / "layout"
    unpacking.skopeo_copy(f"docker://{pushed.reference}", f"oci:{layout}:1")
    image = read_layout(layout, platform=Platform("linux", "amd64"))
    assert str(image.digest) == digest
    assert check_image(image) == []
    copied = f"{pushed.reference.partition('@')[0]}-copied:1"
    unpacking.skopeo_copy(f"oci:{layout}:1", f"docker://{copied}")
    assert run_program(*inspect, f"docker://{copied}") == raw
    found = Remote(environ=os.environ).head(parse_reference(copied))
    assert found is not None
    assert str(found.digest) == digest


def _installed(root: Path) -> Environment:
    """Make an environment of a few files, each of which a rule is about."""
    python = f"{root}/bin/python"
    tool = f"#!{python}\nprint()\n"
    digest = urlsafe_b64encode(hashlib.sha256(tool.encode()).digest()).rstrip(b"=").decode()
    rows = (
        f"../../../bin/tool,sha256={digest},{len(tool)}",
        f"demo-1.0.dist-info/INSTALLER,sha256={root.name},1",
        "demo.py,sha256=abc,8",
    )
    files = {
        "pyvenv.cfg": python,
        "bin/Demo": f"#!{python}\nworded by {root.name}",
        "bin/tool": tool,
        "lib/python3.11/site-packages/demo.py": "print()\n",
        "lib/python3.11/site-packages/demo-1.0.dist-info/INSTALLER": root.name,
        "lib/python3.11/site-packages/demo-1.0.dist-info/entry_points.txt": "[gui_scripts]\nDemo = demo:main\n",
        "lib/python3.11/site-packages/demo-1.0.dist-info/RECORD": "\n".join(rows),
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "bin" / "python").symlink_to(f"/{root.name}/python3.11")
    return Environment(root=root, python=python)


def test_the_comparison_names_all_that_differs(tmp_path: Path) -> None:
    ours, pips = _installed(tmp_path / "ours"), _installed(tmp_path / "pips")
    (pips.root / "lib/python3.11/__pycache__").mkdir()
    assert differences(ours.contents(), pips.contents()) == []
    site = ours.root / "lib/python3.11/site-packages"
    (site / "demo.py").chmod(0o755)
    (site / "more.py").symlink_to("demo.py")
    (site / "__pycache__").mkdir()
    (ours.root / "bin/Demo").chmod(0o600)
    (ours.root / "bin/tool").write_text("changed")
    record = site / "demo-1.0.dist-info" / "RECORD"
    record.write_text(record.read_text() + "\ndemo.py,sha256=abc,8")
    lines = differences(ours.contents(), pips.contents())
    assert lines[0] == "bin/Demo: file 0600 of an entry point, with pip file 0644 of an entry point"
    assert [line.partition(": ")[0].removeprefix("lib/python3.11/site-packages/") for line in lines] == [
        "bin/Demo",
        "bin/tool",
        "demo-1.0.dist-info/RECORD, ../../../bin/tool",
        "demo-1.0.dist-info/RECORD, demo.py",
        "demo.py",
        "more.py",
    ]
    assert lines[-1].endswith("more.py: link to demo.py, with pip nothing")


def test_what_an_engine_mounted_goes_when_a_test_fails() -> None:
    seen = list[Path]()

    def fail() -> None:
        with scratch("mounted") as folder:
            seen.append(folder / "a b")
            seen[0].mkdir()
            run_program("mount", "-t", "tmpfs", "none", seen[0])
            assert not seen[0].is_mount()

    with pytest.raises(AssertionError):
        fail()
    assert not seen[0].parent.exists()

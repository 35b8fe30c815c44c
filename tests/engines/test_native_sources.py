"""Source distributions with machine code are built in a container of the base if this machine's result does not fit."""

import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.bases import make_debian_base
from tests.commands import comp, ok
from tests.daemons import require
from tests.images import image_of, layer_of, tar_with
from toolkit.oci.layout import write_layout

_NAME = "comp-test-adding"
_SETTINGS = f"""[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "{_NAME}"
version = "1.0"

[tool.setuptools]
ext-modules = [{{name = "comp_test_adding", sources = ["adding.c"]}}]
"""
_CODE = """
#include <Python.h>

static PyObject *add(PyObject *self, PyObject *args) {
    long a, b;
    return PyArg_ParseTuple(args, "ll", &a, &b) ? PyLong_FromLong(a + b) : NULL;
}

static PyMethodDef methods[] = {{"add", add, METH_VARARGS, "Add."}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "comp_test_adding", NULL, -1, methods};

PyMODINIT_FUNC PyInit_comp_test_adding(void) { return PyModule_Create(&module); }
"""
_COMPONENT = f"""[project]
name = "adding"
version = "1.0.0"
requires-python = ">=3.11"
dependencies = ["{_NAME}"]

[tool.comp]
entrypoint = "adding:adding"
allow-builds = ["{_NAME}"]
"""
_FUNCTION = '''"""Add."""

import comp_test_adding


def adding(a: int, b: int) -> int:
    """Add two numbers."""
    return comp_test_adding.add(a, b)
'''


_COMPILER = ("gcc", "libc6-dev", "python3-dev")


@pytest.fixture(scope="module")
def compiler_base(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Path:
    """The layout of a base with a compiler and Python's headers, whose user is not root."""
    kept = os.environ.get("COMP_TEST_BASE")
    folder = Path(kept).with_name("debian-compiler") if kept else tmp_path_factory.mktemp("compiler") / "layout"
    if not (folder / "oci-layout").is_file():
        made = make_debian_base(folder, cache=cache_folder, packages=_COMPILER).images[0]
        image = image_of(made.layers, config=lambda data: data.update(config={"User": "65534"}))
        write_layout(image, folder.with_name("nobody"), name="base")
        shutil.rmtree(folder)
        folder.with_name("nobody").rename(folder)
    return folder


@pytest.fixture
def adding(tmp_path: Path, debian_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A component that needs machine code of which there is only the source, where no compiler is at hand."""
    links = tmp_path / "links"
    links.mkdir()
    with tarfile.open(links / f"{_NAME}-1.0.tar.gz".replace("-", "_", 2), "w:gz") as archive:
        metadata = f"Metadata-Version: 2.2\nName: {_NAME}\nVersion: 1.0\n"
        for name, text in {"pyproject.toml": _SETTINGS, "adding.c": _CODE, "PKG-INFO": metadata}.items():
            member = tarfile.TarInfo(f"{_NAME}-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    folder = tmp_path / "adding"
    (folder / "src").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(_COMPONENT)
    (folder / "src" / "adding.py").write_text(_FUNCTION)
    monkeypatch.setenv("UV_FIND_LINKS", str(links))
    monkeypatch.setenv("COMP_BASE", f"layout:{debian_base}")
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("CC", "/no/compiler")
    monkeypatch.setenv("COMP_ALLOW_BUILDS", "true")
    ok("generate", folder)
    return folder


@pytest.mark.parametrize("engine", ["docker", "buildah"])
def test_machine_code_is_built_in_a_container(
    adding: Path, compiler_base: Path, docker_host: str, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    assert docker_host
    if engine == "buildah":
        require("buildah")
        monkeypatch.setenv("DOCKER_HOST", "unix:///no/docker.sock")
    slim = comp("lock", adding)
    assert slim.code == 1
    assert "needs a compiler and Python's headers, and the base does not have them" in slim.err
    assert "\n\nhint: set `build-base = " in slim.err
    monkeypatch.setenv("COMP_BUILD_BASE", f"layout:{compiler_base}")
    locked = comp("lock", adding)
    assert locked.code == 0, locked.err
    assert "in a container of the base: it does not build here\n" in locked.err
    lock = (adding / "requirements.lock").read_text()
    assert "-cp311-cp311-linux_x86_64.whl from comp_test_adding-1.0.tar.gz" in lock
    # Once: what is known is not built again, and comes out the same where it is not known.
    assert "building" not in comp("lock", adding, "--upgrade").err
    monkeypatch.setenv("COMP_CACHE_DIR", str(adding.parent / "other"))
    ok("lock", adding, "--upgrade")
    assert (adding / "requirements.lock").read_text() == lock
    assert ok("run", adding, "--runner", engine, "-i", "a=40", "-i", "b=2", folder=adding) == "Output=42"


def test_what_cannot_be_built_anywhere(adding: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/docker.sock")
    other = {
        "usr/bin/python3": b"\x7fELF\0\x003.12.4\0",
        "usr/lib/x86_64-linux-gnu/libc.so.6": b"\0GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n",
    }
    write_layout(image_of([layer_of(tar_with(other))]), tmp_path / "other", name="other")
    monkeypatch.setenv("COMP_BUILD_BASE", f"layout:{tmp_path / 'other'}")
    refused = comp("lock", adding)
    assert refused.code == 1
    assert f"what is built in layout:{tmp_path / 'other'} (Python 3.12.4, glibc 2.36) would not run on" in refused.err
    alone = comp("lock", adding, env={**os.environ, "PATH": "/no/where"})
    assert alone.code == 1
    assert "does not build: " in alone.err
    assert "in a container of the base it may build, but neither docker nor buildah is here; " in alone.err

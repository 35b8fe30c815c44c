"""Bytecode in real images: compiled without a container, and equal to that of the container's own Python."""

import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.conftest import Sample
from tests.images import layer_of, tar_with
from toolkit.oci.assemble import assemble
from toolkit.oci.blob import ChunkStream, gunzip
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.layout import read_layout, write_layout

# Compiles every source of the environment again, inside the container, and compares: the head with what kind of
# file it is and the hash of the source, and the code itself.
COMPARE = """
import glob, importlib.util, json, marshal, os, sys, warnings
warnings.simplefilter("ignore")
same, other, none = 0, [], 0
for source in glob.glob(sys.prefix + "/lib/python3*/site-packages/**/*.py", recursive=True):
    folder, name = os.path.split(source)
    known = f"{folder}/__pycache__/{name[:-3]}.{sys.implementation.cache_tag}.pyc"
    if not os.path.exists(known):
        none += not {"test", "tests"} & set(source.split("/"))
        continue
    text, found = open(source, "rb").read(), open(known, "rb").read()
    head = importlib.util.MAGIC_NUMBER + bytes([1, 0, 0, 0]) + importlib.util.source_hash(text)
    if found[:16] == head and marshal.loads(found[16:]) == compile(text, source, "exec", dont_inherit=True):
        same += 1
    else:
        other.append(source)
print(json.dumps({"same": same, "other": other, "none": none}))
"""
NAME = "load_table"
AMD64 = Platform("linux", "amd64")


def _paths(image: Image) -> set[str]:
    found = set()
    for layer in image.layers[1:]:
        with tarfile.open(fileobj=gunzip(ChunkStream(layer.chunks())), mode="r|") as archive:
            found |= {member.name for member in archive if member.isfile()}
    return found


def test_it_is_what_the_container_compiles(sample: Sample, docker_host: str) -> None:
    folder = sample(NAME)
    ok("build", folder, "--output", "docker")
    command = ["docker", "run", "--rm", "--env", "PYTHONHASHSEED=0", "--user", "12345", "load-table:1.0.0"]
    done = subprocess.run([*command, "python", "-c", COMPARE], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["other"] == []
    assert found["same"] > 500
    # A few sources do not compile on purpose, or not by this Python.
    assert found["none"] < 10
    assert docker_host


def test_it_can_be_left_out(sample: Sample, tmp_path: Path) -> None:
    folder = sample(NAME)
    images = {}
    for wanted in ("true", "false"):
        settings = (folder / "pyproject.toml").read_text().replace("bytecode = true\n", "")
        (folder / "pyproject.toml").write_text(settings.replace("[tool.comp]\n", f"[tool.comp]\nbytecode = {wanted}\n"))
        ok("build", folder, "--output", f"layout:{tmp_path / wanted}")
        images[wanted] = read_layout(tmp_path / wanted, platform=AMD64)
    assert not [path for path in _paths(images["false"]) if path.endswith(".pyc")]
    more = _paths(images["true"]) - _paths(images["false"])
    assert {Path(path).suffix for path in more} == {".pyc"}
    # The wheels' own layers are the same either way.
    kept = {layer.descriptor.digest for layer in images["false"].layers}
    assert kept < {layer.descriptor.digest for layer in images["true"].layers}


def test_an_interpreter_that_does_not_run_is_told_and_refused_when_locked(
    sample: Sample, debian_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = sample(NAME)
    # The same base, whose interpreter is no program at all.
    layout = tmp_path / "base"
    real = read_layout(debian_base, platform=AMD64)
    broken = {"usr/bin/python3.11": b"\x7fELF\x003.11.77\0"}
    layer = layer_of(tar_with(broken))
    described = assemble(
        real, [layer], history=["broken"], command=[], env={}, labels={}, annotations={}, created="", user=None
    )
    write_layout(described, layout)
    monkeypatch.setenv("COMP_BASE", f"layout:{layout}")
    told = comp("build", folder)
    assert told.code == 0, told.err
    assert (
        "no Python 3.11.77 runs here to compile for linux/amd64; the base's own does not run: "
        "/usr/bin/python3.11 is not a program of this machine: the image has no bytecode"
    ) in told.err
    refused = comp("build", folder, "--locked")
    assert (refused.code, refused.out) == (1, "")
    assert "bytecode is part of the image" in refused.err
    assert "bytecode = false" in refused.err
    assert ok("build", folder, "--locked", env={**os.environ, "COMP_BYTECODE": "false"}) == told.out.strip()

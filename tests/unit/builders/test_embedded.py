import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.artifacts import Packed, component, pack_wheel, save_wheel
from tests.planned import build, folder_tree, layer_trees, make, two_wheels
from toolkit.builders import planning
from toolkit.builders.embedded import EmbeddedBuilder
from toolkit.builders.materialise import materialise
from toolkit.builders.plan import WheelsLayer
from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import DOCKER_MANIFEST
from toolkit.progress import Progress, silent
from toolkit.wheels import splice
from toolkit.wheels.collisions import warn_of_collisions


@pytest.mark.parametrize("docker", [False, True])
def test_a_sound_image_of_the_bases_family(tmp_path: Path, *, docker: bool) -> None:
    image = build(component(tmp_path / "c"), tmp_path / "cache", two_wheels(tmp_path), docker=docker)
    assert check_image(image) == []
    assert (image.media_type == DOCKER_MANIFEST) is docker
    assert [entry["created_by"] for entry in image.parsed_config()["history"][-3:]] == [
        "comp: launcher and virtual environment",
        "comp: 2 wheels",
        "comp: code",
    ]


def test_the_second_build_reads_no_wheel(tmp_path: Path) -> None:
    project, wheels = component(tmp_path / "c"), two_wheels(tmp_path)
    first = build(project, tmp_path / "cache", wheels)
    for wheel in wheels:
        wheel.path.unlink()
    again = build(project, tmp_path / "cache", wheels)
    assert (again.manifest, again.config) == (first.manifest, first.config)


def test_known_layers_are_not_framed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path / "cache")
    packed = pack_wheel(tmp_path, {"one.so": os.urandom(20_000), "two.py": "2"}, name="one")
    cache.store_verified(iter((packed.path.read_bytes(),)), digest=packed.digest, what="a wheel")
    wheel = replace(packed, path=cache.blob_path(packed.digest))
    image = build(component(tmp_path / "c"), cache.root, (wheel,))
    expected = [b"".join(layer.chunks()) for layer in image.layers]
    monkeypatch.setattr(WheelsLayer, "entries", None)
    again = build(component(tmp_path / "c"), cache.root, (wheel,))
    assert [b"".join(layer.chunks()) for layer in again.layers] == expected
    assert check_image(again) == []


def test_a_change_of_code_changes_one_layer(tmp_path: Path) -> None:
    project, wheels = component(tmp_path / "c"), two_wheels(tmp_path)
    before = build(project, tmp_path / "cache", wheels)
    with (tmp_path / "c/src/count_words.py").open("a") as code:
        code.write("# changed\n")
    after = build(project, tmp_path / "cache", wheels)
    changed = [old.descriptor != new.descriptor for old, new in zip(before.layers, after.layers, strict=True)]
    assert changed == [False, False, False, True]


def test_large_code_is_streamed_and_sound(tmp_path: Path) -> None:
    project = component(tmp_path / "c")
    (tmp_path / "c/src/weights.bin").write_bytes(os.urandom(3_000_000))
    assert check_image(build(project, tmp_path / "cache")) == []


def test_collisions_are_told_each_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    wheels = two_wheels(tmp_path)
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            (found,) = warn_of_collisions(wheels, minor="3.11", cache=Cache(tmp_path / "cache"))
        assert "one-1.0-py3-none-any.whl and two-1.0-py3-none-any.whl" in caplog.text
        assert "shared.py" in caplog.text
    assert found.winner == "two-1.0-py3-none-any.whl"
    image = build(component(tmp_path / "c"), tmp_path / "cache", wheels)
    assert layer_trees(image)["opt/comp/venv/lib/python3.11/site-packages/shared.py"][3] == b"two"


def test_names_that_differ_in_case_are_told_each_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    wheel = pack_wheel(tmp_path, {"a/Fit.py": "1", "a/fit.py": "2"}, name="a")
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert warn_of_collisions((wheel,), minor="3.11", cache=Cache(tmp_path / "cache")) == ()
        assert "a-1.0-py3-none-any.whl: a/Fit.py and a/fit.py differ in case alone" in caplog.text
    image = build(component(tmp_path / "c"), tmp_path / "cache", (wheel,))
    tree = layer_trees(image)
    folder = "opt/comp/venv/lib/python3.11/site-packages/a"
    assert (tree[f"{folder}/Fit.py"][3], tree[f"{folder}/fit.py"][3]) == (b"1", b"2")


@pytest.mark.parametrize(
    "record", ["{}", "[]", '{"found": 3}', '{"found": [[1]], "case": []}', '{"found": [], "new": 1}']
)
def test_records_of_another_version_change_nothing(tmp_path: Path, record: str) -> None:
    first = build(component(tmp_path / "c"), tmp_path / "cache", two_wheels(tmp_path))
    for path in (tmp_path / "cache").rglob("*.json"):
        path.write_text(record)
    again = build(component(tmp_path / "c"), tmp_path / "cache", two_wheels(tmp_path))
    assert again.digest == first.digest
    assert check_image(again) == []
    assert len(warn_of_collisions(two_wheels(tmp_path), minor="3.11", cache=Cache(tmp_path / "cache"))) == 1


@pytest.mark.parametrize("year", [1970, 2040])
def test_the_clock_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, year: int) -> None:
    first = build(component(tmp_path / "c"), tmp_path / "cache", two_wheels(tmp_path))
    now = (year - 1970) * 31556952.0 + 1
    monkeypatch.setattr(time, "time", lambda: now)
    monkeypatch.setattr(time, "time_ns", lambda: int(now) * 10**9)
    wheels = two_wheels(tmp_path / "later")
    project = component(tmp_path / "d")
    for path in (*(tmp_path / "d").rglob("*"), *(wheel.path for wheel in wheels)):
        os.utime(path, (now, now))
    again = build(project, tmp_path / "empty", wheels)
    assert again.digest == first.digest
    assert check_image(again) == []


def test_a_wheel_that_is_too_big_for_one_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"big/m{number}.bin": os.urandom(1000) for number in range(20)}
    (wheel,) = wheels = (pack_wheel(tmp_path, {name: Packed(data=data) for name, data in files.items()}, name="big"),)
    monkeypatch.setattr(planning, "BIG_WHEEL", 1000)
    whole = layer_trees(build(component(tmp_path / "c"), tmp_path / "cache", wheels))
    monkeypatch.setattr(splice, "LARGEST_LAYER", 8000)
    plan = make(component(tmp_path / "c"), wheels)
    count = -(-wheel.size // 8000)
    assert [layer.name for layer in plan.layers[1:-1]] == [f"big, part {n} of {count}" for n in range(1, count + 1)]
    image = EmbeddedBuilder(Cache(tmp_path / "cache")).build(plan, silent)
    assert check_image(image) == []
    assert layer_trees(image) == whole
    assert max(layer.descriptor.size for layer in image.layers[2:-1]) < 8000 + 2500
    materialise(plan, tmp_path / "tree")
    (tmp_path / "tree/opt").chmod(0o755)
    found = folder_tree(tmp_path / "tree")
    found.pop("opt")
    assert found == whole


def test_progress_counts_layers(tmp_path: Path) -> None:
    reports: list[Progress] = []
    EmbeddedBuilder(Cache(tmp_path / "cache")).build(make(component(tmp_path / "c")), reports.append)
    assert [(report.done, report.total) for report in reports] == [(1, 2), (2, 2)]


def test_a_broken_wheel_ends_the_build(tmp_path: Path) -> None:
    (wheel, _) = two_wheels(tmp_path)
    wheel = save_wheel(tmp_path, wheel.filename, b"no zip")
    with pytest.raises(InputError, match="not a zip archive"):
        build(component(tmp_path / "c"), tmp_path / "cache", (wheel,))


SCRIPT = """
import os, sys
from pathlib import Path
os.umask(int(sys.argv[1], 8))
sys.path.insert(0, sys.argv[2])
from tests.artifacts import base_image, base_of, component, installed, pack_wheel
from toolkit.builders.embedded import EmbeddedBuilder
from toolkit.builders.planning import make_plan
from toolkit.cache.store import Cache
from toolkit.progress import silent
root = Path.cwd()
project = component(root / "component")
(root / "component/src/data.txt").write_text("ä", encoding="utf-8")
if sys.argv[3] == "git":
    (root / "component/.git").mkdir()
    (root / "component/src/.git").write_text("gitdir: elsewhere")
    os.utime(root / "component/src/data.txt", (10**9, 10**9))
wheels = (pack_wheel(root, {"a/__init__.py": "1", "b.py": "2"}, name="a"), pack_wheel(root, {"c.py": "3"}, name="c"))
base = base_image()
plan = make_plan(project, base_of(base), installed(wheels, base), environ={})
print(EmbeddedBuilder(Cache(root / "cache")).build(plan, silent).digest)
"""


def test_one_digest_wherever_and_whenever_it_is_built(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[3])
    runs = {
        "plain": ("022", "none", {"TZ": "UTC", "LC_ALL": "C"}),
        "a much longer name of a folder": ("077", "git", {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}),
        "third": ("000", "none", {"TZ": "America/Lima", "PYTHONHASHSEED": "7", "HOME": "/nowhere"}),
    }
    digests = set()
    for name, (umask, git, environ) in runs.items():
        (tmp_path / name).mkdir()
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT, umask, root, git],
            cwd=tmp_path / name,
            env={"PATH": os.environ["PATH"], **environ},
            check=True,
            timeout=60,
            capture_output=True,
            text=True,
        )
        digests.add(ran.stdout)
    assert len(digests) == 1


def test_nothing_of_this_machine_is_in_the_image(tmp_path: Path) -> None:
    image = build(component(tmp_path / "c"), tmp_path / "cache", two_wheels(tmp_path))
    for raw in (image.manifest, image.config):
        assert str(tmp_path).encode() not in raw
    assert json.loads(image.manifest)["annotations"]["org.opencontainers.image.created"] == "2024-02-03T04:05:06Z"


def test_the_user_of_the_settings(tmp_path: Path) -> None:
    project = replace(component(tmp_path / "c"), user="65532")
    assert build(project, tmp_path / "cache").parsed_config()["config"]["User"] == "65532"

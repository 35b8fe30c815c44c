import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest

from tests.artifacts import Packed, pack_wheel, save_wheel
from tests.layers import measure, splice
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.image_paths import VENV
from toolkit.wheels.install import installed_files
from toolkit.wheels.wheel import Wheel, open_wheel

SITE = f"{VENV}/lib/python3.11/site-packages"


def members(name: str) -> Mapping[str, bytes | str | Packed]:
    return {
        f"{name}/__init__.py": "import sys\n" * 90,
        f"{name}/empty.py": "",
        f"{name}/stored.bin": Packed(data=bytes(range(256)) * 900, method=zipfile.ZIP_STORED),
        f"{name}/big.txt": Packed(data=b"large file to come " * 9999, zip64=True),
        f"{name}/" + "long_name_" * 15 + ".py": "long = 1\n",
        f"{name}/größe.txt": "ö",
        f"{name}-1.0.data/scripts/{name}-tool": Packed(data=b"#!python\nprint(1)\n"),
        f"{name}-1.0.dist-info/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }


def sample(folder: Path, name: str = "demo", *, descriptors: bool = False) -> Wheel:
    return pack_wheel(folder, members(name), name=name, descriptors=descriptors)


def extracted(data: bytes) -> dict[str, tuple[int, bytes]]:
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        found = {}
        for member in archive:
            stream = archive.extractfile(member)
            if stream:
                assert member.name not in found
                found[member.name] = (member.mode, stream.read())
    return found


@pytest.mark.parametrize("descriptors", [False, True])
def test_the_layer_holds_what_the_wheel_installs(tmp_path: Path, *, descriptors: bool) -> None:
    wheel = sample(tmp_path, descriptors=descriptors)
    with open_wheel(wheel) as opened:
        expected = {
            file.path: (file.mode, b"".join(file.chunks())) for file, _ in installed_files(opened, minor="3.11")
        }
    assert extracted(b"".join(splice((wheel,), minor="3.11"))) == expected


def test_a_layer_is_fixed_to_the_last_byte(tmp_path: Path) -> None:
    # Stored members only: which bytes zlib packs into the wheel here is nothing we promise.
    stored: Mapping[str, bytes | str | Packed] = {
        "demo/__init__.py": Packed(data=b"x = 1\n" * 20, method=zipfile.ZIP_STORED),
        "demo-1.0.dist-info/entry_points.txt": "[console_scripts]\ndemo = demo:main\n",
    }
    wheel = pack_wheel(tmp_path, stored, method=zipfile.ZIP_STORED)
    measured = measure((wheel,), minor="3.11", cache=Cache(tmp_path / "cache"))
    # A change here changes every image: raise LAYOUT_VERSION or ENCODER_VERSION with it.
    assert str(measured.digest) == "sha256:7294d7ebe4ed64fedfdd55dba4d0d0b1081a94cd06ea75186ddcb9df38033395"
    assert str(measured.diff_id) == "sha256:ab7778ee145c5bfe7854c33599156c9095c76c3155f45ed963eeaaa3f049b2e0"


def test_measure_agrees_with_splice(tmp_path: Path) -> None:
    wheels = (sample(tmp_path, "one"), sample(tmp_path, "two"))
    measured = measure(wheels, minor="3.12", cache=Cache(tmp_path / "cache"))
    data = b"".join(splice(wheels, minor="3.12"))
    assert (measured.digest, measured.size) == (Digest.of(data), len(data))


def test_the_recipe_decides_about_the_cache(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    one, two = sample(tmp_path, "one"), sample(tmp_path, "two")
    known = measure((one, two), minor="3.11", cache=cache)
    assert measure((two, one), minor="3.11", cache=cache).digest != known.digest
    assert measure((one, two), minor="3.12", cache=cache).digest != known.digest
    one.path.unlink()
    assert measure((one, two), minor="3.11", cache=cache) == known


def test_of_two_files_the_later_wheels_stays(tmp_path: Path) -> None:
    one = pack_wheel(tmp_path, {"shared.py": "one"}, name="one")
    two = pack_wheel(tmp_path, {"shared.py": "two"}, name="two")
    assert extracted(b"".join(splice((one, two), minor="3.11")))[f"{SITE}/shared.py"][1] == b"two"
    assert extracted(b"".join(splice((two, one), minor="3.11")))[f"{SITE}/shared.py"][1] == b"one"


def test_a_damaged_member_is_found_while_measuring_and_nothing_is_remembered(tmp_path: Path) -> None:
    wheel = sample(tmp_path)
    data = bytearray(wheel.path.read_bytes())
    data[data.index(b"PK\x01\x02") + 16] ^= 1
    wheel = save_wheel(tmp_path, wheel.filename, bytes(data))
    cache = Cache(tmp_path / "cache")
    with pytest.raises(InputError, match=r"demo-1\.0-py3-none-any\.whl: demo/__init__\.py: .*CRC32"):
        measure((wheel,), minor="3.11", cache=cache)
    assert not list(tmp_path.rglob("*.json"))


def test_same_tree_as_uv_installs(tmp_path: Path) -> None:
    wheel = sample(tmp_path)
    target = tmp_path / "target"
    command = [sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-deps", "--no-cache", "--no-config"]
    subprocess.run([*command, "--target", target, wheel.path], check=True, timeout=60, capture_output=True)
    theirs = {
        path.relative_to(target).as_posix(): path.read_bytes()
        for path in target.rglob("*")
        if path.is_file() and path.relative_to(target).parts[0] in {"demo", "demo-1.0.dist-info"}
    }
    layer = extracted(b"".join(splice((wheel,), minor="3.11")))
    ours = {path.removeprefix(SITE + "/"): data for path, (_, data) in layer.items() if path.startswith(SITE)}
    notes = {
        f"demo-1.0.dist-info/{name}"
        for name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")
    }
    assert {path: data for path, data in theirs.items() if path not in notes} == {
        path: data for path, data in ours.items() if path not in notes
    }


MEMORY = """
import json, re, sys
from pathlib import Path
from toolkit.cache.store import Cache
from tests.layers import measure, splice
from toolkit.digest import Digest
from toolkit.wheels.wheel import Wheel
wheel = Wheel(filename="demo-1.0-py3-none-any.whl", digest=Digest("0" * 64), path=Path(sys.argv[1]), size=1)
def peak():
    # Not getrusage: its maximum survives exec and so counts the process that started this one.
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
before = peak()
measured = measure((wheel,), minor="3.11", cache=Cache(Path(sys.argv[2])))
size = sum(len(chunk) for chunk in splice((wheel,), minor="3.11"))
print(json.dumps([before, peak(), size == measured.size]))
"""


def test_memory_does_not_grow_with_the_wheel(tmp_path: Path) -> None:
    # Zeros deflate a thousandfold, the others are stored as they are.
    data = bytes(60_000_000)
    files: dict[str, Packed] = {f"demo/zeros_{number}.bin": Packed(data=data) for number in range(3)}
    files["demo/stored.bin"] = Packed(data=data, method=zipfile.ZIP_STORED)
    wheel = pack_wheel(tmp_path, files)
    ran = subprocess.run(
        [sys.executable, "-c", MEMORY, wheel.path, tmp_path / "cache"], check=True, timeout=120, capture_output=True
    )
    before, peak, agree = json.loads(ran.stdout)
    assert agree
    assert peak - before < 20_000  # kibibytes
    assert peak < 60_000

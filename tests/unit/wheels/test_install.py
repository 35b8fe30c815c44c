import logging
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

import installer
import pytest
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile

from tests.artifacts import Packed, pack_wheel
from toolkit.errors import InputError
from toolkit.image_paths import VENV
from toolkit.wheels.install import installed_files
from toolkit.wheels.wheel import Wheel, open_wheel

SITE = f"{VENV}/lib/python3.11/site-packages"
INFO = "demo-1.0.dist-info"
DATA = "demo-1.0.data"

FULL: Mapping[str, bytes | str | Packed] = {
    "demo/__init__.py": "def main():\n    return 0\n",
    "demo/native.so": Packed(data=b"\x7fELF", mode=0o100755),
    f"{DATA}/purelib/pure.py": "pure = 1\n",
    f"{DATA}/platlib/plat.py": "plat = 1\n",
    f"{DATA}/headers/demo.h": "#pragma once\n",
    f"{DATA}/headers/sub/more.h": "#pragma once\n",
    f"{DATA}/data/share/demo/table.csv": "a,b\n",
    f"{DATA}/scripts/tool": "#!python -u\nprint('tool')\n",
    f"{DATA}/scripts/windowed": "#!pythonw\nprint('w')\n",
    f"{DATA}/scripts/shell": "#!/bin/sh\necho shell\n",
    f"{DATA}/scripts/binary": Packed(data=bytes(range(256)) * 500),
    f"{DATA}/scripts/empty": "",
    f"{INFO}/entry_points.txt": "[console_scripts]\ndemo = demo:main\ndeep = demo:a.b [extra]\n\n"
    "[gui_scripts]\ndemo-gui = demo:main\n\n[other]\nx = y\n",
    f"{INFO}/licenses/LICENSE": "free\n",
}


def tree(wheel: Wheel, minor: str = "3.11") -> dict[str, tuple[int, bytes]]:
    with open_wheel(wheel) as opened:
        files = list(installed_files(opened, minor=minor))
        found = {file.path: (file.mode, b"".join(file.chunks())) for file, _ in files}
    assert len(found) == len(files)
    return found


def by_installer(wheel: Wheel, root: Path) -> dict[str, tuple[int, bytes]]:
    """Install with the library, as a second opinion."""
    site = root / SITE
    schemes = {
        "purelib": str(site),
        "platlib": str(site),
        "headers": str(root / VENV / "include/site/python3.11/demo"),
        "scripts": str(root / VENV / "bin"),
        "data": str(root / VENV),
    }
    destination = SchemeDictionaryDestination(schemes, interpreter=f"/{VENV}/bin/python", script_kind="posix")
    with WheelFile.open(wheel.path) as source:
        installer.install(source, destination, {"INSTALLER": b"comp\n"})
    files = [path for path in root.rglob("*") if path.is_file()]
    return {
        path.relative_to(root).as_posix(): (0o755 if path.stat().st_mode & 0o100 else 0o644, path.read_bytes())
        for path in files
    }


def rows(record: bytes) -> Iterator[tuple[str, str]]:
    for line in record.decode().splitlines():
        path, _, rest = line.partition(",")
        yield posixpath.normpath(path), rest


def test_same_tree_as_the_installer_library(tmp_path: Path) -> None:
    wheel = pack_wheel(tmp_path, FULL)
    ours, theirs = tree(wheel), by_installer(wheel, tmp_path / "root")
    # The words of generated scripts are ours, and the library keeps 0644 for scripts that the wheel brings so.
    generated = {f"{VENV}/bin/{name}" for name in ("demo", "deep", "demo-gui")}
    record = f"{SITE}/{INFO}/RECORD"
    assert set(ours) == set(theirs)
    for path in set(ours) - generated - {record}:
        assert ours[path][1] == theirs[path][1], path
        if not path.startswith(f"{VENV}/bin/"):
            assert ours[path][0] == theirs[path][0], path
    ours_recorded, theirs_recorded = dict(rows(ours[record][1])), dict(rows(theirs[record][1]))
    assert set(ours_recorded) == set(theirs_recorded)
    own_words = {f"../../../bin/{path.rpartition('/')[2]}" for path in generated}
    assert {k: v for k, v in ours_recorded.items() if k not in own_words} == {
        k: v for k, v in theirs_recorded.items() if k not in own_words
    }


def test_scripts_run_in_the_image(tmp_path: Path) -> None:
    found = tree(pack_wheel(tmp_path, FULL))
    mode, text = found[f"{VENV}/bin/demo"]
    assert mode == 0o755
    assert text.decode() == (
        "#!/opt/comp/venv/bin/python\nimport sys\n\nfrom demo import main\n\n"
        'if __name__ == "__main__":\n    sys.exit(main())\n'
    )
    assert b"from demo import a\n" in found[f"{VENV}/bin/deep"][1]
    assert b"sys.exit(a.b())" in found[f"{VENV}/bin/deep"][1]
    assert found[f"{VENV}/bin/tool"] == (0o755, b"#!/opt/comp/venv/bin/python\nprint('tool')\n")
    assert found[f"{VENV}/bin/shell"] == (0o755, b"#!/bin/sh\necho shell\n")
    assert found[f"{VENV}/bin/binary"][0] == 0o755


def test_paths_follow_the_minor_version(tmp_path: Path) -> None:
    found = tree(pack_wheel(tmp_path, FULL), minor="3.12")
    assert f"{VENV}/lib/python3.12/site-packages/demo/__init__.py" in found
    assert f"{VENV}/include/site/python3.12/demo/sub/more.h" in found


def test_notes_of_other_installers_are_replaced(tmp_path: Path) -> None:
    found = tree(
        pack_wheel(tmp_path, {f"{INFO}/{name}": "x" for name in ("INSTALLER", "REQUESTED", "direct_url.json")})
    )
    assert found[f"{SITE}/{INFO}/INSTALLER"][1] == b"comp\n"
    assert f"{SITE}/{INFO}/REQUESTED" not in found
    assert f"{SITE}/{INFO}/direct_url.json" not in found
    recorded = [path for path, _ in rows(found[f"{SITE}/{INFO}/RECORD"][1])]
    assert recorded == [f"{INFO}/{name}" for name in ("INSTALLER", "METADATA", "RECORD", "WHEEL")]


def test_bytecode_in_a_wheel_is_left_out(tmp_path: Path) -> None:
    found = tree(pack_wheel(tmp_path, {"demo/__pycache__/x.cpython-311.pyc": "x", "demo/x.py": "x"}))
    assert not [path for path in found if "__pycache__" in path]
    assert b"__pycache__" not in found[f"{SITE}/{INFO}/RECORD"][1]


def test_an_entry_point_wins_over_a_script_of_its_name(tmp_path: Path) -> None:
    wheel = pack_wheel(
        tmp_path,
        {f"{DATA}/scripts/demo": "#!python\n", f"{INFO}/entry_points.txt": "[console_scripts]\ndemo=demo:main\n"},
    )
    found = tree(wheel)
    assert b"from demo import main" in found[f"{VENV}/bin/demo"][1]
    assert found[f"{SITE}/{INFO}/RECORD"][1].count(b"bin/demo,") == 1


@pytest.mark.parametrize(
    ("files", "options", "problem"),
    [
        ({}, {"record": "a,b\n"}, "RECORD does not parse"),
        ({}, {"record": f"{INFO}/WHEEL,sha256,1\n"}, "RECORD does not parse"),
        ({}, {"record": ""}, "missing demo-1.0.dist-info/RECORD"),
        ({}, {"wheel_version": "2.0"}, "Wheel-Version is '2.0'"),
        ({"other-1.0.dist-info/METADATA": "x"}, {}, "2 .dist-info folders"),
        ({f"{DATA}/strange/x": "x"}, {}, "in no folder of demo-1.0.data"),
        ({f"{DATA}/x": "x"}, {}, "in no folder of demo-1.0.data"),
        ({f"{DATA}/purelib/a.py": "x", "a.py": "x"}, {}, "a.py twice"),
        ({f"{DATA}/scripts/python": "x"}, {}, "the virtual environment's own"),
        ({f"{DATA}/data/pyvenv.cfg": "x"}, {}, "the virtual environment's own"),
        ({f"{INFO}/entry_points.txt": "[console_scripts]\npython3 = a:b\n"}, {}, "the virtual environment's own"),
        ({f"{INFO}/entry_points.txt": "[console_scripts]\n../x = a:b\n"}, {}, "is not a file name"),
        ({f"{INFO}/entry_points.txt": "[console_scripts]\nx = no colon\n"}, {}, "entry_points.txt does not parse"),
        ({f"{INFO}/entry_points.txt": "no section\n"}, {}, "entry_points.txt does not parse"),
        ({f"{INFO}/entry_points.txt": b"\xff"}, {}, "entry_points.txt is not UTF-8"),
    ],
)
def test_broken_wheels_are_refused(
    tmp_path: Path, files: Mapping[str, bytes | str | Packed], options: dict[str, str], problem: str
) -> None:
    wheel = pack_wheel(tmp_path, files, record=options.get("record"), wheel_version=options.get("wheel_version", "1.0"))
    with pytest.raises(InputError) as caught:
        tree(wheel)
    assert problem in caught.value.message
    assert caught.value.message.startswith("demo-1.0-py3-none-any.whl")


def test_metadata_of_another_distribution(tmp_path: Path) -> None:
    wheel = pack_wheel(tmp_path, {}, name="demo")
    renamed = Wheel(filename="other-1.0-py3-none-any.whl", digest=wheel.digest, path=wheel.path, size=wheel.size)
    with pytest.raises(InputError, match="metadata of another distribution"):
        tree(renamed)


def test_names_are_compared_normalised(tmp_path: Path) -> None:
    wheel = pack_wheel(tmp_path, {}, name="My.Demo")
    renamed = Wheel(filename="my_demo-1.0-py3-none-any.whl", digest=wheel.digest, path=wheel.path, size=wheel.size)
    assert f"{SITE}/My.Demo-1.0.dist-info/INSTALLER" in tree(renamed)


def test_files_that_record_lists_and_the_wheel_lacks(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    wheel = pack_wheel(tmp_path, {}, record=f"gone.py,,\n{INFO}/METADATA,,\n{INFO}/WHEEL,,\n{INFO}/RECORD,,\n")
    with caplog.at_level(logging.WARNING):
        found = tree(wheel)
    assert "gone.py" in caplog.text
    assert b"gone" not in found[f"{SITE}/{INFO}/RECORD"][1]


@pytest.mark.parametrize(
    ("listed", "warning"),
    [
        ("a.py,sha256=wrong,7\n", "RECORD gives other sizes of files: a.py"),
        ("", "RECORD does not list files: a.py"),
    ],
)
def test_record_differs_from_the_members(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, listed: str, warning: str
) -> None:
    # As in debugpy 1.6.6: pip and uv install it, and the wheel's own hash is what is locked.
    record = f"{listed}{INFO}/METADATA,,\n{INFO}/WHEEL,,\n{INFO}/RECORD,,\n"
    wheel = pack_wheel(tmp_path, {"a.py": "x"}, record=record)
    with caplog.at_level(logging.WARNING):
        found = tree(wheel)
    assert [entry.message for entry in caplog.records] == [f"demo-1.0-py3-none-any.whl: {warning}"]
    assert b"a.py,sha256=LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE,1\n" in found[f"{SITE}/{INFO}/RECORD"][1]

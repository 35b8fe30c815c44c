import stat
from pathlib import Path

import pytest

from tests.artifacts import FACTS
from tests.images import image_of, layer_of, tar_with
from toolkit.errors import InputError
from toolkit.wheels.bytecode.unpacking import unpacked_interpreter


def test_only_what_is_needed_is_unpacked_and_never_outside(tmp_path: Path) -> None:
    files = {
        "usr/bin/python3.11": b"python",
        "usr/lib/python3.11/os.py": b"os",
        "usr/lib/python3.11/site-packages/evil.py": b"evil",
        "usr/lib/libz.so.1.2": b"z",
        "../../usr/lib/libescaped.so": b"escaped",
        "etc/shadow": b"secret",
    }
    gone = {"usr/lib/.wh.libz.so.1.2": b"", "usr/lib/libnew.so": b"new"}
    image = image_of([layer_of(tar_with(files)), layer_of(tar_with(gone))])
    root = tmp_path / "root"
    root.mkdir()
    made = unpacked_interpreter(image, FACTS, root)
    assert made.program == "usr/bin/python3.11"
    assert made.libraries == ["usr/lib"]
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"root/usr/bin/python3.11", "root/usr/lib/python3.11/os.py", "root/usr/lib/libnew.so"}
    assert stat.S_IMODE((root / "usr/bin/python3.11").stat().st_mode) == 0o755


def test_a_layer_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not the tar that it says"):
        unpacked_interpreter(image_of([layer_of(b"no tar" * 200)]), FACTS, tmp_path)

import struct
import subprocess
import sys

from toolkit.wheels.bytecode.interpreter import PROGRAM


def test_what_was_imported_before_does_not_matter() -> None:
    # Whether the compiler shares such sets depends on the strings that are interned already.
    source = b"".join(b"def %c(x):\n    return x in {'auto', 'enum', 'brute'}\n" % name for name in b"fgh")
    data = struct.pack("<II", 3, len(source)) + b"/m." + source
    program = PROGRAM.read_text()
    results = {
        subprocess.run(
            [sys.executable, "-S", "-c", f"{imports}\n{program}"],
            input=data,
            env={"PYTHONHASHSEED": "0"},
            capture_output=True,
            check=True,
        ).stdout
        for imports in ("", "import enum", "auto, brute = 'auto', 'brute'", "import typing, re, json, argparse")
    }
    assert len(results) == 1
    size, _, length = struct.unpack_from("<III", results.pop().partition(b"\n")[2])
    assert size > length > 0

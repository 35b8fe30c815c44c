"""Bytecode of wheels: what is compiled, that it is kept, and what happens where nothing compiles."""

import importlib.util
import io
import marshal
import py_compile
import stat
import struct
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from types import CodeType
from typing import NamedTuple

import pytest

from tests.artifacts import FACTS, base_image, component, pack_wheel
from tests.images import image_of, layer_of, tar_with
from toolkit.builders.embedded import EmbeddedBuilder
from toolkit.builders.plan import BytecodeLayer, Installed
from toolkit.builders.planning import make_plan, wheel_layers
from toolkit.cache import Cache
from toolkit.errors import InputError, OutsideError
from toolkit.oci.check import check_image
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.layer import inflated
from toolkit.progress import Progress, silent
from toolkit.python.base import BaseFacts
from toolkit.python.bytecode import choosing, compiling
from toolkit.python.bytecode.compiling import Bytecode, Compiler, compiled_files
from toolkit.python.bytecode.elf import read_elf
from toolkit.python.bytecode.interpreter import PROGRAM, Interpreter, of_this_machine
from toolkit.python.bytecode.unpacking import unpacked_interpreter
from toolkit.python.collisions import collisions
from toolkit.python.wheels import Wheel


class Base(NamedTuple):
    image: Image
    facts: BaseFacts


# A base of another processor, whose Python is of this machine's version: the latter compiles for it.
VERSION = sys.version.split()[0]
MINOR = ".".join(VERSION.split(".")[:2])
TAG = MINOR.replace(".", "")
HERE = Base(image=base_image(config={"architecture": "riscv64"}), facts=replace(FACTS, version=VERSION))
SITE = f"opt/comp/venv/lib/python{MINOR}/site-packages"
CODE = 'ANSWER = 42\n\n\ndef f(x: int = 1) -> tuple[int, str]:\n    return x, "a" * x\n'


def compiled(cache: Cache, *wheels: Wheel, base: Base = HERE) -> tuple[Bytecode, ...]:
    with Compiler([base], cache, silent) as compiler:
        found = compiler.compile(wheels, base)
    assert found is not None
    return found


def contents(bytecode: Bytecode) -> dict[str, bytes]:
    return {file.path: b"".join(inflated(file.content, file.path)) for file in compiled_files(bytecode)}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_it_is_what_python_itself_compiles(tmp_path: Path, cache: Cache) -> None:
    (bytecode,) = compiled(cache, pack_wheel(tmp_path, {"pack/__init__.py": CODE}))
    (found,) = contents(bytecode).items()
    source = tmp_path / "source.py"
    source.write_text(CODE)
    name = f"/{SITE}/pack/__init__.py"
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    expected = py_compile.compile(str(source), str(tmp_path / "x.pyc"), dfile=name, invalidation_mode=mode)
    assert expected is not None
    assert found == (f"{SITE}/pack/__pycache__/__init__.cpython-{TAG}.pyc", Path(expected).read_bytes())
    # PEP 552: the second word says that it is by hash (1), and that nobody checks the source (not 2).
    assert found[1][:8] == importlib.util.MAGIC_NUMBER + struct.pack("<I", 1)
    code = marshal.loads(found[1][16:])  # noqa: S302 (just made)
    assert isinstance(code, CodeType)
    assert code.co_filename == name


def test_what_is_compiled_and_what_is_not(tmp_path: Path, cache: Cache) -> None:
    wheel = pack_wheel(
        tmp_path,
        {
            "pack/good.py": CODE,
            "pack/two.py": "print 'of Python 2'\n",
            "pack/zero.py": b"\0",
            "pack/latin.py": b"x = '\xe9'\n",
            "pack/declared.py": b"# coding: latin-1\nx = '\xe9'\n",
            "pack/empty.py": "",
            "pack/tests/test_good.py": CODE,
            "pack/data.txt": CODE,
            "demo-1.0.data/scripts/run.py": "#!python\n",
            "demo-1.0.data/purelib/lib.py": CODE,
        },
    )
    (bytecode,) = compiled(cache, wheel)
    names = [path.removeprefix(f"{SITE}/") for path in contents(bytecode)]
    assert names == [
        f"__pycache__/lib.cpython-{TAG}.pyc",
        *(f"pack/__pycache__/{name}.cpython-{TAG}.pyc" for name in ("declared", "empty", "good")),
    ]
    assert not bytecode.is_empty


def test_a_wheel_without_modules(tmp_path: Path, cache: Cache) -> None:
    wheel = pack_wheel(tmp_path, {"pack/data.txt": "x"})
    (bytecode,) = compiled(cache, wheel)
    assert bytecode.is_empty
    plan = make_plan(
        component(tmp_path / "c"),
        base_image(),
        "b:1",
        FACTS,
        Installed(wheels=(wheel,), bytecode=(bytecode,)),
        platform=Platform("linux", "amd64"),
        environ={},
    )
    assert [layer.name for layer in plan.layers] == ["launcher and virtual environment", "demo", "code"]


def test_order_and_batches_do_not_matter(tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"pack/m{number}.py": CODE + f"N = {number}, 'shared', {number % 3}\n" for number in range(30)}
    wheel = pack_wheel(tmp_path, dict(files))
    (one,) = compiled(cache, wheel)
    monkeypatch.setattr(compiling, "_BATCH", 100)
    (other,) = compiled(Cache(tmp_path / "other"), wheel)
    assert other.sha256 == one.sha256


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


def test_it_is_compiled_once(tmp_path: Path, cache: Cache) -> None:
    wheels = [pack_wheel(tmp_path, {f"{name}.py": CODE}, name=name) for name in ("one", "two")]
    reports: list[Progress] = []
    for expected in (2, 0):
        reports.clear()
        with Compiler([HERE], cache, reports.append) as compiler:
            found = compiler.compile(wheels, HERE)
        assert found is not None
        assert len(reports) == expected
    assert found
    # What was pruned is made again.
    found[0].path.unlink()
    assert compiled(cache, *wheels) == found


def test_without_an_interpreter_of_the_version_there_is_none(tmp_path: Path, cache: Cache) -> None:
    base = HERE._replace(facts=replace(FACTS, version=f"{MINOR}.99"))
    with Compiler([base], cache, silent) as compiler:
        assert compiler.compile([pack_wheel(tmp_path, {"m.py": CODE})], base) is None


def test_an_interpreter_that_fails(tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\n[ "$(wc -c)" = 0 ] && echo "{VERSION} 1.0" && exit\necho no >&2; exit 3\n')
    script.chmod(0o755)
    failing = Interpreter(command=(str(script),), identity="machine")
    monkeypatch.setattr(choosing, "of_this_machine", lambda _: (failing, f"{VERSION} 1.0"))
    with pytest.raises(
        OutsideError, match=r"cannot compile demo-1\.0-py3-none-any\.whl: it ended with 3: no"
    ) as caught:
        compiled(cache, pack_wheel(tmp_path, {"m.py": CODE}))
    assert "bytecode = false" in str(caught.value.hint)


def test_a_damaged_blob(tmp_path: Path, cache: Cache) -> None:
    (bytecode,) = compiled(cache, pack_wheel(tmp_path, {"m.py": CODE}))
    for data in (b"", b"short", bytes(20), b"\xff" * 30):
        bytecode.path.write_bytes(data)
        with pytest.raises(OutsideError, match="is damaged in the cache"):
            list(compiled_files(bytecode))


def _bytecode_names(cache: Cache, folder: Path, wheels: tuple[Wheel, ...]) -> list[str]:
    """Build an image of wheels that lie in one layer, and name the files of its layer of bytecode."""
    ordered = wheel_layers(wheels, base_image())[0].wheels
    installed = Installed(
        wheels=ordered, bytecode=compiled(cache, *ordered), collisions=collisions(ordered, minor=MINOR)
    )
    platform = Platform("linux", "amd64")
    plan = make_plan(component(folder), base_image(), "b:1", HERE.facts, installed, platform=platform, environ={})
    image = EmbeddedBuilder(cache).build(plan, silent)
    assert check_image(image) == []
    with tarfile.open(fileobj=io.BytesIO(b"".join(image.layers[3].chunks()))) as archive:
        return [member.name.removeprefix(f"{SITE}/__pycache__/") for member in archive if member.isfile()]


def test_equal_sources_of_two_wheels_are_compiled_once(tmp_path: Path, cache: Cache) -> None:
    # As opencensus and opencensus-context of ray's requirements bring one __init__.py.
    wheels = tuple(pack_wheel(tmp_path, {"same.py": CODE, f"{name}.py": CODE}, name=name) for name in ("one", "two"))
    names = _bytecode_names(cache, tmp_path / "c", wheels)
    assert names == [f"{name}.cpython-{TAG}.pyc" for name in ("one", "same", "two")]


def test_the_bytecode_of_the_source_that_stays_is_there(tmp_path: Path, cache: Cache) -> None:
    one = pack_wheel(tmp_path, {"shared.py": "A = 1\n"}, name="one")
    two = pack_wheel(tmp_path, {"shared.py": "B = 2\n"}, name="two")
    assert _bytecode_names(cache, tmp_path / "c", (one, two)) == [f"shared.cpython-{TAG}.pyc"]


def test_bytecode_of_a_replaced_source_is_left_out(tmp_path: Path, cache: Cache) -> None:
    wheels = (
        pack_wheel(tmp_path, {"shared.py": CODE, "one.py": CODE}, name="one"),
        # Does not compile, so nothing else would replace the first one's bytecode.
        pack_wheel(tmp_path, {"shared.py": "print 'x'\n", "two.py": CODE}, name="two"),
    )
    ordered = wheel_layers(wheels, base_image())[0].wheels
    installed = Installed(
        wheels=ordered, bytecode=compiled(cache, *ordered), collisions=collisions(ordered, minor=MINOR)
    )
    plan = make_plan(
        component(tmp_path / "c"),
        base_image(),
        "b:1",
        HERE.facts,
        installed,
        platform=Platform("linux", "amd64"),
        environ={},
    )
    layer = plan.layers[2]
    assert isinstance(layer, BytecodeLayer)
    assert layer.left_out == {(wheels[0].filename, f"{SITE}/__pycache__/shared.cpython-{TAG}.pyc")}
    image = EmbeddedBuilder(cache).build(plan, silent)
    assert check_image(image) == []
    with tarfile.open(fileobj=io.BytesIO(b"".join(image.layers[3].chunks()))) as archive:
        names = [member.name for member in archive if member.isfile()]
    assert names == [f"{SITE}/__pycache__/{name}.cpython-{TAG}.pyc" for name in ("one", "two")]


def test_the_loader_that_a_program_names(tmp_path: Path) -> None:
    for data in (
        b"",
        b"\x7fELF\x02\x01",
        b"\x7fELF\x02\x01" + bytes(100),
        b"\x7fELF\x02\x01" + bytes(10) + b"\2\0\x3e\0" + b"\xff" * 100,
        b"\x7fELF\x01\x01" + bytes(100),
        b"#!/bin/sh",
    ):
        path = tmp_path / "program"
        path.write_bytes(data)
        assert read_elf(path) is None
    found = read_elf(Path("/bin/sh"))
    assert found is not None
    assert found.runs_here
    assert found.loader is not None
    assert Path(found.loader).exists()


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


def test_this_machines_python() -> None:
    found = of_this_machine(VERSION)
    assert found is not None
    assert found[1].startswith(f"{VERSION} 1.")
    assert of_this_machine("3.99.1") is None

"""Bytecode of wheels: what is compiled, that it is kept, and what happens where nothing compiles."""

import importlib.util
import marshal
import py_compile
import struct
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.artifacts import FACTS, base_image, base_of, component, installed, pack_wheel
from tests.bytecode import CODE, HERE, MINOR, SITE, TAG, VERSION, compiled
from toolkit.builders.planning import make_plan
from toolkit.cache.store import Cache
from toolkit.errors import OutsideError
from toolkit.wheels.bytecode import choosing, compiling
from toolkit.wheels.bytecode.compiling import Bytecode, Compilers, compiled_files
from toolkit.wheels.bytecode.interpreter import Interpreter, of_this_machine

if TYPE_CHECKING:
    from toolkit.progress import Progress


def contents(bytecode: Bytecode) -> dict[str, bytes]:
    return {file.path: b"".join(file.chunks()) for file in compiled_files(bytecode)}


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
    # PEP 552: the second word says that it is by hash (1), and that the source is not checked (not 2).
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
    on_base = replace(installed((wheel,), base_image()), bytecode=(bytecode,))
    plan = make_plan(component(tmp_path / "c"), base_of(base_image()), on_base, environ={})
    assert [layer.name for layer in plan.layers] == ["launcher and virtual environment", "demo", "code"]


def test_order_and_batches_do_not_matter(tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"pack/m{number}.py": CODE + f"N = {number}, 'shared', {number % 3}\n" for number in range(30)}
    wheel = pack_wheel(tmp_path, dict(files))
    (one,) = compiled(cache, wheel)
    monkeypatch.setattr(compiling, "_BATCH", 100)
    (other,) = compiled(Cache(tmp_path / "other"), wheel)
    assert other.digest == one.digest


def test_it_is_compiled_once(tmp_path: Path, cache: Cache) -> None:
    wheels = [pack_wheel(tmp_path, {f"{name}.py": CODE}, name=name) for name in ("one", "two")]
    reports: list[Progress] = []
    for expected in (2, 0):
        reports.clear()
        with Compilers(cache) as compilers:
            found = compilers.of([HERE], reports.append).compile(wheels, HERE)
        assert found is not None
        assert len(reports) == expected
    assert found
    # What was pruned is made again.
    found[0].path.unlink()
    assert compiled(cache, *wheels) == found


def test_without_an_interpreter_of_the_version_there_is_none(tmp_path: Path, cache: Cache) -> None:
    base = replace(HERE, facts=replace(FACTS, version=f"{MINOR}.99"))
    with Compilers(cache) as compilers:
        assert compilers.of([base]).compile([pack_wheel(tmp_path, {"m.py": CODE})], base) is None


def test_bases_of_different_versions_do_not_share_what_is_under_way(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(HERE, facts=replace(FACTS, version=f"{MINOR}.99"))
    here = of_this_machine(VERSION)
    assert here
    # Its answers show that it is another one.
    liar = (here[0], f"{MINOR}.99 1.0")
    monkeypatch.setattr(choosing, "of_this_machine", lambda version: here if version == VERSION else liar)
    wheel = pack_wheel(tmp_path, {"m.py": CODE})
    with Compilers(cache) as compilers:
        compiler = compilers.of([HERE, other])
        compiler.announce(wheel, HERE)
        with pytest.raises(OutsideError, match="cannot compile"):
            compiler.compile([wheel], other)
        assert compiler.compile([wheel], HERE)


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

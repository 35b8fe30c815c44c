"""Interpreters of bases that the cache keeps: the same files, and nothing if a part is lost."""

from pathlib import Path

from toolkit.cache.store import Cache
from toolkit.wheels.bytecode.interpreter import Interpreter
from toolkit.wheels.bytecode.keeping import keep, restore


def test_the_files_are_the_same(tmp_path: Path) -> None:
    cache, before = Cache(tmp_path / "cache"), tmp_path / "before"
    files = {"usr/bin/python3.11": b"python" * 1000, "usr/lib/libz.so.1.2": b"z", f"usr/lib/{'a' * 120}é.so": b""}
    for path, content in files.items():
        (before / path).parent.mkdir(parents=True, exist_ok=True)
        (before / path).write_bytes(content)
    (before / "usr/lib/libz.so.1").symlink_to("libz.so.1.2")
    made = Interpreter(command=("/usr/bin/python3.11",), identity="a", environment={"PYTHONHOME": "/usr"}, root=before)
    kept = keep(made, before, cache)
    after = tmp_path / "after"
    after.mkdir()
    assert restore(kept, cache, after)
    assert {path: (after / path).read_bytes() for path in files} == files
    assert (after / "usr/lib/libz.so.1").readlink() == Path("libz.so.1.2")
    assert (after / "usr/bin/python3.11").stat().st_mode & 0o777 == 0o755
    again = kept.interpreter(after, None)
    assert (again.command, again.identity, again.environment) == (made.command, made.identity, made.environment)


def test_a_lost_or_damaged_blob_is_not_restored(tmp_path: Path) -> None:
    cache, before = Cache(tmp_path / "cache"), tmp_path / "before"
    before.mkdir()
    (before / "python").write_bytes(b"python")
    kept = keep(Interpreter(command=("/python",), identity="a", root=before), before, cache)
    blob = cache.blob_path(kept.files)
    blob.write_bytes(blob.read_bytes().replace(b"python", b"PYTHON"))
    assert not restore(kept, cache, tmp_path)
    blob.unlink()
    assert not restore(kept, cache, tmp_path)

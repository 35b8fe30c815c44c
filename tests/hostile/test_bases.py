"""Bases whose Python is hostile: it runs in a jail or not at all, and what it compiles serves its own images only."""

import logging
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

from tests.artifacts import base_of, pack_wheel
from tests.hostile.bases import FACTS, PYTHON, STANDARD, machine_base, poisoned
from toolkit.cache.store import Cache
from toolkit.jail.consent import Consent
from toolkit.jail.jail import Jail, NoJail, find_jail
from toolkit.oci.image import Image
from toolkit.wheels.bytecode import choosing
from toolkit.wheels.bytecode.compiling import Bytecode, Compilers, compiled_files
from toolkit.wheels.bytecode.interpreter import DoesNotRunError, Interpreter, of_base
from toolkit.wheels.wheel import Wheel

ROOT = Path(choosing.__file__).parents[3]
CODE = "ANSWER = 42\n"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def wheel(tmp_path: Path) -> Wheel:
    return pack_wheel(tmp_path, {"pack/one.py": CODE, "pack/two.py": CODE})


def interpreter(image: Image, folder: Path) -> Interpreter:
    jail = find_jail()
    assert isinstance(jail, Jail)
    folder.mkdir()
    folder.chmod(0o755)
    return of_base(image, FACTS, folder, jail)


def said(image: Image, folder: Path) -> str:
    """Run a base's Python and give the last line that it prints on stderr as it fails."""
    with pytest.raises(DoesNotRunError) as failed:
        interpreter(image, folder).compile(b"")
    return str(failed.value)


def compiled(cache: Cache, wheel: Wheel, image: Image, consent: Consent | None = None) -> Bytecode | None:
    base = base_of(image, FACTS)
    with Compilers(cache, consent) as compilers:
        found = compilers.of([base]).compile([wheel], base)
    return found[0] if found else None


def contents(bytecode: Bytecode | None) -> dict[str, bytes]:
    assert bytecode
    return {file.path: b"".join(file.chunks()) for file in compiled_files(bytecode)}


def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "of_this_machine", lambda _: None)


def test_an_interpreter_is_unpacked_from_the_layers_once(
    cache: Cache, wheel: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing_of_this_machine(monkeypatch)
    first = compiled(cache, wheel, machine_base())
    monkeypatch.setattr(choosing, "of_base", None)
    other = pack_wheel(tmp_path / "other", {"pack/one.py": CODE, "pack/two.py": CODE}, name="other")
    second = compiled(cache, other, machine_base())
    assert contents(first) == contents(second)


def test_an_honest_base_compiles_as_this_machine_does(
    cache: Cache, wheel: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = compiled(Cache(tmp_path / "other"), wheel, machine_base(), Consent(dry=True))
    nothing_of_this_machine(monkeypatch)
    theirs = compiled(cache, wheel, machine_base())
    assert ours
    assert theirs
    assert theirs.digest == ours.digest


def test_it_sees_nothing_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "in the environment")
    code = (
        "import posix, sys\n"
        "found = [sorted(posix.environ), sorted(posix.listdir('/')), posix.getuid()]\n"
        "try: posix.open('/written', posix.O_CREAT | posix.O_WRONLY)\n"
        "except OSError as error: found.append(error.errno)\n"
        "posix.write(2, repr(found).encode()); posix._exit(3)\n"
    )
    names = [b"PATH", b"PYTHONHASHSEED", b"PYTHONHOME"]
    found = said(poisoned(code), tmp_path / "root")
    assert found.startswith(f"it ended with 3: [{names}, ['lib'")
    # Not root, and a file system that is read-only.
    assert found.endswith(", 65534, 30]")


def test_it_reaches_no_socket_and_starts_no_process(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = (
            "import sys, posix\n"
            f"sys.path.append('/{STANDARD}/lib-dynload')\n"
            "found = []\n"
            "def connect():\n"
            "    import _imp, _socket\n"
            f"    _socket.socket(2, 1).connect(('127.0.0.1', {port}))\n"
            "for call in (posix.fork, connect):\n"
            "    try: call(); found.append('ok')\n"
            "    except BaseException as error: found.append(type(error).__name__)\n"
            "posix.write(2, repr(found).encode()); posix._exit(3)\n"
        )
        found = said(poisoned(code), tmp_path / "root")
        assert "ok" not in found
        assert "PermissionError" in found
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_output_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_PROGRAM_OUTPUT", "1000000")
    found = said(poisoned("import posix\nwhile True: posix.write(1, b'x' * 4096)\n"), tmp_path / "root")
    assert found.startswith("the output of ")
    assert found.endswith(" exceeds the limit of 1.0 MB")


def test_one_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_INTERPRETER_SECONDS", "2")
    started = time.monotonic()
    assert "it took longer than 2 seconds" in said(poisoned("import time\ntime.sleep(3600)\n"), tmp_path / "root")
    assert time.monotonic() - started < 60


def test_a_script_is_never_run(tmp_path: Path) -> None:
    mark = tmp_path / f"ran-{uuid4().hex}"
    for name in (PYTHON, "usr/local/bin/other"):
        script = f"#!/bin/sh\ntouch {mark}\necho 3.11.7 1.0\n\0{FACTS.version}\0".encode()
        image = machine_base({name: script})
        facts = replace(FACTS, python=f"/{name}")
        folder = tmp_path / Path(name).name
        folder.mkdir()
        with pytest.raises(DoesNotRunError, match="is not a program of this machine"):
            of_base(image, facts, folder, None)
    assert not mark.exists()


def test_a_program_of_another_machine_or_a_loader_that_is_a_script_is_not_run(tmp_path: Path) -> None:
    image = machine_base()
    made = interpreter(image, tmp_path / "root")
    assert made.root
    program = bytearray((made.root / PYTHON).read_bytes())
    # e_machine: of the S/390.
    struct.pack_into("<H", program, 18, 22)
    with pytest.raises(DoesNotRunError, match="is not a program of this machine"):
        interpreter(machine_base({PYTHON: bytes(program)}), tmp_path / "foreign")
    loader = made.command[0].lstrip("/")
    with pytest.raises(DoesNotRunError, match=r"its loader .* is not a program of this machine"):
        interpreter(machine_base({loader: b"#!/bin/sh\n"}), tmp_path / "script")


def test_files_that_cannot_be_and_too_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, replaced in enumerate(
        ({"usr/lib/a.so/lib/b.so": b"x", "usr/lib/a.so": b"y"}, {f"usr/lib/{'a' * 300}.so": b"x"})
    ):
        image = machine_base(replaced)
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            of_base(image, FACTS, folder, None)
        except DoesNotRunError as error:
            assert "cannot unpack the base's Python: " in str(error)  # noqa: PT017 (it may as well work)
    monkeypatch.setenv("COMP_LIMIT_INTERPRETER_FILES", "100000")
    with pytest.raises(DoesNotRunError, match=r"the base's Python exceeds the limit of 100\.0 kB"):
        interpreter(machine_base(), tmp_path / "large")


# Compiles every source of a test to something else.
BACKDOOR = (
    "import builtins\n"
    "real = builtins.compile\n"
    "def poisoned_compile(source, *arguments, **options):\n"
    "    return real(source + b'\\nBACKDOOR = 1\\n' if arguments[0].startswith('/opt') else source, *arguments,"
    " **options)\n"
    "builtins.compile = poisoned_compile\n"
)


def test_what_a_hostile_base_compiled_serves_no_other(
    cache: Cache, wheel: Wheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing_of_this_machine(monkeypatch)
    evil = contents(compiled(cache, wheel, poisoned(BACKDOOR)))
    assert all(b"BACKDOOR" in data for data in evil.values())
    clean = contents(compiled(cache, wheel, machine_base()))
    assert clean.keys() == evil.keys()
    assert not any(b"BACKDOOR" in data for data in clean.values())
    # Nor the other way round, and each finds its own again.
    assert contents(compiled(cache, wheel, poisoned(BACKDOOR))) == evil


def test_what_this_machine_compiled_is_not_taken_for_a_bases(cache: Cache, wheel: Wheel) -> None:
    made = compiled(cache, wheel, machine_base(), Consent(dry=True))
    assert made
    made.path.write_bytes(made.path.read_bytes())
    known = cache.root / "records" / "bytecode"
    assert len(list(known.rglob("*.json"))) == 1
    compiled(cache, wheel, machine_base())
    assert len(list(known.rglob("*.json"))) == 2


def test_a_dry_run_runs_nothing_of_the_base(cache: Cache, wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing_of_this_machine(monkeypatch)
    monkeypatch.setattr(choosing, "of_base", lambda *_: pytest.fail("it was unpacked"))
    assert compiled(cache, wheel, machine_base(), Consent(dry=True, trust_base=True)) is None


def test_without_a_jail_only_trust_runs_it(cache: Cache, wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing_of_this_machine(monkeypatch)
    monkeypatch.setattr(choosing, "find_jail", lambda: NoJail(reason="this is a test"))
    base = base_of(machine_base(), FACTS)
    with Compilers(cache) as compilers:
        compiler = compilers.of([base])
        assert compiler.compile([wheel], base) is None
        assert compiler.refusal(base) == (
            "the base's own is run in a jail only, and this is a test; --trust-base runs it without one"
        )
    assert contents(compiled(cache, wheel, base.image, Consent(trust_base=True)))


def test_trust_does_not_run_a_script(cache: Cache, wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing_of_this_machine(monkeypatch)
    image = machine_base({PYTHON: b"#!/bin/sh\nexit 0\n"})
    assert compiled(cache, wheel, image, Consent(trust_base=True)) is None


def test_a_source_that_takes_too_much_memory_stays_uncompiled(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("COMP_LIMIT_INTERPRETER_MEMORY", "300000000")
    sums = "x = " + "+".join(["1"] * 5) + "\n" + "y = [" + "[1]+" * 1_500_000 + "[1]]\n"
    wheel = pack_wheel(tmp_path, {"pack/a.py": CODE, "pack/large.py": sums, "pack/z.py": CODE})
    with caplog.at_level(logging.WARNING):
        found = contents(compiled(cache, wheel, machine_base()))
    assert {path.rpartition("/")[2].partition(".")[0] for path in found} == {"a", "z"}
    (record,) = caplog.records
    assert record.getMessage().startswith("pack/large.py of demo-1.0-py3-none-any.whl has no bytecode: ")


def test_versions_are_short_and_plain(tmp_path: Path) -> None:
    for number, text in enumerate(("3." + "9" * 5000 + ".1 1.2", "3.11.7 1.2 more", "3.11.7", "3.11.7 \\x1b[31m", "")):
        code = f"import posix\nposix.write(1, b'{text}\\n'); posix._exit(0)\n"
        with pytest.raises(DoesNotRunError, match="it gives its version as"):
            interpreter(poisoned(code), tmp_path / str(number)).versions()


def test_nothing_is_left_of_it(cache: Cache, wheel: Wheel) -> None:
    before = set(os.listdir("/tmp"))  # noqa: PTH208, S108 (only names)
    compiled(cache, wheel, machine_base())
    assert not {name for name in set(os.listdir("/tmp")) - before if name.startswith("comp-jail")}  # noqa: PTH208, S108


def test_where_the_kernel_gives_no_namespaces_none_is_found() -> None:
    """As in most containers: the probe fails, and says why."""
    code = f"import sys; sys.path[:0] = [{str(ROOT)!r}]; from toolkit.jail.jail import *; print(find_jail())"
    script = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$0" -c "$1"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", script, sys.executable, code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "NoJail(reason='this machine makes no namespaces (unshare: No space left on device)" in done.stdout

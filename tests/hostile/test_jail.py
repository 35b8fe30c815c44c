"""What a program in a jail sees and may do, for each way to make one, as root and as an ordinary user."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

import toolkit
from toolkit.errors import InputError
from toolkit.jail import jail as jails
from toolkit.jail.jail import Bounds, Jail, NoJail, Room, find_jail, run_bare
from toolkit.system.processes import Finished

_PACKAGE = Path(toolkit.__file__).parent
_BOUNDS = Bounds(memory=1 << 30, file=1 << 20, seconds=60, processes=64)
_SOMEBODY = 12345
# The longest that a test waits for what should happen at once.
_AT_ONCE = 30
_WAYS = ("kernel", "bubblewrap")


@pytest.fixture(params=_WAYS)
def jail(request: pytest.FixtureRequest) -> Jail:
    """Give each way to make a jail; CI has both."""
    return _way(request.param)


def _way(name: str) -> Jail:
    if name == "kernel":
        return Jail()
    found = shutil.which("bwrap")
    assert found, "bubblewrap is not installed"
    return Jail(bubblewrap=found)


def _sh(jail: Jail, script: str, *, bounds: Bounds = _BOUNDS, room: Room | None = None, **options: object) -> Finished:
    return jail.run(["/bin/sh", "-c", script], room or Room.of_machine(), bounds, **options)  # type: ignore[arg-type]


def _runs(mark: str) -> bool:
    """Tell whether a process with this word in its command line runs anywhere on the machine."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes().split(b"\0"):
                return True
        except OSError:
            continue
    return False


def _gone(mark: str) -> bool:
    deadline = time.monotonic() + _AT_ONCE
    while _runs(mark) and time.monotonic() < deadline:
        os.sched_yield()
    return not _runs(mark)


def test_one_is_found_here() -> None:
    assert isinstance(find_jail(), Jail)


def test_it_sees_nothing_of_this_machine(jail: Jail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "in the environment")
    done = _sh(
        jail,
        "env; ls -A / /tmp; ls ~ /home /root; cat /proc/net/dev | grep : ; ls -d /proc/[0-9]*; cat /proc/self/status",
        environment={"GIVEN": "1"},
    )
    lines = done.text.splitlines()
    assert {line for line in lines if line.partition("=")[0].isupper()} <= {"GIVEN=1", "PWD=/"}
    assert str(tmp_path).split("/")[2] not in done.text
    assert [line.split(":")[0].strip() for line in lines if ":" in line and "0       0" in line] == ["lo"]
    processes = {line for line in lines if line.startswith("/proc/")}
    # The first in there, and this program with what it has started.
    assert "/proc/1" in processes
    assert len(processes) < 6
    assert "Uid:\t65534\t65534\t65534\t65534" in lines
    for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb"):
        assert f"Cap{kind}:\t{0:016x}" in lines
    assert "NoNewPrivs:\t1" in lines
    assert "Seccomp:\t2" in lines


def test_it_writes_only_where_it_may(jail: Jail, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for name in ("given", "shown"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o777)
    room = Room.of_machine(readable=[tmp_path / "shown"], writable=[tmp_path / "given"])
    script = "for place in / /usr /etc {0}/shown {0}/given /tmp; do touch $place/written && echo $place; done"
    done = _sh(jail, script.format(tmp_path), room=room)
    assert done.text.split() == [f"{tmp_path}/given", "/tmp"]  # noqa: S108 (its own)
    assert (tmp_path / "given" / "written").is_file()
    assert not Path("/tmp/written").exists()  # noqa: S108 (its own /tmp, not this one)


def test_it_has_three_descriptors(jail: Jail) -> None:
    read, write = os.pipe()
    os.set_inheritable(write, True)  # noqa: FBT003 (os's own)
    try:
        done = _sh(jail, "ls /proc/self/fd")
    finally:
        os.close(read)
        os.close(write)
    # The fourth is of `ls` itself.
    assert done.text.split() == ["0", "1", "2", "3"]


def test_the_exit_code_and_both_outputs_come_back(jail: Jail) -> None:
    done = _sh(jail, "cat; echo no >&2; exit 7", data=b"x" * 1_000_000)
    assert (done.code, len(done.out), done.err) == (7, 1_000_000, b"no\n")
    assert _sh(jail, "kill -SEGV $$").code == -11
    assert _sh(jail, "exec /no/such/program").code == 127


def test_what_it_leaves_behind_is_gone(jail: Jail) -> None:
    mark = f"987654.{uuid4().int % 10**9}"
    started = time.monotonic()
    # The child keeps stdout open, in a session of its own.
    done = _sh(jail, f"setsid sleep {mark} & echo done")
    assert done.text == "done\n"
    assert time.monotonic() - started < _AT_ONCE
    assert _gone(mark)


def test_it_ends_at_the_deadline_with_everything(jail: Jail) -> None:
    mark = f"987654.{uuid4().int % 10**9}"
    bounds = Bounds(memory=1 << 30, file=0, seconds=2, processes=64)
    with pytest.raises(subprocess.TimeoutExpired):
        _sh(jail, f"trap '' TERM INT HUP; setsid sleep {mark} & setsid sleep {mark}; sleep {mark}", bounds=bounds)
    assert _gone(mark)


def test_it_ends_with_the_caller(jail: Jail, tmp_path: Path) -> None:
    mark = f"987654.{uuid4().int % 10**9}"
    program = tmp_path / "caller.py"
    program.write_text(
        "from toolkit.jail.jail import *\n"
        f"Jail(bubblewrap={jail.bubblewrap!r}).run(['/bin/sh', '-c', 'setsid sleep {mark} & sleep {mark}'],"
        " Room.of_machine(), Bounds(memory=1 << 30, file=0, seconds=600, processes=64))\n"
    )
    with subprocess.Popen([sys.executable, program], env={**os.environ, "PYTHONPATH": str(_PACKAGE.parent)}) as caller:
        deadline = time.monotonic() + _AT_ONCE
        while not _runs(mark) and time.monotonic() < deadline:
            os.sched_yield()
        assert _runs(mark)
        caller.kill()
    assert _gone(mark)


@pytest.mark.parametrize("where", [1, 2])
def test_output_without_end_is_cut(jail: Jail, where: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_PROGRAM_OUTPUT", "1000000")
    with pytest.raises(InputError, match=r"the output of sh exceeds the limit of 1\.0 MB") as refused:
        _sh(jail, f"while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done >&{where}")
    assert "COMP_LIMIT_PROGRAM_OUTPUT" in str(refused.value.hint)


def test_memory_and_files_are_bounded(jail: Jail, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    python = "/usr/bin/python3"
    bounds = Bounds(memory=200_000_000, file=1_000_000, seconds=60, processes=64)
    done = jail.run([python, "-I", "-c", "x = 'x' * 300_000_000"], Room.of_machine(), bounds)
    assert "MemoryError" in done.error_text
    script = f"head -c 3000000 /dev/zero > {tmp_path}/large"
    _sh(jail, script, bounds=bounds, room=Room.of_machine(writable=[tmp_path]))
    assert (tmp_path / "large").stat().st_size == 1_000_000


def test_processes_are_bounded() -> None:
    bounds = Bounds(memory=1 << 30, file=0, seconds=60, processes=10)
    done = _sh(Jail(), "for one in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 60 & done; echo all", bounds=bounds)
    assert "all" not in done.text
    assert "fork" in done.error_text


# Each call that is refused says so; 'ok' would mean that it is not.
_CALLS = """
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def tried(name, call):
    try:
        call()
    except OSError as error:
        print(name, "refused")
    else:
        print(name, "ok")
def unshare():
    if libc.unshare(0x10000000) < 0: raise OSError(ctypes.get_errno(), "")
def mount():
    if libc.mount(b"x", b"/tmp", b"tmpfs", 0, None) < 0: raise OSError(ctypes.get_errno(), "")
tried("unshare", unshare)
tried("mount", mount)
tried("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
tried("unix", lambda: socket.socket(socket.AF_UNIX))
tried("inet", lambda: socket.socket(socket.AF_INET))
tried("outside", lambda: socket.create_connection(("192.0.2.1", 9), 5))
tried("fork", lambda: os.fork() or os._exit(0))
"""


@pytest.mark.parametrize("alone", [False, True])
def test_calls_that_namespaces_do_not_cover(jail: Jail, *, alone: bool) -> None:
    bounds = Bounds(memory=1 << 30, file=0, seconds=60, processes=64, alone=alone)
    done = jail.run(["/usr/bin/python3", "-I", "-S", "-c", _CALLS], Room.of_machine(), bounds)
    found = dict(line.split() for line in done.text.splitlines())
    refused = {"unshare", "mount", "vsock", "outside"} | ({"unix", "inet", "fork"} if alone else set())
    assert {name for name, result in found.items() if result == "refused"} == refused
    assert len(found) == 7


def test_a_program_that_is_trusted_has_the_same_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    mark = f"987654.{uuid4().int % 10**9}"
    bounds = Bounds(memory=200_000_000, file=0, seconds=60)
    done = run_bare([sys.executable, "-I", "-c", "x = 'x' * 300_000_000"], bounds)
    assert "MemoryError" in done.error_text
    started = time.monotonic()
    assert run_bare(["/bin/sh", "-c", f"sleep {mark} & echo done"], bounds).text == "done\n"
    assert time.monotonic() - started < _AT_ONCE
    assert _gone(mark)
    monkeypatch.setenv("COMP_LIMIT_PROGRAM_OUTPUT", "1000")
    with pytest.raises(InputError, match="exceeds the limit"):
        run_bare(["/bin/sh", "-c", "while :; do echo x; done"], bounds)


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests are an ordinary user's already")
@pytest.mark.parametrize("way", _WAYS)
def test_an_ordinary_user_gets_the_same(way: str, tmp_path: Path) -> None:
    """Run the parts that matter as another user, whose Python is the system's."""
    python = "/usr/bin/python3"
    # With what it imports: the environment of the tests may lie where others cannot read.
    for package in (_PACKAGE, Path(msgspec.__file__).parent):
        shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (tmp_path, *tmp_path.parents):
        if path.owner() == tmp_path.owner() and path != Path("/tmp"):  # noqa: S108 (not ours to open up)
            path.chmod(path.stat().st_mode | 0o055)
        if path.parent == Path("/tmp"):  # noqa: S108 (likewise)
            break
    script = (
        "from toolkit.jail.jail import *\n"
        f"jail = Jail(bubblewrap={_way(way).bubblewrap!r})\n"
        "done = jail.run(['/bin/sh', '-c', 'id -u; touch /x; setsid sleep 60 & grep Cap /proc/self/status; "
        "ls /home /root'], Room.of_machine(), Bounds(memory=1 << 30, file=0, seconds=60, processes=64))\n"
        "print(done.text)\n"
        "assert isinstance(find_jail(), Jail)\n"
    )
    done = subprocess.run(
        [python, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        user=_SOMEBODY,
        group=_SOMEBODY,
        extra_groups=[],
        env={"PATH": os.defpath},
    )
    lines = done.stdout.split("\n")
    assert lines[0] == "65534"
    assert f"CapEff:\t{0:016x}" in lines
    assert f"CapBnd:\t{0:016x}" in lines
    assert len([line for line in lines if line]) == 6


def test_where_none_can_be_made_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jails, "_problem", lambda _: "unshare: Operation not permitted")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    found = jails.find_jail.__wrapped__()
    assert isinstance(found, NoJail)
    assert found.reason == (
        "this machine makes no namespaces (unshare: Operation not permitted); bubblewrap is not installed"
    )

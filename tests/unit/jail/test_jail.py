"""The rooms and bounds of jails; tests/hostile has programs that try to get out."""

import os
import sys
from pathlib import Path

import pytest

from toolkit.jail import jail as jails
from toolkit.jail.jail import Bounds, Jail, NoJail, Room, find_jail, run_bare

_BOUNDS = Bounds(memory=1 << 30, file=1 << 20, seconds=60)


def test_bounds_are_limits_of_resources() -> None:
    alone = Bounds(memory=1 << 30, file=1 << 20, seconds=60, alone=True)
    assert alone.of_resources == {"AS": 1 << 30, "FSIZE": 1 << 20, "CORE": 0, "NOFILE": 1024, "CPU": 60}
    many = Bounds(memory=1 << 30, file=1 << 20, seconds=60, processes=9).of_resources
    assert many["NPROC"] == 9
    # The time of all processors together.
    assert many["CPU"] == 60 * (1 + (os.cpu_count() or 1))


def test_a_room_shows_each_place_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to("a")
    room = Room(readable=(tmp_path / "a", tmp_path / "a" / "b", tmp_path / "link"), writable=(tmp_path / "out",))
    assert room.shown() == [
        (str(tmp_path / "a"), str(tmp_path / "a"), False),
        (str(tmp_path / "a"), str(tmp_path / "link"), False),
        (str(tmp_path / "out"), str(tmp_path / "out"), True),
    ]


def test_the_links_of_the_machine_stay_links() -> None:
    room = Room.of_machine()
    links = dict(room.links())
    places = [path for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64") if (path := Path(name)).is_symlink()]
    assert links == {str(path): str(path.readlink()) for path in places}
    assert not {place for _, place, _ in room.shown()} & links.keys()


def test_bubblewrap_is_asked_for_the_same_room(tmp_path: Path) -> None:
    words = Jail(bubblewrap="/usr/bin/bwrap")._words(Room(readable=(tmp_path,), writable=(tmp_path / "out",)), "/work")
    line = " ".join(words)
    assert line.startswith("/usr/bin/bwrap --unshare-all --unshare-user")
    assert f"--ro-bind {tmp_path} {tmp_path} --bind {tmp_path}/out {tmp_path}/out --remount-ro /" in line
    assert line.endswith("--chdir /work --")
    rooted = " ".join(Jail(bubblewrap="/usr/bin/bwrap")._words(Room(root=tmp_path), "/"))
    assert f"--ro-bind {tmp_path} / --chdir /" in rooted


def test_without_a_jail_the_bounds_and_the_variables_still_hold(tmp_path: Path) -> None:
    done = run_bare(["/bin/sh", "-c", "ulimit -v; env; pwd; kill -9 $$"], _BOUNDS, folder=str(tmp_path))
    lines = done.text.splitlines()
    assert lines[0] == str(_BOUNDS.memory // 1024)
    assert {line.partition("=")[0] for line in lines[1:-1]} <= {"PWD", "OLDPWD", "SHLVL", "_"}
    assert lines[-1] == str(tmp_path)
    assert done.code == -9


def test_other_systems_have_no_jail(monkeypatch: pytest.MonkeyPatch) -> None:
    jails.find_jail.cache_clear()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert find_jail() == NoJail(reason="darwin has no namespaces")
    jails.find_jail.cache_clear()

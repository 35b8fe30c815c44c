"""Buildah, against a program of that name which writes down its arguments."""

import os
import re
import sys
from pathlib import Path

import pytest

from toolkit.cache.store import Cache
from toolkit.engines import offline
from toolkit.engines.buildah import Buildah
from toolkit.errors import OutsideError
from toolkit.runners.buildah import BuildahRunner

_RECORDER = """#!/bin/sh
echo "$*" >> "{asked}"
case "$*" in *--help*) echo "      --timestamp int   seconds"; exit;; esac
case "$1" in
mount) echo "{root}";;
info) printf '{{"store": {{"GraphRoot": "%s", "GraphDriverName": "overlay"}}}}' "$(dirname "$0")";;
from) echo working-container;;
run) shift; for last; do :; done; [ "$last" = die ] && echo "subprocess exited on killed
Error: exit 1" >&2 && exit 1; exit 7;;
--version) echo "buildah version 1.28.2 (image-spec 1.1.0-rc2)";;
fail) seq 1 9 >&2; exit 125;;
say) echo "$2" >&2; exit 125;;
esac
"""


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """The file in which the program writes a line each time that it runs."""
    program = tmp_path / "bin" / "buildah"
    program.parent.mkdir()
    program.write_text(_RECORDER.format(asked=tmp_path / "asked", root=tmp_path / "root"))
    program.chmod(0o755)
    return tmp_path / "asked"


@pytest.fixture
def engine(asked: Path, tmp_path: Path) -> Buildah:
    """The recording program, as the user's buildah."""
    del asked
    return Buildah.of({"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path)}, Cache(tmp_path / "cache"))


def _from(asked: Path) -> str:
    """Return how the first container was asked for, without its name."""
    line = next(line for line in asked.read_text().splitlines() if line.startswith("from "))
    return re.sub(r" --name=comp-held-[0-9a-f]{16}\.temporary", "", line)


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1:5000", "127.8.0.1", "[::1]:5000", "localhost"])
def test_this_machines_servers_need_no_tls(engine: Buildah, asked: Path, host: str) -> None:
    with engine.container(f"{host}/a/b:1") as name:
        assert name == "working-container"
    assert _from(asked) == f"from --quiet --tls-verify=false {host}/a/b:1"


@pytest.mark.parametrize("host", ["127.example.com", "localhost.example.com", "127.0.0.1.example.com:5000"])
def test_a_server_that_is_only_named_like_this_machine_needs_tls(engine: Buildah, asked: Path, host: str) -> None:
    with engine.container(f"{host}/a/b:1"):
        pass
    assert _from(asked) == f"from --quiet {host}/a/b:1"


def test_the_container_is_removed_when_work_in_it_is_interrupted(engine: Buildah, asked: Path) -> None:
    with pytest.raises(KeyboardInterrupt), engine.container("example.com/a:1"):
        raise KeyboardInterrupt
    assert asked.read_text().splitlines()[-1] == "rm working-container"


def test_an_error_has_the_last_lines(engine: Buildah) -> None:
    with pytest.raises(OutsideError, match=r"buildah fail failed: 5 / 6 / 7 / 8 / 9$"):
        engine.call("fail")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ('Error: short-name "a/b:1" did not resolve to an alias', "name the image with its server: docker.io"),
        ("mkdir /var/lib/containers: permission denied", "it needs root, or user namespaces"),
        ("Error during unshare(CLONE_NEWUSER): Operation not permitted", "it needs root, or user namespaces"),
        ("manifest unknown", ""),
    ],
)
def test_a_hint_fits_the_failure(engine: Buildah, words: str, hint: str) -> None:
    with pytest.raises(OutsideError) as raised:
        engine.call("say", words)
    assert (raised.value.hint or "")[: len(hint) or None] == hint


def test_the_version_is_the_third_word(engine: Buildah) -> None:
    assert engine.version() == "1.28.2"
    assert BuildahRunner(engine).available()


def test_without_buildah_the_error_names_the_package(tmp_path: Path) -> None:
    engine = Buildah.of({"PATH": str(tmp_path)}, Cache(tmp_path / "cache"))
    assert engine.version() is None
    assert not BuildahRunner(engine).available()
    with pytest.raises(OutsideError) as raised:
        engine.call("images")
    assert raised.value.hint == "apt-get install buildah"


def test_a_command_runs_with_its_mounts_by_plain_names(engine: Buildah, asked: Path, tmp_path: Path) -> None:
    strange = tmp_path / "a:b"
    strange.mkdir()
    assert engine.run("working", ["true"], mounts={"/in": (strange, "ro")}, user="0") == 7
    words = asked.read_text().splitlines()[-1].split()
    assert words[:4] == ["run", "--isolation", "chroot", "--user"]
    link, inside, mode = words[words.index("--volume") + 1].split(":")
    assert (Path(link).name, inside, mode) == ("0", "/in", "ro")
    assert words[-3:] == ["working", "--", "true"]


def test_a_restricted_command_gets_the_image_read_only_and_nothing_else(
    engine: Buildah, asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    # A program that runs the rest of its arguments, in place of the one that leaves the network.
    (tmp_path / "offline.py").write_text("import os, sys\nos.execvp(sys.argv[1], sys.argv[1:])\n")
    monkeypatch.setattr(offline, "__file__", str(tmp_path / "offline.py"))
    for name in ("dev", "etc", "opt", "proc", "run", "sys", "tmp", "usr"):
        (tmp_path / "root" / name).mkdir(parents=True)
    (tmp_path / "root" / "bin").symlink_to("usr/bin")
    (tmp_path / "root" / "file").touch()
    mounts = {"/tmp/outputs": (tmp_path, "rw")}  # noqa: S108 (in the container)
    assert engine.run("working", ["true"], mounts=mounts, user="5:5", restricted=True) == 7
    words = asked.read_text().splitlines()[-1].split()
    assert words[:7] == ["run", "--isolation", "chroot", "--user", "5:5", "--cap-drop", "ALL"]
    assert words[7:9] == ["--mount", "type=tmpfs,destination=/tmp,tmpfs-mode=1777"]
    volumes = [word.partition(":")[2] for word in words if word.endswith((":ro", ":rw"))]
    assert volumes == ["/opt:ro", "/usr:ro", "/tmp/outputs:rw"]  # noqa: S108 (in the container)


@pytest.mark.parametrize(("user", "system"), [(1000, "linux"), (0, "darwin")])
def test_a_restricted_command_needs_root_on_linux(
    engine: Buildah, monkeypatch: pytest.MonkeyPatch, user: int, system: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(sys, "platform", system)
    with pytest.raises(OutsideError, match="only for root on Linux"):
        engine.run("working", ["true"], mounts={}, restricted=True)


def test_a_signal_that_ended_the_command_is_in_the_exit_code(engine: Buildah) -> None:
    assert engine.run("working", ["die"], mounts={}) == 128 + 9


def test_its_home_is_writable_and_containers_need_no_rights(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    engine = Buildah.of({"HOME": str(tmp_path / "file")}, Cache(tmp_path / "cache"))
    assert engine.environment["HOME"] == str(tmp_path / "cache" / "home")
    assert engine.environment["BUILDAH_ISOLATION"] == "chroot"


def test_isolation_is_tried_once_and_then_known(engine: Buildah, asked: Path, tmp_path: Path) -> None:
    for _ in range(2):
        # The recording program runs nothing that succeeds.
        assert engine.isolation() == "chroot"
    lines = asked.read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["info", "from", "run", "rm"]
    assert "/usr/bin/true" in lines[2]
    assert engine.stepping()["BUILDAH_ISOLATION"] == "chroot"
    named = Buildah.of({"PATH": engine.environment["PATH"], "BUILDAH_ISOLATION": "oci"}, Cache(tmp_path / "cache"))
    assert named.isolation() == named.environment["BUILDAH_ISOLATION"] == "oci"
    assert len(asked.read_text().splitlines()) == len(lines)


def test_a_version_that_is_needed(engine: Buildah, tmp_path: Path) -> None:
    assert engine.needed_version() == "1.28.2"
    with pytest.raises(OutsideError, match="buildah is not installed"):
        Buildah.of({"PATH": str(tmp_path)}, Cache(tmp_path / "cache")).needed_version()


def test_options_that_a_version_lacks_are_left_out(engine: Buildah) -> None:
    assert engine.offered("commit", "--timestamp=1", "--time", "--identity-label=false") == ["--timestamp=1"]

"""The cluster's programs are built once from their pins, by a Go that is new enough."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import uv
from msgspec.structs import replace

from toolkit.errors import OutsideError
from tools.cluster import programs
from tools.cluster.programs import ARGO, ETCD, KUBERNETES, Module
from tools.cluster.reporting import Steps

# A Go that notes its arguments, breaks as many downloads as the file `broken` says, and writes programs.
_GO = """#!/bin/sh
echo "$@" >> {folder}/called
case "$*" in
version) echo "go version go{version} linux/amd64" ;;
"mod download")
    if [ -s {folder}/broken ]; then
        sed -i 1d {folder}/broken
        echo "the connection is broken" >&2
        exit 1
    fi ;;
build*) while [ "$1" != -o ]; do shift; done; echo made > "$2" ;;
esac
"""
Fake = Callable[[str, str], Path]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Make a program in a folder that imitates Go of some version."""

    def make(name: str, version: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        program = folder / name
        program.write_text(_GO.format(folder=folder, version=version))
        program.chmod(0o755)
        return folder

    return make


@pytest.fixture
def only_etcd(monkeypatch: pytest.MonkeyPatch) -> Module:
    monkeypatch.setattr(programs, "MODULES", (ETCD,))
    return ETCD


def _environ(*folders: Path, cache: Path) -> dict[str, str]:
    return {"PATH": ":".join(map(str, (*folders, "/usr/bin", "/bin"))), "XDG_CACHE_HOME": str(cache)}


def _steps(lines: list[str] | None = None) -> Steps:
    return Steps(write=(lines if lines is not None else []).append)


def test_a_go_that_is_new_enough_is_taken_from_path(fake: Fake, tmp_path: Path) -> None:
    folder = fake("go", "1.26.0")
    assert programs.find_go(_environ(folder, cache=tmp_path), _steps()) == (str(folder / "go"),)


def test_an_older_go_is_left_for_the_one_that_uv_installs(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, installed = fake("go", "1.9.7"), fake("uv", "1.26.6")
    # As `uv tool run … go version` would.
    (installed / "uv").write_text('#!/bin/sh\necho "go version go1.26.6 linux/amd64"\n')
    monkeypatch.setattr(uv, "find_uv_bin", lambda: str(installed / "uv"))
    found = programs.find_go(_environ(folder, cache=tmp_path), _steps())
    assert (found[0], found[-1]) == (str(installed / "uv"), "go")


def test_a_machine_without_go_says_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uv, "find_uv_bin", lambda: "/bin/false")
    with pytest.raises(OutsideError, match=r"^Go is missing: [^\n]+$"):
        programs.find_go(_environ(cache=tmp_path), _steps())


def test_programs_are_built_once_with_a_line_for_each(fake: Fake, tmp_path: Path, only_etcd: Module) -> None:
    folder, lines = fake("go", "1.26.0"), list[str]()
    environ = _environ(folder, cache=tmp_path / "cache")
    built = programs.build(environ, _steps(lines))
    assert built.path(only_etcd, "etcd").read_text() == "made\n"
    assert [re.sub(r"\d+\.\d", "0", line) for line in lines[1:]] == [
        "cluster: downloaded the modules of etcd in 0 s",
        "cluster: built etcd in 0 s",
    ]
    (folder / "called").unlink()
    assert programs.build(environ, _steps()) == built
    assert not (folder / "called").exists()


@pytest.mark.parametrize("failures", [0, 2])
def test_a_download_is_tried_again_twice(fake: Fake, tmp_path: Path, only_etcd: Module, failures: int) -> None:
    folder = fake("go", "1.26.0")
    (folder / "broken").write_text("once\n" * failures)
    assert only_etcd.packages
    programs.build(_environ(folder, cache=tmp_path / "cache"), _steps())
    assert (folder / "called").read_text().splitlines().count("mod download") == failures + 1


def test_a_download_that_stays_broken_is_an_error_with_what_go_printed(
    fake: Fake, tmp_path: Path, only_etcd: Module
) -> None:
    folder = fake("go", "1.26.0")
    (folder / "broken").write_text("once\n" * 3)
    environ = _environ(folder, cache=tmp_path / "cache")
    with pytest.raises(OutsideError, match="`go mod download` failed for etcd:\n  the connection is broken"):
        programs.build(environ, _steps())
    assert not programs.cached(environ).path(only_etcd, "etcd").exists()


def test_another_pin_is_another_place_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {module.name: module.key for module in (ETCD, KUBERNETES, ARGO)}
    pins = tmp_path / "pins"
    shutil.copytree(ETCD.folder.parent, pins)
    with (pins / "etcd" / "go.sum").open("a") as sums:
        sums.write("another\n")
    monkeypatch.setattr(programs, "_PINS", pins)
    after = {module.name: module.key for module in (ETCD, KUBERNETES, ARGO)}
    assert {name for name in before if before[name] != after[name]} == {"etcd"}


def test_versions_come_from_the_pins() -> None:
    assert [re.sub(r"\d+", "0", module.version) for module in (ETCD, KUBERNETES, ARGO)] == ["v0.0.0"] * 3
    with pytest.raises(OutsideError, match=r"does not require k8s.io/missing"):
        assert replace(KUBERNETES, pinned="k8s.io/missing").version


def test_every_part_of_kubernetes_has_one_version() -> None:
    pins = (KUBERNETES.folder / "go.mod").read_text()
    minor = KUBERNETES.version.removeprefix("v1.")
    replaced = re.findall(r"^\t(k8s\.io/\S+) => (\S+) (\S+)$", pins, re.MULTILINE)
    assert len(replaced) == 33
    assert all((name, version) == (by, f"v0.{minor}") for name, by, version in replaced)


def test_the_pins_need_no_newer_go_than_the_one_that_is_required() -> None:
    needed = {
        re.findall(r"^go (\d+)\.(\d+)", (module.folder / "go.mod").read_text(), re.MULTILINE)[0]
        for module in (ETCD, KUBERNETES, ARGO)
    }
    assert {(int(major), int(minor)) for major, minor in needed} == {programs._OLDEST_GO}

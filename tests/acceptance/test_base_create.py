"""`comp base create` with a small archive: what it prints, where the base goes, and what it refuses."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bases import base_archive, fix_openssl
from tests.commands import comp, ok
from tests.debian_archive import DebianArchive, serving_archive
from tests.fake_remote import FakeRemote, serving


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[DebianArchive]:
    with serving_archive(base_archive(tmp_path / "archive", "amd64", "arm64")) as archive:
        yield archive


@pytest.fixture
def env(tmp_path: Path, archive: DebianArchive) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "COMP_BASE"}
    return kept | archive.environ | {"COMP_CACHE_DIR": str(tmp_path / "cache")}


def test_a_base_is_made_once_and_updated(tmp_path: Path, archive: DebianArchive, env: dict[str, str]) -> None:
    place = f"layout:{tmp_path / 'cache' / 'bases' / 'debian-bookworm'}\n"
    made = comp("base", env=env)
    assert (made.code, made.out) == (0, place)
    assert made.err.splitlines()[0].startswith("making a base of 16 packages from Debian bookworm for linux/")
    again = comp("base", "create", env=env)
    assert (again.out, again.err) == (
        place,
        f"{place.strip().removeprefix('layout:')} is there already (--force makes it again)\n",
    )
    digest = made.err.splitlines()[-1].removeprefix("made ")
    assert comp("base", "--force", env=env).err.splitlines()[-1] == f"made {digest}"
    current = comp("base", "update", "--check", "debian-bookworm", env=env)
    assert (current.code, current.out, current.err) == (0, "", "1 base: 1 up to date\n")
    fix_openssl(archive)
    archive.publish("amd64", "arm64")
    checked = comp("base", "update", "--check", "debian-bookworm", env=env)
    assert checked.code == 1
    assert [line.split() for line in checked.out.splitlines()[1:]] == [
        ["libssl3", "3.0.15-1", "->", "3.0.16-1", "security", "CVE-2025-9999,", "CVE-2026-1234"],
        ["tzdata", "1.0-1", "->", "1.0-2"],
    ]
    assert "it is no scan for vulnerabilities" in checked.err
    taken = comp("base", "update", "debian-bookworm", env=env)
    assert (taken.code, taken.out) == (0, checked.out)
    assert comp("base", "update", "--check", "debian-bookworm", env=env).code == 0
    shown = json.loads(ok("base", "show", "debian-bookworm", "--format", "json", env=env))
    versions = {package["name"]: package["version"] for package in shown["packages"]}
    assert versions["libssl3"] == "3.0.16-1"


def test_a_base_for_a_team_is_pushed_with_tags_for_all_platforms(env: dict[str, str]) -> None:
    with serving(FakeRemote()) as remote:
        name = f"{remote.host}/team/base"
        words = ("--platform", "linux/amd64,linux/arm64", "--packages", "gawk", "--push", f"{name}:1", "--tag", "1.0")
        pushed = ok("base", "create", *words, env=env)
        digest = pushed.removeprefix(f"{name}:1@")
        assert remote.tags["team/base"] == {"1": digest, "1.0": digest}
        # A base that is there already is made anew: a team gets the newest packages.
        assert ok("base", "create", *words, env=env) == pushed
        shown = json.loads(ok("base", "show", f"{name}:1", "--platform", "linux/arm64", "--format", "json", env=env))
    assert shown["platforms"] == ["linux/amd64", "linux/arm64"]
    assert shown["labels"] == {"dev.comp.base.packages": "gawk", "dev.comp.base.suite": "bookworm"}


def test_an_archive_for_a_machine_without_network(tmp_path: Path, env: dict[str, str]) -> None:
    path = tmp_path / "base.tar"
    assert ok("base", "-o", f"archive:{path}", "--platform", "linux/amd64", env=env) == f"archive:{path}"
    assert "python    3.11.2" in ok("base", "show", f"archive:{path}", "--platform", "linux/amd64", env=env)


@pytest.mark.parametrize(
    ("words", "code", "message", "hint"),
    [
        (
            ("--suite", "bookwurm"),
            1,
            "there is no suite 'bookwurm' in Debian's archive",
            "did you mean 'bookworm'?",
        ),
        (("--packages", "gawkk"), 1, "no Debian package is called 'gawkk'", "did you mean 'gawk'?"),
        (("--packages", "a b"), 2, "invalid --packages: 'a b' is no name", "write --packages git,libgomp1"),
        (
            ("--platform", "linux/amd64,linux/mips64le"),
            1,
            "the suite bookworm has no packages for linux/mips64le",
            "choose another platform or suite",
        ),
        (("--python", "3.12"), 1, "no release of Debian has Python 3.12", "bullseye has 3.9, bookworm has 3.11"),
        (("--suite", "bookworm", "--python", "3.13"), 1, "Debian bookworm has Python 3.11, not 3.13", "bullseye has"),
        (("--tag", "x"), 2, "--tag is for --push", "name the reference"),
        (("--output", "docker"), 2, "invalid --output docker", "write --output layout:DIR or archive:FILE"),
        (("--output", "archive:."), 2, ". is a folder", "name a file"),
        (("--push", "a/b:c:d"), 1, "not an image reference", "a tag has"),
    ],
)
def test_bad_input(
    tmp_path: Path, env: dict[str, str], words: tuple[str, ...], code: int, message: str, hint: str
) -> None:
    refused = comp("base", "create", *words, folder=tmp_path, env=env)
    assert (refused.code, refused.out) == (code, "")
    assert f"error: {message}" in refused.err
    assert f"hint: {hint}" in refused.err
    assert not (tmp_path / "cache" / "bases").exists()


def test_the_mirror_is_down_and_a_folder_is_in_the_way(tmp_path: Path, env: dict[str, str]) -> None:
    down = comp("base", env=env | {"COMP_DEBIAN_MIRROR": "http://127.0.0.1:9"})
    assert (down.code, down.out) == (3, "")
    assert "error: cannot read http://127.0.0.1:9/debian/dists/bookworm/InRelease" in down.err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    for force in ((), ("--force",)):
        refused = comp("base", "--output", f"layout:{tmp_path / 'mine'}", *force, env=env)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err.startswith(f"error: {tmp_path / 'mine'} exists and is not an image layout")
    assert (tmp_path / "mine" / "file").read_text() == "mine"

"""`system-packages` as users meet it: a small signed archive, and everything that can be wrong with one."""

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Result, comp, ok
from tests.components import small_base, write_component
from tests.debian_archive import RELEASE, DebianArchive, Member, made_key, public, serving_archive

STATUS = b"Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\n"
DEBIAN = {"etc/os-release": RELEASE, "var/lib/dpkg/status.d/libc6": STATUS}


class User:
    """A user with a component on a Debian base."""

    def __init__(self, folder: Path, archive: DebianArchive) -> None:
        self.folder, self.archive = folder, archive
        self.base = small_base(folder / "base", files=DEBIAN)
        self.more: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COMP_")}
        cache = {"COMP_CACHE_DIR": str(self.folder / "cache"), "NO_PROXY": "127.0.0.1", "NETRC": "/none"}
        return kept | cache | self.archive.environ | self.more

    def component(self, packages: str = '["tool"]', name: str = "count") -> Path:
        return write_component(self.folder / name, self.base, settings=f"system-packages = {packages}")

    def comp(self, *words: str | Path) -> Result:
        return comp(*words, env=self.environment)

    def ok(self, *words: str | Path) -> str:
        return ok(*words, env=self.environment)

    def asked(self) -> list[str]:
        assert self.archive.site
        return [path for path, _ in self.archive.site.news()]


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    archive = DebianArchive(folder=tmp_path / "archive")
    copyright_file = {"usr/share/doc/tool/copyright": b"/usr/share/common-licenses/GPL-2\n"}
    archive.add("tool", Depends="libc6, libtool1", files={"usr/bin/tool": b"1", **copyright_file})
    archive.add("libtool1", files={"usr/lib/libtool.so.1": b"so"}, scripts={"postinst": "adduser --system x"})
    archive.publish()
    with serving_archive(archive):
        yield User(tmp_path, archive)


def test_a_component_gets_its_packages_and_the_next_one_the_same_layer(user: User) -> None:
    folder = user.component()
    first = user.comp("build", folder)
    assert first.code == 0, first.err
    assert "choosing system packages for tool on linux/amd64\n" in first.err
    assert "warning: libtool1: its users or groups are not added\n" in first.err
    lock = (folder / "requirements.lock").read_text()
    assert '#   { name = "libtool1", version = "1.0-1", architecture = "amd64", archive = "debian"' in lock

    user.asked()
    # Another component: the same packages are chosen again, and nothing is fetched or made twice.
    preview = user.ok("build", "--dry-run", user.component(name="other"))
    assert "system packages" in preview
    assert "libtool1 1.0-1, tool 1.0-1" in preview
    assert not [path for path in user.asked() if path.endswith(".deb")]
    assert user.ok("lock", "--check", folder) == ""
    assert user.ok("build", "--locked", folder) == first.out.strip()
    assert user.asked() == []


def test_scanners_and_lawyers_find_the_packages(user: User) -> None:
    image = user.folder / "image"
    user.ok("build", user.component(), "--output", f"layout:{image}")
    sbom = user.ok("sbom", f"layout:{image}", "--platform", "linux/amd64")
    assert '"pkg:deb/debian/tool@1.0-1?arch=amd64' in sbom
    assert "tool      1.0-1   GPL-2" in user.ok("licenses", "--base", f"layout:{image}", "--platform", "linux/amd64")


def test_an_upgrade_says_what_it_took(user: User) -> None:
    folder = user.component()
    assert "locked 0 packages and 2 Debian packages" in user.comp("lock", folder).err
    user.archive.add("tool", "1.1-1", files={})
    user.archive.publish()
    assert "up to date (0 packages and 2 Debian packages)" in user.comp("lock", folder).err
    done = user.comp("lock", "--upgrade", folder)
    assert "removed Debian's libtool1 1.0-1\nDebian's tool: 1.0-1 -> 1.1-1\n" in done.err


def test_a_lock_for_other_packages_is_stale(user: User) -> None:
    user.ok("lock", user.component())
    result = user.comp("build", "--locked", user.component('["libtool1"]'))
    assert (result.code, result.out) == (1, "")
    assert "the lock pins system packages for other settings or another base" in result.err
    assert "hint: `comp lock` brings it up to date" in result.err
    assert user.comp("lock", "--check", user.folder / "count").code == 1


def fails(user: User, code: int, *texts: str, packages: str = '["tool"]') -> None:
    """Expect a build to fail with an error and a hint, with no lock and no traceback."""
    folder = user.component(packages)
    result = user.comp("build", folder)
    assert (result.code, result.out) == (code, ""), result.err
    for text in texts:
        assert text in result.err, result.err
    assert "Traceback" not in result.err
    assert "\nhint: " in result.err
    assert not (folder / "requirements.lock").exists()


def test_a_misspelt_package(user: User) -> None:
    fails(user, 1, "pyproject.toml:8:", "no Debian package is called 'tol'", "did you mean 'tool'?", packages='["tol"]')


def test_settings_that_are_no_packages(user: User) -> None:
    folder = user.folder / "count"
    for packages in ('["git:i386"]', '["-rf"]', '["a b"]', '"git"', "[1]", '["git="]'):
        user.component()
        path = folder / "pyproject.toml"
        path.write_text(path.read_text().replace('["tool"]', packages))
        result = user.comp("build", folder)
        assert (result.code, "system-packages" in result.err) == (1, True), result.err


def test_packages_that_do_not_go_together(user: User) -> None:
    user.archive.add("rival", Conflicts="tool", files={})
    user.archive.publish()
    fails(user, 1, "exclude each other", packages='["rival", "tool"]')


def test_a_base_that_is_too_old_for_a_package(user: User) -> None:
    user.archive.add("new", Depends="libc6 (>= 2.40)", files={})
    user.archive.publish()
    fails(user, 1, "new 1.0-1 needs libc6 (>= 2.40): the base has libc6 2.36-9", "newer base", packages='["new"]')


def test_a_base_of_another_system(user: User) -> None:
    release = b'ID=alpine\nPRETTY_NAME="Alpine Linux v3.20"\n'
    user.base = small_base(user.folder / "alpine", files={"etc/os-release": release})
    fails(user, 1, "needs a base of Debian or Ubuntu, and this one is Alpine Linux v3.20")


def test_a_mirror_that_is_down(user: User) -> None:
    user.more = {"COMP_DEBIAN_MIRROR": "http://127.0.0.1:9"}
    fails(user, 3, "cannot connect to 127.0.0.1:9", "COMP_DEBIAN_MIRROR")


def test_a_mirror_with_a_wrong_signature(user: User) -> None:
    path = user.archive.folder / "debian/dists/bookworm/InRelease"
    path.write_bytes(path.read_bytes().replace(b"Codename: bookworm", b"Codename: bookwurm"))
    fails(user, 3, "the signature of http://127.0.0.1", "is not valid")


def test_a_key_that_is_not_the_archives(user: User) -> None:
    ring = user.folder / "ring.gpg"
    ring.write_bytes(public(made_key("stranger")))
    user.more = {"COMP_DEBIAN_KEYRING": str(ring)}
    fails(user, 3, f"by the keys of {ring}")


def test_a_mirror_that_is_stale(user: User) -> None:
    user.archive.release = {"Valid-Until": "Wed, 02 Dec 2020 02:22:30 UTC"}
    user.archive.publish()
    fails(user, 3, "was valid until 2020-12-02: the mirror is stale")


def test_a_package_that_was_cut_off_on_the_mirror(user: User) -> None:
    for path in user.archive.folder.rglob("tool_*.deb"):
        path.write_bytes(path.read_bytes()[:-100])
    fails(user, 3, "tool_1.0-1_amd64.deb")


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"../../etc/passwd": b"x"}, "leads out of it"),
        ({"usr/x": Member(kind=tarfile.CHRTYPE)}, "neither a file nor a folder nor a link"),
        ({"usr/y": "/etc", "usr/y/os-release": b"x"}, "has another /etc/os-release than the base"),
        ({"opt/comp/launch.py": b"x"}, "lies below /opt/comp"),
        ({"etc/.wh.os-release": b""}, "would remove a file"),
        ({"usr/big": bytes(3_000_000)}, "exceeds the limit of 2.0 MB"),
    ],
)
def test_a_hostile_package(user: User, files: dict[str, bytes | str | Member], problem: str) -> None:
    user.more = {"COMP_LIMIT_DEBIAN_PACKAGE_SIZE": "2000000"}
    user.archive.add("evil", files=files)
    user.archive.publish()
    fails(user, 1, problem, packages='["evil"]')


def test_newer_versions_are_in_every_form_of_outdated_bases(user: User) -> None:
    folder = user.component()
    user.ok("lock", folder)
    user.archive.add("tool", "1.0-2", Depends="libc6, libtool1", files={"usr/bin/tool": b"2"})
    user.archive.publish()
    user.more["GITHUB_STEP_SUMMARY"] = str(user.folder / "summary.md")
    text = user.comp("outdated", "--bases", folder)
    assert (text.code, text.out) == (0, "")
    assert "system package tool: 1.0-1 -> 1.0-2 (count-words)\n" in text.err
    (base,) = json.loads(user.ok("outdated", "--bases", "--format", "json", folder))
    assert base["system_packages"] == [
        {"name": "tool", "pinned": "1.0-1", "newest": "1.0-2", "components": ["count-words"]}
    ]
    markdown = user.ok("outdated", "--bases", "--format", "markdown", folder)
    table = markdown[markdown.index("### System packages\n\n| Package | Pinned | Newest | Components | Base |\n") :]
    assert "| tool | 1.0-1 | 1.0-2 | count-words | " in table
    assert table in (user.folder / "summary.md").read_text()

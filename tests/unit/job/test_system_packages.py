from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.components import small_base, write_component
from tests.debian_archive import RELEASE, DebianArchive, serving_archive
from toolkit.cache.store import Cache
from toolkit.config.project import Project, read_project
from toolkit.digest import Digest
from toolkit.errors import CompError, InputError, OutsideError
from toolkit.job.bases import open_bases
from toolkit.job.context import BuildContext
from toolkit.job.lock import existing_lock, locked_bases
from toolkit.job.shared_lock import lock_projects
from toolkit.oci.descriptor import Platform
from toolkit.requirements.lock import Lock
from toolkit.requirements.lock_file import write_lock
from toolkit.system.turns import Shared

AMD64 = Platform("linux", "amd64")
STATUS = b"Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\n"


class Place:
    """A component on a Debian base, and an archive."""

    def __init__(self, folder: Path, archive: DebianArchive) -> None:
        self.folder, self.archive = folder, archive
        self.cache = Cache(folder / "cache")
        self.base = small_base(
            folder / "debian-base", files={"etc/os-release": RELEASE, "var/lib/dpkg/status.d/libc6": STATUS}
        )

    @property
    def context(self) -> BuildContext:
        """A command of its own each time."""
        return BuildContext(cache=self.cache, environ=self.archive.environ | {"NO_PROXY": "127.0.0.1"}, shared=Shared())

    def project(self, packages: str = '["tool"]', name: str = "component", **overrides: str) -> Project:
        folder = write_component(self.folder / name, self.base, settings=f"system-packages = {packages}")
        return read_project(folder, environ={}, overrides=overrides)

    def asked(self) -> list[str]:
        """What the archive was asked for since the last time."""
        assert self.archive.site
        return [path for path, _ in self.archive.site.news()]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    archive = DebianArchive(folder=tmp_path / "archive")
    archive.add("tool", Depends="libtool1", files={"usr/bin/tool": b"1"})
    archive.add("libtool1", files={"usr/lib/libtool.so.1": b"so"}, scripts={"postinst": "adduser x"})
    archive.publish()
    with serving_archive(archive):
        yield Place(tmp_path, archive)


def locked(project: Project, place: Place, **options: Any) -> Lock:  # noqa: ANN401
    return locked_bases(project, place.context, **options)[1]


def test_the_base_has_the_packages_and_the_lock_pins_them(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    project = place.project()
    (base,), lock = locked_bases(project, place.context)
    assert base.system
    assert base.itself.layers == base.image.layers[:-1]
    assert "libtool.so.1" in base.facts.libraries
    assert lock.system[AMD64] == base.system
    assert (base.system.base, base.system.image) == (base.itself.digest, base.image.digest)
    assert base.system.versions == {"libtool1": "1.0-1", "tool": "1.0-1"}
    assert existing_lock(project) == lock
    assert "libtool1: its users or groups are not added" in caplog.text


def test_a_lock_needs_no_archive_and_an_upgrade_takes_newer_packages(place: Place) -> None:
    project = place.project()
    first = locked(project, place)
    place.archive.add("tool", "1.1-1", files={"usr/bin/tool": b"2"})
    place.archive.publish()
    place.asked()
    assert locked(project, place, locked=True) == first
    assert place.asked() == []
    upgraded = locked(project, place, upgrade=True)
    assert upgraded.system[AMD64].versions == {"tool": "1.1-1"}
    assert existing_lock(project) == upgraded


def test_a_changed_setting_keeps_the_versions_of_the_lock(place: Place) -> None:
    locked(place.project(), place)
    place.archive.add("tool", "1.1-1", files={})
    place.archive.add("other", files={"usr/bin/other": b"1"})
    place.archive.publish()
    lock = locked(place.project('["tool", "other"]'), place)
    assert lock.system[AMD64].versions == {"libtool1": "1.0-1", "other": "1.0-1", "tool": "1.0-1"}


def test_a_lock_of_other_settings_is_refused_with_locked_and_no_archive_is_asked(place: Place) -> None:
    locked(place.project(), place)
    place.asked()
    with pytest.raises(InputError, match="pins system packages for other settings") as caught:
        locked(place.project('["libtool1"]'), place, locked=True)
    assert caught.value.hint == "`comp lock` brings it up to date"
    assert place.asked() == []


def test_a_missing_lock_is_refused_with_locked(place: Place) -> None:
    with pytest.raises(InputError, match="the lock is missing") as caught:
        locked(place.project(), place, locked=True)
    assert caught.value.hint == "`comp lock` writes it"


def test_a_lock_without_pins_is_refused_with_locked(place: Place) -> None:
    locked(read_project(write_component(place.folder / "component", place.base), environ={}), place)
    with pytest.raises(InputError, match="the lock has no `system-packages`"):
        locked(place.project(), place, locked=True)


def test_settings_without_system_packages_drop_the_pins(place: Place) -> None:
    locked(place.project(), place)
    folder = write_component(place.folder / "component", place.base)
    project = read_project(folder, environ={})
    assert locked(project, place).system == {}
    assert "system" not in project.lock.read_text()


def test_another_base_is_resolved_anew(place: Place) -> None:
    first = locked(place.project(), place).system[AMD64]
    status = STATUS + b"\nPackage: libtool1\nVersion: 1.0-1\nArchitecture: amd64\n"
    place.base = small_base(
        place.folder / "other-base", files={"etc/os-release": RELEASE, "var/lib/dpkg/status": status}
    )
    second = locked(place.project(), place).system[AMD64]
    assert second.base != first.base
    assert second.versions == {"tool": "1.0-1"}


def test_a_base_of_one_run_is_chosen_for_once_and_never_recorded(place: Place) -> None:
    project = place.project(base=f"layout:{place.base}")
    bases, lock = locked_bases(project, place.context)
    assert (bases[0].system is not None, lock.system) == (True, {})
    place.asked()
    assert locked_bases(project, place.context)[0][0].image.digest == bases[0].image.digest
    assert place.asked() == []


def test_components_that_ask_for_the_same_share_the_base_and_the_pins(place: Place) -> None:
    one, two = place.project(name="one"), place.project(name="two")
    context = place.context
    locks = lock_projects([one, two], {}, context)
    assert locks[one.folder].system == locks[two.folder].system
    asked = place.asked()
    assert (len(asked), len(set(asked))) == (8, 8)  # three Releases and indexes, two packages


def test_all_platforms_are_pinned_even_if_one_is_built(place: Place) -> None:
    project = replace(place.project(), platforms=("linux/amd64", "linux/arm64"))
    # The base is for one platform: the error shows that the other one was asked for.
    with pytest.raises(CompError, match="arm64"):
        locked_bases(project, place.context, only=AMD64)


def test_a_pin_of_an_archive_that_is_none_of_the_bases_is_refused(place: Place) -> None:
    project = place.project()
    locked(project, place)
    text = project.lock.read_text().replace('archive = "debian"', 'archive = "http://evil.example/apt"')
    project.lock.write_text(text)
    with pytest.raises(InputError, match=r"is pinned from http://evil\.example/apt, which is no archive of the base"):
        locked(project, place)


def test_a_pin_that_nothing_needs_is_refused(place: Place) -> None:
    place.archive.add("netcat", files={"usr/bin/nc": b"1"})
    place.archive.publish()
    other = locked(place.project('["netcat"]', name="other"), place)
    project = place.project()
    lock = locked(project, place)
    pins = lock.system[AMD64]
    more = replace(pins, packages=(*pins.packages, *other.system[AMD64].packages))
    write_lock(project.lock, replace(lock, system={AMD64: more}))
    with pytest.raises(InputError, match="nothing that is asked for needs netcat"):
        locked(project, place)


def test_a_pin_that_was_changed_is_refused(place: Place) -> None:
    project = place.project()
    lock = locked(project, place)
    pin = lock.system[AMD64].packages[0]
    project.lock.write_text(project.lock.read_text().replace(pin.digest.hex, Digest.of(b"other").hex))
    with pytest.raises(OutsideError, match="libtool1_1"):
        locked(project, place)


def test_a_misspelt_name_is_an_error_at_the_setting(place: Place) -> None:
    project = place.project('["tol"]')
    with pytest.raises(InputError, match="no Debian package is called 'tol'") as caught:
        locked(project, place)
    assert caught.value.where
    assert (caught.value.where.path, caught.value.where.line) == (project.folder / "pyproject.toml", 8)
    assert caught.value.hint == "did you mean 'tool'?"


def test_without_the_setting_no_archive_is_asked(place: Place) -> None:
    project = read_project(write_component(place.folder / "plain", place.base), environ={})
    (base,) = open_bases(project, place.context)
    assert (base.system, base.plain, place.asked()) == (None, None, [])

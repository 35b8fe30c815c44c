"""Which bases components stand on."""

from pathlib import Path

from tests.collections import component
from tests.dockerfiles import write_dockerfile_component
from toolkit.bases.used import Held, UsedBase, used_bases
from toolkit.config.project import Project, read_project
from toolkit.digest import Digest
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import parse_reference
from toolkit.requirements.lock import Lock
from toolkit.requirements.requirements_lock import write_requirements_lock

DIGEST = Digest("a" * 64)


def project(folder: Path, base: str, locked: str | None = None, **environ: str) -> Project:
    component(folder, contract=False, more=f'base = "{base}"\n')
    if locked:
        reference = parse_reference(f"{locked}@{DIGEST}")
        lock = Lock(inputs=f"sha256:{'0' * 64}", python="3.11", pins={Platform("linux", "amd64"): ()}, base=reference)
        write_requirements_lock(folder / "requirements.lock", lock)
    return read_project(folder, environ=environ)


def shown(bases: tuple[UsedBase, ...]) -> list[tuple[str, Held, tuple[str, ...]]]:
    return [(base.name, base.held, base.names) for base in bases]


def test_components_of_one_image_come_together(tmp_path: Path) -> None:
    projects = [
        project(tmp_path / "one", "example.com/base:1", "example.com/base:1"),
        project(tmp_path / "two", "example.com/base:1", "example.com/base:1"),
        project(tmp_path / "new", "example.com/base:1"),
        project(tmp_path / "moved", "example.com/base:2", "example.com/base:1"),
        project(tmp_path / "pinned", f"example.com/base:1@{DIGEST}"),
        project(tmp_path / "bare", f"example.com/base@{DIGEST}"),
        project(tmp_path / "disk", "layout:base"),
        project(tmp_path / "broken", "UPPER:1"),
    ]
    found = used_bases(projects)
    assert shown(found) == [
        ("example.com/base", Held.SETTINGS, ("bare",)),
        ("example.com/base:1", Held.NOTHING, ("new",)),
        ("example.com/base:1", Held.LOCK, ("one", "two")),
        ("example.com/base:1", Held.SETTINGS, ("pinned",)),
        ("example.com/base:2", Held.NOTHING, ("moved",)),
        (f"layout:{Path('base').absolute()}", Held.DISK, ("disk",)),
    ]
    tags = {str(base.tag) for base in found if base.tag}
    assert tags == {"example.com/base:1"}


def test_the_base_that_the_environment_names_is_not_in_the_lock(tmp_path: Path) -> None:
    one = project(tmp_path / "one", "example.com/base:1", "example.com/base:1", COMP_BASE="layout:/base")
    two = project(tmp_path / "two", "example.com/base:1", "example.com/base:1", COMP_BASE="example.com/base:1")
    assert shown(used_bases([one, two])) == [
        ("example.com/base:1", Held.NOTHING, ("two",)),
        ("layout:/base", Held.DISK, ("one",)),
    ]


def test_the_base_of_a_dockerfile_is_not_known(tmp_path: Path) -> None:
    folder = write_dockerfile_component(tmp_path / "one", "FROM example.com/base:1\n")
    assert used_bases([read_project(folder, environ={})]) == ()
    # Code that comp knows has a lock, which names a base.
    owned = write_dockerfile_component(
        tmp_path / "two",
        "FROM example.com/base:1\n",
        settings='command = ["python", "x.py"]\nbase = "example.com/base:1"',
    )
    assert [base.name for base in used_bases([read_project(owned, environ={})])] == ["example.com/base:1"]


def test_a_base_without_a_tag_means_latest(tmp_path: Path) -> None:
    (base,) = used_bases([project(tmp_path / "one", "example.com/base", "example.com/base")])
    assert (base.held, str(base.tag), base.platform) == (Held.LOCK, "example.com/base", Platform("linux", "amd64"))

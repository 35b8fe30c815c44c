"""What an archive has for a suite and a platform, read once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.bases import base_archive
from tests.debian_archive import DebianArchive, serving_archive
from toolkit.bases.archive import open_archive
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Platform

AMD64 = Platform("linux", "amd64")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[DebianArchive]:
    with serving_archive(base_archive(tmp_path / "archive")) as archive:
        yield archive


@pytest.fixture
def context(tmp_path: Path, archive: DebianArchive) -> BuildContext:
    return BuildContext(cache=Cache(tmp_path / "cache"), environ=archive.environ)


def asked(archive: DebianArchive) -> list[str]:
    assert archive.site
    return [path for path, _ in archive.site.asked if "InRelease" in path]


def test_packages_are_resolved_and_fetched(archive: DebianArchive, context: BuildContext) -> None:
    found = open_archive("bookworm", AMD64, context)
    python = {package.name: package for package in found.resolved(["python3"])}
    assert sorted(python) == ["libssl3", "python3", "python3.11-minimal"]
    ((package, path),) = found.fetch([python["libssl3"]])
    assert package.digest == Digest.of(path.read_bytes())
    assert path.is_relative_to(context.cache.root)
    # Each suite is asked for once in a command.
    assert open_archive("bookworm", AMD64, context) is found
    assert len(asked(archive)) == 3


def test_a_file_that_the_mirror_lists_and_lacks(archive: DebianArchive, context: BuildContext) -> None:
    found = open_archive("bookworm", AMD64, context)
    for path in archive.folder.rglob("libssl3*.deb"):
        path.unlink()
    with pytest.raises(OutsideError, match="404") as failed:
        found.fetch(found.resolved(["libssl3"]))
    # There is no lock that another command could renew.
    assert failed.value.hint == "check the network; try again; COMP_DEBIAN_MIRROR=http://… names another mirror"


def test_a_suite_that_does_not_exist(context: BuildContext) -> None:
    with pytest.raises(InputError, match="there is no suite 'bookwurm' in Debian's archive") as refused:
        open_archive("bookwurm", AMD64, context)
    assert refused.value.hint == "did you mean 'bookworm'?"
    with pytest.raises(InputError, match=r"there is no suite '\.\./x'"):
        open_archive("../x", AMD64, context)


def test_a_platform_that_the_suite_lacks(context: BuildContext) -> None:
    with pytest.raises(InputError, match=r"the suite bookworm has no packages for linux/riscv64 \(Debian calls it"):
        open_archive("bookworm", Platform("linux", "riscv64"), context)
    with pytest.raises(InputError, match="Debian has no packages for windows/amd64"):
        open_archive("bookworm", Platform("windows", "amd64"), context)


def test_a_mirror_that_is_down(context: BuildContext) -> None:
    down = replace(context, environ={**context.environ, "COMP_DEBIAN_MIRROR": "http://127.0.0.1:9"})
    with pytest.raises(OutsideError, match=r"cannot read http://127.0.0.1:9/debian/dists/bookworm/InRelease"):
        open_archive("bookworm", AMD64, down)

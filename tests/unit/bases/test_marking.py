"""What of a difference comes from the security archive, and which CVEs its changelogs name."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.bases import base_archive, debian_base, fix_openssl
from tests.debian_archive import DebianArchive, deb_of, serving_archive
from toolkit.bases.archive import open_archive
from toolkit.bases.description import describe
from toolkit.bases.difference import BaseDifference, difference
from toolkit.bases.marking import changelog_in, is_debian, marked, with_marks
from toolkit.cache.store import Cache
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Platform

BEFORE = {"libssl3": "3.0.15-1", "tzdata": "1.0-1", "gone": "1"}
AFTER = {"libssl3": "3.0.16-1", "tzdata": "1.0-2", "more": "1"}


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[DebianArchive]:
    archive = base_archive(tmp_path / "archive")
    fix_openssl(archive)
    with serving_archive(archive):
        yield archive


@pytest.fixture
def context(tmp_path: Path, archive: DebianArchive) -> BuildContext:
    return BuildContext(cache=Cache(tmp_path / "cache"), environ=archive.environ)


def moved(context: BuildContext) -> BaseDifference:
    return difference(*(describe(debian_base(packages), context.cache) for packages in (BEFORE, AFTER)))


def test_any_base_of_debian_is_marked(context: BuildContext) -> None:
    found = marked(moved(context), context)
    assert [(change.name, change.security, change.cves) for change in found.packages] == [
        ("gone", None, ()),
        ("libssl3", True, ("CVE-2025-9999", "CVE-2026-1234")),
        ("more", False, ()),
        ("tzdata", False, ()),
    ]


def test_packages_of_one_source_have_its_cves(context: BuildContext, archive: DebianArchive) -> None:
    # Smaller, and its documents are a link.
    archive.add(
        "openssl", "3.0.16-1", suite="bookworm-security", files={"usr/share/doc/openssl": "libssl3"}, Source="openssl"
    )
    archive.publish()
    found = moved(context)
    sources = tuple(replace(package, source="openssl") for package in found.after.packages if package.name == "libssl3")
    change = replace(found.packages[1], name="openssl")
    both = replace(found, packages=(found.packages[1], change), after=replace(found.after, packages=sources))
    marks = with_marks(both, open_archive("bookworm", Platform("linux", "amd64"), context))
    assert [change.cves for change in marks.packages] == [("CVE-2025-9999", "CVE-2026-1234")] * 2


def test_without_a_mirror_nothing_is_known(context: BuildContext) -> None:
    found = moved(context)
    down = replace(context, environ={**context.environ, "COMP_DEBIAN_MIRROR": "http://127.0.0.1:9"})
    assert marked(found, down) == found


def test_other_systems_are_left_alone(context: BuildContext, archive: DebianArchive) -> None:
    found = moved(context)
    ubuntu = replace(found, after=replace(found.after, system="Ubuntu 24.04"))
    assert (is_debian(found.after), is_debian(ubuntu.after)) == (True, False)
    assert archive.site
    archive.site.news()
    assert marked(ubuntu, context) == ubuntu
    assert marked(replace(found, packages=()), context).packages == ()
    assert archive.site.asked == []


def test_a_changelog_in_a_package(tmp_path: Path) -> None:
    path = tmp_path / "a.deb"
    fields = {"Package": "a", "Version": "1", "Architecture": "all"}
    for name, content, text in (
        ("changelog.Debian.gz", gzip.compress(b"text"), "text"),
        ("changelog.Debian.amd64.gz", gzip.compress(b"text"), "text"),
        ("changelog.Debian.gz", b"damaged", ""),
        ("changelog.gz", gzip.compress(b"upstream's"), ""),
    ):
        path.write_bytes(deb_of(fields, {f"usr/share/doc/a/{name}": content}, {}))
        assert changelog_in(path, "a") == text

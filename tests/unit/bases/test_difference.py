"""What a newer base changes."""

from pathlib import Path

from msgspec.structs import replace

from tests.bases import NEW, OLD, debian_base
from toolkit.bases.description import describe
from toolkit.bases.difference import BaseDifference, PackageChange, difference
from toolkit.cache.store import Cache


def between(tmp_path: Path) -> BaseDifference:
    cache = Cache(tmp_path)
    return difference(describe(debian_base(OLD), cache), describe(debian_base(NEW, python="3.11.9"), cache))


def test_packages_and_facts(tmp_path: Path) -> None:
    found = between(tmp_path)
    assert found.packages == (
        PackageChange(name="libssl3", before="3.0.15-1~deb12u1", after="3.0.16-1~deb12u1"),
        PackageChange(name="libzstd1", before=None, after="1.5.4"),
        PackageChange(name="zlib1g", before="1:1.2.13", after=None),
    )
    assert [change.kind for change in found.packages] == ["changed", "added", "removed"]
    assert found.facts == {"python": ("3.11.2", "3.11.9")}
    assert found.grown == found.after.size - found.before.size


def test_the_summary_counts(tmp_path: Path) -> None:
    found = between(tmp_path)
    changed = replace(found.packages[0], security=True, cves=("CVE-2026-1", "CVE-2026-2"))
    marked = replace(
        found, packages=(changed, *found.packages[1:]), after=replace(found.after, size=found.before.size + 1500)
    )
    assert marked.security == (changed,)
    assert marked.summary == (
        "3 packages (1 changed, 1 added, 1 removed), 1 from the security archive, 2 CVEs, "
        "python 3.11.2 -> 3.11.9, +1.5 kB"
    )
    assert difference(found.before, found.before).summary == "the same packages"


def test_packages_of_python(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    found = difference(describe(debian_base(pip="23.0"), cache), describe(debian_base(pip="24.0"), cache))
    assert (found.packages, found.distributions) == ((), (PackageChange(name="pip", before="23.0", after="24.0"),))
    assert found.summary.startswith("the same packages, 1 Python package")

"""Which Python a suite has."""

import pytest

from toolkit.bases.suites import check_python, suite_with
from toolkit.debian.package import Package
from toolkit.errors import InputError


def test_a_python_chooses_the_suite() -> None:
    assert [suite_with(version) for version in ("3.9", "3.11", "3.13")] == ["bullseye", "bookworm", "trixie"]
    with pytest.raises(InputError, match=r"no release of Debian has Python 3\.12") as refused:
        suite_with("3.12")
    assert refused.value.hint == (
        "bullseye has 3.9, bookworm has 3.11, trixie has 3.13; images such as python:3.12-slim have other versions"
    )


def test_what_the_archive_has_counts() -> None:
    python = Package(name="python3", version="3.13.5-1", architecture="amd64")
    check_python("sid", [python], "3.13")
    for packages, found in (([python], "3.13"), ([], "")):
        with pytest.raises(InputError, match=f"Debian sid has Python {found}, not 3.11"):
            check_python("sid", packages, "3.11")

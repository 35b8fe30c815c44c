"""CVEs in the changelogs of Debian's packages."""

from toolkit.bases.changelog import cves_between, in_order

TEXT = """openssl (3.0.17-1~deb12u3) bookworm-security; urgency=medium

  * CVE-2025-9230 (an out-of-bounds read), CVE-2025-10000

 -- A <a@example.com>  Sun, 28 Sep 2025 17:51:02 +0200

openssl (3.0.17-1~deb12u2) bookworm; urgency=medium

  * Fix CVE-2025-4575, and CVE-2025-9230 in part.

 -- A <a@example.com>  Sun, 24 Aug 2025 22:30:00 +0200

openssl (3.0.16-1~deb12u1) bookworm; urgency=medium

  * CVE-2024-13176

 -- A <a@example.com>  Sun, 16 Feb 2025 00:00:00 +0100
"""


def test_those_above_the_version_before() -> None:
    both = ("CVE-2025-4575", "CVE-2025-9230", "CVE-2025-10000")
    assert cves_between(TEXT, "3.0.16-1~deb12u1", "3.0.17-1~deb12u3") == both
    assert cves_between(TEXT, "3.0.17-1~deb12u2", "3.0.17-1~deb12u3") == ("CVE-2025-9230", "CVE-2025-10000")
    assert cves_between(TEXT, "3.0.16-1~deb12u1", "3.0.17-1~deb12u2") == ("CVE-2025-4575", "CVE-2025-9230")
    # A rebuild of the same source has no entry.
    assert cves_between(TEXT, "3.0.17-1~deb12u3", "3.0.17-1~deb12u3+b1") == ()
    assert cves_between(TEXT, None, "3.0.17-1~deb12u3") == ("CVE-2025-9230", "CVE-2025-10000")


def test_what_is_no_changelog_or_no_version_names_none() -> None:
    assert cves_between("", "1", "2") == ()
    assert cves_between("x (not a version!) y\nCVE-2025-1234", "1", "2") == ()
    assert cves_between(TEXT, "1, 2", "3.0.17-1~deb12u3") == ()
    assert cves_between("CVE-2025-1234 " * 9, "1", "2") == ()


def test_by_year_and_number() -> None:
    assert in_order(["CVE-2025-10000", "CVE-2025-9999", "CVE-2024-1", "CVE-2024-1"]) == (
        "CVE-2024-1",
        "CVE-2025-9999",
        "CVE-2025-10000",
    )

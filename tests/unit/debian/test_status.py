from toolkit.debian.status import installed
from toolkit.oci.package_files import is_status


def test_the_database_and_the_files_of_single_packages_are_read() -> None:
    files = {
        "var/lib/dpkg/status": b"Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: gone\n"
        b"Status: deinstall ok config-files\nVersion: 1\n\nPackage: half\nStatus: install reinstreq half-installed\n"
        b"Version: 1\n\nPackage: never\nStatus: unknown ok not-installed\nVersion: 1\n",
        "var/lib/dpkg/status.d/b": b"Package: b\nVersion: 2\n",
        "var/lib/dpkg/status.d/b.md5sums": b"Package: c\nVersion: 2\n",
        "etc/other": b"Package: d\nVersion: 2\n",
    }
    assert [(path, fields["Package"]) for path, fields in installed(files)] == [
        ("var/lib/dpkg/status", "a"),
        ("var/lib/dpkg/status.d/b", "b"),
    ]


def test_folders_below_are_none_of_dpkgs() -> None:
    assert is_status("var/lib/dpkg/status.d/a")
    assert not is_status("var/lib/dpkg/status.d/a/b")
    assert not is_status("var/lib/dpkg/status-old")

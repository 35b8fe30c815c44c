from toolkit.supply.debian import alpine_packages, debian_packages

STATUS = b"""Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc (2.36-9)
Version: 2.36-9
Maintainer: GNU Libc Maintainers
Description: library
 Package: not-one
Homepage: https://www.gnu.org/software/libc/

Package: gone
Status: deinstall ok config-files
Version: 1

Package: half
Status: install ok half-installed
"""


def _here(path: str) -> str:
    return path


def test_the_installed_packages_of_dpkg_are_read() -> None:
    files = {"var/lib/dpkg/status": STATUS, "usr/share/doc/libc6/copyright": b"/usr/share/common-licenses/LGPL-2.1\n"}
    (package,) = debian_packages(files, _here)
    assert (package.name, package.version, package.architecture, package.source) == (
        "libc6",
        "2.36-9",
        "amd64",
        "glibc",
    )
    assert package.licenses == ("LGPL-2.1-only",)
    assert package.supplier == "GNU Libc Maintainers"
    assert package.homepage == "https://www.gnu.org/software/libc/"


def test_a_file_for_each_package_is_read_as_well() -> None:
    files = {
        "var/lib/dpkg/status": b"",
        "var/lib/dpkg/status.d/base": b"Package: base\nVersion: 12\nSource: base\n",
        "usr/share/doc/other/copyright": b"/usr/share/common-licenses/GPL-2\n",
    }
    # The folder of its documents is a link to another package's.
    (package,) = debian_packages(files, lambda path: path.replace("/base/", "/other/"))
    assert (package.name, package.source, package.path) == ("base", "", "var/lib/dpkg/status.d/base")
    assert package.licenses == ("GPL-2.0-only",)


def test_the_packages_of_apk_are_read() -> None:
    database = b"C:Q1=\nP:musl\nV:1.2.5-r0\nA:x86_64\no:musl\nL:MIT\nU:https://musl.libc.org/\nF:lib\n\nP:broken\n\n"
    (package,) = alpine_packages({"lib/apk/db/installed": database})
    assert (package.name, package.version, package.architecture, package.source) == ("musl", "1.2.5-r0", "x86_64", "")
    assert package.licenses == ("MIT",)
    assert list(alpine_packages({})) == []

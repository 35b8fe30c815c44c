"""The files of an image that say which packages are in it, and under which licenses: known by their paths alone."""

import re

STATUS = "var/lib/dpkg/status"
STATUS_FOLDER = "var/lib/dpkg/status.d"
APK = "lib/apk/db/installed"
OS_RELEASE = ("etc/os-release", "usr/lib/os-release")
# PyPA, "Recording installed projects".
METADATA = re.compile(r"(?:.*/)?(?:[^/]+\.dist-info/METADATA|[^/]+\.egg-info/PKG-INFO|[^/]+\.egg-info)")
# PEP 770.
SBOM = re.compile(r"((?:.*/)?[^/]+\.dist-info)/sboms/.+")
_COPYRIGHT = re.compile(r"usr/share/doc/[^/]+/copyright")
_WHOLE = frozenset({*OS_RELEASE, APK})
# A quick check before the patterns: a layer has tens of thousands of paths.
_PARTS = ("-info", "/copyright")


def is_status(path: str) -> bool:
    """Return whether a file lists installed packages of dpkg: beside each package's own may lie one with sums."""
    folder, _, name = path.rpartition("/")
    return path == STATUS or (folder == STATUS_FOLDER and not name.endswith(".md5sums"))


def describes_packages(path: str) -> bool:
    """Return whether a file says what is installed, or under which license."""
    if path in _WHOLE or is_status(path):
        return True
    return any(part in path for part in _PARTS) and any(form.fullmatch(path) for form in (METADATA, SBOM, _COPYRIGHT))

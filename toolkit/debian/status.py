"""What dpkg recorded in an image: its database, or a file for each package, as images without dpkg have it."""

from collections.abc import Iterator, Mapping

from toolkit.debian.control import stanzas

STATUS = "var/lib/dpkg/status"
STATUS_FOLDER = "var/lib/dpkg/status.d"


def is_status(path: str) -> bool:
    """Return whether a file lists installed packages: beside each package's own may lie one with sums."""
    folder, _, name = path.rpartition("/")
    return path == STATUS or (folder == STATUS_FOLDER and not name.endswith(".md5sums"))


def installed(files: Mapping[str, bytes]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the fields of each installed package with the file that has them (deb-control(5))."""
    for path, data in files.items():
        if not is_status(path):
            continue
        for fields in stanzas(data.decode("utf-8", "replace")):
            # Of a package that was removed, the configuration may stay.
            # `half-installed` and `not-installed` are states, too (dpkg(1), "Package states").
            state = fields.get("Status", "installed").rpartition(" ")[2]
            if {"Package", "Version"} <= fields.keys() and state == "installed":
                yield path, fields

"""What dpkg recorded in an image: its database, or a file for each package, as images without dpkg have it."""

from collections.abc import Iterator, Mapping

from toolkit.debian.control import stanzas
from toolkit.oci.package_files import is_status


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

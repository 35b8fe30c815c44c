"""Pins: the very wheels that an image is made of."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What a wheel was built from: the file name of a source distribution, or a folder relative to the lock's.

    `sha256` is that of the file's bytes, or of the folder's files.
    """

    name: str
    sha256: str

    @property
    def is_file(self) -> bool:
        """Tell a source distribution from a folder (PyPA, "Source distribution format")."""
        return self.name.endswith((".tar.gz", ".zip"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """One wheel, chosen: its distribution, version, file name, hex sha256, and size in bytes when it is known.

    `source` is None for a wheel that was downloaded as it is. `url` is where the index said it, or its source,
    is: never written to a lock of requirements, and no part of what the pin is.
    """

    name: str
    version: str
    filename: str
    sha256: str
    source: Source | None = None
    size: int | None = field(default=None, compare=False)
    url: str | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceDistribution:
    """A source distribution on an index, for a release that has no wheel that fits: hex sha256, size in bytes."""

    name: str
    version: str
    filename: str
    sha256: str
    size: int | None = None
    url: str | None = field(default=None, repr=False)

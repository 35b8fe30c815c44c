"""Pins: the very wheels that an image is made of."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What a wheel is from if not from an index as it is.

    `name` is the file name of a source distribution of the index, a folder or file relative to the lock's, an address,
    or a commit in git (`git+https://host/path@COMMIT#subdirectory=PATH`). `sha256` is that of the file's bytes, or of
    the folder's files.
    """

    name: str
    sha256: str

    @property
    def is_file(self) -> bool:
        """Tell a source distribution of the index from the rest (PyPA, "Source distribution format")."""
        return "/" not in self.name and self.name.endswith((".tar.gz", ".zip"))

    @property
    def is_archive(self) -> bool:
        """Tell a file that is required by its address or path."""
        return not self.is_file and self.commit is None and self.name.endswith((".tar.gz", ".zip", ".whl"))

    @property
    def is_wheel(self) -> bool:
        """Tell a file that is the wheel itself, so that its hash is the wheel's."""
        return self.is_archive and self.name.endswith(".whl")

    @property
    def commit(self) -> str | None:
        """The commit of a project in git; None for anything else."""
        return self.name.partition("#")[0].rpartition("@")[2] if self.name.startswith("git+") else None


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

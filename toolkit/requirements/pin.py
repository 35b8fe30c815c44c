"""Pins: the exact wheels that an image is made of."""

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.selective import Selective


class Source(Struct, frozen=True, kw_only=True):
    """The source of a wheel that is not downloaded from an index.

    `name` is the file name of a source distribution of the index, a folder or file relative to the lock's, an address,
    or a commit in git (`git+https://host/path@COMMIT#subdirectory=PATH`). `digest` is that of the file's bytes, or of
    the folder's files.
    """

    name: str
    digest: Digest

    @property
    def is_file(self) -> bool:
        """Whether it is a source distribution of the index (PyPA, "Source distribution format")."""
        return "/" not in self.name and self.name.endswith((".tar.gz", ".zip"))

    @property
    def is_archive(self) -> bool:
        """Whether it is a file that is required by its address or path."""
        return not self.is_file and self.commit is None and self.name.endswith((".tar.gz", ".zip", ".whl"))

    @property
    def is_wheel(self) -> bool:
        """Whether it is the wheel itself, so that its hash is the wheel's."""
        return self.is_archive and self.name.endswith(".whl")

    @property
    def commit(self) -> str | None:
        """The commit of a project in git; None for anything else."""
        return self.name.partition("#")[0].rpartition("@")[2] if self.name.startswith("git+") else None


class Pin(Selective, frozen=True, kw_only=True):
    """One wheel, chosen: its distribution, version, file name, digest, and size in bytes when it is known.

    `source` is None for a wheel that is downloaded as it is. `url` is the address on the index, of the wheel or of its
    source: it is not written to a `requirements.lock`, and does not count when pins are compared.
    """

    HIDDEN = frozenset({"url"})
    IGNORED = frozenset({"size", "url"})

    name: str
    version: str
    filename: str
    digest: Digest
    source: Source | None = None
    size: int | None = None
    url: str | None = None

    @property
    def published(self) -> tuple[str, Digest] | None:
        """The file that lies on an index, by name and digest: the wheel, or what it was built from; else None."""
        if self.source is None:
            return self.filename, self.digest
        return (self.source.name, self.source.digest) if self.source.is_file else None


class SourceDistribution(Selective, frozen=True, kw_only=True):
    """A source distribution on an index, for a release that has no wheel that fits: its digest, and size in bytes."""

    HIDDEN = frozenset({"url"})

    name: str
    version: str
    filename: str
    digest: Digest
    size: int | None = None
    url: str | None = None

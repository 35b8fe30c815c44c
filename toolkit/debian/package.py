"""A Debian package: one that an archive offers, or one that a base has."""

from collections.abc import Mapping

from msgspec import Struct

from toolkit.debian.control import NAME, Alternatives, Relation, relations
from toolkit.debian.version import is_version
from toolkit.digest import Digest
from toolkit.errors import InputError

# Debian's names of the architectures that images have in Go's words.
_ARCHITECTURES = {"386": "i386", "ppc64le": "ppc64el", "mips64le": "mips64el"}
_ARM = {"v5": "armel", "v6": "armel", "v7": "armhf", None: "armhf"}


def debian_architecture(architecture: str, variant: str | None = None) -> str:
    """Return Debian's name of an image's architecture, such as `amd64`."""
    if architecture == "arm":
        return _ARM.get(variant, "armhf")
    return _ARCHITECTURES.get(architecture, architecture)


class Package(Struct, frozen=True, kw_only=True):
    """One version of a package and its relations.

    `excluded` are those that may not be there with it. One of an archive has the `archive`, the `path` of its file
    there, its `size` and its `digest`.
    """

    name: str
    version: str
    architecture: str
    depends: tuple[Alternatives, ...] = ()
    provides: tuple[Relation, ...] = ()
    excluded: tuple[Relation, ...] = ()
    archive: str = ""
    path: str = ""
    size: int = 0
    digest: Digest | None = None

    @classmethod
    def of(cls, fields: Mapping[str, str], *, archive: str = "") -> "Package":
        """Read the fields of a package. Raises ValueError or KeyError for what is not one."""
        name, version = fields["Package"], fields["Version"]
        if not NAME.fullmatch(name) or not is_version(version):
            raise ValueError(f"{name[:80]!r} {version[:80]!r} is not a Debian package")
        return cls(
            name=name,
            version=version,
            architecture=fields.get("Architecture", "all"),
            depends=tuple(group for key in ("Pre-Depends", "Depends") for group in relations(fields.get(key, ""))),
            provides=_flat(fields.get("Provides", "")),
            excluded=tuple(one for key in ("Conflicts", "Breaks") for one in _flat(fields.get(key, ""))),
            archive=archive,
            path=fields.get("Filename", "").removeprefix("./"),
            size=int(fields.get("Size", "0")),
            digest=sha256_of(fields["SHA256"]) if "SHA256" in fields else None,
        )

    def is_meant_by(self, relation: Relation) -> bool:
        """Return whether the package is the one of a relation, by its own name or by one that it provides."""
        if relation.qualifier not in {"", "any", "native", self.architecture}:
            return False
        if relation.name == self.name:
            return relation.holds_for(self.version)
        # A name that is provided without a version fulfils no relation with one (deb-control(5), Provides).
        return any(
            one.name == relation.name
            and (not relation.operator or (bool(one.version) and relation.holds_for(one.version)))
            for one in self.provides
        )

    def excludes(self, other: "Package") -> bool:
        """Return whether another package may not be there with this one."""
        return self.name != other.name and any(other.is_meant_by(relation) for relation in self.excluded)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def sha256_of(text: str) -> Digest:
    """Read the hexadecimal digits of a sha256. Raises ValueError, as reading the other fields does."""
    try:
        return Digest.parse_hex(text)
    except InputError as error:
        raise ValueError(error.message) from error


def _flat(text: str) -> tuple[Relation, ...]:
    """Read a field whose relations have no alternatives."""
    return tuple(relation for group in relations(text) for relation in group)

"""Where a requirement comes from if not from an index: a folder on this disk, a file by its address, or git.

Addresses stand in requirements (PyPA, "Dependency specifiers"; pip, "VCS Support") or in `[tool.uv.sources]`, which
`uv_sources` reads. Two origins are equal if they name the same, wherever they are written.
"""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from msgspec import Struct
from msgspec.structs import replace
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from toolkit.digest import Digest
from toolkit.errors import InputError, Location
from toolkit.redaction import without_login
from toolkit.selective import Selective

# The forms of today's source distributions (PyPA, "Source distribution format"), and older ones in zip files.
_ARCHIVES = (".whl", ".tar.gz", ".zip")


class FolderOrigin(Struct, frozen=True, kw_only=True):
    """A project on this disk. Without `package`, only the requirements of the project are wanted."""

    folder: Path
    package: bool = True

    @property
    def shown(self) -> str:
        """The name in messages."""
        return str(self.folder)


class FileOrigin(Selective, frozen=True, kw_only=True):
    """A wheel or source distribution by its address: https, http, or a file. `digest` stands in the address."""

    HIDDEN = frozenset({"url"})
    IGNORED = frozenset({"where"})

    url: str  # It may hold credentials.
    digest: Digest | None = None
    where: Location | None = None

    @property
    def address(self) -> str:
        """The address up to the end of its path, without credentials."""
        return without_login(self.url).partition("#")[0].partition("?")[0]

    @property
    def filename(self) -> str:
        """The last part of the path."""
        return unquote(urlsplit(self.url).path).rpartition("/")[2]

    @property
    def shown(self) -> str:
        """The name in messages."""
        return self.address


class GitOrigin(Selective, frozen=True, kw_only=True):
    """A project in a git repository: `ref` is a branch, tag or commit, None for the repository's default branch.

    `names` are the prefixes under which the reference is looked for, in order. `subdirectory` is the project's folder
    in the repository. `url` may hold credentials, so it is never printed as it is.
    """

    IGNORED = frozenset({"where"})

    url: str
    ref: str | None = None
    # Tags before branches, as git resolves a name (gitrevisions(7)); then whole names.
    names: tuple[str, ...] = ("refs/tags/", "refs/heads/", "")
    subdirectory: str = ""
    where: Location | None = None

    def __repr__(self) -> str:
        """Return a text without the credentials that `url` may hold."""
        return f"GitOrigin({self.label('')})"

    @property
    def address(self) -> str:
        """The address without credentials."""
        return without_login(self.url)

    def label(self, commit: str) -> str:
        """Return the project at a commit, written as in a requirement (PEP 508, VCS addresses)."""
        inside = f"#subdirectory={self.subdirectory}" if self.subdirectory else ""
        return f"git+{self.address}@{commit}{inside}"

    @property
    def shown(self) -> str:
        """The name in messages."""
        return f"{self.label(self.ref or 'HEAD')} {' '.join(self.names)}".strip()


Origin = FolderOrigin | FileOrigin | GitOrigin


def origins_of(requirements: Sequence[str]) -> dict[str, Origin]:
    """Return the origins of requirements that have an address, by normalised name."""
    parsed = [requirement for requirement in map(Requirement, requirements) if requirement.url]
    return {canonicalize_name(requirement.name): origin_of_address(requirement, None) for requirement in parsed}


def origin_of_address(requirement: Requirement, where: Location | None) -> Origin:
    """Return the origin that the address of a requirement names. Raises InputError for an unusable address."""
    url = requirement.url or ""
    scheme = _parts(url, where, requirement.name).scheme
    if scheme.startswith("git+"):
        address, _, fragment = url.removeprefix("git+").partition("#")
        path, at, ref = address.rpartition("@")
        if not at or "/" not in path.partition("://")[2]:
            path, ref = address, ""  # The @ belongs to a user name.
        folder = parse_qs(fragment).get("subdirectory", [""])[0]
        return GitOrigin(url=path, ref=ref or None, subdirectory=folder.strip("/"), where=where)
    if scheme == "file":
        local = Path(unquote(urlsplit(url).path))
        if local.is_dir():
            return FolderOrigin(folder=local.resolve())
    if scheme not in {"http", "https", "file"}:
        raise InputError(
            f"{requirement.name} is required from an address of {scheme or 'no kind'}: {without_login(url)}",
            where=where,
            hint="usable: git+https, git+ssh, git+file, https, http and file",
        )
    return origin_of_file(url, where, requirement.name)


def origin_of_file(url: str, where: Location | None, name: str) -> FileOrigin:
    """Return the origin of the package `name` at the address of a file. Raises InputError for an unusable address."""
    fragment = parse_qs(_parts(url, where, name).fragment)
    if "subdirectory" in fragment:
        raise InputError(
            f"{name} is required from a subdirectory of an archive, which cannot be used",
            where=where,
            hint="require it from git, or from an archive of its own",
        )
    origin = FileOrigin(url=url.partition("#")[0], where=where)
    if "sha256" in fragment:
        try:
            origin = replace(origin, digest=Digest.parse_hex(fragment["sha256"][0]))
        except InputError as error:
            problem = f"{name} is required from {origin.address}, with {error.message}"
            raise InputError(problem, where=where, hint=error.hint) from None
    if not origin.filename.endswith(_ARCHIVES):
        raise InputError(
            f"{name} is required from {origin.address}, which is neither a wheel nor a source distribution",
            where=where,
            hint=f"the address has to end in one of {', '.join(_ARCHIVES)}",
        )
    return origin


def _parts(url: str, where: Location | None, name: str) -> SplitResult:
    """Return the parts of an address. Raise InputError for an invalid one."""
    try:
        parts = urlsplit(url)
        # Reading it raises ValueError for an invalid port.
        _ = parts.port
    except ValueError as error:
        raise InputError(f"the address of {name} is invalid: {error}: {without_login(url)}", where=where) from None
    return parts

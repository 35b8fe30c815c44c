"""Debian packages as one layer on a base: unpacked under the rules that images without dpkg have.

No script runs. The layer has a record of each package for scanners, and its licence. Equal packages on an equal base
give an equal layer, with one time for all files.
"""

import hashlib
import re
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct

from toolkit.cache.store import Cache
from toolkit.debian.cleaning import BUNDLE, is_certificate, is_left_out
from toolkit.debian.control import Relation, relations, stanzas
from toolkit.debian.deb import Deb, damaged
from toolkit.debian.package import Package
from toolkit.debian.placing import Placement
from toolkit.debian.scripts import Effects, effects_of
from toolkit.debian.system import BaseSystem, digests_in
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.limits import PACKAGE_FILE_SIZE
from toolkit.oci import tar
from toolkit.oci.image import Layer
from toolkit.oci.package_files import STATUS_FOLDER
from toolkit.oci.packed import packed

# Raise it with any change, for the same packages and base, to what the layer contains.
LAYER_VERSION = 1

_CHUNK = 1 << 20
_SPECIAL = 0o6000  # setuid and setgid
# No user's number is larger in a package: those above belong to the machine's own users.
_MOST_OWNERS = 65535
_LIBRARY_FOLDERS = "etc/ld.so.conf.d/"
_USUAL_FOLDER = re.compile(r"/usr/local/lib.*|/(?:usr/)?lib(?:/[a-z0-9_]+-linux-[a-z0-9_]+)?")


class PackageLayer(Struct, frozen=True, kw_only=True):
    """A layer in the cache: its digest, the digest of its tar, its size, and a line for what a script would have done.

    `newest` is the time of the newest file in the packages, in seconds since 1970. `packages` are the packages as they
    describe themselves.
    """

    digest: Digest
    diff_id: Digest
    size: int
    newest: int
    notices: tuple[str, ...]
    packages: tuple[Package, ...]


class Extra(Struct, frozen=True, kw_only=True):
    """A file, a folder or a link that comes with the packages: for a base that is made from nothing."""

    path: str
    mode: int = 0o644
    content: bytes = b""
    target: str | None = None
    is_folder: bool = False


def make_layer(
    packages: Sequence[tuple[Package, Path]],
    system: BaseSystem,
    below: Sequence[Layer],
    cache: Cache,
    *,
    first: Sequence[Extra] = (),
    last: Sequence[Extra] = (),
) -> PackageLayer:
    """Put the files of packages, given with the places of their .debs, into one layer in the cache.

    `below` are the layers of the base that `system` describes. The extras come before and after the packages; those at
    the end give way to what is there. Raises InputError for a package that is damaged or hostile, and for a file that
    the base has with another content.
    """
    writer = _Writer(packages, system)
    hasher = hashlib.sha256()

    def hashed() -> Iterator[bytes]:
        """Yield the tar, and hash it."""
        for chunk in writer.tar(first, last):
            hasher.update(chunk)
            yield chunk

    digest, size = cache.store(packed(hashed()))
    writer.check_base(below)
    return PackageLayer(
        digest=digest,
        diff_id=Digest(hasher.hexdigest()),
        size=size,
        newest=writer.newest,
        notices=tuple(writer.notices),
        packages=writer.packages,
    )


class _Opened(Struct, frozen=True, kw_only=True):
    """A package whose control files were read."""

    package: Package
    deb: Deb
    record: bytes
    conffiles: frozenset[str]
    replaced: tuple[Relation, ...]
    effects: Effects


class _Writer:
    """Writes the tar of a layer, and keeps what was found on the way."""

    def __init__(self, packages: Sequence[tuple[Package, Path]], system: BaseSystem) -> None:
        self.notices: list[str] = []
        self.newest = 0
        self._packages = _ordered([_opened(package, path) for package, path in packages])
        self._place = Placement(system)
        self._certificates: list[bytes] = []
        # Files of the current package that name further folders of libraries.
        self._folders: list[bytes] = []
        # Files that the base has too, with the digest that a package wants there.
        self._expected: dict[str, tuple[str, _Opened]] = {}

    @property
    def packages(self) -> tuple[Package, ...]:
        """The packages as they describe themselves."""
        return tuple(opened.package for opened in self._packages)

    def tar(self, first: Sequence[Extra], last: Sequence[Extra]) -> Iterator[bytes]:
        """Yield the tar in pieces."""
        for extra in first:
            yield from self._extra(extra)
        for opened in self._packages:
            yield from self._package(opened)
        yield from self._alternatives()
        if self._certificates and not self._place.exists(self._place.real(BUNDLE, "ca-certificates")):
            yield from self._text(BUNDLE, b"".join(self._certificates))
        for extra in last:
            if not self._place.exists(self._place.real(extra.path, extra.path)):
                yield from self._extra(extra)
        yield tar.END_OF_ARCHIVE

    def check_base(self, below: Sequence[Layer]) -> None:
        """Raise InputError if the base has a file of a package with another content."""
        if not self._expected:
            return
        digests = digests_in(below, frozenset(self._expected))
        for path, (digest, opened) in self._expected.items():
            if digests.get(path) == digest:
                continue
            if path in opened.conffiles:
                # dpkg keeps a changed one as well.
                self.notices.append(f"{opened.package.name}: the base's /{path} stays, which differs from its own")
                continue
            raise InputError(
                f"the Debian package {opened.package} has another /{path} than the base",
                hint="leave it out, or choose a base without this file: files of a base are never replaced",
            )

    def _package(self, opened: _Opened) -> Iterator[bytes]:
        """Yield the files of a package, and its record."""
        missed = list(opened.effects.missed)
        stripped = 0
        with opened.deb.tar("data") as archive:
            for member in opened.deb.files(archive):
                path = self._place.path_of(member.name, opened.deb.name)
                if not path or is_left_out(path, is_folder=member.isdir(), is_link=member.issym()):
                    continue
                # Modes of folders are for those who write there: nothing is run with another's rights.
                stripped += bool(member.isreg() and member.mode & _SPECIAL)
                yield from self._member(opened, archive, member, path)
        missed += self._unknown_folders()
        yield from self._text(f"{STATUS_FOLDER}/{opened.package.name}", opened.record)
        if stripped:
            missed.append(f"setuid or setgid is taken from {stripped} of its files")
        if missed:
            self.notices.append(f"{opened.package.name}: {'; '.join(dict.fromkeys(missed))}")

    def _unknown_folders(self) -> Iterator[str]:
        """Yield what is missed since ldconfig(8) does not run: the loader knows its usual folders alone."""
        lines = b"\n".join(self._folders).decode("utf-8", "replace").splitlines()
        self._folders.clear()
        for line in lines:
            folder = line.strip()
            if folder.startswith("/") and not _USUAL_FOLDER.fullmatch(folder):
                yield f"the loader does not know its libraries: set LD_LIBRARY_PATH={folder[:200]}"

    def _member(self, opened: _Opened, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> Iterator[bytes]:
        """Yield one member, unless it is there already. Raises InputError for one that cannot be placed."""
        if member.isdir():
            yield from self._folder(opened, member, path)
        elif member.issym():
            yield from self._link(opened, member, path)
        elif member.islnk():
            yield from self._hard_link(opened, member, path)
        elif member.isreg():
            content = archive.extractfile(member)
            if content is not None:
                yield from self._file(opened, member, path, content)
        else:
            raise damaged(opened.deb.name, f"/{path} is neither a file nor a folder nor a link")

    def _folder(self, opened: _Opened, member: tarfile.TarInfo, path: str) -> Iterator[bytes]:
        """Yield a folder that is not there yet; one that is keeps its mode and owner."""
        if self._place.followed(path, opened.deb.name) in self._place.folders:
            return
        if self._place.exists(path):
            raise _in_the_way(opened, path, "a folder")
        yield from self._parents(path)
        self._place.folders.add(path)
        yield tar.header(path, kind=tar.DIRECTORY, mode=member.mode & 0o7777, owner=_owner(member))

    def _link(self, opened: _Opened, member: tarfile.TarInfo, path: str) -> Iterator[bytes]:
        """Yield a symbolic link."""
        if path in self._place.links:
            if self._place.links[path] == member.linkname or self._gives_way(opened, path):
                return
            raise _in_the_way(opened, path, f"a link to {member.linkname}")
        if self._place.exists(path):
            if self._gives_way(opened, path):
                return
            raise _in_the_way(opened, path, "a link")
        yield from self._symbolic(path, member.linkname, opened.package.name)

    def _hard_link(self, opened: _Opened, member: tarfile.TarInfo, path: str) -> Iterator[bytes]:
        """Yield a further name of a file that the package brought before."""
        target = self._place.path_of(member.linkname, opened.deb.name)
        if self._place.exists(path) or not self._place.exists(target):
            # What is left out has no further names either.
            return
        if target not in self._place.added:
            yield from self._symbolic(path, f"/{target}", opened.package.name)
            return
        yield from self._parents(path)
        self._place.added[path] = (self._place.added[target][0], opened.package.name)
        yield tar.header(path, kind=tar.HARD_LINK, mode=member.mode & 0o7777 & ~_SPECIAL, target=target)

    def _file(self, opened: _Opened, member: tarfile.TarInfo, path: str, content: IO[bytes]) -> Iterator[bytes]:
        """Yield a file; one that the base has as well is compared with it later."""
        place = self._place
        if path in place.folders or path in place.links:
            if not self._gives_way(opened, path):
                raise _in_the_way(opened, path, "a file")
        elif path in place.base_files:
            self._expected[path] = (_hash_of(content), opened)
        elif path in place.added:
            if place.added[path][0] != _hash_of(content) and not self._gives_way(opened, path):
                raise _in_the_way(opened, path, "a file with another content")
        else:
            yield from self._new_file(opened, member, path, content)

    def _new_file(self, opened: _Opened, member: tarfile.TarInfo, path: str, content: IO[bytes]) -> Iterator[bytes]:
        """Yield a file that is not there yet, and keep what is needed of it."""
        yield from self._parents(path)
        if path.startswith("usr/"):
            self.newest = max(self.newest, int(member.mtime))
        yield tar.header(path, mode=member.mode & 0o7777 & ~_SPECIAL, size=member.size, owner=_owner(member))
        kept, hasher = bytearray(), hashlib.sha256()
        while chunk := content.read(_CHUNK):
            hasher.update(chunk)
            if is_certificate(path) or path.startswith(_LIBRARY_FOLDERS):
                kept += chunk
                PACKAGE_FILE_SIZE.check(len(kept), f"/{path} of {opened.deb.name}")
            yield chunk
        yield tar.padding(member.size)
        if kept:
            (self._certificates if is_certificate(path) else self._folders).append(bytes(kept))
        self._place.added[path] = (hasher.hexdigest(), opened.package.name)

    def _gives_way(self, opened: _Opened, path: str) -> bool:
        """Return whether another package, which is written already, replaces files of this one."""
        owner = self._place.added.get(path, ("", ""))[1]
        other = next((each for each in self._packages if each.package.name == owner), None)
        return other is not None and _replaces(other, opened)

    def _alternatives(self) -> Iterator[bytes]:
        """Yield the links of update-alternatives(1): of several for one name, that of the highest priority."""
        found = [(one, each) for each in self._packages for one in each.effects.alternatives]
        for one, opened in sorted(found, key=lambda pair: (-pair[0].priority, pair[0].path)):
            # As strictly as members of the package: a name may be that of a whiteout, or lead elsewhere.
            link = self._place.path_of(one.link, opened.deb.name)
            middle = self._place.path_of(f"etc/alternatives/{one.name}", opened.deb.name)
            if not self._place.leads_to_file(one.path) or is_left_out(link, is_folder=False, is_link=True):
                continue
            if not self._place.exists(middle):
                yield from self._symbolic(middle, one.path, opened.package.name)
            if not self._place.exists(link):
                yield from self._symbolic(link, f"/etc/alternatives/{one.name}", opened.package.name)

    def _symbolic(self, path: str, target: str, package: str) -> Iterator[bytes]:
        """Yield a new symbolic link."""
        yield from self._parents(path)
        self._place.links[path] = target
        self._place.added[path] = (target, package)
        yield tar.header(path, kind=tar.SYMLINK, mode=0o777, target=target)

    def _text(self, path: str, content: bytes) -> Iterator[bytes]:
        """Yield a file that is made here."""
        yield from self._extra(Extra(path=self._place.real(path, path), content=content))

    def _extra(self, extra: Extra) -> Iterator[bytes]:
        """Yield a file, folder or link that comes with the packages."""
        if extra.is_folder:
            if extra.path not in self._place.folders:
                yield from self._parents(extra.path)
                self._place.folders.add(extra.path)
                yield tar.header(extra.path, kind=tar.DIRECTORY, mode=extra.mode)
        elif extra.target is not None:
            yield from self._symbolic(extra.path, extra.target, "")
        else:
            yield from self._parents(extra.path)
            self._place.added[extra.path] = (hashlib.sha256(extra.content).hexdigest(), "")
            size = len(extra.content)
            yield tar.header(extra.path, mode=extra.mode, size=size) + extra.content + tar.padding(size)

    def _parents(self, path: str) -> Iterator[bytes]:
        """Yield the folders above a path that are not there."""
        folder = path.rpartition("/")[0]
        if folder not in self._place.folders:
            if self._place.is_file(folder):
                # An archive need not list the folder, which would take the place of the file.
                raise InputError(
                    f"a Debian package has files below /{folder}, which is a file of the image",
                    hint="leave the package out, or choose another base: nothing of a base is replaced",
                )
            yield from self._parents(folder)
            self._place.folders.add(folder)
            yield tar.header(folder, kind=tar.DIRECTORY, mode=0o755)


def _opened(package: Package, path: Path) -> _Opened:
    """Read the control files of a package. Raises InputError for a file that is not the package."""
    deb = Deb.open(path, f"{package.name}_{package.version}_{package.architecture}.deb")
    control = deb.control()
    record = control["control"]
    try:
        fields = next(stanzas(record.decode("utf-8", "replace")))
        replaced = tuple(relation for group in relations(fields.get("Replaces", "")) for relation in group)
        found = Package.of(fields)
    except (KeyError, StopIteration, ValueError) as error:
        raise damaged(deb.name, f"its control file makes no sense: {error!r}", path) from error
    if (found.name, found.version, found.architecture) != (package.name, package.version, package.architecture):
        raise damaged(deb.name, f"it says that it is {found} for {found.architecture}", path)
    conffiles = control.get("conffiles", b"").decode("utf-8", "replace").split("\n")
    return _Opened(
        package=found,
        deb=deb,
        record=record,
        conffiles=frozenset(line.split()[-1].lstrip("/") for line in conffiles if line.strip()),
        replaced=replaced,
        effects=effects_of(control),
    )


def _ordered(packages: list[_Opened]) -> list[_Opened]:
    """Return packages in order of name, but each before those that it replaces files of: a layer has no second ones."""
    ordered: list[_Opened] = []
    for opened in sorted(packages, key=lambda each: each.package.name):
        places = [number for number, other in enumerate(ordered) if _replaces(opened, other)]
        ordered.insert(min(places, default=len(ordered)), opened)
    return ordered


def _hash_of(content: IO[bytes]) -> str:
    """Return the sha256 of a file in hexadecimal."""
    hasher = hashlib.sha256()
    while chunk := content.read(_CHUNK):
        hasher.update(chunk)
    return hasher.hexdigest()


def _replaces(opened: _Opened, other: _Opened) -> bool:
    """Return whether files of one package take the place of another's (deb-control(5), Replaces)."""
    return any(other.package.is_meant_by(relation) for relation in opened.replaced)


def _owner(member: tarfile.TarInfo) -> tuple[int, int]:
    """Return the numbers of a member's user and group; root for numbers that no package has."""
    return (
        member.uid if 0 <= member.uid <= _MOST_OWNERS else 0,
        member.gid if 0 <= member.gid <= _MOST_OWNERS else 0,
    )


def _in_the_way(opened: _Opened, path: str, what: str) -> InputError:
    """Return the error for a path that something else has."""
    return InputError(
        f"the Debian package {opened.package} has {what} at /{path}, where the image has something else",
        hint="leave the package out, or choose another base: nothing of a base is replaced",
    )

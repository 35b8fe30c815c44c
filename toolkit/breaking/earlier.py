"""Where the earlier version of a contract comes from: a commit, a file or folder, or a release of a registry."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Protocol

from msgspec import Struct, field

from toolkit.breaking.history import parsed
from toolkit.breaking.images import InImage
from toolkit.breaking.platforms import FURTHER, platforms_in, platforms_on_disk, settings_of
from toolkit.breaking.whole import aliases_of
from toolkit.config.toml import TomlDocument
from toolkit.digest import Digest
from toolkit.errors import FindingsError, InputError, UsageError
from toolkit.git.differences import Difference, differences
from toolkit.git.repository import Repository
from toolkit.registry.consuming.choosing import Registries
from toolkit.registry.finding import find
from toolkit.registry.names import VersionRequest, parse_request
from toolkit.registry.protocol import Registry
from toolkit.registry.release import CONTRACT, Release
from toolkit.registry.semver import Version
from toolkit.spec.document import decoded, not_a_contract
from toolkit.spec.reader import ComponentDocument, parse_document, read_document
from toolkit.spec.schema_header import normalised
from toolkit.system.copying import kind_of
from toolkit.system.paths import real

# A host, as Docker knows one: with a dot or a port, or this machine; then a name with a tag or a digest.
_IMAGE = re.compile(r"(?:localhost|[\w-]+(?:\.[\w-]+)+|[\w.-]+:[0-9]+)(?::[0-9]+)?/[^@:]+(?::[\w][\w.-]*|@sha256:)")
# What stands for a file or a folder, also if it is missing; a branch of such a name has the prefix `git:`.
_PATH = re.compile(r"\A(?:\.{0,2}/|~)|(?:/|\.ya?ml)\Z")

Gone = tuple[tuple[PurePosixPath, ComponentDocument], ...]


class Earlier(Protocol):
    """The earlier versions of contracts."""

    def prepare(self, contracts: Sequence[Path]) -> None:
        """Read at once what `of` will be asked for. Raises UsageError for more contracts than it can be about."""

    def of(self, contract: Path) -> ComponentDocument | None:
        """Return the earlier version of the contract at a path; None for a new component.

        Raises FindingsError if it cannot be read.
        """

    def platforms(self, contract: Path) -> tuple[str, ...] | None:
        """Return the platforms that the image was for; None if that is not known, or the same as now."""

    def unchanged(self, contract: Path) -> bool:
        """Return whether the contract and its settings are known to be the same, without reading them."""

    def removed(self, folder: Path, moved: AbstractSet[Path]) -> Iterator[str]:
        """Yield the contracts below a folder that are gone, by their paths from it.

        `moved` has the paths of those that `of` returned for a contract at another path.
        """


def open_earlier(
    text: str,
    *,
    environ: Mapping[str, str],
    folder: Path,
    registry: str | None,
    open_image: Callable[[str], InImage] | None = None,
) -> tuple[Earlier, tuple[str, ...]]:
    """Return the earlier versions that `--against` names, and notices for the user.

    A path that exists is a file or folder, `NAME@VERSION` a release, `HOST/NAME:TAG` an image for `open_image`,
    anything else a commit of the repository around `folder`. The prefixes `path:`, `release:`, `image:` and `git:` say
    which is meant. Raises InputError for a missing file, UsageError for a missing commit.
    """
    kind, value = _kind(text)
    if not value.strip():
        # An empty variable of a CI job, which must not pass as a comparison.
        raise UsageError(
            "--against is empty", hint="name a branch such as origin/main, a folder, a release or an image"
        )
    if kind == "path":
        path = Path(value)
        if not path.exists():
            raise InputError(f"{value} does not exist", hint="name a contract, or the folder of an earlier state")
        if not path.is_file() and not path.is_dir():
            hint = "name a contract, or the folder of an earlier state"
            raise UsageError(f"{value} is {kind_of(path.stat().st_mode)}, expected a file or folder", hint=hint)
        return OnDisk(place=real(path), folder=real(folder)), ()
    if kind == "image" and open_image:
        return open_image(value), ()
    if kind == "release":
        request = parse_request(value)
        registries = Registries.of(registry, environ=environ, folder=folder, required=request.registry is None)
        return Released(registry=registries.find(request).registry, request=request), ()
    repository = Repository.open(folder, environ)
    start = repository.start(value)
    return InGit(repository=repository, tree=start.tree, reference=value), start.notices


def _kind(text: str) -> tuple[str, str]:
    """Return what `--against` names: `path`, `release`, `image` or `git`, and its text without a prefix."""
    prefix, colon, rest = text.partition(":")
    if colon and prefix in {"path", "release", "image", "git"}:
        return prefix, rest
    if text and (Path(text).exists() or (not colon and _PATH.search(text))):
        return "path", text
    if prefix in {"layout", "archive"} or _IMAGE.match(text):
        return "image", text
    # A reference such as `main@{1}` has braces.
    if "@" in text and "@{" not in text and text != "@":
        try:
            parse_request(text)
        except InputError:
            return "git", text
        return "release", text
    return "git", text


class OnDisk(Struct, frozen=True, kw_only=True, dict=True):
    """A contract's file, or a folder with an earlier state of `folder`."""

    place: Path
    folder: Path

    def prepare(self, contracts: Sequence[Path]) -> None:
        """Check that a file is about one contract, and that a folder has contracts; they are read one by one."""
        if self.place.is_file():
            _check_one(contracts, f"{self.place.name} is a contract")
        elif contracts and not self._gone and not any(self._path(contract).is_file() for contract in contracts):
            raise InputError(f"{self.place} has no contract", hint=f"name an earlier state of {self.folder}")

    @cached_property
    def _gone(self) -> Gone:
        """Return the contracts that only the earlier folder has, by their paths from it."""
        found = []
        for path in sorted(self.place.rglob("*.yaml")):
            inside = PurePosixPath(path.relative_to(self.place))
            is_hidden = any(part.startswith(".") for part in inside.parts)
            if is_contract(inside) and not is_hidden and not (self.folder / inside).is_file():
                with suppress(FindingsError):
                    found.append((inside, read_document(path)))
        return tuple(found)

    def _path(self, contract: Path) -> Path:
        """Return the path that a contract has in the earlier folder, if it has not moved."""
        resolved = real(contract)
        inside = resolved.relative_to(self.folder) if resolved.is_relative_to(self.folder) else Path(resolved.name)
        return self.place / inside

    def of(self, contract: Path) -> ComponentDocument | None:
        """Return the earlier version: at the same path, or one of its name or an alias whose path is gone."""
        if self.place.is_file():
            # The one comparison that was asked for: a warning would let it pass.
            with not_a_contract():
                return read_document(self.place)
        path = self._path(contract)
        return read_document(path) if path.is_file() else _named(self._gone, contract)

    def platforms(self, contract: Path) -> tuple[str, ...] | None:
        """Return those of the earlier folder's settings; of a contract alone nothing is known."""
        resolved = real(contract)
        if self.place.is_file() or not resolved.is_relative_to(self.folder):
            return None
        return platforms_on_disk(self.place / resolved.relative_to(self.folder))

    def unchanged(self, contract: Path) -> bool:
        """Return False: reading is as cheap as comparing."""
        del contract
        return False

    def removed(self, folder: Path, moved: AbstractSet[Path]) -> Iterator[str]:
        """Yield the contracts below the folder that only the earlier folder has."""
        resolved = real(folder)
        if self.place.is_dir() and resolved.is_relative_to(self.folder):
            yield from _removed(self._gone, PurePosixPath(resolved.relative_to(self.folder)), moved)


class Released(Struct, frozen=True, kw_only=True):
    """A release in a component registry: the newest one that the request allows."""

    registry: Registry
    request: VersionRequest

    def prepare(self, contracts: Sequence[Path]) -> None:
        """Check that the release is about one contract."""
        _check_one(contracts, f"{self.request} is a release of one component")

    def of(self, contract: Path) -> ComponentDocument | None:
        """Return the contract of the release, whatever the path is."""
        del contract
        release = find(self.registry, self.request)
        return parsed(self.registry, release)

    def platforms(self, contract: Path) -> tuple[str, ...] | None:
        """Return None: a contract does not name platforms."""
        del contract
        return None

    def taken(self, document: ComponentDocument, version: Version) -> Release | None:
        """Return the release with the version of a contract and with another content, or None."""
        name = find(self.registry, self.request).name
        if version not in self.registry.versions(name):
            return None
        release = self.registry.release(name, version)
        return None if release.digest == Digest.of(normalised(document.text.encode())) else release

    def unchanged(self, contract: Path) -> bool:
        """Return False: the registry is asked for one component alone."""
        del contract
        return False

    def removed(self, folder: Path, moved: AbstractSet[Path]) -> Iterator[str]:
        """Yield nothing: a release is that of one component."""
        del folder, moved
        yield from ()


class InGit(Struct, frozen=True, kw_only=True, dict=True):
    """A commit, read without a checkout. `reference` is what the user called it."""

    repository: Repository
    tree: str
    reference: str
    blobs: dict[str, bytes | None] = field(default_factory=dict)

    def prepare(self, contracts: Sequence[Path]) -> None:
        """Read the contracts' blobs with one git for all."""
        paths = [self._path(contract) for contract in contracts]
        found = self.repository.blobs([f"{self.tree}:{path}" for path in paths])
        self.blobs.update(zip(paths, found, strict=True))

    @cached_property
    def _differences(self) -> dict[str, Difference]:
        """Return what differs from the commit, by paths from the top."""
        return differences(self.repository, self.tree)

    @cached_property
    def _gone(self) -> Gone:
        """Return the contracts that are gone since, by their paths from the top; what was not one is left out."""
        # A link that leads nowhere, or to a device, is no file that a contract could be read from.
        paths = [
            path
            for path in sorted(self._differences)
            if is_contract(PurePosixPath(path)) and not (self.repository.top / path).is_file()
        ]
        found = []
        for path, data in zip(paths, self.repository.blobs([f"{self.tree}:{path}" for path in paths]), strict=True):
            with suppress(FindingsError):
                if data is not None:
                    found.append((PurePosixPath(path), self._parsed(data, path)))
        return tuple(found)

    def of(self, contract: Path) -> ComponentDocument | None:
        """Return the earlier version: at the same path, or one of its name or an alias whose path is gone."""
        path = self._path(contract)
        if path not in self.blobs:
            self.prepare([contract])
        data = self.blobs[path]
        if data is not None:
            return self._parsed(data, path)
        return _named(self._gone, contract)

    def platforms(self, contract: Path) -> tuple[str, ...] | None:
        """Return those of the commit's settings."""
        path = PurePosixPath(self._path(contract))
        places = [str(place) for place in settings_of(path)]
        if not self._differences.keys() & set(places):
            return None
        blobs = self.repository.blobs([f"{self.tree}:{place}" for place in places])
        try:
            return platforms_in(
                TomlDocument.parse(Path(place), data) if data is not None else None
                for place, data in zip(places, blobs, strict=True)
            )
        except InputError:
            return None

    def unchanged(self, contract: Path) -> bool:
        """Return whether git knows the contents of the contract and of its settings as those of the commit."""
        path = PurePosixPath(self._path(contract))
        read = {str(path), *map(str, settings_of(path))}
        return contract.exists() and not read & self._differences.keys()

    def removed(self, folder: Path, moved: AbstractSet[Path]) -> Iterator[str]:
        """Return the contracts below the folder that are gone."""
        return _removed(self._gone, PurePosixPath(self._path(folder)), moved)

    def _parsed(self, data: bytes, path: str) -> ComponentDocument:
        """Return the contract in a blob; its findings name the commit as git does."""
        named = Path(f"{self.reference}:{path}")
        return parse_document(decoded(data, named), named)

    def _path(self, path: Path) -> str:
        """Return a path from the top of the repository. Raises UsageError outside of it."""
        resolved = real(path)
        if not resolved.is_relative_to(self.repository.top):
            raise UsageError(
                f"{path} is not in the repository {self.repository.top}", hint="run it inside of the repository"
            )
        return resolved.relative_to(self.repository.top).as_posix()


def _named(gone: Gone, contract: Path) -> ComponentDocument | None:
    """Return the one of the contracts that are gone that has the name or an alias of a contract."""
    spec = read_document(contract).spec
    names = (spec.name, *aliases_of(spec))
    return next((found for _, found in gone if found.spec.name in names), None)


def _removed(gone: Gone, top: PurePosixPath, moved: AbstractSet[Path]) -> Iterator[str]:
    """Yield the paths from `top` of the contracts that are gone below it, except of those that moved."""
    for path, document in gone:
        if path.is_relative_to(top) and document.path not in moved:
            yield str(path.relative_to(top))


def _check_one(contracts: Sequence[Path], what: str) -> None:
    """Raise UsageError for several contracts, which one earlier version cannot be that of."""
    if len(contracts) > 1:
        raise UsageError(
            f"{what}, and {len(contracts)} contracts are compared with it", hint="name one contract's file"
        )


def is_contract(path: PurePosixPath) -> bool:
    """Return whether a path is one that a component's contract has: component.yaml, or components/NAME.yaml."""
    return path.name == CONTRACT or (path.parent.name == FURTHER and path.suffix == ".yaml")

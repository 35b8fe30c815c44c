"""Which archives a base takes packages from: its own sources of apt, or else those of its release (sources.list(5))."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from toolkit.debian.control import stanzas
from toolkit.errors import InputError, UsageError
from toolkit.redaction import without_login

MIRROR_VARIABLE = "COMP_DEBIAN_MIRROR"
LIST, FOLDER = "etc/apt/sources.list", "etc/apt/sources.list.d"

# A distribution's servers have these names below its own domain.
_NAMES = {"debian": "deb", "debian-security": "deb", "ubuntu": "archive", "ubuntu-ports": "ports"}
# Addresses that mean one of these archives, whichever mirror they name.
_OFFICIAL = re.compile(
    r"(?:mirror\+)?https?://(?:[a-z0-9.-]+\.)?(?:debian\.org|ubuntu\.com)(?::[0-9]+)?/(?:archive/)?"
    r"(debian-security|debian|ubuntu-ports|ubuntu)(?:/[0-9]{8}T[0-9]{6}Z)?/?"
)
_ONE_LINE = re.compile(r"deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*(.*)")
# Ubuntu has these architectures on its main servers, and all others on ports.
_UBUNTU_MAIN = {"amd64", "i386"}


class Source(Struct, frozen=True, kw_only=True):
    """A suite of an archive, and the components of it that are read.

    `archive` is one of the official archives by its name, such as `debian-security`, or the address of another.
    `signed_by` is the path of a keyring in the base, or an armored key; empty for the archive's usual keys. A suite
    that is `needed` has to be there.
    """

    archive: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""
    needed: bool = True


def sources_of(release: Mapping[str, str], files: Mapping[str, str], architecture: str) -> tuple[Source, ...]:
    """Return the sources of a base: those that its `files` of apt name, else those of its os-release(5).

    Raises InputError for a base whose packages are not Debian's or Ubuntu's.
    """
    system = release.get("ID", "")
    if system not in {"debian", "ubuntu"}:
        name = release.get("PRETTY_NAME") or system or "a system that it does not name"
        raise InputError(
            f"system-packages needs a base of Debian or Ubuntu, and this one is {name}",
            hint="choose such a base, or build the image from a Dockerfile",
        )
    written = tuple(dict.fromkeys(_written(files, architecture)))
    return written or release_sources(system, _codename(release), architecture)


def release_sources(system: str, codename: str, architecture: str) -> tuple[Source, ...]:
    """Return the usual sources of a release of `debian` or `ubuntu`: the release, its updates, its security updates."""
    if system == "debian":
        # Neither testing nor unstable has both of these.
        return (
            Source(archive="debian", suite=codename, components=("main",)),
            Source(archive="debian", suite=f"{codename}-updates", components=("main",), needed=False),
            Source(archive="debian-security", suite=f"{codename}-security", components=("main",), needed=False),
        )
    archive = "ubuntu" if architecture in _UBUNTU_MAIN else "ubuntu-ports"
    suites = (codename, f"{codename}-updates", f"{codename}-security")
    return tuple(Source(archive=archive, suite=suite, components=("main", "universe")) for suite in suites)


def servers_of(release: Mapping[str, str], files: Mapping[str, str], architecture: str) -> dict[str, str]:
    """Return the servers of the official archives by their names, as a system knows them.

    They are those of its `files` of apt, and else of the domain of its distribution, by os-release(5).
    """
    domain = urlsplit(release.get("HOME_URL", "")).hostname or ""
    system = release.get("ID", "")
    servers = {
        archive: f"http://{name}.{domain.removeprefix('www.')}"
        for archive, name in _NAMES.items()
        if domain and archive.startswith(system) and system
    }
    for address, source in _addressed(files, architecture):
        place, _, archive = address.rstrip("/").rpartition("/")
        # Other archives are laid out below the name of a distribution too, and have components of their own.
        if archive in _NAMES and "main" in source.components:
            servers[archive] = place
    return servers


def address_of(archive: str, environ: Mapping[str, str], servers: Mapping[str, str]) -> str:
    """Return the address of an archive without a slash at the end: on the mirror of `COMP_DEBIAN_MIRROR`, if set.

    `{archive}` in it stands for the archive's name; without, the name is its last folder. Otherwise the archive is on
    the one of the `servers` that has its name. Raises UsageError.
    """
    if "://" in archive:
        return archive.rstrip("/")
    mirror = environ.get(MIRROR_VARIABLE) or servers.get(archive, "")
    if not mirror:
        raise UsageError(
            f"this machine does not know where the archive {archive!r} is",
            hint=f"{MIRROR_VARIABLE}=http://HOST names a mirror of it",
        )
    if not re.match(r"https?://[^/]", mirror):
        raise UsageError(
            f"{MIRROR_VARIABLE} is {without_login(mirror)!r}, expected an address of http or https",
            hint=f"write it as {MIRROR_VARIABLE}=http://HOST",
        )
    if "{archive}" in mirror:
        return mirror.replace("{archive}", archive).rstrip("/")
    return f"{mirror.rstrip('/')}/{archive}"


def _codename(release: Mapping[str, str]) -> str:
    """Return the release's code name. Raises InputError."""
    # Distroless images have it in brackets alone: VERSION="Debian GNU/Linux 12 (bookworm)".
    bracketed = re.search(r"\(([a-z]+)\)", release.get("VERSION", ""))
    name = release.get("VERSION_CODENAME") or (bracketed[1] if bracketed else "")
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise InputError(
            "the base does not say which release it is: its os-release has no VERSION_CODENAME",
            hint="choose a base of a Debian or Ubuntu release",
        )
    return name


def _written(files: Mapping[str, str], architecture: str) -> Iterator[Source]:
    """Yield the sources in files of apt, in both of their forms; what apt itself would not use is left out."""
    return (source for _, source in _addressed(files, architecture))


def _addressed(files: Mapping[str, str], architecture: str) -> Iterator[tuple[str, Source]]:
    """Yield the sources with their addresses."""
    for path, text in sorted(files.items()):
        if path == LIST or path.endswith(".list"):
            yield from _of_lines(text, architecture)
        elif path.endswith(".sources"):
            yield from _of_stanzas(text, architecture)


def _of_lines(text: str, architecture: str) -> Iterator[tuple[str, Source]]:
    """Yield the sources of one-line entries: `deb [signed-by=…] http://HOST/debian bookworm main`."""
    for line in text.splitlines():
        match = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if match is None:
            continue
        options = dict(word.partition("=")[::2] for word in (match[1] or "").split())
        if architecture in options.get("arch", architecture).split(","):
            yield from _source(match[2], match[3], match[4].split(), options.get("signed-by", ""))


def _of_stanzas(text: str, architecture: str) -> Iterator[tuple[str, Source]]:
    """Yield the sources of paragraphs with `Types`, `URIs`, `Suites` and `Components`."""
    for fields in stanzas(text):
        known = {name.lower(): value for name, value in fields.items()}
        wanted = known.get("architectures", architecture).split()
        if known.get("enabled", "yes").lower() == "no" or architecture not in wanted:
            continue
        if "deb" not in known.get("types", "deb").split():
            continue
        for address in known.get("uris", "").split()[:1]:
            for suite in known.get("suites", "").split():
                yield from _source(address, suite, known.get("components", "").split(), known.get("signed-by", ""))


def _source(address: str, suite: str, components: list[str], signed_by: str) -> Iterator[tuple[str, Source]]:
    """Yield the source of an address; nothing for a disk, or for an archive without suites."""
    if not components or suite.endswith("/") or not re.fullmatch(r"[A-Za-z0-9][\w./+~-]*", suite) or ".." in suite:
        return
    official = _OFFICIAL.fullmatch(address)
    if official or re.match(r"https?://[^/]", address):
        archive = official[1] if official else without_login(address).rstrip("/")
        needed = not suite.endswith(("-updates", "-security", "-backports"))
        source = Source(archive=archive, suite=suite, components=tuple(components), signed_by=signed_by, needed=needed)
        yield address, source

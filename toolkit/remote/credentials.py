"""Credentials from the files of docker and podman, and from the helper programs that those files name.

They are only read, and only when a server asks. Messages name the file or program, never the credential.
"""

import base64
import binascii
import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.errors import InputError, Location
from toolkit.oci.reference import DEFAULT_HOST
from toolkit.redaction import learn_login
from toolkit.selective import Selective
from toolkit.system.home import home, tool_environment

log = logging.getLogger(__name__)

HELPER_SECONDS = 30
# The message of a helper that does not know a host, which is not a failure (docker-credential-helpers).
_UNKNOWN = b"credentials not found"
_READ, _MOST_LINES = 4_000, 3
_TOKEN_USER = "<token>"  # noqa: S105 (the name that helpers give to an identity token)
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_DOCKER_HUB_NAMES = {"index.docker.io", "registry-1.docker.io", "docker.io"}


class Credential(Selective, frozen=True, kw_only=True):
    """A user name and password, or an identity token; `source` is the file or program that has it."""

    HIDDEN = frozenset({"password", "identity_token"})

    source: str
    username: str = ""
    password: str = ""
    identity_token: str = ""


class CredentialFiles(Struct, frozen=True):
    """Docker's `config.json` and podman's `auth.json`; the first file that has a host's credential decides."""

    files: tuple[Path, ...]
    environ: Mapping[str, str]

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "CredentialFiles":
        """Return the files: `REGISTRY_AUTH_FILE`, `DOCKER_CONFIG` or `~/.docker`, then podman's own folders."""
        own = home(environ) or Path("/")
        files = [Path(environ["REGISTRY_AUTH_FILE"])] if environ.get("REGISTRY_AUTH_FILE") else []
        files.append(Path(environ.get("DOCKER_CONFIG") or own / ".docker") / "config.json")
        if environ.get("XDG_RUNTIME_DIR"):
            files.append(Path(environ["XDG_RUNTIME_DIR"]) / "containers" / "auth.json")
        configuration = Path(environ.get("XDG_CONFIG_HOME") or own / ".config")
        files.append(configuration / "containers" / "auth.json")
        return cls(tuple(files), environ)

    def find(self, host: str, repository: str) -> Credential | None:
        """Return the first credential for a repository; None without one. Raises InputError for a broken file."""
        for path in self.files:
            document = _read(path)
            credential = document and self._find_in(document, path, host, repository)
            if credential:
                log.debug("credentials for %s: %s", host, credential.source)
                return credential
        return None

    def places(self) -> str:
        """Return the files as text for messages."""
        return ", ".join(str(path) for path in self.files)

    def logins(self) -> Iterator[tuple[Path, tuple[str, ...], tuple[str, ...]]]:
        """Yield each file that exists, the hosts of its entries, and the helper programs that it names.

        Raises InputError for a broken file.
        """
        for path in self.files:
            if document := _read(path):
                named = {*_object(document, "credHelpers").values(), document.get("credsStore")}
                helpers = sorted(f"docker-credential-{name}" for name in named if isinstance(name, str) and name)
                yield path, tuple(sorted({*map(_normal, _object(document, "auths"))})), tuple(helpers)

    def _find_in(self, document: dict[str, Any], path: Path, host: str, repository: str) -> Credential | None:
        """Return the credential that a file has for a repository, by its helper or its entries; None without one."""
        # The helper first: docker leaves an empty entry in `auths` for a host whose login a helper keeps.
        helper = _helper_for(document, host)
        credential = self._ask(helper, host) if helper else None
        return credential or _from_auths(_object(document, "auths"), path, host, repository)

    def _ask(self, helper: str, host: str) -> Credential | None:
        """Return the credential that a helper program gives for a host; None if it has none, or fails."""
        import subprocess

        from toolkit.cache.store import Cache
        from toolkit.system.processes import run

        program = f"docker-credential-{helper}"
        # docker stores the login of Docker Hub under this address.
        server = _DOCKER_HUB_KEY if host == DEFAULT_HOST else host
        try:
            environment = tool_environment(self.environ, Cache.default(self.environ).spare_home)
            done = run([program, "get"], data=server.encode(), seconds=HELPER_SECONDS, environment=environment)
            answer = json.loads(done.out) if done.code == 0 else None
        except (OSError, subprocess.TimeoutExpired, ValueError, RecursionError) as error:
            # A configured helper may be missing, and a public image needs none.
            log.warning("%s gave no credentials for %s: %s", program, host, _reason(error))
            return None
        if done.code and not (_UNKNOWN in done.out or _UNKNOWN in done.err):
            log.warning("%s gave no credentials for %s: %s", program, host, _advice(done.out, done.err))
        if not isinstance(answer, dict) or not answer.get("Secret"):
            return None
        return _credential(program, str(answer.get("Username") or ""), str(answer["Secret"]))


def _reason(error: Exception) -> str:
    """Return why a helper gave no answer."""
    import subprocess

    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no answer within {HELPER_SECONDS} seconds"
    return "its answer is not JSON"


def _advice(stdout: bytes, stderr: bytes) -> str:
    """Return the first lines of a failed helper's output, which often say what helps."""
    lines = [line.strip() for line in (stderr + b"\n" + stdout)[:_READ].decode("utf-8", "replace").splitlines()]
    return " / ".join([line for line in lines if line][:_MOST_LINES]) or "it failed without a message"


def _credential(source: str, username: str, secret: str) -> Credential:
    """Make a credential, whose secret is hidden from all output from now on."""
    learn_login(username, secret)
    if username == _TOKEN_USER:
        return Credential(source=source, identity_token=secret)
    return Credential(source=source, username=username, password=secret)


def _read(path: Path) -> dict[str, Any] | None:
    """Return a file's JSON object; None if it is missing, or in another user's folder. Raises InputError."""
    try:
        parsed = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if isinstance(error, PermissionError) and not os.access(path.parent, os.X_OK):
            # The home of another user, as in containers that run as a user of their own.
            log.debug("%s cannot be entered", path.parent)
            return None
        raise InputError(f"cannot read the credentials file: {error.strerror}", where=Location(path=path)) from error
    except ValueError as error:
        raise InputError("the credentials file is not JSON", where=Location(path=path), hint=_BROKEN) from error
    if not isinstance(parsed, dict):
        raise InputError("the credentials file is not a JSON object", where=Location(path=path), hint=_BROKEN)
    return parsed


_BROKEN = "repair it, or move it away and run `docker login` again"


def _object(document: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the object under a key of a file; an empty one if it is missing or of another type."""
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _helper_for(document: dict[str, Any], host: str) -> str | None:
    """Return the name of the helper for a host: its own, else the store for all; None if it is invalid or missing."""
    helpers = {_normal(key): value for key, value in _object(document, "credHelpers").items()}
    helper = helpers.get(host) or document.get("credsStore")
    # The name ends that of a program to run, and a slash would make a path of it.
    return helper if isinstance(helper, str) and helper and "/" not in helper else None


def _from_auths(auths: dict[str, Any], path: Path, host: str, repository: str) -> Credential | None:
    """Return the credential of the entry that names most of a repository's path; None without one."""
    entries = {_normal(key): value for key, value in auths.items() if isinstance(value, dict)}
    for name in _namespaces(host, repository):
        if credential := _entry(entries.get(name, {}), path):
            return credential
    return None


def _namespaces(host: str, repository: str) -> Iterator[str]:
    """Yield `host/a/b`, `host/a`, `host`: podman's files may name a repository or a namespace."""
    parts = [part for part in repository.split("/") if part]
    for count in range(len(parts), -1, -1):
        yield "/".join([host, *parts[:count]])


def _normal(key: str) -> str:
    """Return the one form of a key: no scheme or API version, the host in lower case, Docker Hub by one name."""
    name = key.partition("://")[2] if "://" in key else key
    # Older clients wrote the whole address of the API: https://host/v1/.
    name = name.rstrip("/").removesuffix("/v1").removesuffix("/v2")
    first, slash, rest = name.partition("/")
    return (DEFAULT_HOST if first.lower() in _DOCKER_HUB_NAMES else first.lower()) + slash + rest


def _entry(entry: dict[str, Any], path: Path) -> Credential | None:
    """Read one entry of `auths`: a token, or user and password in one text or two; None if it is empty."""
    source = str(path)
    if token := entry.get("identitytoken"):
        return _credential(source, _TOKEN_USER, str(token))
    if auth := entry.get("auth"):
        try:
            decoded = base64.b64decode(str(auth), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise InputError("an auth entry is not base64", where=Location(path=path), hint=_BROKEN) from error
        # docker removes NULs at the end too. A password may contain colons, a user's name may not (RFC 7617).
        username, _, password = decoded.rstrip("\0").partition(":")
        return _credential(source, username, password)
    if entry.get("username") and entry.get("password"):
        return _credential(source, str(entry["username"]), str(entry["password"]))
    return None

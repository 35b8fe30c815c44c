"""Credentials from the files of docker and podman, and from the helper programs that those files name.

Only read, and only when a server asks. Nothing here is ever printed but where a credential was found.
"""

import base64
import binascii
import json
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from toolkit.errors import InputError, Location
from toolkit.home import home, tool_environment
from toolkit.oci.reference import DEFAULT_HOST
from toolkit.redaction import learn_login

log = logging.getLogger(__name__)

HELPER_SECONDS = 30
# What helpers say of a host that they know nothing of, which is no failure (docker-credential-helpers).
_UNKNOWN = b"credentials not found"
_READ, _MOST_LINES = 4_000, 3
_TOKEN_USER = "<token>"  # noqa: S105 (the name that helpers give to an identity token)
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_DOCKER_HUB_NAMES = {"index.docker.io", "registry-1.docker.io", "docker.io"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """A user name and password, or an identity token; `source` says where it was found."""

    source: str
    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


class Credentials(Protocol):
    """Where credentials come from."""

    def find(self, host: str, repository: str) -> Credential | None:
        """Return the credential for a repository on a host, None when there is none."""
        ...

    def places(self) -> str:
        """Say where `find` looks, for an error's hint."""
        ...


@dataclass(frozen=True, slots=True)
class CredentialFiles:
    """Docker's `config.json` and podman's `auth.json`; the first file that knows a host decides."""

    files: tuple[Path, ...]
    environ: Mapping[str, str]

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "CredentialFiles":
        """Find the files: `REGISTRY_AUTH_FILE`, `DOCKER_CONFIG` or `~/.docker`, then podman's own folders."""
        own = home(environ) or Path("/")
        files = [Path(environ["REGISTRY_AUTH_FILE"])] if environ.get("REGISTRY_AUTH_FILE") else []
        files.append(Path(environ.get("DOCKER_CONFIG") or own / ".docker") / "config.json")
        if environ.get("XDG_RUNTIME_DIR"):
            files.append(Path(environ["XDG_RUNTIME_DIR"]) / "containers" / "auth.json")
        configuration = Path(environ.get("XDG_CONFIG_HOME") or own / ".config")
        files.append(configuration / "containers" / "auth.json")
        return cls(tuple(files), environ)

    def find(self, host: str, repository: str) -> Credential | None:
        """Return the credential of the first file that has one. Raises InputError for a file that is broken."""
        for path in self.files:
            document = _read(path)
            found = document and self._find_in(document, path, host, repository)
            if found:
                log.debug("credentials for %s: %s", host, found.source)
                return found
        return None

    def places(self) -> str:
        """List the files."""
        return ", ".join(str(path) for path in self.files)

    def logins(self) -> Iterator[tuple[Path, tuple[str, ...], tuple[str, ...]]]:
        """Yield each file that exists, the hosts that it has entries for, and the helper programs that it names.

        Raises InputError for a file that is broken.
        """
        for path in self.files:
            if document := _read(path):
                named = {*_object(document, "credHelpers").values(), document.get("credsStore")}
                helpers = sorted(f"docker-credential-{name}" for name in named if isinstance(name, str) and name)
                yield path, tuple(sorted({*map(_normal, _object(document, "auths"))})), tuple(helpers)

    def _find_in(self, document: dict[str, Any], path: Path, host: str, repository: str) -> Credential | None:
        helper = _helper_for(document, host)
        found = self._ask(helper, host) if helper else None
        return found or _from_auths(_object(document, "auths"), path, host, repository)

    def _ask(self, helper: str, host: str) -> Credential | None:
        import subprocess

        from toolkit.cache import Cache
        from toolkit.processes import run

        program = f"docker-credential-{helper}"
        server = _DOCKER_HUB_KEY if host == DEFAULT_HOST else host
        try:
            environment = tool_environment(self.environ, Cache.default().spare_home)
            done = run([program, "get"], data=server.encode(), seconds=HELPER_SECONDS, environment=environment)
            answer = json.loads(done.out) if done.code == 0 else None
        except (OSError, subprocess.TimeoutExpired, ValueError, RecursionError) as error:
            # A helper that is configured and not installed must not stand in the way of a public image.
            log.warning("%s gave no credentials for %s: %s", program, host, _reason(error))
            return None
        if done.code and not (_UNKNOWN in done.out or _UNKNOWN in done.err):
            log.warning("%s gave no credentials for %s: %s", program, host, _advice(done.out, done.err))
        if not isinstance(answer, dict) or not answer.get("Secret"):
            return None
        return _credential(program, str(answer.get("Username") or ""), str(answer["Secret"]))


def _reason(error: Exception) -> str:
    import subprocess

    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no answer within {HELPER_SECONDS} seconds"
    return "its answer is not JSON"


def _advice(stdout: bytes, stderr: bytes) -> str:
    """Give the first lines that a helper said: it knows why it failed, and often what helps."""
    lines = [line.strip() for line in (stderr + b"\n" + stdout)[:_READ].decode("utf-8", "replace").splitlines()]
    return " / ".join([line for line in lines if line][:_MOST_LINES]) or "it failed and said nothing"


def _credential(source: str, username: str, secret: str) -> Credential:
    learn_login(username, secret)
    if username == _TOKEN_USER:
        return Credential(source=source, identity_token=secret)
    return Credential(source=source, username=username, password=secret)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        parsed = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if isinstance(error, PermissionError) and not os.access(path.parent, os.X_OK):
            # The home of another user, as containers have it that run as a user of their own.
            log.debug("%s cannot be looked into", path.parent)
            return None
        raise InputError(f"cannot read the credentials file: {error.strerror}", where=Location(path=path)) from error
    except ValueError as error:
        raise InputError("the credentials file is not JSON", where=Location(path=path), hint=_BROKEN) from error
    if not isinstance(parsed, dict):
        raise InputError("the credentials file is not a JSON object", where=Location(path=path), hint=_BROKEN)
    return parsed


_BROKEN = "repair it, or move it away and run `docker login` again"


def _object(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _helper_for(document: dict[str, Any], host: str) -> str | None:
    helpers = {_normal(key): value for key, value in _object(document, "credHelpers").items()}
    named = helpers.get(host) or document.get("credsStore")
    return named if isinstance(named, str) and named and "/" not in named else None


def _from_auths(auths: dict[str, Any], path: Path, host: str, repository: str) -> Credential | None:
    entries = {_normal(key): value for key, value in auths.items() if isinstance(value, dict)}
    for name in _namespaces(host, repository):
        if found := _entry(entries.get(name, {}), path):
            return found
    return None


def _namespaces(host: str, repository: str) -> Iterator[str]:
    """Yield `host/a/b`, `host/a`, `host`: podman's files may name a repository or a namespace."""
    parts = [part for part in repository.split("/") if part]
    for count in range(len(parts), -1, -1):
        yield "/".join([host, *parts[:count]])


def _normal(key: str) -> str:
    name = key.partition("://")[2] if "://" in key else key
    name = name.rstrip("/").removesuffix("/v1").removesuffix("/v2")
    first, slash, rest = name.partition("/")
    return (DEFAULT_HOST if first.lower() in _DOCKER_HUB_NAMES else first.lower()) + slash + rest


def _entry(entry: dict[str, Any], path: Path) -> Credential | None:
    source = str(path)
    if token := entry.get("identitytoken"):
        return _credential(source, _TOKEN_USER, str(token))
    if auth := entry.get("auth"):
        try:
            decoded = base64.b64decode(str(auth), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise InputError("an auth entry is not base64", where=Location(path=path), hint=_BROKEN) from error
        username, _, password = decoded.rstrip("\0").partition(":")
        return _credential(source, username, password)
    if entry.get("username") and entry.get("password"):
        return _credential(source, str(entry["username"]), str(entry["password"]))
    return None

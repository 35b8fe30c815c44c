"""Who asks a package index: the user that uv would name, for the downloads that uv leaves to us.

uv leaves users out of the addresses that it prints, so they are looked for again where it finds them: in the address
of an index, in `UV_INDEX_<NAME>_USERNAME` and `_PASSWORD`, in netrc, in a keyring. uv's documentation, "Package
indexes" and "HTTP credentials". What is found stays in memory.
"""

import logging
import re
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from netrc import NetrcParseError, netrc
from urllib.parse import SplitResult, unquote, urlsplit

from toolkit.cache import Cache
from toolkit.home import tool_environment
from toolkit.processes import run
from toolkit.python.indexes import Indexes
from toolkit.python.uv_settings import read_uv_settings
from toolkit.redaction import learn_login

log = logging.getLogger(__name__)

_INDEXES = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
_OF_SETTINGS = ("index-url", "extra-index-url", "find-links")
_NAMED = re.compile(r"([\w.-]+)=(.+)")
_FIELDS = ("USERNAME", "PASSWORD")
_KEYRING_SECONDS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class _Index:
    """A place that uv looks for packages: its address without a user, and what is known of who asks."""

    address: SplitResult
    user: str
    password: str
    always: bool = False


class IndexUsers:
    """The users of a project's indexes. Safe to share between threads; a keyring is asked once for each index."""

    def __init__(self, indexes: Indexes, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._tools = tool_environment(environ, Cache.default().spare_home)
        self._settings = list(read_uv_settings(indexes.folder, environ))
        self._indexes = [*self._listed(), *self._of_lines(indexes.options), *self._of_pins(indexes)]
        self._asked: dict[_Index, tuple[str, str] | None] = {}
        self._lock = threading.Lock()

    def headers(self, address: str) -> dict[str, str]:
        """Give the header that names the user for an address, none where nobody is known."""
        found = self._user(urlsplit(address))
        if found is None:
            return {}
        learn_login(*found)
        return {"Authorization": f"Basic {b64encode(':'.join(found).encode()).decode()}"}

    def _user(self, wanted: SplitResult) -> tuple[str, str] | None:
        index = self._index_of(wanted)
        if index and index.password:
            return index.user, index.password
        known = self._in_netrc(wanted.hostname or "", index.user if index else "")
        if known or index is None:
            return known
        with self._lock:
            if index not in self._asked:
                self._asked[index] = self._in_keyring(index)
        # A user without a password may be a token.
        return self._asked[index] or ((index.user, "") if index.user else None)

    def _index_of(self, wanted: SplitResult) -> _Index | None:
        """Choose the index on the same server whose path has most in common: several may have users of their own."""
        there = [index for index in self._indexes if _server(index.address) == _server(wanted)]
        return max(there, key=lambda index: (_common(index, wanted), bool(index.user)), default=None)

    def _in_netrc(self, host: str, user: str) -> tuple[str, str] | None:
        try:
            known = netrc(self._environ.get("NETRC")).authenticators(host)
        except (OSError, NetrcParseError):
            return None
        return (known[0], known[2]) if known and user in {"", known[0]} else None

    def _in_keyring(self, index: _Index) -> tuple[str, str] | None:
        """Ask the program `keyring`, as uv does: for the index, then for its host."""
        providers = [self._environ.get("UV_KEYRING_PROVIDER"), *(one.get("keyring-provider") for one in self._settings)]
        if next(filter(None, providers), None) != "subprocess" or not (index.user or index.always):
            return None
        for service in (index.address.geturl(), index.address.netloc):
            words = ["keyring", "get", service, *([index.user] if index.user else ["--mode", "creds"])]
            try:
                done = run(words, seconds=_KEYRING_SECONDS, environment=self._tools)
            except (OSError, subprocess.TimeoutExpired) as error:
                log.debug("the keyring has nobody for %s: %s", service, type(error).__name__)
                continue
            if done.code:
                log.debug("the keyring has no user for %s: exit code %d", service, done.code)
                continue
            lines = done.text.splitlines()
            if index.user and lines:
                return index.user, lines[0]
            if len(lines) > 1:
                return lines[0], lines[1]
        return None

    def _listed(self) -> Iterator[_Index]:
        for variable in _INDEXES:
            for text in re.split(r"[\s,]+", self._environ.get(variable, "")):
                named = _NAMED.fullmatch(text)
                yield from self._index(named[2] if named else text, named[1] if named else "")
        for settings in self._settings:
            for index in settings.get("index") or ():
                always = index.get("authenticate") == "always"
                yield from self._index(index.get("url", ""), index.get("name", ""), always=always)
            for key in _OF_SETTINGS:
                texts = settings.get(key) or ()
                for text in [texts] if isinstance(texts, str) else texts:
                    yield from self._index(text, "")

    def _of_lines(self, options: Sequence[str]) -> Iterator[_Index]:
        for line in options:
            yield from self._index(re.split(r"[=\s]+", line, maxsplit=1)[-1], "")

    def _of_pins(self, indexes: Indexes) -> Iterator[_Index]:
        for pin in (pin for pins in indexes.pinned.values() for pin in pins):
            always = pin.table.get("authenticate") == "always"
            yield from self._index(str(pin.table["url"]), str(pin.table["name"]), always=always)

    def _index(self, text: str, name: str, *, always: bool = False) -> Iterator[_Index]:
        """Give the index of an address; none where it is a folder's, or no address."""
        try:
            parts = urlsplit(text)
            _ = parts.port
        except ValueError:
            return
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return
        variable = f"UV_INDEX_{re.sub('[^A-Z0-9]', '_', name.upper())}"
        user, password = (self._environ.get(f"{variable}_{what}", "") if name else "" for what in _FIELDS)
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        if parts.username:
            user, password = unquote(parts.username), unquote(parts.password or "") or password
            learn_login(user, password)
        yield _Index(address=bare, user=user, password=password, always=always)


def _common(index: _Index, wanted: SplitResult) -> int:
    parts = zip(index.address.path.split("/"), wanted.path.split("/"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], parts))


def _server(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)

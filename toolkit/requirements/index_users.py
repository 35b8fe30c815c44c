"""The users for package indexes: comp downloads itself, with the user and password that uv would send.

uv prints addresses without users, so these are looked up again where uv finds them: in the address of an index, in
`UV_INDEX_<NAME>_USERNAME` and `_PASSWORD`, in netrc, in a keyring. uv's documentation, "Package indexes" and "HTTP
credentials". They are kept in memory only.
"""

import logging
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from itertools import takewhile
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from toolkit.cache.store import Cache
from toolkit.http.logins import basic, in_netrc
from toolkit.redaction import learn_login
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.uv_settings import read_uv_settings
from toolkit.system.home import tool_environment
from toolkit.system.processes import run

log = logging.getLogger(__name__)

_INDEXES = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
_OF_SETTINGS = ("index-url", "extra-index-url", "find-links")
# A named index in UV_INDEX, such as mine=https://host/simple.
_NAMED = re.compile(r"([\w.-]+)=(.+)")
_FIELDS = ("USERNAME", "PASSWORD")
_KEYRING_SECONDS = 60


class _Index(Struct, frozen=True, kw_only=True):
    """An index: its address without a user, and its user. `always` asks the keyring without a user's name."""

    address: SplitResult
    user: str
    password: str
    always: bool = False


class IndexUsers:
    """The users for a project's indexes. Safe to share between threads; the keyring is asked once for each index."""

    advice = "UV_INDEX_URL=https://USER:PASSWORD@HOST/… or ~/.netrc can name a user"

    def __init__(self, indexes: Indexes, cache: Cache) -> None:
        self._environ = indexes.environ
        self._tools = tool_environment(indexes.environ, cache.spare_home)
        self._settings = list(read_uv_settings(indexes.folder, indexes.environ))
        self._indexes = [*self._listed(), *self._of_lines(indexes.options), *self._of_pins(indexes)]
        self._asked: dict[_Index, tuple[str, str] | None] = {}
        self._lock = threading.Lock()

    def headers(self, address: str) -> dict[str, str]:
        """Return the header that names the user for an address; no header without a user."""
        user = self._user(urlsplit(address))
        return {} if user is None else basic(*user)

    def _user(self, wanted: SplitResult) -> tuple[str, str] | None:
        """Return the user and password for an address, None without a user."""
        index = self._index_of(wanted)
        if index and index.password:
            return index.user, index.password
        login = in_netrc(wanted.hostname or "", self._environ, user=index.user if index else "")
        # As uv does: the address first, then netrc, then the keyring.
        if login or index is None:
            return login
        # The keyring may ask the user, who should be asked once.
        with self._lock:
            if index not in self._asked:
                self._asked[index] = self._in_keyring(index)
        # A user without a password may be a token.
        return self._asked[index] or ((index.user, "") if index.user else None)

    def _index_of(self, wanted: SplitResult) -> _Index | None:
        """Return the index on the same server whose path has most in common: several may have users of their own."""
        # A password is sent to no other server than the one that it is for.
        there = [index for index in self._indexes if _server(index.address) == _server(wanted)]
        return max(there, key=lambda index: (_common(index, wanted), bool(index.user)), default=None)

    def _in_keyring(self, index: _Index) -> tuple[str, str] | None:
        """Ask the program `keyring`, as uv does: for the index, then for its host."""
        providers = [
            self._environ.get("UV_KEYRING_PROVIDER"),
            *(table.get("keyring-provider") for table in self._settings),
        ]
        if next(filter(None, providers), None) != "subprocess" or not (index.user or index.always):
            return None
        for service in (index.address.geturl(), index.address.netloc):
            # With --mode creds, it prints a user and a password, each on a line.
            words = ["keyring", "get", service, *([index.user] if index.user else ["--mode", "creds"])]
            try:
                done = run(words, seconds=_KEYRING_SECONDS, environment=self._tools)
            except (OSError, subprocess.TimeoutExpired) as error:
                log.debug("the keyring does not answer for %s: %s", service, type(error).__name__)
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
        """Return the indexes of the environment and of uv's settings."""
        for variable in _INDEXES:
            for text in re.split(r"[\s,]+", self._environ.get(variable, "")):
                # Only named indexes have variables of their own for the user.
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
        """Yield the indexes in lines of a requirements file."""
        for line in options:
            yield from self._index(re.split(r"[=\s]+", line, maxsplit=1)[-1], "")

    def _of_pins(self, indexes: Indexes) -> Iterator[_Index]:
        """Yield the indexes of single packages."""
        for pin in (pin for pins in indexes.pinned.values() for pin in pins):
            always = pin.table.get("authenticate") == "always"
            yield from self._index(str(pin.table["url"]), str(pin.table["name"]), always=always)

    def _index(self, text: str, name: str, *, always: bool = False) -> Iterator[_Index]:
        """Return the index at an address; nothing for a folder or an invalid address."""
        try:
            parts = urlsplit(text)
            # Reading it raises ValueError for an invalid port.
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
    """Return how many folders the paths have in common."""
    parts = zip(index.address.path.split("/"), wanted.path.split("/"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], parts))


def _server(parts: SplitResult) -> tuple[str, str | None, int | None]:
    """Return what tells servers apart; a port that is missing is the scheme's own."""
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)

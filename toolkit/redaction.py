"""Hiding secrets: everything that is printed, logged or kept passes through here.

Two kinds of values are secret: those that this process learns as such (`learn`), in all the forms in which they are
likely to be written, and those that look like secrets: logins in addresses, well-known kinds of tokens, private keys.
"""

import json
import re
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast
from urllib.parse import quote, quote_plus, unquote

from msgspec import Struct
from msgspec.structs import replace

HIDDEN = "***"
T = TypeVar("T")

# Values shorter than the first are too common in ordinary text. Those below the second are hidden only as whole words,
# and those below the third not in documents, which have to stay as they are.
_LEAST, _ANYWHERE, _IN_DATA = 6, 8, 12
# Placeholders for a password, used if the user's name is the token.
_NO_PASSWORDS = {"x", "x-oauth-basic"}
# A user's name of this length is taken for a token.
_LONG_NAME = 20

_SECRET_NAME = re.compile(
    r"(?:^|[_-])(?:password|passwd|passphrase|token|secret|secret[_-]?key|(?:api|access|auth|private)[_-]?key)$",
    re.IGNORECASE,
)
# RFC 3986, section 3.2.1; a password that is not quoted may hold an @. The placeholder in our own hints stays.
_LOGIN = re.compile(
    r"(?<![A-Za-z0-9+.-])(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?!USER:PASSWORD@)(?P<login>[^\s/?#\"'<>\\]+)@"
)
# A slash in a password is invalid and frequent; digits before it are a port.
_SLASHED = re.compile(
    r"(?<=://)(?!USER:PASSWORD@)[^\s/?#\"'<>\[,:@]{1,200}:(?!\d+/)[^\s?#\"'<>@,]{1,200}@(?!sha\d{3}:)"
)
_BARE_LOGIN = re.compile(r"(?:^|[\s,=])(?P<login>[^\s,=/@:]+:[^\s,/@]+)@")
# Proxies, mirrors and images are written without a scheme too; NAME:TAG@sha256:… has no login.
_BARE_IN_TEXT = re.compile(r"(?<![\w/.:%-])[\w.%+-]+:[^\s/@:\"'`]+@(?!sha\d{3}:)(?=[A-Za-z\[\d])")
# The beginnings of all well-known tokens, for a quick check before a search.
TOKEN_STARTS = (
    *("gh", "github_pat_", "gl", "pypi-", "npm_", "dckr_", "hf_", "AKIA", "ASIA", "AIza", "ya29.", "xox", "sk-", "eyJ"),
)
TOKENS = re.compile(
    r"""
    \b(?:
      gh[opsur]_[A-Za-z0-9]{30,} | github_pat_[A-Za-z0-9_]{22,}           # GitHub
    | gl(?:pat|dt|rt|cbt|ptt|ft|agent|oas)-[A-Za-z0-9_-]{20,}             # GitLab
    | pypi-[A-Za-z0-9_-]{40,} | npm_[A-Za-z0-9]{30,}                      # package indexes
    | dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}                                 # Docker Hub
    | hf_[A-Za-z0-9]{30,}                                                 # Hugging Face
    | (?:AKIA|ASIA)[A-Z0-9]{16} | AIza[A-Za-z0-9_-]{35} | ya29\.[A-Za-z0-9_-]{20,}  # AWS, Google
    | xox[abeoprs]-[A-Za-z0-9-]{10,} | sk-(?=[a-z_-]*[0-9A-Z])[A-Za-z0-9_-]{40,}              # Slack; OpenAI and others
    | eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+          # JSON Web Tokens
    )
    """,
    re.VERBOSE,
)
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL)
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization\\?[\"']?\s*[:=]\s*\\?[\"']?)((?:basic|bearer|digest|token)\s+)?[^\s\"',;\\]+"
)
_SCHEME = re.compile(r"(?i)\b(basic|bearer)(\s+)(?=[A-Za-z+/._~-]*[0-9=])[A-Za-z0-9+/._~-]{12,}=*")
# The place of a secret is public: `--secret NAME=file:PATH` and `--secret id=ID,src=FILE` of our own.
_OPTION = re.compile(
    r"(?i)((?<![\w-])--?[\w-]*(?:password|passwd|token|secret|api-?key)(?:=|\s+))"
    r"(?![-{\[<]|[\w.-]+=(?:file|env):|id=[\w.-]+,(?:src|env)=)[^\s\"',]+"
)
_QUERY = re.compile(
    r"(?i)([?&;][\w.-]*(?:token|signature|sig|password|secret|credential|api_?key|accesskeyid)=)[^&\s\"'#<>]+"
)


class Secrets:
    """The values that this process has learnt as secret. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: set[str] = set()
        self._shortest = 0
        self._patterns: dict[int, re.Pattern[str]] = {}

    def learn(self, *values: str | None) -> None:
        """Hide these values from now on, except those too short to differ from ordinary text."""
        fresh = {value for value in values if value and len(value) >= _LEAST and value != HIDDEN}
        with self._lock:
            if not fresh <= self._values:
                self._values |= fresh
                self._shortest = min(map(len, self._values))
                # One pattern for each length in use, made when it is needed and again after a new value.
                self._patterns = {}

    def values(self) -> frozenset[str]:
        """Return all values."""
        with self._lock:
            return frozenset(self._values)

    def hide(self, text: str, *, least: int = _LEAST) -> str:
        """Return a text with the values of at least so many characters replaced, in all their forms."""
        if not self._values:
            return text
        with self._lock:
            # One pattern for both lengths if it has the same values: making a large one takes seconds.
            least = max(least, self._shortest)
            if least not in self._patterns:
                self._patterns[least] = _pattern({value for value in self._values if len(value) >= least})
            pattern = self._patterns[least]
        return pattern.sub(HIDDEN, text)


_LEARNT = Secrets()


def learn(*values: str | None) -> None:
    """Hide these values in everything that this process prints or keeps."""
    _LEARNT.learn(*values)


def learn_login(user: str | None, password: str | None) -> None:
    """Hide a login's password, and its user if that is a token, as some servers expect it."""
    is_token = password in _NO_PASSWORDS or len(user or "") >= _LONG_NAME
    learn(None if password in _NO_PASSWORDS else password, user if is_token else None)


def learn_from_text(text: str, *, bare: bool = False) -> None:
    """Hide the logins of all addresses in `text`; with `bare` also of those without a scheme."""
    for match in (*_LOGIN.finditer(text), *(_BARE_LOGIN.finditer(text) if bare else ())):
        if not _is_user_alone(match.groupdict().get("scheme", ""), match["login"]):
            user, _, password = match["login"].partition(":")
            learn_login(user, password)
            learn_login(unquote(user), unquote(password))


def learn_from_environment(environ: Mapping[str, str], arguments: Sequence[str] = ()) -> None:
    """Hide the secrets of the environment and of a command line: variables named as secrets, logins in addresses."""
    for name, value in environ.items():
        if named_as_secret(name):
            learn(value)
        # These variables take addresses without a scheme.
        learn_from_text(value, bare=name.lower().endswith("_proxy") or name == "COMP_MIRRORS")
    for argument in arguments:
        learn_from_text(argument)
        name, equals, value = argument.partition("=")
        if equals and named_as_secret(name):
            learn(value)


def hide(text: str) -> str:
    """Return a message for people without secrets, and without anything that looks like one."""
    text = hide_in_data(_LEARNT.hide(text))
    # Most texts have none of the words that a pattern needs, and looking for words takes a tenth of the time.
    lower = text.lower()
    if _may_have(lower, ("authorization",)):
        text = _HEADER.sub(lambda match: f"{match[1]}{match[2] or ''}{HIDDEN}", text)
    if _may_have(lower, ("basic", "bearer")):
        text = _SCHEME.sub(rf"\1\2{HIDDEN}", text)
    if _may_have(lower, ("password", "passwd", "token", "secret", "api")):
        text = _OPTION.sub(rf"\1{HIDDEN}", text)
    return _BARE_IN_TEXT.sub(f"{HIDDEN}@", text) if "@" in text else text


def hide_in_data(text: str) -> str:
    """Return data, or the text of a file, without certain secrets; nothing else of it changes."""
    text = _LEARNT.hide(text, least=_IN_DATA)
    if "://" in text:
        if "@" in text:
            text = _SLASHED.sub(f"{HIDDEN}@", _LOGIN.sub(_without, text))
        text = _QUERY.sub(rf"\1{HIDDEN}", text)
    if any(start in text for start in TOKEN_STARTS):
        text = TOKENS.sub(HIDDEN, text)
    return _PRIVATE_KEY.sub(HIDDEN, text) if "PRIVATE KEY" in text else text


def _may_have(lower: str, words: Iterable[str]) -> bool:
    """Return whether a text in lower case may have one of the words. Patterns also take `\u017f` for an s."""
    return not lower.isascii() or any(word in lower for word in words)


def learnt() -> frozenset[str]:
    """Return the values that this process hides, for a process that works for it."""
    return _LEARNT.values()


def looks_secret(text: str) -> bool:
    """Return whether a text holds a secret that this process has learnt, or something that looks like one."""
    return hide(text) != text


def named_as_secret(name: str) -> bool:
    """Return whether a variable has the name of a secret, such as `API_TOKEN`."""
    return _SECRET_NAME.search(name) is not None


def xml_text(text: str) -> str:
    """Return a text that XML can hold, without secrets."""
    # U+FFFE and U+FFFF are no characters for XML either.
    return visible(hide(text)).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


def clean(value: T) -> T:
    """Return plain data, or structs of it, with `hide_in_data` applied to every text."""
    return cast("T", _clean(value))


def _clean(value: Any) -> Any:  # noqa: ANN401 (JSON data, and structs)
    """Return a value with every text in it cleaned, of the same type."""
    if isinstance(value, str):
        hidden = hide_in_data(value)
        # A text without secrets stays the same object: it may be a member of an enumeration.
        return value if hidden == value else hidden
    if isinstance(value, Mapping):
        return type(value)({_clean(key): _clean(item) for key, item in value.items()})  # type: ignore[call-arg]
    if isinstance(value, list | tuple):
        return type(value)(_clean(item) for item in value)
    if isinstance(value, Struct):
        return replace(value, **{name: _clean(getattr(value, name)) for name in value.__struct_fields__})
    return value


def without_login(text: str) -> str:
    """Return a text without the logins of its addresses, which can still be used."""
    return _LOGIN.sub(lambda match: match[0] if _kept(match) else f"{match['scheme']}://", text)


def visible(text: str) -> str:
    r"""Return a text with characters that change its display as `\x1b` or `\u202e`; line ends and tabs stay."""
    return _UNSEEN.sub(_escaped, text.replace("\r\n", "\n"))


# C0 and C1 controls, marks and overrides of the writing direction (as in "Trojan Source"), separators of lines,
# and halves of surrogate pairs, which cannot be written to a stream.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def _escaped(match: re.Match[str]) -> str:
    """Return the escape of one character."""
    code = ord(match[0])
    # The longer form is valid JSON too, whose writers leave these characters as they are.
    return f"\\x{code:02x}" if code < 0x7F else f"\\u{code:04x}"  # noqa: PLR2004 (the last of ASCII)


def _is_user_alone(scheme: str, login: str) -> bool:
    """Whether a login is only a name, as all users of a server with keys share it: `ssh://git@host`."""
    return scheme.lower().endswith("ssh") and ":" not in login


def _kept(match: re.Match[str]) -> bool:
    """Whether the login of an address is not secret, or hidden already."""
    return _is_user_alone(match["scheme"], match["login"]) or match["login"] == HIDDEN


def _without(match: re.Match[str]) -> str:
    """Return an address with its login hidden."""
    return match[0] if _kept(match) else f"{match['scheme']}://{HIDDEN}@"


# Characters of a begin that forms share, and a number of forms that need no order.
_SHARED, _FEW = 3, 20


def _pattern(values: set[str]) -> re.Pattern[str]:
    """Return a pattern of the values in all their forms, the longest first: one may contain another."""
    forms = sorted({form for value in values for form in _forms(value)}, key=len, reverse=True)
    anywhere = _any_of([form for form in forms if len(form) >= _ANYWHERE])
    alone = _any_of([form for form in forms if len(form) < _ANYWHERE])
    words = [anywhere] if anywhere else []
    words += [f"(?<![A-Za-z0-9])(?:{alone})(?![A-Za-z0-9])"] if alone else []
    return re.compile("|".join(words) or r"(?!)")


def _any_of(forms: Sequence[str], depth: int = 0) -> str:
    """Return an expression for any of these texts, the first that fits.

    Texts with the same begin stand together: a secret of many lines has thousands of forms, of which a place in a text
    is compared with few.
    """
    if depth == _SHARED or len(forms) < _FEW:
        return "|".join(re.escape(form[depth:]) for form in forms)
    groups: dict[str, list[str]] = {}
    for form in forms:
        groups.setdefault(form[depth : depth + 1], []).append(form)
    # A text that ends here is the shortest of all.
    ends = groups.pop("", None) is not None
    parts = [f"{re.escape(begin)}(?:{_any_of(group, depth + 1)})" for begin, group in groups.items()]
    return "|".join([*parts, *([""] if ends else [])])


def _forms(value: str) -> Iterator[str]:
    """Yield the forms in which a value may be written: quoted in URLs, JSON or Python, and inside of base64."""
    yield from {value, quote(value, safe=""), quote(value), quote_plus(value)}
    yield from {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    raw = value.encode("utf-8", "surrogatepass")
    for before in range(3):
        # Inside of longer base64 the value starts at one of three offsets; digits shared with neighbours are left out.
        whole = bytes(before) + raw
        start, end = (0, 2, 3)[before], len(whole) * 8 // 6
        for encode in (b64encode, urlsafe_b64encode):
            if end - start >= _ANYWHERE:
                yield encode(whole).decode()[start:end]

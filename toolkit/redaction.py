"""What is secret, and text without it: everything that is printed, logged or kept passes through here.

Secret are the values that this process was given as secrets (`learn`, in every form that they are likely to be
written in), and what has the form of a secret: a login in an address, a well-known kind of token, a private key.
"""

import json
import re
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "***"
T = TypeVar("T")

# Shorter values stand in ordinary text too often; those below the second are hidden where they stand alone, and those
# below the third may be words of a document that has to stay as it is.
_LEAST, _ANYWHERE, _IN_DATA = 6, 8, 12
# What stands in place of a user's name where the password is the token.
_NO_PASSWORDS = {"x", "x-oauth-basic"}
_LONG_NAME = 20

_SECRET_NAME = re.compile(
    r"(?:^|[_-])(?:password|passwd|passphrase|token|secret|secret[_-]?key|(?:api|access|auth|private)[_-]?key)$",
    re.IGNORECASE,
)
# RFC 3986, section 3.2.1; a password that is not quoted may hold an @ of its own. What our own hints write stays.
_LOGIN = re.compile(
    r"(?<![A-Za-z0-9+.-])(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?!USER:PASSWORD@)(?P<login>[^\s/?#\"'<>\\]+)@"
)
# A slash in a password is wrong and seen often; digits before it are a port.
_SLASHED = re.compile(
    r"(?<=://)(?!USER:PASSWORD@)[^\s/?#\"'<>\[,:@]{1,200}:(?!\d+/)[^\s?#\"'<>@,]{1,200}@(?!sha\d{3}:)"
)
_BARE_LOGIN = re.compile(r"(?:^|[\s,=])(?P<login>[^\s,=/@:]+:[^\s,/@]+)@")
# Proxies, mirrors and images are written without a scheme too; NAME:TAG@sha256:… is not one of these.
_BARE_IN_TEXT = re.compile(r"(?<![\w/.:%-])[\w.%+-]+:[^\s/@:\"'`]+@(?!sha\d{3}:)(?=[A-Za-z\[\d])")
# How every well-known token begins, for a quick look before a search.
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
_OPTION = re.compile(
    r"(?i)((?<![\w-])--?[\w-]*(?:password|passwd|token|secret|api-?key)(?:=|\s+))(?![-{\[<])[^\s\"',]+"
)
_QUERY = re.compile(
    r"(?i)([?&;][\w.-]*(?:token|signature|sig|password|secret|credential|api_?key|accesskeyid)=)[^&\s\"'#<>]+"
)


class Secrets:
    """The values that are known to be secret. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: set[str] = set()
        self._patterns: dict[int, re.Pattern[str]] = {}

    def learn(self, *values: str | None) -> None:
        """Hide these values from now on. A value that is too short to differ from ordinary text is left out."""
        fresh = {value for value in values if value and len(value) >= _LEAST and value != HIDDEN}
        with self._lock:
            if not fresh <= self._values:
                self._values |= fresh
                self._patterns = {}

    def hide(self, text: str, *, least: int = _LEAST) -> str:
        """Replace the values of at least so many characters, in all their forms."""
        if not self._values:
            return text
        with self._lock:
            if least not in self._patterns:
                self._patterns[least] = _pattern({value for value in self._values if len(value) >= least})
            pattern = self._patterns[least]
        return pattern.sub(HIDDEN, text)


_KNOWN = Secrets()


def learn(*values: str | None) -> None:
    """Hide these values wherever something is printed or kept by this process."""
    _KNOWN.learn(*values)


def learn_login(user: str | None, password: str | None) -> None:
    """Hide a login's password; and its user where that is a token, as some servers want it."""
    is_token = password in _NO_PASSWORDS or len(user or "") >= _LONG_NAME
    learn(None if password in _NO_PASSWORDS else password, user if is_token else None)


def learn_from_text(text: str, *, bare: bool = False) -> None:
    """Hide the logins of all addresses in `text`; with `bare`, of those without a scheme as well."""
    found = [*_LOGIN.finditer(text), *(_BARE_LOGIN.finditer(text) if bare else ())]
    for one in found:
        if not _is_user_alone(one.groupdict().get("scheme", ""), one["login"]):
            user, _, password = one["login"].partition(":")
            learn_login(user, password)
            learn_login(unquote(user), unquote(password))


def learn_from_environment(environ: Mapping[str, str], arguments: Sequence[str] = ()) -> None:
    """Hide what the environment and a command line hold: variables named as secrets, logins in addresses."""
    for name, value in environ.items():
        if _SECRET_NAME.search(name):
            learn(value)
        learn_from_text(value, bare=name.lower().endswith("_proxy") or name == "COMP_MIRRORS")
    for argument in arguments:
        learn_from_text(argument)
        name, equals, value = argument.partition("=")
        if equals and _SECRET_NAME.search(name):
            learn(value)


def hide(text: str) -> str:
    """Give a message for people without what is secret, or looks like it."""
    text = hide_in_data(_KNOWN.hide(text))
    text = _HEADER.sub(lambda found: f"{found[1]}{found[2] or ''}{HIDDEN}", text)
    text = _SCHEME.sub(rf"\1\2{HIDDEN}", text)
    text = _OPTION.sub(rf"\1{HIDDEN}", text)
    return _BARE_IN_TEXT.sub(f"{HIDDEN}@", text)


def hide_in_data(text: str) -> str:
    """Give data, or the text of a file, without what is certainly secret; nothing else of it changes."""
    text = _KNOWN.hide(text, least=_IN_DATA)
    if "://" in text:
        text = _SLASHED.sub(f"{HIDDEN}@", _LOGIN.sub(_without, text))
        text = _QUERY.sub(rf"\1{HIDDEN}", text)
    return _PRIVATE_KEY.sub(HIDDEN, TOKENS.sub(HIDDEN, text))


def clean(value: T) -> T:
    """Give plain data, or records of it, with every text in it without what is certainly secret."""
    return cast("T", _clean(value))


def _clean(value: Any) -> Any:  # noqa: ANN401 (what JSON can say, and dataclasses)
    if isinstance(value, str):
        hidden = hide_in_data(value)
        return value if hidden == value else hidden
    if isinstance(value, Mapping):
        return type(value)({_clean(key): _clean(one) for key, one in value.items()})  # type: ignore[call-arg]
    if isinstance(value, list | tuple):
        return type(value)(_clean(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _clean(getattr(value, one.name)) for one in fields(value) if one.init})
    return value


def without_login(text: str) -> str:
    """Leave the logins out of all addresses in `text`, so that they can still be used."""
    return _LOGIN.sub(lambda found: found[0] if _kept(found) else f"{found['scheme']}://", text)


def visible(text: str) -> str:
    r"""Write characters that change how a terminal shows text as `\x1b` or `\u202e`; line ends and tabs stay."""
    return _UNSEEN.sub(_escaped, text.replace("\r\n", "\n"))


# C0 and C1 controls, marks and overrides of the writing direction (as in "Trojan Source"), separators of lines,
# and halves of surrogate pairs, which no stream can write.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    # The longer form is valid in JSON too, whose writers leave these characters as they are.
    return f"\\x{code:02x}" if code < 0x7F else f"\\u{code:04x}"  # noqa: PLR2004 (the last of ASCII)


def _is_user_alone(scheme: str, login: str) -> bool:
    """Tell whether a login is the name that everyone uses with a key: `ssh://git@host`."""
    return scheme.lower().endswith("ssh") and ":" not in login


def _kept(found: re.Match[str]) -> bool:
    return _is_user_alone(found["scheme"], found["login"]) or found["login"] == HIDDEN


def _without(found: re.Match[str]) -> str:
    return found[0] if _kept(found) else f"{found['scheme']}://{HIDDEN}@"


def _pattern(values: set[str]) -> re.Pattern[str]:
    """Match the values in all their forms, the longest first: one may hold another."""
    forms = {form for value in values for form in _forms(value)}
    listed = [
        re.escape(form) if len(form) >= _ANYWHERE else rf"(?<![A-Za-z0-9]){re.escape(form)}(?![A-Za-z0-9])"
        for form in sorted(forms, key=len, reverse=True)
    ]
    return re.compile("|".join(listed) or r"(?!)")


def _forms(value: str) -> Iterator[str]:
    yield from {value, quote(value, safe=""), quote(value), quote_plus(value)}
    yield from {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    raw = value.encode("utf-8", "surrogatepass")
    for before in range(3):
        # Inside of other base64 the value begins at one of three bits; what it shares with its neighbours is left out.
        whole = bytes(before) + raw
        start, end = (0, 2, 3)[before], len(whole) * 8 // 6
        for encode in (b64encode, urlsafe_b64encode):
            if end - start >= _ANYWHERE:
                yield encode(whole).decode()[start:end]

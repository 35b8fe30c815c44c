"""What this machine gives to the steps of a Dockerfile so that they reach package registries, and the image not.

Certificates and logins are files that are mounted while a step runs. Proxies, and the addresses of indexes without
logins, are build arguments. None of it is in the image, its config or its history.
"""

import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from toolkit.http.logins import in_netrc
from toolkit.redaction import learn_login, without_login

# Engines know these without a declaration, and keep them out of histories (Dockerfile reference, "Predefined ARGs").
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
# Indexes of pip, uv, npm, yarn, Go and R.
_INDEXES = (
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT"),
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INSECURE_HOST", "UV_HTTP_TIMEOUT"),
    *(
        "NPM_CONFIG_REGISTRY",
        "npm_config_registry",
        "YARN_NPM_REGISTRY_SERVER",
        "GOPROXY",
        "CRAN",
        "CONDA_CHANNEL_ALIAS",
    ),
)
# Where OpenSSL, curl and R, requests, pip, Node, git and cargo look for certificates.
_CERTIFICATES = (
    *("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"),
    "CARGO_HTTP_CAINFO",
)
# A word of netrc that needs no quotes.
_WORD = re.compile(r"""[^\s"'\\#]+""")
CERTIFICATES, LOGINS = "comp-certificates", "comp-logins"


class Surroundings(Struct, frozen=True, kw_only=True):
    """Files by the ids of their mounts; build arguments that each stage declares, and those that engines know."""

    files: Mapping[str, Path]
    arguments: Mapping[str, str]
    predefined: Mapping[str, str]

    def mounts(self, folder: str) -> tuple[str, ...]:
        """Return the options of RUN that mount the files in a folder of the container, readable by every user."""
        return tuple(f"--mount=type=secret,id={each},target={folder}/{each},mode=0444" for each in self.files)


def surroundings(environ: Mapping[str, str], folder: str, own: Path, *, mounted: bool) -> Surroundings:
    """Return what the environment gives to steps; `folder` is that of the mounts in the container.

    A file of logins is written into `own`, a folder of this user alone. An engine without mounts (`mounted` is False)
    gets addresses and proxies alone.
    """
    arguments = {name: environ[name] for name in _INDEXES if environ.get(name)}
    plain = {name: without_login(value) for name, value in arguments.items()}
    files: dict[str, Path] = {}
    if mounted:
        bundle = environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
        if bundle and Path(bundle).is_file():
            files[CERTIFICATES] = Path(bundle).resolve()
            plain |= dict.fromkeys(_CERTIFICATES, f"{folder}/{CERTIFICATES}")
        if lines := _logins(arguments, environ):
            files[LOGINS] = own / LOGINS
            files[LOGINS].touch(mode=0o600)
            files[LOGINS].write_text("".join(lines))
            # requests, pip and uv read it.
            plain["NETRC"] = f"{folder}/{LOGINS}"
    predefined = {name: environ[name] for word in _PROXIES for name in (word, word.lower()) if environ.get(name)}
    return Surroundings(files=files, arguments=plain, predefined=predefined)


def _logins(arguments: Mapping[str, str], environ: Mapping[str, str]) -> list[str]:
    """Return a line of netrc for each index with a login, in its address or in the user's netrc."""
    lines: dict[str, str] = {}
    for value in arguments.values():
        for word in value.replace(",", " ").split():
            try:
                # uv's indexes may have a name before: `name=https://…`.
                parts = urlsplit(word if "=" not in word.partition("://")[0] else word.partition("=")[2])
            except ValueError:
                # The step that uses it says what is wrong.
                continue
            if not parts.hostname:
                continue
            login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
            login = login or in_netrc(parts.hostname, environ)
            if login:
                learn_login(*login)
                lines[parts.hostname] = _line(parts.hostname, *login)
    return list(lines.values())


def _line(host: str, user: str, password: str) -> str:
    """Return a line of netrc; a password that is empty is left out, since the next word would be taken for it."""
    words = (("machine", host), ("login", user), ("password", password))
    return " ".join(f"{key} {_quoted(value)}" for key, value in words if value) + "\n"


def _quoted(word: str) -> str:
    """Return a word as netrc has it, in quotes if it needs them."""
    return word if _WORD.fullmatch(word) else '"' + re.sub(r'(["\\])', r"\\\1", word) + '"'

"""Which server, which namespace and whose credentials: from the command line, the environment or KFP's own settings."""

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from toolkit.errors import InputError, Location, UsageError
from toolkit.redaction import learn
from toolkit.selective import Selective

# KFP's own names: kfp.client.Client reads the first three, ServiceAccountTokenVolumeCredentials the fourth.
ENDPOINT = "KF_PIPELINES_ENDPOINT"
UI_ENDPOINT = "KF_PIPELINES_UI_ENDPOINT"
EXPERIMENT = "KF_PIPELINES_DEFAULT_EXPERIMENT_NAME"
TOKEN_PATH = "KF_PIPELINES_SA_TOKEN_PATH"  # noqa: S105 (the name of a variable)
# KFP takes these two as arguments of its client alone.
TOKEN = "COMP_KFP_TOKEN"  # noqa: S105 (the name of a variable)
COOKIE = "COMP_KFP_COOKIE"
# Where a Kubeflow notebook finds its token, if the variable does not name another file.
_POD_TOKEN = Path("/var/run/secrets/kubeflow/pipelines/token")
_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class Credentials(Selective, frozen=True, kw_only=True):
    """What a server may ask for: a token, or a file that holds it and is read anew for each request; a cookie."""

    HIDDEN = frozenset({"token", "cookie"})

    token: str | None = None
    token_file: Path | None = None
    cookie: str | None = None

    def current_token(self) -> str | None:
        """Return the token; None without one. Raises InputError if its file cannot be read, or is empty.

        The file is read every time: what runs in a cluster gets a new token long before the old one expires.
        """
        if self.token_file is None:
            return self.token
        where = Location(path=self.token_file)
        try:
            token = self.token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise InputError(f"cannot read the token: {reason}", where=where, hint=_NO_TOKEN) from error
        if not token or not token.isascii() or any(character.isspace() for character in token):
            raise InputError("expected a token on one line", where=where, hint=_NO_TOKEN)
        learn(token)
        return token


_NO_TOKEN = f"name a file that holds only the token with --token-file, or set {TOKEN}"


class Endpoint(Struct, frozen=True, kw_only=True):
    """A KFP server: the address of its API, and of its pages; the namespace, None if the server has only one user.

    `experiment` is that of runs which name none, None for the server's own default.
    """

    url: str
    pages: str
    namespace: str | None
    credentials: Credentials
    experiment: str | None = None

    def run_page(self, run_id: str) -> str:
        """Return the address of a run's page."""
        return f"{self.pages}/#/runs/details/{run_id}"

    def pipeline_page(self, pipeline_id: str) -> str:
        """Return the address of a pipeline's page."""
        return f"{self.pages}/#/pipelines/details/{pipeline_id}"

    def options(self) -> str:
        """Return the options that lead another command to the same server; never a token."""
        return f"--endpoint {self.url}" + (f" --namespace {self.namespace}" if self.namespace else "")


def find_endpoint(
    url: str | None,
    namespace: str | None,
    token_file: Path | None,
    *,
    environ: Mapping[str, str],
    home: Path,
) -> Endpoint:
    """Return the server that options, or else environment and KFP's settings name. Raises UsageError without one.

    In a pod of the cluster, the server is KFP's own service in its usual namespace.
    """
    in_pod = bool(environ.get("KUBERNETES_SERVICE_HOST"))
    chosen = url or environ.get(ENDPOINT) or ("http://ml-pipeline.kubeflow.svc.cluster.local:8888" if in_pod else "")
    if not chosen:
        raise UsageError(
            "no KFP server is named",
            hint=f"give --endpoint URL or set {ENDPOINT}; without an address of its own, the server is reached with\n"
            "kubectl port-forward -n kubeflow svc/ml-pipeline 8888:8888, then --endpoint http://127.0.0.1:8888",
        )
    address = _address(chosen, "--endpoint" if url else ENDPOINT)
    pages = _address(environ[UI_ENDPOINT], UI_ENDPOINT) if environ.get(UI_ENDPOINT) else address
    return Endpoint(
        url=address,
        pages=pages,
        namespace=namespace or _namespace(home) or (_text(_POD_NAMESPACE) if in_pod else None),
        credentials=_credentials(token_file, environ),
        experiment=environ.get(EXPERIMENT) or None,
    )


def context_file(home: Path) -> Path:
    """Return the path of KFP's own settings."""
    return home / ".config" / "kfp" / "context.json"


def _address(text: str, origin: str) -> str:
    """Return an address without a slash at its end. Raises UsageError unless it is one of a web server."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
        parts = urlsplit("")
    if not usable or not text.isprintable() or " " in text:
        raise UsageError(
            f"{origin} {text} is not the address of a server", hint="write http://HOST:PORT or https://HOST"
        )
    if "@" in parts.netloc:
        # kfp's client would ignore the login, and print the address in links.
        raise UsageError(f"{origin} holds a login", hint=f"leave it out; a token goes into --token-file or {TOKEN}")
    if parts.query or parts.fragment:
        raise UsageError(
            f"{origin} {text} is the address of a page",
            hint=f"leave out what follows {parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}",
        )
    return text.rstrip("/")


def _credentials(token_file: Path | None, environ: Mapping[str, str]) -> Credentials:
    """Return the credentials: an option comes before the environment, and that before a pod's own token."""
    learn(environ.get(TOKEN), environ.get(COOKIE))
    cookie = environ.get(COOKIE) or None
    if token_file is None and environ.get(TOKEN):
        return Credentials(token=environ[TOKEN].strip(), cookie=cookie)
    named = token_file or (Path(environ[TOKEN_PATH]) if environ.get(TOKEN_PATH) else None)
    return Credentials(token_file=named or (_POD_TOKEN if _POD_TOKEN.is_file() else None), cookie=cookie)


def _namespace(home: Path) -> str | None:
    """Return the namespace in KFP's settings; None if they have none. Raises InputError if they cannot be read.

    KFP's client reads the same file, and fails on one that is invalid.
    """
    path = context_file(home)
    try:
        settings = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot read KFP's settings: {error.strerror}", where=Location(path=path)) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"KFP's settings are invalid JSON: {error}", where=Location(path=path), hint="mend or remove the file"
        ) from error
    if not isinstance(settings, dict) or not isinstance(settings.get("namespace"), str):
        raise InputError(
            "KFP's settings have no namespace",
            where=Location(path=path),
            hint='write {"namespace": "NAME"}, or remove the file',
        )
    learn(settings.get("client_authentication_cookie"), settings.get("client_authentication_header_value"))
    return settings["namespace"] or None


def _text(path: Path) -> str | None:
    """Return a file's text; None if it cannot be read."""
    try:
        return path.read_text("utf-8").strip() or None
    except OSError:
        return None

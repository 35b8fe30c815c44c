"""A Kubernetes cluster by its official client: objects of any kind, pods, their events and their logs.

Every failure of a request becomes a RemoteError. Nothing here knows of components.
"""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.errors import OutsideError, RemoteError, UsageError
from toolkit.system.home import home
from toolkit.words import did_you_mean

log = logging.getLogger(__name__)

# Seconds to connect, and to wait for an answer.
_TIMES = (5, 30)
# A request that a signal's handler sends must not delay the end of the process.
_BRIEF = (1, 1)
NOT_FOUND = 404
_LONGEST_WORDS = 2000
_NAME_IT = "name it: --kubeconfig FILE, or set KUBECONFIG"


class Access(Struct, frozen=True, kw_only=True):
    """Which cluster: the user's choices, each None for that of the environment and of the kubeconfig."""

    kubeconfig: Path | None = None
    context: str | None = None
    namespace: str | None = None


class Kind(Struct, frozen=True, kw_only=True):
    """A kind of custom object: its group, its version, and its plural in URLs."""

    group: str
    version: str
    plural: str


class Cluster:
    """A connection to the API server, and the namespace that everything is in."""

    def __init__(self, client: Any, namespace: str) -> None:  # noqa: ANN401 (the SDK has no types)
        self.client = client
        self.namespace = namespace

    @classmethod
    def connect(cls, access: Access, environ: Mapping[str, str]) -> "Cluster":
        """Connect as the kubeconfig says, or inside a pod as its account.

        Raises UsageError for a kubeconfig that cannot be read, OutsideError without the client, and RemoteError
        without an answer.
        """
        config = _config()
        from kubernetes.client import ApiClient, Configuration
        from yaml import YAMLError

        settings = Configuration()
        # Each try takes as long as a connection may take; who watches tries again anyway.
        settings.retries = 1
        files = str(access.kubeconfig) if access.kubeconfig else environ.get("KUBECONFIG") or _usual_file(environ)
        try:
            if files:
                with _client_errors() as errors:
                    own = _load(config, files, access.context, settings)
                # It goes on without credentials then.
                for words in errors:
                    log.warning("the credentials of %s: %s", files, words)
            else:
                config.load_incluster_config(client_configuration=settings)
                own = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace").read_text().strip()
        # The client checks little of what it reads.
        except (config.ConfigException, YAMLError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            # The client repeats the entry that it cannot read, with the token in it.
            reason = str(error).partition("\n")[0].partition("{")[0]
            raise UsageError(
                f"cannot read the kubeconfig {files or '(none is set)'}: {reason}", hint=_NAME_IT
            ) from None
        cluster = cls(ApiClient(settings), access.namespace or own)
        cluster.version()
        return cluster

    def version(self) -> str:
        """Return the version of the API server. Raises RemoteError if it does not answer."""
        from kubernetes.client import VersionApi

        with _asking("the cluster"):
            return str(VersionApi(self.client).get_code(_request_timeout=_TIMES).git_version)

    def ask(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a request to any path of the API, and return the answer's JSON."""
        with _asking(f"the cluster, for {path.partition('?')[0]}"):
            found: dict[str, Any] = json.loads(self._send(method, path, document).data)
        return found

    def create(self, kind: Kind, document: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object, and return it as the server has it."""
        with _asking(f"the cluster, to create {document['metadata'].get('name') or document['kind']}"):
            made: dict[str, Any] = self._custom().create_namespaced_custom_object(
                kind.group, kind.version, self.namespace, kind.plural, document, _request_timeout=_TIMES
            )
        return made

    def get(self, kind: Kind, name: str) -> dict[str, Any]:
        """Return an object. Raises RemoteError with the status 404 if it is missing."""
        with _asking(f"the cluster, for {kind.plural} {name}"):
            found: dict[str, Any] = self._custom().get_namespaced_custom_object(
                kind.group, kind.version, self.namespace, kind.plural, name, _request_timeout=_TIMES
            )
        return found

    def patch(self, kind: Kind, name: str, changes: Mapping[str, Any]) -> None:
        """Change fields of an object; None removes one."""
        with _asking(f"the cluster, to change {name}"):
            self._custom().patch_namespaced_custom_object(
                kind.group, kind.version, self.namespace, kind.plural, name, changes, _request_timeout=_TIMES
            )

    def delete(self, kind: Kind, name: str, *, brief: bool = False) -> None:
        """Delete an object and what it owns, if it is there. A `brief` request gives up after two seconds."""
        try:
            with _asking(f"the cluster, to delete {name}"):
                self._custom().delete_namespaced_custom_object(
                    kind.group,
                    kind.version,
                    self.namespace,
                    kind.plural,
                    name,
                    propagation_policy="Background",
                    _request_timeout=_BRIEF if brief else _TIMES,
                )
        except RemoteError as error:
            if error.status != NOT_FOUND:
                raise

    def pods(self, selector: str) -> list[dict[str, Any]]:
        """Return the pods that a selector of labels chooses, as plain data."""
        with _asking("the cluster, for pods"):
            answer = self._core().list_namespaced_pod(
                self.namespace, label_selector=selector, _request_timeout=_TIMES, _preload_content=False
            )
            return list(json.loads(answer.data).get("items", []))

    def warnings(self, name: str) -> list[str]:
        """Return the warnings among the events of an object, the oldest first; none if they may not be read."""
        try:
            with _asking("the cluster, for events"):
                answer = self._core().list_namespaced_event(
                    self.namespace,
                    field_selector=f"involvedObject.name={name},type=Warning",
                    _request_timeout=_TIMES,
                    _preload_content=False,
                )
                events = json.loads(answer.data).get("items", [])
        except RemoteError as error:
            log.debug("no events: %s", error.message)
            return []
        return [f"{event.get('reason', '')}: {event.get('message', '')}"[:_LONGEST_WORDS] for event in events]

    def log_lines(self, pod: str, container: str) -> Iterator[bytes]:
        """Yield the lines of a container's log as they are written, until the container ends."""
        with _asking(f"the cluster, for the log of {pod}"):
            answer = self._core().read_namespaced_pod_log(
                pod, self.namespace, container=container, follow=True, _preload_content=False
            )
            rest = b""
            for chunk in answer.stream(amt=None):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line + b"\n" for line in lines)
            if rest:
                yield rest

    def log(self, pod: str, container: str) -> str:
        """Return the log of a container so far."""
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}/log?container={container}"
        with _asking(f"the cluster, for the log of {pod}"):
            return bytes(self._send("GET", path).data).decode("utf-8", "replace")

    def secret(self, name: str, key: str) -> str:
        """Return a value of a secret. Raises RemoteError with the status 404 if it is missing."""
        import base64

        with _asking(f"the cluster, for the secret {name}"):
            answer = self._core().read_namespaced_secret(
                name, self.namespace, _request_timeout=_TIMES, _preload_content=False
            )
            data = json.loads(answer.data).get("data") or {}
        if key not in data:
            raise RemoteError(f"the secret {name} has no key {key!r}", status=NOT_FOUND)
        try:
            return base64.b64decode(data[key]).decode()
        except ValueError:
            raise RemoteError(f"the key {key!r} of the secret {name} is not text") from None

    def has_service_account(self, name: str) -> bool | None:
        """Whether an account exists; None if it may not be read."""
        try:
            with _asking(f"the cluster, for the service account {name}"):
                self._core().read_namespaced_service_account(name, self.namespace, _request_timeout=_TIMES)
        except RemoteError as error:
            return False if error.status == NOT_FOUND else None
        return True

    def _send(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 (no types)
        """Send a request to a path for which the SDK has no method, or none without a type."""
        return self.client.call_api(
            path,
            method,
            header_params={"Accept": "*/*", "Content-Type": "application/json"},
            body=document,
            auth_settings=["BearerToken"],
            _preload_content=False,
            _return_http_data_only=True,
            _request_timeout=_TIMES,
        )

    def _custom(self) -> Any:  # noqa: ANN401 (the SDK has no types)
        from kubernetes.client import CustomObjectsApi

        return CustomObjectsApi(self.client)

    def _core(self) -> Any:  # noqa: ANN401 (likewise)
        from kubernetes.client import CoreV1Api

        return CoreV1Api(self.client)


def _config() -> Any:  # noqa: ANN401 (the SDK has no types)
    """Return the client's module of settings. Raises OutsideError if it is not installed."""
    try:
        from kubernetes import config
    except ImportError as error:
        raise OutsideError(
            "the Kubernetes client is not installed", hint="pip install 'comp-toolkit[kubernetes]'"
        ) from error
    return config


def _usual_file(environ: Mapping[str, str]) -> str | None:
    """Return the path of the user's own kubeconfig; None in a pod without one, which has an account."""
    own = home(environ)
    usual = own / ".kube" / "config" if own else None
    if usual and (usual.is_file() or not environ.get("KUBERNETES_SERVICE_HOST")):
        return str(usual)
    return None


def _load(config: Any, files: str, context: str | None, settings: Any) -> str:  # noqa: ANN401 (as above)
    """Read a kubeconfig into the client's settings, and return the namespace of its context."""
    if not any(Path(file).is_file() for file in files.split(os.pathsep)):
        raise UsageError(f"the kubeconfig {files} is missing", hint=_NAME_IT)
    contexts, active = config.list_kube_config_contexts(config_file=files)
    named = {str(each["name"]): each for each in contexts}
    if context is not None and context not in named:
        advice = did_you_mean(context, named, otherwise=f"it has: {', '.join(named)}")
        raise UsageError(f"{files} has no context {context!r}", hint=advice)
    config.load_kube_config(config_file=files, context=context, client_configuration=settings)
    chosen = named[context] if context is not None else active
    return str(chosen["context"].get("namespace") or "default")


@contextmanager
def _client_errors() -> Iterator[list[str]]:
    """Collect what the client logs as errors.

    It logs to the root, which then gets a handler that prints the records of all libraries, secrets included.
    """
    errors: list[str] = []
    collecting = logging.Handler(logging.ERROR)
    collecting.emit = lambda record: errors.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    root.addHandler(collecting)
    try:
        yield errors
    finally:
        root.removeHandler(collecting)


@contextmanager
def _asking(what: str) -> Iterator[None]:
    """Turn every failure of a request into a RemoteError; `what` says who was asked, and for what."""
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ApiException as error:
        message = f"{what} answers {error.status}: {_words(error)}"
        raise RemoteError(message, status=error.status or 0, hint=_advice(error.status)) from error
    except (HTTPError, OSError, ValueError) as error:
        cause = getattr(error, "reason", None) or error
        raise RemoteError(
            f"{what} does not answer: {cause}", hint="is the cluster up? `kubectl version` asks it too"
        ) from None


def _words(error: Any) -> str:  # noqa: ANN401 (the SDK has no types)
    """Return the server's own words."""
    try:
        return str(json.loads(error.body)["message"])[:_LONGEST_WORDS]
    except (TypeError, ValueError, KeyError):
        return str(error.reason or error.body)[:_LONGEST_WORDS]


def _advice(status: int) -> str | None:
    """Return what to do about a refusal."""
    return {
        401: "log in again: the kubeconfig's credentials are missing or have expired",
        403: "ask for the right to it, or choose another namespace: --namespace NAME",
    }.get(status)

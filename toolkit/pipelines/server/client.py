"""The operations on a KFP server, by `kfp.Client`: what goes in and comes out is data of ours."""

import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from msgspec import Struct

from toolkit.errors import CompError, InputError, OutsideError, RemoteError
from toolkit.http.answers import invalid
from toolkit.http.transport import Answer, HttpRequest, Transport
from toolkit.pipelines.server.endpoint import Endpoint
from toolkit.pipelines.server.exchange import PLAIN_TEXT, Pool, check, shown, transport_for
from toolkit.pipelines.server.states import Run, planned_steps, read_run, read_state

# The server refuses larger pages.
_PAGE = 200
# What is wrong with a request, not with the server: what it names does not exist, exists already, or is invalid.
_REQUEST_IS_WRONG = {400, 404, 409, 412, 422}
# A server that always names a next page would be asked for ever.
_MOST_PAGES = 500


class Item(Struct, frozen=True, kw_only=True):
    """One line of a list: a pipeline, a version, a run, an experiment or a recurring run; `about` says more."""

    item_id: str
    name: str
    created: datetime | None
    about: str = ""


class Submission(Struct, frozen=True, kw_only=True):
    """What to run: a compiled file or an uploaded version, the arguments, and how."""

    name: str
    arguments: Mapping[str, object]
    file: Path | None = None
    version: tuple[str, str] | None = None
    experiment: str | None = None
    pipeline_root: str | None = None
    service_account: str | None = None
    caching: bool | None = None


class Schedule(Struct, frozen=True, kw_only=True):
    """When a recurring run starts: by a cron line of six fields, or every so many seconds; within these times."""

    cron: str | None = None
    seconds: int | None = None
    start: str | None = None
    end: str | None = None
    most_at_once: int = 1
    catch_up: bool = True
    enabled: bool = True


class Server:
    """A KFP server. Every method raises RemoteError if it fails, and InputError if the server refuses what is asked."""

    def __init__(self, endpoint: Endpoint, client: Any, api: Any, transport: Transport) -> None:  # noqa: ANN401 (kfp's)
        self.endpoint = endpoint
        self._client = client
        self._api = api
        self._transport = transport
        # The steps of uploaded versions, which never change.
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}

    def upload(self, file: Path, *, name: str, version: str | None, description: str | None) -> Item:
        """Upload a compiled pipeline: a new one, or a version of the one that has this name already."""
        known = self._pipeline_named(name)
        with self._asking(f"cannot upload {file}"):
            if known is None and version is None:
                made = self._client.upload_pipeline(
                    str(file), pipeline_name=name, description=description, namespace=self.endpoint.namespace
                )
                return self._item(made, made.pipeline_id, "")
            if known is None:
                # kfp's own method would also make a version with the pipeline's name.
                made = self._client.pipelines.pipeline_service_create_pipeline(
                    self._client.api_models.V2beta1Pipeline(
                        display_name=name, description=description, namespace=self.endpoint.namespace
                    )
                )
            # Names of versions are unique within their pipeline.
            label = version or f"{name} {datetime.now().astimezone():%Y-%m-%d %H-%M-%S.%f}"
            added = self._client.upload_pipeline_version(
                str(file), pipeline_version_name=label, pipeline_id=known or made.pipeline_id, description=description
            )
        return Item(item_id=known or made.pipeline_id, name=name, created=added.created_at, about=label)

    def submit(self, work: Submission) -> str:
        """Start a run, and return its ID."""
        experiment = self.experiment(work.experiment)
        with self._asking(f"cannot run {work.name}"):
            run = self._client.run_pipeline(
                experiment_id=experiment,
                job_name=work.name,
                pipeline_package_path=None if work.file is None else str(work.file),
                params=dict(work.arguments),
                pipeline_id=work.version[0] if work.version else None,
                version_id=work.version[1] if work.version else None,
                pipeline_root=work.pipeline_root,
                enable_caching=work.caching,
                service_account=work.service_account,
            )
        return _text(run.run_id, "the new run has no ID", self.endpoint.url)

    def schedule(self, work: Submission, when: Schedule) -> str:
        """Make a recurring run, and return its ID."""
        experiment = self.experiment(work.experiment)
        with self._asking(f"cannot make the recurring run {work.name}"):
            made = self._client.create_recurring_run(
                experiment_id=experiment,
                job_name=work.name,
                start_time=when.start,
                end_time=when.end,
                # KFP's API description has 64-bit numbers as texts, which kfp passes on.
                interval_second=None if when.seconds is None else str(when.seconds),
                cron_expression=when.cron,
                max_concurrency=str(when.most_at_once),
                no_catchup=not when.catch_up,
                params=dict(work.arguments),
                pipeline_package_path=None if work.file is None else str(work.file),
                pipeline_id=work.version[0] if work.version else None,
                version_id=work.version[1] if work.version else None,
                enabled=when.enabled,
                pipeline_root=work.pipeline_root,
                enable_caching=work.caching,
                service_account=work.service_account,
            )
        return _text(made.recurring_run_id, "the new recurring run has no ID", self.endpoint.url)

    def run(self, run_id: str) -> Run:
        """Return a run with its steps. Raises InputError if it does not exist."""
        answer = self._get_run(run_id)
        return read_run(answer, self._planned(answer))

    def experiment(self, name: str | None) -> str:
        """Return the ID of the experiment of this name, which is made if it does not exist.

        Without a name it is the one that KFP's variables name, or KFP's own default.
        """
        chosen = name or self.endpoint.experiment or "Default"
        with self._asking(f"cannot use the experiment {chosen}"):
            made = self._client.create_experiment(name=chosen, namespace=self.endpoint.namespace)
        return _text(made.experiment_id, "the experiment has no ID", self.endpoint.url)

    def find_experiment(self, named: str) -> str:
        """Return the ID of an experiment by name or ID. Raises InputError if it does not exist."""
        for item in self.experiments():
            if named in {item.name, item.item_id}:
                return item.item_id
        raise InputError(
            f"no experiment {named} on {self.endpoint.url}",
            hint="`comp pipeline list experiments` shows those that exist",
        )

    def act(self, method: str, what: str, **names: str) -> None:
        """Call one of the methods of kfp.Client that answer nothing, such as `terminate_run`."""
        with self._asking(f"cannot {what}"):
            getattr(self._client, method)(**names)

    def pipelines(self) -> Iterator[Item]:
        """Yield the pipelines."""
        listed = self._pages("pipelines", "pipelines", self._client.list_pipelines, namespace=self.endpoint.namespace)
        for found in listed:
            yield self._item(found, found.pipeline_id, found.description or "")

    def versions(self, pipeline_id: str) -> Iterator[Item]:
        """Yield the versions of a pipeline, the newest first."""
        method = self._client.list_pipeline_versions
        for found in self._pages("versions", "pipeline_versions", method, pipeline_id=pipeline_id):
            yield self._item(found, found.pipeline_version_id, found.description or "")

    def runs(self) -> Iterator[Item]:
        """Yield the runs, the newest first."""
        for found in self._pages("runs", "runs", self._client.list_runs, namespace=self.endpoint.namespace):
            yield self._item(found, found.run_id, read_state(found.state))

    def experiments(self) -> Iterator[Item]:
        """Yield the experiments."""
        method = self._client.list_experiments
        for found in self._pages("experiments", "experiments", method, namespace=self.endpoint.namespace):
            archived = found.storage_state == "ARCHIVED"
            yield self._item(found, found.experiment_id, "archived" if archived else found.description or "")

    def recurring_runs(self) -> Iterator[Item]:
        """Yield the recurring runs."""
        method = self._client.list_recurring_runs
        for found in self._pages("recurring runs", "recurring_runs", method, namespace=self.endpoint.namespace):
            about = f"{(found.status or 'unknown').lower()}, {_when(found.trigger)}"
            yield self._item(found, found.recurring_run_id, about)

    def find_pipeline(self, named: str) -> tuple[Item, tuple[Item, ...]] | None:
        """Return a pipeline by name or ID, with its versions; None if it does not exist."""
        try:
            with self._reading(f"cannot look for the pipeline {named}"):
                found = self._client.get_pipeline(self._pipeline_named(named) or named)
        except RemoteError as error:
            if error.status in _REQUEST_IS_WRONG:
                return None
            raise
        item = self._item(found, found.pipeline_id, found.description or "")
        return item, tuple(self.versions(item.item_id))

    def pipeline_document(self, pipeline_id: str, version_id: str) -> object:
        """Return the IR of an uploaded version."""
        with self._asking(f"cannot read the version {version_id}"):
            return self._client.get_pipeline_version(pipeline_id, version_id).pipeline_spec

    def log(self, run_id: str, pod: str) -> str | None:
        """Return the log of a pod by the server's own address for it; None if the server does not have it.

        The published API does not describe this address, so a failure says no more than that.
        """
        path = {"run": run_id, "pod": pod}
        try:
            answer = self._api.call_api(
                "/apis/v1alpha1/runs/{run}/nodes/{pod}/log",
                "GET",
                path,
                header_params={"Accept": PLAIN_TEXT},
                auth_settings=["Bearer"],
                _preload_content=False,
            )
        except RemoteError:
            return None
        text = bytes(answer.data).decode("utf-8", "replace")
        # The server reports a failure with the status of a success.
        return None if text.startswith('{"error_message":') else text

    def ask_pages(self, path: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Ask the server of KFP's pages, which has more than the API: with a `body`, for what follows from it.

        Without one the answer is a file, whose body is streamed. Raises RemoteError for a refusal. The credentials go
        along if the pages have the same host as the API.
        """
        sent, url = dict(headers), self.endpoint.pages + path
        if urlsplit(url).netloc == urlsplit(self.endpoint.url).netloc:
            self._api.update_params_for_auth(sent, [], ["Bearer"])
            sent |= {"Cookie": self._api.cookie} if self._api.cookie else {}
        method = "GET" if body is None else "POST"
        answer = self._transport.send(
            HttpRequest(method=method, url=url, headers=sent, body=body, stream=body is None, attempts=1, follow=False)
        )
        check(answer, method, url, text=True)
        return answer

    def health(self) -> str:
        """Return what the server says of itself."""
        with self._reading("cannot ask for the server's health"):
            answer = self._client.healthzs.healthz_service_get_healthz()
        return "for several users" if answer.multi_user else "for one user"

    def _item(self, found: Any, item_id: object, about: str) -> Item:  # noqa: ANN401 (one of the API's models)
        """Return a line of a list. Raises RemoteError if it has no ID, by which every command finds it."""
        key = _text(item_id, "an entry has no ID", self.endpoint.url)
        return Item(item_id=key, name=found.display_name or "", created=found.created_at, about=about)

    def _get_run(self, run_id: str) -> Any:  # noqa: ANN401 (a V2beta1Run)
        with self._asking(f"no run {run_id}", hint="`comp pipeline list runs` shows those that exist"):
            return self._client.get_run(run_id)

    def _planned(self, run: Any) -> tuple[str, ...]:  # noqa: ANN401 (a V2beta1Run)
        """Return the names of a run's steps by its pipeline; none if the pipeline was deleted meanwhile."""
        reference = run.pipeline_version_reference
        if run.pipeline_spec or not reference or not reference.pipeline_version_id:
            return planned_steps(run.pipeline_spec)
        key = (reference.pipeline_id or "", reference.pipeline_version_id)
        if key not in self._known:
            try:
                self._known[key] = planned_steps(self.pipeline_document(*key))
            except CompError:
                self._known[key] = ()
        return self._known[key]

    def _pipeline_named(self, name: str) -> str | None:
        """Return the ID of the pipeline of this name; None without one."""
        with self._asking(f"cannot look for the pipeline {name}"):
            return cast("str | None", self._client.get_pipeline_id(name))

    def _pages(self, what: str, member: str, method: Callable[..., Any], **named: object) -> Iterator[Any]:
        """Yield what all pages of a list hold."""
        token = ""
        for _ in range(_MOST_PAGES):
            with self._asking(f"cannot list the {what}"):
                page = method(page_token=token, page_size=_PAGE, sort_by="created_at desc", **named)
            yield from getattr(page, member) or ()
            token = page.next_page_token or ""
            if not token:
                return

    @contextmanager
    def _asking(self, what: str, *, hint: str | None = None) -> Iterator[None]:
        """Turn the server's refusal of what is asked into an InputError that begins with `what`."""
        try:
            with self._reading(what):
                yield
        except RemoteError as error:
            if error.status in _REQUEST_IS_WRONG:
                raise InputError(f"{what}: {error.message}", hint=hint) from None
            raise

    @contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        """Keep kfp's words off stdout, and turn its failures to read an answer into a RemoteError."""
        try:
            # kfp prints links, which are made here too, without a choice.
            with redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
                yield
        except CompError:
            raise
        # The reader of answers that was generated from KFP's API fails in all these ways on an answer that differs.
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise invalid(shown(self.endpoint.url), what, str(error)) from error


def connect(endpoint: Endpoint, environ: Mapping[str, str]) -> Server:
    """Make a client of a server, without a request. Raises OutsideError if kfp is not installed."""
    credentials = endpoint.credentials
    # Before kfp is imported, which takes a while.
    credentials.current_token()
    with warnings.catch_warnings(action="ignore"):
        try:
            from kfp.client import Client, TokenCredentialsBase
            from kfp_server_api import V2beta1GetHealthzResponse
        except ImportError as error:
            raise OutsideError(
                f"kfp is missing in the environment of comp: {error}", hint="pip install 'comp-toolkit[kfp]'"
            ) from error

        class Quiet(Client):  # type: ignore[misc] # kfp has no types
            """kfp's client, which would ask the server for its health, and try for half a minute, when it is made."""

            def get_kfp_healthz(self, sleep_duration: int = 5) -> Any:  # noqa: ANN401 (as kfp's)
                del sleep_duration
                return V2beta1GetHealthzResponse(multi_user=False)

        class Token(TokenCredentialsBase):  # type: ignore[misc] # likewise
            """The token, read anew for every request."""

            def refresh_api_key_hook(self, config: Any) -> None:  # noqa: ANN401 (as kfp's)
                config.api_key["authorization"] = credentials.current_token()

        client = Quiet(
            host=endpoint.url,
            namespace=endpoint.namespace or "kubeflow",
            credentials=Token() if credentials.current_token() else None,
            cookies=credentials.cookie,
            ui_host=endpoint.pages,
        )
    api = client._run_api.api_client  # noqa: SLF001 (the one that all parts of kfp's client share)
    transport = transport_for(environ)
    api.rest_client.pool_manager = Pool(transport)
    return Server(endpoint, client, api, transport)


def _text(value: object, what: str, server: str) -> str:
    """Return an ID that a server has given. Raises RemoteError if it has not."""
    if not isinstance(value, str) or not value:
        raise invalid(shown(server), what)
    return value


def _when(trigger: Any) -> str:  # noqa: ANN401 (a V2beta1Trigger, or None)
    """Return when a recurring run starts."""
    if trigger and trigger.cron_schedule:
        return f"cron {trigger.cron_schedule.cron}"
    if trigger and trigger.periodic_schedule:
        return f"every {trigger.periodic_schedule.interval_second} s"
    return "without a schedule"

"""A double of KFP's server: the part of its API that `kfp.Client` uses, on loopback, strict in both directions.

Every request and every answer is checked against KFP's published description. What runs do is a script: each time a
client reads a run, it sees the next of its frames, and then always the last. Faults are answers that are no API's.
"""

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml
from msgspec import Struct, field

from tests.kfp_server.description import Operation, operations, problems

CREATED = "2026-01-02T03:04:05Z"
# What KFP's server writes for a time that is not known yet.
NO_TIME = "1970-01-01T00:00:00Z"
_LOG = re.compile(r"/apis/v1alpha1/runs/(?P<run>[^/]+)/nodes/(?P<pod>[^/]+)/log")
_OPERATIONS = operations()
_EQUALS = {1, "EQUALS"}

Document = dict[str, Any]
# A fault answers in place of the API: a status, headers and a body; None drops the connection.
Fault = tuple[int, dict[str, str], bytes] | None


class KfpServer(Struct, kw_only=True):
    """A server's memory, what it was asked, and what it does next."""

    token: str | None = None
    multi_user: bool = False
    pipelines: dict[str, Document] = field(default_factory=dict)
    versions: dict[str, Document] = field(default_factory=dict)
    experiments: dict[str, Document] = field(default_factory=dict)
    runs: dict[str, Document] = field(default_factory=dict)
    recurring: dict[str, Document] = field(default_factory=dict)
    # The frames of runs by their ID, or of every new run under "".
    frames: dict[str, list[Document]] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    # The request of this number, from 1, and those after it get this fault, as often as it says.
    faults: list[tuple[int, int, Fault]] = field(default_factory=list)
    # Seconds before each answer.
    delay: float = 0.0
    on_request: Callable[[int], None] = lambda _number: None
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, answer: Fault, *, first: int = 1, times: int = 1_000_000) -> None:
        """Give `answer` to the request number `first` and those after it, `times` times."""
        self.faults.append((first, first + times, answer))

    def bodies(self, collection: dict[str, Document]) -> list[Document]:
        """Return what a collection holds, the newest first."""
        return list(reversed(collection.values()))

    def call(self, operation: Operation, names: dict[str, str], query: dict[str, str], body: Any) -> Any:
        """Answer one operation. Raises Refusal as the server refuses."""
        method: Callable[..., Any] = getattr(self, operation.name.split("_service_")[-1])
        return method(names, query, body)

    # The operations, by the names that the description gives them.

    def get_healthz(self, _names: Document, _query: Document, _body: Any) -> Any:
        return {"multi_user": self.multi_user}

    def upload_pipeline(self, _names: Document, query: Document, body: Any) -> Any:
        name = query.get("name") or query.get("display_name") or ""
        if any(pipeline["display_name"] == name for pipeline in self.pipelines.values()):
            raise Refusal(409, 6, f"The name {name} already exist. Please specify a new name")
        made = {"pipeline_id": _new_id(), "display_name": name, "created_at": CREATED}
        made |= {key: query[key] for key in ("description", "namespace") if query.get(key)}
        self.pipelines[made["pipeline_id"]] = made
        self._add_version(made["pipeline_id"], name, body)
        return made

    def create_pipeline(self, _names: Document, _query: Document, body: Any) -> Any:
        made = {"pipeline_id": _new_id(), "created_at": CREATED, **body}
        self.pipelines[made["pipeline_id"]] = made
        return made

    def upload_pipeline_version(self, _names: Document, query: Document, body: Any) -> Any:
        self._one(self.pipelines, query.get("pipelineid", ""), "Pipeline")
        return self._add_version(query["pipelineid"], query["name"], body)

    def _add_version(self, pipeline: str, name: str, spec: Any) -> Document:
        made = {"pipeline_id": pipeline, "pipeline_version_id": _new_id(), "display_name": name}
        made |= {"created_at": CREATED, "pipeline_spec": spec}
        self.versions[made["pipeline_version_id"]] = made
        return made

    def list_pipelines(self, _names: Document, query: Document, _body: Any) -> Any:
        return self._page("pipelines", _matching(self.bodies(self.pipelines), query), query)

    def get_pipeline(self, names: Document, _query: Document, _body: Any) -> Any:
        return self._one(self.pipelines, names["pipeline_id"], "Pipeline")

    def delete_pipeline(self, names: Document, _query: Document, _body: Any) -> Any:
        self._one(self.pipelines, names["pipeline_id"], "Pipeline")
        del self.pipelines[names["pipeline_id"]]
        return {}

    def list_pipeline_versions(self, names: Document, query: Document, _body: Any) -> Any:
        found = [one for one in self.bodies(self.versions) if one["pipeline_id"] == names["pipeline_id"]]
        return self._page("pipeline_versions", found, query)

    def get_pipeline_version(self, names: Document, _query: Document, _body: Any) -> Any:
        return self._one(self.versions, names["pipeline_version_id"], "Pipeline version")

    def create_experiment(self, _names: Document, _query: Document, body: Any) -> Any:
        made = {"experiment_id": _new_id(), "created_at": CREATED, "storage_state": "AVAILABLE", **body}
        self.experiments[made["experiment_id"]] = made
        return made

    def list_experiments(self, _names: Document, query: Document, _body: Any) -> Any:
        return self._page("experiments", _matching(self.bodies(self.experiments), query), query)

    def get_experiment(self, names: Document, _query: Document, _body: Any) -> Any:
        return self._one(self.experiments, names["experiment_id"], "Experiment")

    def archive_experiment(self, names: Document, _query: Document, _body: Any) -> Any:
        self._one(self.experiments, names["experiment_id"], "Experiment")["storage_state"] = "ARCHIVED"
        return {}

    def unarchive_experiment(self, names: Document, _query: Document, _body: Any) -> Any:
        self._one(self.experiments, names["experiment_id"], "Experiment")["storage_state"] = "AVAILABLE"
        return {}

    def delete_experiment(self, names: Document, _query: Document, _body: Any) -> Any:
        self._one(self.experiments, names["experiment_id"], "Experiment")
        del self.experiments[names["experiment_id"]]
        return {}

    def create_run(self, _names: Document, _query: Document, body: Any) -> Any:
        self._one(self.experiments, body["experiment_id"], "Experiment")
        if (body.get("pipeline_spec") is None) == (body.get("pipeline_version_reference") is None):
            raise Refusal(400, 3, "exactly one pipeline source is required")
        if "{{" in json.dumps(body.get("runtime_config", {}).get("parameters", {})):
            raise Refusal(500, 13, "Failed to create a run: failed to resolve {{inputs.parameters.x}}")
        made = {"run_id": _new_id(), "created_at": CREATED, "state": "PENDING", "finished_at": NO_TIME, **body}
        self.runs[made["run_id"]] = made
        self.frames[made["run_id"]] = list(self.frames.get("", []))
        return made

    def list_runs(self, _names: Document, query: Document, _body: Any) -> Any:
        return self._page("runs", self.bodies(self.runs), query)

    def get_run(self, names: Document, _query: Document, _body: Any) -> Any:
        run, frames = self._one(self.runs, names["run_id"], "Run"), self.frames.get(names["run_id"], [])
        if frames:
            run.update(frames.pop(0) if len(frames) > 1 else frames[0])
        return run

    def terminate_run(self, names: Document, _query: Document, _body: Any) -> Any:
        self._one(self.runs, names["run_id"], "Run")["state"] = "CANCELING"
        self.frames[names["run_id"]] = [{"state": "CANCELED"}]
        return {}

    def create_recurring_run(self, _names: Document, _query: Document, body: Any) -> Any:
        cron = body["trigger"].get("cron_schedule", {}).get("cron")
        if cron is not None and len(cron.split()) != 6:
            raise Refusal(400, 3, f"Schedule cron is not supported: {cron}")
        enabled = "ENABLED" if body["mode"] == "ENABLE" else "DISABLED"
        made = {"recurring_run_id": _new_id(), "created_at": CREATED, "status": enabled, **body}
        self.recurring[made["recurring_run_id"]] = made
        return made

    def list_recurring_runs(self, _names: Document, query: Document, _body: Any) -> Any:
        return self._page("recurringRuns", self.bodies(self.recurring), query)

    def get_recurring_run(self, names: Document, _query: Document, _body: Any) -> Any:
        return self._one(self.recurring, names["recurring_run_id"], "Recurring run")

    def enable_recurring_run(self, names: Document, _query: Document, _body: Any) -> Any:
        self._one(self.recurring, names["recurring_run_id"], "Recurring run")["status"] = "ENABLED"
        return {}

    def disable_recurring_run(self, names: Document, _query: Document, _body: Any) -> Any:
        self._one(self.recurring, names["recurring_run_id"], "Recurring run")["status"] = "DISABLED"
        return {}

    def delete_recurring_run(self, names: Document, _query: Document, _body: Any) -> Any:
        self._one(self.recurring, names["recurring_run_id"], "Recurring run")
        del self.recurring[names["recurring_run_id"]]
        return {}

    def _one(self, collection: dict[str, Document], key: str, what: str) -> Document:
        if key not in collection:
            raise Refusal(404, 5, f"{what} {key} not found.")
        return collection[key]

    def _page(self, member: str, found: list[Document], query: Document) -> Document:
        start, size = int(query.get("page_token") or 0), int(query.get("page_size") or 20)
        if size > 200:
            raise Refusal(400, 3, f"The page size {size} is above the limit of 200")
        page: Document = {"total_size": len(found)}
        # An empty list is left out, as everywhere in the JSON of protobuf.
        page |= {member: found[start : start + size]} if found else {}
        return page | ({"next_page_token": str(start + size)} if start + size < len(found) else {})


class Refusal(Exception):  # noqa: N818 (a refusal is an answer, not an accident)
    """The server refuses: an HTTP status, the code of gRPC, and a message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": message, "code": code, "message": message, "details": []}


def node(name: str, state: str, *, pods: tuple[str, ...] = (), error: str = "", seconds: int | None = 7) -> Document:
    """Make a V2beta1PipelineTaskDetail as KFP 2.17's server makes it of a node of Argo's workflow."""
    ended = NO_TIME if seconds is None else f"2026-01-02T03:04:{10 + seconds:02}Z"
    made: Document = {"task_id": _new_id(), "display_name": name, "state": state, "create_time": CREATED}
    made |= {"start_time": "2026-01-02T03:04:10Z", "end_time": ended}
    made |= {"child_tasks": [{"pod_name": pod} for pod in pods]} if pods else {}
    return made | ({"error": {"code": 13, "message": error}} if error else {})


def step(name: str, state: str, *, pod: str = "", seconds: int | None = 7) -> list[Document]:
    """Make the nodes of one step: that of its driver, its own, and that of its container."""
    below = "RUNNING" if state == "PENDING" else state
    nodes = [node(f"{name}-driver", "SUCCEEDED"), node(name, state, pods=(pod,) if pod else (), seconds=seconds)]
    return [*nodes, node("executor", below, seconds=seconds)]


def frame(state: str, *nodes: Document, error: str = "") -> Document:
    """Make what a client sees of a run at one moment."""
    root = [node("root-driver", "SUCCEEDED"), node("root", "RUNNING")]
    seen: Document = {"state": state, "run_details": {"task_details": [*root, *nodes]}}
    return seen | ({"error": {"code": 13, "message": error}} if error else {})


def _new_id() -> str:
    return str(uuid.uuid4())


def _matching(found: list[Document], query: Document) -> list[Document]:
    """Return what a filter by equal values lets through: V2beta1Filter, with the numbers that kfp's client writes."""
    for predicate in json.loads(query.get("filter") or "{}").get("predicates", []):
        assert predicate["operation"] in _EQUALS, predicate
        found = [one for one in found if one.get(predicate["key"]) == predicate["stringValue"]]
    return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Serving"

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_DELETE = do_GET  # noqa: N815 (as http.server calls them)

    def _serve(self) -> None:
        kfp = self.server.kfp
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        with kfp.lock:
            kfp.asked.append(f"{self.command} {unquote(parts.path)}")
            kfp.headers.append({name.lower(): value for name, value in self.headers.items()})
            number = len(kfp.asked)
            kfp.on_request(number)
            fault = next((answer for first, end, answer in kfp.faults if first <= number < end), ())
            if fault is None:
                self.close_connection = True
                return
            if kfp.delay:
                # Not a sleep that a test waits for: it ends with the client's own limit.
                threading.Event().wait(kfp.delay)
            status, headers, answer = fault or self._answer(parts.path, dict(parse_qsl(parts.query)), body)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(answer)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def _answer(self, path: str, query: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        kfp = self.server.kfp
        if kfp.token and self.headers.get("Authorization") != f"Bearer {kfp.token}":
            return 401, {"Content-Type": "text/plain"}, b"Jwt verification fails"
        if log := _LOG.fullmatch(path):
            text = kfp.logs.get(log["pod"])
            # KFP 2.17's server has the status of a success also for a log that it cannot read.
            failure = '{"error_message":"BadRequestError: Failed to read logs","error_details":""}'
            return 200, {"Content-Type": "text/plain"}, (failure if text is None else text).encode()
        for operation in _OPERATIONS:
            match = operation.path.fullmatch(path)
            if match and operation.method == self.command:
                names = {key: unquote(value) for key, value in match.groupdict().items()}
                return self._checked(operation, names, query, body)
        return 404, {"Content-Type": "text/plain"}, b"404 page not found"

    def _checked(
        self, operation: Operation, names: dict[str, str], query: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer an operation; remember each way in which request or answer differ from the description."""
        kfp = self.server.kfp
        kfp.wrong += [f"{operation.name}: unknown parameter {name}" for name in query.keys() - operation.query.keys()]
        document: Any = None
        if operation.name.startswith("upload_"):
            document = self._uploaded(body)
        elif operation.body:
            document = json.loads(body)
            kfp.wrong += [f"request of {operation.name}: {text}" for text in problems(document, operation.body)]
        elif body:
            kfp.wrong.append(f"{operation.name}: unexpected body {body!r}")
        try:
            answer = kfp.call(operation, names, query, document)
        except Refusal as refusal:
            return refusal.status, {"Content-Type": "application/json"}, json.dumps(refusal.body).encode()
        kfp.wrong += [f"answer of {operation.name}: {text}" for text in problems(answer, operation.answer)]
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    def _uploaded(self, body: bytes) -> Any:
        """Return the pipeline in a multipart form with the one field `uploadfile`, as the server reads it."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        (part,) = BytesParser(policy=default).parsebytes(head + body).iter_parts()
        assert part.get_param("name", header="content-disposition") == "uploadfile"
        documents = list(yaml.safe_load_all(part.get_content()))
        return documents[0] if len(documents) == 1 else {"pipeline_spec": documents[0], "platform_spec": documents[1]}


class _Serving(ThreadingHTTPServer):
    daemon_threads = True
    kfp: KfpServer


@contextmanager
def serving(kfp: KfpServer) -> Iterator[KfpServer]:
    """Serve on loopback; at the end, fail if a request or an answer differed from the description."""
    with _Serving(("127.0.0.1", 0), _Handler) as server:
        server.kfp = kfp
        kfp.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield kfp
        finally:
            server.shutdown()
            thread.join()
    assert kfp.wrong == []

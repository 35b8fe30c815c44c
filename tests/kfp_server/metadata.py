"""The real ML Metadata in memory, with one run in it, behind gRPC-Web as KFP's pages have it; and its artifacts.

A program of its own, since its protobuf is older than KFP's: it prints its port, and serves until it is ended. What it
stores is what KFP 2.17's driver and launcher store (`backend/src/v2/metadata/client.go`).
"""

import struct
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from ml_metadata.metadata_store import MetadataStore
from ml_metadata.metadata_store.pywrap.metadata_store_extension import metadata_store as native
from ml_metadata.proto import metadata_store_pb2 as proto

FILES = {
    "/artifacts/minio/mlpipeline/v2/train/1/model": b"weights",
    "/artifacts/minio/mlpipeline/v2/train/1/table": b"a,b\n1,2\n3,4\n",
    "/artifacts/minio/mlpipeline/v2/train/1/report": b"<h1>Report</h1>",
}


def fill(store: MetadataStore, run: str) -> None:
    """Store a run of one step with four outputs, and the run as a whole."""
    context_type = store.put_context_type(proto.ContextType(name="system.PipelineRun"))
    (context,) = store.put_contexts([proto.Context(type_id=context_type, name=run)])
    dag_type = store.put_execution_type(proto.ExecutionType(name="system.DAGExecution"))
    step_type = store.put_execution_type(proto.ExecutionType(name="system.ContainerExecution"))
    dag = proto.Execution(type_id=dag_type, name="run/root")
    step = proto.Execution(type_id=step_type, name="run/train")
    step.custom_properties["task_name"].string_value = "train"
    step.custom_properties["display_name"].string_value = "Train"
    dag_id, step_id = store.put_executions([dag, step])
    made = [
        _artifact(store, "system.Model", "model"),
        _artifact(store, "system.Metrics", "scores", accuracy=0.93, rows=150.0),
        _artifact(store, "system.Dataset", "table"),
        _artifact(store, "system.HTML", "report"),
    ]
    keys = store.put_artifacts(made)
    events = []
    for key, artifact in zip(keys, made, strict=True):
        for execution in (step_id, dag_id):
            event = proto.Event(artifact_id=key, execution_id=execution, type=proto.Event.OUTPUT)
            event.path.steps.add().key = artifact.custom_properties["display_name"].string_value
            events.append(event)
    store.put_events(events)
    store.put_attributions_and_associations(
        [], [proto.Association(context_id=context, execution_id=key) for key in (dag_id, step_id)]
    )


def _artifact(store: MetadataStore, kind: str, output: str, **metadata: float) -> proto.Artifact:
    type_id = store.put_artifact_type(proto.ArtifactType(name=kind))
    artifact = proto.Artifact(type_id=type_id, uri=f"minio://mlpipeline/v2/train/1/{output}")
    artifact.custom_properties["display_name"].string_value = output
    for name, value in metadata.items():
        artifact.custom_properties[name].double_value = value
    return artifact


class Handler(BaseHTTPRequestHandler):
    store: MetadataStore

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Answer a call of ML Metadata's own service."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        flags, size = struct.unpack(">BI", body[:5])
        assert (flags, size) == (0, len(body) - 5)
        method = self.path.rpartition("/")[2]
        answer, *_ = getattr(native, method)(self.store._metadata_store, body[5:])
        trailer = b"grpc-status:0\r\n"
        framed = struct.pack(">BI", 0, len(answer)) + answer + struct.pack(">BI", 0x80, len(trailer)) + trailer
        self._send(200, framed, "application/grpc-web+proto")

    def do_GET(self) -> None:
        """Answer with an artifact's bytes."""
        body = FILES.get(urlsplit(self.path).path)
        self._send(200 if body else 404, body or b"not found", "application/octet-stream")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(run: str) -> None:
    """Serve the artifacts of a run on a free port."""
    config = proto.ConnectionConfig()
    config.fake_database.SetInParent()
    Handler.store = MetadataStore(config)
    fill(Handler.store, run)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)  # noqa: T201 (what the test waits for)
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])

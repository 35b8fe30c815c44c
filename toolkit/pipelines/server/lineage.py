"""The artifacts of a run by ML Metadata, where KFP 2's launcher records them, with their values and metadata.

KFP's own pages read it through their server, as gRPC-Web: one message in a frame of five bytes, and then a frame with
the status. The messages here are the few that this needs, with the numbers of ml-metadata 1.17's
`metadata_store.proto`.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from toolkit.errors import RemoteError
from toolkit.http.answers import reading
from toolkit.pipelines.server.artifacts import Artifact, short_type
from toolkit.pipelines.server.client import Server

_SERVICE = "/ml_metadata.MetadataStoreService/"
_KIND = "application/grpc-web+proto"
_PACKAGE = "ml_metadata"
_OUTPUT = 4
_TRAILER = 0x80
_FRAME = struct.Struct(">BI")

# Message: its fields, each with name, number and type; `*` before a type means many, `map` a map from texts to values.
_MESSAGES: dict[str, tuple[tuple[str, int, str], ...]] = {
    "Value": (
        ("int_value", 1, "int64"),
        ("double_value", 2, "double"),
        ("string_value", 3, "string"),
        ("struct_value", 4, "google.protobuf.Struct"),
        ("bool_value", 6, "bool"),
    ),
    "Artifact": (
        ("id", 1, "int64"),
        ("uri", 3, "string"),
        ("properties", 4, "map"),
        ("custom_properties", 5, "map"),
        ("type", 8, "string"),
    ),
    "Execution": (("id", 1, "int64"), ("custom_properties", 5, "map")),
    "Step": (("index", 1, "int64"), ("key", 2, "string")),
    "Path": (("steps", 1, "*Step"),),
    "Event": (("artifact_id", 1, "int64"), ("execution_id", 2, "int64"), ("path", 3, "Path"), ("type", 4, "int64")),
    "Context": (("id", 1, "int64"),),
    "ContextRequest": (("type_name", 1, "string"), ("context_name", 2, "string")),
    "ContextAnswer": (("context", 1, "Context"),),
    "ExecutionsRequest": (("context_id", 1, "int64"),),
    "ExecutionsAnswer": (("executions", 1, "*Execution"),),
    "EventsRequest": (("execution_ids", 1, "*int64"),),
    "EventsAnswer": (("events", 1, "*Event"),),
    "ArtifactsRequest": (("artifact_ids", 1, "*int64"),),
    "ArtifactsAnswer": (("artifacts", 1, "*Artifact"),),
}


def recorded_artifacts(server: Server, run_id: str) -> tuple[Artifact, ...] | None:
    """Return the artifacts of a run, in the order in which they were made; None if the server has no ML Metadata."""
    try:
        run = _ask(server, "GetContextByTypeAndName", "Context", type_name="system.PipelineRun", context_name=run_id)
    except RemoteError:
        return None
    if not run.context.id:
        return ()
    found = _ask(server, "GetExecutionsByContext", "Executions", context_id=run.context.id).executions
    steps = _steps(found)
    if not steps:
        return ()
    events = _ask(server, "GetEventsByExecutionIDs", "Events", execution_ids=list(steps)).events
    made = [event for event in events if event.type == _OUTPUT]
    keys = sorted({event.artifact_id for event in made})
    if not keys:
        return ()
    answer = _ask(server, "GetArtifactsByID", "Artifacts", artifact_ids=keys)
    artifacts = {artifact.id: artifact for artifact in answer.artifacts}
    return tuple(
        _artifact(steps[event.execution_id], event, artifacts[event.artifact_id])
        for event in made
        if event.artifact_id in artifacts
    )


def _steps(executions: Iterable[Any]) -> dict[int, str]:
    """Return the names of the steps that executions did, by their IDs; the second of a loop is `train #2`.

    The run as a whole is an execution too, without such a name: what its steps made are its outputs.
    """
    names: dict[int, str] = {}
    counts = Counter[str]()
    for execution in sorted(executions, key=lambda execution: execution.id):
        properties = execution.custom_properties
        if "task_name" in properties:
            name = str(properties["task_name"].string_value)
            counts[name] += 1
            names[execution.id] = f"{name} #{counts[name]}" if counts[name] > 1 else name
    return names


def _artifact(step: str, event: Any, artifact: Any) -> Artifact:  # noqa: ANN401 (messages)
    """Read an artifact that a step made."""
    names = [part.key for part in event.path.steps if part.key]
    metadata = {**_values(artifact.properties), **_values(artifact.custom_properties)}
    # KFP's own entries, which its pages do not show either.
    for own in ("display_name", "store_session_info"):
        metadata.pop(own, None)
    return Artifact(
        step=step,
        output=names[0] if names else "output",
        type=short_type(artifact.type),
        uri=artifact.uri,
        metadata=metadata,
    )


def _values(properties: Mapping[str, Any]) -> dict[str, object]:
    """Return properties as JSON values."""
    from google.protobuf import json_format

    found: dict[str, object] = {}
    # Protobuf keeps them in no order.
    for name, value in sorted(properties.items()):
        for field, content in value.ListFields():
            found[name] = json_format.MessageToDict(content) if field.name == "struct_value" else content
    return found


def _ask(server: Server, method: str, what: str, **members: object) -> Any:  # noqa: ANN401 (a message)
    """Call a method of ML Metadata. Raises RemoteError if it fails, or if the server does not have it."""
    messages = _messages()
    request = messages[f"{what}Request"](**members).SerializeToString()
    framed = _FRAME.pack(0, len(request)) + request
    headers = {"Content-Type": _KIND, "Accept": _KIND, "X-Grpc-Web": "1"}
    body = server.ask_pages(_SERVICE + method, headers=headers, body=framed).body
    answer = messages[f"{what}Answer"]()
    from google.protobuf.message import DecodeError

    with reading(server.endpoint.pages, f"the answer of {method}"):
        for flags, data in _frames(body):
            if flags & _TRAILER:
                _check_status(data, method)
            else:
                try:
                    answer.ParseFromString(data)
                except DecodeError as error:
                    raise ValueError(str(error)) from error
    return answer


def _frames(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the frames of an answer: flags and content. Raises ValueError for one that is cut off."""
    place = 0
    while place < len(body):
        if place + _FRAME.size > len(body):
            raise ValueError("a frame is cut off")
        flags, size = _FRAME.unpack_from(body, place)
        place += _FRAME.size
        if place + size > len(body):
            raise ValueError("a frame is cut off")
        yield flags, body[place : place + size]
        place += size


def _check_status(trailer: bytes, method: str) -> None:
    """Raise RemoteError unless the last frame says that a call succeeded."""
    lines = dict(line.split(":", 1) for line in trailer.decode("utf-8", "replace").split("\r\n") if ":" in line)
    code = lines.get("grpc-status", "0").strip()
    if code != "0":
        raise RemoteError(f"ML Metadata refuses {method}: {lines.get('grpc-message', '').strip()} (code {code})")


@cache
def _messages() -> dict[str, Any]:
    """Return the classes of the messages."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, struct_pb2

    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
    file = descriptor_pb2.FileDescriptorProto(
        name="messages.proto", package=_PACKAGE, dependency=["google/protobuf/struct.proto"]
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind in fields:
            many = kind.startswith("*") or kind == "map"
            label = (
                descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
                if many
                else descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
            )
            added = message.field.add(name=field, number=number, label=label)
            if kind == "map":
                entry = message.nested_type.add(name="".join(map(str.capitalize, field.split("_"))) + "Entry")
                entry.options.map_entry = True
                _type(entry.field.add(name="key", number=1), "string")
                _type(entry.field.add(name="value", number=2), "Value")
                _type(added, f"{_PACKAGE}.{name}.{entry.name}")
            else:
                _type(added, kind.removeprefix("*"))
    pool.Add(file)
    found = pool.FindFileByName(file.name).message_types_by_name
    return {name: message_factory.GetMessageClass(found[name]) for name in _MESSAGES}


def _type(field: Any, kind: str) -> None:  # noqa: ANN401 (a FieldDescriptorProto)
    """Set the type of a field: a primitive one, or a message by its name."""
    primitives = {"double": 1, "int64": 3, "bool": 8, "string": 9}
    field.type = primitives.get(kind, 11)
    field.label = field.label or 1
    if kind not in primitives:
        field.type_name = f".{kind if '.' in kind else f'{_PACKAGE}.{kind}'}"

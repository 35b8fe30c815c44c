"""Artifacts of a run by ML Metadata, from answers written byte by byte. The real one is asked in tests/engines."""

import struct
from types import SimpleNamespace
from typing import Any

import pytest

from toolkit.errors import RemoteError
from toolkit.pipelines.server.artifacts import Artifact
from toolkit.pipelines.server.lineage import recorded_artifacts

OUTPUT, INPUT = 4, 3


def number(field: int, value: int) -> bytes:
    """Return a small number as a field of a message."""
    return bytes([field << 3, value])


def part(field: int, content: bytes) -> bytes:
    """Return a text or a message, of less than 128 bytes, as a field."""
    return bytes([field << 3 | 2, len(content)]) + content


def text(value: str) -> bytes:
    return part(3, value.encode())


def entry(field: int, name: str, value: bytes) -> bytes:
    """Return an entry of a map from names to values."""
    return part(field, part(1, name.encode()) + part(2, value))


def execution(key: int, name: str | None) -> bytes:
    return part(1, number(1, key) + (entry(5, "task_name", text(name)) if name else b""))


def event(artifact: int, by: int, name: str, kind: int = OUTPUT) -> bytes:
    return part(1, number(1, artifact) + number(2, by) + part(3, part(1, part(2, name.encode()))) + number(4, kind))


def artifact(key: int, uri: str, *properties: bytes) -> bytes:
    return part(1, number(1, key) + part(3, uri.encode()) + b"".join(properties) + part(8, b"system.Model"))


def frame(content: bytes, flags: int = 0) -> bytes:
    return struct.pack(">BI", flags, len(content)) + content


def trailer(code: int = 0, message: str = "") -> bytes:
    return frame(f"grpc-status:{code}\r\ngrpc-message: {message}\r\n".encode(), 0x80)


def recorded(**answers: bytes) -> tuple[Artifact, ...] | None:
    """Ask a server whose methods answer with these bytes; a method without any is refused."""

    def ask_pages(path: str, **_: object) -> SimpleNamespace:
        method = path.rpartition("/")[2]
        if method not in answers:
            raise RemoteError("status 404", status=404)
        return SimpleNamespace(body=answers[method])

    server: Any = SimpleNamespace(ask_pages=ask_pages, endpoint=SimpleNamespace(pages="https://kfp"))
    return recorded_artifacts(server, "run-1")


RUN = {"GetContextByTypeAndName": frame(part(1, number(1, 7))) + trailer()}
STEPS = {
    "GetExecutionsByContext": frame(execution(3, "train") + execution(1, None) + execution(2, "train")) + trailer()
}


def test_artifacts_have_their_step_name_and_metadata() -> None:
    events = event(5, 2, "model") + event(6, 3, "model") + event(5, 3, "data", INPUT) + event(9, 2, "gone")
    metadata = (entry(5, "rate", b"\x11" + struct.pack("<d", 0.5)), entry(5, "display_name", text("Model")))
    found = recorded(
        **RUN,
        **STEPS,
        GetEventsByExecutionIDs=frame(events) + trailer(),
        GetArtifactsByID=frame(artifact(5, "minio://b/5", *metadata) + artifact(6, "minio://b/6")) + trailer(),
    )
    assert found is not None
    assert [(one.step, one.output, one.uri) for one in found] == [
        ("train", "model", "minio://b/5"),
        # A step of a loop.
        ("train #2", "model", "minio://b/6"),
    ]
    assert found[0].metadata == {"rate": 0.5}


def test_a_server_without_metadata_is_not_a_run_without_artifacts() -> None:
    assert recorded() is None
    assert recorded(GetContextByTypeAndName=trailer(5, "no table")) is None
    assert recorded(GetContextByTypeAndName=frame(b"") + trailer()) == ()
    assert recorded(**RUN, GetExecutionsByContext=frame(b"") + trailer()) == ()
    assert recorded(**RUN, **STEPS, GetEventsByExecutionIDs=frame(event(5, 2, "x", INPUT)) + trailer()) == ()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (trailer(13, "broken"), r"ML Metadata refuses GetExecutionsByContext: broken \(code 13\)"),
        (b"\0\0", "a frame is cut off"),
        (struct.pack(">BI", 0, 9) + b"abc", "a frame is cut off"),
        (frame(b"\xff\xff") + trailer(), "the answer of GetExecutionsByContext"),
    ],
)
def test_an_answer_that_fails_later_is_named(body: bytes, message: str) -> None:
    with pytest.raises(RemoteError, match=message):
        recorded(**RUN, GetExecutionsByContext=body)

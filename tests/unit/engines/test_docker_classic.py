"""Dockerfiles by the SDK: what the daemon gets, and what its answers mean."""

import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from tests.build_orders import order
from toolkit.engines.docker_classic import build
from toolkit.engines.image_build import Failure

if TYPE_CHECKING:
    from docker import DockerClient


class Daemon:
    """Answers a build, and remembers what it was sent."""

    def __init__(self, *answers: Mapping[str, Any]) -> None:
        self.api = self
        self.answers = answers
        self.options: dict[str, Any] = {}
        self.files: dict[str, bytes] = {}
        self.removed: list[str] = []

    def remove_container(self, container: str, *, force: bool) -> None:
        assert force
        self.removed.append(container)

    def build(self, *, fileobj: IO[bytes], **options: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 (as the SDK)
        self.options = options
        with tarfile.open(fileobj=fileobj) as archive:
            for member in archive:
                stream = archive.extractfile(member)
                self.files[member.name] = stream.read() if stream else b""
        return iter(self.answers)


def _build(daemon: Daemon, tmp_path: Path, ignore: Path | None = None) -> str | Failure:
    return build(cast("DockerClient", daemon), order(tmp_path, ignore=ignore))


BUILT = {"aux": {"ID": "sha256:0"}}


def test_what_the_daemon_gets(tmp_path: Path) -> None:
    ignore = tmp_path / "ignore"
    ignore.write_text("# no\nleft-out\n\n")
    (tmp_path / "context").mkdir()
    for name in ("kept", "left-out"):
        (tmp_path / "context" / name).write_text(name)
    daemon = Daemon({"stream": "Step 1/8 : FROM base\n"}, BUILT)
    assert _build(daemon, tmp_path, ignore) == "sha256:0"
    assert daemon.files["kept"] == b"kept"
    assert "left-out" not in daemon.files
    assert b"ARG PIP_INDEX_URL" in daemon.files[daemon.options["dockerfile"]]
    assert daemon.options["buildargs"]["VERSION"] == "1"
    assert daemon.options["target"] == "one"


def test_a_step_that_fails_has_its_line_and_its_own_last_words(tmp_path: Path) -> None:
    daemon = Daemon(
        {"stream": "Step 3/8 : RUN one\nof another step\n"},
        {"stream": "Step 8/8 : RUN two\n"},
        {"stream": " ---> Running in f39620ab2d89\n"},
        {"stream": "befo"},
        {"stream": "re\n"},
        {"errorDetail": {"code": 3}, "error": "The command '/bin/sh -c two' returned a non-zero code: 3"},
    )
    assert _build(daemon, tmp_path) == Failure(
        message="The command '/bin/sh -c two' returned a non-zero code: 3",
        line=6,
        output=("before",),
    )
    assert daemon.removed == ["f39620ab2d89"]


def test_a_line_without_an_end_is_not_kept_whole(tmp_path: Path) -> None:
    answers = [{"stream": "x" * 1000} for _ in range(100)]
    failure = _build(Daemon({"stream": "Step 8/8 : RUN two\n"}, *answers, {"error": "failed"}), tmp_path)
    assert isinstance(failure, Failure)
    assert {len(line) for line in failure.output} == {4000}
    failure = _build(Daemon({"stream": "Step 8/8 : RUN two\n"}, {"stream": "last words"}, {"error": "e"}), tmp_path)
    assert isinstance(failure, Failure)
    assert failure.output == ("last words",)


def test_a_base_that_cannot_be_had_is_outside(tmp_path: Path) -> None:
    failure = _build(Daemon({"stream": "Step 1/8 : FROM h/x\n"}, {"error": "no such host"}), tmp_path)
    assert isinstance(failure, Failure)
    assert failure.is_outside


def test_answers_that_end_before_the_image(tmp_path: Path) -> None:
    failure = _build(Daemon({"stream": "Step 3/8 : RUN one\n"}), tmp_path)
    assert isinstance(failure, Failure)
    assert failure.message == "the daemon ended without an image"

"""Dockerfiles by docker's SDK, without BuildKit, where docker's program lacks it: no mounts in steps, and no ssh."""

import re
from collections.abc import Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any, cast

from toolkit.engines.docker import failing
from toolkit.engines.image_build import Failure, ImageBuild, Transcript

if TYPE_CHECKING:
    from docker import DockerClient

_STEP = re.compile(r"Step (\d+)/\d+ : (\w+)")
_PARSE = re.compile(r"dockerfile parse error line (\d+): (.*)")
# The name of the Dockerfile in the context that is sent.
_DOCKERFILE = ".comp-dockerfile"


def build(client: "DockerClient", order: ImageBuild, name: str) -> Failure | None:
    """Build an image that the daemon then has under `name`. Returns why it failed, or None."""
    from docker.errors import APIError
    from docker.utils.build import tar

    patterns = order.ignore.read_text("utf-8-sig").splitlines() if order.ignore else []
    exclude = [line.strip() for line in patterns if line.strip() and not line.startswith("#")]
    heard = _Steps()
    with failing("docker cannot build the image"):
        sent = tar(order.context, exclude, dockerfile=(_DOCKERFILE, order.dockerfile.read_text()), gzip=False)
        with cast("IO[bytes]", sent) as context:
            try:
                answers = client.api.build(
                    fileobj=context,
                    custom_context=True,
                    dockerfile=_DOCKERFILE,
                    tag=name,
                    buildargs={**order.predefined, **order.arguments},
                    target=order.target or "",
                    platform=order.platform,
                    rm=True,
                    forcerm=True,
                    decode=True,
                )
                error = heard.follow(answers)
            except APIError as refused:
                if parse := _PARSE.search(str(refused.explanation)):
                    return Failure(message=parse[2], line=order.prepared.origin(int(parse[1])))
                raise
    return heard.failure(order, error) if error is not None else None


class _Steps(Transcript):
    """What the daemon answers: the step that it is at, and the end of that step's output."""

    def __init__(self) -> None:
        super().__init__("docker")
        self._step: tuple[int, str] | None = None
        self._rest = ""

    def follow(self, answers: Iterator[Mapping[str, Any]]) -> str | None:
        """Take all answers, and return the error at their end, None if the image was built."""
        built = False
        for answer in answers:
            if "error" in answer:
                return str(answer["error"])
            built = built or "ID" in (answer.get("aux") or {})
            *lines, self._rest = (self._rest + str(answer.get("stream") or "")).split("\n")
            for line in lines:
                self.hear(line)
        return None if built else "the daemon ended without an image"

    def hear(self, line: str) -> None:
        """Take the next line."""
        super().hear(line)
        if found := _STEP.match(line):
            self._step = int(found[1]), found[2].upper()
            self.tail.clear()

    def failure(self, order: ImageBuild, error: str) -> Failure:
        """Return why the build failed."""
        output = tuple(line for line in self.tail if not line.startswith(" ---> "))
        line = order.prepared.count(self._step[0]) if self._step and self._step[1] != "FROM" else None
        return Failure(message=error, line=line, output=output)

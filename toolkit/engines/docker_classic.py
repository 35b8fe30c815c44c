"""Dockerfiles by docker's SDK, without BuildKit, where docker's program lacks it: no mounts in steps, and no ssh."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from toolkit.engines.docker import failing
from toolkit.engines.image_build import Failure, ImageBuild, Transcript
from toolkit.progress import Report, silent
from toolkit.system.following import Lines
from toolkit.system.signals import undone

if TYPE_CHECKING:
    from docker import DockerClient

_STEP = re.compile(r"Step (\d+)/(\d+) : (\w+)")
_PARSE = re.compile(r"dockerfile parse error line (\d+): (.*)")
_CONTAINER = re.compile(r" ---> Running in ([0-9a-f]+)")
# The name of the Dockerfile in the context that is sent.
_DOCKERFILE = ".comp-dockerfile"


def build(client: "DockerClient", order: ImageBuild, report: Report = silent) -> str | Failure:
    """Return the id of an image that the daemon then has without a name, or why the build failed.

    Images without names are this builder's cache: without the last one its step would be done again.
    """
    from docker.errors import APIError
    from docker.utils.build import tar

    patterns = order.ignore.read_text("utf-8-sig").splitlines() if order.ignore else []
    exclude = [line.strip() for line in patterns if line.strip() and not line.startswith("#")]
    heard = _Steps(report)
    with (
        failing("docker cannot build the image"),
        # In our folder, which goes however the process ends.
        (order.folder / "context.tar").open("w+b") as context,
        undone(partial(heard.remove_container, client)),
    ):
        tar(order.context, exclude, dockerfile=(_DOCKERFILE, order.dockerfile.read_text()), fileobj=context)
        try:
            answers = client.api.build(
                fileobj=context,
                custom_context=True,
                dockerfile=_DOCKERFILE,
                buildargs={**order.predefined, **order.arguments},
                target=order.target or "",
                platform=order.platform,
                rm=True,
                forcerm=True,
                decode=True,
            )
            heard.follow(answers)
        except APIError as refused:
            if parse := _PARSE.search(str(refused.explanation)):
                return Failure(message=parse[2], line=order.prepared.origin(int(parse[1])))
            raise
    return heard.image or heard.failure(order)


class _Steps(Transcript):
    """What the daemon answers: the step that it is at, and the end of that step's output."""

    def __init__(self, report: Report) -> None:
        super().__init__("docker", report)
        self._step: tuple[int, str] | None = None
        self._lines = Lines(self.hear)
        self._container: str | None = None
        self._error = "the daemon ended without an image"
        self.image: str | None = None

    def follow(self, answers: Iterator[Mapping[str, Any]]) -> None:
        """Take all answers, up to an error or the end."""
        for answer in answers:
            if "error" in answer:
                self._lines.end()
                self._error, self.image = str(answer["error"]), None
                return
            self.image = (answer.get("aux") or {}).get("ID") or self.image
            self._lines.take(str(answer.get("stream") or ""))
        self._lines.end()

    def hear(self, line: str) -> None:
        """Take the next line."""
        super().hear(line)
        if found := _STEP.match(line):
            self._step = int(found[1]), found[3].upper()
            self.reached(int(found[1]), int(found[2]))
            self.tail.clear()
        elif begun := _CONTAINER.match(line):
            self._container = begun[1]

    def remove_container(self, client: "DockerClient") -> None:
        """Remove the container of the last step, if it is still there: the daemon may keep that of a broken call."""
        from docker.errors import DockerException

        if self._container:
            # It is gone, or being removed; or the daemon is.
            with suppress(DockerException, OSError):
                client.api.remove_container(self._container, force=True)

    def failure(self, order: ImageBuild) -> Failure:
        """Return why the build failed."""
        output = tuple(line for line in self.tail if not line.startswith(" ---> "))
        line = order.prepared.count(self._step[0]) if self._step and self._step[1] != "FROM" else None
        return Failure(message=self._error, line=line, output=output)

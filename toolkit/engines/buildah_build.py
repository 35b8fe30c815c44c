"""Dockerfiles by buildah: `buildah build`, whose containers go even if it is killed, which buildah leaves to others."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from toolkit.dockerfile.stages import copied_from, stages_of
from toolkit.engines.buildah import Buildah
from toolkit.engines.buildah_storage import BuildahStorage
from toolkit.engines.image_build import Failure, ImageBuild, Transcript
from toolkit.errors import OutsideError
from toolkit.progress import Report, silent
from toolkit.system import temporary
from toolkit.system.following import follow
from toolkit.system.signals import undone

# A secret that no step can name by chance: its path, which buildah keeps with each container, tells ours from others.
_MARK = "comp-mark"
_SHORT = Path("/tmp")  # noqa: S108 (the folder in it is this user's alone)
# `[2/3] STEP 4/6: RUN …`; a single stage is not named.
_STEP = re.compile(r"(?:\[(\d+)/\d+\] )?STEP (\d+)/(\d+): (\w+)")
_FAILED = re.compile(r"(?:Error: |error )building at STEP (.*)", re.DOTALL)
# Its own words about a step, between those of the step.
_OWN = re.compile(r"(?:\[\d+/\d+\] )?(?:STEP \d+/\d+:|-->|COMMIT\b|subprocess exited|time=\")")


def build(buildah: Buildah, order: ImageBuild, report: Report = silent) -> str | Failure:
    """Return the id of an image that buildah then has without a name, or why the build failed.

    Images without names are its cache of layers, for the next build.
    """
    built = _build(buildah, order, report)
    if isinstance(built, str) and not _is_for(buildah, built, order.platform):
        # Above `scratch` its cache takes an image of another platform, if that has the same steps.
        return _build(buildah, order, report, "--no-cache")
    return built


def _is_for(buildah: Buildah, image: str, platform: str) -> bool:
    """Whether an image is for a platform's processor."""
    found = buildah.call("inspect", "--type", "image", "--format", "{{.OCIv1.Architecture}}", image)
    return found == platform.split("/")[1]


def _build(buildah: Buildah, order: ImageBuild, report: Report, *more: str) -> str | Failure:
    """Build once, with more options."""
    if buildah.program is None:
        raise OutsideError("buildah is not installed", hint="apt-get install buildah")
    for image in _images(order):
        buildah.pull_from_here(image, platform=order.platform)
    heard = _Steps(report)
    identity = order.folder / "id"
    # Also after a build that failed: with layers, buildah keeps the container of the step.
    storage = BuildahStorage.of(buildah.call)
    with _scratch(order) as scratch, storage.held() as held, undone(partial(storage.remove, held)):
        mark = held / _MARK
        mark.touch()
        command = [buildah.program, "build", *_options(order, mark), *more, f"--iidfile={identity}"]
        # Its own label would change the image with its version; versions before 1.24 have no option against it.
        command += [*buildah.offered("build", "--identity-label=false"), str(order.context)]
        environment = {**buildah.stepping(), **order.predefined, "TMPDIR": str(scratch)}
        try:
            code = follow(command, heard.hear, environment=environment)
        except OSError as error:
            raise OutsideError(f"cannot run {command[0]}: {error.strerror or error}") from error
        return heard.failure(order) if code else identity.read_text().strip()


def _images(order: ImageBuild) -> Iterator[str]:
    """Yield the images that a build is made from."""
    stages = stages_of(order.prepared.copy, order.arguments)
    yield from (stage.base for stage in stages if stage.parent is None)
    yield from copied_from(stages)


def _scratch(order: ImageBuild) -> AbstractContextManager[Path]:
    """Return a folder for what buildah writes outside of its storage, removed in the end.

    An agent's socket is among it, whose path has to be short (unix(7), "Address format").
    """
    return temporary.folder("ssh", beside=_SHORT) if order.ssh else temporary.folder("scratch", beside=order.folder)


def _options(order: ImageBuild, mark: Path) -> list[str]:
    """Return the options of a build."""
    options = ["--layers", "--format=oci", f"--file={order.dockerfile}"]
    options += [f"--platform={order.platform}"]
    options += [f"--ignorefile={order.ignore}"] if order.ignore else []
    options += [f"--target={order.target}"] if order.target else []
    options += [f"--timestamp={order.epoch}"] if order.epoch else []
    for argument, value in order.arguments.items():
        options += ["--build-arg", f"{argument}={value}"]
    for secret in (*order.secrets, f"id={_MARK},src={mark}"):
        options += ["--secret", secret]
    for agent in order.ssh:
        options += ["--ssh", agent]
    return options


class _Steps(Transcript):
    """What buildah prints: the step that it is at, and the end of that step's output."""

    def __init__(self, report: Report) -> None:
        super().__init__("buildah", report)
        self._step: tuple[int, int, str] | None = None
        self._words: list[str] = []

    def hear(self, line: str) -> None:
        """Take the next line."""
        super().hear(line)
        if found := _STEP.match(line):
            self._step = int(found[1] or 1), int(found[2]), found[4].upper()
            self.reached(int(found[2]), int(found[3]))
            # The end of one step's output only.
            self.tail.clear()

    def failure(self, order: ImageBuild) -> Failure:
        """Return why the build failed."""
        lines = list(self.tail)
        last = lines[-1] if lines else "it printed nothing"
        failed = _FAILED.search(last)
        output = tuple(line for line in lines[:-1] if not _OWN.match(line))
        if failed and self._step and self._step[2] != "FROM":
            stage, number, _ = self._step
            return Failure(message=failed[1], line=order.prepared.instruction(stage, number), output=output)
        return Failure(message=last.removeprefix("Error: "), output=output)

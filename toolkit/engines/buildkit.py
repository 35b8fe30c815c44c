"""Dockerfiles by BuildKit: `docker buildx build`, or `docker build` of a command line that has it inside.

The SDK has no BuildKit, so docker's own program is run; the daemon is the one of `toolkit.engines.docker`.
"""

import re
import shutil
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence

from msgspec import Struct

from toolkit.engines.image_build import TAIL, Failure, ImageBuild, Transcript
from toolkit.errors import OutsideError
from toolkit.progress import Report, silent
from toolkit.system.following import follow
from toolkit.system.processes import run

# Docker 23 took BuildKit out of its program, into the plug-in buildx.
_WITHOUT = 23
_WITH = 19
_SECONDS = 20
# Lines of `--progress=plain`: `#8 [build 2/3] RUN …`, `#8 0.274 words`, `#8 ERROR: why`.
_VERTEX = re.compile(r"#(\d+) (.*)")
_STEP = re.compile(r"\[(?:(?P<stage>[^\]]*\S)\s+)?(?P<number>\d+)/(?P<total>\d+)\] ")
_TIMED = re.compile(r"\d+\.\d+ ?(.*)")
_PARSE = re.compile(r"[Pp]arse error (?:on )?line (\d+): (.*)")
_PREFIX = re.compile(
    r"^(?:ERROR: )?(?:failed to solve(?: with frontend [\w.]+)?: )?(?:failed to create LLB definition: )?"
)


class BuildKit(Struct, frozen=True, kw_only=True):
    """A program that has BuildKit: its words before the options, and its name for people."""

    command: tuple[str, ...]
    name: str


def find_buildkit(environ: Mapping[str, str]) -> BuildKit | None:
    """Return the way to BuildKit by docker's program, None without BuildKit."""
    program = shutil.which("docker", path=environ.get("PATH"))
    if program is None:
        return None
    if _answers([program, "buildx", "version"], environ) is not None:
        return BuildKit(command=(program, "buildx", "build", "--load"), name="BuildKit, through docker buildx")
    text = _answers([program, "--version"], environ) or ""
    version = re.search(r"version (\d+)\.", text)
    if version and _WITH <= int(version[1]) < _WITHOUT:
        return BuildKit(command=(program, "build"), name=f"BuildKit, through docker {version[1]}")
    return None


def build(
    kit: BuildKit, order: ImageBuild, name: str, environ: Mapping[str, str], report: Report = silent
) -> Failure | None:
    """Build an image that the daemon then has under `name`. Returns why it failed, or None."""
    heard = _Heard(report)
    command = [*kit.command, *_options(order), "--tag", name, "--file", str(order.dockerfile), str(order.context)]
    environment = {**environ, **order.predefined, "DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"}
    if order.epoch:
        environment["SOURCE_DATE_EPOCH"] = order.epoch
    try:
        code = follow(command, heard.hear, environment=environment)
    except OSError as error:
        raise OutsideError(f"cannot run {command[0]}: {error.strerror or error}") from error
    return heard.failure(order) if code else None


def _options(order: ImageBuild) -> Sequence[str]:
    """Return the options of a build; values of predefined arguments stay in the environment."""
    options = ["--progress=plain", f"--platform={order.platform}"]
    options += [f"--target={order.target}"] if order.target else []
    for name, value in order.arguments.items():
        options += ["--build-arg", f"{name}={value}"]
    for name in order.predefined:
        options += ["--build-arg", name]
    if order.epoch:
        options += ["--build-arg", f"SOURCE_DATE_EPOCH={order.epoch}"]
    for secret in order.secrets:
        options += ["--secret", secret]
    for agent in order.ssh:
        options += ["--ssh", agent]
    return options


def _answers(command: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Return what a program prints, None if it fails."""
    try:
        done = run(command, seconds=_SECONDS, environment=environ)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.text if done.code == 0 else None


class _Heard(Transcript):
    """What BuildKit prints: the name of each part of a build, the end of its output, and the first that failed."""

    def __init__(self, report: Report) -> None:
        super().__init__("docker", report)
        # By stage, since stages are built at once, and only those that are needed.
        self._totals: dict[str, int] = {}
        self._done: set[str] = set()
        self._names: dict[str, str] = {}
        self._outputs: dict[str, deque[str]] = {}
        self._failed: tuple[str, str] | None = None

    def hear(self, line: str) -> None:
        """Take the next line."""
        super().hear(line)
        if not (found := _VERTEX.fullmatch(line)):
            return
        number, text = found[1], found[2]
        if text.startswith("ERROR: ") and not self._failed:
            self._failed = number, text.removeprefix("ERROR: ")
        elif timed := _TIMED.fullmatch(text):
            self._outputs.setdefault(number, deque(maxlen=TAIL)).append(timed[1])
        elif text.startswith("["):
            self._names.setdefault(number, text)
            if step := _STEP.match(text):
                self._totals[step["stage"] or ""] = int(step["total"])
        elif text.startswith(("DONE", "CACHED")) and _STEP.match(self._names.get(number, "")):
            self._done.add(number)
            self.reached(len(self._done), max(len(self._done), sum(self._totals.values())))

    def failure(self, order: ImageBuild) -> Failure:
        """Return why the build failed."""
        last = _PREFIX.sub("", self.tail[-1]) if self.tail else "it printed nothing"
        if parse := _PARSE.search(last):
            return Failure(message=parse[2], line=order.prepared.origin(int(parse[1])))
        if self._failed:
            number, why = self._failed
            step = _STEP.match(self._names.get(number, ""))
            # The platform stands before the stage where there are several.
            stage = (step["stage"] or "").rpartition(" ")[2] if step else ""
            # A base that cannot be had is no fault of the Dockerfile.
            is_base = not step or self._names[number][step.end() :].startswith("FROM ")
            line = None if is_base or not step else order.prepared.layer(stage, int(step["number"]))
            return Failure(message=why, line=line, output=tuple(self._outputs.get(number, ())))
        return Failure(message=last)

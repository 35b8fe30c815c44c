"""Buildah by subprocess: it builds and runs without a daemon."""

import logging
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import IO, Self

from toolkit.cache.store import Cache
from toolkit.engines import offline
from toolkit.engines.buildah_storage import BuildahStorage
from toolkit.engines.isolation import CHROOT, VARIABLE, named_isolation, working_isolation
from toolkit.errors import OutsideError
from toolkit.selective import Selective
from toolkit.system import temporary
from toolkit.system.home import tool_environment
from toolkit.system.processes import run
from toolkit.system.signals import undone

log = logging.getLogger(__name__)

_TIMEOUT = 900
# The exit code of buildah when it fails itself.
_OWN_FAILURE = 125
_CHUNK = 1 << 16
_LACKS_RIGHTS = re.compile(r"permission|permitted|namespace|subuid|subgid", re.IGNORECASE)
_RIGHTS = "it needs root, or user namespaces"
_RANGES = (
    "this user has no ranges in /etc/subuid and /etc/subgid: usermod --add-subuids 100000-165535 "
    "--add-subgids 100000-165535 USER, or be root"
)
# A line of its log: `time="…" level=warning msg="words"`.
_LOGGED = re.compile(r'^time="[^"]*" level=\w+ msg="(.*)"$')
# Bytes at the end of the output that may hold buildah's own last lines.
_TAIL = 400
_BY_SIGNAL = re.compile(r"^subprocess exited on ([a-z ]+)\n(?:subprocess exited with status 1\n)?Error: ", re.MULTILINE)
# Folders of a container that buildah itself mounts, or in which it makes files.
_ENGINES = frozenset({"dev", "etc", "proc", "run", "sys", "tmp"})
# This machine, as in the remote client, and no name that only begins like it.
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?/")


class Buildah(Selective, frozen=True, kw_only=True):
    """The buildah of this machine, run with these environment variables; `cache` remembers which isolation works."""

    HIDDEN = frozenset({"environment", "cache"})
    IGNORED = frozenset({"cache"})

    environment: Mapping[str, str]
    cache: Cache | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str], cache: Cache) -> Self:
        """Return the buildah on the user's PATH, run with the user's variables.

        Raises UsageError for an isolation that buildah does not have.
        """
        named = named_isolation(environ.get(VARIABLE))
        # Working containers that run nothing need no other one.
        environment = {**tool_environment(environ, cache.spare_home), VARIABLE: named or CHROOT}
        return cls(environment=environment, cache=None if named else cache)

    def isolation(self) -> str:
        """Return the isolation of what runs in containers: the user's, else the strongest that works here."""
        if self.cache is None or self.program is None:
            return self.environment.get(VARIABLE, CHROOT)
        # Asking for the version would take longer than all the rest.
        engine = Path(self.program).stat()
        return working_isolation(self.cache, f"{engine.st_mtime_ns} {engine.st_size}", self._can_isolate)

    def stepping(self) -> Mapping[str, str]:
        """Return the environment of `buildah build`, whose steps run in containers."""
        return {**self.environment, VARIABLE: self.isolation()}

    def _can_isolate(self, kind: str) -> bool:
        """Run a program of this machine in an empty container."""
        folders = [path for path in ("/usr", "/bin", "/lib", "/lib64") if Path(path).exists()]
        options = [f"--volume={path}:{path}:ro" for path in folders]
        try:
            with self.container("scratch") as name:
                self.call("run", f"--isolation={kind}", *options, name, "--", "/usr/bin/true")
        except OutsideError as error:
            log.debug("buildah cannot run by isolation %s: %s", kind, error.message)
            return False
        return True

    @property
    def program(self) -> str | None:
        """The path of the program, None if it is not installed."""
        return shutil.which("buildah", path=self.environment.get("PATH"))

    def version(self) -> str | None:
        """Return the version, None if buildah is not installed or does not work."""
        if self.program is None:
            return None
        try:
            # It prints `buildah version NUMBER (image-spec …)`.
            done = run([self.program, "--version"], seconds=10, environment=self.environment)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.text.split()[2] if done.code == 0 else None

    def needed_version(self) -> str:
        """Return the version. Raises OutsideError if buildah is not installed or does not work."""
        if (found := self.version()) is None:
            if self.program is None:
                raise _missing()
            raise OutsideError("buildah --version fails", hint="run it to see why")
        return found

    def offered(self, command: str, *options: str) -> list[str]:
        """Return those of the options that a command of this version has: older ones lack some."""
        if self.program is None:
            return [*options]
        known = _help(self.program, command)
        return [option for option in options if re.search(rf"{option.partition('=')[0]}\b", known)]

    def call(self, *arguments: str, folder: Path | None = None) -> str:
        """Run buildah in `folder`, and return its stdout. Raises OutsideError with the last lines of its stderr."""
        if self.program is None:
            raise _missing()
        log.debug("buildah %s", " ".join(arguments))
        try:
            done = run([self.program, *arguments], seconds=_TIMEOUT, folder=folder, environment=self.environment)
        except subprocess.TimeoutExpired as error:
            raise OutsideError(f"buildah {arguments[0]} did not finish within {_TIMEOUT} s") from error
        if done.code:
            last = _reason(done.error_text) or f"exit code {done.code}"
            raise OutsideError(f"buildah {arguments[0]} failed: {last}", hint=_advice(done.error_text))
        return done.text.strip()

    def has_image(self, name: str) -> bool:
        """Whether buildah's storage has an image of this name."""
        try:
            return bool(self.call("images", "--quiet", name))
        except OutsideError:
            # It is an error to name one that is missing.
            return False

    def pull_from_here(self, image: str, *, platform: str) -> None:
        """Pull an image that is missing, if its server is on this machine. Raises OutsideError.

        `buildah build` pulls the others itself: it has one option for all servers.
        """
        # `localhost/NAME` is how buildah itself names what it built, and no server has that.
        if (options := _transport(image)) and not image.startswith("localhost/") and not self.has_image(image):
            self.call("pull", "--quiet", *options, f"--platform={platform}", image)

    @contextmanager
    def container(self, image: str) -> Iterator[str]:
        """Return the name of a new working container from `oci:DIR` or a reference, which is removed in the end."""
        options = _transport(image)
        folder = None
        if image.startswith("oci:"):
            # Buildah makes a reference of the path, and not every path makes a valid one; a plain name does.
            path = Path(image.removeprefix("oci:"))
            folder, image = path.parent, f"oci:{path.name}"
        with BuildahStorage.of(self.call).held() as held:
            name = self.call("from", "--quiet", f"--name={held.name[1:]}", *options, image, folder=folder)
            with undone(partial(self.call, "rm", name)):
                yield name

    def user(self, name: str) -> str:
        """Return the user that a container's image names, empty if it names none."""
        return self.call("inspect", "--format", "{{.OCIv1.Config.User}}", name)

    def caller(self) -> str:
        """Return this user as containers number their users: without root, root of a container is this user."""
        return "0:0"

    def check_restricted(self) -> None:
        """Raise OutsideError where a container cannot be restricted: this takes root on Linux."""
        if not sys.platform.startswith("linux") or os.geteuid() != 0:
            raise OutsideError("buildah restricts containers only for root on Linux", hint="use --runner docker")

    def run(
        self,
        name: str,
        command: Sequence[str],
        *,
        mounts: Mapping[str, tuple[Path, str]],
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
        output: IO[bytes] | None = None,
        restricted: bool = False,
    ) -> int:
        """Run a command in a container, and return its exit code; its output goes to `output`, or our stderr.

        `mounts` maps paths in the container to a path of this machine and `ro` or `rw`. `user` is the image's own if it
        is None. `restricted` leaves it no network, no capability, no way to gain one, and only /tmp to write to; in
        /etc and /run it can write what the image lets every user write.
        """
        with temporary.folder("mounts") as folder:
            options = ["--user", user] if user else []
            options += [f"--env={variable}={value}" for variable, value in (environment or {}).items()]
            before: list[str] = []
            # The restrictions are those of this kind.
            isolation = CHROOT if restricted else self.isolation()
            if restricted:
                self.check_restricted()
                # Isolation by chroot has no networks of its own.
                before = [sys.executable, "-I", "-S", offline.__file__]
                options += ["--cap-drop", "ALL", "--mount", "type=tmpfs,destination=/tmp,tmpfs-mode=1777"]
                mounts = {**self._read_only(name), **mounts}
            for number, (inside, (path, mode)) in enumerate(mounts.items()):
                # The parts are joined by colons, which a path may hold: so a link with a plain name stands for it.
                link = folder / str(number)
                link.symlink_to(path)
                options += ["--volume", f"{link}:{inside}:{mode}"]
            with subprocess.Popen(
                [*before, "buildah", "run", "--isolation", isolation, *options, name, "--", *command],
                stdout=output or sys.stderr,
                # Passed on here, since buildah names a signal only in its last lines.
                stderr=subprocess.PIPE,
                # Nothing in a container gets what the user types for comp.
                stdin=subprocess.DEVNULL,
                env=self.environment,
            ) as process:
                tail = _forward(process.stderr, output or sys.stderr.buffer) if process.stderr else b""
        # A command that ends with this code itself counts as a failure of buildah, too.
        if process.returncode == _OWN_FAILURE:
            raise OutsideError("buildah run failed: its reason is in the output", hint=_RIGHTS)
        return _signal_code(tail) or process.returncode

    def _read_only(self, name: str) -> dict[str, tuple[Path, str]]:
        """Return mounts that lay the folders of a container over themselves, so that they cannot be written."""
        root = Path(self.call("mount", name))
        folders = (path for path in sorted(root.iterdir()) if path.is_dir() and not path.is_symlink())
        return {f"/{path.name}": (path, "ro") for path in folders if path.name not in _ENGINES}


def _transport(image: str) -> list[str]:
    """Return options for the server of an image: as with docker, one on this machine may speak plain HTTP."""
    return ["--tls-verify=false"] if _LOOPBACK.match(image) else []


@cache
def _help(program: str, command: str) -> str:
    """Return what a command of buildah prints about itself."""
    try:
        return run([program, command, "--help"], seconds=10).text
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _missing() -> OutsideError:
    """Return the error for a machine without buildah."""
    return OutsideError("buildah is not installed", hint="apt-get install buildah")


def _reason(words: str) -> str:
    """Return why buildah failed in one line: its error, or else its last lines without their times."""
    lines = [_LOGGED.sub(lambda found: found[1].replace('\\"', '"'), line) for line in words.strip().splitlines()]
    errors = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
    return errors[-1] if errors else " / ".join(lines[-5:])


def _advice(words: str) -> str | None:
    """Return what to do about a failure; None if buildah's own words have to do."""
    if "no space left" in words.lower():
        return "`buildah info` shows where its storage is, TMPDIR is for files in between"
    if "subuid" in words:
        return _RANGES
    if "unknown userid" in words:
        return "buildah needs a user that /etc/passwd names"
    if "short-name" in words:
        return "name the image with its server: docker.io/library/NAME, or HOST/NAME"
    return _RIGHTS if _LACKS_RIGHTS.search(words) else None


def _forward(stderr: IO[bytes], output: IO[bytes]) -> bytes:
    """Pass on everything that comes, and return its last bytes."""
    tail = b""
    while chunk := os.read(stderr.fileno(), _CHUNK):
        output.write(chunk)
        output.flush()
        tail = (tail + chunk)[-_TAIL:]
    return tail


def _signal_code(tail: bytes) -> int | None:
    """Return 128 and the number of the signal that ended the command, None if no signal did.

    With isolation by chroot, buildah exits with 1 then, and names the signal in a line of its own.
    """
    ended = _BY_SIGNAL.search(tail.decode(errors="replace"))
    if ended is None:
        return None
    # Buildah prints Go's names of signals, which are those of C in lower case.
    numbers = {(signal.strsignal(number) or "").lower(): int(number) for number in signal.valid_signals()}
    return 128 + numbers[ended[1]] if ended[1] in numbers else None

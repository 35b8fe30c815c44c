"""Wheels built in a container: machine code for a base comes from the base's own Python, compiler and C library."""

import logging
import os
import re
import shlex
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

from toolkit.cache.store import Cache
from toolkit.engines import docker
from toolkit.engines.buildah import Buildah
from toolkit.errors import InputError, OutsideError
from toolkit.oci.descriptor import host_platform
from toolkit.oci.image import Image
from toolkit.oci.layout import write_layout
from toolkit.python.target import Base
from toolkit.redaction import without_login
from toolkit.requirements.building.jail_builder import ASK_FLAGS, build_environment
from toolkit.requirements.uv import uv_program
from toolkit.system import temporary
from toolkit.system.home import home

log = logging.getLogger(__name__)

# A path of our own, so that no mount hides a file of the base.
_INSIDE = Path("/comp-build")
# Lines of a failed build in its error.
_LAST_LINES = 8
# The variables of uv about indexes and the network, and none about this machine's Pythons and folders.
_SETTINGS = (
    *("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX", "UV_FIND_LINKS", "UV_NO_INDEX", "UV_OFFLINE", "UV_HTTP"),
    *("UV_INSECURE_HOST", "UV_EXCLUDE_NEWER", "UV_KEYRING", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
)
# In the words of setuptools, meson, CMake, and builds that need cargo.
_NO_TOOLS = re.compile(
    r"Python\.h: No such file|(?:cc|clang|\+\+)' failed: No such file"
    r"|No such file or directory: '[^']*(?:cc|clang|\+\+)'"
    r"|Unknown compiler|No CMAKE_C(?:XX)?_COMPILER could be found|can't find Rust compiler"
)


class BaseContainer:
    """Builds each wheel in a new container of an image, by docker, or by buildah if docker is missing.

    `base` returns the image when it is needed. The network is this machine's. Indexes, their credentials, proxies and
    certificates are passed in a file that only this user can read, and do not enter an image.
    """

    def __init__(self, base: Callable[[], Base], environ: Mapping[str, str], cache: Cache) -> None:
        self._base = base
        self._environ = environ
        self._buildah = Buildah.of(environ, cache)

    @property
    def identity(self) -> str:
        """The digest of the image that builds."""
        return str(self._base().image.digest)

    def refuses(self) -> str | None:
        """Return why nothing can be built here. None if it can."""
        if docker.version(self._environ) is None and self._buildah.version() is None:
            return "neither docker nor buildah is here"
        return None

    def build(self, source: Path, out: Path, variables: Mapping[str, str]) -> None:
        """Build the wheel of `source` into `out`, with these environment variables.

        Raises InputError if it does not build, OutsideError without an engine, and if the engine fails.
        """
        base = self._base()
        if base.facts.libc != "glibc":
            raise InputError(
                f"wheels can be built in a base with glibc only, this one has {base.facts.libc}",
                hint="build the wheel there by hand, and put it into an index or a folder that UV_FIND_LINKS names",
            )
        with temporary.folder("container") as folder:
            mounts = {str(_INSIDE / "uv"): (Path(uv_program()), "ro"), str(_INSIDE / "out"): (out, "rw")}
            mounts[str(_INSIDE / source.name)] = (source, "ro")
            # Only this user can read the file. Variables of a container are shown to all who may inspect containers.
            script = folder / "build.sh"
            script.touch(mode=0o600)
            script.write_text(self._script(base, source.name, mounts, variables))
            mounts[str(_INSIDE / "build.sh")] = (script, "ro")
            exit_code = self._run(base.image, ["/bin/sh", str(_INSIDE / "build.sh")], mounts, folder)
        output = _text(out / "log")
        log.debug("built in a container: %s", output)
        # The script's own exit code is that of its last command; the build's stands in a file.
        if exit_code or _text(out / "code").strip() != "0":
            raise _failure(source.name, output)

    def _script(self, base: Base, name: str, mounts: dict[str, tuple[Path, str]], more: Mapping[str, str]) -> str:
        """Return the script that runs inside, and add the files that it needs to the mounts."""
        variables = {key: value for key, value in self._environ.items() if key.upper().startswith(_SETTINGS)}
        variables |= {**build_environment("$flags"), **more, "UV_NO_CACHE": "1"}
        # The image's home may be missing, or belong to another user.
        variables["HOME"] = "/tmp"  # noqa: S108 (inside the container)
        # uv finds these files by the home folder, and the container has another one.
        own = home(self._environ)
        files = {
            "SSL_CERT_FILE": self._environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile,
            "NETRC": self._environ.get("NETRC") or (own and own / ".netrc"),
            "UV_CONFIG_FILE": self._environ.get("UV_CONFIG_FILE") or (own and own / ".config/uv/uv.toml"),
        }
        for variable, path in files.items():
            file = Path(path or "")
            if os.access(file, os.R_OK) and file.is_file():
                inside = str(_INSIDE / variable.lower())
                mounts[inside] = (file.resolve(), "ro")
                variables[variable] = inside
        for links in self._environ.get("UV_FIND_LINKS", "").replace(",", " ").split():
            if Path(links).is_absolute() and Path(links).is_dir():
                # At the same path, as the variable is passed on unchanged.
                mounts[links] = (Path(links), "ro")
        flags = shlex.join([base.facts.python, "-c", ASK_FLAGS])
        lines = [f"flags=$({flags})", *(f"export {key}={_quoted(value)}" for key, value in sorted(variables.items()))]
        # Backends write beside the sources, which are mounted read-only.
        copy = Path("/tmp/comp-build")  # noqa: S108 (inside the container)
        command = _build_command(str(_INSIDE / "uv"), base.facts.python, copy / name, _INSIDE / "out")
        lines += [
            f"mkdir -p {copy} && cp -R {shlex.quote(str(_INSIDE / name))} {copy}/ && cd {copy}",
            f"{shlex.join(command)} > {_INSIDE}/out/log 2>&1; echo $? > {_INSIDE}/out/code",
            # Root in there may be another user here, who could not read the files.
            f"chown -R {os.getuid()}:{os.getgid()} {_INSIDE}/out",
        ]
        return "\n".join([*lines, ""])

    def _run(self, image: Image, command: list[str], mounts: Mapping[str, tuple[Path, str]], folder: Path) -> int:
        """Run a command in a new container of an image, by the engine that is here."""
        if docker.version(self._environ) is not None:
            client = docker.connect(self._environ)
            loaded = docker.load_image(client, image, names=[])
            ended = docker.run_container(
                client, loaded, entrypoint=command[:1], command=command[1:], mounts=mounts, user="0", network="host"
            )
            return ended.code
        if self._buildah.program is None:
            raise OutsideError("neither docker nor buildah is here", hint="install one of them")
        layout = folder / "base"
        write_layout(image, layout, name="base")
        with self._buildah.container(f"oci:{layout}") as name:
            return self._buildah.run(name, command, mounts=mounts, user="0")


def wheel_builder_for(
    base: Callable[[], Base], architecture: str, environ: Mapping[str, str], cache: Cache
) -> BaseContainer | None:
    """Return a builder of wheels for a base of this architecture. None if it is not this machine's."""
    return BaseContainer(base, environ, cache) if architecture == host_platform().architecture else None


def _text(path: Path) -> str:
    """Return the text of a file that the container wrote; empty if it is missing."""
    return path.read_text(errors="replace") if path.is_file() else ""


def _quoted(value: str) -> str:
    """Quote a value for the shell, except the compiler's flags, which only the shell knows."""
    return f'"{value}"' if value.startswith("$flags") else shlex.quote(value)


def _build_command(uv: str, python: str, source: Path, out: Path) -> list[str]:
    """Return the command that builds a wheel of `source` into `out` with an interpreter."""
    options = ["--wheel", "--no-create-gitignore", "--color=never", "--python", python, "--out-dir", str(out)]
    return [uv, "build", *options, str(source)]


def _last_words(text: str) -> str:
    """Return the last lines that the build itself wrote into uv's output; if it wrote none, uv's."""
    before, _, after = without_login(text).rpartition("error: Failed to build")
    lines = [line.strip() for line in before.splitlines() if line.strip() and not line.startswith("Building ")]
    causes = [line.strip() for line in after.splitlines()[1:] if line.strip() and not line.startswith("hint:")]
    return " / ".join((lines or causes)[-_LAST_LINES:])


def _failure(source: str, output: str) -> InputError:
    """Return the error of a failed build, with the lines of its output that give the reason."""
    reasons = _last_words(output) or "it printed nothing"
    if _NO_TOOLS.search(output):
        reason = reasons.rpartition(" / ")[2]
        return InputError(
            f"{source} needs a compiler and Python's headers, and the base does not have them: {reason}",
            hint='set `build-base = "IMAGE"` in [tool.comp] to an image that does, such as python:3.11 for the base '
            "python:3.11-slim",
        )
    return InputError(
        f"{source} does not build in a container of the base: {reasons}",
        hint="does the base have what it needs? `build-base` in [tool.comp] names another image for building",
    )

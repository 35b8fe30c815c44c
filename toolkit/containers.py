"""Building wheels in a container: machine code for a base comes from the base's own Python, compiler and C library."""

import logging
import os
import re
import shlex
import shutil
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from toolkit import temporary
from toolkit.engines import buildah, docker
from toolkit.errors import InputError, OutsideError
from toolkit.home import home
from toolkit.oci.descriptor import host_platform
from toolkit.oci.image import Image
from toolkit.oci.layout import write_layout
from toolkit.python.base import BaseFacts
from toolkit.python.building import build_command, what_was_said
from toolkit.python.making import ASK_FLAGS, build_environment
from toolkit.python.uv import uv_program

log = logging.getLogger(__name__)

_INSIDE = Path("/comp-build")
# What uv reads about indexes and the network, and nothing about this machine's Pythons and folders.
_SETTINGS = (
    *("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX", "UV_FIND_LINKS", "UV_NO_INDEX", "UV_OFFLINE", "UV_HTTP"),
    *("UV_INSECURE_HOST", "UV_EXCLUDE_NEWER", "UV_KEYRING", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
)
# As setuptools, meson, CMake and cargo's users say it.
_NO_TOOLS = re.compile(
    r"Python\.h: No such file|(?:cc|clang|\+\+)' failed: No such file"
    r"|No such file or directory: '[^']*(?:cc|clang|\+\+)'"
    r"|Unknown compiler|No CMAKE_C(?:XX)?_COMPILER could be found|can't find Rust compiler"
)


class Base(Protocol):
    """A base with what is known of it."""

    @property
    def image(self) -> Image: ...  # noqa: D102 (the class says it)
    @property
    def facts(self) -> BaseFacts: ...  # noqa: D102


class Container:
    """Builds wheels in containers of an image, by docker or else by buildah, which are removed each time.

    `base` gives the image when it is needed. The network is this machine's; indexes, their credentials, proxies and
    certificates are passed in a file that only this user can read, and are in no image.
    """

    def __init__(self, base: Callable[[], Base], environ: Mapping[str, str]) -> None:
        self._base = base
        self._environ = environ

    @property
    def identity(self) -> str:
        """Name the image that builds."""
        return str(self._base().image.digest)

    def refuses(self) -> str | None:
        """Say why nothing can be built here; None when it can."""
        if docker.version() is None and buildah.version() is None:
            return "neither docker nor buildah is here"
        return None

    def build(self, source: Path, out: Path, variables: Mapping[str, str]) -> None:
        """Build the wheel of `source` into `out`, with these environment variables.

        Raises InputError when it does not build, OutsideError when there is no engine or it fails.
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
            script = folder / "build.sh"
            script.touch(mode=0o600)
            script.write_text(self._script(base, source.name, mounts, variables))
            mounts[str(_INSIDE / "build.sh")] = (script, "ro")
            ended = _run(base.image, ["/bin/sh", str(_INSIDE / "build.sh")], mounts, folder)
        said = _text(out / "log")
        log.debug("built in a container: %s", said)
        if ended or _text(out / "code").strip() != "0":
            raise _failure(source.name, said)

    def _script(self, base: Base, name: str, mounts: dict[str, tuple[Path, str]], given: Mapping[str, str]) -> str:
        """Write what runs inside; adds what it needs to the mounts."""
        variables = {key: value for key, value in self._environ.items() if key.upper().startswith(_SETTINGS)}
        variables |= {**build_environment("$flags"), **given, "UV_NO_CACHE": "1"}
        variables["HOME"] = "/tmp"  # noqa: S108 (inside the container)
        own = home(self._environ)
        files = {
            "SSL_CERT_FILE": self._environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile,
            "NETRC": self._environ.get("NETRC") or (own and own / ".netrc"),
            "UV_CONFIG_FILE": self._environ.get("UV_CONFIG_FILE") or (own and own / ".config/uv/uv.toml"),
        }
        for variable, path in files.items():
            place = Path(path or "")
            if os.access(place, os.R_OK) and place.is_file():
                inside = str(_INSIDE / variable.lower())
                mounts[inside] = (place.resolve(), "ro")
                variables[variable] = inside
        for found in self._environ.get("UV_FIND_LINKS", "").replace(",", " ").split():
            if Path(found).is_absolute() and Path(found).is_dir():
                mounts[found] = (Path(found), "ro")
        flags = shlex.join([base.facts.python, "-c", ASK_FLAGS])
        lines = [f"flags=$({flags})", *(f"export {key}={_quoted(value)}" for key, value in sorted(variables.items()))]
        copy = Path("/tmp/comp-build")  # noqa: S108 (inside the container)
        command = build_command(str(_INSIDE / "uv"), base.facts.python, copy / name, _INSIDE / "out")
        lines += [
            f"mkdir -p {copy} && cp -R {shlex.quote(str(_INSIDE / name))} {copy}/ && cd {copy}",
            f"{shlex.join(command)} > {_INSIDE}/out/log 2>&1; echo $? > {_INSIDE}/out/code",
            # Whoever is root in there, the files are to be ours.
            f"chown -R {os.getuid()}:{os.getgid()} {_INSIDE}/out",
        ]
        return "\n".join([*lines, ""])


def workshop_for(base: Callable[[], Base], architecture: str, environ: Mapping[str, str]) -> Container | None:
    """Give where wheels for a base of this architecture can be built; None when it is not this machine's."""
    return Container(base, environ) if architecture == host_platform().architecture else None


def _run(image: Image, command: list[str], mounts: Mapping[str, tuple[Path, str]], folder: Path) -> int:
    """Run a command in a new container of an image, by whichever engine is here."""
    if docker.version() is not None:
        client = docker.connect()
        loaded = docker.load_image(client, image, names=[])
        return docker.run_container(
            client, loaded, entrypoint=command[:1], command=command[1:], mounts=mounts, user="0", network="host"
        )
    if shutil.which("buildah") is None:
        raise OutsideError("neither docker nor buildah is here", hint="install one of them")
    layout = folder / "base"
    write_layout(image, layout, name="base")
    with buildah.container(f"oci:{layout}") as name:
        return buildah.run(name, command, mounts=mounts, user="0")


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.is_file() else ""


def _quoted(value: str) -> str:
    """Quote a value for the shell; the compiler's flags are known only there."""
    return f'"{value}"' if value.startswith("$flags") else shlex.quote(value)


def _failure(what: str, said: str) -> InputError:
    told = what_was_said(said) or "nothing was said"
    if _NO_TOOLS.search(said):
        reason = told.rpartition(" / ")[2]
        return InputError(
            f"{what} needs a compiler and Python's headers, and the base does not have them: {reason}",
            hint='set `build-base = "IMAGE"` in [tool.comp] to an image that does, such as python:3.11 for the base '
            "python:3.11-slim",
        )
    return InputError(
        f"{what} does not build in a container of the base: {told}",
        hint="is what it needs in the base? `build-base` in [tool.comp] names another image for building",
    )

"""Checks of this machine and of a component, for `comp doctor`: all at the same time.

They install and start nothing, and write one empty file into the cache, which they remove.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from msgspec import Struct

from toolkit import __version__
from toolkit.cache.store import Cache
from toolkit.errors import CompError, InputError
from toolkit.remote.credentials import CredentialFiles
from toolkit.system import temporary
from toolkit.system.home import tool_environment
from toolkit.system.processes import run
from toolkit.words import in_bytes

State = Literal["ok", "missing", "problem"]

SECONDS = 5.0
_LOW = 2 << 30
_DOCKER_SOCKET = "/var/run/docker.sock"


class Check(Struct, frozen=True, kw_only=True):
    """The result of one check.

    `why` names what needs it, `fix` how to install or mend it, and `required` marks what no build can do without.
    """

    name: str
    state: State
    detail: str
    why: str
    fix: str = ""
    required: bool = False


class Probe(Struct, frozen=True, kw_only=True):
    """One check before it is made. `look` returns what it found, None if that is missing.

    A CompError of `look` is a problem; its hint comes before the general `fix`.
    """

    name: str
    look: Callable[[], str | None]
    why: str
    fix: str
    absent: str = "not installed"
    required: bool = False


def diagnose(folder: Path, cache: Cache, environ: Mapping[str, str], *, seconds: float = SECONDS) -> tuple[Check, ...]:
    """Check the tools, the cache and the credentials, and the remotes of the component in `folder`, if it is one.

    A check without an answer after `seconds` counts as a problem. Without a component the network is left alone.
    """
    return check_all([*_machine(cache, environ), *_component(folder, environ)], seconds)


def check_all(probes: Sequence[Probe], seconds: float) -> tuple[Check, ...]:
    """Make checks at the same time. One without an answer after `seconds` counts as a problem."""
    from multiprocessing import TimeoutError as NotYetError
    from multiprocessing.pool import ThreadPool
    from time import monotonic

    checks = []
    # Its threads are daemons: a name server that hangs does not keep the program from ending.
    with ThreadPool(len(probes)) as pool:
        waiting = [(probe, pool.apply_async(_check, (probe,))) for probe in probes]
        deadline = monotonic() + seconds
        for probe, answer in waiting:
            try:
                checks.append(answer.get(timeout=max(0.0, deadline - monotonic())))
            except NotYetError:
                checks.append(_result(probe, "problem", f"no answer within {seconds:g} s"))
    return tuple(checks)


def _check(probe: Probe) -> Check:
    """Make one check."""
    try:
        detail = probe.look()
    except CompError as error:
        place = f"{error.where}: " if error.where else ""
        return _result(probe, "problem", " ".join(f"{place}{error.message}".split()), error.hint)
    return _result(probe, "missing", probe.absent) if detail is None else _result(probe, "ok", detail)


def _result(probe: Probe, state: State, detail: str, hint: str | None = None) -> Check:
    """Return the result of a check; advice only unless it is in order."""
    return Check(
        name=probe.name,
        state=state,
        detail=detail,
        why=probe.why,
        fix="" if state == "ok" else "; or ".join(filter(None, (hint, probe.fix))),
        required=probe.required,
    )


def _machine(cache: Cache, environ: Mapping[str, str]) -> Iterator[Probe]:
    """Yield the checks that do not depend on a component."""
    yield Probe(
        name="python", look=_python, why="it runs comp, and components by --runner process", fix="", required=True
    )
    yield Probe(
        name="uv",
        look=partial(_uv, cache, environ),
        why="every resolving of requirements, and --runner process, need it",
        fix="install comp-toolkit again: uv is one of its dependencies",
        required=True,
    )
    yield Probe(
        name="cache",
        look=partial(_cache, cache),
        why="wheels, layers and images are kept in it",
        fix="name another folder with COMP_CACHE_DIR",
        required=True,
    )
    yield Probe(
        name="disk",
        look=partial(_disk, cache.root),
        why="wheels and images of a scientific stack take some hundred megabytes",
        fix="make room, or name a folder on another disk with COMP_CACHE_DIR; `comp cache prune` empties the cache",
    )
    yield Probe(
        name="temporary",
        look=_temporary,
        why="bases and wheels are unpacked there while a build runs",
        fix="mount a volume there that can be written, or name a folder with TMPDIR",
        required=True,
    )
    # Other systems have no namespaces, and no base's Python runs there.
    if sys.platform == "linux":
        yield Probe(
            name="jail",
            look=_jail,
            why="the base's own Python compiles bytecode in it, without which images start slower",
            fix="in a container, --trust-base or COMP_TRUST_BASE=true; elsewhere, apt-get install bubblewrap",
        )
    yield Probe(
        name="git",
        look=partial(_program, "git", cache, environ),
        why="requirements from git need it, and what compares with a commit",
        fix="apt-get install git",
    )
    yield from _engines(cache, environ)
    yield Probe(
        name="credentials",
        look=partial(_credentials, environ),
        why="pushing, and private images, need a login",
        fix="docker login HOST, or podman login HOST",
        absent=f"no login in {CredentialFiles.of(environ).places()}",
    )
    yield Probe(
        name="trust store",
        look=partial(_trust, environ),
        why="without certificates no remote can be trusted",
        fix="apt-get install ca-certificates, or name a PEM file with SSL_CERT_FILE",
        absent="no certificates",
    )


def _engines(cache: Cache, environ: Mapping[str, str]) -> Iterator[Probe]:
    """Yield the checks of programs that only some options need."""
    yield Probe(
        name="docker",
        look=partial(_docker, environ),
        why="its daemon serves --builder, --runner and --output docker; the built-in builder needs none",
        fix="apt-get install docker.io and start the daemon, or set DOCKER_HOST",
        absent=f"no daemon at {_DOCKER_SOCKET}",
    )
    yield Probe(
        name="buildah",
        look=partial(_program, "buildah", cache, environ),
        why="--builder and --runner buildah need it; the built-in builder does not",
        fix="apt-get install buildah",
    )
    yield Probe(
        name="skopeo",
        look=partial(_program, "skopeo", cache, environ),
        why="comp does without it; it is useful to look at images and copy them",
        fix="apt-get install skopeo",
    )


def _component(folder: Path, environ: Mapping[str, str]) -> Iterator[Probe]:
    """Yield the checks of the component in a folder, none if it is not a component."""
    from toolkit.config.project import default_base, read_project

    try:
        project = read_project(folder, environ=environ)
        base = project.base or default_base(project)
    except InputError as error:
        if _has_settings(folder):
            yield Probe(name="component", look=partial(_raise, error), why="its settings name its remotes", fix="")
        return
    if not project.is_dockerfile_alone:
        yield Probe(
            name="base",
            look=partial(_base, base, environ),
            why="the image is built on it",
            fix="export COMP_BASE=$(comp base), which makes one from Debian packages",
            absent=f"{base} is missing",
        )
    if project.image is not None:
        yield Probe(
            name="image",
            look=partial(_image, project.image, environ),
            why="`comp build --push` sends the image there",
            fix="check image in [tool.comp] and COMP_IMAGE_PREFIX",
        )


def _has_settings(folder: Path) -> bool:
    """Return whether a folder is meant as a component, even if its settings cannot be read."""
    from toolkit.config.project import is_component
    from toolkit.config.toml import TomlDocument

    path = folder / "pyproject.toml"
    try:
        if "[tool.comp" not in path.read_text(errors="replace"):
            return False
        document = TomlDocument.read(path)
        return document is None or is_component(document)
    except OSError:
        return False
    except InputError:
        return True


def _raise(error: CompError) -> None:
    """Raise an error that was caught before, so that it becomes the result of a check."""
    raise error


def _python() -> str:
    """Return the versions of Python and comp."""
    return f"{sys.version.split()[0]} ({sys.executable}), comp {__version__}"


def _uv(cache: Cache, environ: Mapping[str, str]) -> str | None:
    """Return the version of uv that comp uses; None if it is missing."""
    from toolkit.requirements.uv import uv_program

    try:
        return _version_of(uv_program(), cache, environ)
    except FileNotFoundError:
        return None


def _program(name: str, cache: Cache, environ: Mapping[str, str]) -> str | None:
    """Return the version of an optional program; None if it is not on the path."""
    path = shutil.which(name, path=environ.get("PATH"))
    return _version_of(path, cache, environ) if path else None


def _version_of(program: str, cache: Cache, environ: Mapping[str, str]) -> str:
    """Run a program for its version. Raises InputError with its last line if it fails."""
    environment = tool_environment(environ, cache.spare_home)
    try:
        done = run([program, "--version"], seconds=SECONDS, environment=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{program} does not run: {error}") from error
    version = re.search(r"\d+(?:\.\d+)+", done.text)
    if done.code or version is None:
        reason = (done.error_text.strip().splitlines() or [f"exit code {done.code}"])[-1]
        raise InputError(f"{program} does not run: {reason}")
    return version[0]


def _temporary() -> str:
    """Return the place for temporary files. Raises OutsideError if nothing can be written there."""
    with temporary.folder("doctor") as folder:
        return str(folder.parent)


def _jail() -> str:
    """Return how foreign code is shut in. Raises InputError with the reason if it cannot be."""
    from toolkit.jail.jail import NoJail, find_jail

    found = find_jail()
    if isinstance(found, NoJail):
        raise InputError(found.reason)
    return "by bubblewrap" if found.bubblewrap else "by the kernel's namespaces"


def _docker(environ: Mapping[str, str]) -> str | None:
    """Return the daemon's version and address; None without one."""
    from toolkit.engines import docker

    # Most machines have no daemon, which is not a problem; one that is configured and silent is.
    if not environ.get("DOCKER_HOST") and not Path(_DOCKER_SOCKET).exists():
        return None
    client = docker.connect(environ, timeout=SECONDS)
    return f"{client.version()['Version']} ({client.api.base_url})"


def _cache(cache: Cache) -> str:
    """Return the cache's place and size. Raises InputError if it cannot be written."""
    folder = _existing(cache.root)
    try:
        # Only a file shows it: a read-only mount has the same permission bits.
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".comp-doctor-"):
            pass
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}") from error
    if folder != cache.root:
        return f"{cache.root}, empty"
    return f"{cache.root}, {in_bytes(_size(cache.root))}"


def _size(folder: Path) -> int:
    """Return the size of all files below a folder, in bytes."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(parent, name).lstat().st_size
            except FileNotFoundError:
                # Another comp pruned it meanwhile.
                continue
    return total


def _disk(folder: Path) -> str:
    """Return the free space for the cache. Raises InputError if it is low."""
    free = shutil.disk_usage(_existing(folder)).free
    if free < _LOW:
        raise InputError(f"{in_bytes(free)} free at {folder}")
    return f"{in_bytes(free)} free at {folder}"


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


def _credentials(environ: Mapping[str, str]) -> str | None:
    """List the hosts with a login, and the helpers that know more, each with the file that names it."""
    logins = []
    for path, hosts, helpers in CredentialFiles.of(environ).logins():
        logins += [f"{', '.join(hosts)} ({path})"] if hosts else []
        for program in helpers:
            if shutil.which(program, path=environ.get("PATH")) is None:
                raise InputError(f"{path} names {program}, which is not installed", hint=f"install {program}")
            logins.append(f"{program} ({path})")
    return "; ".join(logins) or None


def _trust(environ: Mapping[str, str]) -> str | None:
    """Return how many authorities are trusted; None if there are none."""
    import ssl

    from toolkit.http.trust import trust

    count = trust(environ).cert_store_stats()["x509_ca"]
    folder = environ.get("SSL_CERT_DIR") or ssl.get_default_verify_paths().capath
    # OpenSSL loads the files of a folder only when it needs one, and finds them by names that end in .0.
    if not count and folder and next(Path(folder).glob("*.0"), None):
        return f"those in {folder} are trusted"
    return f"{count} trusted certificate{'s' * (count != 1)}" if count else None


def _base(text: str, environ: Mapping[str, str]) -> str | None:
    """Return the base and, of a remote one, its digest; None if it is missing."""
    from toolkit.oci.reference import parse_reference
    from toolkit.remote.client import Remote

    scheme, _, rest = text.partition(":")
    if scheme in {"layout", "archive"}:
        path = Path(rest) / "oci-layout" if scheme == "layout" else Path(rest)
        return text if path.is_file() else None
    described = Remote(environ=environ).head(parse_reference(text))
    return f"{text}, {described.digest}" if described else None


def _image(text: str, environ: Mapping[str, str]) -> str:
    """Return that the image's host answers and accepts the login; whether that may push shows only at a push."""
    from toolkit.oci.reference import parse_reference
    from toolkit.remote.client import Remote

    reference = parse_reference(text)
    Remote(environ=environ).ping(reference.host)
    return f"{reference.host} answers"

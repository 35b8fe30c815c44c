"""What this machine and a component have to work with: each thing looked at once, all at the same time.

It only looks: nothing is installed, started or written but one empty file in the cache, which goes again.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from toolkit import __version__
from toolkit.cache import Cache
from toolkit.errors import CompError, InputError
from toolkit.home import tool_environment
from toolkit.processes import run
from toolkit.remote.credentials import CredentialFiles
from toolkit.words import in_bytes

State = Literal["ok", "missing", "problem"]

SECONDS = 5.0
_LOW = 2 << 30
_DOCKER_SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """What was found out about one thing.

    `why` says what needs it, `fix` how to get it or mend it; `required` that without it nothing can be built.
    """

    name: str
    state: State
    detail: str
    why: str
    fix: str = ""
    required: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Probe:
    """How to look at one thing: `look` gives what is there, or None when there is nothing.

    A CompError of `look` is a problem; its hint comes before the general `fix`.
    """

    name: str
    look: Callable[[], str | None]
    why: str
    fix: str
    absent: str = "not installed"
    required: bool = False


def diagnose(folder: Path, cache: Cache, environ: Mapping[str, str], *, seconds: float = SECONDS) -> tuple[Check, ...]:
    """Look at the tools, the cache and the credentials, and at the remotes of the component in `folder`, if it is one.

    What has not answered after `seconds` counts as a problem. Without a component nothing is asked of the network.
    """
    from multiprocessing import TimeoutError as NotYetError
    from multiprocessing.pool import ThreadPool
    from time import monotonic

    probes = [*_machine(cache, environ), *_component(folder, environ)]
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


def _check(probe: _Probe) -> Check:
    try:
        found = probe.look()
    except CompError as error:
        place = f"{error.where}: " if error.where else ""
        return _result(probe, "problem", " ".join(f"{place}{error.message}".split()), error.hint)
    return _result(probe, "missing", probe.absent) if found is None else _result(probe, "ok", found)


def _result(probe: _Probe, state: State, detail: str, hint: str | None = None) -> Check:
    return Check(
        name=probe.name,
        state=state,
        detail=detail,
        why=probe.why,
        fix="" if state == "ok" else "; or ".join(filter(None, (hint, probe.fix))),
        required=probe.required,
    )


def _machine(cache: Cache, environ: Mapping[str, str]) -> Iterator[_Probe]:
    yield _Probe(
        name="python", look=_python, why="it runs comp, and components by --runner process", fix="", required=True
    )
    yield _Probe(
        name="uv",
        look=_uv,
        why="every resolving of requirements, and --runner process, need it",
        fix="install comp-toolkit again: uv is one of its dependencies",
        required=True,
    )
    yield _Probe(
        name="cache",
        look=partial(_cache, cache),
        why="wheels, layers and images are kept in it",
        fix="name another folder with COMP_CACHE_DIR",
        required=True,
    )
    yield _Probe(
        name="disk",
        look=partial(_disk, cache.root),
        why="wheels and images of a scientific stack take some hundred megabytes",
        fix="make room, or name a folder on another disk with COMP_CACHE_DIR; `comp cache prune` empties the cache",
    )
    yield from _engines(environ)
    yield _Probe(
        name="credentials",
        look=partial(_credentials, environ),
        why="pushing, and private images, need a login",
        fix="docker login HOST, or podman login HOST",
        absent=f"no login in {CredentialFiles.of(environ).places()}",
    )
    yield _Probe(
        name="trust store",
        look=partial(_trust, environ),
        why="without certificates no remote can be trusted",
        fix="apt-get install ca-certificates, or name a PEM file with SSL_CERT_FILE",
        absent="no certificates",
    )


def _engines(environ: Mapping[str, str]) -> Iterator[_Probe]:
    yield _Probe(
        name="docker",
        look=partial(_docker, environ),
        why="its daemon serves --builder, --runner and --output docker; the built-in builder needs none",
        fix="apt-get install docker.io and start the daemon, or set DOCKER_HOST",
        absent=f"no daemon at {_DOCKER_SOCKET}",
    )
    yield _Probe(
        name="buildah",
        look=partial(_program, "buildah", environ),
        why="--builder and --runner buildah need it; the built-in builder does not",
        fix="apt-get install buildah",
    )
    yield _Probe(
        name="mmdebstrap",
        look=partial(_program, "mmdebstrap", environ),
        why="`comp base` makes a base image with it where none can be pulled",
        fix="apt-get install mmdebstrap",
    )
    yield _Probe(
        name="skopeo",
        look=partial(_program, "skopeo", environ),
        why="comp does without it; it is good for looking at images and copying them",
        fix="apt-get install skopeo",
    )


def _component(folder: Path, environ: Mapping[str, str]) -> Iterator[_Probe]:
    from toolkit.config import default_base, read_project

    try:
        project = read_project(folder, environ=environ)
        base = project.base or default_base(project)
    except InputError as error:
        if _has_settings(folder):
            yield _Probe(name="component", look=partial(_raise, error), why="its settings name its remotes", fix="")
        return
    yield _Probe(
        name="base",
        look=partial(_base, base, environ),
        why="the image is built on it",
        fix="export COMP_BASE=$(comp base), which makes one from Debian packages",
        absent=f"{base} is not there",
    )
    if project.image is not None:
        yield _Probe(
            name="image",
            look=partial(_image, project.image, environ),
            why="`comp build --push` sends the image there",
            fix="check image in [tool.comp] and COMP_IMAGE_PREFIX",
        )


def _has_settings(folder: Path) -> bool:
    try:
        return "[tool.comp" in (folder / "pyproject.toml").read_text(errors="replace")
    except OSError:
        return False


def _raise(error: CompError) -> None:
    raise error


def _python() -> str:
    return f"{sys.version.split()[0]} ({sys.executable}), comp {__version__}"


def _uv() -> str | None:
    from toolkit.python.uv import uv_program

    try:
        return _version_of(uv_program())
    except FileNotFoundError:
        return None


def _program(name: str, environ: Mapping[str, str]) -> str | None:
    found = shutil.which(name, path=environ.get("PATH"))
    return _version_of(found) if found else None


def _version_of(program: str) -> str:
    environment = tool_environment(os.environ, Cache.default().spare_home)
    try:
        done = run([program, "--version"], seconds=SECONDS, environment=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{program} does not run: {error}") from error
    version = re.search(r"\d+(?:\.\d+)+", done.text)
    if done.code or version is None:
        said = (done.error_text.strip().splitlines() or [f"exit code {done.code}"])[-1]
        raise InputError(f"{program} does not run: {said}")
    return version[0]


def _docker(environ: Mapping[str, str]) -> str | None:
    from toolkit.engines import docker

    if not environ.get("DOCKER_HOST") and not Path(_DOCKER_SOCKET).exists():
        return None
    client = docker.connect(timeout=SECONDS)
    return f"{client.version()['Version']} ({client.api.base_url})"


def _cache(cache: Cache) -> str:
    place = _existing(cache.root)
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".comp-doctor-"):
            pass
    except OSError as error:
        raise InputError(f"{place} cannot be written: {error.strerror}") from error
    if place != cache.root:
        return f"{cache.root}, empty"
    return f"{cache.root}, {in_bytes(_size(cache.root))}"


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(place, name).lstat().st_size
            except FileNotFoundError:
                # Another comp pruned it meanwhile.
                continue
    return total


def _disk(folder: Path) -> str:
    free = shutil.disk_usage(_existing(folder)).free
    if free < _LOW:
        raise InputError(f"{in_bytes(free)} free at {folder}")
    return f"{in_bytes(free)} free at {folder}"


def _existing(folder: Path) -> Path:
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())


def _credentials(environ: Mapping[str, str]) -> str | None:
    found = []
    for path, hosts, helpers in CredentialFiles.of(environ).logins():
        found += [f"{', '.join(hosts)} ({path})"] if hosts else []
        for program in helpers:
            if shutil.which(program, path=environ.get("PATH")) is None:
                raise InputError(f"{path} names {program}, which is not installed", hint=f"install {program}")
            found.append(f"{program} ({path})")
    return "; ".join(found) or None


def _trust(environ: Mapping[str, str]) -> str | None:
    import ssl

    from toolkit.http.trust import trust

    count = trust(environ).cert_store_stats()["x509_ca"]
    folder = environ.get("SSL_CERT_DIR") or ssl.get_default_verify_paths().capath
    if not count and folder and next(Path(folder).glob("*.0"), None):
        return f"those in {folder} are trusted"
    return f"{count} trusted" if count else None


def _base(text: str, environ: Mapping[str, str]) -> str | None:
    from toolkit.oci.reference import parse_reference
    from toolkit.remote.client import Remote

    scheme, _, rest = text.partition(":")
    if scheme in {"layout", "archive"}:
        path = Path(rest) / "oci-layout" if scheme == "layout" else Path(rest)
        return text if path.is_file() else None
    found = Remote(environ=environ).head(parse_reference(text))
    return f"{text}, {found.digest}" if found else None


def _image(text: str, environ: Mapping[str, str]) -> str:
    from toolkit.oci.reference import parse_reference
    from toolkit.remote.client import Remote

    reference = parse_reference(text)
    Remote(environ=environ).ping(reference.host)
    return f"{reference.host} answers"

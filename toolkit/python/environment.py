"""Environments of this machine, made by uv and kept in the cache: where code runs that is not in an image."""

import hashlib
import json
import logging
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from toolkit import temporary
from toolkit.atomic import made_parents
from toolkit.cache import Cache
from toolkit.errors import OutsideError
from toolkit.machine import ended
from toolkit.python.indexes import ANY, Indexes
from toolkit.python.uv import run_uv
from toolkit.python.uv_settings import settings_digest
from toolkit.redaction import without_login

log = logging.getLogger(__name__)

_WHEELS = "nothing is built to run code here, only wheels are installed: name a version or distribution that has one"
_CONTAINER = "a component runs without one in a container: --runner docker"
_INSTALLING = 900


def environment(
    cache: Cache,
    *,
    python: str,
    requirements: Sequence[str],
    options: Sequence[str] = (),
    indexes: Indexes = ANY,
    wheels: Mapping[str, Path] = MappingProxyType({}),
) -> Path:
    """Give the interpreter of an environment with these requirements, made the first time it is asked for.

    `python` is a version such as 3.11, `options` go to `uv pip install`; `wheels` are files by the names of wheels,
    found besides those of an index. Nothing is built, and what other indexes gave is not used. Raises OutsideError.
    """
    host = [platform.machine(), sys.platform, python, settings_digest(indexes, os.environ)]
    key = hashlib.sha256(json.dumps([list(requirements), list(options), host]).encode()).hexdigest()[:32]
    folder = cache.root / "environments" / key
    interpreter = folder / "bin" / "python"
    if cache.use(folder) and interpreter.exists():
        return interpreter
    log.info("making an environment for %d packages", len(requirements))
    with made_parents(folder), temporary.folder("new", beside=folder.parent) as staged:
        _uv(["venv", "--quiet", "--relocatable", "--python", python, str(staged)])
        if requirements:
            with temporary.folder("install") as beside:
                # In the file, since on the command line it would take the place of UV_FIND_LINKS.
                found = [f"--find-links {beside}"] if wheels else []
                for name, path in wheels.items():
                    Path(beside, name).symlink_to(path.absolute())
                listed = Path(beside, "requirements.txt")
                listed.write_text("\n".join([*found, *indexes.options, *requirements]))
                install = ["pip", "install", "--quiet", "--python", str(staged / "bin" / "python")]
                install += ["--only-binary=:all:", *options, *_pinned(indexes)]
                _uv([*install, "-r", str(listed)], indexes.folder)
        try:
            if folder.is_dir() and not interpreter.exists():
                shutil.rmtree(folder)  # The interpreter that it was made of is gone.
            staged.rename(folder)
        except OSError:
            # Another process made the same environment meanwhile.
            if not interpreter.exists():
                raise
    return interpreter


def _pinned(indexes: Indexes) -> Iterator[str]:
    """Name the indexes of single packages as well. Versions are exact, so what else lies there does not matter."""
    tables = {pin.table["name"]: pin.table["url"] for pins in indexes.pinned.values() for pin in pins}
    if tables:
        # On the command line they take the place of UV_INDEX.
        known = os.environ.get("UV_INDEX", "").split()
        for index in (*known, *(f"{name}={url}" for name, url in tables.items())):
            yield f"--index={index}"
        yield "--index-strategy=unsafe-best-match"


def _uv(words: list[str], folder: Path | None = None) -> None:
    try:
        done = run_uv(words, seconds=_INSTALLING, folder=folder, environ=os.environ)
    except subprocess.TimeoutExpired as error:
        raise OutsideError(f"uv did not finish within {_INSTALLING} s", hint="is the package index slow?") from error
    if failure := ended("uv", done.code, without_login(done.error_text)):
        raise failure
    if done.code:
        said = " ".join(without_login(done.error_text).split())[-600:]
        wheelless = "no usable wheels" in said
        raise OutsideError(f"uv could not make the environment: {said}", hint=_WHEELS if wheelless else _CONTAINER)

"""Environments of this machine, made by uv and kept in the cache, for code that does not run in an image."""

import logging
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from toolkit.cache.store import Cache
from toolkit.digest import Digest, canonical_json
from toolkit.errors import OutsideError
from toolkit.redaction import without_login
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.uv import run_uv
from toolkit.requirements.uv_settings import settings_digest
from toolkit.system import temporary
from toolkit.system.atomic import made_parents
from toolkit.system.os_errors import machine_failure

log = logging.getLogger(__name__)

_WHEELS = "only wheels are installed to run code here, nothing is built: name a version or distribution that has one"
_CONTAINER = "a component runs without one in a container: --runner docker"
_INSTALLING = 900


def environment_python(
    cache: Cache,
    *,
    python: str,
    requirements: Sequence[str],
    options: Sequence[str] = (),
    indexes: Indexes,
    wheels: Mapping[str, Path] = MappingProxyType({}),
) -> Path:
    """Return the interpreter of an environment with these requirements, which is made at its first use.

    `python` is a version such as 3.11, `options` are for `uv pip install`, and `wheels` are local files by the names of
    wheels, beside those of the indexes. Nothing is built. Raises OutsideError.
    """
    host = [platform.machine(), sys.platform, python, settings_digest(indexes).hex]
    key = Digest.of(canonical_json([list(requirements), list(options), host], ascii_only=True)).hex[:32]
    folder = cache.root / "environments" / key
    interpreter = folder / "bin" / "python"
    # The interpreter is a link, and the Python that it leads to may have been removed.
    if cache.use(folder) and interpreter.exists():
        return interpreter
    count = len(requirements)
    log.info("making an environment%s", f" for {count} package{'' if count == 1 else 's'}" if count else "")
    with made_parents(folder), temporary.folder("new", beside=folder.parent) as staged:
        # Relocatable, as it is made under another name and renamed when it is whole.
        _uv(["venv", "--quiet", "--relocatable", "--python", python, str(staged)], cache, indexes.environ)
        if requirements:
            with temporary.folder("install") as beside:
                # In the file, since on the command line it would take the place of UV_FIND_LINKS.
                links = [f"--find-links {beside}"] if wheels else []
                for name, path in wheels.items():
                    # uv reads name, version and tags from the file's name, which a blob in the cache does not have.
                    Path(beside, name).symlink_to(path.absolute())
                listed = Path(beside, "requirements.txt")
                listed.write_text("\n".join([*links, *indexes.options, *requirements]))
                install = ["pip", "install", "--quiet", "--python", str(staged / "bin" / "python")]
                install += ["--only-binary=:all:", *options, *_pinned(indexes)]
                _uv([*install, "-r", str(listed)], cache, indexes.environ, indexes.folder)
        try:
            if folder.is_dir() and not interpreter.exists():
                shutil.rmtree(folder)  # The interpreter that it links to is gone.
            staged.rename(folder)
        except OSError:
            # If another process made the same environment meanwhile, use it.
            if not interpreter.exists():
                raise
    return interpreter


def _pinned(indexes: Indexes) -> Iterator[str]:
    """Return options for the indexes of single packages. Versions are exact, so any of the indexes may have them."""
    tables = {pin.table["name"]: pin.table["url"] for pins in indexes.pinned.values() for pin in pins}
    if tables:
        # On the command line they take the place of UV_INDEX.
        others = indexes.environ.get("UV_INDEX", "").split()
        for index in (*others, *(f"{name}={url}" for name, url in tables.items())):
            yield f"--index={index}"
        yield "--index-strategy=unsafe-best-match"


def _uv(words: list[str], cache: Cache, environ: Mapping[str, str], folder: Path | None = None) -> None:
    """Run uv. Raise OutsideError if it fails."""
    try:
        done = run_uv(words, cache, environ, seconds=_INSTALLING, folder=folder)
    except subprocess.TimeoutExpired as error:
        raise OutsideError(f"uv did not finish within {_INSTALLING} s", hint="is the package index slow?") from error
    if failure := machine_failure("uv", done.code, without_login(done.error_text)):
        raise failure
    if done.code:
        message = " ".join(without_login(done.error_text).split())[-600:]
        wheelless = "no usable wheels" in message
        raise OutsideError(f"uv could not make the environment: {message}", hint=_WHEELS if wheelless else _CONTAINER)

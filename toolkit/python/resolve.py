"""Resolve requirements for a target with uv, to the very wheels that will go into the image."""

import logging
import re
import subprocess
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from toolkit.errors import CompError, InputError, Location, OutsideError
from toolkit.python.target import Target

log = logging.getLogger(__name__)

_TIMEOUT = 300
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+@")
_UNREACHABLE = re.compile(
    r"Failed to fetch|error sending request|Request failed|timed out|Network|dns error|certificate"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """One wheel, chosen: its distribution, version, file name, hex sha256, and size in bytes when it is known.

    `url` is where the index said it is: never written to a lock, and no part of what the pin is.
    """

    name: str
    version: str
    filename: str
    sha256: str
    size: int | None = field(default=None, compare=False)
    url: str | None = field(default=None, compare=False, repr=False)


def resolve(
    requirements: Sequence[str],
    target: Target,
    *,
    where: Path | None = None,
    constraints: Sequence[str] = (),
    closed: bool = False,
) -> tuple[Pin, ...]:
    """Choose one wheel for every requirement and what they need, in order of name.

    uv reads its own settings: indexes, credentials, find-links. `constraints` are requirements that only
    narrow; with `closed` nothing beyond `requirements` is taken in. `where` is the file that errors name.
    Raises InputError when there is no solution in wheels, OutsideError when the index cannot be reached.
    """
    if not requirements:
        return ()
    _check(requirements, where)
    import uv

    with tempfile.TemporaryDirectory(prefix="comp-resolve-") as folder:
        wanted, narrowing = Path(folder) / "requirements.in", Path(folder) / "constraints.txt"
        wanted.write_text("\n".join(requirements) + "\n")
        narrowing.write_text("\n".join(constraints) + "\n")
        command = [uv.find_uv_bin(), "pip", "compile", "--quiet", "--no-header", "--format=pylock.toml"]
        command += ["--python-platform", target.uv_platform, "--python-version", target.version]
        command += ["--only-binary=:all:", "--color=never"]
        command += ["--constraints", str(narrowing), *(["--no-deps"] if closed else []), str(wanted)]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT,
                check=False,
                cwd=where.parent if where else None,
            )
        except subprocess.TimeoutExpired as error:
            raise OutsideError(f"uv did not finish within {_TIMEOUT} s", hint="is the package index slow?") from error
    if done.returncode:
        raise _failure(done.stderr, target, where)
    packages = tomllib.loads(done.stdout).get("packages", [])
    return tuple(sorted((_choose(package, target, where) for package in packages), key=lambda pin: pin.name))


def _check(requirements: Sequence[str], where: Path | None) -> None:
    for text in requirements:
        try:
            Requirement(text)
        except InvalidRequirement as error:
            raise InputError(
                f"not a requirement: {without_credentials(text)!r}: {str(error).splitlines()[0]}",
                where=Location(path=where) if where else None,
                hint="write it as name==1.2.3 or name>=1,<2",
            ) from None


def _choose(package: Mapping[str, Any], target: Target, where: Path | None) -> Pin:
    """Take the wheel that fits best; among equals, the last by name, which has the highest build number."""
    ranked = []
    for wheel in package.get("wheels", []):
        filename = wheel.get("name") or Path(unquote(urlsplit(wheel.get("url") or wheel.get("path", "")).path)).name
        rank = target.rank(filename)
        if rank is not None and "sha256" in wheel.get("hashes", {}):
            ranked.append((-rank, filename, wheel))
    name, version = canonicalize_name(package["name"]), str(package.get("version", ""))
    if not ranked:
        raise _no_wheel(f"{name} {version}", target, where)
    _, filename, wheel = max(ranked, key=lambda item: item[:2])
    return Pin(
        name=name,
        version=version,
        filename=filename,
        sha256=wheel["hashes"]["sha256"],
        size=wheel.get("size"),
        url=wheel.get("url") or Path(wheel["path"]).absolute().as_uri(),
    )


def _no_wheel(what: str, target: Target, where: Path | None, detail: str = "") -> InputError:
    wanted = f"{target.platform}, Python {target.minor}, {target.libc} {target.libc_version}"
    return InputError(
        f"{what} has no wheel for {wanted}{detail}",
        where=Location(path=where) if where else None,
        hint="choose another version of it, or a base with another Python or a newer C library",
    )


def _failure(text: str, target: Target, where: Path | None) -> CompError:
    """Turn uv's words into one error: its causes on one line, secrets out."""
    lines = [line.strip() for line in without_credentials(text).splitlines() if line.strip()]
    causes = [line.removeprefix("cause:").strip() for line in lines if line.startswith("cause:")]
    said = " ".join(causes) or " ".join(lines[-5:]).removeprefix("error: ") or "uv failed and said nothing"
    if _UNREACHABLE.search(text) and "No solution found" not in text:
        return OutsideError(f"the package index cannot be reached: {said}", hint="check the network, or UV_INDEX_URL")
    wheelless = re.search(r"(\S+?)==(\S+) has no (?:usable )?wheels", said)
    if wheelless:
        return _no_wheel(f"{wheelless[1]} {wheelless[2]}", target, where, f": {said}")
    return InputError(
        f"the requirements cannot be resolved for {target.platform}, Python {target.version}: {said}",
        where=Location(path=where) if where else None,
        hint="change `dependencies` in [project]",
    )


def without_credentials(text: str) -> str:
    """Take `user:password@` out of every address in `text`."""
    return _USER_INFO.sub("", text)

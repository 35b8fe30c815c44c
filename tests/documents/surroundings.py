"""What pages need around their commands: a shell without this user's settings, servers, a Python with kfp."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from msgspec import Struct

from tests.commands import COMP
from tests.conftest import ROOT
from tests.documents.block import Page
from tests.documents.shell import Shell
from tests.repositories import ENVIRON

# The distribution server of the pages.
HOST = "127.0.0.1:5000"


class Surroundings(Struct, frozen=True):
    """A shell, and names of this machine with those that the pages have in their place."""

    shell: Shell
    replaced: Mapping[str, str]


def surroundings_of(page: Page, folder: Path, request: pytest.FixtureRequest) -> Surroundings:
    """Make what a page needs: fixtures of the tests do it. Its commands run in a folder below `folder`.

    Files that a page takes for granted are copied from tests/examples/pages.
    """
    home = folder / "home" / "ann"
    work = home / "work"
    files = ROOT / "tests" / "examples" / "pages" / page.path.relative_to(ROOT)
    if files.is_dir():
        shutil.copytree(files, work)
    work.mkdir(parents=True, exist_ok=True)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_", "COMP_"))}
    kept = ("COMP_CACHE_DIR", "COMP_BASE", "COMP_STATE_DIR")
    environ |= {name: os.environ[name] for name in kept if name in os.environ}
    # Git's settings are those of the tests; programs of the checkout's environment come first.
    environ |= ENVIRON | {"HOME": str(home), "LC_ALL": "C.UTF-8", "SAMPLES": str(ROOT / "sample_components")}
    environ["PATH"] = f"{COMP.parent}:{os.environ['PATH']}:/usr/sbin"
    replaced = {str(home): "/home/ann"}
    for need in sorted(page.needs):
        more, names = _NEEDS[need](request)
        environ |= more
        replaced |= names
    return Surroundings(Shell(work, folder / "state", environ), replaced)


def _remote(request: pytest.FixtureRequest) -> tuple[dict[str, str], dict[str, str]]:
    """Start a distribution server."""
    return {}, {request.getfixturevalue("remote").host: HOST}


def _docker(request: pytest.FixtureRequest) -> tuple[dict[str, str], dict[str, str]]:
    """Start a docker daemon."""
    return {"DOCKER_HOST": request.getfixturevalue("docker_host")}, {}


def _kfp(request: pytest.FixtureRequest) -> tuple[dict[str, str], dict[str, str]]:
    """Name a Python with kfp 2, which compiles pipelines."""
    return {"COMP_KFP_PYTHON": str(request.getfixturevalue("kfp2"))}, {}


_NEEDS: Mapping[str, Callable[[pytest.FixtureRequest], tuple[dict[str, str], dict[str, str]]]] = {
    "remote": _remote,
    "docker": _docker,
    "kfp": _kfp,
}

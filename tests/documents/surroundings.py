"""What pages need around their commands: a shell without this user's settings, servers, a Python with kfp."""

import os
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec import Struct

from tests.certificates import make_certificates
from tests.commands import COMP
from tests.conftest import ROOT
from tests.daemons import require
from tests.documents.block import Page
from tests.documents.shell import Shell
from tests.package_index import PackageIndex, serving_index, small_wheel
from tests.registries import serving_registry
from tests.repositories import ENVIRON

# Variables for the shell, and names of this machine with those of the pages.
Names = tuple[dict[str, str], dict[str, str]]
T = TypeVar("T")
# Settings of tools, of a CI platform and of a terminal: readers have none of them.
_OF_THIS_PROCESS = re.compile(r"(UV|PIP|COMP|GITHUB|CI)_|(CI|FORCE_COLOR|COLUMNS|DOCKER_HOST)$")
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
    environ = {name: value for name, value in os.environ.items() if not _OF_THIS_PROCESS.match(name)}
    # Where this machine finds PyPI, unless the page brings an index of its own.
    indexes = () if "index" in page.needs else ("UV_DEFAULT_INDEX", "UV_INDEX_URL")
    kept = ("COMP_CACHE_DIR", "COMP_BASE", "COMP_STATE_DIR", *indexes)
    environ |= {name: os.environ[name] for name in kept if name in os.environ}
    # Git's settings are those of the tests; programs of the checkout's environment come first.
    environ |= ENVIRON | {"HOME": str(home), "LC_ALL": "C.UTF-8", "SAMPLES": str(ROOT / "sample_components")}
    environ["PATH"] = f"{COMP.parent}:{os.environ['PATH']}:/usr/sbin"
    replaced = {str(home): "/home/ann"}
    for need in sorted(page.needs):
        more, names = _NEEDS[need](request, home)
        environ |= more
        replaced |= names
    return Surroundings(Shell(work, folder / "state", environ), replaced)


def _remote(request: pytest.FixtureRequest, home: Path) -> Names:
    """Start a distribution server."""
    del home
    host = request.getfixturevalue("remote").host
    # A mirror makes a part of a path of it.
    return {}, {host: HOST, host.replace(":", "-"): HOST.replace(":", "-")}


def _docker(request: pytest.FixtureRequest, home: Path) -> Names:
    """Start a docker daemon."""
    del home
    return {"DOCKER_HOST": request.getfixturevalue("docker_host")}, {}


def _buildah(request: pytest.FixtureRequest, home: Path) -> Names:
    """Need buildah, which builds Dockerfiles where no docker daemon is."""
    del request, home
    require("buildah")
    return {}, {}


def _kfp(request: pytest.FixtureRequest, home: Path) -> Names:
    """Name a Python with kfp 2, which compiles pipelines."""
    del home
    return {"COMP_KFP_PYTHON": str(request.getfixturevalue("kfp2"))}, {}


def _index(request: pytest.FixtureRequest, home: Path) -> Names:
    """Start an index of packages with a login, and one package."""
    wheel = small_wheel("acme_features", "1.4.0", content="def clean(text):\n    return text.strip().lower()\n")
    index = PackageIndex({"acme_features-1.4.0-py3-none-any.whl": wheel}, user="ann:s3cret-word")
    _entered(request, serving_index(index))
    environ = {"UV_CACHE_DIR": str(home.parent / "uv"), "NO_PROXY": "127.0.0.1"}
    return environ, {index.url.replace("ann:s3cret-word@", ""): "https://packages.example.com/simple"}


def _company(request: pytest.FixtureRequest, home: Path) -> Names:
    """Start a distribution server whose certificate a company's own authority signed; that is in the page's folder."""
    certificates = make_certificates(home.parent)
    shutil.copy(certificates.authority, home / "work" / "company-ca.pem")
    host = _entered(request, serving_registry(home.parent / "remote", tls=certificates))
    return {"NO_PROXY": "127.0.0.1"}, {host: "registry.example.com"}


def _entered(request: pytest.FixtureRequest, context: AbstractContextManager[T]) -> T:
    """Enter a context until the test ends."""
    stack = ExitStack()
    request.addfinalizer(stack.close)
    return stack.enter_context(context)


_NEEDS: Mapping[str, Callable[[pytest.FixtureRequest, Path], Names]] = {
    "buildah": _buildah,
    "company": _company,
    "docker": _docker,
    "index": _index,
    "kfp": _kfp,
    "remote": _remote,
}

"""Fixtures that several kinds of tests share: servers of the session, a base, a cache, the samples."""

import logging
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.bases import make_debian_base
from tests.daemons import require
from tests.kfp_environments import kfp_environment
from tests.servers import Server, distribution_server, docker_daemon
from toolkit.redaction import Secrets
from toolkit.system.held import held

ROOT = Path(__file__).resolve().parent.parent

# Machines are shared, so how long an example takes says nothing; CI tries the same examples every time.
settings.register_profile(
    "tests",
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tests")


# A shell starts what runs in the background with SIGINT ignored, and every child would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what the test before learned: one test's password may be a word of the next."""
    monkeypatch.setattr("toolkit.redaction._LEARNT", Secrets())


@pytest.fixture(autouse=True)
def _no_logging() -> Iterator[None]:
    """Take away what a command that a test ran in this process has set up, as if it had a program of its own."""
    log = logging.getLogger("toolkit")
    handlers, level = log.handlers, log.level
    yield
    log.handlers = handlers
    log.setLevel(level)


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep what comp remembers about a user apart from this user's."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMP_STATE_DIR", str(folder))
        yield folder


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests that need real wheels, kept between runs where COMP_TEST_CACHE names a folder."""
    kept = os.environ.get("COMP_TEST_CACHE")
    return Path(kept) if kept else tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def debian_base(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Path:
    """The layout of a Debian base with Python 3.11, kept between runs where COMP_TEST_BASE names a folder."""
    kept = os.environ.get("COMP_TEST_BASE")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("base") / "layout"
    folder.parent.mkdir(parents=True, exist_ok=True)
    # scripts/test runs two sessions at once.
    with held(folder.parent):
        if not (folder / "oci-layout").is_file():
            make_debian_base(folder, cache=cache_folder)
    return folder


@pytest.fixture(scope="session")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real distribution server on loopback."""
    require("docker-registry")
    with distribution_server(tmp_path_factory.mktemp("remote")) as server:
        yield server


@pytest.fixture(scope="session")
def docker_host() -> Iterator[str]:
    """A real docker daemon of the session's own; DOCKER_HOST names it for everything that runs meanwhile."""
    with docker_daemon() as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", address)
        yield address


@pytest.fixture(scope="session")
def kfp1() -> Path:
    """The interpreter of an environment with KFP 1.8."""
    return kfp_environment("1")


@pytest.fixture(scope="session")
def kfp2() -> Path:
    """The interpreter of an environment with KFP 2."""
    return kfp_environment("2")


@pytest.fixture(scope="session")
def comp_with_kfp() -> Path:
    """The interpreter of an environment in which comp can import KFP 2: comp itself comes from PYTHONPATH."""
    return kfp_environment("comp")


@pytest.fixture
def sample(tmp_path: Path, cache_folder: Path, debian_base: Path, monkeypatch: pytest.MonkeyPatch) -> "Sample":
    """Copies of the samples, with the base and the cache of the session in the environment."""
    monkeypatch.setenv("COMP_CACHE_DIR", str(cache_folder))
    monkeypatch.setenv("COMP_BASE", f"layout:{debian_base}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home-cache"))
    return Sample(tmp_path)


class Sample:
    """Makes copies of samples that a test may change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, name: str, *, into: str = "samples") -> Path:
        """Copy one sample and give its folder."""
        target = self.folder / into / name
        shutil.copytree(ROOT / "sample_components" / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        return target

"""`comp run --watch` on real engines: a change stops the container, and leaves none."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import run_program
from tests.conftest import Sample
from tests.daemons import require
from tests.watching import CODE, Session, greeting, save

WAITS = "    import time\n    print('waits', flush=True)\n    time.sleep(600)\n    return f"


def _of_docker() -> str:
    return run_program("docker", "ps", "--all", "--quiet")


def _of_buildah() -> str:
    return run_program("buildah", "containers", "--quiet")


@pytest.mark.usefixtures("docker_host")
@pytest.mark.parametrize(("runner", "containers"), [("docker", _of_docker), ("buildah", _of_buildah)])
def test_a_change_stops_the_container_and_leaves_none(
    sample: Sample, tmp_path: Path, runner: str, containers: Callable[[], str]
) -> None:
    assert sample
    require(runner)
    folder, before = greeting(tmp_path), containers()
    code = folder / "src" / "greet.py"
    code.write_text(CODE.replace("    return f", WAITS))
    session = Session("run", "--runner", runner, "-i", "name=you", folder=folder)
    try:
        session.until("^waits$")
        save(code, CODE)
        session.until("^stopping the run$")
        session.until("^Output=hello you$")
        assert containers() == before
        save(code, CODE.replace("    return f", WAITS))
        session.until("^waits$")
        assert containers() != before
        assert session.end(signal.SIGTERM) == 143
        assert containers() == before
    finally:
        session.close()

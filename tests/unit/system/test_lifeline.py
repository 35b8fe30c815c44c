"""A program on a lifeline ends with its parent, however that ends."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from toolkit.system import lifeline

_PARENT = """
import os, sys
from toolkit.system.following import follow
follow([sys.executable, "-c", *sys.argv[1:]], print, environment=os.environ)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone ends processes with their parent")
def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    child = "import sys, time; pipe = open(sys.argv[1], 'w'); print('begun', file=pipe, flush=True); time.sleep(600)"
    command = [sys.executable, "-c", _PARENT, child, str(tmp_path / "pipe")]
    with subprocess.Popen(command) as parent, (tmp_path / "pipe").open() as pipe:
        assert pipe.readline() == "begun\n"
        parent.kill()
        # It ends when the process that writes to it does.
        assert pipe.read() == ""


def test_it_does_not_begin_without_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(os, "execv", lambda program, _: begun.append(program))
    monkeypatch.setattr(ctypes, "CDLL", lambda _: _Library())
    lifeline.main(os.getppid(), ["/bin/true"])
    lifeline.main(0, ["/bin/false"])
    assert begun == ["/bin/true"]


class _Library:
    """A C library whose prctl(2) leaves the tests' own process alone."""

    def prctl(self, option: int, number: int) -> int:
        assert (option, number) == (lifeline.PARENT_DEATH, 15)
        return 0

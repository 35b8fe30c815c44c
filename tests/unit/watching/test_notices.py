"""Notices of the real system. Bounds are those that only a hang exceeds."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from toolkit.watching.notices import Notices

HANGS = 30.0


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def notices(warnings: list[str]) -> Notices:
    return Notices(warnings.append)


def test_a_saved_file_is_noticed(notices: Notices, tmp_path: Path, warnings: list[str]) -> None:
    assert notices.follow([tmp_path])
    (tmp_path / "a.py").write_text("x")
    assert notices.wait(HANGS) == {tmp_path / "a.py"}
    assert warnings == []
    notices.close()


def test_a_rename_over_a_file_is_noticed(notices: Notices, tmp_path: Path) -> None:
    for name in ("a.py", "new"):
        (tmp_path / name).write_text("x")
    notices.follow([tmp_path])
    (tmp_path / "new").rename(tmp_path / "a.py")
    noticed = notices.wait(HANGS)
    assert noticed
    assert tmp_path / "a.py" in noticed


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_not_utf_8_ends_no_watch(notices: Notices, tmp_path: Path, warnings: list[str]) -> None:
    odd = tmp_path / os.fsdecode(b"\xff")
    notices.follow([tmp_path])
    odd.mkdir()
    assert notices.wait(HANGS) is None
    # Followed anew; what lies in the other folder is looked at now and then.
    assert notices.follow([tmp_path, odd])
    (tmp_path / "a.py").write_text("x")
    assert notices.wait(HANGS) == {tmp_path / "a.py"}
    assert warnings == []
    notices.close()


def test_without_a_notice_the_time_passes(notices: Notices, tmp_path: Path) -> None:
    notices.follow([tmp_path])
    assert notices.wait(0.01) is None


def test_what_lies_below_a_followed_folder_is_not_watched(notices: Notices, tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    notices.follow([tmp_path])
    (tmp_path / ".venv" / "x").write_text("x")
    (tmp_path / "b.py").write_text("x")
    noticed = notices.wait(HANGS)
    assert noticed
    # The folder's own time changed, which some systems report.
    assert noticed <= {tmp_path / "b.py", tmp_path / ".venv"}


def test_the_same_folders_are_followed_once(notices: Notices, tmp_path: Path) -> None:
    assert notices.follow([tmp_path])
    assert not notices.follow([tmp_path])


def test_a_folder_that_is_removed_and_made_again_is_followed_again(notices: Notices, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "src"
    folder.mkdir(parents=True)
    notices.follow([folder])
    shutil.rmtree(tmp_path / "a")
    assert notices.follow([folder])
    assert not notices.follow([folder])
    folder.mkdir(parents=True)
    assert notices.follow([folder])
    (folder / "a.py").write_text("x")
    assert notices.wait(HANGS) == {folder / "a.py"}


REFUSED = """
import resource, sys
from pathlib import Path
from toolkit.watching import notices as module
import watchfiles._rust_notify
resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) - 1,) * 2)
notices = module.Notices(print)
print(notices.follow([Path(sys.argv[1])]), notices.follow([Path(sys.argv[1])]))
print(notices.wait(0.01))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts descriptors in /proc")
def test_a_system_that_refuses_is_asked_by_looking(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", REFUSED, tmp_path], capture_output=True, text=True, check=True, timeout=HANGS
    )
    warning, hint, followed, waited = done.stdout.splitlines()
    assert warning.startswith(f"the system refuses to watch {tmp_path}: ")
    assert warning.endswith("; looking every 0.3 s instead")
    assert "sysctl -w fs.inotify.max_user_watches=" in hint
    assert followed == "True False"
    assert waited == "None"


def test_nothing_else_imports_it() -> None:
    program = (
        "import sys; from toolkit.cli.main import main; import toolkit.cli.run, toolkit.cli.build; main(['rules']);"
        "print([name for name in sys.modules if name.startswith(('watchfiles', 'toolkit.watching'))], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=HANGS)
    assert done.stderr == "[]\n"

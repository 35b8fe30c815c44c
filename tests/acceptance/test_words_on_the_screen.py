"""Output suits its destination: any encoding, any folder."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.commands import COMP, comp

_CONTRACT = 'name: "tést—"\nimplementation: {container: {image: "a:1", command: [b]}}\n'
_NARROW = (
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
)


@pytest.mark.parametrize("narrow", _NARROW)
def test_a_pipe_gets_documents_in_utf_8(tmp_path: Path, narrow: dict[str, str]) -> None:
    (tmp_path / "c.yaml").write_text(_CONTRACT, encoding="utf-8")
    command = (COMP, "convert", "c.yaml", "--to", "argo")
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, **narrow}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "tést—" in done.stdout.decode("utf-8")


@pytest.mark.parametrize("narrow", _NARROW)
@pytest.mark.parametrize("words", [("lint", "c.yaml"), ("lint", "nicht—da.yaml"), ("show", "ü/ö"), ("new", "é—")])
def test_a_narrow_terminal_gets_escapes(tmp_path: Path, narrow: dict[str, str], words: tuple[str, ...]) -> None:
    (tmp_path / "c.yaml").write_text(_CONTRACT, encoding="utf-8")
    parent, child = pty.openpty()
    with subprocess.Popen(
        [COMP, *words], cwd=tmp_path, env={**os.environ, **narrow}, stdin=child, stdout=child, stderr=child
    ) as process:
        os.close(child)
        shown = b""
        try:
            while chunk := os.read(parent, 4096):
                shown += chunk
        except OSError:
            pass  # How Linux says that the other end is closed.
    os.close(parent)
    assert process.returncode in {0, 1, 2}, shown
    assert b"Traceback" not in shown
    assert b"\xc3" not in shown


def test_from_the_root_every_path_stays_whole(tmp_path: Path) -> None:
    missing = tmp_path / "a" / "component.yaml"
    result = comp("lint", missing, folder=Path("/"))
    assert f"error: {missing}: " in result.err


def test_only_paths_are_shortened(tmp_path: Path) -> None:
    # Each has the folder's path in it, and means another place.
    folder = tmp_path / "here"
    folder.mkdir()
    for text in (f"/mnt{folder}/x", f"~user{folder}/x"):
        result = comp("inspect", f"layout:{text}", folder=folder)
        assert result.code in {1, 3}
        assert text in result.err
    assert "error: a.yaml: the file is missing" in comp("lint", folder / "a.yaml", folder=folder).err

"""Environments with the two lines of KFP, which cannot share one, and with KFP 2 and what comp needs.

They are made once beside the checkout's own, then reused.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

import uv

from toolkit.system.held import held

ROOT = Path(__file__).resolve().parent.parent


def kfp_environment(line: str) -> Path:
    """Give the interpreter for KFP `1` or `2`, for `comp` or `mlmd`, made from tests/kfp/requirements-<line>.txt."""
    requirements = ROOT / "tests" / "kfp" / f"requirements-{line}.txt"
    included = ROOT / "tests" / "kfp" / "requirements-2.txt"
    parts = [requirements, included] if line == "comp" else [requirements]
    wanted = hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()
    folder = ROOT / f".venv-kfp{line}"
    # scripts/test runs two sessions at once.
    with held(requirements.parent):
        stamp = folder / ".requirements"
        if not stamp.is_file() or stamp.read_text() != wanted:
            _make(folder, requirements)
            stamp.write_text(wanted)
    return folder / "bin" / "python"


def _make(folder: Path, requirements: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    program = uv.find_uv_bin()
    subprocess.run([program, "venv", "-q", "--python", "3.11", str(folder)], check=True, timeout=120)
    install = [program, "pip", "install", "-q", "--python", str(folder / "bin" / "python"), "-r", str(requirements)]
    subprocess.run(install, check=True, timeout=600)


def run_kfp(python: Path, program: str, *arguments: str) -> str:
    """Run a program with a KFP and give its stdout; its words are in the failure."""
    done = subprocess.run(
        [python, "-W", "ignore", "-c", program, *arguments], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.artifacts import FACTS
from toolkit.image_paths import VENV, site_packages
from toolkit.python.base import BaseFacts
from toolkit.wheels.venv import skeleton


def test_the_skeleton_over_debians_python() -> None:
    files = {file.path: file.content or file.target for file in skeleton(FACTS, system_site_packages=False)}
    assert files == {
        "opt/comp/venv/bin/python": "/usr/bin/python3.11",
        "opt/comp/venv/bin/python3": "python",
        "opt/comp/venv/bin/python3.11": "python",
        "opt/comp/venv/pyvenv.cfg": b"home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n",
    }


def test_the_skeleton_over_another_python() -> None:
    facts = replace(FACTS, python="/usr/local/bin/python3.12", version="3.12.4")
    files = {file.path: file for file in skeleton(facts, system_site_packages=True)}
    assert files["opt/comp/venv/bin/python"].target == "/usr/local/bin/python3.12"
    assert "opt/comp/venv/bin/python3.12" in files
    assert files["opt/comp/venv/pyvenv.cfg"].content == (
        b"home = /usr/local/bin\ninclude-system-site-packages = true\nversion = 3.12.4\n"
    )


def _here() -> BaseFacts:
    # The interpreter that stands behind the environment the tests run in.
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    return replace(FACTS, python=str(base), version=sysconfig.get_python_version() + ".0")


@pytest.mark.parametrize("system", [False, True])
def test_a_real_interpreter_takes_it_for_an_environment(tmp_path: Path, *, system: bool) -> None:
    facts = _here()
    for file in skeleton(facts, system_site_packages=system):
        path = tmp_path / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.target:
            path.symlink_to(file.target)
        else:
            path.write_bytes(b"".join(file.chunks()))
    site = tmp_path / site_packages(facts.minor)
    site.mkdir(parents=True)
    (site / "installed.py").write_text("here = True\n")
    code = "import sys, site, json, installed; print(json.dumps([sys.prefix, sys.base_prefix, sys.path]))"
    for name in ("python", "python3", f"python{facts.minor}"):
        ran = subprocess.run(
            [tmp_path / VENV / "bin" / name, "-I", "-c", code], check=True, timeout=60, capture_output=True, text=True
        )
        prefix, base_prefix, path = json.loads(ran.stdout)
        assert prefix == str(tmp_path / VENV)
        assert Path(base_prefix).resolve() == Path(sys.base_prefix).resolve()
        others = [entry for entry in path if "-packages" in entry and entry != str(site)]
        assert str(site) in path
        assert bool(others) is system

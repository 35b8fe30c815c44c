"""The front end of build backends, called as in the jail, without one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import uv

from tests.projects import project, sdist
from toolkit.requirements.building import frontend

_PROGRAM = Path(frontend.__file__)


def _call(folder: Path, source: Path, **changes: object) -> int:
    for name in ("home", "out", "wheels"):
        (folder / name).mkdir(exist_ok=True)
    plan = {
        "uv": uv.find_uv_bin(),
        "python": sys.executable,
        "environment": str(folder / "home" / "environment"),
        "source": str(source),
        "out": str(folder / "out"),
        "home": str(folder / "home"),
        "wheels": str(folder / "wheels"),
        "requires": [],
        "backend": "backend",
        "path": ["."],
        **changes,
    }
    (folder / "plan.json").write_text(json.dumps(plan))
    command = [sys.executable, "-I", str(_PROGRAM), str(folder / "plan.json")]
    return subprocess.run(command, check=False, capture_output=True).returncode


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_and_a_source_distribution_are_built(tmp_path: Path, *, packed: bool) -> None:
    source = tmp_path / "made-1.0.tar.gz"
    if packed:
        source.write_bytes(sdist("made"))
    else:
        source = project(tmp_path / "source", "made")
    assert _call(tmp_path, source) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["made-1.0-py3-none-any.whl"]


def test_further_requirements_are_written_instead_of_a_wheel(tmp_path: Path) -> None:
    source = project(tmp_path / "source", "made")
    more = "\ndef get_requires_for_build_wheel(config_settings=None):\n    return ['x', 'alpha']\n"
    (source / "backend.py").write_text((source / "backend.py").read_text() + more)
    assert _call(tmp_path, source) == frontend.ASKS_FOR_MORE
    assert json.loads((tmp_path / "out" / "requires.json").read_text()) == ["alpha", "x"]
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_a_backend_may_be_an_attribute_of_a_module(tmp_path: Path) -> None:
    source = project(tmp_path / "source", "made")
    (source / "inner.py").write_text(
        "import backend\nclass hooks:\n    build_wheel = staticmethod(backend.build_wheel)\n"
    )
    assert _call(tmp_path, source, backend="inner:hooks") == 0


def test_a_failure_is_in_the_exit_code(tmp_path: Path) -> None:
    source = project(tmp_path / "source", "made", tag="fail")
    assert _call(tmp_path, source) not in {0, frontend.ASKS_FOR_MORE}

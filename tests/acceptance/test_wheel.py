"""The wheel carries templates and schemas, and works in an empty environment away from the checkout."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import uv

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", build, folder], cwd=ROOT, check=True, capture_output=True, text=True)
    return folder / done.stdout.strip().splitlines()[-1]


def test_it_holds_the_package_and_its_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "toolkit/launcher/launch.py" in names
    assert "toolkit/_data/schemas/component.schema.json" in names
    assert "toolkit/_data/templates/function/cookiecutter.json" in names
    assert {name.split("/")[0] for name in names} == {"toolkit", "comp_toolkit-0.1.0.dist-info"}


def test_it_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    program = uv.find_uv_bin()
    python = environment / "bin" / "python"
    subprocess.run([program, "venv", "-q", "--python", sys.executable, environment], check=True)
    constraints = ["-c", str(ROOT / "constraints.txt")]
    subprocess.run([program, "pip", "install", "-q", "--python", python, *constraints, wheel], check=True, timeout=300)
    home = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COMP_CACHE_DIR": str(tmp_path / "cache")}

    def comp(*arguments: str) -> str:
        done = subprocess.run(
            [environment / "bin" / "comp", *arguments],
            cwd=tmp_path,
            env=home,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    for template in ("container", "notebook", "program", "training"):
        comp("new", f"a-{template}", "--template", template)
        comp("lint", f"a_{template}")
    comp("new", "hello")
    comp("lint", "hello")
    (tmp_path / "text.txt").write_text("one two two")
    printed = comp("run", "hello", "--runner", "process", "-i", "text=text.txt", "-o", "counts=counts.json")
    assert printed == "Output=3\n"
    assert json.loads((tmp_path / "counts.json").read_text()) == {"two": 2, "one": 1}
    find = "from toolkit.resources import resource; print(resource('schemas', 'component.schema.json'))"
    found = subprocess.run([python, "-c", find], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert str(environment) in found

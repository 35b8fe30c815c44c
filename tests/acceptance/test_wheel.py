"""What users install: the wheel and the source distribution, by pip, each in a fresh environment."""

import email
import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

# What a new folder of each template holds besides what every one holds.
EVERY = {".comp/scaffold.json", "README.md", "component.yaml", "pyproject.toml", "tests/cases/example/case.yaml"}
TEMPLATES = {
    "container": {"src/count.sh", "tests/cases/example/text.txt", "tests/test_count.py"},
    "function": {"src/example.py", "tests/cases/example/text.txt", "tests/test_example.py"},
    "notebook": {"src/example.ipynb", "tests/test_contract.py"},
    "program": {"src/example.py", "tests/cases/example/text.txt", "tests/test_contract.py"},
    "training": {"src/train.py", "tests/cases/example/data.csv", "tests/test_train.py"},
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel and the source distribution, by kind."""
    folder = tmp_path_factory.mktemp("built")
    found = {}
    for kind in ("wheel", "sdist"):
        build = f"import sys; from hatchling.build import build_{kind}; print(build_{kind}(sys.argv[1]))"
        command = [sys.executable, "-c", build, str(folder)]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        found[kind] = folder / done.stdout.strip().splitlines()[-1]
    return found


def test_the_wheel_holds_the_package_and_its_data_and_nothing_else(built: dict[str, Path]) -> None:
    names = zipfile.ZipFile(built["wheel"]).namelist()
    assert "toolkit/launcher/launch.py" in names
    assert "toolkit/_data/schemas/component.schema.json" in names
    assert "toolkit/_data/templates/function/cookiecutter.json" in names
    assert {name.split("/")[0] for name in names} == {"toolkit", "comp_toolkit-0.1.0.dist-info"}
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []


def test_the_source_distribution_holds_no_more_than_what_is_built_from(built: dict[str, Path]) -> None:
    with tarfile.open(built["sdist"]) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    expected = {"CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml", "schemas", "templates", "toolkit"}
    assert {name.split("/")[0] for name in names} - {".gitignore"} == expected
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []


def test_the_metadata_say_what_an_index_shows(built: dict[str, Path]) -> None:
    with zipfile.ZipFile(built["wheel"]) as wheel:
        metadata = email.message_from_bytes(wheel.read("comp_toolkit-0.1.0.dist-info/METADATA"))
        assert "comp_toolkit-0.1.0.dist-info/licenses/LICENSE" in wheel.namelist()
    assert (metadata["Name"], metadata["Version"], metadata["License-Expression"]) == (
        "comp-toolkit",
        "0.1.0",
        "Apache-2.0",
    )
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Summary"]
    assert metadata["Keywords"]
    classifiers = set(metadata.get_all("Classifier", []))
    assert {f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13)} < classifiers
    assert "Programming Language :: Python :: 3 :: Only" in classifiers
    assert "# " in str(metadata.get_payload())[:20]


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_what_is_installed_runs_a_session(
    built: dict[str, Path], kind: str, tmp_path: Path, cache_folder: Path, debian_base: Path
) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-c", str(ROOT / "constraints.txt")]
    subprocess.run([*install, built[kind]], check=True, timeout=500, cwd=tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("COMP_", "XDG_", "PYTHON"))},
        "HOME": str(tmp_path),
        "COMP_CACHE_DIR": str(cache_folder),
        "COMP_BASE": f"layout:{debian_base}",
    }

    def comp(*arguments: str) -> str:
        command = [str(environment / "bin" / "comp"), *arguments]
        done = subprocess.run(command, cwd=work, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    for template, own in TEMPLATES.items():
        folder = f"a_{template}"
        comp("new", f"a-{template}", "--template", template)
        assert _files(work / folder) == EVERY | own
        comp("lint", folder)
        comp("generate", folder, "--check")
        comp("build", folder, "--dry-run")
        assert _files(work / folder) == EVERY | own
    assert comp("build", "a_function").startswith("sha256:")
    (work / "text.txt").write_text("one two two")
    printed = comp("run", "a_function", "--runner", "process", "-i", "text=text.txt", "-o", "counts=counts.json")
    assert printed == "Output=3\n"
    assert json.loads((work / "counts.json").read_text()) == {"two": 2, "one": 1}
    assert _files(work / "a_function") == EVERY | TEMPLATES["function"] | {"requirements.lock"}
    find = "from toolkit.resources import resource; print(resource('schemas', 'component.schema.json'))"
    found = subprocess.run([python, "-c", find], cwd=work, check=True, capture_output=True, text=True).stdout
    assert str(environment) in found


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}

"""What a project on this disk is built from: all that its own wheel has, and nothing that tools left."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.package_index import HERE
from tests.projects import project
from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.progress import silent
from toolkit.python.target import Target
from toolkit.requirements.building.build import build_folder
from toolkit.requirements.building.build_setup import BuildSetup, Permission
from toolkit.requirements.building.project_files import files_outside, folder_digest, is_project_file, project_files

SETTINGS = '[project]\nname = "mylib"\nversion = "1.0"\n[build-system]\nrequires = []\n'


# A backend that packs a folder as it is, hidden files and all.
BACKEND = """
import os, zipfile

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    info = "mylib-1.0.dist-info"
    with zipfile.ZipFile(os.path.join(wheel_directory, "mylib-1.0-py3-none-any.whl"), "w") as wheel:
        for top, _, names in os.walk("mylib", followlinks=True):
            for name in names:
                if not name.endswith(".pyc"):
                    wheel.write(os.path.join(top, name))
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: mylib\\nVersion: 1.0\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "".join(f"{n},,\\n" for n in [*wheel.namelist(), f"{info}/RECORD"]))
    return "mylib-1.0-py3-none-any.whl"
"""


PACKAGE = (
    *("mylib/__init__.py", "mylib/build/__init__.py", "mylib/dist/__init__.py", "mylib/data/.schema.json"),
    *("mylib/venv/__init__.py", "mylib/node_modules/a.js", "mylib/.hidden/x", "mylib/data/x.egg-info"),
    *("mylib/build/lib/x", "mylib/dist/x.whl", "mylib/target/x"),
)


def _project(folder: Path, *names: str, backend: str = "backend", more: str = "") -> Path:
    path = 'backend-path = ["."]\n' if backend == "backend" else ""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(f'{SETTINGS}build-backend = "{backend}"\n{path}{more}')
    return folder


def _names(folder: Path) -> list[str]:
    return [name for name, _ in project_files(folder) if name not in {"backend.py", "pyproject.toml"}]


def test_a_wheel_has_what_a_build_in_the_folder_gives(tmp_path: Path, debian: Target) -> None:
    folder = _project(tmp_path / "mylib", *PACKAGE)
    (folder / "mylib/linked").symlink_to("data")
    cache = Cache(tmp_path / "cache")
    means = BuildSetup(cache=cache, report=silent, permission=Permission(), indexes=HERE)
    pin = build_folder(folder, "mylib", debian, means, relative_to=tmp_path)
    subprocess.run(
        [sys.executable, "-c", f"import backend; backend.build_wheel({str(tmp_path)!r})"], cwd=folder, check=True
    )
    with (
        zipfile.ZipFile(cache.blob_path(pin.digest)) as ours,
        zipfile.ZipFile(tmp_path / "mylib-1.0-py3-none-any.whl") as theirs,
    ):
        assert sorted(ours.namelist()) == sorted(theirs.namelist())
        assert set(PACKAGE) | {"mylib/linked/.schema.json"} <= set(ours.namelist())


def test_what_tools_leave_stays_out(tmp_path: Path) -> None:
    left = (
        *(".git/config", ".env", ".tox/x", "env/pyvenv.cfg", "env/lib/x.py", "node_modules/a.js", "dist/mylib-1.whl"),
        *("dist/.gitignore", "mylib.egg-info/PKG-INFO", "cache/CACHEDIR.TAG", "cache/x", "mylib/__pycache__/x.pyc"),
        *("build/lib/x.py", "build/bdist.linux/x", "mylib/.DS_Store", "mylib/x.pyc"),
    )
    folder = _project(
        tmp_path / "mylib", *left, "mylib/x.py", "build/tool.py", "dist/app.js", backend="setuptools.build_meta"
    )
    assert _names(folder) == ["build/tool.py", "dist/app.js", "mylib/x.py"]


def test_the_backend_decides(tmp_path: Path) -> None:
    names = ("build/lib/x.py", "mylib/x.py", "target/x")
    kept = {one: _names(_project(tmp_path / one, *names, backend=one)) for one in ("maturin", "hatchling.build", "x")}
    assert kept["maturin"] == ["build/lib/x.py", "mylib/x.py"]
    assert kept["hatchling.build"] == list(names)
    assert kept["x"] == ["mylib/x.py", "target/x"]


def test_a_hidden_file_at_the_top_that_the_settings_name(tmp_path: Path) -> None:
    more = '[tool.hatch.build.targets.wheel.force-include]\n".schema.json" = "mylib/schema.json"\n'
    assert _names(_project(tmp_path, ".schema.json", ".other", more=more)) == [".schema.json"]


def test_hatchling_reads_the_ignored_files_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*.csv\n")
    folder = _project(tmp_path / "libs/mylib", "mylib/x.py", backend="hatchling.build")
    assert _names(folder) == ["mylib/x.py", ".gitignore"]
    digest = folder_digest(folder, os.environ)
    (tmp_path / ".gitignore").write_text("*.txt\n")
    assert folder_digest(folder, os.environ) != digest


def test_links(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/x.csv").write_text("1")
    folder = _project(tmp_path / "mylib", "mylib/x.py")
    (folder / "mylib/shared").symlink_to("../../shared")
    (folder / "mylib/loop").symlink_to("..")
    (folder / "mylib/gone").symlink_to("nowhere")
    (folder / "mylib/y.csv").symlink_to("../../shared/x.csv")
    assert _names(folder) == ["mylib/shared/x.csv", "mylib/x.py", "mylib/y.csv"]
    (folder / "mylib/passwd").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match="the link leads out of"):
        _names(folder)


def _library(repository: Path, settings: str) -> Path:
    (repository / ".git").mkdir(parents=True)
    (repository / "LICENSE").write_text("all rights")
    (repository / "shared" / "deep").mkdir(parents=True)
    (repository / "shared" / "deep" / "a.json").write_text("{}")
    folder = repository / "libs" / "mylib"
    (folder / "mylib").mkdir(parents=True)
    (folder / "mylib" / "__init__.py").touch()
    (folder / "pyproject.toml").write_text(settings)
    return folder


def _outside(folder: Path) -> list[str]:
    return [name for name, _ in project_files(folder) if name.startswith("../")]


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ('[tool.hatch.build.targets.wheel.force-include]\n"../../LICENSE" = "mylib/LICENSE"\n', ["../../LICENSE"]),
        ('[tool.hatch.build.force-include]\n"../../shared" = "mylib/data"\n', ["../../shared/deep/a.json"]),
        ('[project]\nreadme = "../../LICENSE"\n', ["../../LICENSE"]),
        ('[project]\nlicense-files = ["../../LICEN*"]\n', ["../../LICENSE"]),
        ('[project]\ndependencies = ["x @ {root:uri}/../y", "../../no"]\nreadme = "../../no"\n', []),
        ('[tool.hatch.version]\npath = "{root}/../../LICENSE"\n', ["../../LICENSE"]),
        ('[tool.x]\na = ["..", "../..", "../../libs/mylib/mylib"]\n', []),
        ('[tool.x]\na = "../../../outside"\n', []),
        ('[tool.ruff]\nextend = "../../LICENSE"\n[tool.uv.sources]\ny = { path = "../../shared" }\n', []),
    ],
)
def test_what_settings_name_above_the_folder_is_built_from_too(tmp_path: Path, settings: str, names: list[str]) -> None:
    folder = _library(tmp_path / "repository", settings)
    (tmp_path / "outside").write_text("private")
    assert _outside(folder) == names
    before = folder_digest(folder, os.environ)
    for name in names:
        (folder / name).write_text("changed")
        assert folder_digest(folder, os.environ) != before


def test_what_code_of_a_build_names_above_the_folder_is_built_from_too(tmp_path: Path) -> None:
    folder = _library(tmp_path / "repository", "")
    (folder / "setup.py").write_text("open('../../LICENSE')\n")
    assert _outside(folder) == ["../../LICENSE"]


def test_the_digest_of_a_folder(tmp_path: Path) -> None:
    folder = project(tmp_path / "shared", "shared")
    digest = folder_digest(folder, os.environ)
    for name in (".git/config", "build/lib/x", "dist/y.whl", "shared.egg-info/z", "__pycache__/a.pyc"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    os.utime(folder / "wheel.txt", (0, 0))
    assert folder_digest(folder, os.environ) == digest
    (folder / "wheel.txt").chmod(0o755)
    changed = folder_digest(folder, os.environ)
    assert changed != digest
    (folder / "new.py").touch()
    assert folder_digest(folder, os.environ) not in {digest, changed}


def test_a_pin_does_not_count_where_a_lock_asks(tmp_path: Path) -> None:
    folder = project(tmp_path / "shared", "shared")
    contract = folder / "component.yaml"
    text = "name: n\nimplementation: {container: {image: a:1, command: [c]}}\n"
    digests = []
    for each in (text, text.replace("a:1", f"a@sha256:{'0' * 64}"), text.replace("[c]", "[d]"), "name: ["):
        contract.write_text(each)
        digests.append((folder_digest(folder, os.environ), folder_digest(folder, os.environ, pins=False)))
    whole, unpinned = zip(*digests, strict=True)
    assert len(set(whole)) == 4
    assert unpinned[0] == unpinned[1]
    assert len(set(unpinned)) == 3


def test_paths_of_a_project_whether_or_not_there_is_a_file(tmp_path: Path) -> None:
    left = ("build/lib/x", "dist/x.whl", ".hidden", "x.egg-info/y", "mylib/x.pyc", "mylib/__pycache__/x", "env/x")
    folder = _project(tmp_path, *PACKAGE, *left[:-1], "env/pyvenv.cfg")
    names = {name for name, _ in project_files(folder)}
    test = is_project_file(folder)
    assert names == {name for name in (*PACKAGE, *left, "backend.py", "pyproject.toml") if test(name)}
    assert test("mylib/gone.py")
    assert not test("mylib/gone.pyc")


def test_files_outside_of_a_project(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").touch()
    (tmp_path / "data").mkdir()
    more = '[tool.hatch.build.targets.wheel.force-include]\n"../data" = "x"\n'
    folder = _project(tmp_path / "lib", "mylib/x", backend="hatchling.build", more=more)
    (folder / "linked").symlink_to("../other")
    (folder / "inner").symlink_to("mylib")
    assert files_outside(folder) == [tmp_path / ".gitignore", tmp_path / "data", tmp_path / "other"]

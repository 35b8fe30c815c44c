"""The wheel and the source distribution: what they contain, and a session of what each installs."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
import uv
from msgspec import Struct
from packaging.metadata import Metadata

from tests.conftest import ROOT
from tests.loadable import publish_contract
from toolkit import __version__

# A new folder of each template contains these files, and those that every one contains.
EVERY = {".comp/scaffold.json", "README.md", "component.yaml", "pyproject.toml"}
CASE = "tests/cases/example/case.yaml"
TEMPLATES = {
    "container": {CASE, "src/count.sh", "tests/cases/example/text.txt", "tests/test_count.py"},
    "function": {CASE, "src/example.py", "tests/cases/example/text.txt", "tests/test_example.py"},
    "notebook": {CASE, "src/example.ipynb", "tests/test_contract.py"},
    "program": {CASE, "src/example.py", "tests/cases/example/text.txt", "tests/test_contract.py"},
    "training": {CASE, "src/train.py", "tests/cases/example/data.csv", "tests/test_train.py"},
}
# Folders of a checkout that the wheel has in the package.
DATA = ("templates", "schemas", "docs/rules")
# Tools and desktops leave such files among those of a checkout, and beside a user's code.
LEFT = ("__pycache__/a.cpython-311.pyc", "a.pyc", ".DS_Store", ".ipynb_checkpoints/a.py", ".pytest_cache/a")
INFO = f"comp_toolkit-{__version__}.dist-info"


class Built(Struct, frozen=True, kw_only=True):
    """A checkout with files that tools left in it, and what `python -m build` makes of it."""

    checkout: Path
    wheel: Path
    sdist: Path
    printed: str


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build a source distribution of a copy of this checkout, and from that the wheel."""
    checkout, folder = tmp_path_factory.mktemp("copy") / "checkout", tmp_path_factory.mktemp("built")
    out = shutil.ignore_patterns(".git", ".venv*", ".*_cache", ".hypothesis", ".quickstart", "__pycache__", "*.py[co]")
    shutil.copytree(ROOT, checkout, ignore=out)
    for below in ("toolkit", "toolkit/launcher", "templates/function", "schemas"):
        _leave_files(checkout / below)
    printed = _build(checkout, folder)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(checkout=checkout, wheel=wheel, sdist=sdist, printed=printed)


def _build(checkout: Path, folder: Path, *options: str) -> str:
    pins = ("--dependency-constraints-txt", str(ROOT / "constraints.txt"))
    command = [sys.executable, "-m", "build", *pins, *options, "--outdir", str(folder), str(checkout)]
    return _output(command)


def _output(command: list[str], folder: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command that succeeds, and return all that it prints."""
    done = subprocess.run(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _leave_files(folder: Path) -> None:
    for name in LEFT:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"left")


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def _not_left(folder: Path) -> set[str]:
    return {name for name in _files(folder) if not any(name == left or name.endswith(f"/{left}") for left in LEFT)}


def test_building_and_checking_print_no_warning(built: Built) -> None:
    checked = _output([sys.executable, "-m", "twine", "check", "--strict", str(built.wheel), str(built.sdist)])
    assert checked.count("PASSED") == 2
    assert not re.search("warn|error|deprecat", built.printed + checked, re.IGNORECASE)


def test_the_wheel_contains_the_package_and_its_data_and_nothing_else(built: Built) -> None:
    package = {f"toolkit/{name}" for name in _not_left(built.checkout / "toolkit")}
    data = {f"toolkit/_data/{kind}/{name}" for kind in DATA for name in _not_left(ROOT / kind)}
    info = {f"{INFO}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")}
    with zipfile.ZipFile(built.wheel) as wheel:
        assert set(wheel.namelist()) == package | data | info
    assert {"toolkit/py.typed", "toolkit/launcher/launch.py"} < package
    assert {f"toolkit/_data/templates/{name}/cookiecutter.json" for name in TEMPLATES if name != "notebook"} < data


def test_the_source_distribution_makes_the_wheel_that_the_checkout_makes(built: Built, tmp_path: Path) -> None:
    _build(built.checkout, tmp_path, "--wheel")
    (wheel,) = tmp_path.glob("*.whl")
    assert _contents(wheel) == _contents(built.wheel)
    assert wheel.read_bytes() == built.wheel.read_bytes()


def _contents(wheel: Path) -> dict[str, tuple[int, bytes]]:
    with zipfile.ZipFile(wheel) as opened:
        return {info.filename: (info.external_attr, opened.read(info)) for info in opened.infolist()}


def test_the_source_distribution_contains_what_the_readme_links_to(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {name.split("/")[0] for name in names} == {
        *(".gitignore", "PKG-INFO", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"),
        *(
            "SECURITY.md",
            "benchmarks",
            "docs",
            "sample_components",
            "sample_pipelines",
            "schemas",
            "templates",
            "toolkit",
        ),
    }
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text())
    assert {link for link in links if "://" not in link} - names == set()
    assert [name for name in names if name.endswith(LEFT)] == []


def test_the_metadata_is_complete(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        metadata = Metadata.from_email(wheel.read(f"{INFO}/METADATA"), validate=True)
    assert (metadata.name, str(metadata.version)) == ("comp-toolkit", __version__)
    assert (metadata.license_expression, metadata.license_files) == ("Apache-2.0", ["LICENSE"])
    assert metadata.description_content_type == "text/markdown"
    assert (metadata.description or "").strip() == (ROOT / "README.md").read_text().strip()
    assert metadata.summary
    assert metadata.keywords
    kinds = {"Development Status", "Environment", "Intended Audience", "Operating System", "Programming Language"}
    assert {text.split(" :: ")[0] for text in metadata.classifiers or []} == kinds | {"Topic", "Typing"}
    # The project has no public address yet, so the metadata names none.
    assert (metadata.home_page, metadata.project_urls) == (None, None)


class Installed(Struct, frozen=True, kw_only=True):
    """An environment with comp in it, and an empty folder to work in."""

    environment: Path
    work: Path
    variables: dict[str, str]

    def comp(self, *arguments: str) -> str:
        """Run a command that succeeds, and return its stdout."""
        command = [str(self.environment / "bin" / "comp"), *arguments]
        done = subprocess.run(
            command, cwd=self.work, env=self.variables, capture_output=True, text=True, check=False, timeout=500
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def installed(tmp_path: Path, cache_folder: Path, debian_base: Path) -> Installed:
    """Make an empty environment, and variables without this machine's settings for comp and Python."""
    environment, work = tmp_path / "environment", tmp_path / "work"
    venv.create(environment, with_pip=True)
    work.mkdir()
    own = ("COMP_", "XDG_", "PYTHON")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    variables |= {"HOME": str(tmp_path), "COMP_CACHE_DIR": str(cache_folder), "COMP_BASE": f"layout:{debian_base}"}
    return Installed(environment=environment, work=work, variables=variables)


def _install(installed: Installed, what: Path, *, compiled_by_uv: bool = False) -> None:
    python, pins = str(installed.environment / "bin" / "python"), ("-c", str(ROOT / "constraints.txt"))
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    by_uv = [uv.find_uv_bin(), "pip", "install", "--compile-bytecode", "--python", python]
    _output([*(by_uv if compiled_by_uv else pip), *pins, str(what)], installed.work.parent)
    _output([python, "-m", "pip", "check"], installed.work.parent)


LOADING = """from toolkit import load

train = load("ml/train@^1")
print(train.release.version, train.__doc__.splitlines()[0])
"""


def test_the_wheel_runs_a_session(built: Built, installed: Installed, kfp2: Path) -> None:
    _install(installed, built.wheel)
    assert installed.comp("--version") == f"comp, version {__version__}\n"
    assert installed.comp("explain", "F014").startswith("F014 decorator-not-followed\n")
    for template in TEMPLATES:
        _try_template(installed, template)
    _try_function(installed)
    _build_and_run(installed)
    _load(installed, kfp2)


@pytest.mark.parametrize("kind", ["source distribution", "checkout, whose files uv compiles"])
def test_what_is_built_while_it_is_installed_runs_a_session(built: Built, installed: Installed, kind: str) -> None:
    from_checkout = kind.startswith("checkout")
    _install(installed, built.checkout if from_checkout else built.sdist, compiled_by_uv=from_checkout)
    data = next(installed.environment.glob("lib/python3*/site-packages/toolkit/_data/templates"))
    assert list(data.glob("training/*/src/__pycache__")), "the installer compiled no template: this test shows nothing"
    for template in ("function", "training"):
        _try_template(installed, template)
    _try_function(installed)
    _build_and_run(installed)


def _load(installed: Installed, kfp: Path) -> None:
    """Load a component in a Python that has kfp, and of the wheel the package alone; comp answers from its own."""
    folder, package = installed.work / "pipelines", installed.work.parent / "package"
    package.mkdir()
    (package / "toolkit").symlink_to(next(installed.environment.glob("lib/python3*/site-packages/toolkit")))
    folder.mkdir()
    publish_contract(installed.work / "shared", "1.0.0")
    (folder / "steps.py").write_text(LOADING)
    variables = installed.variables | {
        "PYTHONPATH": str(package),
        "COMP_TOOLKIT_PYTHON": str(installed.environment / "bin" / "python"),
        "COMP_REGISTRY": str(installed.work / "shared"),
        "COMP_LOCKED": "0",
    }
    assert _output([str(kfp), "-W", "ignore", "steps.py"], folder, variables) == (
        "locked ml/train@1.0.0 in components.lock\n1.0.0 Train model (ml/train@1.0.0)\n"
    )
    # Again, without comp, and as a module of stubs has it.
    written = installed.comp("stubs", "--output", "pipelines/typed.py", "pipelines/components/ml/train")
    assert written == ""
    program = "import steps, typed\nprint(typed.__all__)"
    again = _output([str(kfp), "-W", "ignore", "-c", program], folder, variables | {"COMP_TOOLKIT_PYTHON": "/none"})
    assert again == "1.0.0 Train model (ml/train@1.0.0)\n['train_model']\n"


def _try_template(installed: Installed, template: str) -> None:
    folder = f"a_{template}"
    installed.comp("new", f"a-{template}", "--template", template)
    files = _files(installed.work / folder)
    assert files == EVERY | TEMPLATES[template]
    _check(installed, folder, files)


def _try_function(installed: Installed) -> None:
    """Make a component of a function that lies among files of tools."""
    pipeline = installed.work / "pipeline"
    pipeline.mkdir()
    _leave_files(pipeline)
    (pipeline / "words.py").write_text("def split(text: str) -> list[str]:\n    return text.split()\n")
    step = "def count(text: str) -> int:\n    return len(words.split(text))\n"
    (pipeline / "steps.py").write_text(f"from kfp import dsl\nimport words\n\n\n@dsl.component\n{step}")
    installed.comp("new", "count", "--from-function", "pipeline/steps.py:count")
    files = _files(installed.work / "count")
    assert files == EVERY | {"src/steps.py", "src/words.py", "tests/test_steps.py"}
    _check(installed, "count", files)


def _check(installed: Installed, folder: str, files: set[str]) -> None:
    """Run the commands that leave a folder as it is."""
    installed.comp("lint", folder)
    installed.comp("generate", folder, "--check")
    installed.comp("sync", folder, "--check")
    installed.comp("build", folder, "--dry-run")
    assert _files(installed.work / folder) == files
    assert not [name for name in LEFT if name in json.dumps(sorted(files))]


def _build_and_run(installed: Installed) -> None:
    """Build, run and test a component: its folder gets the lock, and nothing else."""
    work = installed.work
    assert re.fullmatch(r"sha256:[0-9a-f]{64}\n", installed.comp("build", "a_function"))
    (work / "text.txt").write_text("one two two")
    runs = ("--runner", "process")
    assert installed.comp("run", "a_function", *runs, "-i", "text=text.txt", "-o", "counts=counts.json") == "Output=3\n"
    assert json.loads((work / "counts.json").read_text()) == {"two": 2, "one": 1}
    assert installed.comp("test", "a_function", *runs) == "ok   example (process)\n"
    assert _files(work / "a_function") == EVERY | TEMPLATES["function"] | {"requirements.lock"}

"""Modules that quick commands do not import: each costs more than it is worth there."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components import small_base, write_component
from tests.contracts import contract
from tests.fake_remote import FakeRemote, serving, store
from tests.package_index import PackageIndex, serving_index, small_wheel
from toolkit.oci.descriptor import Platform
from toolkit.oci.layout import read_layout

# Runs `comp`, and then writes the names of all imported modules to the file of the first argument.
_PROGRAM = """
import pathlib, sys
from toolkit.cli.main import main
code = main(sys.argv[2:])
pathlib.Path(sys.argv[1]).write_text(" ".join(sys.modules))
raise SystemExit(code)
"""
# No quick command needs these; a name stands for its submodules too.
_NEVER = {
    *("argparse", "asyncio", "boto3", "cookiecutter", "docker", "importlib.metadata", "installer.sources", "jinja2"),
    *("jsonschema", "kfp", "kubernetes", "multiprocessing", "pkg_resources", "requests", "rich", "sqlite3", "unittest"),
    *("urllib.request", "urllib3", "uv", "watchfiles", "xml"),
    *("toolkit.api.images", "toolkit.api.registries", "toolkit.pipelines", "toolkit.registry", "toolkit.runners"),
}
_NETWORK = {"email", "http", "socket", "ssl", "toolkit.http", "toolkit.remote"}
_YAML = {"yaml", "toolkit.spec"}
# What resolves, builds wheels or runs the interpreters of bases.
_RESOLUTION = {
    *("toolkit.requirements.resolve", "toolkit.requirements.uv_compile", "toolkit.requirements.origin_pins"),
    *("toolkit.requirements.building.build", "toolkit.requirements.download", "toolkit.job.base_container"),
}
_ENGINES = {"toolkit.engines", "toolkit.builders.docker", "toolkit.builders.buildah"}
_BUILD = {"toolkit.api.building", "toolkit.job", "toolkit.builders", "toolkit.wheels", "toolkit.requirements"}

# What only settings, components' folders, collections, fixes or programs inside of a contract need.
_MORE_THAN_A_CONTRACT = {
    *("concurrent", "hashlib", "packaging", "pickle", "tomllib"),
    *("toolkit.collection.work", "toolkit.collection.workspace", "toolkit.config.project", "toolkit.generation"),
    "toolkit.interface.programs",
    *("toolkit.lint.baseline", "toolkit.lint.fixed_files", "toolkit.lint.folder", "toolkit.lint.shell"),
    "toolkit.system.workers",
}


class Quick:
    """A component whose base is on a remote and whose package is on an index, and the commands on it."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self._folder = folder
        self._environ = environ

    def modules(self, *words: str) -> frozenset[str]:
        """Run a command and return the modules that it imported."""
        listed = self._folder.parent / "modules"
        command = [sys.executable, "-c", _PROGRAM, str(listed), *words]
        subprocess.run(command, cwd=self._folder, env=self._environ, check=True, capture_output=True, timeout=300)
        return frozenset(listed.read_text().split())

    def change_line(self) -> None:
        """Change one line of the code."""
        source = self._folder / "src" / "count_words.py"
        source.write_text(source.read_text() + "# changed\n")


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Quick]:
    wheel = {"alpha-1.0-py3-none-any.whl": small_wheel("alpha", "1.0")}
    with serving(FakeRemote()) as remote, serving_index(PackageIndex(files=wheel)) as index:
        store(remote, read_layout(small_base(tmp_path / "base"), platform=Platform("linux", "amd64")))
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "COMP_CACHE_DIR": str(tmp_path / "cache"),
            "COMP_IMAGE_PREFIX": f"{remote.host}/ml",
            "UV_INDEX_URL": index.url,
        }
        # Nothing here runs the base's interpreter, and a build without bytecode would be done again.
        settings = "bytecode = false"
        folder = write_component(tmp_path / "component", f"{remote.host}/base/python:3.11", settings=settings)
        project = folder / "pyproject.toml"
        project.write_text(project.read_text().replace("[tool.comp]", 'dependencies = ["alpha"]\n\n[tool.comp]'))
        yield Quick(folder, environ)


def test_help_and_lint(quick: Quick) -> None:
    _lacks(quick.modules("--help"), _NEVER | _NETWORK | _YAML | _BUILD)
    _lacks(quick.modules("lint"), _NEVER | _NETWORK | {"toolkit.job", "toolkit.wheels", "toolkit.lint.baseline"})


def test_lint_of_a_contract_alone(quick: Quick, tmp_path: Path) -> None:
    path = tmp_path / "alone" / "component.yaml"
    path.parent.mkdir()
    path.write_text(contract())
    _lacks(quick.modules("lint", str(path)), _NEVER | _NETWORK | _BUILD | _MORE_THAN_A_CONTRACT)


def test_builds_after_the_first(quick: Quick) -> None:
    assert "toolkit.requirements.resolve" in quick.modules("build", "--push")
    unchanged = quick.modules("build", "--push")
    _lacks(unchanged, _NEVER | _YAML | _RESOLUTION | _ENGINES | {"toolkit.http.transport", "toolkit.wheels"})
    quick.change_line()
    changed = quick.modules("build", "--push")
    assert "toolkit.http.transport" in changed
    _lacks(changed, _NEVER | _RESOLUTION | _ENGINES)


def _lacks(modules: frozenset[str], unwanted: set[str]) -> None:
    """Fail with the modules that are among the unwanted ones or below them."""
    assert [name for name in sorted(modules) if any(f"{name}.".startswith(f"{each}.") for each in unwanted)] == []

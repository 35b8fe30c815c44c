"""Every place that names the supported versions of Python names the same ones."""

import re
import tomllib

from packaging.specifiers import SpecifierSet

from scripts.pythons import supported_minors
from tests.conftest import ROOT
from toolkit.interface import newer_parser

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MINORS = supported_minors()
LOWEST, HIGHEST = MINORS[0], MINORS[-1]


def test_the_classifiers_name_each_version_from_the_lowest_that_installs() -> None:
    assert list(range(LOWEST, HIGHEST + 1)) == MINORS
    required = SpecifierSet(PYPROJECT["project"]["requires-python"])
    assert [minor for minor in range(30) if required.contains(f"3.{minor}.0")] == list(range(LOWEST, 30))


def test_the_readme_names_them() -> None:
    named = re.findall(r"Python 3\.(\d+) to 3\.(\d+)", (ROOT / "README.md").read_text())
    assert named == [(str(LOWEST), str(HIGHEST))]


def test_the_tools_check_for_the_lowest() -> None:
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py3{LOWEST}"
    assert newer_parser.OLDEST == LOWEST
    refused = f"sys.version_info < (3, {LOWEST})", f"older than Python 3.{LOWEST}"
    assert all(words in (ROOT / "scripts" / "bootstrap").read_text() for words in refused)


def test_ci_runs_the_unit_tests_on_each() -> None:
    """`make test` takes the lowest that is installed, `make test-pythons` the others of the classifiers."""
    made = re.findall(r"^(?:nice )?make (\S+)", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert sorted(made) == ["test", "test-cluster", "test-pythons"]
    rule = (ROOT / "Makefile").read_text().partition("\ntest-pythons:\n")[2].partition("\n\n")[0]
    assert rule.split() == ["scripts/bootstrap", "--dev", ".venv/bin/python", "scripts/pythons.py"]

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.commands import comp
from tests.conftest import ROOT

CASES = {
    "evaluate_model": ["small_table"],
    "load_table": ["breast_cancer", "digits", "unknown_table"],
    "summarise_text": ["no_words", "short"],
    "train_model": ["small_table", "weights"],
}


# They run in images alone: tests/engines/test_languages.py and test_system_packages.py.
IN_IMAGES = ("filter_json", "fit_line", "join_tables", "report_metrics")


def test_every_sample_is_known_here() -> None:
    known = {*CASES, *IN_IMAGES}
    assert {path.parent.name for path in ROOT.glob("sample_components/*/component.yaml")} == known


@pytest.mark.parametrize("name", CASES)
def test_a_samples_cases_pass(name: str, tmp_path: Path, cache_folder: Path) -> None:
    folder = shutil.copytree(ROOT / "sample_components" / name, tmp_path / name)
    result = comp("test", folder, "--runner", "process", env={**os.environ, "COMP_CACHE_DIR": str(cache_folder)})
    assert result.out == "".join(f"ok   {case} (process)\n" for case in CASES[name]), result.err
    assert result.code == 0


@pytest.mark.parametrize("name", [*CASES, *IN_IMAGES])
def test_a_samples_contract_is_fresh_and_only_lacks_its_digest(name: str) -> None:
    folder = ROOT / "sample_components" / name
    assert comp("generate", "--check", folder).code == 0
    linted = comp("lint", folder)
    assert linted.code == 0
    # The first build sets the digest, so that its absence in a source is no warning.
    assert {line.split(" ")[2] for line in linted.out.splitlines() if ": info " in line} >= {"C060"}
    assert re.match(r"(\d+ contracts: )?0 errors, 0 warnings, ", linted.err)


def test_what_a_component_imports_is_compiled_once(tmp_path: Path, cache_folder: Path) -> None:
    folder = shutil.copytree(ROOT / "sample_components" / "load_table", tmp_path / "load_table")
    env = {**os.environ, "COMP_CACHE_DIR": str(cache_folder), "PYTHONDONTWRITEBYTECODE": "1"}
    assert comp("test", folder, "--runner", "process", "-k", "digits", env=env).code == 0
    assert list(cache_folder.glob("environments/*/lib/*/site-packages/pandas/__pycache__/__init__.*.pyc"))

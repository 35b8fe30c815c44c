import os
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


def test_every_sample_is_known_here() -> None:
    assert {path.parent.name for path in ROOT.glob("sample_components/*/component.yaml")} == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_samples_cases_pass(name: str, tmp_path: Path, cache_folder: Path) -> None:
    folder = shutil.copytree(ROOT / "sample_components" / name, tmp_path / name)
    result = comp("test", folder, "--runner", "process", env={**os.environ, "COMP_CACHE_DIR": str(cache_folder)})
    assert result.out == "".join(f"ok   {case} (process)\n" for case in CASES[name]), result.err
    assert result.code == 0


@pytest.mark.parametrize("name", CASES)
def test_a_samples_contract_is_fresh_and_only_lacks_its_digest(name: str) -> None:
    folder = ROOT / "sample_components" / name
    assert comp("generate", "--check", folder).code == 0
    linted = comp("lint", folder)
    assert linted.code == 0
    assert {line.split(" ")[2] for line in linted.out.splitlines() if ": warning " in line} == {"C060"}
    assert linted.err.startswith("0 errors, ")


def test_what_a_component_imports_is_compiled_once(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    folder = shutil.copytree(ROOT / "sample_components" / "summarise_text", tmp_path / "text")
    source = folder / "src" / "summarise_text.py"
    source.write_text(source.read_text().replace("import re\n", "import re\n\nimport six\n", 1))
    (folder / "pyproject.toml").write_text(
        (folder / "pyproject.toml")
        .read_text()
        .replace("\n[tool.comp]", '\ndependencies = ["six==1.16.0"]\n\n[tool.comp]')
    )
    (folder / "requirements.lock").write_text(
        (folder / "requirements.lock").read_text()
        + "six==1.16.0 \\\n    --hash=sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254\n"
        + "    # six-1.16.0-py2.py3-none-any.whl\n"
    )
    env = {**os.environ, "COMP_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    result = comp("test", folder, "--runner", "process", env=env)
    assert result.code == 0, result.err
    assert len(list(cache.glob("environments/*/lib/*/site-packages/__pycache__/six.*.pyc"))) == 1

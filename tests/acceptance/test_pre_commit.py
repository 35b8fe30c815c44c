"""The hooks of this repository, run by the real pre-commit in a repository with two components."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ok
from tests.versions_of_contracts import contract

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = '[project]\nname = "load"\nversion = "1.0.0"\n[tool.comp]\ncommand = ["python", "x.py"]\n'
CONFIG = """\
repos:
- repo: {repo}
  rev: {revision}
  hooks:
  - id: comp-lint
  - id: comp-generate-check
  - id: comp-breaking
    args: [--against, main]
"""
CODE = 'def add(a: int, b: int) -> int:\n    """Add."""\n    return a + b\n'


def _git(folder: Path, *words: str) -> str:
    named = ("-c", "user.name=a", "-c", "user.email=a@example.invalid")
    return subprocess.run(["git", *named, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout as a repository of one commit, since pre-commit clones what it runs."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in filter(None, _git(ROOT, "ls-files", "-z").split("\0")):
        if name.split("/")[0] in {"toolkit", "templates", "schemas"} or "/" not in name:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_file():
                shutil.copy2(ROOT / name, folder / name)
    _git(folder, "init", "-q")
    _git(folder, "add", ".")
    _git(folder, "commit", "-qm", "hooks")
    return folder


@pytest.fixture(autouse=True)
def home(hooks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pre-commit install the hooks once for all tests."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(hooks.with_name("pre-commit")))


def test_the_hooks_find_what_they_are_for(hooks: Path, tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    contracts = folder / "load" / "component.yaml"
    contracts.parent.mkdir(parents=True)
    contracts.write_text(contract(name="Load", version="1.0.0"))
    (contracts.parent / "pyproject.toml").write_text(SETTINGS)
    (folder / "add.py").write_text(CODE)
    ok("new", "adding", "--from-function", "add.py:add", folder=folder)
    revision = _git(hooks, "rev-parse", "HEAD").strip()
    (folder / ".pre-commit-config.yaml").write_text(CONFIG.format(repo=hooks, revision=revision))
    _git(folder, "init", "-q", "-b", "main")
    _git(folder, "add", ".")
    _git(folder, "commit", "-qm", "one")

    def run(hook: str) -> tuple[int, str]:
        program = Path(sys.executable).with_name("pre-commit")
        words: list[str | Path] = [program, "run", hook, "--all-files", "--hook-stage", "manual", "--color", "never"]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
        return done.returncode, done.stdout + done.stderr

    names = ("comp-lint", "comp-generate-check", "comp-breaking")
    for name, title in zip(names, ("comp lint", "comp generate --check", "comp breaking"), strict=True):
        code, printed = run(name)
        assert (code, printed.splitlines()[-1]) == (0, f"{title:.<73}Passed"), printed
    # The author adds an input, forgets `comp generate`, and gives two inputs of the other component one name.
    changed = folder / "adding" / "src" / "add.py"
    changed.write_text(changed.read_text().replace("b: int", "b: int, c: int"))
    contracts.write_text(contract("{name: table}, {name: table}", name="Load", version="1.0.0"))
    _git(folder, "add", ".")
    found = {name: run(name) for name in names}
    assert [code for code, _ in found.values()] == [1, 1, 1]
    assert "error C017 " in found["comp-lint"][1]
    assert "adding/component.yaml" in found["comp-generate-check"][1]
    assert "error B104 the new input 'table' is required" in found["comp-breaking"][1]
    assert "make it 2.0.0" in found["comp-breaking"][1]


def test_the_hook_fixes_what_it_finds(hooks: Path, tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    path = folder / "component.yaml"
    path.write_text(contract("{name: n, type: Integer, default: 5}", version="1.0.0"))
    revision = _git(hooks, "rev-parse", "HEAD").strip()
    hook = f"repos: [{{repo: '{hooks}', rev: {revision}, hooks: [{{id: comp-lint, args: [--fix]}}]}}]\n"
    (folder / ".pre-commit-config.yaml").write_text(hook)
    _git(folder, "init", "-q", "-b", "main")
    _git(folder, "add", ".")
    program = Path(sys.executable).with_name("pre-commit")
    words: list[str | Path] = [program, "run", "--all-files", "--color", "never"]
    ends = []
    for _ in range(2):
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
        ends.append((done.returncode, "files were modified by this hook" in done.stdout))
        _git(folder, "add", ".")
    assert ends == [(1, True), (0, False)]
    assert "default: '5'" in path.read_text()

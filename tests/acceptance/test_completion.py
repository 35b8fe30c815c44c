"""The scripts of `comp completion` in the shells that they are for."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.commands import COMP, comp

# Each prints how the shell completes `comp bui`; zsh needs a terminal for that, and prints what will complete `comp`.
PROGRAMS = {
    "bash": (
        'eval "$(comp completion bash)"\nCOMP_WORDS=(comp bui) COMP_CWORD=1\n_comp_completion comp\necho "$COMPREPLY"',
        "build\n",
    ),
    "zsh": (
        'autoload -U compinit; compinit -u -D; eval "$(comp completion zsh)"; print $_comps[comp]',
        "_comp_completion\n",
    ),
    "fish": (
        'comp completion fish | source; complete -C "comp bui"',
        "build\tBuild the image of the component in...\n",
    ),
}


@pytest.mark.parametrize("shell", PROGRAMS)
def test_a_shell_completes(shell: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program, expected = PROGRAMS[shell]
    monkeypatch.setenv("PATH", str(COMP.parent), prepend=":")
    monkeypatch.setenv("HOME", str(tmp_path))
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run([shell, *options, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == expected, done.stderr


def test_the_script_alone_is_printed() -> None:
    result = comp("completion", "bash")
    assert result.code == 0
    assert "_comp_completion()" in result.out
    # A shell evaluates it at each start.
    assert result.err == ""
    wrong = comp("completion", "tcsh")
    assert wrong.code == 2
    assert "tcsh" in wrong.err


def test_rules_are_completed() -> None:
    words = {"_COMP_COMPLETE": "bash_complete", "COMP_WORDS": "comp explain b102", "COMP_CWORD": "2"}
    done = subprocess.run([COMP], env=words, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == "plain,B102\n"


@pytest.mark.parametrize(
    ("word", "completed"),
    [("c06", ["C060", "C061", "C062"]), ("C060,ima", ["C060,images"]), ("AL", ["ALL"])],
)
def test_rules_of_lint_are_completed(word: str, completed: list[str]) -> None:
    words = {"_COMP_COMPLETE": "bash_complete", "COMP_WORDS": f"comp lint --select {word}", "COMP_CWORD": "3"}
    done = subprocess.run([COMP], env=words, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.splitlines()[: len(completed)] == [f"plain,{each}" for each in completed]


def test_options_and_their_values_are_completed() -> None:
    words = {"_COMP_COMPLETE": "bash_complete", "COMP_WORDS": "comp lint --format s", "COMP_CWORD": "3"}
    done = subprocess.run([COMP], env=words, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == "plain,sarif\n"


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("comp update tr", "plain,ml/train\n"),
        ("comp status nlp/", "plain,nlp/parse\n"),
        ("comp remove ", "plain,ml/train\nplain,nlp/parse\n"),
        ("comp search --registry sh", "plain,shared\n"),
        ("comp search --registry ./", "dir,./\n"),
    ],
)
def test_names_of_the_project_are_completed(tmp_path: Path, line: str, completed: str) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.comp.registries]\nshared = "https://components.example"\n')
    entry = {"version": "1.0.0", "digest": f"sha256:{'0' * 64}", "image": "a", "requested": "^1", "registry": "shared"}
    entries = {name: entry | {"path": f"components/{name}/component.yaml"} for name in ("ml/train", "nlp/parse")}
    (tmp_path / "components.lock").write_text(json.dumps({"version": 1, "components": entries}))
    words = {"_COMP_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    done = subprocess.run([COMP], env=words, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout, done.stderr) == (completed, "")

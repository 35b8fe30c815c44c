"""What commands leave for GitHub Actions beside their text."""

import json
import os
from pathlib import Path

from tests.collections import collection, component
from tests.commands import comp, run_program

SETTINGS = """[project]
name = "a"
version = "1"

[tool.comp]
entrypoint = "a:f"
imagee = "x"
"""


def test_an_error_is_an_annotation_too(tmp_path: Path) -> None:
    (tmp_path / "ml").mkdir()
    (tmp_path / "ml" / "pyproject.toml").write_text(SETTINGS)
    environ = {**os.environ, "GITHUB_WORKSPACE": str(tmp_path)}
    plain = comp("build", folder=tmp_path / "ml", env={**environ, "GITHUB_ACTIONS": ""})
    result = comp("build", folder=tmp_path / "ml", env={**environ, "GITHUB_ACTIONS": "true"})
    assert (result.code, result.out) == (plain.code, plain.out) == (1, "")
    assert result.err.startswith(plain.err)
    command = result.err.removeprefix(plain.err)
    assert command.startswith("::error file=ml/pyproject.toml,line=7,")
    assert command.count("\n") == 1


def test_findings_count_from_the_top_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "ml").mkdir()
    (tmp_path / "ml" / "component.yaml").write_text("name: [\n")
    environ = {**os.environ, "GITHUB_WORKSPACE": str(tmp_path)}
    result = comp("lint", "component.yaml", "--format", "github", folder=tmp_path / "ml", env=environ)
    assert result.out.startswith("::error file=ml/component.yaml,line=")


def test_outputs_and_summary_of_builds(tmp_path: Path, debian_base: Path) -> None:
    root, output, summary = collection(tmp_path / "work", "one", "two"), tmp_path / "output", tmp_path / "summary"
    environ = {
        **os.environ,
        "COMP_CACHE_DIR": str(tmp_path / "cache"),
        "COMP_BASE": f"layout:{debian_base}",
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    result = comp("build", "--all", folder=root, env={**environ, "GITHUB_OUTPUT": str(output)})
    assert result.code == 0, result.err
    digests = dict(line.split(" ") for line in result.out.splitlines())
    name, _, value = output.read_text().removesuffix("\n").partition("=")
    assert (name, json.loads(value)) == ("images", digests)
    title, _, header, _, *rows = summary.read_text().splitlines()
    assert (title, header) == ("### comp build", "| component | result | digest | time |")
    assert [row.split(" | ")[0] for row in rows if row] == ["| one", "| two"]

    one = comp("build", "components/one", "--output-file", output, folder=root, env=environ)
    assert one.out == digests["one"] + "\n"
    outputs = f"image={digests['one']}\ndigest={digests['one']}\n"
    assert output.read_text().endswith(f"}}\n{outputs}")
    words = ("--junit", "build.xml", "--output-file", "output")
    reported = comp("build", "components/one", *words, folder=root, env=environ)
    assert (reported.out, (root / "output").read_text()) == (one.out, outputs)


def test_since(tmp_path: Path, debian_base: Path) -> None:
    root = collection(tmp_path / "work", "one", "two")
    (root / ".git").rmdir()
    git = ("git", "-C", root, "-c", "user.name=a", "-c", "user.email=a@example.com")
    run_program("git", "init", "-q", "-b", "main", root)
    environ = {**os.environ, "COMP_CACHE_DIR": str(tmp_path / "cache"), "COMP_BASE": f"layout:{debian_base}"}

    def build(*words: str) -> list[str]:
        """Return the names of the components that were built."""
        result = comp("build", *words, folder=root, env=environ)
        assert result.code == 0, result.err
        return sorted(line.split(" ")[0] for line in result.out.splitlines())

    assert build("--all", "--since", "") == ["one", "two"]
    # The builds wrote locks.
    run_program(*git, "add", ".")
    run_program(*git, "commit", "-q", "-m", "x")
    assert build("--all", "--since", "main") == []
    result = comp("build", "--all", "--since", "main", "--format", "json", folder=root, env=environ)
    assert json.loads(result.out)["components"] == []
    assert result.err == "no component changed since main\n"
    (root / "components" / "two" / "src" / "more.py").write_text("MORE = 1\n")
    component(root / "components" / "three")
    assert build("--all", "--since", "main") == ["three", "two"]
    assert build("components/one", "--all", "--since", "main") == []
    for command in ("build", "generate", "lint", "test"):
        refused = comp(command, "--since", "main", folder=root, env=environ)
        assert (refused.code, refused.out) == (2, "")
        assert "error: --since chooses among the components of --all\n" in refused.err
        unknown = comp(command, "--all", "--since", "absent", folder=root, env=environ)
        assert (unknown.code, unknown.out) == (2, "")
        assert "absent" in unknown.err

"""`comp changed` as CI calls it."""

import json
from pathlib import Path

import pytest

from tests.acceptance.test_ci_definitions import check_schema
from tests.commands import Result, comp
from tests.repositories import ENVIRON, Repo, make_repository

SETTINGS = '[project]\nname = "{}"\nversion = "1"\n[tool.comp]\nentrypoint = "code:step"\n'


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    files: dict[str, str | bytes | None] = {"gone/pyproject.toml": SETTINGS.format("gone")}
    for name in ("train", "split"):
        files |= {f"steps/{name}/pyproject.toml": SETTINGS.format(name), f"steps/{name}/code.py": "def step(): ...\n"}
    repo = make_repository(tmp_path / "repo", files)
    repo.git("rm", "-r", "-q", "gone")
    repo.commit({"steps/train/code.py": "def step(): pass\n", "steps/train/tests/x": ""})
    return repo


def _changed(repo: Repo, *words: str, below: str = "", **environ: str) -> Result:
    return comp(*words, folder=repo.folder / below, env=ENVIRON | environ)


def test_paths_on_stdout_and_the_rest_on_stderr(repo: Repo) -> None:
    short = repo.git("rev-parse", "HEAD~1")[:9]
    done = _changed(repo, "-v", "changed", "--since", "HEAD~1")
    assert done.code == 0
    assert done.out == "steps/train\n"
    assert done.err == (f"train: code, tests\nremoved: gone (gone)\n1 of 2 components changed since HEAD~1 ({short})\n")
    done = _changed(repo, "-q", "changed", "--since", "HEAD~1", below="steps")
    assert (done.out, done.err) == ("train\n", "")
    done = _changed(repo, "changed", "--since", "HEAD")
    assert (done.code, done.out) == (0, "")


def test_outputs_and_a_summary_for_github(repo: Repo, tmp_path: Path) -> None:
    output, summary = tmp_path / "output", tmp_path / "summary"
    words = ("changed", "--format", "github-matrix", "--since")
    done = _changed(repo, *words, "HEAD~1", GITHUB_OUTPUT=str(output), GITHUB_STEP_SUMMARY=str(summary))
    matrix = '{"include": [{"component": "train", "path": "steps/train", "reason": "code, tests"}]}'
    assert done.out == f"{matrix}\n"
    assert output.read_text() == f"any=true\ncount=1\nmatrix={matrix}\n"
    assert "| train | code, tests |" in summary.read_text()
    done = _changed(repo, *words, "HEAD", "--output-file", str(tmp_path / "none"))
    assert done.out == '{"include": []}\n'
    assert (tmp_path / "none").read_text() == 'any=false\ncount=0\nmatrix={"include": []}\n'


@pytest.mark.parametrize("words", [["HEAD~1"], ["HEAD"], ["HEAD~1", "--include", "ci/component.yml"]])
def test_gitlab_takes_the_child_pipeline(repo: Repo, tmp_path: Path, words: list[str]) -> None:
    done = _changed(repo, "changed", "--format", "gitlab", "--since", *words)
    assert done.code == 0, done.err
    path = tmp_path / "child.gitlab-ci.yml"
    path.write_text(done.out)
    check_schema("vendor.gitlab-ci", path)


def test_json(repo: Repo) -> None:
    data = json.loads(_changed(repo, "changed", "--format", "json", "--since", "HEAD~1").out)
    assert data["since"] == {"reference": "HEAD~1", "commit": repo.git("rev-parse", "HEAD~1")}
    assert data["removed"] == [{"component": "gone", "path": "gone"}]


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        ([], 2, "error: missing option '--since'\n\nhint: see comp changed --help\n"),
        (["--since", "mian"], 2, "error: mian is not a branch, a tag or a commit of this clone\n\nhint: did you mean"),
        (["--since", ""], 2, "error: the reference is empty\n\nhint: name a branch, a tag or a commit, such as"),
        (["--since", "HEAD", "--include", "x"], 2, "error: --include is for --format gitlab\n\nhint: leave it out\n"),
        (["--since", "HEAD", "missing"], 1, "error: missing is not a folder\n\nhint: give the folder"),
    ],
)
def test_what_is_refused(repo: Repo, words: list[str], code: int, error: str) -> None:
    done = _changed(repo, "changed", *words)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(error), done.err


def test_outside_of_a_repository(tmp_path: Path) -> None:
    done = comp(
        "changed", "--since", "main", folder=tmp_path, env=ENVIRON | {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    )
    assert done.code == 2
    assert done.err == (f"error: {tmp_path} is not in a git repository\n\nhint: run it in a clone of your repository\n")

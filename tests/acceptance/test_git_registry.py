"""A registry in a git repository, as users publish to it and read it."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.commands import comp
from tests.git_registry import Upstream, environ_for, make_upstream

CONTRACT = """\
name: Train model
description: Fit a classifier
inputs:
- {name: c, type: Float, default: '1.0', description: Strength}
implementation:
  container:
    image: registry.example.com/ml/train@sha256:%s
    command: [train, {inputValue: c}]
"""
PROJECT = '[project]\nname = "train-model"\nversion = "%s"\n\n[tool.comp]\ncommand = ["train"]\nnamespace = "ml"\n'


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return make_upstream(tmp_path / "upstream.git")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    return environ_for(tmp_path / "cache") | {"HOME": str(home), "COMP_STATE_DIR": os.environ["COMP_STATE_DIR"]}


@pytest.fixture
def component(tmp_path: Path) -> Path:
    folder = tmp_path / "train_model"
    folder.mkdir()
    put(folder, "1.0.0", "0")
    return folder


def put(folder: Path, version: str, digit: str) -> None:
    (folder / "component.yaml").write_text(CONTRACT % (digit * 64))
    (folder / "pyproject.toml").write_text(PROJECT % version)


def test_a_team_publishes_reviews_and_adds(
    upstream: Upstream, component: Path, tmp_path: Path, environ: Mapping[str, str]
) -> None:
    env, place = dict(environ), str(upstream.place)
    first = comp("publish", component, "--no-image-check", "--registry", place, folder=tmp_path, env=env)
    assert first.code == 0, first.err
    assert (first.out.split()[0], first.err) == ("ml/train-model@1.0.0", f"making a registry of {place}\n")
    found = comp("search", "classifier", "--registry", place, folder=tmp_path, env=env)
    assert (found.code, found.out) == (0, "ml/train-model@1.0.0  Fit a classifier\n")
    put(component, "1.0.1", "1")
    reviewed = comp(
        "publish", component, "--no-image-check", "--registry", place, "--branch", "topic", folder=tmp_path, env=env
    )
    assert reviewed.code == 0
    assert reviewed.err == (
        f"pushed ml/train-model 1.0.1 to the branch topic of {place}\n"
        "next: open a pull request of topic into main; readers see it when that is merged\n"
    )
    assert upstream.subjects("topic") == ["ml/train-model 1.0.0", "ml/train-model 1.0.1"]
    added = comp("add", "ml/train-model", "--registry", place, folder=tmp_path, env=env)
    assert (added.code, added.err) == (0, "added ml/train-model@1.0.0\n")
    branch = comp("add", "ml/train-model", "--registry", f"{place}#topic", "--into", "b", folder=tmp_path, env=env)
    assert branch.code == 1, "the name was added from another branch"
    put(component, "1.0.0", "2")
    taken = comp("publish", component, "--no-image-check", "--registry", place, folder=tmp_path, env=env)
    assert taken.code == 1
    assert "[V604]" in taken.err


def test_a_dry_run_sees_an_empty_repository_as_the_publisher_will(
    upstream: Upstream, component: Path, tmp_path: Path, environ: Mapping[str, str]
) -> None:
    env, place = dict(environ), str(upstream.place)
    words = ("--no-image-check", "--dry-run", "--registry", place)
    tried = comp("publish", component, *words, folder=tmp_path, env=env)
    assert (tried.code, tried.out.split()[0]) == (0, "ml/train-model@1.0.0"), tried.err
    assert tried.err.startswith("would publish ml/train-model@1.0.0 (")
    refused = comp("publish", component, *words, "--branch", "not..one", folder=tmp_path, env=env)
    assert (refused.code, refused.out) == (2, "")
    assert "cannot be the name of a branch" in refused.err
    found = comp("import", component, *words[1:], "--namespace", "ml", "--branch", "not..one", folder=tmp_path, env=env)
    assert (found.code, found.out) == (2, "")
    assert upstream.git("for-each-ref") == ""


def test_a_mark_on_a_branch_holds_only_there(
    upstream: Upstream, component: Path, tmp_path: Path, environ: Mapping[str, str]
) -> None:
    env, place = dict(environ), str(upstream.place)
    assert comp("publish", component, "--no-image-check", "--registry", place, folder=tmp_path, env=env).code == 0
    words = ("ml/train-model@1.0.0", "--reason", "wrong", "--registry", place, "--branch", "topic")
    yanked = comp("yank", *words, folder=tmp_path, env=env)
    assert yanked.code == 0
    assert yanked.err.endswith("ml/train-model@1.0.0 is yanked on the branch topic\n")
    again = comp("yank", *words, folder=tmp_path, env=env)
    assert (again.code, again.err) == (0, "ml/train-model@1.0.0 is yanked on the branch topic already\n")


def test_without_the_repository_what_was_fetched_is_used(
    upstream: Upstream, component: Path, tmp_path: Path, environ: Mapping[str, str]
) -> None:
    env, place = dict(environ), str(upstream.place)
    assert comp("publish", component, "--no-image-check", "--registry", place, folder=tmp_path, env=env).code == 0
    found = comp("search", "--registry", place, "--offline", folder=tmp_path, env=env)
    assert (found.code, found.out) == (3, "")
    assert "was never fetched here, and comp is offline" in found.err
    assert comp("search", "--registry", place, folder=tmp_path, env=env).code == 0
    upstream.folder.rename(tmp_path / "moved")
    found = comp("search", "--registry", place, "--offline", folder=tmp_path, env=env)
    assert (found.code, found.out) == (0, "ml/train-model@1.0.0  Fit a classifier\n")
    assert found.err.startswith(f"offline: using what was fetched of {place} a moment ago\n")


@pytest.mark.parametrize("command", ["reindex", "gc"])
def test_what_needs_files_is_run_in_a_clone(
    upstream: Upstream, component: Path, tmp_path: Path, environ: Mapping[str, str], command: str
) -> None:
    env, place = dict(environ), str(upstream.place)
    assert comp("publish", component, "--no-image-check", "--registry", place, folder=tmp_path, env=env).code == 0
    refused = comp("registry", command, "--registry", place, folder=tmp_path, env=env)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.endswith(f"hint: in a clone of the repository: comp registry {command} --registry .\n")
    upstream.git("clone", "-q", str(upstream.folder), str(tmp_path / "clone"))
    assert comp("registry", command, "--registry", ".", folder=tmp_path / "clone", env=env).code == 0


def test_a_folder_for_git_outside_of_a_repository_is_named(
    upstream: Upstream, tmp_path: Path, environ: Mapping[str, str]
) -> None:
    env = dict(environ)
    made = comp("registry", "init", "--git", "plain", folder=tmp_path, env=env)
    assert (made.code, made.out) == (0, "plain\n")
    said = "warning: plain is in no git repository, so that nothing is committed; `git init` makes one\n"
    assert said in made.err
    upstream.git("clone", "-q", str(upstream.folder), str(tmp_path / "clone"))
    inside = comp("registry", "init", "--git", "clone/components", folder=tmp_path, env=env)
    assert (inside.code, "warning" in inside.err) == (0, False)

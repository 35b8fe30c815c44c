"""The workflow that `comp ci init github` writes, run step by step: a pull request, a push, a release.

Git, bash, comp and the distribution server are real. `docker login` only writes docker's file, and `sudo` does nothing.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from tests.commands import ok, run_program
from tests.github_workflow import Event, Workflow
from tests.registries import serving_registry

SETTINGS = """[project]
name = "{name}"
version = "{version}"
requires-python = ">=3.11"

[tool.comp]
entrypoint = "code:f"
namespace = "ml"
"""
CODE = '''def f(x: int) -> int:
    """Add.

    Args:
        x: A number.
    """
    return x + {number}
'''
CASE = "inputs: {x: 1}\noutputs:\n  Output: {equals: 2}\n"
DOCKER = """#!/usr/bin/env python3
import base64, json, os, pathlib, sys
_, command, host, option, user, stdin = sys.argv
assert (command, option, stdin) == ("login", "--username", "--password-stdin"), sys.argv
login = base64.b64encode(f"{user}:{sys.stdin.read().strip()}".encode()).decode()
path = pathlib.Path(os.environ["HOME"], ".docker", "config.json")
path.parent.mkdir()
path.write_text(json.dumps({"auths": {host: {"auth": login}}}))
"""
GIT = ("-c", "user.name=a", "-c", "user.email=a@example.com")
PULL_REQUEST = Event(name="pull_request", ref="refs/pull/1/merge")
PUSH = Event(name="push", ref="refs/heads/main")
RELEASE = Event(name="push", ref="refs/tags/v1")


class World:
    """A repository with components `one` and `two` in a folder, its server of git, and one of images."""

    def __init__(self, folder: Path, host: str, environ: dict[str, str]) -> None:
        self.folder, self.host = folder / "repository", host
        self.origin = folder / "origin.git"
        run_program("git", "init", "-q", "--bare", "-b", "main", self.origin)
        run_program("git", "clone", "-q", self.origin, self.folder)
        run_program("git", "-C", self.folder, "checkout", "-q", "-B", "main")
        for name in ("one", "two"):
            self.component(name)
        self.root = self.folder / "my components"
        for words in (("generate", "--all"), ("lock", "--all")):
            ok(*words, folder=self.root, env=environ)
        prefix = f"{host}/team"
        ok("ci", "init", "github", "--root", self.root, "--image-prefix", prefix, folder=self.folder, env=environ)
        path = self.folder / ".github/workflows/components.yaml"
        self.workflow = Workflow(
            document=yaml.safe_load(path.read_text()),
            origin=self.origin,
            state=folder / "state",
            environ=environ,
            secrets={"REGISTRY_USERNAME": "ann", "REGISTRY_PASSWORD": "s3cret"},
        )
        self.commit()
        self.git("push", "-q", "origin", "main")

    def component(self, name: str, *, number: int = 1, version: str = "1.0.0") -> None:
        folder = self.folder / "my components" / name
        (folder / "src").mkdir(parents=True, exist_ok=True)
        (folder / "pyproject.toml").write_text(SETTINGS.format(name=name, version=version))
        (folder / "src" / "code.py").write_text(CODE.format(number=number))
        if name == "two":
            (folder / "tests" / "cases" / "first").mkdir(parents=True, exist_ok=True)
            (folder / "tests" / "cases" / "first" / "case.yaml").write_text(CASE)

    def git(self, *words: str | Path) -> str:
        return run_program("git", *GIT, "-C", self.folder, *words)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "-q", "-m", "x")

    def pull_request(self) -> None:
        """Commit the changes to a branch, and merge it for a pull request as GitHub does."""
        self.git("checkout", "-q", "-B", "feature")
        self.commit()
        self.git("checkout", "-q", "-B", "merge", "main")
        self.git("merge", "-q", "--no-ff", "-m", "merge", "feature")
        self.git("push", "-q", "-f", "origin", "HEAD:refs/pull/1/merge")
        self.git("checkout", "-q", "main")

    def registry(self) -> dict[str, dict[str, str]]:
        """Return what the branch component-registry has of each component's version 1.0.0."""
        folder = self.folder.parent / "registry"
        if not folder.exists():
            run_program("git", "clone", "-q", "-b", "component-registry", self.origin, folder)
        words = ("--registry", folder, "--format", "json")
        return {name: json.loads(ok("show", f"ml/{name}@1.0.0", *words)) for name in ("one", "two")}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, debian_base: Path) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("workflow")
    programs = folder / "programs"
    programs.mkdir()
    # No engine: cases run as processes.
    for name, text in (("docker", DOCKER), ("sudo", "#!/bin/sh\n"), ("buildah", "#!/bin/sh\nexit 1\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    kept = ("LANG", "COMP_TEST_CACHE", "SSL_CERT_FILE")
    environ = {name: os.environ[name] for name in kept if name in os.environ} | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(folder),
        "DOCKER_HOST": "tcp://127.0.0.1:9",
        "COMP_BASE": f"layout:{debian_base}",
    }
    with serving_registry(folder / "images", password=True) as host:
        yield World(folder, host, environ)


def images(log: str) -> dict[str, str]:
    """Return the image of each component that a build printed: a digest, or a reference by digest."""
    return dict(re.findall(r"^(one|two) (\S*sha256:[0-9a-f]{64})$", log, re.MULTILINE))


def test_a_pull_request_builds_what_it_changes_and_pushes_nothing(world: World) -> None:
    (world.root / "two" / "src" / "more.py").write_text("MORE = 1\n")
    world.pull_request()
    ran = world.workflow.run(PULL_REQUEST)
    assert (ran.failed, ran.jobs) == (None, ["check"]), ran.log("check")
    assert images(ran.log("check")).keys() == {"two"}
    assert re.search(r"^ok .*first \(process\)$", ran.log("check"), re.MULTILINE)
    assert "s3cret" not in ran.log("check")
    assert any("| two |" in summary for summary in ran.summaries)


def test_a_pull_request_that_changes_nothing(world: World) -> None:
    (world.folder / "README.md").write_text("# Components\n")
    world.pull_request()
    ran = world.workflow.run(PULL_REQUEST)
    assert (ran.failed, ran.jobs) == (None, ["check"]), ran.log("check")
    assert images(ran.log("check")) == {}


def test_a_pull_request_with_a_mistake_fails_at_its_line(world: World) -> None:
    path = world.root / "one" / "pyproject.toml"
    before = path.read_text()
    path.write_text(before.replace("namespace", "namespacee"))
    world.pull_request()
    path.write_text(before)
    ran = world.workflow.run(PULL_REQUEST)
    assert ran.failed == ("check", "Check settings and contracts")
    assert "::error file=my components/one/pyproject.toml,line=8" in ran.log("check")


def test_a_push_to_another_branch_starts_nothing(world: World) -> None:
    assert world.workflow.run(Event(name="push", ref="refs/heads/feature")).jobs == []


def test_a_push_and_a_release(world: World) -> None:
    pushed = world.workflow.run(PUSH)
    assert (pushed.failed, pushed.jobs) == (None, ["check", "push"]), pushed.logs
    references = images(pushed.log("push"))
    # The digest that was tested is the digest that is pushed.
    assert references == {
        name: f"{world.host}/team/{name}@{digest}" for name, digest in images(pushed.log("check")).items()
    }
    assert references.keys() == {"one", "two"}
    contracts = pushed.artifacts["contracts"]
    assert contracts.keys() == {f"my components/{name}/component.yaml" for name in references}
    for name, reference in references.items():
        assert f"image: {reference}\n" in contracts[f"my components/{name}/component.yaml"]

    world.git("tag", "v1", "main")
    world.git("push", "-q", "origin", "v1")
    released = world.workflow.run(RELEASE)
    assert (released.failed, released.jobs) == (None, ["check", "push", "publish"]), released.logs
    assert images(released.log("publish")) == references
    found = world.registry()
    assert {name: release["image"] for name, release in found.items()} == references

    # A second tag publishes only what is new, on top of the first.
    world.component("two", number=1, version="1.1.0")
    ok("generate", "two", folder=world.root, env=dict(world.workflow.environ))
    world.commit()
    world.git("push", "-q", "origin", "main")
    world.git("tag", "-f", "v1", "main")
    world.git("push", "-q", "-f", "origin", "v1")
    again = world.workflow.run(RELEASE, again="publish")
    assert again.failed is None, again.logs
    log = run_program("git", "-C", world.origin, "log", "--format=%s", "component-registry")
    assert log == "Publish v1\nPublish v1\nBegin the component registry\n"


def test_a_push_with_a_wrong_password(world: World) -> None:
    workflow = replace(world.workflow, secrets={"REGISTRY_USERNAME": "ann", "REGISTRY_PASSWORD": "wrong-password"})
    ran = workflow.run(PUSH, again="push")
    assert ran.failed == ("push", "Push the images and pin the contracts")
    assert "::error title=" in ran.log("push")
    assert "wrong-password" not in ran.log("push")


def test_the_scripts_for_gitlab(world: World, tmp_path: Path) -> None:
    definition, clone = tmp_path / "gitlab.yml", tmp_path / "clone"
    environ = dict(world.workflow.environ)
    words = ("--root", world.root, "--image-prefix", f"{world.host}/gitlab", "--output", definition)
    ok("ci", "init", "gitlab", *words, env=environ)
    document = yaml.safe_load(definition.read_text())
    run_program("git", "clone", "-q", f"file://{world.origin}", clone)
    environ |= {"CI_PROJECT_DIR": str(clone), "HOME": str(tmp_path), **document[".components"]["variables"]}

    def run(job: str, **variables: str) -> str:
        """Run the script of a job as GitLab's runner does, and return its output."""
        script = "\n".join([*document[".components"]["before_script"], *document[job]["script"]])
        command = ["bash", "-eo", "pipefail", "-c", script]
        done = subprocess.run(
            command, cwd=clone, env=environ | variables, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    checked = images(run("components-check"))
    assert (clone / "junit.xml").is_file()
    login = {"REGISTRY_USERNAME": "ann", "REGISTRY_PASSWORD": "s3cret"}
    pushed = images(run("components-push", **login))
    assert pushed == {name: f"{world.host}/gitlab/{name}@{digest}" for name, digest in checked.items()}
    assert not (tmp_path / ".docker").exists()

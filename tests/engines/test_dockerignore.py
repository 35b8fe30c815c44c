"""Docker itself takes the same files into a build as our patterns do."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.daemons import require
from toolkit.builders.ignore import read_patterns

FILES = (
    *(
        "a/b/c.txt",
        "a/b/d.py",
        "a/e.txt",
        "b/c.txt",
        "c.txt",
        "d.py",
        ".env",
        ".git/config",
        "x1",
        "x2",
        "deep/er/still/f",
    ),
    *(
        "node_modules/m/index.js",
        "with space",
        "logs/one.log",
        "logs/keep/two.log",
        "UPPER.TXT",
        "a.b.c",
        "brackets[1]",
    ),
)
TABLE = (
    "",
    "*",
    "**",
    "a",
    "a/",
    "/a/",
    "a/*",
    "a/**",
    "**/c.txt",
    "**/b",
    "a/**/c.txt",
    "*.txt",
    "**/*.txt",
    "?1",
    "x[12]",
    "x[^1]",
    "*\n!d.py",
    "*\n!a/b/c.txt",
    "**\n!a",
    "a\n!a/b\na/b/d.py",
    "!a/b/c.txt\na",
    "logs\n!logs/keep",
    "logs/*\n!logs/keep/*.log",
    ".*",
    "**/.*",
    "*space",
    "# a\na/e.txt",
    "  c.txt  ",
    "./d.py",
    "deep/**/f",
    "deep/*/f",
    "a.b.*",
    "*.TXT",
    r"brackets\[1\]",
    "**/m/**\n!**/index.js",
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("context")
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /taken/\n")
    return folder


@pytest.mark.parametrize("patterns", TABLE)
def test_docker_takes_the_same_files(tree: Path, docker_host: str, tmp_path: Path, patterns: str) -> None:
    (tree / ".dockerignore").write_text(patterns + "\n")
    docker = [require("docker"), "--host", docker_host]
    # The builder without BuildKit needs nothing but the daemon.
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}

    def run(*words: str) -> str:
        done = subprocess.run(
            [*docker, *words], env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    image = run("build", "--quiet", "--file", str(tree / "Dockerfile"), str(tree))
    container = run("create", image, "none")
    run("export", "--output", str(tmp_path / "taken.tar"), container)
    run("rm", container)
    with tarfile.open(tmp_path / "taken.tar") as archive:
        names = {member.name.removeprefix("taken/") for member in archive if member.isfile()}
    ours = read_patterns(tree)
    assert names & set(FILES) == {name for name in FILES if not ours.verdict(name)}

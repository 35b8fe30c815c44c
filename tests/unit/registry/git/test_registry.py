"""Publishing to a git repository: commits, races, branches for review, and repositories of other things."""

import logging
import multiprocessing
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.git_registry import Upstream, environ_for, make_upstream
from tests.git_server import serving_pushes
from tests.releases import contract, publish, release
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError, RemoteError, UsageError
from toolkit.registry.finding import find
from toolkit.registry.folder import layout
from toolkit.registry.git.registry import GitRegistry
from toolkit.registry.marks import Yank
from toolkit.registry.names import Name, parse_request
from toolkit.registry.place import parse_place
from toolkit.registry.release import CONTRACT
from toolkit.registry.semver import parse_version

TRAIN = Name("ml", "train")
ONE = parse_version("1.0.0")
PUBLISHERS = 8


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return make_upstream(tmp_path / "upstream.git")


@pytest.fixture
def ann(tmp_path: Path) -> Mapping[str, str]:
    return environ_for(tmp_path / "ann")


@pytest.fixture
def bob(tmp_path: Path) -> Mapping[str, str]:
    return environ_for(tmp_path / "bob")


def opened(upstream: Upstream, environ: Mapping[str, str], review: str | None = None) -> GitRegistry:
    return GitRegistry.open(upstream.place, environ, review=review)


def test_a_release_is_a_commit_that_others_read(
    upstream: Upstream, ann: Mapping[str, str], bob: Mapping[str, str]
) -> None:
    new = release(readme=b"# Train\n")
    assert publish(opened(upstream, ann), new, readme=b"# Train\n")
    assert upstream.subjects() == ["ml/train 1.0.0"]
    assert upstream.git("log", "-1", "--format=%an <%ae>", "main") == "A <a@example.com>\n"
    blobs = sorted(layout.blob(Digest.of(data)) for data in (contract("1.0.0"), b"# Train\n"))
    assert upstream.files() == [".gitattributes", ".gitignore", *blobs, layout.record(TRAIN, ONE), "config.json"]
    seen = GitRegistry.read(upstream.place, bob)
    found = find(seen, parse_request("ml/train@^1"))
    assert (found, seen.content(found, CONTRACT)) == (new, contract("1.0.0"))
    assert (seen.names(), [entry.name for entry in seen.entries(["train"])]) == ([TRAIN], ["ml/train"])


def test_each_release_is_a_commit_of_its_own(upstream: Upstream, ann: Mapping[str, str]) -> None:
    registry = opened(upstream, ann)
    assert [publish(registry, release(version)) for version in ("1.0.0", "1.1.0", "1.0.0")] == [True, True, False]
    assert upstream.subjects() == ["ml/train 1.0.0", "ml/train 1.1.0"]
    assert registry.versions(TRAIN) == [ONE, parse_version("1.1.0")]


def test_the_second_of_two_publishers_learns_who_won(
    upstream: Upstream, ann: Mapping[str, str], bob: Mapping[str, str]
) -> None:
    first, second = opened(upstream, ann), opened(upstream, bob)
    publish(first, release())
    # Its view is older, so that only the push finds out.
    with pytest.raises(InputError, match=r"\[V604\]") as caught:
        publish(second, release(content=b"name: Other\n"), content=b"name: Other\n")
    assert str(Digest.of(contract("1.0.0"))) in caught.value.message
    third = opened(upstream, ann)
    publish(second, release("1.1.0"))
    assert publish(third, release("1.2.0"))
    assert upstream.subjects() == ["ml/train 1.0.0", "ml/train 1.1.0", "ml/train 1.2.0"]


def test_marks_are_commits_that_say_what_they_change(upstream: Upstream, ann: Mapping[str, str]) -> None:
    registry = opened(upstream, ann)
    publish(registry, release())
    yank = Yank(reason="it leaks", at="2026-01-01T00:00:00Z")
    marks = registry.change_marks(TRAIN, lambda marks: marks.with_yank(ONE, yank))
    assert registry.change_marks(TRAIN, lambda marks: marks) == marks
    assert GitRegistry.read(upstream.place, ann).marks(TRAIN) == marks
    registry.change_marks(TRAIN, lambda marks: marks.with_yank(ONE, None))
    assert upstream.subjects()[1:] == ["ml/train: yank 1.0.0", "ml/train: take back the yank of 1.0.0"]


def test_a_review_is_on_a_branch_until_it_is_merged(
    upstream: Upstream, ann: Mapping[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    publish(opened(upstream, ann), release())
    caplog.set_level(logging.INFO)
    publish(opened(upstream, ann, "topic"), release("1.1.0"))
    publish(opened(upstream, ann, "topic"), release("1.2.0"))
    assert "next: open a pull request of topic into main; readers see it when that is merged" in caplog.messages
    assert upstream.subjects() == ["ml/train 1.0.0"]
    assert upstream.subjects("topic")[1:] == ["ml/train 1.1.0", "ml/train 1.2.0"]
    assert GitRegistry.read(upstream.place, ann).versions(TRAIN) == [ONE]
    # What others read meanwhile is taken.
    publish(opened(upstream, ann), release("1.3.0"))
    with pytest.raises(InputError, match="V604"):
        publish(opened(upstream, ann, "topic"), release("1.3.0", content=b"x"), content=b"x")
    assert not publish(opened(upstream, ann, "topic"), release("1.3.0"))
    # Branches that begin at one commit merge without conflicts.
    tree = upstream.git("merge-tree", "--write-tree", "main", "topic").split()[0]
    merged = upstream.git("commit-tree", "-p", "main", "-p", "topic", "-m", "merge", tree).strip()
    upstream.git("update-ref", "refs/heads/main", merged)
    assert len(GitRegistry.read(upstream.place, ann).versions(TRAIN)) == 4


@pytest.mark.parametrize("name", ["a..b", "-x", "a b", ""])
def test_a_branch_needs_a_name(upstream: Upstream, ann: Mapping[str, str], name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a branch"):
        opened(upstream, ann, name)


def test_a_repository_of_other_files_stays_one(upstream: Upstream, ann: Mapping[str, str]) -> None:
    upstream.put({"README.md": ("100644", b"# Components\n"), ".github/x.yml": ("100644", b"x")})
    publish(opened(upstream, ann), release())
    assert "README.md" in upstream.files()
    other = make_upstream(upstream.folder.parent / "other.git")
    other.put({"src/a.py": ("100644", b"x")})
    with pytest.raises(InputError, match="has other files and is not a registry"):
        opened(other, ann)
    with pytest.raises(InputError, match=r"is not a component registry: there is no config\.json in it"):
        GitRegistry.read(other.place, ann)


def test_nothing_is_read_from_an_empty_repository(upstream: Upstream, ann: Mapping[str, str]) -> None:
    with pytest.raises(InputError, match="is not a component registry: it has no commit"):
        GitRegistry.read(upstream.place, ann)


def test_without_a_name_nothing_is_committed(upstream: Upstream, ann: Mapping[str, str]) -> None:
    nameless = {name: value for name, value in ann.items() if not name.endswith(("_NAME", "_EMAIL"))}
    nameless |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.useConfigOnly", "GIT_CONFIG_VALUE_0": "true"}
    with pytest.raises(UsageError, match="git does not know who you are") as caught:
        publish(opened(upstream, nameless), release())
    assert "git config --global user.name" in str(caught.value.hint)


def hook(upstream: Upstream, name: str, script: str) -> None:
    path = upstream.folder / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_server_that_refuses_is_quoted(upstream: Upstream, ann: Mapping[str, str]) -> None:
    hook(upstream, "pre-receive", "echo main is protected >&2; exit 1")
    with pytest.raises(OutsideError, match="refuses the push to main: main is protected") as caught:
        publish(opened(upstream, ann), release())
    assert "--branch NAME" in str(caught.value.hint)
    hook(upstream, "pre-receive", "exit 1")
    with pytest.raises(OutsideError, match="refuses the push to main: pre-receive hook declined"):
        publish(opened(upstream, ann), release())
    assert upstream.git("for-each-ref") == ""


def race(
    upstream: Upstream, environ: Mapping[str, str], number: int, version: str, results: "multiprocessing.Queue[str]"
) -> None:
    """Publish a content of one's own as a version."""
    content = f"name: Train {number}\n".encode()
    try:
        new = GitRegistry.open(upstream.place, environ).publish(release(version, content=content), {CONTRACT: content})
        results.put(f"won {number}" if new else "there")
    except InputError as error:
        results.put("lost" if "V604" in error.message else error.message)
    except BaseException as error:  # noqa: BLE001 (the test reads it)
        results.put(f"{type(error).__name__}: {error}")


def test_a_server_takes_releases_with_a_login(upstream: Upstream, ann: Mapping[str, str], tmp_path: Path) -> None:
    upstream.git("config", "http.receivepack", "true")
    with serving_pushes(upstream.folder.parent, user="ann:s3cret-word") as host:
        place = parse_place(f"git+http://ann:s3cret-word@{host}/upstream.git")
        assert publish(GitRegistry.open(place, ann), release())
        assert GitRegistry.read(place, ann).names() == [TRAIN]
        # The name and the password are no part of what is known of the place.
        bare = parse_place(f"git+http://{host}/upstream.git")
        with pytest.raises(RemoteError, match=f"git has no access to http://{host}/upstream.git"):
            GitRegistry.open(bare, ann)
    assert upstream.subjects() == ["ml/train 1.0.0"]
    kept = [path.read_bytes() for path in (tmp_path / "ann").rglob("*") if path.is_file()]
    assert not any(b"s3cret" in data for data in kept)


KILLER = """\
#!/bin/sh
# It runs as long as its caller.
case "$*" in *"cat-file --batch"*) exec {git} "$@";; esac
count=$(($(cat {folder}/count) + 1)); echo $count > {folder}/count
{git} "$@"; code=$?
if [ $count = {at} ]; then kill -9 $PPID; fi
exit $code
"""


def killing(folder: Path, environ: Mapping[str, str], at: int) -> Mapping[str, str]:
    """Return an environment in which the git that is called as number `at` kills its caller when it is done."""
    program = folder / "git"
    program.parent.mkdir(exist_ok=True)
    program.write_text(KILLER.format(folder=folder, at=at, git=shutil.which("git")))
    program.chmod(0o755)
    (folder / "count").write_text("0")
    return {**environ, "PATH": f"{folder}:{environ['PATH']}"}


def test_a_killed_publisher_leaves_no_half_release(upstream: Upstream, ann: Mapping[str, str], tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    results: multiprocessing.Queue[str] = context.Queue()
    publish(opened(upstream, ann), release("0.1.0"))
    number, code, done = 0, -int(signal.SIGKILL), ["0.1.0"]
    while code == -signal.SIGKILL:
        number += 1
        version = f"1.{number}.0"
        environ = killing(tmp_path / "bin", ann, number)
        publisher = context.Process(target=race, args=(upstream, environ, number, version, results))
        publisher.start()
        publisher.join(timeout=300)
        code = publisher.exitcode or 0
        seen = GitRegistry.read(upstream.place, ann)
        for each in seen.versions(TRAIN):
            seen.content(seen.release(TRAIN, each), CONTRACT)
        assert {*map(str, seen.versions(TRAIN))} - {version} == {*done}
        # The next one works, and finds what the killed one has pushed.
        content = f"name: Train {number}\n".encode()
        GitRegistry.open(upstream.place, ann).publish(release(version, content=content), {CONTRACT: content})
        done.append(version)
    assert (code, results.get(timeout=60)[:3]) == (0, "won")
    assert number > 5
    assert upstream.subjects() == [f"ml/train {version}" for version in done]


# COMP_TEST_ROUNDS=300 for the whole proof, by hand.
@pytest.mark.parametrize("number", range(int(os.environ.get("COMP_TEST_ROUNDS", "1"))))
def test_of_racing_publishers_one_wins(upstream: Upstream, tmp_path: Path, number: int) -> None:
    version = f"1.{number}.0"
    context = multiprocessing.get_context("fork")
    results: multiprocessing.Queue[str] = context.Queue()
    racers = [
        # Two by two they share a clone.
        context.Process(
            target=race, args=(upstream, environ_for(tmp_path / f"user{each // 2}"), each, version, results)
        )
        for each in range(PUBLISHERS)
    ]
    for racer in racers:
        racer.start()
    outcomes = sorted(results.get(timeout=300) for _ in racers)
    for racer in racers:
        racer.join()
    assert outcomes[:-1] == ["lost"] * (PUBLISHERS - 1)
    winner = outcomes[-1].removeprefix("won ")
    seen = GitRegistry.read(upstream.place, environ_for(tmp_path / "reader"))
    content = f"name: Train {winner}\n".encode()
    assert seen.content(seen.release(TRAIN, parse_version(version)), CONTRACT) == content
    assert upstream.subjects() == [f"ml/train {version}"]

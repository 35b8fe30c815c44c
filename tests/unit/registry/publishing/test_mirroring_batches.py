"""Mirrors into git: many releases with one push, whatever others push meanwhile."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.git_registry import Upstream, environ_for, make_upstream
from tests.releases import publish, release
from toolkit.errors import RemoteError
from toolkit.registry.folder.directory import Directory
from toolkit.registry.git.registry import GitRegistry
from toolkit.registry.marks import Marks, Yank
from toolkit.registry.names import Name
from toolkit.registry.publishing import mirroring
from toolkit.registry.publishing.mirroring import Mirror, Mirrored
from toolkit.registry.semver import parse_version

FIT, TRAIN = Name("ml", "fit"), Name("ml", "train")
ONE = parse_version("1.0.0")


class Source(Directory):
    """A registry that does something the first time it is asked for the marks of ml/fit or ml/train."""

    at: Mapping[Name, Callable[[], object]] = {}

    def marks(self, name: Name) -> Marks:
        act, self.at = self.at.get(name), {each: do for each, do in self.at.items() if each != name}
        if act:
            act()
        return super().marks(name)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    registry = Directory.create(tmp_path / "source")
    for new in (release("1.0.0", name="fit"), release("1.0.0"), release("2.0.0")):
        publish(registry, new)
    yank = Yank(reason="broken", at="2026-01-01T00:00:00Z")
    registry.change_marks(TRAIN, lambda marks: marks.with_yank(ONE, yank))
    return Source(registry.root)


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    made = make_upstream(tmp_path / "upstream.git")
    made.git("config", "core.logAllRefUpdates", "true")
    return made


@pytest.fixture
def target(upstream: Upstream, tmp_path: Path) -> GitRegistry:
    return GitRegistry.open(upstream.place, environ_for(tmp_path / "ann"))


@pytest.fixture
def bob(upstream: Upstream, tmp_path: Path) -> GitRegistry:
    return GitRegistry.open(upstream.place, environ_for(tmp_path / "bob"))


def run(source: Directory, target: GitRegistry) -> list[Mirrored]:
    return list(Mirror(source=source, target=target, writable=target).run())


def pushes(upstream: Upstream) -> int:
    return len(upstream.git("reflog", "show", "main").splitlines())


def seen(upstream: Upstream, tmp_path: Path) -> GitRegistry:
    """Return the registry as another user has it."""
    return GitRegistry.open(upstream.place, environ_for(tmp_path / "reader"))


COMMITS = ["ml/fit 1.0.0", "ml/train 1.0.0", "ml/train 2.0.0"]


def test_many_releases_are_pushed_once_and_are_a_commit_each(
    source: Source, target: GitRegistry, upstream: Upstream, tmp_path: Path
) -> None:
    assert [(len(each.copied), each.problems) for each in run(source, target)] == [(1, ()), (2, ())]
    assert (upstream.subjects()[:3], len(upstream.subjects()), pushes(upstream)) == (COMMITS, 4, 1)
    assert seen(upstream, tmp_path).marks(TRAIN) == source.marks(TRAIN)
    assert [each.present for each in run(source, target)] == [1, 2]
    assert pushes(upstream) == 1


def test_batches_are_bounded(
    source: Source, target: GitRegistry, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirroring, "_BATCH", 1)
    run(source, target)
    assert (upstream.subjects()[:3], pushes(upstream)) == (COMMITS, 2)


def test_another_who_pushes_meanwhile_loses_nothing(
    source: Source, target: GitRegistry, bob: GitRegistry, upstream: Upstream, tmp_path: Path
) -> None:
    source.at = {TRAIN: lambda: publish(bob, release("3.0.0"))}
    assert [(len(each.copied), each.problems) for each in run(source, target)] == [(1, ()), (2, ())]
    found = seen(upstream, tmp_path)
    assert [str(version) for version in found.versions(TRAIN)] == ["1.0.0", "2.0.0", "3.0.0"]
    assert (found.names(), pushes(upstream)) == ([FIT, TRAIN], 2)


def test_a_version_that_another_won_is_the_only_problem(
    source: Source, target: GitRegistry, bob: GitRegistry, upstream: Upstream, tmp_path: Path
) -> None:
    source.at = {TRAIN: lambda: publish(bob, release("2.0.0", content=b"name: Other\n"), content=b"name: Other\n")}
    fit, train = run(source, target)
    assert ([str(each) for each in fit.copied], fit.problems) == (["ml/fit@1.0.0"], ())
    assert [str(each) for each in train.copied] == ["ml/train@1.0.0"]
    assert [problem.what for problem in train.problems] == ["ml/train@2.0.0"]
    assert seen(upstream, tmp_path).release(TRAIN, parse_version("2.0.0")).digest != release("2.0.0").digest


def test_those_who_are_faster_each_time_stop_no_mirror(
    source: Source, target: GitRegistry, bob: GitRegistry, upstream: Upstream, tmp_path: Path
) -> None:
    count = 0

    def again() -> None:
        nonlocal count
        count += 1
        publish(bob, release(f"9.0.{count}"))
        source.at = {TRAIN: again} if count < mirroring._TRIES else {}

    source.at = {TRAIN: again}
    assert [each.problems for each in run(source, target)] == [(), ()]
    assert len(seen(upstream, tmp_path).versions(TRAIN)) == 2 + mirroring._TRIES


def test_what_was_whole_when_the_source_went_down_is_pushed(
    source: Source, target: GitRegistry, upstream: Upstream, tmp_path: Path
) -> None:
    def down() -> None:
        raise RemoteError("the source does not answer", status=0)

    source.at = {TRAIN: down}
    with pytest.raises(RemoteError, match="does not answer"):
        run(source, target)
    assert seen(upstream, tmp_path).versions(FIT) == [ONE]


def test_a_server_that_refuses_the_push_is_named(source: Source, target: GitRegistry, upstream: Upstream) -> None:
    hook = upstream.folder / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no releases today >&2\nexit 1\n")
    hook.chmod(0o755)
    problems = [problem for each in run(source, target) for problem in each.problems]
    assert "no releases today" in problems[0].error.message + (problems[0].error.hint or "")
    assert target.names() == []

"""Copy releases from one registry to another, of whatever kinds: the same bytes, read and verified at both ends.

What is there is not sent again, so that a mirror that was cut off goes on where it stopped.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import partial
from typing import TypeVar

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import CompError, InputError, OutsideError, RemoteError, UsageError
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name
from toolkit.registry.protocol import Batching, Registry, WritableRegistry
from toolkit.registry.publishing.mirrored_images import ImageMirror
from toolkit.registry.release import CONTRACT, Release
from toolkit.registry.semver import Range, Version, parse_range

# Releases that are pushed together, and how often others may be faster before each is pushed by itself.
_BATCH = 100
_TRIES = 3

_Result = TypeVar("_Result")


class Pattern(Struct, frozen=True, kw_only=True):
    """Names with wildcards, and the versions of them."""

    name: str
    versions: Range | None = None

    def matches(self, name: Name) -> bool:
        """Return whether it is about a component."""
        return fnmatchcase(str(name), self.name)

    def allows(self, name: Name, version: Version) -> bool:
        """Return whether it allows a release."""
        return self.matches(name) and (self.versions is None or version in self.versions)


class Problem(Struct, frozen=True, kw_only=True):
    """What could not be mirrored, and why."""

    what: str
    error: CompError


class Mirrored(Struct, frozen=True, kw_only=True):
    """What came of one component: the releases that were copied, the number of those that were there before.

    `marked` says that its marks changed, `images` are its images in the mirror that are new.
    """

    name: Name
    copied: tuple[Release, ...] = ()
    present: int = 0
    marked: bool = False
    images: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def parse_pattern(text: str) -> Pattern:
    """Parse `ml/*`, `*/train` or `ml/train@^1`. Raises UsageError for a name without a namespace."""
    name, at, versions = text.partition("@")
    if name.count("/") != 1 or not all(name.split("/")):
        raise UsageError(f"--only {text!r} names no components", hint="write NAMESPACE/NAME or NAMESPACE/*")
    return Pattern(name=name, versions=parse_range(versions) if at else None)


def wanted_names(source: Registry, only: Sequence[Pattern]) -> list[Name]:
    """Return the names that patterns match, all without one. Raises InputError for a pattern that matches none."""
    names = source.names()
    for pattern in only:
        if not any(map(pattern.matches, names)):
            raise InputError(f"{source.place} has no component {pattern.name}", hint="`comp search` lists them")
    return [name for name in names if not only or any(pattern.matches(name) for pattern in only)]


class Mirror(Struct, frozen=True, kw_only=True):
    """What is mirrored, and how.

    With `verify` releases that are there are compared too, and not only the newest one. A `dry_run` reads alone.
    """

    source: Registry
    target: Registry
    # The same as `target`, None for a dry run.
    writable: WritableRegistry | None = None
    only: Sequence[Pattern] = ()
    images: ImageMirror | None = None
    verify: bool = False

    def run(self) -> Iterator[Mirrored]:
        """Mirror every component, and yield what came of each.

        What fails for one component does not stop the others, unless a server cannot be reached any more. Raises
        OutsideError for that, and InputError as `wanted_names` does.
        """
        names = wanted_names(self.source, self.only)
        if isinstance(self.writable, Batching):
            while names:
                done = self._batch(self.writable, names)
                yield from done
                del names[: len(done)]
        else:
            yield from map(self._component, names)

    def _batch(self, batching: Batching, names: Sequence[Name]) -> list[Mirrored]:
        """Mirror the first of these components with one push, so that what is cut off has lost one batch at most."""
        for _ in range(_TRIES):
            outcomes: list[Mirrored] = []
            batching.hold()
            try:
                for name in names:
                    outcomes.append(self._component(name))
                    if sum(len(outcome.copied) for outcome in outcomes) >= _BATCH:
                        break
            except CompError:
                # What is whole need not be read again.
                with suppress(CompError):
                    batching.send()
                raise
            try:
                if batching.send():
                    return outcomes
            except CompError as error:
                if isinstance(error, RemoteError) and not error.status:
                    raise
                # The server refuses something of it: one after the other, it says what.
                break
        return [self._component(name) for name in names[: len(outcomes)]]

    def _component(self, name: Name) -> Mirrored:
        """Mirror one component: its releases from the oldest on, its images, its marks."""
        problems: list[Problem] = []
        wanted = [
            version
            for version in self.source.versions(name)
            if not self.only or any(pattern.allows(name, version) for pattern in self.only)
        ]
        there = set(self.target.versions(name))
        copied = tuple(self._copied(name, (each for each in wanted if each not in there), problems))
        known = [version for version in wanted if version in there]
        for version in known if self.verify else known[-1:]:
            with_problem(problems, f"{name}@{version}", partial(self._compare, name, version))
        images = self._images(name, wanted, problems)
        marked = False
        # A mirror without releases has nothing to mark.
        if there or copied:
            marked = bool(with_problem(problems, str(name), partial(self._mark, name, images)))
        return Mirrored(
            name=name,
            copied=copied,
            present=len(known),
            marked=marked,
            images=tuple(images.values()),
            problems=tuple(problems),
        )

    def _copied(self, name: Name, versions: Iterable[Version], problems: list[Problem]) -> Iterator[Release]:
        """Copy releases, and yield those that were."""
        for version in versions:
            done = with_problem(problems, f"{name}@{version}", partial(self._copy, name, version))
            if done:
                yield done

    def _copy(self, name: Name, version: Version) -> Release:
        """Copy one release."""
        release = self.source.release(name, version)
        contents = {
            path: self.source.content(release, path) for path in (CONTRACT, *(file.path for file in release.files))
        }
        # Readers verify what they return; all that has the mirror relies on it.
        for path, content in contents.items():
            if Digest.of(content) != release.digest_of(path):
                raise OutsideError(f"{path} of {release} in {self.source.place} has another digest than its record")
        if self.writable:
            self.writable.publish(release, contents)
            self._compare(name, version, release)
        return release

    def _compare(self, name: Name, version: Version, release: Release | None = None) -> None:
        """Raise InputError for another release in the mirror, OutsideError for one that cannot be read there.

        Its files are read too if the `release` was copied just now, or to verify.
        """
        every = self.verify or release is not None
        release = release or self.source.release(name, version)
        mirrored = self.target.release(name, version)
        if mirrored.digest != release.digest:
            raise InputError(
                f"{self.target.place} has {release} with other content: {mirrored.digest}, and {self.source.place} has "
                f"{release.digest}",
                hint="a release never changes: one of the two was published by someone else, or was tampered with",
            )
        for path in (CONTRACT, *(file.path for file in mirrored.files if every)):
            self.target.content(mirrored, path)

    def _images(self, name: Name, versions: Iterable[Version], problems: list[Problem]) -> dict[str, str]:
        """Copy images, or look for them in a dry run; return the references of the copies by those in the contracts."""
        if not self.images or (self.writable is None and not self.images.dry_run):
            return {}
        known, places = self.source.marks(name).images, {}
        for image in dict.fromkeys(self.source.release(name, version).image for version in versions):
            place = with_problem(problems, f"the image {image} of {name}", partial(self.images.copy, image, known))
            if place:
                places[image] = place
        return places

    def _mark(self, name: Name, images: dict[str, str]) -> bool:
        """Give the mirror the marks of the source, and return whether that changed them."""
        marks, before = self.source.marks(name), self.target.marks(name)
        if merged_marks(marks, before, images) == before:
            return False
        if self.writable:
            self.writable.change_marks(name, lambda current: merged_marks(marks, current, images))
        return True


def merged_marks(source: Marks, target: Marks, images: dict[str, str]) -> Marks:
    """Return the marks of a mirror: those of the source, and yanks of releases that the mirror itself set.

    The mirror's own copies of images count before those of the source.
    """
    merged = target.with_deprecation(source.deprecated)
    for version, yank in source.yanked.items():
        merged = merged.with_yank(version, yank)
    return merged.with_images({**source.images, **target.images, **images})


def with_problem(problems: list[Problem], what: str, work: Callable[[], _Result]) -> _Result | None:
    """Return what some work returns; None if it fails, which is added to the problems.

    Raises RemoteError for a server that cannot be reached: all that follows would fail as well.
    """
    try:
        return work()
    except CompError as error:
        if isinstance(error, RemoteError) and not error.status:
            raise
        problems.append(Problem(what=what, error=error))
        return None

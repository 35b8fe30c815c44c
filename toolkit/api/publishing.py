"""`toolkit.publish`: releases in registries."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from toolkit.registry.release import Release

if TYPE_CHECKING:
    from toolkit.config.project import Project
    from toolkit.registry.publishing.candidate import Candidate
    from toolkit.registry.publishing.foreign_contract import Chosen
    from toolkit.registry.publishing.images import Images


class Published(Struct, frozen=True, kw_only=True):
    """A release in a registry; `new` is False if the registry had the same contract already."""

    release: Release
    registry: str
    new: bool


def publish(
    folder: str | os.PathLike[str] = ".",
    *,
    registry: str | None = None,
    namespace: str | None = None,
    by: str | None = None,
    branch: str | None = None,
    accept_breaking: bool = False,
    image_check: bool = True,
    dry_run: bool = False,
    environ: Mapping[str, str] | None = None,
) -> tuple[Published, ...]:
    """Publish the components of a folder as immutable releases, as `comp publish` does; the same again changes nothing.

    The image has to be pinned, and, with `image_check`, on its remote. The version has to allow what changed, unless
    `accept_breaking`. `branch` is one of a git registry, for review. With `dry_run` all is checked and nothing written.
    Raises InputError for a component that cannot be published, and OutsideError for registries and remotes.
    """
    publisher = Publisher.of(
        os.environ if environ is None else environ,
        registry=registry,
        namespace=namespace,
        by=by,
        branch=branch,
        accept_breaking=accept_breaking,
        image_check=image_check,
        dry_run=dry_run,
    )
    return publisher.publish_folder(Path(folder))


class Publisher(Struct, frozen=True, kw_only=True):
    """How components are published, one after the other. For commands, not public.

    The fields are the arguments of `publish`; `published` is the time of every release, and `images` ask each remote
    once about an image.
    """

    environ: Mapping[str, str]
    published: datetime
    images: "Images"
    registry: str | None = None
    namespace: str | None = None
    by: str | None = None
    branch: str | None = None
    accept_breaking: bool = False
    image_check: bool = True
    dry_run: bool = False

    @classmethod
    def of(
        cls,
        environ: Mapping[str, str],
        *,
        registry: str | None,
        namespace: str | None,
        by: str | None,
        branch: str | None,
        accept_breaking: bool,
        image_check: bool,
        dry_run: bool,
    ) -> "Publisher":
        """Return what publishes now, or at SOURCE_DATE_EPOCH."""
        from toolkit.registry.publishing.images import Images
        from toolkit.registry.publishing.project import published_now

        return cls(
            environ=environ,
            published=published_now(environ),
            images=Images(environ),
            registry=registry,
            namespace=namespace,
            by=by,
            branch=branch,
            accept_breaking=accept_breaking,
            image_check=image_check,
            dry_run=dry_run,
        )

    def publish_folder(self, folder: Path, build: "Callable[[Project], object] | None" = None) -> tuple[Published, ...]:
        """Publish the components of a folder; `build` makes, pushes and pins their image first."""
        from toolkit.config.project import read_project

        project = read_project(folder, environ=self.environ)
        namespace = self.namespace or project.namespace
        # What would fail after the build fails before it, where that can be known.
        candidates = self._candidates(project, namespace, pinned_later=build is not None)
        if build is not None:
            build(project)
            if not self.dry_run:
                candidates = self._candidates(project, namespace)
        # In a dry run nothing is built, so that the image may not be there yet.
        image_check = self.image_check and not (build and self.dry_run)
        return self._publish(candidates, namespace, folder, image_check=image_check)

    def publish_contract(self, target: str, chosen: "Chosen") -> Published:
        """Publish the contract in a file or at an address."""
        from toolkit.registry.publishing.foreign_contract import foreign_candidate

        candidate = foreign_candidate(target, chosen, self.images, self.environ)
        # A tag may have gone, and its contract be all that is left.
        image_check = self.image_check and not chosen.allow_tags
        return self._publish([candidate], chosen.namespace, Path(), image_check=image_check)[0]

    def _candidates(
        self, project: "Project", namespace: str | None, *, pinned_later: bool = False
    ) -> "list[Candidate]":
        """Return the releases as the files are now."""
        from toolkit.registry.publishing.project import candidates_of

        return candidates_of(
            project,
            namespace=namespace,
            published=self.published,
            by=self.by,
            environ=self.environ,
            pinned_later=pinned_later,
        )

    def _publish(
        self, candidates: "Sequence[Candidate]", namespace: str | None, folder: Path, *, image_check: bool
    ) -> tuple[Published, ...]:
        """Publish releases, or check that they could be."""
        from toolkit.collection.releasing import Publication
        from toolkit.registry.named import resolve_one

        place = resolve_one(self.registry, environ=self.environ, namespace=namespace, folder=folder).place
        publication = Publication(
            place=place,
            environ=self.environ,
            images=self.images if image_check else None,
            accept_breaking=self.accept_breaking,
            dry_run=self.dry_run,
            review=self.branch,
        )
        done = publication.publish(candidates)
        return tuple(Published(release=release, registry=str(place), new=new) for release, new in done)

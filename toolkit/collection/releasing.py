"""The last steps of a publication: the image is asked for, the registry has its say, and the releases go there."""

from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import Struct

from toolkit.breaking.releases import accept_release
from toolkit.registry.opening import open_writable
from toolkit.registry.place import Place
from toolkit.registry.publishing.candidate import Candidate
from toolkit.registry.publishing.images import Images
from toolkit.registry.publishing.problems import Problems
from toolkit.registry.publishing.project import check_candidates, publish_candidates
from toolkit.registry.publishing.unmade import open_or_unmade
from toolkit.registry.release import Release


class Publication(Struct, frozen=True, kw_only=True):
    """Where releases go, and how. `images` are asked for each image; None asks no remote.

    A `dry_run` makes every check and changes nothing, not even a registry that is missing. `review` is a branch of a
    git registry.
    """

    place: Place
    environ: Mapping[str, str]
    images: Images | None = None
    accept_breaking: bool = False
    dry_run: bool = False
    review: str | None = None

    def publish(self, candidates: Sequence[Candidate]) -> list[tuple[Release, bool]]:
        """Publish releases, or check that they could be, and return each with whether it is new.

        Nothing is published unless all can be. Raises InputError with every reason if one cannot.
        """
        problems = Problems()
        if self.images:
            for candidate in candidates:
                problems.collect(partial(self.images.check, candidate))
        accept = None if self.accept_breaking else accept_release
        if self.dry_run:
            registry = open_or_unmade(self.place, self.environ, review=self.review)
            check_candidates(registry, candidates, accept, problems)
            releases = [each.release for each in candidates]
            return [(each, each.version not in registry.versions(each.name)) for each in releases]
        # Only now, so that a component with faults leaves no empty registry behind.
        problems.check_none()
        opened = open_writable(self.place, environ=self.environ, review=self.review)
        check_candidates(opened, candidates, accept)
        return publish_candidates(opened, candidates)

"""What a distribution server can do for a registry, found out by trying it in a repository of our own.

Each trial says what it saw. What was pushed is deleted again where the server permits it.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from toolkit.errors import RemoteError
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference
from toolkit.registry.ability import Ability, ability
from toolkit.registry.oci.addresses import Addresses
from toolkit.registry.oci.artifact import artifact
from toolkit.remote.client import Remote

_T = TypeVar("_T")

_TYPE = "application/vnd.comp.component.trial.v1+json"
_FIRST, _SECOND, _LARGE = "trial-1", "trial-2", "trial-large"
# Bytes of manifests: far more than ours have, what servers should take (specification 1.1, "Pushing manifests").
_SIZES = (100_000, 1_000_000, 4_000_000)


def try_server(remote: Remote, at: Addresses) -> Iterator[Ability]:
    """Yield what the server can do, one trial after the other. Raises RemoteError if nothing can be pushed at all."""
    trials = _Trials(remote, at)
    yield from trials.artifacts()
    yield from trials.lists()
    yield from trials.tags()
    yield from trials.extras()
    yield from trials.clean()


class _Trials:
    """Trials in one repository."""

    def __init__(self, remote: Remote, at: Addresses) -> None:
        self._remote = remote
        self._host = at.host
        self._repository = at.doctor
        self._index = at.index
        self._pushed: list[Image] = []
        self._tagged: set[str] = set()

    def artifacts(self) -> Iterator[Ability]:
        """Try whether artifacts of our types arrive and come back."""
        first = self._push("first", _FIRST)
        yield ability(
            "artifacts",
            f"{_TYPE} was taken",
            "components are artifacts with types of their own",
            able=True,
            needed=True,
        )
        back = self._remote.manifest(self._tag(_FIRST))
        same = back is not None and back.data == first.manifest
        found = "the same bytes came back" if same else "another manifest came back"
        yield ability(
            "manifests as they are",
            found,
            "a digest names a release",
            able=same,
            needed=True,
        )
        again = self._remote.manifest(self._tag(_FIRST), known=back)
        yield ability(
            "conditional reads",
            "304 for what is unchanged" if again is back else "sent the whole again",
            "a search asks only whether the index has changed",
            able=again is not None and again is back,
        )

    def lists(self) -> Iterator[Ability]:
        """Try the lists of tags and of repositories."""
        self._push("second", _SECOND)
        tags = self._remote.tags(self._repository) or ()
        at_once = {_FIRST, _SECOND} <= {*tags}
        found = "new tags are listed at once" if at_once else f"{len(tags)} tags listed, new ones are missing"
        yield ability(
            "lists of tags",
            found,
            "versions are tags, and publishers see one another",
            able=at_once,
            needed=True,
        )
        page = self._remote.first_tags(self._repository, page=1)
        yield ability(
            "pages of tags",
            f"{len(page)} tags in a page of 1",
            "long lists come in parts" if len(page) == 1 else "each list of versions is sent whole",
            able=len(page) == 1,
        )
        yield self._catalogue()

    def tags(self) -> Iterator[Ability]:
        """Try what happens to a tag that exists."""
        first, second = self._pushed[:2]
        tag = self._tag(_FIRST)
        refused = self._refused(lambda: self._remote.set_tag(second, tag, only_new=True))
        now = self._remote.tagged(tag)
        kept = now == first.digest
        yield ability(
            "new tags only",
            f"If-None-Match: * {'kept the tag' if kept else 'was ignored'}{refused}",
            "the server itself prevents that a release is replaced"
            if kept
            else "publishers agree by claims; one that stops for seconds in between is noticed, not prevented",
            able=kept,
        )
        refused = self._refused(lambda: self._remote.set_tag(second, tag))
        fixed = self._remote.tagged(tag) == now == first.digest
        yield ability(
            "fixed tags",
            f"a tag {'cannot' if fixed else 'can'} be changed{refused}",
            f"no release can be replaced; permit changes in {self._index.name} alone"
            if fixed
            else "anyone who may push may replace a release; `comp registry verify` notices it",
            able=fixed,
        )

    def extras(self) -> Iterator[Ability]:
        """Try what a registry works without."""
        yield self._largest()
        digest = self._pushed[0].digest
        listed = self._asked(lambda: self._remote.lists_referrers(self._repository, digest))
        yield ability(
            "referrers",
            "the server lists them" if listed else "the server has no list of them",
            "signatures are found through the server" if listed else "tools that sign keep a list under a tag",
            able=listed,
        )

    def clean(self) -> Iterator[Ability]:
        """Delete the tags, and what they named."""
        gone = self._asked(lambda: self._remote.delete(self._tag(_SECOND)))
        left = self._remote.tagged(self._tag(_SECOND)) is not None
        yield ability(
            "deleting a tag",
            "a tag was deleted" if gone and not left else "refused",
            "losers of a race leave nothing behind" if gone else "claims of losers stay, as tags",
            able=bool(gone) and not left,
        )
        for pushed in self._pushed:
            self._asked(partial(self._remote.delete, self._repository.with_digest(pushed.digest)))
        tags = self._asked(lambda: self._remote.tags(self._repository)) or ()
        ours = self._tagged & {*tags}
        found = f"left {len(ours)} small manifests in {self._repository.name}" if ours else "everything was deleted"
        yield ability(
            "deleting a manifest",
            found,
            "what was tried here goes away again; releases are never deleted",
            able=not ours,
        )

    def _largest(self) -> Ability:
        """Try how large a manifest may be."""
        taken = 0
        refused = ""
        for size in _SIZES:
            refused = self._refused(partial(self._push, "x" * size, _LARGE))
            if refused:
                break
            taken = size
        # A server that deletes nothing keeps small ones.
        self._asked(partial(self._remote.set_tag, self._pushed[0], self._tag(_LARGE)))
        return ability(
            "large manifests",
            f"{taken:,} bytes were taken{refused}",
            "manifests of components have a few kilobytes",
            able=taken >= _SIZES[0],
            needed=True,
        )

    def _catalogue(self) -> Ability:
        """Try the list of repositories."""
        name = "list of repositories"
        try:
            repositories = self._remote.repositories(self._host)
        except RemoteError as error:
            found, able = f"refused: {error.status or error.message}", False
        else:
            able = self._repository.repository in repositories
            found = f"{len(repositories)} listed" + ("" if able else ", ours is not among them")
        meaning = (
            "`comp registry reindex` finds components that were copied here"
            if able
            else "`comp registry reindex` finds the components that were published by comp"
        )
        return ability(
            name,
            found,
            meaning,
            able=able,
        )

    def _push(self, content: str, tag: str) -> Image:
        """Push a small artifact under a tag."""
        made = _artifact(content)
        try:
            self._remote.push(made, self._tag(tag), present=frozenset())
        except RemoteError:
            # An earlier trial may have left the same tag on a server that forbids to set it again.
            if self._remote.tagged(self._tag(tag)) != made.digest:
                raise
        self._pushed.append(made)
        self._tagged.add(tag)
        return made

    def _tag(self, tag: str) -> Reference:
        """Return a tag of the repository."""
        return self._repository.with_tag(tag)

    def _refused(self, request: Callable[[], object]) -> str:
        """Send a request, and return with which status the server refused it; empty if it did not."""
        try:
            request()
        except RemoteError as error:
            return f", status {error.status}" if error.status else f", {error.message}"
        return ""

    def _asked(self, request: Callable[[], _T]) -> _T | None:
        """Return the answer to a request; None if the server refuses it."""
        try:
            return request()
        except RemoteError:
            return None


def _artifact(content: str) -> Image:
    """Return a small artifact with a text in its annotations."""
    return artifact(_TYPE, b"{}", _TYPE, notes={"dev.comp.component.trial": content})

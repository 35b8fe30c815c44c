"""What a git repository can do for a registry, as far as that can be known without a push."""

from collections.abc import Iterator, Mapping

from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.registry.ability import Ability, ability
from toolkit.registry.git.clone import Clone
from toolkit.registry.git.registry import GitRegistry
from toolkit.registry.place import Place
from toolkit.words import counted


def try_git(place: Place, environ: Mapping[str, str], *, asks: bool) -> Iterator[Ability]:
    """Yield what a repository can do. Raises OutsideError if it cannot be reached."""
    clone = Clone(place, environ, Cache.default(environ), asks=asks)
    branches = clone.remote.branches()
    yield ability("reading", f"branches: {len(branches.commits)}", "git's own credentials serve", able=True)
    branch = place.branch or branches.default or clone.default_branch()
    there = branch in branches.commits
    yield ability(
        "branch",
        f"{branch} is there" if there else f"{branch} is missing",
        "releases are commits on it" if there else "the first publish makes it",
        able=there,
    )
    if there:
        yield _registry(place, environ, asks=asks)
    yield ability(
        "writing",
        "not tried: it would be a commit",
        "git decides with the first push; where the branch is protected, `comp publish --branch` publishes for review",
        able=None,
    )


def _registry(place: Place, environ: Mapping[str, str], *, asks: bool) -> Ability:
    """Try whether the branch has a registry."""
    try:
        found, able = counted(len(GitRegistry.read(place, environ, asks=asks).names()), "component"), True
    except InputError as error:
        found, able = error.message, False
    meaning = "you can take components" if able else "publish in another repository: this one has other files"
    return ability("a registry", found, meaning, able=able, needed=True)

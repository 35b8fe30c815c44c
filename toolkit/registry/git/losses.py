"""What a branch has lost since it was last fetched: a forced push, or a commit by hand, can take releases away."""

import logging
from collections.abc import Iterator
from contextlib import suppress

from toolkit.errors import InputError, OutsideError
from toolkit.registry.folder import layout
from toolkit.registry.git.commit import CommitRegistry
from toolkit.registry.names import Name

log = logging.getLogger(__name__)


def warn_of_losses(before: CommitRegistry, now: CommitRegistry) -> None:
    """Warn of releases that are gone or have another content, in the words that a registry on the web has for them.

    What cannot be read is passed over: `before` may be gone from the clone, and reading `now` reports its damage.
    """
    if before.commit in {None, now.commit}:
        return
    with suppress(InputError, OutsideError):
        there = now.folders()
        for name, folder in before.folders().items():
            if there.get(name) != folder:
                for words in _losses(before, now, name):
                    log.warning(words)


def _losses(before: CommitRegistry, now: CommitRegistry, name: Name) -> Iterator[str]:
    """Yield a sentence for each release of a component that is lost or changed."""
    records = layout.records(name)
    old, new = before.tree(records), now.tree(records)
    for version in before.versions(name):
        file = f"{version}.json"
        if file not in new:
            yield f"{name}@{version} is no longer in the registry"
        elif new[file] != old[file]:
            was, is_now = (view.release(name, version).digest for view in (before, now))
            if was != is_now:
                yield f"{name}@{version} has changed: it was {was}, and is {is_now} now"

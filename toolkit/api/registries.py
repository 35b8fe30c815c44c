"""`toolkit.search` and `toolkit.add`: components of registries."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.registry.consuming.adding import Added
    from toolkit.registry.consuming.searching import Hits


def search(
    *words: str,
    produces: Sequence[str] = (),
    accepts: Sequence[str] = (),
    namespace: str | None = None,
    tags: Sequence[str] = (),
    deprecated: bool = False,
    registry: str | None = None,
    folder: str | os.PathLike[str] = ".",
    environ: Mapping[str, str] | None = None,
) -> "Hits":
    """Return the components that have all words and types, as `comp search` does.

    `registry` is a configured name or a place; by default all that the settings above `folder` configure. Raises
    UsageError without a registry, InputError for invalid settings, and OutsideError for one that cannot be reached.
    """
    from toolkit.registry.consuming.choosing import Registries
    from toolkit.registry.consuming.searching import Query
    from toolkit.registry.consuming.searching import search as search_in

    registries = Registries.of(registry, environ=os.environ if environ is None else environ, folder=Path(folder))
    query = Query(
        words=words,
        produces=tuple(produces),
        accepts=tuple(accepts),
        namespace=namespace,
        tags=tuple(tags),
        withdrawn=deprecated,
    )
    return search_in(registries, query)


def add(
    *requests: str,
    registry: str | None = None,
    folder: str | os.PathLike[str] = ".",
    into: str | os.PathLike[str] | None = None,
    force: bool = False,
    locked: bool = False,
    dry_run: bool = False,
    environ: Mapping[str, str] | None = None,
    remark: Callable[[str], object] = lambda _: None,
    announce: "Callable[[Added], object]" = lambda _: None,
) -> "tuple[Added, ...]":
    """Take components such as `ml/train-model@^1` into the project, as `comp add` does, and return what was added.

    The lock is the nearest one above `folder`, or a new one there. `into` is the folder for copies. With `force` an
    edited copy is kept beside the new one, with `locked` the releases are those of the lock, and with `dry_run` nothing
    is written. `remark` gets what is to be known of a release, `announce` each one as it is added. Raises InputError,
    UsageError and OutsideError as the command fails.
    """
    from toolkit.registry.consuming.adding import Adding
    from toolkit.registry.consuming.adding import add as add_to
    from toolkit.registry.consuming.lock import find_lock

    return add_to(
        requests,
        folder=find_lock(Path(folder)),
        environ=os.environ if environ is None else environ,
        registry=registry,
        settings=Path(folder),
        adding=Adding(into=Path(into) if into else None, force=force, locked=locked, dry_run=dry_run),
        remark=remark,
        announce=announce,
    )

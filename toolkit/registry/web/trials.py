"""What a web server can do for a registry, found out by reading a few small files."""

from collections.abc import Iterator, Mapping

from toolkit.cache.store import Cache
from toolkit.errors import OutsideError
from toolkit.registry.ability import Ability, ability
from toolkit.registry.folder import layout
from toolkit.registry.place import Place
from toolkit.registry.web.documents import Documents
from toolkit.registry.web.registry import HttpRegistry
from toolkit.words import counted

# A path that no registry has: names have no capitals.
_MISSING = f"{layout.COMPONENTS}/No/Component"
_NOT_MODIFIED, _NOT_FOUND = 304, 404


def try_web(place: Place, environ: Mapping[str, str]) -> Iterator[Ability]:
    """Yield what a server can do. Raises InputError if there is no registry, OutsideError if it cannot be reached."""
    documents = Documents(place, environ, Cache.default(environ))
    registry = HttpRegistry(documents)
    registry.config()
    yield ability("reading", f"{documents.url(layout.CONFIG)} was read", "you can take components", able=True)
    yield ability(
        "writing", "not over HTTP", "publish to the folder that the server shows, or to its repository", able=False
    )
    status = documents.answer(_MISSING).status
    yield ability(
        "missing files",
        f"status {status} for a file that is not there",
        "a missing file is known to be missing"
        if status == _NOT_FOUND
        else "a component that is missing looks damaged",
        able=status == _NOT_FOUND,
        needed=True,
    )
    yield _conditional(documents)
    try:
        found, able = counted(len(registry.names()), "component"), True
    except OutsideError as error:
        found, able = error.message, False
    yield ability("catalogue", found, "`comp search` reads it", able=able, needed=True)


def _conditional(documents: Documents) -> Ability:
    """Try whether a file that is known is sent again."""
    first = documents.answer(layout.CONFIG)
    headers = {"If-None-Match": first.headers.get("ETag"), "If-Modified-Since": first.headers.get("Last-Modified")}
    conditions = {name: value for name, value in headers.items() if value}
    again = documents.answer(layout.CONFIG, conditions)
    kept = bool(conditions) and again.status == _NOT_MODIFIED
    return ability(
        "conditional reads",
        "304 for what is unchanged" if kept else "sent the whole again" if conditions else "no ETag and no date",
        "a search asks only whether the catalogue has changed" if kept else "each search reads the whole catalogue",
        able=kept,
    )

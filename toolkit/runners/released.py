"""A component of a registry, straight to a run: `comp run ml/train@^1`."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from toolkit.errors import InputError
from toolkit.registry.consuming.choosing import Registries
from toolkit.registry.consuming.lock import ComponentsLock, LockedRelease, find_lock, read_lock
from toolkit.registry.consuming.locked_contract import usable_contract
from toolkit.registry.consuming.vendored import check_names
from toolkit.registry.named import configured_places
from toolkit.registry.names import Name, VersionRequest, parse_request
from toolkit.registry.release import CONTRACT
from toolkit.spec.pin import pin_image
from toolkit.system import temporary


class Released(Struct, frozen=True, kw_only=True):
    """The contract of a release as it is to be run, with a mirror's image if there is one; `origin` is in words."""

    name: Name
    contract: str
    origin: str


def is_release(text: str, *, folder: Path, environ: Mapping[str, str], registry: str | None) -> bool:
    """Return whether a text means a release: it has the form of one, is no path, and there is a place to look for it.

    A path that exists comes first. Without a version, a namespace and a registry are needed, so that a misspelt path
    stays one.
    """
    if Path(text).exists() or text.startswith((".", "/", "~")) or text.endswith((".yaml", ".yml")):
        return False
    try:
        request = parse_request(text)
    except InputError:
        return False
    if request.registry or "@" in text:
        return True
    if request.namespace is None:
        return False
    return bool(
        registry or _entry(read_lock(find_lock(folder)), request) or configured_places(folder.absolute(), environ)
    )


def find_release(
    text: str,
    *,
    folder: Path,
    environ: Mapping[str, str],
    registry: str | None,
    remark: Callable[[str], object] = lambda _: None,
) -> Released:
    """Return the release that a request means: that of the lock above a folder, if the request allows it.

    Otherwise the newest one of the registry that the name comes from. `remark` gets what is to be known of it. Raises
    InputError, UsageError and OutsideError as `Registries.find` does.
    """
    request = parse_request(text)
    lock = read_lock(find_lock(folder))
    bound = lock.bindings()
    entry = _entry(lock, request)
    required = entry is None and request.registry is None
    registries = Registries.of(registry, environ=environ, folder=folder.absolute(), required=required)
    if entry and request.registry is None and entry.satisfies(request):
        # Refused for another registry than the one that it was added from.
        registries.registry_of(entry.name, bound)
        contract = usable_contract(lock, entry, environ)
        return Released(name=entry.name, contract=contract, origin=f"{entry} of {lock.path}")
    found = registries.find(request, bound)
    release = found.release
    data = found.registry.content(release, CONTRACT)
    # The names become paths of this machine, and the registry is another's.
    check_names(release, data)
    for words in found.warnings():
        remark(words)
    copies = found.registry.marks(release.name).images
    text, image = data.decode(errors="replace"), copies.get(release.image) or lock.image(release.image)
    if image != release.image:
        text = pin_image(text, image, Path(str(release), CONTRACT))
    return Released(name=release.name, contract=text, origin=f"{release} of {found.place}")


def _entry(lock: ComponentsLock, request: VersionRequest) -> LockedRelease | None:
    """Return the component of a lock that a request names; None without one."""
    found = [entry for entry in lock.components.values() if request.is_of(entry.name)]
    return found[0] if len(found) == 1 else None


@contextmanager
def contract_file(released: Released) -> Iterator[Path]:
    """Write the contract to a file that is there during the block; its folder has the component's name."""
    with temporary.folder("run") as folder:
        path = folder / released.name.name / CONTRACT
        path.parent.mkdir()
        path.write_text(released.contract, "utf-8")
        yield path

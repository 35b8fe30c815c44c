"""Where the files of components are made: in this process, or in several when there are many."""

import logging
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial

from msgspec import Struct

from toolkit.catalogue.artifact_hub import package_files
from toolkit.catalogue.component_page import Subject, Surroundings, component_files
from toolkit.catalogue.pages import Pages
from toolkit.errors import CompError
from toolkit.registry.opening import open_registry
from toolkit.registry.place import Place, PlaceKind
from toolkit.registry.protocol import Registry
from toolkit.system.workers import in_processes

log = logging.getLogger(__name__)

# As many pages take as long as a process takes to start.
_FEW = 100


class Order(Struct, frozen=True, kw_only=True):
    """What all files of a catalogue are made by; it can be sent to another process.

    `place` is the registry's as readers reach it, None to leave it out.
    """

    title: str
    place: Place | None
    live: bool = False
    artifact_hub: bool = False


# The files of a component by their paths; None for one that cannot be read.
Made = dict[str, bytes] | None


def make_all(registry: Registry, subjects: Sequence[Subject], order: Order) -> Iterator[tuple[Subject, Made]]:
    """Yield each subject with its files, in order; a warning names each one that cannot be read."""
    jobs = os.cpu_count() or 1
    # Others have logins and connections, which do not travel; and their network takes longer than the pages do.
    if len(subjects) > _FEW and jobs > 1 and registry.place.kind is PlaceKind.FOLDER:
        work = partial(_made_elsewhere, order=order, place=registry.place)
        done = in_processes(work, subjects, jobs=jobs)
    else:
        done = ((subject, None) for subject in subjects)
    around = _surroundings(registry, order)
    for subject, files in done:
        # What failed in a process is done here once more, for its error.
        yield subject, files[0] if files else _made_here(subject, around, order)


def _made_elsewhere(subject: Subject, *, order: Order, place: Place) -> dict[str, bytes]:
    """Make the files of a component, in a process that makes many."""
    return _files(subject, _opened(place, order), order)


@lru_cache(maxsize=1)
def _opened(place: Place, order: Order) -> Surroundings:
    """Open the registry, once in a process."""
    return _surroundings(open_registry(place, environ=os.environ), order)


def _surroundings(registry: Registry, order: Order) -> Surroundings:
    """Return what all pages need."""
    return Surroundings(registry=registry, place=order.place, pages=Pages(order.title, live=order.live))


def _made_here(subject: Subject, around: Surroundings, order: Order) -> Made:
    """Make the files of a component; None, with a warning, if it cannot be read."""
    try:
        return _files(subject, around, order)
    except CompError as error:
        log.warning("%s cannot be shown: %s", subject.entry.name, error.message)
        return None


def _files(subject: Subject, around: Surroundings, order: Order) -> dict[str, bytes]:
    """Make the files of a component. Raises OutsideError if a release is damaged."""
    files = component_files(subject, around)
    return files | package_files(subject.entry, around.registry) if order.artifact_hub else files

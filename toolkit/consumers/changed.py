"""The components that changed, and how a use names one of them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from toolkit.breaking.comparison import Comparison
from toolkit.breaking.platforms import settings_of
from toolkit.breaking.survey import Survey
from toolkit.config.project import Project, read_project
from toolkit.consumers.use import Named, Use
from toolkit.errors import CompError
from toolkit.interface.function import sanitised
from toolkit.registry.semver import Version
from toolkit.spec.reader import ComponentDocument


class Changed(Struct, frozen=True, kw_only=True):
    """A component that changed, or is gone: `new` is None then.

    `name` is that in registries, `namespace` None where the settings have none.
    """

    contract: Path
    title: str
    old: ComponentDocument | None = None
    new: ComponentDocument | None = None
    found: Comparison | None = None
    namespace: str | None = None
    name: str = ""

    def is_release(self, release: str) -> bool:
        """Return whether `NAMESPACE/NAME` of a lock is this component."""
        namespace, _, name = release.rpartition("/")
        return bool(self.name) and name == self.name and self.namespace in (None, namespace)

    @property
    def version(self) -> Version | None:
        """The new version."""
        return self.found.versions[1] if self.found else None

    def may_break(self) -> bool:
        """Return whether the change can break arguments and outputs that are not known."""
        return self.new is None or (self.found is not None and bool(self.found.breaking))

    @property
    def earlier_title(self) -> str:
        """The name that uses know."""
        return self.old.spec.name if self.old else self.title


class Index(Struct, kw_only=True):
    """The components that changed, by all that a use can name them by; a use is looked up among thousands."""

    every: Sequence[Changed]
    _places: dict[Path, Changed] = field(default_factory=dict)
    _endings: dict[tuple[str, ...], list[Changed]] = field(default_factory=dict)
    _titles: dict[str, list[Changed]] = field(default_factory=dict)
    _names: dict[str, list[Changed]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.every:
            place = each.contract.resolve()
            self._places[place] = each
            self._endings.setdefault(place.parts[-2:], []).append(each)
            self._titles.setdefault(sanitised(each.earlier_title), []).append(each)
            self._names.setdefault(each.name, []).append(each)

    def at(self, place: Path) -> Changed | None:
        """Return the component whose contract is at a path, without links in it."""
        return self._places.get(place)

    def of_release(self, release: str) -> Changed | None:
        """Return the component that `NAMESPACE/NAME` of a lock names."""
        return next(
            (each for each in self._names.get(release.rpartition("/")[2], ()) if each.is_release(release)), None
        )

    def meant(self, named: Named, use: Use | None = None) -> list[Changed]:
        """Return the components that an address or a name may mean. Of an address the last two parts count."""
        if named.address:
            parts = named.address.partition("?")[0].partition("#")[0].rstrip("/").split("/")
            return self._endings.get(tuple(parts[-2:]), [])
        if not named.title:
            return []
        return [each for each in self._titles.get(sanitised(named.title), ()) if _takes_the_inputs(each, use)]


def changed_components(found: Survey, environ: Mapping[str, str]) -> list[Changed]:
    """Return the components of a survey that changed or are gone, with their names in registries."""
    return [*_still_there(found, environ), *_gone(found)]


def _still_there(found: Survey, environ: Mapping[str, str]) -> Iterator[Changed]:
    """Yield the components that changed."""
    for each in found.comparisons:
        contract = each.new.path
        project = _project(contract, environ)
        entries = project.entries if project else ()
        name = next((entry.name for entry in entries if entry.contract.resolve() == contract.resolve()), "")
        yield Changed(
            contract=contract,
            title=each.name,
            old=each.old,
            new=each.new,
            found=each,
            namespace=project.namespace if project else None,
            name=name,
        )


def _gone(found: Survey) -> Iterator[Changed]:
    """Yield the components whose contracts are gone; of them only the path is known."""
    for finding in found.findings:
        if finding.rule == "B305":
            yield Changed(contract=finding.where.path, title=finding.where.path.parent.name)


def _project(contract: Path, environ: Mapping[str, str]) -> Project | None:
    """Return the settings of a contract's component; None without valid ones."""
    try:
        return read_project(next(settings_of(contract)).parent, environ=environ)
    except CompError:
        return None


def _takes_the_inputs(changed: Changed, use: Use | None) -> bool:
    """Return whether a compiled step can be one of a component: it passes inputs that the component had."""
    # Only a name is left of the contract there, and other components may have it too.
    if use is None or use.form != "compiled" or changed.old is None:
        return True
    names = {sanitised(port.name) for port in changed.old.spec.interface.inputs}
    return {sanitised(passed.name) for passed in use.passed} <= names

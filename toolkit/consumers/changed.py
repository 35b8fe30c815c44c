"""The components that changed, and how a use names one of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from toolkit.breaking.comparison import Comparison
from toolkit.breaking.survey import Survey
from toolkit.config.project import Project, read_project
from toolkit.consumers.use import Named, Use
from toolkit.errors import CompError
from toolkit.interface.function import sanitised
from toolkit.registry.semver import Version
from toolkit.spec.reader import ComponentDocument

# The folder of a component with the contracts of further ones in its image.
_FURTHER = "components"


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

    def is_meant(self, named: Named, use: Use | None = None) -> bool:
        """Return whether an address or a name is that of this component; paths are the business of others."""
        if named.address:
            return _ends_with(named.address, self.contract)
        return bool(named.title) and _has_title(named.title, self, use)


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
    folder = contract.parent.parent if contract.parent.name == _FURTHER else contract.parent
    try:
        return read_project(folder, environ=environ)
    except CompError:
        return None


def _has_title(title: str, changed: Changed, use: Use | None) -> bool:
    """Return whether a name is that of the changed component; in a compiled pipeline its inputs have to fit too."""
    if changed.old is None:
        return sanitised(title) == sanitised(changed.title)
    if sanitised(title) != sanitised(changed.old.spec.name):
        return False
    names = {sanitised(port.name) for port in changed.old.spec.interface.inputs}
    # Only a name is left of the contract there, and other components may have it too.
    return use is None or use.form != "compiled" or {sanitised(passed.name) for passed in use.passed} <= names


def _ends_with(address: str, contract: Path) -> bool:
    """Return whether an address is that of a contract: at least the folder and the file are the same."""
    parts = address.partition("?")[0].partition("#")[0].rstrip("/").split("/")
    return parts[-2:] == list(contract.resolve().parts[-2:])

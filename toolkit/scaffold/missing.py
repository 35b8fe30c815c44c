"""What a component's code imports and none of its dependencies is known to bring; it does not ask an index."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from toolkit.config import Entry, Project
from toolkit.errors import InputError
from toolkit.findings import Finding, FindingsError, Severity
from toolkit.interface.module import Module
from toolkit.scaffold.gather import gather
from toolkit.scaffold.providers import Providers
from toolkit.scaffold.surroundings import Surroundings


def missing_imports(project: Project) -> tuple[Finding, ...]:
    """Find imports that cannot work in the image; none where a dependency is not known, which may bring anything.

    Only imports that run whenever the code does count. Code that cannot be read is another finding's.
    """
    providers = Providers.read(tuple(dict.fromkeys((project.folder, project.pyproject.parent))), {})
    if project.system_site_packages or project.requirements or not providers.all_public():
        return ()
    found: dict[str, Finding] = {}
    for path in _code(project):
        around = Surroundings(source=path.resolve(), folders=(project.source_folder.resolve(),))
        try:
            module = Module.read(path)
            unknown = gather(module, module.tree.body, around, providers).unknown
        except (InputError, FindingsError):
            continue
        for one in unknown:
            if one.severity is Severity.ERROR:
                advice = "add the right distribution to `dependencies` in pyproject.toml"
                found.setdefault(one.message, replace(one, severity=Severity.WARNING, help=advice))
    return tuple(found.values())


def _code(project: Project) -> Iterator[Path]:
    """Give the file of each entry: a function's module, or the script that a command names."""
    for entry in project.entries:
        path = _file(project, entry)
        if path and path.suffix == ".py" and path.is_file():
            yield path


def _file(project: Project, entry: Entry) -> Path | None:
    if entry.entrypoint:
        try:
            return project.module_of(entry)[0]
        except InputError:
            return None
    script = next((word for word in entry.command if word.endswith(".py")), None)
    return project.source_folder / script if script else None

"""Find imports of a component's code that none of its dependencies is known to provide, without asking an index."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from toolkit.config.project import EntryPoint, Project
from toolkit.errors import Finding, FindingsError, InputError, Severity
from toolkit.interface.module import Module
from toolkit.scaffold.gather import gather
from toolkit.scaffold.providers import Providers
from toolkit.scaffold.surroundings import Surroundings


def missing_imports(project: Project, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return a warning for each import that cannot work in the image.

    Only imports that always run count. An unknown dependency, and packages of the base, may provide any module, so
    then there are no warnings. Code that cannot be read has findings of its own.
    """
    # The environment on this machine may have packages that the image will not have.
    providers = Providers.read(tuple(dict.fromkeys((project.folder, project.pyproject.parent))), {})
    # With a file that another tool locked, the requirements are not in `[project]` alone.
    if project.system_site_packages or project.requirements or not providers.all_public():
        return ()
    warnings: dict[str, Finding] = {}
    for path in _code(project):
        around = Surroundings(source=path.resolve(), folders=(project.source_folder.resolve(),))
        try:
            module = Module.read(path, environ)
            unknown = gather(module, module.tree.body, around, providers).unknown
        except (InputError, FindingsError):
            continue
        for finding in unknown:
            if finding.severity is Severity.ERROR:
                advice = "add the right distribution to `dependencies` in pyproject.toml"
                warnings.setdefault(finding.message, replace(finding, severity=Severity.WARNING, help=advice))
    return tuple(warnings.values())


def _code(project: Project) -> Iterator[Path]:
    """Yield the file of each entry: a function's module, or the script that a command names."""
    for entry in project.entries:
        path = _file(project, entry)
        if path and path.suffix == ".py" and path.is_file():
            yield path


def _file(project: Project, entry: EntryPoint) -> Path | None:
    """Return the file that an entry runs, None if it is missing or not Python."""
    if entry.entrypoint:
        try:
            return project.module_of(entry)[0]
        except InputError:
            return None
    script = next((word for word in entry.command if word.endswith(".py")), None)
    return project.source_folder / script if script else None

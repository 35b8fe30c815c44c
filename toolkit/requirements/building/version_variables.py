"""The version of a project that would ask git for one: its build gets a copy without history, and a variable."""

from collections.abc import Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

from toolkit.config.toml import TomlDocument

# The variable that gives each tool its version instead of git, as the tool documents it.
_VARIABLE_OF_TOOL = {
    "setuptools-scm": "SETUPTOOLS_SCM_PRETEND_VERSION",
    "hatch-vcs": "SETUPTOOLS_SCM_PRETEND_VERSION",
    "flit-scm": "SETUPTOOLS_SCM_PRETEND_VERSION",
    "pdm-backend": "PDM_BUILD_SCM_VERSION",
    "poetry-dynamic-versioning": "POETRY_DYNAMIC_VERSIONING_BYPASS",
    "uv-dynamic-versioning": "UV_DYNAMIC_VERSIONING_BYPASS",
}
VERSION_VARIABLES = tuple(dict.fromkeys(_VARIABLE_OF_TOOL.values()))


def asks_git_for_version(folder: Path) -> bool:
    """Whether a project's build asks git for its version."""
    return bool(version_variables(folder, "", {}))


def version_variables(folder: Path, digest: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables that give a build its version; none for a project that states its version.

    Only the content decides: the version is `0+content.` and the beginning of `digest`, unless `environ` has another.
    """
    document = TomlDocument.read(folder / "pyproject.toml")
    # A version in the settings is final (PyPA, "pyproject.toml specification", `dynamic`).
    if document is None or "version" not in document.strings("project", "dynamic"):
        return {}
    tools = {_name(text) for text in document.strings("build-system", "requires")}
    variables = {variable for tool, variable in _VARIABLE_OF_TOOL.items() if tool in tools}
    # Tools also read a name with a project's, as SETUPTOOLS_SCM_PRETEND_VERSION_FOR_NAME.
    own = {name: value for name, value in sorted(environ.items()) if variables and name.startswith(tuple(variables))}
    # A local version (PyPA, "Version specifiers"), which public indexes refuse.
    return dict.fromkeys(sorted(variables), f"0+content.{digest[:12]}") | own


def _name(text: str) -> str | None:
    """Return the normalised name in a requirement, None for an invalid one."""
    # Imported here, since most builds of a component ask for nothing in this module.
    from packaging.requirements import Requirement

    try:
        return canonicalize_name(Requirement(text).name)
    except ValueError:
        return None

"""A repository of small components, and why those count as changed."""

from collections.abc import Mapping

from tests.repositories import ENVIRON, Repo
from toolkit.collection.changes import Changes, read_changes

CONTRACT = """name: A
implementation:
  container:
    image: {image}
    command: [python]
"""
LIBRARY = '[project]\nname = "{name}"\nversion = "1"\ndependencies = [{requires}]\n{more}'
WORKSPACE = "[tool.comp.workspace]\n"


def settings(name: str, *, requires: str = "", comp: str = "", more: str = "") -> str:
    return (
        f'[project]\nname = "{name}"\nversion = "1.0.0"\ndependencies = [{requires}]\n\n'
        f'[tool.comp]\nentrypoint = "code:step"\n{comp}\n{more}'
    )


def component(folder: str, *, requires: str = "", comp: str = "", more: str = "") -> dict[str, str | bytes | None]:
    name = folder.rpartition("/")[2]
    return {
        f"{folder}/pyproject.toml": settings(name, requires=requires, comp=comp, more=more),
        f"{folder}/src/code.py": "def step(): ...\n",
        f"{folder}/component.yaml": CONTRACT.format(image="none"),
        f"{folder}/README.md": "# A\n",
        f"{folder}/tests/cases/one/case.yaml": "inputs: {}\n",
        f"{folder}/requirements.lock": "# lock\n",
    }


def changes(repo: Repo, reference: str = "HEAD", *, folder: str = "", environ: Mapping[str, str] = ENVIRON) -> Changes:
    return read_changes(repo.folder / folder, reference, environ)


def reasons(repo: Repo, reference: str = "HEAD", *, folder: str = "") -> dict[str, list[str]]:
    found = changes(repo, reference, folder=folder)
    return {
        change.folder.relative_to(repo.folder).as_posix(): sorted(map(str, change.reasons)) for change in found.changed
    }


def after(repo: Repo, files: Mapping[str, str | bytes | None]) -> dict[str, list[str]]:
    """Return the reasons after a change of files that is not committed."""
    repo.write(files)
    return reasons(repo)

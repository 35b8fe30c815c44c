"""A folder of small components that need only the standard library, as a team's repository has them."""

from pathlib import Path

from toolkit.config.project import read_project
from toolkit.generation import generate

CODE = '''def {module}(text: str) -> str:
    """Change a text.

    Args:
        text: The text.
    """
    return text + "{name}"
'''


def component(folder: Path, *, contract: bool = True, more: str = "") -> Path:
    """Make a component of its folder's name; `more` is added to its settings."""
    module = folder.name.replace("-", "_")
    (folder / "src").mkdir(parents=True)
    (folder / "src" / f"{module}.py").write_text(CODE.format(module=module, name=folder.name))
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{folder.name}"\nversion = "1.0.0"\nrequires-python = ">=3.11"\n\n'
        f'[tool.comp]\nentrypoint = "{module}:{module}"\nnamespace = "team"\n{more}'
    )
    if contract:
        generate(read_project(folder, environ={}), {})
    return folder


def collection(root: Path, *names: str) -> Path:
    """Make components below `components/` of a repository."""
    root.mkdir(exist_ok=True)
    (root / ".git").mkdir()
    for name in names:
        component(root / "components" / name)
    return root

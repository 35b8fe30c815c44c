import ast
from pathlib import Path

import pytest

import toolkit
from toolkit.image_paths import LAUNCHER, PREFIX, absolute, folders_of, site_packages


def test_a_command_line_has_the_slash() -> None:
    assert absolute(LAUNCHER) == "/opt/comp/launch.py"


def test_packages_lie_in_the_environment_of_their_python() -> None:
    assert site_packages("3.13") == "opt/comp/venv/lib/python3.13/site-packages"


def test_folders_start_at_our_own() -> None:
    assert list(folders_of("opt/comp/a/b/c")) == ["opt/comp", "opt/comp/a", "opt/comp/a/b"]
    assert list(folders_of("opt/comp/launch.py")) == ["opt/comp"]


@pytest.mark.parametrize("path", ["opt/compound/x", "opt/comp", "usr/lib/x", "/opt/comp/x"])
def test_nothing_is_written_elsewhere(path: str) -> None:
    with pytest.raises(ValueError, match="not under"):
        list(folders_of(path))


def test_only_one_module_spells_them() -> None:
    # The launcher runs in the image, without this package.
    own = {"image_paths.py", "launcher/launch.py"}
    root = Path(toolkit.__file__).parent
    others = [path for path in sorted(root.rglob("*.py")) if str(path.relative_to(root)) not in own]
    spelled = [path.name for path in others if any(PREFIX in text for text in _texts(path))]
    assert spelled == []


def _texts(path: Path) -> list[str]:
    """List the strings of a module that are neither docstrings nor explanations of rules, which begin like them."""
    tree = ast.parse(path.read_text())
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in prose and not node.value.startswith("\n    ")
    ]

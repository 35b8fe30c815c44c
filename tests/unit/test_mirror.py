"""`tests/unit` mirrors `toolkit/`: a module's tests are found by its path. `tests/unit/tools` is for `tools/`."""

import ast
from pathlib import Path

import toolkit
from tests.conftest import ROOT

PACKAGE = Path(toolkit.__file__).parent
TESTS = Path(__file__).parent
# Tested as a user meets them, in tests/acceptance and tests/hostile.
ELSEWHERE = {"jail/enter.py", *(str(path.relative_to(PACKAGE)) for path in (PACKAGE / "cli").rglob("*.py"))}


def test_a_module_that_does_something_has_tests_of_its_own() -> None:
    modules = [path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py")) if _does_something(path)]
    assert len(modules) > 200
    untested = [str(module) for module in modules if str(module) not in ELSEWHERE and not _tests_of(module)]
    assert untested == []


def test_a_file_of_tests_belongs_to_a_module() -> None:
    files = {path for path in TESTS.rglob("test_*.py") if path != Path(__file__)}
    modules = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")]
    modules += [path.relative_to(ROOT) for path in (ROOT / "tools").rglob("*.py")]
    owned = {test for module in modules for test in _tests_of(module)}
    assert files - owned == set()


def _tests_of(module: Path) -> set[Path]:
    """Find `test_<module>.py`, and `test_<module>_<aspect>.py` where one file would be long."""
    folder = TESTS / module.parent
    return {*folder.glob(f"test_{module.stem}.py"), *folder.glob(f"test_{module.stem}_*.py")}


def _does_something(path: Path) -> bool:
    """Return whether a module has a function, or a class with methods that is not a protocol."""
    tree = ast.parse(path.read_text())
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    protocols = [node for node in classes if any(ast.unparse(base).startswith("Protocol") for base in node.bases)]
    bodies = [tree.body, *(node.body for node in classes if node not in protocols)]
    return path.stem != "__init__" and any(isinstance(node, ast.FunctionDef) for body in bodies for node in body)

"""`toolkit.load` with a double of kfp: which lock it takes, and what it makes of the answer."""

import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.loadable import contract, publish_contract
from toolkit import ComponentError, load
from toolkit.registry.consuming.adding import add


class Component(SimpleNamespace):
    """As KFP 2 has it."""

    def __call__(self, **inputs: object) -> object:
        return inputs


@pytest.fixture(autouse=True)
def kfp(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = dict.fromkeys(("training_data", "epochs", "note"))
    module: Any = ModuleType("kfp")
    module.components = SimpleNamespace(
        load_component_from_text=lambda text: Component(text=text, component_spec=SimpleNamespace(inputs=inputs))
    )
    monkeypatch.setitem(sys.modules, "kfp", module)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lock ml/train 1.0.0 in a project; the current folder is another one."""
    for name in ("project/src", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "elsewhere" / ".git").mkdir()
    (tmp_path / "project" / ".git").mkdir()
    monkeypatch.setenv("COMP_REGISTRIES_FILE", os.devnull)
    monkeypatch.setenv("COMP_LOCKED", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    publish_contract(tmp_path / "shared", "1.0.0")
    add(["ml/train@^1"], folder=tmp_path / "project", environ=os.environ, registry=str(tmp_path / "shared"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "project"


def run(file: Path | None, source: str) -> Any:  # noqa: ANN401 (what the code calls `result`)
    """Run code as a module of a file, or as the cell of a notebook."""
    names: dict[str, Any] = {"load": load} | ({"__file__": str(file)} if file else {})
    exec(compile(source, str(file or "<cell>"), "exec"), names)  # noqa: S102 (as Python does it)
    return names["result"]


def test_the_lock_above_the_callers_file_counts(project: Path) -> None:
    component = run(project / "src" / "steps.py", "result = load('ml/train@^1')")
    assert component.text == contract("1.0.0").decode()
    assert component.release == (
        "ml/train",
        "1.0.0",
        component.release.digest,
        component.release.image,
        project / "components.lock",
        project / "components" / "ml" / "train" / "component.yaml",
    )
    assert component.__doc__.startswith("Train model (ml/train@1.0.0)\n\nFit a model")
    assert component(epochs=3) == {"epochs": 3}


def test_a_notebook_has_its_own_folder_or_the_current_one(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = f"__vsc_ipynb_file__ = {str(project / 'a.ipynb')!r}\nresult = load('ml/train')"
    assert run(None, notebook).release.version == "1.0.0"
    monkeypatch.chdir(project / "src")
    assert run(None, "result = load('ml/train')").release.version == "1.0.0"


def test_an_installed_module_uses_the_current_projects_lock(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "site-packages"
    monkeypatch.setattr(sys, "path", [*sys.path, str(installed)])
    monkeypatch.chdir(project)
    assert run(installed / "steps.py", "result = load('ml/train')").release.lock == project / "components.lock"


def test_a_lock_can_be_named(project: Path) -> None:
    for lock in (project, project / "components.lock", os.path.relpath(project)):
        assert load("ml/train", lock=lock).release.lock.resolve() == project / "components.lock"


def test_what_comp_refuses_is_raised(project: Path) -> None:
    file = project / "src" / "steps.py"
    with pytest.raises(ComponentError, match=r"ml/train is locked at 1\.0\.0") as caught:
        run(file, "result = load('ml/train@^2')")
    assert (caught.value.exit_code, caught.value.where and caught.value.where.path) == (1, project / "components.lock")
    with pytest.raises(ComponentError, match="COMP_LOCKED=1 allows no other component"):
        run(file, "result = load('ml/absent')")
    with pytest.raises(ComponentError, match=r"load\(3\): a name is a text"):
        load(3)  # type: ignore[arg-type] # on purpose


def test_without_kfp_it_says_so(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kfp", None)
    with pytest.raises(ComponentError, match="kfp is missing"):
        load("ml/train", lock=project)

"""`toolkit.component` without kfp: the function itself, and what cannot be a component."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import toolkit
from toolkit import component
from toolkit.config.settings import COMPONENT_KEYS
from toolkit.pipelines import in_code
from toolkit.pipelines.comp_process import ComponentError


@component
def double(x: int, *, times: int = 2) -> int:
    """Multiply."""
    return x * times


def plain(x: int) -> int:
    return x + 1


def test_outside_of_a_pipeline_it_is_the_function() -> None:
    assert double(2) == 4
    assert double(2, times=3) == 6
    assert (double.__name__, double.__doc__) == ("double", "Multiply.")
    assert component(plain)(1) == 2
    assert component(base="python:3.12-slim")(plain)(1) == 2
    with pytest.raises(TypeError, match="double"):
        double()  # type: ignore[call-arg] # the type checker sees the function's parameters


def test_it_is_imported_late() -> None:
    program = "import sys, toolkit; print([n for n in sys.modules if n.startswith('toolkit.')])"
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=60).stdout == b"[]\n"
    )
    with pytest.raises(AttributeError, match="nothing"):
        toolkit.nothing  # noqa: B018 (reading it is the test)


def test_what_is_not_a_function_of_a_file_is_refused() -> None:
    def inner() -> None: ...

    with pytest.raises(ComponentError, match="a lambda cannot be a component"):
        component(lambda: None)
    with pytest.raises(ComponentError, match="inside of another function"):
        component(inner)
    with pytest.raises(ComponentError, match=r"component\(print\): it is not a Python function"):
        component(print)
    with pytest.raises(ComponentError, match=r"component\(int\): it is not a Python function"):
        component(3)  # type: ignore[call-overload] # on purpose
    typed = component(_of_a_session())
    with pytest.raises(ComponentError, match="the source of typed is not in a file: <stdin>"):
        typed.as_kfp_component()


def _of_a_session() -> Callable[..., object]:
    names: dict[str, object] = {}
    exec(compile("def typed(): pass", "<stdin>", "exec"), names)  # noqa: S102 (as an interactive session does)
    typed = names["typed"]
    assert callable(typed)
    return typed


def test_the_keywords_are_settings() -> None:
    keywords = {name.replace("_", "-") for name in in_code.Settings.__annotations__}
    assert keywords < {*COMPONENT_KEYS}


def test_what_comp_refuses_is_raised(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COMP_PIPELINE_IMAGES", "push")
    monkeypatch.setenv("COMP_STATE_DIR", str(tmp_path))
    with pytest.raises(ComponentError, match="has no setting 'bass'") as caught:
        in_code._built(Path(__file__), "plain", {"bass": "x"})
    assert (caught.value.hint, caught.value.exit_code) == ("did you mean 'base'?", 2)
    with pytest.raises(ComponentError, match="a setting of plain is not plain data") as wrong:
        in_code._built(Path(__file__), "plain", {"base": {1}})
    assert wrong.value.exit_code == 2
    path = tmp_path / "p.py"
    path.write_text("def f(x): ...\n")
    with pytest.raises(ComponentError, match="has no annotation") as found:
        in_code._built(path, "f", {})
    assert (found.value.where and found.value.where.line, found.value.exit_code) == (1, 1)
    monkeypatch.setenv("COMP_TOOLKIT_PYTHON", str(tmp_path / "none"))
    with pytest.raises(ComponentError, match="cannot start") as failed:
        in_code._built(Path(__file__), "plain", {})
    assert failed.value.exit_code == 3
    monkeypatch.setenv("COMP_TOOLKIT_PYTHON", "/bin/true")
    with pytest.raises(ComponentError, match="ended with code 0, without a result"):
        in_code._built(Path(__file__), "plain", {})

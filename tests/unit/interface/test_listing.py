"""Functions of modules and folders."""

from pathlib import Path

from tests.functions import read_below_classes
from toolkit.interface.listing import list_functions


def test_functions_of_a_folder_are_listed(tmp_path: Path) -> None:
    read_below_classes(
        tmp_path, "def f(): ...\ndef _own(x): ...\ndef g(x): ...\n@dsl.component\ndef h(x): ...\ndsl = 1"
    )
    (tmp_path / "broken.py").write_text("def f(:")
    listed = {(one.where.path.name, one.name): one for one in list_functions(tmp_path, {})}
    assert [name for _, name in listed] == ["broken.py", "f", "g", "h"]
    assert listed["steps.py", "f"].function is not None
    assert listed["steps.py", "g"].findings[0].rule == "F005"
    assert listed["broken.py", "broken.py"].findings[0].rule == "F001"
    (own,) = list_functions(tmp_path / "steps.py", {}, "_own")
    assert own.findings[0].rule == "F005"

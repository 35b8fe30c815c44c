"""Imports of a component without a known distribution are found again by lint."""

from pathlib import Path

import pytest

from toolkit.config.project import read_project
from toolkit.scaffold.missing_imports import missing_imports


@pytest.mark.parametrize(
    ("code", "dependencies", "settings", "missing"),
    [
        ("import acme_of_mine", "[]", "", ["acme_of_mine"]),
        ("import acme_of_mine.a\nfrom acme_of_mine import b", "['numpy']", "", ["acme_of_mine"]),
        ("def g():\n    import acme_of_mine", "[]", "", ["acme_of_mine"]),
        ("import beside", "[]", "", ["acme_of_mine"]),
        ("import numpy, json, kfp", "['numpy']", "", []),
        ("import acme_of_mine", "['acme-of-mine']", "", []),
        # Its modules are unknown.
        ("import acme_of_mine", "['some-other-name']", "", []),
        ("import acme_of_mine", "[]", "system-site-packages = true", []),
        ("try:\n    import acme_of_mine\nexcept ImportError:\n    pass", "[]", "", []),
        ("import broken", "[]", "", []),
    ],
)
@pytest.mark.parametrize("entry", ["entrypoint = 'm:f'", "command = ['python', 'm.py']"])
def test_imports_without_a_known_distribution(
    tmp_path: Path, code: str, dependencies: str, settings: str, missing: list[str], entry: str
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "m.py").write_text(f"{code}\ndef f() -> int:\n    return 1\n")
    (tmp_path / "src" / "beside.py").write_text("import acme_of_mine\n")
    (tmp_path / "src" / "broken.py").write_text("def (:\n")
    (tmp_path / "pyproject.toml").write_text(
        f"[project]\nname = 'm'\nversion = '1'\ndependencies = {dependencies}\n[tool.comp]\n{entry}\n{settings}\n"
    )
    found = missing_imports(read_project(tmp_path, environ={}), {})
    assert [one.message.split("`")[1] for one in found] == missing
    assert {one.severity for one in found} <= {"warning"}

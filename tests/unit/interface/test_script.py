"""Inline script metadata, as the PyPA's specification has it."""

from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.interface.module import Module
from toolkit.interface.script import Script, read_script


def _read(text: str) -> Script | None:
    return read_script(Module.parse(Path("s.py"), text, {}))


@pytest.mark.parametrize(
    ("text", "dependencies", "python"),
    [
        ("# /// script\n# dependencies = ['a>=1', 'b']\n# requires-python = '>=3'\n# ///\n", ("a>=1", "b"), ">=3"),
        ("#!python\n'Doc.'\n# /// script\n# dependencies = [\n#   'a',\n#\n# ]\n# ///\nx = 1\n", ("a",), None),
        ("# /// other\n# x = 1\n# ///\n# /// script\n# ///\n", None, None),
        ("# /// script\n#\n# ///\n# more\n", (), None),
        ("# /// script\n# requires-python = '>=3.10,<3.13'\n# ///\n# a comment\n# ///\n", None, None),
    ],
)  # fmt: skip
def test_metadata_of_a_script(text: str, dependencies: tuple[str, ...] | None, python: str | None) -> None:
    if dependencies is None:
        with pytest.raises(InputError):
            _read(text)
        return
    script = _read(text)
    assert script
    assert (script.dependencies, script.requires_python, script.sources) == (dependencies, python, ())


def test_a_script_without_metadata() -> None:
    assert _read("#/// script\n# dependencies = ['a']\n# ///\n'''\n## /// script\n'''\n") is None


def test_sources_are_not_the_index() -> None:
    script = _read(
        "# /// script\n# dependencies = ['A_b>=1', 'c']\n# [tool.uv.sources]\n# a-b = {index = 'mine'}\n# ///\n"
    )
    assert script
    assert script.sources == ("A_b>=1",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# /// script\n# dependencies = []\n", "has no end"),
        ("# /// script\n# x=1\n# ///\n\n# /// script\n# x=1\n# ///\n", "is present twice"),
        ("# /// script\n# x =\n# ///\n", "not valid TOML"),
        ("# /// script\n# dependencies = 'a'\n# ///\n", "not a list of texts"),
        ("# /// script\n# dependencies = ['a b']\n# ///\n", "not a requirement: 'a b'"),
        ("# /// script\n# requires-python = 'new'\n# ///\n", "not a version range: 'new'"),
    ],
)
def test_broken_metadata_is_refused_at_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        _read("import os\n" + text)
    assert caught.value.where
    assert caught.value.where.line == 2

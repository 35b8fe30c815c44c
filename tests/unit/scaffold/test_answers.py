"""The answers for built-in templates: settings, dependencies, and notes for the author."""

from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.interface.function import read_function
from toolkit.scaffold.answers import Answers, function_answers
from toolkit.scaffold.folder import NewFolder
from toolkit.scaffold.slice import slice_function

HEAD = "from kfp import dsl\n\n"
BODY = "def f(a: int) -> int:\n    return a\n"


def _answers(folder: Path, decorator: str, *, image: str | None = None) -> tuple[Answers, list[str]]:
    source = folder / "steps.py"
    source.write_text(f"{HEAD}{decorator}\n{BODY}")
    new = NewFolder(name="f", into=folder, image=image)
    return function_answers(new, [read_function(source, "f", {})], slice_function(source, "f", environ={}))


def test_a_decorator_decides_base_image_and_dependencies(tmp_path: Path) -> None:
    answers, notes = _answers(
        tmp_path,
        '@dsl.component(base_image="python:3.12-slim", target_image="a/b:1", packages_to_install=["numpy>=1"])',
    )
    assert answers["_settings"] == 'entrypoint = "steps:f"\nbase = "python:3.12-slim"\nimage = "a/b:1"'
    assert (answers["_python"], answers["_dependencies"]) == (">=3.12", '\n  "numpy>=1",\n')
    assert notes == []


def test_the_users_image_wins(tmp_path: Path) -> None:
    answers, _ = _answers(tmp_path, '@dsl.component(target_image="a/b:1")', image="c/d")
    assert answers["_settings"] == 'entrypoint = "steps:f"\nimage = "c/d"'


def test_an_old_base_is_left_out(tmp_path: Path) -> None:
    answers, notes = _answers(tmp_path, '@dsl.component(base_image="python:3.8")')
    assert answers["_settings"] == 'entrypoint = "steps:f"'
    assert notes == ["the base python:3.8 is left out: Python 3.10 is the oldest that works"]


def test_logins_do_not_enter_the_settings(tmp_path: Path) -> None:
    package = "a @ https://user:secret-word@host.example/a-1-py3-none-any.whl"
    answers, notes = _answers(tmp_path, f'@dsl.component(packages_to_install=["{package}"])')
    assert "secret-word" not in answers["_dependencies"]
    assert notes[0].startswith("logins in addresses of requirements are left out")


@pytest.mark.parametrize(
    ("decorator", "message"),
    [
        (
            '@dsl.component(packages_to_install=["no requirement!"])',
            "'f' needs 'no requirement!'",
        ),
        ('@dsl.component(base_image="two words")', "the base of 'f' is not the name of an image"),
    ],
)
def test_an_invalid_decorator(tmp_path: Path, decorator: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        _answers(tmp_path, decorator)

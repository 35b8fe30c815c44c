"""Templates are text: nothing of them runs without consent, and none stops the machine."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.templates import ENDLESS, ESCAPES, template
from toolkit.errors import InputError
from toolkit.scaffold.template import opened, rendered


def _made(own: Path, *, consent: bool = False, **given: str) -> Path:
    into = own.parent / "into"
    into.mkdir(exist_ok=True)
    with opened(str(own)) as found:
        return rendered(found, found.answers("n", "made", given, consent=consent), into, hooks=consent)


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize("place", ["text", "default", "choice", "included"])
def test_an_expression_does_not_reach_the_machine(tmp_path: Path, escape: str, place: str) -> None:
    text = escape.replace("@", f"touch {tmp_path}/ran")
    questions: dict[str, Any] = {"y": {"default": text, "choice": [text]}.get(place, "")}
    own = template(tmp_path / "own", text if place == "text" else "message", questions=questions)
    if place == "included":
        (own / "templates").mkdir()
        (own / "templates" / "part").write_text(text)
        (own / "{{cookiecutter.folder}}" / "said.txt").write_text("{% include 'part' %}")
    with pytest.raises(InputError, match=f"the template {own} does not work: "):
        _made(own)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("escape", [one for one in ESCAPES if "/" not in one])
def test_an_expression_in_a_name_does_not_reach_the_machine(tmp_path: Path, escape: str) -> None:
    own = template(tmp_path / "own", name=escape.replace("@", "touch ran"))
    with pytest.raises(InputError, match="does not work: "):
        _made(own)


@pytest.mark.parametrize("text", ENDLESS)
def test_a_template_without_an_end_is_refused(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_TEMPLATE_SIZE", "1000000")
    began = time.monotonic()
    with pytest.raises(InputError, match="does not work: "):
        _made(template(tmp_path / "own", text))
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("questions", "message"),
    [
        ({"_extensions": ["os.system"]}, "it needs the extension os.system, which is a program"),
        ({"_extensions": ["jinja2_time.TimeExtension"]}, "it needs the extension jinja2_time.TimeExtension"),
        ({"_extensions": 5}, "its _extensions is not a list of texts"),
        ({"_extensions": [5]}, "its _extensions is not a list of texts"),
        ({"_jinja2_env_vars": {"finalize": "x"}}, "which is not about syntax"),
        ({"_jinja2_env_vars": {"trim_blocks": "x"}}, "which is not about syntax"),
        ({"_jinja2_env_vars": {"block_start_string": ""}}, "does not work"),
        ({"_jinja2_env_vars": []}, "its _jinja2_env_vars is not an object"),
        ({"_copy_without_render": 5}, "its _copy_without_render is not a list of texts"),
        ({"_new_lines": "x"}, "its _new_lines is 'x', expected a line end"),
        ({"y": "{{ 1 / 0 }}"}, "division by zero"),
        ({"y": "{{ {}.a.b }}"}, "has no attribute 'a'"),
    ],
)
def test_invalid_settings_are_refused(tmp_path: Path, questions: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        _made(template(tmp_path / "own", questions=questions))
    assert message in refused.value.message


@pytest.mark.parametrize("name", ["nowhere.Extension", "os.nothing", "os.system", "local.Nothing", "x"])
def test_an_extension_that_cannot_be_used_is_an_error(tmp_path: Path, name: str) -> None:
    own = template(tmp_path / "own", questions={"_extensions": [name]})
    with pytest.raises(InputError, match="its _extensions or _jinja2_env_vars cannot be used"):
        _made(own, consent=True)


def test_the_templates_own_extension_runs_with_consent(tmp_path: Path) -> None:
    own = template(tmp_path / "own", "{{ 'a'|loud }}", questions={"_extensions": ["own_extension.Loud"]})
    (own / "own_extension.py").write_text(
        "from jinja2.ext import Extension\nclass Loud(Extension):\n"
        "    def __init__(self, e):\n        super().__init__(e)\n        e.filters['loud'] = str.upper\n"
    )
    with opened(str(own)) as found:
        assert found.programs == ("own_extension.Loud",)
    assert (_made(own, consent=True) / "said.txt").read_text() == "A"


def test_features_of_cookiecutter_work(tmp_path: Path) -> None:
    questions = {
        "project_name": "P",
        "upper": "{{ cookiecutter.project_name|upper }}",
        "colour": ["{{ cookiecutter.x }}1", "b"],
        "__hidden": "{{ cookiecutter.upper }}!",
        "_raw": "{{ nothing }}",
        "package": "a/b",
        "_extensions": ["jinja2.ext.do"],
        "_copy_without_render": ["kept*", "static"],
    }
    text = "{{ cookiecutter.upper }}{{ cookiecutter.colour }}{{ cookiecutter.__hidden }}{{ 'A b'|slugify }}\n"
    text += "{% do [].append(1) %}"
    own = template(tmp_path / "own", text, questions=questions)
    inner = own / "{{cookiecutter.folder}}"
    (inner / "crlf.txt").write_bytes(b"{{ cookiecutter.x }}\r\nb\r\n")
    (inner / "kept.txt").write_text("{{ x }}")
    (inner / "binary").write_bytes(b"\xff{{ 1 }}\0")
    (inner / "static" / "{{x}}").mkdir(parents=True)
    (inner / "static" / "{{x}}" / "file").write_text("{{ 1 }}")
    (inner / "{{cookiecutter.package}}").mkdir()
    (inner / "{{cookiecutter.package}}" / "run.sh").write_text("{{ cookiecutter.x }}")
    (inner / "{{cookiecutter.package}}" / "run.sh").chmod(0o755)
    (inner / "{% if cookiecutter.x == 'y' %}left{% endif %}").write_text("out")
    made = _made(own)
    assert {str(path.relative_to(made)): path.read_bytes() for path in made.rglob("*") if path.is_file()} == {
        "said.txt": b"Nx1N!a-b\n",
        "crlf.txt": b"x\r\nb\r\n",
        "kept.txt": b"{{ x }}",
        "binary": b"\xff{{ 1 }}\0",
        "static/{{x}}/file": b"{{ 1 }}",
        "a/b/run.sh": b"x",
    }
    assert (made / "a" / "b" / "run.sh").stat().st_mode & 0o100


def test_a_pipe_and_a_link_in_a_template_are_refused(tmp_path: Path) -> None:
    own = template(tmp_path / "own")
    os.mkfifo(own / "{{cookiecutter.folder}}" / "pipe")
    with pytest.raises(InputError, match="pipe is a pipe, expected a file"):
        _made(own)
    (own / "cookiecutter.json").unlink()
    (tmp_path / "private.json").write_text(json.dumps({"folder": "x"}))
    (own / "cookiecutter.json").symlink_to(tmp_path / "private.json")
    with pytest.raises(InputError, match="a link that leads elsewhere, expected a file"):
        _made(own)


def test_files_of_tools_stay_in_the_template(tmp_path: Path) -> None:
    own = template(tmp_path / "own", "message")
    inner = own / "{{cookiecutter.folder}}"
    before = _files(_made(own))
    left = ("__pycache__/x.cpython-311.pyc", ".pytest_cache/v/x", ".ipynb_checkpoints/x.py", "x.pyc", ".DS_Store")
    for name in left:
        (inner / name).parent.mkdir(parents=True, exist_ok=True)
        (inner / name).write_bytes(b"\0")
    (tmp_path / "into").rename(tmp_path / "before")
    assert _files(_made(own)) == before


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))

"""Hostile templates, made from small recipes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Ways from an expression of Jinja to the operating system; `@` stands for a command.
ESCAPES = (
    "{{ cycler.__init__.__globals__.os.popen('@').read() }}",
    "{{ self.__init__.__globals__.__builtins__.__import__('os').popen('@').read() }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ lipsum.__globals__['os'].popen('@').read() }}",
    "{{ cookiecutter['x'].__class__ }}",
    "{{ '{0.__class__.__mro__}'.format(cookiecutter) }}",
    "{{ (cookiecutter|attr('__class__')).__mro__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ joiner.__init__['__globals__']['os'].system('@') }}",
)

# Texts that fill memory or never end.
ENDLESS = (
    "{{ 'a' * 10**10 }}",
    "{{ 10 ** 10 ** 10 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ 'x'.center(1000000000) }}",
    "{{ 'x'|center(1000000000) }}",
    "{{ '%1000000000d'|format(1) }}",
    "{{ random_ascii_string(1000000000) }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{{ b }}{% endfor %}{% endfor %}",
    "{% set n = namespace(x='a' * 99999) %}{% for a in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% include 'said.txt' %}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
)


def template(
    folder: Path, text: str = "said", *, questions: Mapping[str, Any] | None = None, name: str = "said.txt"
) -> Path:
    """Make a template of one file."""
    inner = folder / "{{cookiecutter.folder}}"
    inner.mkdir(parents=True)
    (folder / "cookiecutter.json").write_text(json.dumps({"folder": "made", "x": "x", **(questions or {})}))
    (inner / name).write_text(text)
    return folder

"""Run with pytest, with `src` on the path: `PYTHONPATH=src pytest`."""

import inspect

from {{ cookiecutter._module }} import {{ cookiecutter._function }}


def test_parameters_match_the_contract() -> None:
    assert list(inspect.signature({{ cookiecutter._function }}).parameters) == {{ cookiecutter._parameters }}

"""Run with pytest, with `src` on the path: `PYTHONPATH=src pytest`."""

import inspect

from {{ cookiecutter._module }} import {{ cookiecutter._function }}


def test_it_takes_what_the_contract_says() -> None:
    assert list(inspect.signature({{ cookiecutter._function }}).parameters) == {{ cookiecutter._parameters }}

"""The public Python API: its names and signatures, so that a change of them is one that its author means."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import toolkit
from tests.conftest import ROOT

SIGNATURES = """\
add(*requests, registry=None, folder='.', into=None, force=False, locked=False, dry_run=False, environ=None, remark=…, \
announce=…)
build(folder='.', *, base=None, builder='auto', output=None, locked=False, environ=None, progress=…)
component(function=None, /, **settings)
generate(folder='.', *, check=False, environ=None)
inspect(image='.', *, platform=None, packages=False, check=False, environ=None, progress=…)
lint(*paths, select=(), ignore=(), jobs=1, environ=None)
load(request, /, *, locked=None, lock=None, registry=None)
publish(folder='.', *, registry=None, namespace=None, by=None, branch=None, accept_breaking=False, image_check=True, \
dry_run=False, environ=None)
push(folder='.', *, image=None, base=None, builder='auto', output=None, locked=False, pin='in-place', provenance=None, \
environ=None, progress=…)
search(*words, produces=(), accepts=(), namespace=None, tags=(), deprecated=False, registry=None, folder='.', \
environ=None)
"""


def test_the_signatures_are_these() -> None:
    names = sorted(name for name in toolkit.__all__ if not name.startswith("_") and name[0].islower())
    assert "".join(f"{name}{_signature(toolkit.__getattr__(name))}\n" for name in names) == SIGNATURES
    assert set(toolkit.__all__) - set(names) == {"ComponentError", "__version__"}


def _signature(function: object) -> str:
    """A signature without types; defaults that are functions are `…`."""
    assert callable(function)
    plain = [each.replace(annotation=each.empty, default=_shown(each)) for each in _parameters(function)]
    return str(inspect.Signature(plain))


def _parameters(function: Callable[..., object]) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


def _shown(parameter: inspect.Parameter) -> object:
    is_function = inspect.isfunction(parameter.default)
    return _Shown() if is_function else parameter.default


class _Shown:
    def __repr__(self) -> str:
        return "…"


def test_every_name_has_words_and_types() -> None:
    for name in toolkit.__all__:
        thing = toolkit.__version__ if name == "__version__" else toolkit.__getattr__(name)
        assert name == "__version__" or inspect.getdoc(thing), name
        if inspect.isfunction(thing):
            assert all(each.annotation is not each.empty for each in _parameters(thing)), name
            assert inspect.signature(thing).return_annotation is not inspect.Signature.empty, name


def test_a_checker_knows_them(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import toolkit\n"
        "image: str = toolkit.build('x').image\n"
        "fresh: bool = toolkit.generate(check=True).is_fresh\n"
        "wrong: int = toolkit.push('x').digest\n"
        "toolkit.lint(select='x', rules=1)\n"
        "[hit.entry.name for hit in toolkit.search('x').hits]\n"
    )
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    found = [line.partition(": error: ")[2] for line in checked.stdout.splitlines() if ": error: " in line]
    assert found == [
        'Incompatible types in assignment (expression has type "str", variable has type "int")  [assignment]',
        'Unexpected keyword argument "rules" for "lint"  [call-arg]',
    ], checked.stdout


def test_a_function_stays_one_when_the_package_of_its_name_is_imported() -> None:
    program = "import toolkit\nfirst = toolkit.lint\nimport toolkit.lint.rules\n"
    program += "for lint in (first, toolkit.lint):\n    print(lint('sample_components/summarise_text').contracts)\n"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n1\n"

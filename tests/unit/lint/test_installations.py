"""Packages that a step installs when it runs."""

import pytest

from tests.contracts import PATH, Case, contract, lacking, texts_found
from toolkit.lint.rules import findings_of
from toolkit.spec.reader import parse_document

RATE = "{name: rate, type: Float, description: d}"

CASES: tuple[Case, ...] = (
    ("C065", contract(command="sh, -c, 'pip install pandas && python a.py'"), ["'pip install pandas && python a.py'"]),
    ("C065", contract(command="sh, -c, 'apt-get -y install git'"), ["'apt-get -y install git'"]),
    ("C065", contract(RATE, command="sh, -c, {concat: ['pip  install x==', {inputValue: rate}]}"), [
        "{concat: ['pip  install x==', {inputValue: rate}]}"
    ]),
    ("C065", contract(command="sh, -c, 'python a.py --installed'"), []),
    ("C066", contract(command="sh, -c, 'pip install pandas && python a.py'"), ["'pip install pandas && python a.py'"]),
    ("C066", contract(command="sh, -c, 'pip install pandas==2.2.3 -q && python a.py'"), []),
    ("C066", contract(command="sh, -c, 'apt-get install git'"), []),
)  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.installations") == set()


def of(rule: str, program: str) -> list[str]:
    """Return the messages of a rule about a shell program."""
    lines = "".join(f"      {line}\n" for line in program.splitlines())
    text = f"name: n\nimplementation:\n  container:\n    image: a\n    command:\n    - sh\n    - -c\n    - |\n{lines}"
    found = [finding for finding in findings_of(parse_document(text, PATH)) if finding.rule == rule]
    return [f"{finding.where.line}:{finding.where.column} {finding.message}" for finding in found]


def test_a_block_has_its_own_lines() -> None:
    assert of("C065", "set -e\npip install pandas\n") == ["10:7 the step runs `pip install` each time it starts"]


@pytest.mark.parametrize(
    ("program", "packages"),
    [
        ("python3 -m pip install -q 'numpy<2' \"pandas>=2,<3\" scipy~=1.0", "numpy, pandas, scipy"),
        ("pip install 'a[b]' c==1.* d!=2", "a, c, d"),
        ("pip install -U pip \\\n  wheel", "pip, wheel"),
        ("uv pip install --index-url https://i/simple a", "a"),
        ("pip install a==1 && pip3 install b; echo c", "b"),
        ("(pip install a || pip install --user a)", "a"),
        ("pip install a 2>&1 | tee log", "a"),
        ("pip install a # b", "a"),
        ("pip install 'a; python_version < \"3.9\"'", "a"),
    ],
)
def test_packages_without_an_exact_version_are_named(program: str, packages: str) -> None:
    assert of("C066", program) == [f"9:7 pip installs {packages} without an exact version"]


@pytest.mark.parametrize(
    "program",
    [
        "pip install a==1 'b===2' c==1.0.post1 'd[e]==3; python_version < \"3.9\"'",
        "pip install -r requirements.txt",
        "pip install -c pins.txt a",
        "pip install --require-hashes a",
        'pip install "$PACKAGE" ${OTHER} a$VERSION',
        "pip install ./a https://x/a.whl git+https://x/a@1 a.whl/ .",
        "pip install --target a --python-version 3.9 b==1",
        "pip install -e a",
        "pip install 'a @ https://x/a.whl'",
        "pip install 'a",
        "pip list; echo install a",
    ],
)
def test_other_installations_are_no_finding(program: str) -> None:
    assert of("C066", program) == []


def test_a_version_that_a_caller_gives_is_one() -> None:
    text = contract(RATE, command="sh, -c, {concat: ['pip install a', {inputValue: rate}]}")
    assert texts_found(text, "C066") == []

"""What Kubernetes and Linux refuse."""

import pytest

from tests.contracts import A, Case, contract, lacking, texts_found

# One more byte than an argument may have.
LONG = 131_072


def labelled(labels: str, key: str = "labels") -> str:
    """Write a contract with labels, or with annotations."""
    return contract().replace("description: d", f"description: d\nmetadata: {{{key}: {labels}}}", 1)


def with_env(env: str) -> str:
    """Write a contract with variables."""
    return f"{contract()}    env: {env}\n"


CASES: tuple[Case, ...] = (
    ("C081", labelled("{team: machine learning}"), ["machine learning"]),
    ("C081", labelled("{a b: c}"), ["c"]),
    ("C081", labelled("{a/b/c: d, Example.com/a: b, /a: b, a/: b}"), ["d", "b", "b", "b"]),
    ("C081", labelled(f"{{a: {'b' * 64}}}"), ["b" * 64]),
    ("C081", labelled(f"{{{'b' * 64}: a}}"), ["a"]),
    ("C081", labelled("{a: -b}"), ["-b"]),
    ("C081", labelled(f"{{team: ml, example.com/a_B.c: 'A1-b_c.d', b: '', c: {'d' * 63}}}"), []),
    ("C081", labelled("{owner of it: a}", "annotations"), ["a"]),
    ("C081", labelled("{author: 'Ada, of London', Example.COM/a: 'b c'}", "annotations"), []),
    ("C082", with_env("{learning rate: '1', 1A: b, 'A=B': c, '': d}"), ["'1'", "b", "c", "d"]),
    ("C082", with_env("{A: b, _a: b, a.b-c: d, .A: b}"), []),
    ("C083", contract(command=f"python, -c, {'x' * LONG}"), ["x" * LONG]),
    ("C083", contract(command=f"python, -c, {'é' * (LONG // 2)}"), ["é" * (LONG // 2)]),
    ("C083", contract(A, args=f"{{concat: [{'x' * (LONG - 1)}, {{inputValue: a}}, y]}}"), [
        f"{{concat: [{'x' * (LONG - 1)}, {{inputValue: a}}, y]}}"
    ]),
    ("C083", with_env(f"{{AB: {'x' * (LONG - 3)}}}"), ["x" * (LONG - 3)]),
    ("C083", contract(command=f"python, -c, {'x' * (LONG - 1)}"), []),
    ("C083", with_env(f"{{AB: {'x' * (LONG - 4)}}}"), []),
)  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.kubernetes_limits") == set()

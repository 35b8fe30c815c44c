"""Kubernetes quantities: the grammar, the values, and texts that are none."""

from fractions import Fraction

import pytest

from toolkit.declared.quantity import LARGEST, parse_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("2", 2),
        ("+2", 2),
        ("-2", -2),
        ("2.", 2),
        (".5", Fraction(1, 2)),
        ("0.5", Fraction(1, 2)),
        ("500m", Fraction(1, 2)),
        ("250u", Fraction(1, 4000)),
        ("7n", Fraction(7, 10**9)),
        ("1k", 1000),
        ("1.5M", 1_500_000),
        ("3G", 3 * 10**9),
        ("1T", 10**12),
        ("1P", 10**15),
        ("1E", 10**18),
        ("1Ki", 1024),
        ("1.5Gi", 3 * 2**29),
        ("1Mi", 2**20),
        ("1Ti", 2**40),
        ("1Pi", 2**50),
        ("7Ei", 7 * 2**60),
        ("1e3", 1000),
        ("1E3", 1000),
        ("12e-1", Fraction(6, 5)),
        ("1e+06", 10**6),
        (str(LARGEST), LARGEST),
    ],
)
def test_a_quantity_has_the_value_that_kubernetes_reads(text: str, value: Fraction) -> None:
    quantity = parse_quantity(text)
    assert quantity is not None
    assert quantity.value == value
    assert str(quantity) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", ".", "+", "m", "Gi", "1K", "1ki", "1mi", "1GB", "1 Gi", " 1", "1\n", "1KiB", "0x10", "1_000", "1,5"),
        *("1e", "1e3Ki", "1Gie3", "1.2.3", "--1", "nan", "inf", "\uff11", "1e999999999", "9" * 20, str(LARGEST + 1)),
        *("8Ei", "1e-999999999", "1" * 5000),
    ],
)
def test_other_texts_are_not_quantities(text: str) -> None:
    assert parse_quantity(text) is None

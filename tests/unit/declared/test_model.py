"""The records of declarations."""

from toolkit.declared.model import Amounts, Declared
from toolkit.declared.quantity import Quantity, parse_quantity


def _quantity(text: str) -> Quantity:
    quantity = parse_quantity(text)
    assert quantity is not None
    return quantity


def test_amounts_have_kubernetes_names_and_only_what_is_declared() -> None:
    amounts = Amounts(cpu=_quantity("500m"), ephemeral_storage=_quantity("2Gi"))
    assert [(name, str(amount)) for name, amount in amounts.items()] == [("cpu", "500m"), ("ephemeral-storage", "2Gi")]
    assert list(Amounts(memory=_quantity("1G")).items()) == [("memory", _quantity("1G"))]


def test_a_component_without_declarations_declares_nothing() -> None:
    nothing = Declared()
    assert [*nothing.resources.limits.items(), *nothing.resources.requests.items()] == []
    assert (nothing.resources.accelerator, dict(nothing.constants), dict(nothing.references)) == (None, {}, {})
    assert nothing == Declared()

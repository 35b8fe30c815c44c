from toolkit.breaking.pairing import pair
from toolkit.interface.model import Input, Kind


def _ports(*names: str) -> tuple[Input, ...]:
    return tuple(Input(name=name, type="String", kind=Kind.PARAMETER) for name in names)


def test_names_come_before_likeness() -> None:
    found = pair(_ports("table", "tables"), _ports("tables", "tabl"))
    assert (found.same, found.renamed) == (((1, 0),), ((0, 1),))


def test_a_place_makes_a_rename_of_unlike_names() -> None:
    found = pair(_ports("a", "x"), _ports("a", "z"))
    assert (found.renamed, found.removed, found.added) == (((1, 1),), (), ())


def test_the_end_counts_as_a_place() -> None:
    assert pair(_ports("a", "x"), _ports("b", "a", "z")).renamed == ((1, 2),)


def test_another_type_is_another_port() -> None:
    changed = (Input(name="z", type="Model", kind=Kind.ARTIFACT),)
    found = pair(_ports("x"), changed)
    assert (found.renamed, found.removed, found.added) == ((), (0,), (0,))


def test_very_many_ports_are_not_compared_by_name() -> None:
    found = pair(_ports(*(f"a{number}" for number in range(200))), _ports(*(f"b{number}" for number in range(200))))
    assert len(found.removed) == len(found.added) == 200

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
    # Both names are as much alike; nothing was added behind the second one.
    assert pair(_ports("a", "table_x"), _ports("table_y", "a", "table_z")).renamed == ((1, 2),)


def test_words_of_a_longer_name() -> None:
    """As in a public history: the names got a prefix, and others of their words came in between."""
    old = _ports("min_replica_count", "max_replica_count")
    new = _ports("dedicated_max_replica_count", "automatic_replicas", "dedicated_min_replica_count")
    found = pair(old, new)
    assert (found.renamed, found.added) == (((0, 2), (1, 0)), (1,))


def test_a_place_alone_shows_nothing_where_more_came_than_went() -> None:
    found = pair(_ports("profiler"), _ports("bert_script_args", "ptl"))
    assert (found.renamed, found.removed) == ((), (0,))


def test_another_type_is_another_port() -> None:
    changed = (Input(name="z", type="Model", kind=Kind.ARTIFACT),)
    found = pair(_ports("x"), changed)
    assert (found.renamed, found.removed, found.added) == ((), (0,), (0,))


def test_very_many_ports_are_not_compared_by_name() -> None:
    found = pair(_ports(*(f"a{number}" for number in range(200))), _ports(*(f"b{number}" for number in range(200))))
    assert len(found.removed) == len(found.added) == 200

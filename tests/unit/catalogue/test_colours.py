from toolkit.catalogue.colours import PLAIN, colour_of


def test_a_type_has_one_colour_everywhere() -> None:
    assert colour_of("Model") == colour_of("Model") != PLAIN
    assert len({colour_of(name) for name in ("Model", "Dataset", "Metrics", "CSV", "HTML", "GCSPath")}) > 1


def test_plain_values_have_a_colour_of_their_own() -> None:
    assert colour_of("Integer") == colour_of("") == PLAIN

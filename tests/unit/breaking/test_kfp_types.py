import pytest

from toolkit.breaking.kfp_types import kfp2_type, stops


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("str", "String"),
        ("typing.List[str]", "JsonArray"),
        ("Double", "Float"),
        ("dataset", "Dataset"),
        ("CSV", "Artifact"),
        ("", "Artifact"),
        ("google.VertexModel", "google.VertexModel"),
    ],
)
def test_kfp_2_knows_few_types(written: str, read: str) -> None:
    assert kfp2_type(written) == read


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("Float", "Float", ""),
        ("Float", "double", "1.8"),
        ("Float", "Integer", "1.8 2"),
        ("CSV", "Table", "1.8"),
        ("CSV", "Artifact", ""),
        ("Artifact", "CSV", "1.8"),
        ("artifact", "Artifact", ""),
        ("Model", "Artifact", ""),
        ("Artifact", "Model", "1.8 2"),
        ("", "Model", "1.8 2"),
        ("Model", "", ""),
        ("String", "", "2"),
        ("", "Artifact", "1.8"),
    ],
)
def test_a_type_stops_to_fit_in_some_lines(old: str, new: str, lines: str) -> None:
    assert " ".join(sorted(stops(old, new))) == lines

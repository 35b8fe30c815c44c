import pytest

from toolkit.words import closest, counted, did_you_mean, in_bytes, is_text, one_line, shortened, some_of


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (45_500, "45.5 kB"),
        (8 << 20, "8.4 MB"),
        (1_234_000_000, "1.2 GB"),
        (10**13, "10000.0 GB"),
    ],
)
def test_bytes_have_si_prefixes(count: int, text: str) -> None:
    assert in_bytes(count) == text


@pytest.mark.parametrize(
    ("names", "text"),
    [([], ""), (["a"], "a"), (["a", "b", "c"], "a, b, c"), (["a", "b", "c", "d", "e"], "a, b, c and 2 more")],
)
def test_three_names_stand_for_many(names: list[str], text: str) -> None:
    assert some_of(names) == text


def test_a_misspelt_name_gets_the_closest_one() -> None:
    assert closest("bild", ("build", "lint")) == "build"
    assert closest("Stringg", iter(("Sting", "String")), similarity=0.8) == "String"
    assert closest("x", ()) is None
    assert did_you_mean("bild", {"build": 1}, otherwise="see the list") == "did you mean 'build'?"
    assert did_you_mean("xyz", ["build"], otherwise="see the list") == "see the list"


def test_half_of_a_surrogate_pair_is_not_text() -> None:
    assert is_text("ü")
    assert not is_text("\ud83d")


def test_a_long_text_is_cut_at_its_end() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "ab…"


def test_counted() -> None:
    assert [counted(count, "file") for count in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


def test_a_text_of_others_is_one_short_line() -> None:
    assert one_line(" a\n\tb ") == "a b"
    assert one_line("a" * 9, 5) == "aaaa…"

import pytest

from toolkit.debian.control import Relation, relations, stanzas


def test_paragraphs_have_fields_and_a_field_may_have_several_lines() -> None:
    text = "Package: a\n# a comment\nDescription: short\n long\n .\n more\n\n\nPackage: b\r\nVersion: 1\r\n"
    assert [*stanzas(text)] == [
        {"Package": "a", "Description": "short\nlong\n.\nmore"},
        {"Package": "b", "Version": "1"},
    ]


def test_relations_have_alternatives_versions_and_qualifiers() -> None:
    found = relations("libc6 (>= 2.34), perl:any, a [amd64] <!nocheck> | b (<<1:2-3),\n c")
    assert [" | ".join(map(str, group)) for group in found] == ["libc6 (>= 2.34)", "perl:any", "a | b (<< 1:2-3)", "c"]
    assert relations("") == ()


@pytest.mark.parametrize("text", ["a b", "A", "a (> )", "a (1)", "../a", "a | "])
def test_another_text_is_no_relation(text: str) -> None:
    with pytest.raises(ValueError, match="names no Debian package"):
        relations(text)


def test_a_relation_says_which_versions_it_means() -> None:
    relation = Relation(name="a", operator=">=", version="2")
    assert relation.holds_for("2.0.1")
    assert not relation.holds_for("1")


def test_a_long_gap_in_a_relation_is_read_at_once() -> None:
    # A search that tries all ways to share the gap would take hours.
    with pytest.raises(ValueError, match="names no Debian package"):
        relations(f"a{' ' * 100_000}!")
    assert str(relations(f"a{' ' * 100_000}(>=\n1)")[0][0]) == "a (>= 1)"


def test_long_fields_take_time_that_grows_with_them() -> None:
    assert len(next(stanzas("A: b\n" + " x\n" * 1_000_000))["A"]) == 2_000_001

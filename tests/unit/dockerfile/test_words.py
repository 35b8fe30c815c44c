"""Words, pairs and variables of instructions, as docker's reference describes them."""

import pytest

from toolkit.dockerfile.words import exec_form, expanded, pairs_of, split_words
from toolkit.errors import InputError

VALUES = {"PATH": "/a/b/c", "EMPTY": "", "X": "x"}


def test_words_keep_their_quotes_and_escapes() -> None:
    assert split_words(r"""a "b c"'d e' f\ g '\' "\"" "" h\ """.strip(), "\\") == [
        "a",
        "\"b c\"'d e'",
        r"f\ g",
        r"'\'",
        r'"\""',
        '""',
        "h",
    ]
    assert split_words("a` b", "`") == ["a` b"]


def test_an_exec_form_is_an_array_of_texts() -> None:
    assert exec_form(' ["a", "b c"]') == ("a", "b c")
    assert exec_form("[]") == ()
    assert exec_form("['a']") is None
    assert exec_form("[ -f x ] && y") is None
    assert exec_form("a") is None
    with pytest.raises(InputError, match="not only texts"):
        exec_form('["a", 1]')


def test_pairs_in_both_forms() -> None:
    assert pairs_of("""a=b c="d e" f=\\ g""", "\\") == [("a", "b"), ("c", '"d e"'), ("f", "\\ g")]
    assert pairs_of("name  a value = x", "\\") == [("name", "a value = x")]
    for text in ("name", "a=b c", "=a"):
        with pytest.raises(InputError):
            pairs_of(text, "\\")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$X${X}$Y-$", "xx-$"),
        ('\'$X\' "$X\\$X\\"\\q" \\$X', '$X x$X"\\q $X'),
        ("${Y:-a$X}${EMPTY:-b}${EMPTY-c}${X:-d}", "axbx"),
        ("${X:+a}${EMPTY:+b}${EMPTY+c}${Y+d}", "ac"),
        ("${X:?no}${EMPTY?no}", "x"),
        ("${PATH#*/}|${PATH##*/}|${PATH%/*}|${PATH%%/*}|${PATH#z}", "a/b/c|c|/a/b||/a/b/c"),
        ("${PATH/b/X}|${PATH//\\//-}|${PATH/?/}", "/a/X/c|-a-b-c|a/b/c"),
        ("${Y:-${X:-z}}", "x"),
        ("${Y:-'}'}", "}"),
    ],
)
def test_variables_are_replaced(text: str, value: str) -> None:
    assert expanded(text, VALUES) == value


@pytest.mark.parametrize("text", ["${X", "${}", "${:X}", "'a", '"a', "${Y:?}", "${X!}", "${X:/a/b}", "${Y?gone}"])
def test_substitutions_that_cannot_be_made(text: str) -> None:
    with pytest.raises(InputError):
        expanded(text, VALUES)


def test_the_escape_of_the_file_counts() -> None:
    assert expanded("c:\\$X`$X", VALUES, "`") == "c:\\x$X"


def test_what_would_fill_the_stack_or_the_memory_is_refused() -> None:
    with pytest.raises(InputError, match="more than 50 substitutions in each other"):
        expanded(f"{'${A:-' * 20_000}{'}' * 20_000}", {})
    with pytest.raises(InputError, match="a value in the Dockerfile exceeds the limit of 131,072 items"):
        expanded("$A$A", {"A": "a" * 100_000})
    with pytest.raises(InputError) as caught:
        expanded("'" * 100_001, {})
    assert len(caught.value.message) < 300

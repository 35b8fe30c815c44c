from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import InputError
from toolkit.oci.reference import parse_reference

COMPONENT = st.from_regex(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*", fullmatch=True).filter(lambda text: len(text) < 40)
HOST = st.sampled_from(["", "localhost/", "localhost:5000/", "a.example.com/", "[::1]:80/", "docker.io/", "10.0.0.1/"])
TAG = st.from_regex(r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,20})?", fullmatch=True)
DIGEST = st.from_regex(r"(@sha256:[0-9a-f]{64})?", fullmatch=True)
VALID = st.builds(
    lambda host, parts, tag, digest: host + "/".join(parts) + tag + digest,
    HOST,
    st.lists(COMPONENT, min_size=1, max_size=4),
    TAG,
    DIGEST,
)
ALMOST = st.text(alphabet="abAB01.:/@[]-_ \nsha256é", max_size=60)


@given(st.one_of(st.text(), ALMOST, VALID))
def test_any_text_parses_or_is_refused_and_canonical_forms_round_trip(text: str) -> None:
    with suppress(InputError):
        parsed = parse_reference(text)
        assert parse_reference(str(parsed)) == parsed
        assert parse_reference(parsed.familiar) == parsed
        assert str(parse_reference(str(parsed))) == str(parsed)


@given(VALID.filter(lambda text: "." not in text.split("/")[0] or text.split("/")[0] in {"a.example.com", "docker.io"}))
def test_the_grammar_is_accepted(text: str) -> None:
    assert parse_reference(text).repository

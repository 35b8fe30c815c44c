import hashlib

import pytest

from toolkit.digest import Digest, canonical_json
from toolkit.errors import InputError

HEX = hashlib.sha256(b"data").hexdigest()


def test_a_digest_reads_what_it_writes() -> None:
    assert Digest.parse(str(Digest.of(b"data"))) == Digest.of(b"data") == Digest.parse_hex(HEX)
    assert str(Digest.of(b"data")) == f"sha256:{HEX}"


@pytest.mark.parametrize(
    "text",
    ["", HEX, f"sha512:{HEX}", f"sha256:{HEX[1:]}", f"sha256:{HEX}0", f"sha256:{HEX.upper()}", f"sha256:{HEX}\n"],
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a sha256 digest") as caught:
        Digest.parse(text)
    assert caught.value.hint == "expected sha256: and 64 hex digits"


@pytest.mark.parametrize("text", ["", f"sha256:{HEX}", "../" + HEX[3:], HEX[1:], f"{HEX}\n"])
def test_hex_digits_alone_are_64_and_lower_case(text: str) -> None:
    with pytest.raises(InputError, match="a sha256 that is not 64 hex digits"):
        Digest.parse_hex(text)


def test_canonical_json_has_one_text_for_equal_values() -> None:
    assert canonical_json({"b": [1, None], "a": "ü"}) == '{"a":"ü","b":[1,null]}'.encode()
    assert canonical_json({"a": "ü", "b": (1, None)}, ascii_only=True) == b'{"a":"\\u00fc","b":[1,null]}'


def test_a_key_may_hold_a_path_that_is_not_utf_8() -> None:
    assert canonical_json("caf\udce9", ascii_only=True) == b'"caf\\udce9"'

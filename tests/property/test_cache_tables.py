"""Tables of cache exports, given anything: only our own errors come out, and a table that was read can be written."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from toolkit.cache_export.choosing import within
from toolkit.cache_export.contents import BLOB_KINDS, RECORD_KINDS, Contents, parse_contents
from toolkit.errors import InputError

_DIGITS = st.sampled_from(["a" * 64, "b" * 64, "../x", "", "A" * 64])
_NUMBERS = st.sampled_from([0, 1, -1, True, 1.5, 10**30, None]) | st.integers(0, 100)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_BLOBS = st.tuples(st.sampled_from([*BLOB_KINDS, "x"]) | _VALUES, _DIGITS, _NUMBERS, _NUMBERS).map(list) | _VALUES
_RECORDS = st.tuples(st.sampled_from([*RECORD_KINDS, ".."]) | _VALUES, _DIGITS, _NUMBERS, _VALUES).map(list) | _VALUES
_TABLES = st.fixed_dictionaries(
    {"version": st.just(1), "blobs": st.lists(_BLOBS, max_size=4), "records": st.lists(_RECORDS, max_size=4)}
)


@given(st.binary(max_size=50) | (_TABLES | _VALUES).map(lambda value: json.dumps(value).encode()))
def test_a_table_is_read_or_refused(data: bytes) -> None:
    try:
        contents = parse_contents(data)
    except InputError:
        return
    written: Any = Contents.of(contents.entries).to_json()
    assert parse_contents(written).invalid == 0
    assert within(contents, 0).size == 0

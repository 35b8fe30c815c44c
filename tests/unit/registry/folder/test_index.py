import json

import pytest

from tests.releases import release
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.registry.folder.index import index_bytes, index_line, read_index
from toolkit.registry.names import Name
from toolkit.registry.semver import parse_version

TRAIN = Name("ml", "train")
LINES = [index_line(release(version), version.encode()) for version in ("1.10.0", "1.2.0", "1.10.0-rc.1")]


def test_lines_are_in_the_order_of_versions_and_name_their_record() -> None:
    data = index_bytes(LINES)
    assert [json.loads(line)["version"] for line in data.splitlines()] == ["1.2.0", "1.10.0-rc.1", "1.10.0"]
    assert list(map(str, read_index(data, TRAIN))) == ["1.2.0", "1.10.0-rc.1", "1.10.0"]
    line = read_index(data, TRAIN)[parse_version("1.2.0")]
    assert line.record == str(Digest.of(b"1.2.0"))


def test_a_line_of_a_newer_program_is_read() -> None:
    data = b'{"new":1,' + index_bytes(LINES[:1])[1:]
    assert read_index(data, TRAIN) == {parse_version("1.10.0"): LINES[0]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<html>", "not the index of a component: "),
        (b"{}\n", "not the index of a component: .*missing required field"),
        (b"\xff\n", "not the index of a component: "),
        (index_bytes(LINES)[:-20], "not the index of a component: "),
        (index_bytes([LINES[0], LINES[0]]), "it has a version twice"),
        (index_bytes(LINES).replace(b"ml/train", b"ml/other"), "it is the index of 'ml/other', expected ml/train"),
        (index_bytes(LINES).replace(b'"1.2.0"', b'"../2"'), r"'\.\./2' is not a semantic version"),
    ],
)
def test_what_is_not_an_index_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_index(data, TRAIN)

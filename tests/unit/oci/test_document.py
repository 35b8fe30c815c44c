import json
from typing import Any

import pytest

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.descriptor import Platform
from toolkit.oci.document import parse_document, read_config

DIGEST = str(Digest.of(b"x"))
CONFIG: dict[str, Any] = {"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [DIGEST]}}


def test_a_config_says_where_it_runs_and_of_what() -> None:
    config = read_config(json.dumps(CONFIG | {"variant": "v2", "config": {"Env": ["A=1"], "User": None}}).encode())
    assert config.platform == Platform("linux", "amd64", "v2")
    assert config.diff_ids == (Digest.of(b"x"),)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"os": None}, "os is 'None', expected text"),
        ({"rootfs": []}, "rootfs is '[]', expected an object"),
        ({"rootfs": {"diff_ids": [1]}}, "diff_ids is '[1]', expected a list of digests"),
        ({"rootfs": {"diff_ids": ["x"]}}, "not a sha256 digest: 'x'"),
        ({"history": {}}, "history is '{}', expected a list of objects"),
        ({"config": {"Env": "A=1"}}, "Env is 'A=1', expected a list of texts"),
        ({"config": {"Labels": {"a": 1}}}, "Labels is \"{'a': 1}\", expected an object of texts"),
    ],
)
def test_a_field_of_another_kind_is_named(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError) as refused:
        read_config(json.dumps(CONFIG | change).encode())
    assert refused.value.message == problem


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 100_000, b"\xff"])
def test_what_is_not_a_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"not JSON|not a JSON object"):
        parse_document(data)

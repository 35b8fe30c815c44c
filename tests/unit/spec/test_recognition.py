"""Which files are contracts."""

from pathlib import Path

import pytest

from toolkit.spec.recognition import is_contract, is_named_as_contract


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("component.yaml", b"name: x\n", True),
        ("sql.component.yml", b"", True),
        ("component.yaml", b"apiVersion: v1\nkind: x\n", False),
        ("train.yaml", b"name: x\nimplementation:\n  container: {}\n", True),
        ("train.yaml", b'{"implementation": {}}', True),
        ("train.yaml", b"name: x\n  implementation: {}\n", False),
        ("values.yaml", b"a: b\n", False),
    ],
)
def test_a_contract_has_its_name_or_its_key(name: str, *, data: bytes, expected: bool) -> None:
    assert is_contract(Path(name), data) is expected


def test_names() -> None:
    assert is_named_as_contract(Path("a/component.yaml"))
    assert not is_named_as_contract(Path("component.yaml/other.yaml"))

"""Addresses in requirements."""

import pytest

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.requirements.origins import FileOrigin, GitOrigin, origins_of


def test_addresses_of_requirements() -> None:
    found = origins_of(
        [
            "a @ git+https://ann:t@host/x/y.git@v1#subdirectory=z",
            "b @ git+ssh://git@host/x",
            "c @ https://u:p@host/c-1.0.tar.gz?token=1#sha256=" + "a" * 64,
        ]
    )
    first, second, third = found["a"], found["b"], found["c"]
    assert isinstance(first, GitOrigin)
    assert (first.url, first.ref, first.subdirectory) == ("https://ann:t@host/x/y.git", "v1", "z")
    assert isinstance(second, GitOrigin)
    assert (second.url, second.ref) == ("ssh://git@host/x", None)
    assert isinstance(third, FileOrigin)
    assert (third.digest, third.filename) == (Digest("a" * 64), "c-1.0.tar.gz")
    assert "ann" not in repr(first) + repr(third)
    assert third.address == "https://host/c-1.0.tar.gz"  # What follows ? may be a secret, too.
    for text in (
        "d @ hg+https://host/x",
        "d @ ftp://host/d.whl",
        "d @ file:///gone/d.txt",
        "d @ https://host/d-1.0.tar.gz#sha256=ab",
    ):
        with pytest.raises(InputError, match="d is required from"):
            origins_of([text])

"""The kind of a source follows from its name."""

import pytest

from toolkit.digest import Digest
from toolkit.requirements.pin import Source

_COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("alpha-1.0.tar.gz", {"file"}),
        ("alpha-1.0.zip", {"file"}),
        ("../shared", set()),
        (".", set()),
        ("./alpha-1.0-py3-none-any.whl", {"archive", "wheel"}),
        ("https://example.com/alpha-1.0-py3-none-any.whl", {"archive", "wheel"}),
        ("https://example.com/alpha-1.0.tar.gz", {"archive"}),
        (f"git+https://example.com/x.zip@{_COMMIT}", {"commit"}),
        (f"git+ssh://git@example.com/x@{_COMMIT}#subdirectory=a@b", {"commit"}),
    ],
)
def test_a_source_is_of_one_kind(name: str, kinds: set[str]) -> None:
    source = Source(name=name, digest=Digest("0" * 64))
    assert source.is_file == ("file" in kinds)
    assert source.is_archive == ("archive" in kinds)
    assert source.is_wheel == ("wheel" in kinds)
    assert source.commit == (_COMMIT if "commit" in kinds else None)

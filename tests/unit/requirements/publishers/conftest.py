"""An index that attests its files."""

import sys

import pytest

from tests.attested import provenance_of
from tests.package_index import PackageIndex


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without the extra: then what the index names is taken."""
    monkeypatch.setitem(sys.modules, "pypi_attestations", None)


@pytest.fixture
def attesting(index: PackageIndex, without_extra: None) -> PackageIndex:
    """The index, which attests all but beta."""
    del without_extra
    index.provenance = {name: provenance_of(name, data) for name, data in index.files.items() if "beta" not in name}
    return index

from pathlib import Path

import pytest

import toolkit
from tests.components import small_base
from toolkit.errors import InputError


def test_an_image_is_looked_into(tmp_path: Path) -> None:
    environ = {"COMP_CACHE_DIR": str(tmp_path / "cache")}
    base = small_base(tmp_path / "base")
    facts = toolkit.inspect(f"layout:{base}", platform="linux/amd64", check=True, environ=environ)
    assert (facts.digest[:7], facts.platform, facts.problems) == ("sha256:", "linux/amd64", ())
    with pytest.raises(InputError):
        toolkit.inspect(tmp_path, environ=environ)

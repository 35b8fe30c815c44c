"""Components made of a text of code."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launched import Image


@pytest.fixture
def image(tmp_path: Path) -> Callable[[str], Image]:
    """Lay out the function `f` of some code as the component `f`."""
    return lambda code: Image.of(tmp_path, code)

import os
import re
from pathlib import Path

import pytest

from toolkit.cache.store import Cache
from toolkit.diagnosis import diagnose


@pytest.mark.usefixtures("docker_host")
def test_a_daemon_that_answers(tmp_path: Path) -> None:
    checks = {check.name: check for check in diagnose(tmp_path, Cache(tmp_path), os.environ)}
    assert checks["docker"].state == "ok"
    assert re.match(r"\d+\.\d+", checks["docker"].detail)

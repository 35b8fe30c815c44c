"""Orders and failures of builds: what they show, and whose fault it is."""

import logging
from pathlib import Path

import pytest

from tests.build_orders import order
from toolkit.engines.image_build import TAIL, Failure, Transcript
from toolkit.progress import silent


def test_an_order_shows_no_values(tmp_path: Path) -> None:
    text = repr(order(tmp_path))
    assert "hunter22" not in text
    assert "VERSION" not in text


@pytest.mark.parametrize(
    ("failure", "outside"),
    [
        (Failure(message="exit code: 1", line=3), False),
        (Failure(message="EOF"), True),
        (Failure(message="exit code: 1", line=3, output=("tar: No space left on device",)), True),
        (Failure(message="write /x: no space left on device", line=3), True),
    ],
)
def test_a_full_disk_is_no_fault_of_a_step(failure: Failure, *, outside: bool) -> None:
    assert failure.is_outside is outside


def test_a_transcript_keeps_an_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    heard = Transcript("docker", silent)
    for number in range(1000):
        heard.hear(f"line {number}  ")
        heard.hear("")
    assert list(heard.tail) == [f"line {number}" for number in range(1000 - TAIL, 1000)]
    assert "docker: line 999" in caplog.text

from datetime import UTC, datetime

import pytest

from toolkit.http.retries import delay


def test_the_wait_before_another_try() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert [delay(attempt, None) for attempt in (1, 2, 3)] == [0.3, pytest.approx(0.9), pytest.approx(2.7)]
    assert delay(1, "5") == 5
    assert delay(1, "99999") == 60
    assert delay(1, "Thu, 01 Jan 2026 00:00:10 GMT", now) == 10
    assert delay(1, "Thu, 01 Jan 2020 00:00:10 GMT", now) == 0
    assert delay(1, "soon") == 0.3
    assert delay(1, "-1") == 0.3


@pytest.mark.parametrize(
    "header",
    [
        "Fri, 31 Dec 99999999999999999999 23:59:59 GMT",
        "٣",
        "²",
        "1" * 5000,
        "Fri",
        ",",
        "Fri, 99 Foo 2026 99:99:99 +9999999999999999999999",
        "\x00",
    ],
)
def test_advice_that_cannot_be_read_is_passed_over(header: str) -> None:
    assert delay(1, header) == 0.3

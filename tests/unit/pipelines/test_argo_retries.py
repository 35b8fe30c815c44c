"""Retries of a step under Argo."""

import pytest

from toolkit.pipelines.argo_retries import retry_strategy
from toolkit.pipelines.graph import Retry


def test_a_retry_is_written_as_argo_reads_it(caplog: pytest.LogCaptureFixture) -> None:
    assert retry_strategy("train", Retry(times=3, wait=2.5, factor=3.0, longest=60.0)) == {
        "limit": "3",
        "backoff": {"duration": "2.5s", "factor": "3", "maxDuration": "60s"},
    }
    assert caplog.messages == []


def test_a_factor_that_is_not_whole_is_rounded_up(caplog: pytest.LogCaptureFixture) -> None:
    assert retry_strategy("train", Retry(times=1, factor=1.5))["backoff"]["factor"] == "2"
    assert caplog.messages == ["Argo takes whole factors: the waits of train grow by 2, not by 1.5"]

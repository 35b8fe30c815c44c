import pytest

from toolkit.remote.failures import refused

HOST = "registry.example.com"


@pytest.mark.parametrize(
    ("status", "message", "hint"),
    [
        (401, f"{HOST} wants other credentials (push it): no", f"`docker login {HOST}`; none were used"),
        (403, f"{HOST} does not allow it (push it): no", "none were used"),
        (404, f"{HOST} does not have it (push it): no", "check name, tag and digest"),
        (413, f"{HOST} takes no request of this size (push it): no", "COMP_CHUNK_SIZE"),
        (429, f"{HOST} limits the rate of requests (push it), after 4 attempts: no", "try later"),
        (418, f"{HOST} answers 418 after 4 attempts (push it): no", "None"),
        (500, f"{HOST} answers 500 after 4 attempts (push it): no", "try again later"),
    ],
)
def test_each_status_has_its_own_words(status: int, message: str, hint: str) -> None:
    failure = refused(HOST, status, b'{"message": "no"}', what="push it", attempts=4, credentials="none were used")
    assert (failure.message, failure.status) == (message, status)
    assert hint in str(failure.hint)


def test_a_proxy_on_the_way_is_named() -> None:
    failure = refused(HOST, 403, b"", what="push it", attempts=1, credentials="", proxy="proxy:3128")
    assert failure.message == f"{HOST} does not allow it (push it), through the proxy proxy:3128"

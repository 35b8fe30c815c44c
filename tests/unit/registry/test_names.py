import pytest

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.registry.names import parse_request
from toolkit.registry.semver import Range, parse_range

DIGEST = "sha256:" + "a" * 64


def test_a_request_in_full() -> None:
    request = parse_request("ml/train-model@^1.2")
    assert (request.namespace, request.name, request.selector) == ("ml", "train-model", "^1.2")
    assert request.allowed == parse_range("^1.2")
    assert str(request) == "ml/train-model@^1.2"


def test_a_bare_name_means_any_stable_release() -> None:
    request = parse_request("train")
    assert (request.namespace, request.allowed, str(request)) == (None, Range(), "train")


def test_a_digest_names_one_content() -> None:
    assert parse_request(f"ml/train@{DIGEST}").allowed == Digest("a" * 64)


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", "ml/", "/train", "a/b/c", "../train", "ML/train", "ml/Train", "ml/tr ain", "ml/-a", "ml/a..b"),
        *("ml/train@", "ml/train@latest", "ml/train@sha256:abc", "train@@1.0.0", "a" * 101, "tr\u00e4in", "train\n"),
    ],
)
def test_what_is_no_request(text: str) -> None:
    with pytest.raises(InputError):
        parse_request(text)

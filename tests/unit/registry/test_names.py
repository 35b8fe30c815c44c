import pytest

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.registry.names import Name, parse_name, parse_request
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


def test_a_request_may_name_a_registry_and_a_digest_to_check() -> None:
    request = parse_request(f"shared:ml/train@1.0.0#{DIGEST}")
    assert (request.registry, request.namespace, request.name) == ("shared", "ml", "train")
    assert request.digest == Digest("a" * 64)
    assert str(request) == f"shared:ml/train@1.0.0#{DIGEST}"


def test_a_name_has_two_parts() -> None:
    assert parse_name("ml/train") == Name("ml", "train")
    for text in ("train", "ml/", "a/b/c", "ML/train"):
        with pytest.raises(InputError):
            parse_name(text)


def test_a_request_without_a_namespace_may_mean_several() -> None:
    names = [Name("ml", "train"), Name("nlp", "train"), Name("ml", "other")]
    assert [name for name in names if parse_request("train@^1").is_of(name)] == names[:2]
    assert [name for name in names if parse_request("ml/train").is_of(name)] == names[:1]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ml/tr\u0430in", r"'tr\u0430in' is not a component name"),  # a Cyrillic a
        ("ml/" + "a" * 300, f"'{'a' * 99}…' is not a component name"),
        ("ml/tr\nain", r"'tr\nain' is not a component name"),
    ],
)
def test_an_error_shows_what_the_eye_does_not_see(text: str, shown: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_request(text)
    assert caught.value.message == shown

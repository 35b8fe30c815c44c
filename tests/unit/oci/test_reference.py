import pytest

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.reference import Reference, parse_reference

HEX = "ab" * 32
PIN = f"sha256:{HEX}"


@pytest.mark.parametrize(
    ("text", "host", "repository", "tag", "digest"),
    [
        ("python", "docker.io", "library/python", None, None),
        ("python:3.11-slim", "docker.io", "library/python", "3.11-slim", None),
        ("docker.io/python", "docker.io", "library/python", None, None),
        ("index.docker.io/library/python:3", "docker.io", "library/python", "3", None),
        ("ml/train", "docker.io", "ml/train", None, None),
        ("localhost/train", "localhost", "train", None, None),
        ("localhost:5000/train:1", "localhost:5000", "train", "1", None),
        ("127.0.0.1:5000/ml/train-model", "127.0.0.1:5000", "ml/train-model", None, None),
        ("[::1]:5000/train", "[::1]:5000", "train", None, None),
        ("Registry.Example.com/a/b_c/d__e/f--g:V1", "registry.example.com", "a/b_c/d__e/f--g", "V1", None),
        (f"registry.example.com/ml/train:1.0@{PIN}", "registry.example.com", "ml/train", "1.0", Digest(HEX)),
        (f"train@{PIN}", "docker.io", "library/train", None, Digest(HEX)),
        ("host:80/a", "host:80", "a", None, None),
        ("host:80", "docker.io", "library/host", "80", None),
    ],
)
def test_the_grammar(text: str, host: str, repository: str, tag: str | None, digest: Digest | None) -> None:
    parsed = parse_reference(text)
    assert parsed == Reference(host=host, repository=repository, tag=tag, digest=digest)
    assert parse_reference(str(parsed)) == parsed
    assert parse_reference(parsed.familiar) == parsed


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty image reference"),
        ("https://registry.example.com/a", "starts with a scheme"),
        ("a b", "contains a space"),
        ("python\n", "contains a space or line end"),
        ("Python", "'Python' has upper case letters"),
        ("Ml/train", "'Ml' has upper case letters"),
        ("registry.example.com/Train", "'Train' has upper case letters"),
        ("/train", "'' is not a host"),
        ("ml//train", "a part of the path is empty"),
        ("registry.example.com/", "a part of the path is empty"),
        ("train:", "'' is not a tag"),
        ("train:-x", "'-x' is not a tag"),
        ("train:a:b", "'a:b' is not a tag"),
        (f"train:{'x' * 129}", "is not a tag"),
        ("train@sha256:abcd", "what follows @ is not sha256"),
        (f"train@{PIN}@{PIN}", "what follows @ is not sha256"),
        ("tra$in", "'tra$in' may only have"),
        ("tra..in", "may only have"),
        ("-train", "may only have"),
        ("host:99999/a", "99999 is not a port"),
        ("-bad.example.com/a", "is not a host"),
        ("registry.example.com/" + "a" * 256, "has 256 characters, 255 are allowed"),
        (HEX, "64 hex digits are an identifier"),
    ],
)
def test_what_is_wrong_is_said(text: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_reference(text)
    assert why in caught.value.message
    assert caught.value.hint


def test_familiar_forms_are_short_and_full_forms_are_not() -> None:
    reference = parse_reference("python:3.11-slim")
    assert reference.familiar == "python:3.11-slim"
    assert str(reference) == "docker.io/library/python:3.11-slim"
    assert parse_reference("ml/train").familiar == "ml/train"
    assert parse_reference("localhost:5000/a").familiar == "localhost:5000/a"


def test_with_tag_and_with_digest_replace_each_other() -> None:
    reference = parse_reference(f"registry.example.com/a:1@{PIN}")
    assert str(reference.with_tag("2")) == "registry.example.com/a:2"
    assert str(reference.with_digest(Digest("00" * 32))) == f"registry.example.com/a@sha256:{'00' * 32}"
    with pytest.raises(InputError, match="is not a tag"):
        reference.with_tag("no good")


def test_what_selects_the_manifest() -> None:
    assert parse_reference("a").identifier == "latest"
    assert parse_reference("a:1").identifier == "1"
    assert parse_reference(f"a:1@{PIN}").identifier == PIN
    assert parse_reference("localhost:1/a/b:1").name == "localhost:1/a/b"

"""Repositories and tags of a registry: which are whose, and none of them mistaken for another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.digest import Digest
from toolkit.errors import InputError, UsageError
from toolkit.oci.reference import parse_reference
from toolkit.registry.names import Name, parse_name
from toolkit.registry.oci.addresses import (
    Addresses,
    claim_tag,
    claimed_version,
    is_long_name,
    marks_number,
    marks_tag,
    name_tag,
    named,
    tag_of,
    version_of,
)
from toolkit.registry.place import parse_place
from toolkit.registry.semver import parse_version

MANIFEST = Digest.of(b"manifest")
PARTS = st.from_regex(r"[a-z0-9]{1,4}([._-][a-z0-9]{1,4}){0,3}", fullmatch=True)
VERSIONS = st.from_regex(
    r"(0|[1-9][0-9]{0,3})\.[0-9]\.[0-9](-[a-z]{1,6}(\.[0-9])?)?(\+[a-z0-9]{1,4}(-[a-f0-9]{16})?)?", fullmatch=True
)


@pytest.mark.parametrize(
    "address", ["registry.example.com/team/components", "localhost:5000/x", "registry.example.com"]
)
def test_each_thing_has_its_repository(address: str) -> None:
    at = Addresses.of(parse_place(f"oci://{address}"))
    name = Name("ml", "train")
    assert str(at.component(name)) == f"{address}/ml/train"
    assert str(at.release(name, parse_version("1.0.0-rc.1"))) == f"{address}/ml/train:1.0.0-rc.1"
    assert str(at.index) == f"{address}/comp-index:index"
    assert str(at.names) == f"{address}/comp-names"
    assert at.host == address.partition("/")[0]
    assert at.component_of(at.component(name).repository) == name
    # None of ours can be a component's.
    assert [at.component_of(ours.repository) for ours in (at.index, at.names, at.doctor)] == [None, None, None]


def test_repositories_elsewhere_are_not_components() -> None:
    at = Addresses.of(parse_place("oci://h.example/team"))
    for other in (
        "teams/ml/train",
        "ml/train",
        "team/ml",
        "team/ml/train/more",
        "team/ML/train",
        "other/team/ml/train",
    ):
        assert at.component_of(other) is None


@pytest.mark.parametrize(
    "address", ["", "team", "team/components", "H_/x", "h.example/Team", "h.example/a:1", "h.example//a"]
)
def test_an_address_without_a_host_or_with_a_wrong_path_is_refused(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        Addresses.of(parse_place(f"oci://{address}"))
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("write oci://HOST/PREFIX")


def test_the_namespace_of_the_doctor_is_taken() -> None:
    at = Addresses.of(parse_place("oci://h.example/team"))
    with pytest.raises(InputError, match="the namespace comp-doctor is taken"):
        at.component(Name("comp-doctor", "trial"))


def test_a_login_in_an_address_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError) as caught:
        Addresses.of(parse_place("oci://ann:s3cret@h.example/team"))
    assert "s3cret" not in caught.value.message
    assert "s3cret" not in str(parse_place("oci://ann:s3cret@h.example/team"))


def test_a_path_that_is_too_long_for_a_server_is_refused() -> None:
    at = Addresses.of(parse_place("oci://h.example/" + "p" * 100))
    with pytest.raises(InputError, match="255 are allowed"):
        at.component(Name("n" * 100, "m" * 100))


@given(VERSIONS)
def test_a_version_comes_back_from_its_tag_alone(text: str) -> None:
    version = parse_version(text)
    tag = tag_of(version)
    parse_reference(f"h.example/x:{tag}")
    assert version_of(tag) == version
    claim = claim_tag(version, MANIFEST)
    parse_reference(f"h.example/x:{claim}")
    assert claimed_version(claim) == version
    assert (version_of(claim), claimed_version(tag), marks_number(tag), marks_number(claim)) == (None,) * 4


def test_a_version_that_is_too_long_for_a_tag_is_refused() -> None:
    assert len(claim_tag(parse_version(f"1.0.0-{'a' * 98}"), MANIFEST)) == 127
    with pytest.raises(InputError, match="too long for a tag"):
        tag_of(parse_version(f"1.0.0-{'a' * 100}"))


def test_marks_have_numbers() -> None:
    tag = marks_tag(12, MANIFEST)
    assert (marks_number(tag), version_of(tag), claimed_version(tag)) == (12, None, None)
    for other in ("marks-0-" + "a" * 16, "marks-1-" + "g" * 16, "marks-1", "latest", "marks-1x-" + "a" * 16):
        assert marks_number(other) is None


@given(PARTS, PARTS)
def test_a_name_comes_back_from_its_tag(namespace: str, part: str) -> None:
    name = Name(namespace, part)
    parse_reference(f"h.example/x:{name_tag(name)}")
    assert (named(name_tag(name)), is_long_name(name_tag(name))) == (name, False)


def test_a_long_name_has_a_short_tag() -> None:
    name = parse_name(f"{'n' * 100}/{'m' * 100}")
    parse_reference(f"h.example/x:{name_tag(name)}")
    assert (named(name_tag(name)), is_long_name(name_tag(name))) == (None, True)
    assert (is_long_name("long-team__train"), named("long-team__train")) == (False, Name("long-team", "train"))
    for other in ("latest", "ml__Train", "__x", "a__b__c"):
        assert named(other) is None

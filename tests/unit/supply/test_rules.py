"""Each rule of a policy: what it lets pass, and what it finds."""

import pytest
from msgspec.structs import replace

from tests.provenances import BUILDER, COMMIT, provenance
from toolkit.config.verify import VerifySettings
from toolkit.digest import Digest
from toolkit.provenance.attached import Attested
from toolkit.provenance.predicate import Dependency, Provenance
from toolkit.supply.rules import Check, judge_provenance, shown_base

BASE = "b" * 64


def found(made: Provenance | None = None, key: str | None = None) -> Attested:
    made = made or provenance()
    return Attested(provenance=made, predicate=made.to_dict(), digest=Digest("d" * 64), is_signed=bool(key), key=key)


def last(policy: VerifySettings, made: Provenance | None = None) -> Check:
    """Return the check of the policy's one rule."""
    first, check = judge_provenance([found(made)], policy, signed=False)
    assert (first.name, first.passed) == ("provenance", True)
    return check


@pytest.mark.parametrize(
    ("policy", "passed"),
    [
        (VerifySettings(builders=(BUILDER,)), True),
        (VerifySettings(builders=("https://other/*", "https://ci.example/*")), True),
        (VerifySettings(builders=("https://ci.example",)), False),
        (VerifySettings(sources=("https://git.example/ml/*",)), True),
        (VerifySettings(sources=("git+https://git.example/ml/steps.git",)), True),
        (VerifySettings(sources=("https://git.example/other/*",)), False),
        (VerifySettings(bases=("python:3.11",)), True),
        (VerifySettings(bases=("python",)), True),
        (VerifySettings(bases=("docker.io/library/python:3.*",)), True),
        (VerifySettings(bases=(f"sha256:{BASE}",)), True),
        (VerifySettings(bases=("python:3.12", "alpine*")), False),
        (VerifySettings(clean=True), True),
    ],
)
def test_a_rule_passes_or_not(policy: VerifySettings, *, passed: bool) -> None:
    check = last(policy)
    assert check.passed is passed
    assert all(text.endswith("is not allowed") is not passed for text in check.details)


def test_signs_of_patterns_but_the_star_are_themselves() -> None:
    made = provenance(builder="https://ci.example/[a]?x=1")
    assert last(VerifySettings(builders=("https://ci.example/[a]?x=*",)), made).passed
    assert not last(VerifySettings(builders=("https://ci.example/[abc]?x=1",)), provenance(builder=BUILDER)).passed


def test_a_dirty_build_is_named_with_what_differed() -> None:
    check = last(VerifySettings(clean=True), provenance(dirty=True))
    assert (check.name, check.passed) == ("clean", False)
    assert check.details == (f"the files differed from the commit {COMMIT}: count/x.py",)
    strange = provenance(dirty=True)
    source = replace(strange.dependencies[0], annotations={"dirty": True, "changed": 7})
    strange = replace(strange, dependencies=(source, *strange.dependencies[1:]))
    assert last(VerifySettings(clean=True), strange).details[0].endswith(COMMIT)


def test_what_provenance_does_not_say_does_not_pass() -> None:
    bare = replace(provenance(), dependencies=())
    for policy, words in (
        (VerifySettings(clean=True), "it names no commit"),
        (VerifySettings(sources=("*",)), "it names no repository"),
        (VerifySettings(bases=("*",)), "it names no base"),
    ):
        check = last(policy, bare)
        assert (check.passed, check.details) == (False, (words,))
    odd = replace(bare, dependencies=(Dependency(name="", uri="pkg:oci/", digest={}),))
    assert not last(VerifySettings(bases=("python",)), odd).passed


def test_every_base_has_to_be_allowed() -> None:
    made = provenance()
    other = Dependency(name="", uri="", digest={"sha256": "e" * 64}, annotations={"platform": "linux/arm64"})
    check = last(VerifySettings(bases=("python:*",)), replace(made, dependencies=(*made.dependencies, other)))
    assert (check.passed, check.details) == (False, (f"sha256:{'e' * 64} is not allowed",))


def test_with_keys_what_they_did_not_sign_says_nothing() -> None:
    policy = VerifySettings(provenance=True, clean=True)
    (check,) = judge_provenance([found()], policy, signed=True)
    assert (check.name, check.passed, check.details) == (
        "provenance",
        False,
        ("none of the keys signed what is attached",),
    )
    (check,) = judge_provenance([], policy, signed=False)
    assert check.details == ("none is attached",)
    # Unsigned provenance that is clean does not help a signed one that is not.
    checks = judge_provenance([found(), found(provenance(dirty=True), "ci.pub")], policy, signed=True)
    assert [check.passed for check in checks] == [True, False]
    assert checks[0].details == (f"sha256:{'d' * 64}, signed by ci.pub",)


def test_one_good_build_of_several_is_enough() -> None:
    policy = VerifySettings(clean=True, builders=(BUILDER,))
    builds = [found(provenance(dirty=True, builder="x")), found(provenance(dirty=True)), found(provenance())]
    assert all(check.passed for check in judge_provenance(builds, policy, signed=False))
    # Else the nearest one is shown.
    checks = judge_provenance(builds[:2], policy, signed=False)
    assert [(check.name, check.passed) for check in checks] == [
        ("provenance", True),
        ("builder", True),
        ("clean", False),
    ]


@pytest.mark.parametrize(
    ("uri", "digest", "shown"),
    [
        ("pkg:oci/python@sha256:aa?repository_url=docker.io/library/python&tag=3.11", BASE, "3.11@sha256:"),
        ("pkg:oci/python?repository_url=docker.io/library/python&tag=3.11", "", "docker.io/library/python:3.11"),
        ("", BASE, f"sha256:{BASE}"),
        ("pkg:oci/", "", "pkg:oci/"),
    ],
)
def test_a_base_is_shown_as_people_write_it(uri: str, digest: str, shown: str) -> None:
    base = Dependency(name="", uri=uri, digest={"sha256": digest} if digest else {})
    assert shown in shown_base(base)
    assert not shown_base(base).endswith("@")

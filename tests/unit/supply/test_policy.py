from types import MappingProxyType

import pytest

from toolkit.config.licenses import LicenseSettings
from toolkit.supply.package import Contents, Ecosystem, Package, System
from toolkit.supply.policy import judge


def _contents(*licenses: str, name: str = "x", ecosystem: Ecosystem = Ecosystem.PYTHON) -> Contents:
    package = Package(ecosystem=ecosystem, name=name, version="1", path="p", licenses=licenses)
    return Contents(packages=(package,), system=System())


def _why(policy: LicenseSettings, *licenses: str) -> list[str]:
    return [violation.why for violation in judge(_contents(*licenses), policy).violations]


@pytest.mark.parametrize(
    ("licenses", "allowed"),
    [
        (["MIT"], True),
        (["mit"], True),
        (["GPL-3.0-only"], False),
        (["GPL-3.0-only OR MIT"], True),
        (["GPL-3.0-only AND MIT"], False),
        (["MIT", "Apache-2.0"], True),
        (["MIT", "GPL-3.0-only"], False),
        (["(GPL-3.0-only AND MIT) OR Apache-2.0"], True),
        (["Our own"], True),
        (["Their own"], False),
        ([], False),
    ],
)
def test_with_a_list_of_what_is_allowed_nothing_else_is(licenses: list[str], allowed: bool) -> None:  # noqa: FBT001
    policy = LicenseSettings(allow=("MIT", "Apache-2.0", "Our own"))
    assert (_why(policy, *licenses) == []) == allowed


def test_without_such_a_list_all_is_allowed_that_is_not_denied() -> None:
    policy = LicenseSettings(deny=("AGPL-3.0-only",))
    assert _why(policy, "MIT") == _why(policy) == _why(policy, "Their own") == []
    assert _why(policy, "AGPL-3.0-only") == ["is under AGPL-3.0-only"]


def test_an_exception_to_a_license_may_be_named_whole() -> None:
    text = "GPL-2.0-only WITH Classpath-exception-2.0"
    assert _why(LicenseSettings(allow=(text,)), text) == []
    assert _why(LicenseSettings(allow=(text,)), "GPL-2.0-only") == ["is under GPL-2.0-only"]
    assert _why(LicenseSettings(allow=("GPL-2.0-only",)), text) == []
    assert _why(LicenseSettings(allow=(text,), deny=("GPL-2.0-only",)), text) == []


def test_a_package_may_be_excepted_and_an_exception_in_vain_is_reported() -> None:
    policy = LicenseSettings(allow=("MIT",), exceptions=MappingProxyType({"My_Pkg": "bought", "other": "old"}))
    judgement = judge(_contents("Their own", name="my-pkg"), policy)
    assert (judgement.violations, judgement.unused) == ((), ("other",))


def test_the_packages_of_the_base_count_if_the_policy_says_so() -> None:
    contents = _contents("GPL-3.0-only", ecosystem=Ecosystem.DEBIAN)
    assert judge(contents, LicenseSettings(allow=("MIT",))).violations == ()
    assert len(judge(contents, LicenseSettings(allow=("MIT",), base=True)).violations) == 1

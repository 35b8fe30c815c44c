"""Whether a record says what its contract says."""

from msgspec.structs import replace

from tests.releases import real_contract, real_release
from toolkit.errors import OutsideError
from toolkit.registry.agreement import Agreement, after_path, of_absent_versions, versions_of
from toolkit.registry.marks import Marks, Yank
from toolkit.registry.semver import parse_version

ONE, TWO = parse_version("1.0.0"), parse_version("2.0.0")


def test_what_agrees_is_remembered_by_contract_interface_and_image() -> None:
    agreement, new = Agreement(), real_release("1.0.0")
    assert not agreement.knows(new)
    assert agreement.difference(new, real_contract("1.0.0")) is None
    assert agreement.knows(new)
    assert not agreement.knows(replace(new, image="other/image@sha256:" + "0" * 64))


def test_each_difference_is_named() -> None:
    agreement, new = Agreement(), real_release("1.0.0")
    other = replace(new, image="other/image:1")
    found = agreement.difference(other, real_contract("1.0.0"))
    assert found == f"its image is other/image:1, and the contract's {new.image}"
    ports = replace(new.interface, inputs=())
    found = agreement.difference(replace(new, interface=ports), real_contract("1.0.0"))
    assert found == "it has another interface than the contract"
    assert (agreement.difference(new, b"name: [") or "").startswith("its contract is not valid: ")
    assert not agreement.knows(new)


def test_marks_of_versions_that_are_not_there_are_named() -> None:
    marks = Marks().with_yank(TWO, Yank(reason="broken", at="2026-01-01T00:00:00Z"))
    assert of_absent_versions(marks, [ONE, TWO]) is None
    assert of_absent_versions(marks, [ONE]) == "marks versions that the component has not: 2.0.0"


def test_records_are_told_from_other_files() -> None:
    assert versions_of(["2.0.0.json", "1.0.0.json", "1.0.0", "x.json"]) == ([ONE, TWO], ["1.0.0", "x.json"])


def test_a_path_is_said_once() -> None:
    assert after_path(OutsideError("the record /a/b is damaged: cut off")) == "damaged: cut off"
    assert after_path(OutsideError("the registry lacks /a")) == "the registry lacks /a"

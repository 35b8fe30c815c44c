import pytest

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.descriptor import OCI_LAYER, Descriptor, Platform, host_platform

DIGEST = Digest.of(b"x")


def test_a_descriptor_is_written_as_it_is_read() -> None:
    data = {
        "mediaType": OCI_LAYER,
        "digest": str(DIGEST),
        "size": 5,
        "annotations": {"a": "1", "b": "2"},
        "platform": {"architecture": "arm64", "os": "linux", "variant": "v8"},
    }
    descriptor = Descriptor.from_dict(data)
    assert descriptor.to_dict() == data
    assert list(descriptor.to_dict()) == list(data)
    assert descriptor.platform == Platform("linux", "arm64", "v8")


@pytest.mark.parametrize(
    "change",
    [
        {"mediaType": 1},
        {"digest": "md5:x"},
        {"size": -1},
        {"size": "5"},
        {"size": 1 << 63},
        {"annotations": ["a"]},
        {"platform": {"os": "linux"}},
        {"platform": {"os": "linux", "architecture": 386}},
    ],
)
def test_a_wrong_field_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Descriptor.from_dict({"mediaType": OCI_LAYER, "digest": str(DIGEST), "size": 5} | change)


@pytest.mark.parametrize("missing", ["mediaType", "digest", "size"])
def test_a_missing_field_is_refused(missing: str) -> None:
    data = {"mediaType": OCI_LAYER, "digest": str(DIGEST), "size": 5}
    del data[missing]
    with pytest.raises(InputError, match="not a descriptor") as refused:
        Descriptor.from_dict(data)
    assert refused.value.hint == "expected an object with mediaType, digest and size"


@pytest.mark.parametrize("text", ["linux/amd64", "linux/arm64/v8"])
def test_a_platform_is_written_as_it_is_read(text: str) -> None:
    assert str(Platform.parse(text)) == text


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "linux/arm64/v8/x"])
def test_what_is_not_a_platform_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a platform"):
        Platform.parse(text)


@pytest.mark.parametrize(("machine", "name"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("riscv64", "riscv64")])
def test_this_machines_platform_has_the_names_of_images(
    machine: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.oci.descriptor.machine", lambda: machine)
    assert host_platform() == Platform("linux", name)

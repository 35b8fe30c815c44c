import pytest

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.python.system_pins import SystemPin, SystemPins

PIN = SystemPin(
    name="libgomp1",
    version="12.2.0-14+deb12u1",
    architecture="amd64",
    archive="debian",
    path="pool/main/g/gcc-12/libgomp1_12.2.0-14+deb12u1_amd64.deb",
    digest=Digest("a" * 64),
)


def test_pins_are_read_as_they_were_written() -> None:
    pins = SystemPins(wanted=("libgomp1",), base=Digest("b" * 64), image=Digest("c" * 64), packages=(PIN,))
    assert SystemPins.from_dict(pins.to_dict(), (SystemPin.from_dict(PIN.to_dict()),)) == pins
    assert pins.versions == {"libgomp1": "12.2.0-14+deb12u1"}


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("name", "Git"),
        ("name", "../x"),
        ("version", "1 2"),
        ("architecture", "amd64/x"),
        ("archive", "file:///etc"),
        ("archive", "http://user:word@host"),
        ("archive", "http://host?x"),
        ("path", "../../x.deb"),
        ("path", "pool/../x.deb"),
        ("path", "/pool/x.deb"),
        ("path", "pool//x.deb"),
        ("path", "http://host/x.deb"),
        ("path", "pool/x.deb?y"),
        ("path", "pool/x"),
        ("sha256", "a"),
        ("name", 1),
    ],
)
def test_a_pin_that_cannot_be_one_is_refused(part: str, value: object) -> None:
    with pytest.raises(InputError):
        SystemPin.from_dict({**PIN.to_dict(), part: value})


def test_a_pin_that_lacks_a_part_is_refused() -> None:
    for part in PIN.to_dict():
        with pytest.raises(KeyError):
            SystemPin.from_dict({name: value for name, value in PIN.to_dict().items() if name != part})


@pytest.mark.parametrize("data", [{"wanted": "git"}, {"wanted": [1]}, {"wanted": [], "base": "x", "image": "y"}])
def test_other_data_are_no_pins(data: dict[str, object]) -> None:
    with pytest.raises(InputError):
        SystemPins.from_dict(data, ())

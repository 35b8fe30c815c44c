"""Any lock that is written is read back the same, and equal locks are equal bytes."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from toolkit.digest import Digest
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import parse_reference
from toolkit.requirements.lock import Lock
from toolkit.requirements.lock_file import read_lock, write_lock
from toolkit.requirements.pin import Pin, Source

HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
NAMES = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,6}){0,2}", fullmatch=True)
VERSIONS = st.from_regex(
    r"(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){0,3}((a|b|rc)[0-9])?(\.post1)?(\+[a-z]{1,5})?", fullmatch=True
)
TAGS = st.sampled_from(["py3-none-any", "1-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64"])


SOURCES = st.builds(Source, name=st.sampled_from(["x-1.0.tar.gz", "../shared lib", "."]), digest=HEX.map(Digest))
PLATFORMS = st.lists(
    st.sampled_from([Platform("linux", "amd64"), Platform("linux", "arm64"), Platform("linux", "arm64", "v8")]),
    min_size=1,
    unique=True,
)


@st.composite
def some_pins(draw: st.DrawFn) -> tuple[Pin, ...]:
    pins = []
    for name in sorted(draw(st.sets(NAMES, max_size=5))):
        version = draw(VERSIONS)
        filename = f"{name.replace('-', '_')}-{version}-{draw(TAGS)}.whl"
        source = draw(st.none() | SOURCES)
        pins.append(Pin(name=name, version=version, filename=filename, digest=Digest(draw(HEX)), source=source))
    return tuple(pins)


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    digest = draw(st.none() | HEX)
    # Platforms often have the same pins, and sometimes others.
    shared = draw(some_pins())
    pins = {platform: draw(st.just(shared) | some_pins()) for platform in draw(PLATFORMS)}
    return Lock(
        inputs=f"sha256:{draw(HEX)}",
        python=f"3.{draw(st.integers(8, 30))}",
        pins=pins,
        base=parse_reference(f"example.com:5000/team/base:1@sha256:{digest}") if digest else None,
    )


@given(locks())
def test_what_is_written_is_read(lock: Lock) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, "first"), Path(folder, "second")
        write_lock(first, lock)
        again = read_lock(first)
        assert again == lock
        write_lock(second, again)
        assert second.read_bytes() == first.read_bytes()

"""One wheel: built here, else in a container, else refused."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.building import build_source, source_of
from tests.package_index import PackageIndex, small_wheel
from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.jail.consent import Consent
from toolkit.oci.descriptor import Platform
from toolkit.python.target import Target
from toolkit.requirements.building.build_setup import Permission


@pytest.mark.parametrize(
    ("tag", "mark", "words"),
    [
        ("cp310-cp310-linux_x86_64", "", "what builds here is native-1.0-cp310-cp310-linux_x86_64.whl"),
        ("cp311-cp311-linux_x86_64", "GLIBC_2.99", "what builds here needs glibc 2.99"),
        ("fail", "", "native 1.0 does not build: .*the compiler is missing"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_ways_out(
    index: PackageIndex, debian: Target, cache: Cache, tag: str, mark: str, words: str
) -> None:
    source = source_of(index, debian, "native", tag=tag, mark=mark)
    with pytest.raises(InputError, match=words) as caught:
        build_source(source, debian, cache)
    assert "UV_FIND_LINKS" in str(caught.value.hint)


def test_machine_code_that_fits(index: PackageIndex, debian: Target, cache: Cache) -> None:
    source = source_of(index, debian, "native", tag="cp311-cp311-linux_x86_64", mark="GLIBC_2.17")
    assert build_source(source, debian, cache).filename == "native-1.0-cp311-cp311-linux_x86_64.whl"
    with pytest.raises(InputError, match="what builds here is"):
        build_source(source, replace(debian, platform=Platform("linux", "arm64")), cache)
    with pytest.raises(InputError, match=r"musl 1\.2, and has to be built for that"):
        build_source(source, replace(debian, libc="musl", libc_version="1.2"), cache)


class _Container:
    """A builder of wheels that writes one with this name; `refusal` is why it cannot."""

    def __init__(self, filename: str, refusal: str | None = None) -> None:
        self.filename, self.refusal, self.built = filename, refusal, 0
        self.identity = "sha256:0"

    def refuses(self) -> str | None:
        return self.refusal

    def build(self, source: Path, out: Path, variables: Mapping[str, str]) -> None:
        assert not variables
        assert source.exists()
        self.built += 1
        (out / self.filename).write_bytes(small_wheel("native", "1.0"))


@pytest.mark.parametrize(
    ("tag", "mark"), [("cp310-cp310-linux_x86_64", ""), ("cp311-cp311-linux_x86_64", "GLIBC_2.99"), ("fail", "")]
)
def test_what_does_not_fit_is_built_in_a_container(
    index: PackageIndex, debian: Target, cache: Cache, tag: str, mark: str
) -> None:
    source = source_of(index, debian, "native", tag=tag, mark=mark)
    wheel_builder = _Container("native-1.0-cp311-cp311-linux_x86_64.whl")
    with pytest.raises(InputError) as without_consent:
        build_source(source, debian, cache, wheel_builder=wheel_builder)
    assert str(without_consent.value.hint).startswith("--allow-builds builds it in a container of the base, which has")
    assert wheel_builder.built == 0
    allowed = Permission(consent=Consent(allow_builds=True))
    first, again = (build_source(source, debian, cache, wheel_builder, allowed) for _ in range(2))
    assert (first, first.filename, wheel_builder.built) == (again, wheel_builder.filename, 1)
    # A wheel for another Python is refused from there, too; so is a builder that does not work.
    wrong = _Container("native-1.0-cp313-cp313-linux_x86_64.whl")
    with pytest.raises(InputError, match="what builds there is native-1"):
        build_source(source, debian, Cache(cache.root / "other"), wrong, allowed)
    absent = _Container(wheel_builder.filename, "neither docker nor buildah is here")
    with pytest.raises(InputError) as caught:
        build_source(source, debian, Cache(cache.root / "other"), absent, allowed)
    assert "but neither docker nor buildah is here; build its wheel" in str(caught.value.hint)
    assert absent.built == 0


def test_what_builds_here_needs_no_container(index: PackageIndex, debian: Target, cache: Cache) -> None:
    unused = _Container("never-1.0-py3-none-any.whl")
    for name, tag in (("plain", "py3-none-any"), ("native", "cp311-cp311-linux_x86_64")):
        source = source_of(index, debian, name, tag=tag)
        assert build_source(source, debian, cache, wheel_builder=unused).filename == f"{name}-1.0-{tag}.whl"
    assert unused.built == 0

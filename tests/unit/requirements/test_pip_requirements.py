from packaging.requirements import Requirement

from toolkit.digest import Digest
from toolkit.oci.descriptor import Platform
from toolkit.requirements.lock import Lock
from toolkit.requirements.pin import Pin, Source
from toolkit.requirements.pip_requirements import pip_requirements

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


def _pin(name: str, tag: str, mark: str, source: Source | None = None) -> Pin:
    filename = f"{name}-1.0-{tag}.whl"
    return Pin(name=name, version="1.0", filename=filename, digest=Digest(mark * 64), source=source)


LOCK = Lock(
    inputs="sha256:00",
    python="3.11",
    pins={
        AMD64: (
            _pin("both", "cp311-cp311-manylinux_2_17_x86_64", "1"),
            _pin("built", "py3-none-any", "2", Source(name="built-1.0.tar.gz", digest=Digest("9" * 64))),
            _pin("here", "py3-none-any", "3"),
        ),
        ARM64: (
            _pin("both", "cp311-cp311-manylinux_2_17_aarch64", "4"),
            _pin("built", "py3-none-any", "2", Source(name="built-1.0.tar.gz", digest=Digest("9" * 64))),
        ),
    },
)


def test_it_is_for_all_platforms_and_names_wheels_alone() -> None:
    head, *lines = pip_requirements(LOCK).splitlines()
    assert head.startswith("# Written by `comp dockerfile`")
    assert lines == [
        "both==1.0 \\",
        f"    --hash=sha256:{'1' * 64} \\",
        f"    --hash=sha256:{'4' * 64}",
        "built==1.0 \\",
        # Not that of its source: pip would build it anew.
        f"    --hash=sha256:{'2' * 64}",
        'here==1.0 ; platform_machine == "x86_64" \\',
        f"    --hash=sha256:{'3' * 64}",
    ]
    named = [Requirement(line.removesuffix(" \\")) for line in lines if not line.startswith(" ")]
    assert [one.name for one in named] == ["both", "built", "here"]


def test_indexes_stand_before_the_packages() -> None:
    text = pip_requirements(LOCK, ["--extra-index-url https://example.com/simple"])
    assert text.splitlines()[1] == "--extra-index-url https://example.com/simple"

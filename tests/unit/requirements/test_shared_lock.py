"""The file of a shared lock: what it holds, and how it is read back."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.unit.requirements.test_requirements_lock import SYSTEM
from toolkit.digest import Digest
from toolkit.errors import CompError, InputError
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import parse_reference
from toolkit.requirements.lock import Lock
from toolkit.requirements.pin import Pin, Source
from toolkit.requirements.publishers.publisher import read_publisher
from toolkit.requirements.shared_lock import read_shared_lock, write_shared_lock

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


def pin(name: str = "alpha", version: str = "2.0", *, content: str = "", source: str | None = None) -> Pin:
    return Pin(
        name=name,
        version=version,
        filename=f"{name}-{version}-py3-none-any.whl",
        digest=Digest.of(content.encode()),
        source=Source(name=source, digest=Digest.of(b"source")) if source else None,
    )


def lock(*pins: Pin, **changes: object) -> Lock:
    return replace(Lock(inputs="sha256:0", python="3.11", pins={AMD64: pins}), **changes)


def written(path: Path, locks: Mapping[str, Lock]) -> str:
    """Write the locks of folders beside the file, expect to read the same, and return the text."""
    by_folder = {path.parent / folder: one for folder, one in locks.items()}
    write_shared_lock(path, by_folder)
    assert read_shared_lock(path) == by_folder
    return path.read_text()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "comp.lock"


def test_a_wheel_of_several_components_is_written_once(path: Path) -> None:
    text = written(path, {"one": lock(pin()), "deep/two": lock(pin(), pin("beta")), ".": lock()})
    assert text.count("file = ") == 2
    assert text.count('folder = "') == 3
    assert 'folder = "."' in text


def test_bytes_do_not_depend_on_the_order_or_on_the_place(path: Path) -> None:
    (path.parent / "elsewhere").mkdir()
    elsewhere = path.parent / "elsewhere" / "comp.lock"
    one, two = lock(pin(), pin("beta")), lock(pin("beta"))
    assert written(path, {"one": one, "two": two}) == written(elsewhere, {"two": two, "one": one})


def test_platforms_keep_their_order_and_a_base_its_digest(path: Path) -> None:
    base = parse_reference(f"host.example/python:3.11@sha256:{'0' * 64}")
    both = lock(pins={ARM64: (), AMD64: (pin(),)}, base=base)
    written(path, {"one": both, "none": lock(pins={})})
    assert read_shared_lock(path)[path.parent / "one"].platforms == (ARM64, AMD64)


def test_wheels_of_one_name_are_told_apart(path: Path) -> None:
    # Two builds of one source, and one wheel from two places.
    pins = [pin(content="a"), pin(content="b"), pin(content="b", source="libs/alpha"), pin(source="alpha-2.0.tar.gz")]
    text = written(path, {f"c{number}": lock(one) for number, one in enumerate(pins)})
    assert text.count('file = "alpha-2.0-py3-none-any.whl#') == 4
    assert text.count("[[package]]") == 1


def test_addresses_and_sizes_are_left_out(path: Path) -> None:
    full = replace(pin(), url="https://user:secret@host.example/alpha.whl", size=9)
    write_shared_lock(path, {path.parent / "one": lock(full)})
    assert "host.example" not in path.read_text()
    (read,) = read_shared_lock(path)[path.parent / "one"].pins[AMD64]
    assert (read.url, read.size) == (None, None)


@pytest.mark.parametrize(
    ("folder", "source", "shown"),
    [
        ("deep/two", "../../libs/near", "libs/near"),
        ("one", "../../beyond", "../beyond"),
        ("one", "../alpha-2.0.tar.gz", "./alpha-2.0.tar.gz"),
        ("one", "./alpha-2.0.tar.gz", "one/alpha-2.0.tar.gz"),
        ("one", "alpha-2.0.tar.gz", "alpha-2.0.tar.gz"),
        ("one", "https://host.example/alpha-2.0.zip", "https://host.example/alpha-2.0.zip"),
        ("one", "git+https://host.example/a@0123#subdirectory=b/c", "git+https://host.example/a@0123#subdirectory=b/c"),
    ],
)
def test_sources_on_this_disk_are_relative_to_the_file(path: Path, folder: str, source: str, shown: str) -> None:
    assert f'source = "{shown}"' in written(path, {folder: lock(pin(source=source))})


def test_a_missing_file(path: Path) -> None:
    with pytest.raises(InputError, match="not a lock that comp wrote: it is missing") as refused:
        read_shared_lock(path)
    assert refused.value.hint == "delete it, and `comp lock --all` writes it anew"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("lock-version = 1", "lock-version = 9"), "its lock-version is 9, this program reads 1"),
        (("lock-version = 1", ""), "its lock-version is None, this program reads 1"),
        (("lock-version = 1", "a = [["), "not valid TOML"),
        (('file = "alpha-2.0-', 'file = "other-2.0-'), "is not a wheel of alpha 2.0"),
        (('file = "alpha-2.0-py3-none-any.whl', 'file = "alpha'), "alpha is not a wheel of alpha 2.0"),
        (('    "alpha-2.0-py3', '    "alpha-9-py3'), "it has no wheel 'alpha-9-py3-none-any.whl'"),
        (('python = "3.11"', "python = 3"), r"Expected `str`, got `int` - at `\$\.component\[0\]\.python`"),
        (('folder = "one"', 'folder = "one"\nmore = 1'), "contains unknown field `more`"),
        (('sha256 = "', 'sha256 = "x'), "64 hex digits"),
        ((', source-sha256 = "', ', source-sha256 = "x'), "64 hex digits"),
        ((f', source-sha256 = "{Digest.of(b"source").hex}"', ""), "64 hex digits"),
        (('wheels."linux/amd64"', 'wheels."linux"'), "linux"),
        (('inputs = "', 'base = "UPPER CASE"\ninputs = "'), "UPPER CASE"),
    ],
)
def test_a_file_that_was_changed_by_hand(path: Path, change: tuple[str, str], problem: str) -> None:
    text = written(path, {"one": lock(pin(source="../libs/alpha"))})
    assert change[0] in text
    path.write_text(text.replace(*change))
    with pytest.raises(CompError, match=problem) as refused:
        read_shared_lock(path)
    assert refused.value.where
    assert refused.value.where.path == path


def test_publishers_stand_beside_their_wheels(path: Path) -> None:
    good = read_publisher({"kind": "GitHub", "repository": "good/alpha"})
    one, two = pin(), pin("beta", content="beta", source="beta-2.0.tar.gz")
    locks = {
        "one": lock(one, publishers={one.digest: good}),
        "two": lock(one, two, publishers={one.digest: good, Digest.of(b"source"): replace(good, verified=True)}),
    }
    text = written(path, locks)
    publisher = 'publisher = { "kind" = "GitHub", "repository" = "good/alpha" }'
    assert text.count(publisher) == text.count(f"{publisher}, verified = true") + 1 == 2
    path.write_text(text.replace('"GitHub"', '"Git\\nHub"'))
    with pytest.raises(InputError, match="not a kind of publisher"):
        read_shared_lock(path)


def test_debian_packages_of_several_components_are_written_once(path: Path) -> None:
    other = replace(SYSTEM, wanted=("git", "libgit"))
    one, two = lock(system={AMD64: SYSTEM}), lock(system={AMD64: other})
    text = written(path, {"one": one, "two": one, "three": two})
    assert text.count("[[system]]") == 2
    assert text.count('name = "git"') == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [('name = "git"', 'name = "Git"'), ("[[system]]", "[[systems]]"), ('wanted = ["git"]', 'wanted = ["x"]')],
)
def test_debian_packages_that_cannot_be_are_refused(path: Path, before: str, after: str) -> None:
    text = written(path, {"one": lock(system={AMD64: SYSTEM})})
    assert before in text
    path.write_text(text.replace(before, after))
    with pytest.raises(InputError, match="not a lock that comp wrote"):
        read_shared_lock(path)

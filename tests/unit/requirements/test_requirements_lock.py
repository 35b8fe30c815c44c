"""The lock as requirements text: stable bytes, and other files refused with their line."""

import os
import subprocess
from pathlib import Path

import pytest
import uv
from msgspec.structs import replace

from tests.package_index import small_wheel
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import parse_reference
from toolkit.python.system_pins import SystemPin, SystemPins
from toolkit.requirements.lock import Lock
from toolkit.requirements.lock_file import read_lock, write_lock
from toolkit.requirements.pin import Pin, Source
from toolkit.requirements.publishers.publisher import read_publisher

TEXT = f"""\
# Written by `comp lock`; change pyproject.toml instead, or run `comp lock --upgrade`.
# lock-version: 1
# platform: linux/amd64
# python: 3.11
# inputs: sha256:{"1" * 64}
# base: docker.io/library/python:3.11-slim@sha256:{"2" * 64}
alpha==1.0 \\
    --hash=sha256:{"a" * 64}
    # alpha-1.0-py3-none-any.whl
beta-two==2.0+cu1 \\
    --hash=sha256:{"b" * 64}
    # beta_two-2.0+cu1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
"""


AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


ALPHA = Pin(name="alpha", version="1.0", filename="alpha-1.0-py3-none-any.whl", digest=Digest("a" * 64))


SYSTEM = SystemPins(
    wanted=("git",),
    base=Digest("b" * 64),
    image=Digest("c" * 64),
    packages=(
        SystemPin(
            name="git",
            version="1:2.39-1",
            architecture="amd64",
            archive="debian",
            path="pool/main/g/git/git_2.39-1_amd64.deb",
            digest=Digest("d" * 64),
        ),
    ),
)


BETA = Pin(
    name="beta-two",
    version="2.0+cu1",
    filename="beta_two-2.0+cu1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    digest=Digest("b" * 64),
)


LOCK = Lock(
    inputs=f"sha256:{'1' * 64}",
    python="3.11",
    pins={AMD64: (ALPHA, BETA)},
    base=parse_reference(f"python:3.11-slim@sha256:{'2' * 64}"),
)


def test_the_text_is_this(tmp_path: Path) -> None:
    path = tmp_path / "requirements.lock"
    write_lock(path, LOCK)
    assert path.read_text() == TEXT
    assert read_lock(path) == LOCK


def test_addresses_and_sizes_are_not_written(tmp_path: Path) -> None:
    path = tmp_path / "requirements.lock"
    pins = tuple(replace(pin, url="https://ada:s3cret@example.com/x.whl", size=5) for pin in (ALPHA, BETA))
    write_lock(path, replace(LOCK, pins={AMD64: pins}))
    assert path.read_text() == TEXT


def test_without_base_and_pins(tmp_path: Path) -> None:
    path = tmp_path / "requirements.lock"
    lock = replace(LOCK, base=None, pins={AMD64: ()})
    write_lock(path, lock)
    assert read_lock(path) == lock


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("lock-version: 1", "lock-version: 2", 1, "its lock-version is 2, this program reads 1"),
        (TEXT, "", 1, "its lock-version is None"),
        (TEXT, "numpy==1.26.4\n", 1, "its lock-version is None"),
        ("# platform: linux/amd64\n", "", 1, "its header lacks platform"),
        ("linux/amd64", "linux", 3, "not a platform: 'linux'"),
        ("python: 3.11", "python: snake", 4, "not a Python version: 'snake'"),
        ("python:3.11-slim@", "PYTHON UPPER@", 6, "base"),
        ("python:3.11-slim@", "python:3.11-slim@x", 6, "base"),
        ("alpha==1.0 \\\n", "alpha==1.0\n", 7, "expected name==version"),
        (f"sha256:{'a' * 64}", f"sha256:{'a' * 63}", 7, "expected name==version"),
        ("    # alpha-1.0-py3-none-any.whl\n", "", 7, "expected name==version"),
        ("beta-two==2.0+cu1", "beta-two>=2", 10, "expected name==version"),
        ("alpha==1.0", "alpha==1.1", 7, "alpha-1.0-py3-none-any.whl is not a wheel of alpha 1.1"),
        ("alpha-1.0-py3", "../alpha-1.0-py3", 7, "is not a wheel of alpha 1.0"),
        ("beta-two==2.0+cu1", "alpha==1.0", 10, "is not a wheel of alpha 1.0"),
        (TEXT[TEXT.index("beta") :], TEXT[TEXT.index("alpha") : TEXT.index("beta")], 10, "alpha is pinned twice"),
    ],
)
def test_any_other_file_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    path = tmp_path / "requirements.lock"
    assert old in TEXT
    path.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        read_lock(path)
    assert words in caught.value.message
    assert str(caught.value.where) == f"{path}:{line}"
    assert "delete it" in str(caught.value.hint)


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "requirements.lock"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        read_lock(path)
    with pytest.raises(OutsideError, match="cannot read"):
        read_lock(tmp_path / "none")


def test_uv_installs_from_it(tmp_path: Path, quiet_uv: None) -> None:
    del quiet_uv
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    data = small_wheel("alpha", "1.0")
    (wheels / "alpha-1.0-py3-none-any.whl").write_bytes(data)
    pin = replace(ALPHA, digest=Digest.of(data))
    path = tmp_path / "requirements.lock"
    command = [uv.find_uv_bin(), "pip", "install", "--no-index", "--find-links", str(wheels), "--require-hashes"]
    command += ["--target", str(tmp_path / "installed"), "-r", str(path)]
    write_lock(path, replace(LOCK, pins={AMD64: (replace(pin, digest=Digest("0" * 64)),)}))
    assert subprocess.run(command, env=os.environ, capture_output=True, check=False).returncode != 0
    # What another platform needs is passed over.
    write_lock(path, replace(LOCK, pins={AMD64: (pin,), Platform("linux", "riscv64"): (pin, BETA)}))
    subprocess.run(command, env=os.environ, capture_output=True, check=True)
    assert (tmp_path / "installed" / "alpha" / "__init__.py").is_file()


BOTH = f"""\
# Written by `comp lock`; change pyproject.toml instead, or run `comp lock --upgrade`.
# lock-version: 1
# platform: linux/amd64, linux/arm64
# python: 3.11
# inputs: sha256:{"1" * 64}
alpha==1.0 \\
    --hash=sha256:{"a" * 64}
    # alpha-1.0-py3-none-any.whl
built==0.5 \\
    --hash=sha256:{"e" * 64} \\
    --hash=sha256:{"f" * 64}
    # built-0.5-py3-none-any.whl from built-0.5.tar.gz
fast==0.9 ; platform_machine == "aarch64" \\
    --hash=sha256:{"d" * 64}
    # fast-0.9-py3-none-any.whl (linux/arm64)
fast==1.0 ; platform_machine == "x86_64" \\
    --hash=sha256:{"c" * 64}
    # fast-1.0-py3-none-any.whl (linux/amd64)
native==2.0 \\
    --hash=sha256:{"7" * 64} \\
    --hash=sha256:{"8" * 64}
    # native-2.0-cp311-cp311-manylinux_2_17_x86_64.whl (linux/amd64)
    # native-2.0-cp311-cp311-manylinux_2_17_aarch64.whl (linux/arm64)
"""


def _pin(name: str, version: str, sha256: str, tag: str = "py3-none-any", source: Source | None = None) -> Pin:
    filename = f"{name}-{version}-{tag}.whl"
    return Pin(name=name, version=version, filename=filename, digest=Digest(sha256 * 64), source=source)


def test_several_platforms_and_what_was_built_here(tmp_path: Path) -> None:
    path = tmp_path / "requirements.lock"
    built = _pin("built", "0.5", "e", source=Source(name="built-0.5.tar.gz", digest=Digest("f" * 64)))
    lock = Lock(
        inputs=f"sha256:{'1' * 64}",
        python="3.11",
        pins={
            AMD64: (
                ALPHA,
                built,
                _pin("fast", "1.0", "c"),
                _pin("native", "2.0", "7", "cp311-cp311-manylinux_2_17_x86_64"),
            ),
            ARM64: (
                ALPHA,
                built,
                _pin("fast", "0.9", "d"),
                _pin("native", "2.0", "8", "cp311-cp311-manylinux_2_17_aarch64"),
            ),
        },
    )
    write_lock(path, lock)
    assert path.read_text() == BOTH
    assert read_lock(path) == lock
    assert lock.packages["fast"] == "1.0, 0.9"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("native-2.0-cp311-cp311-manylinux_2_17_aarch64.whl (linux/arm64)", "native-2.0-py3-none-any.whl", "twice"),
        ("aarch64.whl (linux/arm64)", "aarch64.whl (linux/riscv64)", "not among the platforms"),
        ("aarch64.whl (linux/arm64)", "aarch64.whl (arm64)", "not a platform"),
        (
            f"    --hash=sha256:{'8' * 64}\n",
            f"    --hash=sha256:{'8' * 64} \\\n    --hash=sha256:{'9' * 64}\n",
            "more hashes",
        ),
        (" from built-0.5.tar.gz", "", "more hashes"),
        ("    # alpha-1.0-py3-none-any.whl", "    # alpha-1.0-py3-none-any.whl from x", "expected a hash"),
    ],
)
def test_platforms_that_do_not_add_up(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "requirements.lock"
    assert old in BOTH
    path.write_text(BOTH.replace(old, new, 1))
    with pytest.raises(InputError, match=words):
        read_lock(path)


GOOD = read_publisher(
    {"kind": "GitHub", "repository": "good/alpha", "workflow": "release.yml", "environment": "p y\"p'i"}
)


def test_publishers_stand_below_their_wheels(tmp_path: Path) -> None:
    path = tmp_path / "requirements.lock"
    built = replace(BETA, source=Source(name="beta-two-2.0.tar.gz", digest=Digest("c" * 64)))
    publishers = {ALPHA.digest: GOOD, Digest("c" * 64): replace(GOOD, verified=True)}
    lock = replace(LOCK, pins={AMD64: (ALPHA, built)}, publishers=publishers)
    write_lock(path, lock)
    claims = 'repository = "good/alpha", workflow = "release.yml", environment = "p y\\"p\'i"'
    lines = path.read_text().splitlines()
    assert lines[lines.index("    # alpha-1.0-py3-none-any.whl") + 1] == f"    # published by GitHub: {claims}"
    assert lines[-1] == f"    # verified as published by GitHub: {claims}"
    assert read_lock(path) == lock


@pytest.mark.parametrize(
    "line",
    [
        "published by GitHub: repository",
        'published by GitHub: repository = "a", repository = "b"',
        'published by GitHub: repository = "a"\n    # published by GitHub: repository = "b"',
        'published by GitHub: repository = "a\\u001b"',
        'published by GitHub: workflow = "a", repository = "b"',
        "published by GitHub: repository = 'a'",
        "published by GitHub: repository = 1",
        'published by : repository = "a"',
        'published by GitHub: kind = "a"',
        f"published by GitHub: repository = {'[' * 3000}{']' * 3000}",
    ],
)
def test_a_publisher_in_another_form_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "requirements.lock"
    path.write_text(TEXT.replace("    # alpha-1.0-py3-none-any.whl", f"    # alpha-1.0-py3-none-any.whl\n    # {line}"))
    with pytest.raises(InputError) as caught:
        read_lock(path)
    assert caught.value.where is not None
    assert caught.value.where.line == 7


def test_a_publisher_without_a_wheel_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "requirements.lock"
    path.write_text(TEXT.replace("    # alpha-1.0-py3-none-any.whl", '    # published by GitHub: repository = "a"'))
    with pytest.raises(InputError):
        read_lock(path)


def test_debian_packages_stand_in_the_header_and_pip_reads_past_them(tmp_path: Path) -> None:
    path = tmp_path / "requirements.lock"
    lock = Lock(inputs="x", python="3.11", pins={AMD64: (ALPHA,), ARM64: (ALPHA,)}, system={AMD64: SYSTEM})
    write_lock(path, lock)
    assert read_lock(path) == lock
    assert '#   { name = "git", version = "1:2.39-1", architecture = "amd64", archive = "debian"' in path.read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# system linux/amd64:", "# system linux/s390x:"),
        ('name = "git", version', 'name = "../git", version'),
        ("pool/main", ".."),
        ('image = "sha256:', 'image = "md5:'),
        ('wanted = ["git"]', "wanted = 1"),
        ('wanted = ["git"]', f"wanted = {'[' * 3000}{']' * 3000}"),
        (', archive = "debian"', ""),
    ],
)
def test_debian_packages_that_cannot_be_are_refused_with_their_line(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "requirements.lock"
    write_lock(path, Lock(inputs="x", python="3.11", pins={AMD64: ()}, system={AMD64: SYSTEM}))
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    with pytest.raises(InputError, match="its system packages") as caught:
        read_lock(path)
    assert caught.value.where
    assert caught.value.where.line == 6

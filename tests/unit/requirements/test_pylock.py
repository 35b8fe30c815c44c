"""The lock as pylock.toml: read back the same, valid for other tools, and without secrets."""

import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import uv
from msgspec.structs import replace
from packaging.pylock import Pylock

from tests.package_index import PackageIndex, resolved
from tests.unit.requirements.test_requirements_lock import SYSTEM
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import parse_reference
from toolkit.python.target import Target
from toolkit.requirements.lock import Lock
from toolkit.requirements.pin import Pin, Source
from toolkit.requirements.publishers.publisher import read_publisher
from toolkit.requirements.pylock import read_pylock, write_pylock

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


def _pin(name: str, tag: str, sha256: str, *, url: str | None, source: Source | None = None) -> Pin:
    filename = f"{name.replace('-', '_')}-1.0-{tag}.whl"
    return Pin(name=name, version="1.0", filename=filename, digest=Digest(sha256 * 64), url=url, source=source, size=7)


def _lock(folder: Path) -> Lock:
    far = "https://ann:s3cret@example.com/files/"
    pure = _pin("alpha", "py3-none-any", "a", url=f"{far}alpha-1.0-py3-none-any.whl?token=hush")
    near = _pin("near", "py3-none-any", "b", url=(folder / "wheels" / "near 1.whl").as_uri())
    sdist = Source(name="built-1.0.tar.gz", digest=Digest("c" * 64))
    built = _pin("built", "py3-none-any", "d", url=f"{far}built-1.0.tar.gz", source=sdist)
    local = _pin("local-one", "py3-none-any", "e", url=None, source=Source(name="../shared", digest=Digest("f" * 64)))
    native = {
        platform: _pin("native", f"cp311-cp311-manylinux_2_17_{machine}", digit, url=f"{far}{machine}.whl")
        for platform, machine, digit in ((AMD64, "x86_64", "1"), (ARM64, "aarch64", "2"))
    }
    only = _pin("only", "py3-none-any", "3", url=f"{far}only.whl")
    return Lock(
        inputs=f"sha256:{'9' * 64}",
        python="3.11",
        pins={
            AMD64: (pure, built, local, native[AMD64], near, only),
            ARM64: (pure, built, local, native[ARM64], near),
        },
        base=parse_reference(f"python:3.11-slim@sha256:{'2' * 64}"),
    )


def test_our_lock_as_pylock(tmp_path: Path) -> None:
    path = tmp_path / "pylock.toml"
    lock = _lock(tmp_path)
    write_pylock(path, lock)
    text = path.read_text()
    assert read_pylock(path) == lock
    assert [pin.url for pin in read_pylock(path).pins[AMD64]][4] == (tmp_path / "wheels" / "near 1.whl").as_uri()
    assert "s3cret" not in text
    assert "hush" not in text
    assert str(tmp_path) not in text
    write_pylock(path, read_pylock(path))
    assert path.read_text() == text
    # The reference reader takes it for valid.
    packages = Pylock.from_dict(tomllib.loads(text)).packages
    assert [package.name for package in packages] == ["alpha", "built", "local-one", "native", "near", "only"]
    assert str(packages[-1].marker) == 'platform_machine == "x86_64"'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lock-version = 1\n", "lock-version = 2\n"),
        ("[tool.comp]\n", "[tool.other]\n"),
        ("[[packages]]", "[packages]"),
        ('"linux/arm64"]\ninputs', '"arm64"]\ninputs'),
        ('name = "alpha"\nversion = "1.0"', 'name = "alpha"\nversion = "2.0"'),
        ("hashes = { sha256", "hashes = { md5"),
        ("inputs = ", "output = "),
    ],
)
def test_a_pylock_that_is_not_ours_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "pylock.toml"
    write_pylock(path, _lock(tmp_path))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        read_pylock(path)
    assert caught.value.where
    assert caught.value.where.path == path


def test_uv_installs_from_it(tmp_path: Path, index: PackageIndex, debian: Target) -> None:
    (pin,) = resolved(["alpha<2"], debian)
    path = tmp_path / "pylock.toml"
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    write_pylock(path, Lock(inputs="sha256:0", python=running, pins={AMD64: (pin,)}))
    options = ["--quiet", "--python", sys.executable, "--target", str(tmp_path / "out")]
    subprocess.run([uv.find_uv_bin(), "pip", "install", *options, "-r", str(path)], check=True)
    assert (tmp_path / "out" / "alpha" / "__init__.py").is_file()
    data = index.files[pin.filename]
    assert hashlib.sha256(data).hexdigest() in json.dumps(tomllib.loads(path.read_text()))


def test_publishers_stand_in_attestation_identities(tmp_path: Path) -> None:
    path = tmp_path / "pylock.toml"
    lock = _lock(tmp_path)
    digests = {pin.name: pin.published[1] for pins in lock.pins.values() for pin in pins if pin.published}
    good, other = (read_publisher({"kind": "GitHub", "repository": f"{name}/it"}) for name in ("good", "other"))
    publishers = {
        digests["alpha"]: good,
        digests["built"]: replace(other, verified=True),
        Digest("1" * 64): good,
        Digest("2" * 64): other,
    }
    lock = replace(lock, publishers=publishers)
    write_pylock(path, lock)
    assert read_pylock(path).publishers == publishers
    parsed = Pylock.from_dict(tomllib.loads(path.read_text()))
    packages = {str(package.name): package for package in parsed.packages}
    assert packages["alpha"].attestation_identities == [{"kind": "GitHub", "repository": "good/it"}]
    assert packages["native"].attestation_identities == [
        {"kind": "GitHub", "repository": "good/it"},
        {"kind": "GitHub", "repository": "other/it"},
    ]
    assert packages["near"].attestation_identities is None


@pytest.mark.parametrize(("old", "new"), [("identity = 0", "identity = 1"), ('kind = "GitHub"', "kind = 1")])
def test_a_publisher_that_is_not_one_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "pylock.toml"
    pin = _pin("alpha", "py3-none-any", "a", url="https://example.com/a.whl")
    publishers = {pin.digest: read_publisher({"kind": "GitHub", "repository": "good/it"})}
    write_pylock(path, Lock(inputs="sha256:0", python="3.11", pins={AMD64: (pin,)}, publishers=publishers))
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError, match="not a lock that comp wrote"):
        read_pylock(path)


def test_debian_packages_stand_in_a_table_of_comp(tmp_path: Path) -> None:
    path = tmp_path / "pylock.toml"
    platform = Platform("linux", "amd64")
    lock = Lock(inputs="x", python="3.11", pins={platform: ()}, system={platform: SYSTEM})
    write_pylock(path, lock)
    assert read_pylock(path) == lock
    path.write_text(path.read_text().replace('archive = "debian"', 'archive = "x y"'))
    with pytest.raises(InputError, match="is not the archive of a Debian package"):
        read_pylock(path)

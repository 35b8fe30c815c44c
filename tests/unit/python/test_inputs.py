"""What other tools locked: requirements files, uv.lock and pylock.toml, and the lock of ours in the latter's form."""

import hashlib
import json
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import uv
from packaging.pylock import Pylock

from tests.artifacts import component
from tests.package_index import PackageIndex, resolved, small_wheel
from tests.projects import sdist
from toolkit.errors import InputError
from toolkit.locking import is_fresh
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import parse_reference
from toolkit.python.indexes import Indexes
from toolkit.python.inputs import file_options, inputs_file_digest, read_inputs
from toolkit.python.lock import Lock, inputs_digest
from toolkit.python.pin import Pin, Source
from toolkit.python.pylock import read_pylock, write_pylock
from toolkit.python.resolve import resolve
from toolkit.python.target import Target

A, B = "a" * 64, "b" * 64
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
TEXT = f"""\
# a comment
--extra-index-url https://example.com/simple
alpha==1.0 \\
    --hash=sha256:{A} \\
    --hash=sha256:{B}  # of two files
beta>=1 ; sys_platform == "linux"   # no hash
-r more.txt
-c narrow.txt
"""


def test_a_requirements_file(tmp_path: Path, debian: Target) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(TEXT)
    (tmp_path / "more.txt").write_text(f"gamma==3 --hash=sha256:{A}\n")
    (tmp_path / "narrow.txt").write_text("delta<2\n")
    found = read_inputs(path, debian)
    assert found.requirements == ("alpha==1.0", 'beta>=1 ; sys_platform == "linux"', "gamma==3")
    assert found.constraints == ("delta<2",)
    assert file_options(path).indexes == ("--extra-index-url https://example.com/simple",)
    assert found.hashes == {"alpha": frozenset({A, B}), "gamma": frozenset({A})}
    digest = inputs_file_digest(path)
    (tmp_path / "narrow.txt").write_text("delta<3\n")
    assert inputs_file_digest(path) != digest


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("-e ../shared", "a folder is required"),
        ("./shared", "a folder is required"),
        ("--global-option x", "not an option that can be used here: --global-option"),
        ("six --config-settings a=b", "not an option that can be used here: --config-settings"),
        ("six --hash=sha512:00", "its hashes are not sha256"),
        ("https://example.com/", "no name stands in the address"),
        ("alpha = 1", "not a requirement"),
        ("-r none.txt", "there is no"),
    ],
)
def test_lines_that_cannot_be_used(tmp_path: Path, debian: Target, line: str, words: str) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(f"six\n\n{line}\n")
    with pytest.raises(InputError, match=words) as caught:
        read_inputs(path, debian)
    assert str(caught.value.where) == f"{path}:3"


def test_a_file_that_is_not_there(tmp_path: Path, debian: Target) -> None:
    with pytest.raises(InputError, match=r"there is no uv\.lock"):
        read_inputs(tmp_path / "uv.lock", debian)


def test_uv_lock(tmp_path: Path, debian: Target, index: PackageIndex) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["alpha<2"]\n'
    )
    subprocess.run([uv.find_uv_bin(), "lock", "--quiet"], cwd=tmp_path, check=True)
    # A newer one appears; the lock stays.
    index.files["alpha-1.5-py3-none-any.whl"] = small_wheel("alpha", "1.5")
    found = read_inputs(tmp_path / "uv.lock", debian)
    assert found.requirements == ("alpha<2",)
    assert found.locked == {"alpha": "1.0"}
    (pin,) = resolved(["alpha==1.0"], debian, hashes=found.hashes)
    assert pin.version == "1.0"
    assert found.hashes["alpha"] == frozenset({pin.sha256})
    (tmp_path / "uv.lock").write_text("version = 99\n")
    with pytest.raises(InputError, match="uv cannot read it"):
        read_inputs(tmp_path / "uv.lock", debian)


def test_pylock_of_another_tool(tmp_path: Path, debian: Target, index: PackageIndex) -> None:
    assert index.port
    (tmp_path / "in.txt").write_text("beta\n")
    command = [uv.find_uv_bin(), "pip", "compile", "--quiet", "--universal", "--format=pylock.toml", "in.txt"]
    written = subprocess.run([*command, "-o", "pylock.toml"], cwd=tmp_path, capture_output=True, check=True)
    assert written.returncode == 0
    found = read_inputs(tmp_path / "pylock.toml", debian)
    assert found.requirements == ()
    assert found.locked == {"alpha": "1.0", "beta": "1.5"}
    pins = resolved(["alpha==1.0", "beta==1.5"], debian, hashes=found.hashes)
    assert {pin.name: frozenset({pin.sha256}) for pin in pins} == found.hashes
    for text in ("nothing", 'lock-version = "9.0"\n', 'lock-version = "1.0"\ncreated-by = "x"\n'):
        (tmp_path / "pylock.toml").write_text(text)
        with pytest.raises(InputError, match="not usable for linux/amd64"):
            read_inputs(tmp_path / "pylock.toml", debian)


def _pin(name: str, tag: str, sha256: str, *, url: str | None, source: Source | None = None) -> Pin:
    filename = f"{name.replace('-', '_')}-1.0-{tag}.whl"
    return Pin(name=name, version="1.0", filename=filename, sha256=sha256 * 64, url=url, source=source, size=7)


def _lock(folder: Path) -> Lock:
    far = "https://ann:s3cret@example.com/files/"
    pure = _pin("alpha", "py3-none-any", "a", url=f"{far}alpha-1.0-py3-none-any.whl?token=hush")
    near = _pin("near", "py3-none-any", "b", url=(folder / "wheels" / "near 1.whl").as_uri())
    sdist = Source(name="built-1.0.tar.gz", sha256="c" * 64)
    built = _pin("built", "py3-none-any", "d", url=f"{far}built-1.0.tar.gz", source=sdist)
    local = _pin("local-one", "py3-none-any", "e", url=None, source=Source(name="../shared", sha256="f" * 64))
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
    write_pylock(path, Lock(inputs="sha256:0", python="3.11", pins={AMD64: (pin,)}))
    command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--target", str(tmp_path / "out"), "-r", str(path)]
    subprocess.run(command, check=True)
    assert (tmp_path / "out" / "alpha" / "__init__.py").is_file()
    data = index.files[pin.filename]
    assert hashlib.sha256(data).hexdigest() in json.dumps(tomllib.loads(path.read_text()))


def test_other_requirements_are_other_inputs(tmp_path: Path) -> None:
    project = component(tmp_path)
    (tmp_path / "requirements.txt").write_text("six==1.0\n")
    given = replace(project, requirements=tmp_path / "requirements.txt")
    lock = Lock(inputs=inputs_digest(project, "3.11"), python="3.11", pins={AMD64: ()})
    assert is_fresh(project, lock, "3.11")
    assert not is_fresh(given, lock, "3.11")


def test_every_file_that_is_taken_in_counts(tmp_path: Path) -> None:
    names = [tmp_path / "requirements.txt", *(tmp_path / f"{number}.in" for number in range(30))]
    for path, inner in zip(names, [*names[1:], None], strict=True):
        path.write_text(f"-r {inner.name}\n" if inner else "six==1.0\n")
    before = inputs_file_digest(names[0])
    names[-1].write_text("six==2.0\n")
    assert inputs_file_digest(names[0]) != before


def test_a_line_that_moves_from_one_file_to_another_counts(tmp_path: Path) -> None:
    top, inner = tmp_path / "requirements.txt", tmp_path / "a.txt"
    top.write_text("-c a.txt\nsix\n")
    inner.write_text("click\n")
    before = inputs_file_digest(top)
    top.write_text("-c a.txt\n")
    inner.write_text("six\nclick\n")
    assert inputs_file_digest(top) != before


def test_a_file_that_takes_in_itself_is_refused(tmp_path: Path, debian: Target) -> None:
    (tmp_path / "requirements.txt").write_text("-r a.txt\n")
    (tmp_path / "a.txt").write_text("-r requirements.txt\n")
    with pytest.raises(InputError, match=r"requirements\.txt takes in itself"):
        read_inputs(tmp_path / "requirements.txt", debian)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1"])
def test_the_encodings_that_pip_reads(tmp_path: Path, debian: Target, encoding: str) -> None:
    path = tmp_path / "requirements.txt"
    mark = {"utf-16-be": "\ufeff", "latin-1": "# -*- coding: latin-1 -*-\n"}.get(encoding, "")
    path.write_bytes(f"{mark}# schöne\nalpha==1.0\n--pre\n".encode(encoding))
    assert read_inputs(path, debian).requirements == ("alpha==1.0",)
    assert file_options(path).early
    path.write_bytes("# schöne\n".encode("latin-1"))
    with pytest.raises(InputError, match="not utf-8 text"):
        read_inputs(path, debian)


def test_options_of_pip(tmp_path: Path, debian: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "requirements.txt"
    monkeypatch.setenv("TOKEN_1", "hush")
    (tmp_path / "near-1.0-py3-none-any.whl").touch()
    path.write_text(
        "-ihttp://${TOKEN_1}@plain/simple\n--trusted-host plain\n--prefer-binary\n--use-feature=fast-deps\n"
        "--no-binary=Alpha,beta\n--only-binary beta,gamma\n--no-binary delta\n--no-binary :none:\n--no-binary Alpha\n"
        "git+https://host/x@v1#egg=one&subdirectory=a\nhttps://host/two-1.0-py3-none-any.whl --hash=sha256:" + A + "\n"
        "./near-1.0-py3-none-any.whl\n-e git+https://host/y#egg=three\n"
    )
    found = file_options(path)
    assert found.indexes == ("--index-url http://hush@plain/simple",)
    assert (sorted(found.from_source), sorted(found.only_wheels)) == (["alpha"], ["beta", "gamma"])
    near = (tmp_path / "near-1.0-py3-none-any.whl").as_uri()
    given = read_inputs(path, debian)
    assert given.requirements == (
        "one @ git+https://host/x@v1#subdirectory=a",
        "two @ https://host/two-1.0-py3-none-any.whl",
        f"near @ {near}",
        "three @ git+https://host/y",
    )
    assert given.hashes == {"two": frozenset({A})}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--trusted-host x", "certificates are always verified"),
        ("--no-binary :all:", "name the packages"),
        ("--uploaded-prior-to 2026-01-01", "exclude-newer"),
    ],
)
def test_options_that_have_another_way(tmp_path: Path, debian: Target, line: str, words: str) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(f"six\n{line}\n")
    with pytest.raises(InputError, match="used here") as caught:
        (file_options(path), read_inputs(path, debian))
    assert words in (caught.value.hint or "")
    assert str(caught.value.where) == f"{path}:2"


def test_required_hashes(tmp_path: Path, debian: Target) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(f"--require-hashes\nalpha==1.0 --hash=sha256:{A}\n")
    assert read_inputs(path, debian).locked == {"alpha": "1.0"}
    path.write_text(f"--require-hashes\nalpha==1.0 --hash=sha256:{A}\nbeta==1\n")
    with pytest.raises(InputError, match="beta==1 has no hash"):
        read_inputs(path, debian)


def test_what_is_to_be_built_and_what_never(index: PackageIndex, debian: Target) -> None:
    index.files["alpha-1.0.tar.gz"] = sdist("alpha")
    index.files["built-1.0.tar.gz"] = sdist("built")
    index.files["early-1.0-py3-none-any.whl"] = small_wheel("early", "1.0")
    index.files["early-2.0rc1-py3-none-any.whl"] = small_wheel("early", "2.0rc1")
    (source,) = resolve(["alpha==1.0"], debian, indexes=Indexes(from_source=frozenset({"alpha"})))
    assert source.filename == "alpha-1.0.tar.gz"
    (built,) = resolve(["built"], debian)
    assert built.filename == "built-1.0.tar.gz"
    for names in ({"built"}, {":all:"}):
        with pytest.raises(InputError, match="built"):
            resolve(["built"], debian, indexes=Indexes(only_wheels=frozenset(names)))
    (early,) = resolve(["early"], debian, indexes=Indexes(early=True))
    assert early.version == "2.0rc1"

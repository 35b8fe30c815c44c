"""Requirements files as pip reads them: encodings, lines, options."""

import os
from pathlib import Path

import pytest

from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.python.target import Target
from toolkit.requirements.imported import file_options, import_requirements

A, B = "a" * 64, "b" * 64


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1"])
def test_the_encodings_that_pip_reads(tmp_path: Path, debian: Target, encoding: str) -> None:
    path = tmp_path / "requirements.txt"
    mark = {"utf-16-be": "\ufeff", "latin-1": "# -*- coding: latin-1 -*-\n"}.get(encoding, "")
    path.write_bytes(f"{mark}# schöne\nalpha==1.0\n--pre\n".encode(encoding))
    assert import_requirements(path, debian, Cache.default(), os.environ).requirements == ("alpha==1.0",)
    assert file_options(path, os.environ).early
    path.write_bytes("# schöne\n".encode("latin-1"))
    with pytest.raises(InputError, match="not utf-8 text"):
        import_requirements(path, debian, Cache.default(), os.environ)


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
    found = file_options(path, os.environ)
    assert found.indexes == ("--index-url http://hush@plain/simple",)
    assert (sorted(found.from_source), sorted(found.only_wheels)) == (["alpha"], ["beta", "gamma"])
    near = (tmp_path / "near-1.0-py3-none-any.whl").as_uri()
    given = import_requirements(path, debian, Cache.default(), os.environ)
    assert given.requirements == (
        "one @ git+https://host/x@v1#subdirectory=a",
        "two @ https://host/two-1.0-py3-none-any.whl",
        f"near @ {near}",
        "three @ git+https://host/y",
    )
    assert given.hashes == {"two": frozenset({Digest(A)})}


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
        (file_options(path, os.environ), import_requirements(path, debian, Cache.default(), os.environ))
    assert words in (caught.value.hint or "")
    assert str(caught.value.where) == f"{path}:2"


def test_required_hashes(tmp_path: Path, debian: Target) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(f"--require-hashes\nalpha==1.0 --hash=sha256:{A}\n")
    assert import_requirements(path, debian, Cache.default(), os.environ).locked == {"alpha": "1.0"}
    path.write_text(f"--require-hashes\nalpha==1.0 --hash=sha256:{A}\nbeta==1\n")
    with pytest.raises(InputError, match="beta==1 has no hash"):
        import_requirements(path, debian, Cache.default(), os.environ)

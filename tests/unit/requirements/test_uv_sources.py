"""`[tool.uv.sources]`: every kind of table, and those that are refused."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.locking import Locking
from tests.package_index import PackageIndex, serving_index, small_wheel
from tests.projects import project
from toolkit.errors import InputError, OutsideError
from toolkit.job.lock import existing_lock, is_fresh

INDEX = '[[tool.uv.index]]\nname = "mine"\nurl = "{url}"\nexplicit = true\n'


@contextmanager
def second_index(files: Mapping[str, bytes], user: str | None = None) -> Iterator[PackageIndex]:
    with serving_index(PackageIndex(dict(files), user=user)) as served:
        yield served


def test_a_package_is_taken_from_its_index_alone(
    locking: Locking, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.files["toolz-9.0-py3-none-any.whl"] = small_wheel("toolz", "9.0")
    mine = {
        "toolz-1.0-py3-none-any.whl": small_wheel("toolz", "1.0", requires="alpha"),
        "alpha-9.0-py3-none-any.whl": small_wheel("alpha", "9.0"),
    }
    with second_index(mine, user="ann:hush-hush-7") as served:
        bare = served.url.replace("ann:hush-hush-7@", "")
        settings = '[tool.uv.sources]\ntoolz = { index = "mine" }\n' + INDEX.format(url=bare)
        with pytest.raises(OutsideError):
            locking.lock(["toolz"], settings)
        monkeypatch.setenv("UV_INDEX_MINE_USERNAME", "ann")
        monkeypatch.setenv("UV_INDEX_MINE_PASSWORD", "hush-hush-7")
        pins = locking.lock(["toolz"], settings)
        # The index is explicit: what toolz needs comes from the ordinary one.
        assert {pin.name: pin.version for pin in pins.values()} == {"alpha": "2.0", "toolz": "1.0"}
        for file in locking.folder.glob("*lock*"):
            assert "hush" not in file.read_text()
        with pytest.raises(InputError, match=r"because you require|and you require") as refused:
            locking.lock(["toolz", "nowhere"], settings)
        assert "comp-pinned" not in refused.value.message
        # Without the source it is another package, and another lock.
        assert locking.lock(["toolz"], "")["toolz"].version == "9.0"
        here = '[tool.uv.sources]\ntoolz = [{ index = "mine", marker = "sys_platform == \'win32\'" }]\n'
        assert locking.lock(["toolz"], here + INDEX.format(url=bare))["toolz"].version == "9.0"
        fresh = existing_lock(locking.project(["toolz"], ""))
        assert not is_fresh(locking.project(["toolz"], settings), fresh, "3.11", os.environ)


def test_an_index_that_is_not_defined_is_refused(locking: Locking) -> None:
    with pytest.raises(InputError, match="the source of toolz names the index 'mine', which is not defined") as caught:
        locking.lock(["toolz"], '[tool.uv.sources]\ntoolz = { index = "mine" }\n')
    assert str(caught.value.where).endswith("pyproject.toml:6:1")


@pytest.mark.parametrize(
    ("required", "source", "words"),
    [
        ("lib; sys_platform ~= 'a'", "", "the marker 'sys_platform ~= \"a\"' cannot be compared"),
        ("lib", "{ git = 'https://host/x', marker = \"sys_platform ~= 'a'\" }", "cannot be compared"),
        ("lib @ https://[::1/lib-1.0-py3-none-any.whl", "", "the address of lib is invalid: Invalid IPv6 URL"),
        ("lib", "{ url = 'https://host:x/lib-1.0-py3-none-any.whl' }", "the address of lib is invalid: Port"),
        ("lib", "{ git = '' }", "the source of lib has an empty git"),
    ],
)
def test_a_source_that_cannot_be_read_is_refused_with_its_line(
    locking: Locking, required: str, source: str, words: str
) -> None:
    with pytest.raises(InputError) as refused:
        locking.lock([required], f"[tool.uv.sources]\nlib = {source}\n" if source else "")
    assert words in refused.value.message
    assert str(refused.value.where).endswith("pyproject.toml:6:1" if source else "pyproject.toml:4:1")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('{ git = "https://x/y", rev = "a", tag = "b" }', "names rev and tag; one is enough"),
        ('{ git = "https://x/y", lfs = true }', "git LFS"),
        ('{ git = "https://x/y", subdir = "a" }', "has the unknown key 'subdir'"),
        ('{ url = "https://x/y.whl", git = "https://x/y" }', "is not one of index, git, url, path, workspace"),
        ('{ registry = "x" }', "is not one of"),
        ('"x"', "is not one of"),
        ('{ url = "https://x/y.exe" }', "neither a wheel nor a source distribution"),
        ('{ url = "https://x/y.tar.gz", subdirectory = "a" }', "names a subdirectory of an archive"),
        ("{ workspace = true }", "which has no such member"),
        ('{ path = "../gone" }', r"where there is no pyproject\.toml"),
        ('{ path = "../gone", marker = "x ==" }', "has an invalid marker"),
    ],
)
def test_sources_that_cannot_be_followed(locking: Locking, source: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        locking.lock(["lib"], f"[tool.uv.sources]\nlib = {source}\n")
    assert str(caught.value.where).endswith(("pyproject.toml:6:1", "pyproject.toml:5:2"))


def test_a_required_projects_index_counts(locking: Locking, tmp_path: Path) -> None:
    with second_index({"toolz-1.0-py3-none-any.whl": small_wheel("toolz", "1.0")}) as served:
        inner = '[tool.uv.sources]\ntoolz = { index = "mine" }\n' + INDEX.format(url=served.url)
        project(tmp_path / "inner", "inner", project=f'dependencies = ["toolz"]\n{inner}', requires="toolz")
        pins = locking.lock(["inner"], '[tool.uv.sources]\ninner = { path = "../inner" }\n')
        assert pins["toolz"].version == "1.0"

"""Pins that do not come from what is required: each way to change a lock by hand is found."""

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import uv

from tests.package_index import PackageIndex, small_wheel
from tests.projects import sdist
from toolkit.cache import Cache
from toolkit.errors import InputError, OutsideError
from toolkit.oci.descriptor import Platform
from toolkit.python.asked import Asked, choose
from toolkit.python.indexes import Indexes
from toolkit.python.inputs import read_inputs
from toolkit.python.pin import Pin, Source
from toolkit.python.target import Target
from toolkit.python.verify import problems, remember
from toolkit.toml import Document


def offer(index: PackageIndex, name: str, version: str, **options: str) -> None:
    index.files[f"{name}-{version}-py3-none-any.whl"] = small_wheel(name, version, **options)


def pins_of(asked: Asked) -> dict[str, Pin]:
    return {pin.name: pin for pin in choose(asked) if isinstance(pin, Pin)}


def found(asked: Asked, pins: Mapping[str, Pin], cache: Path) -> list[str]:
    return [str(problem) for problem in problems(asked, tuple(pins.values()), Cache(cache))]


def test_what_was_resolved_is_right(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    asked = Asked(requirements=("beta",), target=debian)
    pins = pins_of(asked)
    assert found(asked, pins, tmp_path) == []
    # An older version that satisfies everything is right as well.
    offer(index, "beta", "1.6", requires="alpha<2")
    assert found(asked, pins, tmp_path / "other") == []


@pytest.mark.parametrize(
    ("required", "changed", "words"),
    [
        (["alpha==1.0"], {"alpha": "2.0"}, "alpha 2.0 is pinned, and alpha==1.0 is required"),
        (["beta"], {"alpha": "2.0"}, "alpha<2"),
        (["beta"], {"alpha": None}, "alpha is missing, and a package that is pinned requires it"),
        (["beta"], {"beta": None}, "beta is missing, and beta is required"),
        (["beta"], {"idna": "3.0"}, "idna 3.0 is pinned, and nothing requires it"),
        (["rich"], {"rich": None}, "rich is missing, and rich is required"),
        (["rich[color]"], {"tint": "1.0", "rich": "1.0"}, ""),
        (["rich"], {"tint": "1.0", "rich": "1.0"}, "tint 1.0 is pinned, and nothing requires it"),
        (["rich[color]"], {"tint": None}, "tint is missing, and a package that is pinned requires it"),
        (["Alpha ; python_version < '3'", "idna"], {"alpha": "1.0", "idna": "3.0"}, "nothing requires it"),
        (["alpha"], {"alpha": "3.0rc1"}, "alpha 3.0rc1 is a pre-release, which nothing asks for"),
        (["alpha>=3.0rc1"], {"alpha": "3.0rc1"}, ""),
        (["early"], {"early": "0.1a1"}, ""),
        (["torch"], {"torch": "2.0"}, ""),
        (["torch"], {"torch": "2.0+cpu"}, ""),
        (["torch==2.0"], {"torch": "2.0+cpu"}, ""),
        (["torch==2.0+cpu"], {"torch": "2.0"}, r"torch 2.0 is pinned, and torch==2.0+cpu is required"),
    ],
)
def test_a_changed_pin_is_found(
    index: PackageIndex, debian: Target, tmp_path: Path, required: list[str], changed: dict[str, str | None], words: str
) -> None:
    for name, version in (("idna", "3.0"), ("tint", "1.0"), ("alpha", "3.0rc1"), ("early", "0.1a1")):
        offer(index, name, version)
    offer(index, "torch", "2.0")
    offer(index, "torch", "2.0+cpu")
    offer(index, "rich", "1.0", requires="tint; extra == 'color'")
    asked = Asked(requirements=tuple(required), target=debian)
    pins = {} if len(changed) > 1 or required[0].startswith("early") else pins_of(asked)
    for name, wanted in changed.items():
        if wanted is None:
            del pins[name]
        else:
            pins |= pins_of(Asked(requirements=(f"{name}==={wanted}",), target=debian))
    said = "; ".join(found(asked, pins, tmp_path))
    assert (words in said) if words else not said, said


def test_another_file_than_the_indexs_is_found(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    assert index.port
    asked = Asked(requirements=("alpha",), target=debian)
    (pin,) = pins_of(asked).values()
    cache = Cache(tmp_path)
    # The file is even in the cache: another component's index may have had it.
    evil, _ = cache.keep_blob([small_wheel("alpha", "2.0", content="import evil")])
    (problem,) = problems(asked, (replace(pin, sha256=evil, url="http://127.0.0.1:1/evil.whl"),), cache)
    assert str(problem) == f"the index offers no alpha-2.0-py3-none-any.whl with sha256 {evil} here"
    built = replace(pin, source=Source(name="alpha-2.0.tar.gz", sha256="a" * 64))
    (problem,) = problems(asked, (built,), cache)
    assert "built from alpha-2.0.tar.gz, here" in str(problem)
    (problem,) = problems(asked, (pin, pin), cache)
    assert str(problem) == "alpha is pinned 2 times"


def test_a_source_distribution_is_right_where_there_is_no_wheel(
    index: PackageIndex, debian: Target, tmp_path: Path
) -> None:
    index.files["built-1.0.tar.gz"] = sdist("built")
    asked = Asked(requirements=("built",), target=debian)
    (source,) = choose(asked)
    pin = Pin(
        name="built",
        version="1.0",
        filename="built-1.0-py3-none-any.whl",
        sha256="e" * 64,
        source=Source(name=source.filename, sha256=source.sha256),
    )
    assert problems(asked, (pin,), Cache(tmp_path)) == ()
    other = replace(pin, source=Source(name=source.filename, sha256="a" * 64))
    assert problems(asked, (other,), Cache(tmp_path))


def test_each_platform_is_compared_by_itself(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    offer(index, "gamma", "1.0", requires="alpha ; platform_machine == 'aarch64'")
    asked = Asked(requirements=("gamma",), target=debian)
    on_arm = replace(asked, target=replace(debian, platform=Platform("linux", "arm64")))
    pins = pins_of(asked)
    assert found(asked, pins, tmp_path) == []
    assert found(on_arm, pins, tmp_path) == ["alpha is missing, and a package that is pinned requires it"]
    assert found(asked, pins_of(on_arm), tmp_path) == ["alpha 2.0 is pinned, and nothing requires it"]


def test_what_the_base_has_is_not_pinned(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    assert index.port
    asked = Asked(requirements=("beta",), target=debian, present={"alpha": "1.0"})
    pins = pins_of(asked)
    assert list(pins) == ["beta"]
    assert found(asked, pins, tmp_path) == []
    everything = pins_of(replace(asked, present={}))
    assert found(asked, everything, tmp_path) == ["alpha 1.0 is pinned, and nothing requires it"]


def test_what_was_found_right_needs_no_index(
    index: PackageIndex, debian: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path)
    asked = Asked(requirements=("beta",), target=debian)
    pins = tuple(pins_of(asked).values())
    remember(asked, pins, cache)
    before = len(index.requests)
    assert problems(asked, pins, cache) == ()
    assert len(index.requests) == before
    # With other indexes, or for something else, it is looked at anew.
    assert problems(replace(asked, requirements=("alpha",)), pins, cache)
    assert problems(asked, tuple(replace(pin, sha256="0" * 64) for pin in pins), cache)
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:1/simple")
    with pytest.raises(OutsideError):
        problems(asked, pins, cache)


def test_overrides_of_uv_count(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    assert index.port
    settings = tmp_path / "pyproject.toml"
    settings.write_text('[tool.uv]\noverride-dependencies = ["alpha==2.0"]\n')
    asked = Asked(requirements=("beta",), target=debian, indexes=Indexes(where=settings))
    pins = pins_of(asked)
    assert pins["alpha"].version == "2.0"
    assert found(asked, pins, tmp_path / "cache") == []
    assert found(replace(asked, indexes=Indexes()), pins, tmp_path / "cache")


PYLOCK = 'lock-version = "1.0"\ncreated-by = "x"\n'


def _locked(index: PackageIndex, *pins: tuple[str, str]) -> str:
    text = PYLOCK
    for name, version in pins:
        file = f"{name}-{version}-py3-none-any.whl"
        text += f'[[packages]]\nname = "{name}"\nversion = "{version}"\n'
        digest = sha256(index.files[file]).hexdigest()
        text += f'wheels = [{{ name = "{file}", url = "{index.url}/{file}", hashes = {{ sha256 = "{digest}" }} }}]\n'
    return text


@pytest.mark.parametrize(
    ("pins", "words"),
    [
        ([("alpha", "1.0"), ("beta", "1.5")], ""),
        ([("beta", "1.5")], "alpha is required and not in it"),
        ([("alpha", "1.0"), ("beta", "1.5"), ("idna", "3.0")], "idna 3.0 is in it and nothing requires it"),
        ([("alpha", "2.0"), ("beta", "1.5")], "alpha<2"),
    ],
)
@pytest.mark.parametrize("required", [("beta",), ()])
def test_another_tools_pylock(
    index: PackageIndex,
    debian: Target,
    tmp_path: Path,
    pins: list[tuple[str, str]],
    words: str,
    required: tuple[str, ...],
) -> None:
    offer(index, "idna", "3.0")
    path = tmp_path / "pylock.toml"
    path.write_text(_locked(index, *pins))
    given = read_inputs(path, debian)
    listed = tuple(f"{name}==={version}" for name, version in (given.locked or {}).items())
    asked = Asked(requirements=required or listed, target=debian, hashes=given.hashes, locked=given.locked)
    if words and not (words.startswith("idna") and not required):
        with pytest.raises(InputError, match=words):
            choose(asked)
    else:
        # Where nothing else says what is required, the lock is all that there is.
        assert {pin.name: pin.version for pin in choose(asked)} == dict(pins)


def test_a_uv_lock_that_was_changed(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    settings = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["beta"]\n'
    offer(index, "idna", "3.0")
    path = tmp_path / "uv.lock"
    (tmp_path / "pyproject.toml").write_text(settings.replace('"beta"', '"beta", "idna"'))
    subprocess.run([uv.find_uv_bin(), "lock", "--quiet"], cwd=tmp_path, check=True)
    changed = path.read_text()
    (tmp_path / "pyproject.toml").write_text(settings)
    subprocess.run([uv.find_uv_bin(), "lock", "--quiet"], cwd=tmp_path, check=True)

    def asked() -> Asked:
        given = read_inputs(path, debian)
        return Asked(requirements=given.requirements, target=debian, hashes=given.hashes, locked=given.locked)

    assert list(pins_of(asked())) == ["alpha", "beta"]
    path.write_text(changed)
    with pytest.raises(InputError, match=r"idna 3\.0 is in it and nothing requires it"):
        choose(asked())


def test_the_lock_of_a_workspace(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    """What a member needs, whatever the other members and the root do."""
    offer(index, "idna", "3.0")
    project = '[project]\nname = "{}"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["{}"]\n'
    for name, required in (("one", "beta"), ("two", "idna")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text(project.format(name, required))
    (tmp_path / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["one", "two"]\n')
    subprocess.run([uv.find_uv_bin(), "lock", "--quiet"], cwd=tmp_path, check=True)
    given = read_inputs(tmp_path / "uv.lock", debian, Document.read(tmp_path / "one" / "pyproject.toml"))
    assert given.locked == {"alpha": "1.0", "beta": "1.5"}
    assert given.requirements == ("beta",)

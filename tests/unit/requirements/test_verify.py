"""Pins that the requirements do not lead to: every change of a lock by hand is noticed."""

import os
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest
import uv
from msgspec.structs import replace

from tests.package_index import HERE, PackageIndex, small_wheel
from tests.projects import sdist
from toolkit.cache.store import Cache
from toolkit.config.toml import TomlDocument
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.oci.descriptor import Platform
from toolkit.python.target import Target
from toolkit.requirements.imported import import_requirements
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.pin import Pin, Source
from toolkit.requirements.requirement_set import RequirementSet
from toolkit.requirements.resolve import resolve
from toolkit.requirements.uv_settings import settings_digest
from toolkit.requirements.verify import problems, question, remember


def offer(index: PackageIndex, name: str, version: str, **options: str) -> None:
    index.files[f"{name}-{version}-py3-none-any.whl"] = small_wheel(name, version, **options)


def pins_of(wanted: RequirementSet) -> dict[str, Pin]:
    return {pin.name: pin for pin in resolve(wanted, Cache.default()) if isinstance(pin, Pin)}


def texts_of(wanted: RequirementSet, pins: Mapping[str, Pin], cache: Path) -> list[str]:
    return [str(problem) for problem in problems(wanted, tuple(pins.values()), Cache(cache))]


def test_what_was_resolved_is_right(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    wanted = RequirementSet(indexes=HERE, requirements=("beta",), target=debian)
    pins = pins_of(wanted)
    assert texts_of(wanted, pins, tmp_path) == []
    # An older version that satisfies everything is right as well.
    offer(index, "beta", "1.6", requires="alpha<2")
    assert texts_of(wanted, pins, tmp_path / "other") == []


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
def test_a_changed_pin_is_noticed(
    index: PackageIndex, debian: Target, tmp_path: Path, required: list[str], changed: dict[str, str | None], words: str
) -> None:
    for name, version in (("idna", "3.0"), ("tint", "1.0"), ("alpha", "3.0rc1"), ("early", "0.1a1")):
        offer(index, name, version)
    offer(index, "torch", "2.0")
    offer(index, "torch", "2.0+cpu")
    offer(index, "rich", "1.0", requires="tint; extra == 'color'")
    wanted = RequirementSet(indexes=HERE, requirements=tuple(required), target=debian)
    pins = {} if len(changed) > 1 or required[0].startswith("early") else pins_of(wanted)
    for name, other in changed.items():
        if other is None:
            del pins[name]
        else:
            pins |= pins_of(RequirementSet(indexes=HERE, requirements=(f"{name}==={other}",), target=debian))
    text = "; ".join(texts_of(wanted, pins, tmp_path))
    assert (words in text) if words else not text, text


def test_a_file_that_the_index_lacks_is_noticed(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    assert index.port
    wanted = RequirementSet(indexes=HERE, requirements=("alpha",), target=debian)
    (pin,) = pins_of(wanted).values()
    cache = Cache(tmp_path)
    # The file is even in the cache: another component's index may have had it.
    evil, _ = cache.store([small_wheel("alpha", "2.0", content="import evil")])
    (problem,) = problems(wanted, (replace(pin, digest=evil, url="http://127.0.0.1:1/evil.whl"),), cache)
    assert str(problem) == f"the index offers no alpha-2.0-py3-none-any.whl with sha256 {evil.hex} here"
    built = replace(pin, source=Source(name="alpha-2.0.tar.gz", digest=Digest("a" * 64)))
    (problem,) = problems(wanted, (built,), cache)
    assert "built from alpha-2.0.tar.gz, here" in str(problem)
    (problem,) = problems(wanted, (pin, pin), cache)
    assert str(problem) == "alpha is pinned 2 times"


def test_a_source_distribution_is_right_where_there_is_no_wheel(
    index: PackageIndex, debian: Target, tmp_path: Path
) -> None:
    index.files["built-1.0.tar.gz"] = sdist("built")
    wanted = RequirementSet(indexes=HERE, requirements=("built",), target=debian)
    (source,) = resolve(wanted, Cache.default())
    pin = Pin(
        name="built",
        version="1.0",
        filename="built-1.0-py3-none-any.whl",
        digest=Digest("e" * 64),
        source=Source(name=source.filename, digest=source.digest),
    )
    assert problems(wanted, (pin,), Cache(tmp_path)) == ()
    other = replace(pin, source=Source(name=source.filename, digest=Digest("a" * 64)))
    assert problems(wanted, (other,), Cache(tmp_path))


def test_each_platform_is_compared_by_itself(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    offer(index, "gamma", "1.0", requires="alpha ; platform_machine == 'aarch64'")
    wanted = RequirementSet(indexes=HERE, requirements=("gamma",), target=debian)
    on_arm = replace(wanted, target=replace(debian, platform=Platform("linux", "arm64")))
    pins = pins_of(wanted)
    assert texts_of(wanted, pins, tmp_path) == []
    assert texts_of(on_arm, pins, tmp_path) == ["alpha is missing, and a package that is pinned requires it"]
    assert texts_of(wanted, pins_of(on_arm), tmp_path) == ["alpha 2.0 is pinned, and nothing requires it"]


def test_what_the_base_has_is_not_pinned(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    assert index.port
    wanted = RequirementSet(indexes=HERE, requirements=("beta",), target=debian, present={"alpha": "1.0"})
    pins = pins_of(wanted)
    assert list(pins) == ["beta"]
    assert texts_of(wanted, pins, tmp_path) == []
    everything = pins_of(replace(wanted, present={}))
    assert texts_of(wanted, everything, tmp_path) == ["alpha 1.0 is pinned, and nothing requires it"]


def test_what_was_found_right_needs_no_index(
    index: PackageIndex, debian: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path)
    wanted = RequirementSet(indexes=HERE, requirements=("beta",), target=debian)
    pins = tuple(pins_of(wanted).values())
    remember(wanted, pins, cache)
    before = len(index.requests)
    assert problems(wanted, pins, cache) == ()
    assert len(index.requests) == before
    # With other indexes, or for something else, it is looked at anew.
    assert problems(replace(wanted, requirements=("alpha",)), pins, cache)
    assert problems(wanted, tuple(replace(pin, digest=Digest("0" * 64)) for pin in pins), cache)
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:1/simple")
    with pytest.raises(OutsideError):
        problems(wanted, pins, cache)


def test_overrides_of_uv_count(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    assert index.port
    settings = tmp_path / "pyproject.toml"
    settings.write_text('[tool.uv]\noverride-dependencies = ["alpha==2.0"]\n')
    wanted = RequirementSet(requirements=("beta",), target=debian, indexes=replace(HERE, where=settings))
    pins = pins_of(wanted)
    assert pins["alpha"].version == "2.0"
    assert texts_of(wanted, pins, tmp_path / "cache") == []
    assert texts_of(replace(wanted, indexes=HERE), pins, tmp_path / "cache")


PYLOCK = 'lock-version = "1.0"\ncreated-by = "x"\n'


def test_components_share_an_answer_only_with_the_same_logins(debian: Target, tmp_path: Path) -> None:
    questions = []
    for name, login in (("a", "ann:right"), ("b", "ann:wrong"), ("c", "ann:right")):
        settings = tmp_path / name / "pyproject.toml"
        settings.parent.mkdir()
        settings.write_text(f'[tool.uv]\nindex-url = "https://{login}@a.invalid/simple"\n')
        wanted = RequirementSet(requirements=("beta",), target=debian, indexes=Indexes(environ={}, where=settings))
        questions.append(question(wanted))
        # The cache keeps no secrets, and what was found right once needs no login.
        assert settings_digest(wanted.indexes) == settings_digest(replace(wanted.indexes, where=tmp_path / "a" / "x"))
    assert questions[0] == questions[2] != questions[1]


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
    imported = import_requirements(path, debian, Cache.default(), os.environ)
    listed = tuple(f"{name}==={version}" for name, version in (imported.locked or {}).items())
    wanted = RequirementSet(
        indexes=HERE, requirements=required or listed, target=debian, hashes=imported.hashes, locked=imported.locked
    )
    if words and not (words.startswith("idna") and not required):
        with pytest.raises(InputError, match=words):
            resolve(wanted, Cache.default())
    else:
        # Without requirements, the lock alone decides.
        assert {pin.name: pin.version for pin in resolve(wanted, Cache.default())} == dict(pins)


def test_a_uv_lock_that_was_changed(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    settings = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["beta"]\n'
    offer(index, "idna", "3.0")
    path = tmp_path / "uv.lock"
    (tmp_path / "pyproject.toml").write_text(settings.replace('"beta"', '"beta", "idna"'))
    subprocess.run([uv.find_uv_bin(), "lock", "--quiet"], cwd=tmp_path, check=True)
    changed = path.read_text()
    (tmp_path / "pyproject.toml").write_text(settings)
    subprocess.run([uv.find_uv_bin(), "lock", "--quiet"], cwd=tmp_path, check=True)

    def wanted() -> RequirementSet:
        imported = import_requirements(path, debian, Cache.default(), os.environ)
        return RequirementSet(
            indexes=HERE,
            requirements=imported.requirements,
            target=debian,
            hashes=imported.hashes,
            locked=imported.locked,
        )

    assert list(pins_of(wanted())) == ["alpha", "beta"]
    path.write_text(changed)
    with pytest.raises(InputError, match=r"idna 3\.0 is in it and nothing requires it"):
        resolve(wanted(), Cache.default())


def test_the_lock_of_a_workspace(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    """A member gets only its own packages."""
    offer(index, "idna", "3.0")
    project = '[project]\nname = "{}"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["{}"]\n'
    for name, required in (("one", "beta"), ("two", "idna")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text(project.format(name, required))
    (tmp_path / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["one", "two"]\n')
    subprocess.run([uv.find_uv_bin(), "lock", "--quiet"], cwd=tmp_path, check=True)
    imported = import_requirements(
        tmp_path / "uv.lock",
        debian,
        Cache.default(),
        os.environ,
        member=TomlDocument.read(tmp_path / "one" / "pyproject.toml"),
    )
    assert imported.locked == {"alpha": "1.0", "beta": "1.5"}
    assert imported.requirements == ("beta",)

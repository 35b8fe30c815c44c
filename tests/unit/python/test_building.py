"""Wheels that are built here: of source distributions on an index, of folders, and what is refused."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.artifacts import component
from tests.package_index import PackageIndex, resolved, small_wheel
from tests.projects import project, sdist
from toolkit.cache import Cache
from toolkit.errors import InputError, OutsideError
from toolkit.jail.consent import Consent
from toolkit.oci.descriptor import Platform
from toolkit.progress import Report, silent
from toolkit.python import building
from toolkit.python.building import Means, Permission, Workshop
from toolkit.python.fetch import fetch_wheels
from toolkit.python.indexes import ANY, Indexes
from toolkit.python.local import local_projects, version_variables
from toolkit.python.pin import Pin, SourceDistribution
from toolkit.python.resolve import resolve
from toolkit.python.sources import folder_digest
from toolkit.python.target import Target
from toolkit.python.wheels import Wheel, open_wheel


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


ALLOWED = Permission(names=frozenset({"plain", "native", "both", "below"}))


def build_source(
    source: SourceDistribution, target: Target, cache: Cache, report: Report, workshop: Workshop | None = None
) -> Pin:
    means = Means(cache=cache, report=report, permission=ALLOWED, workshop=workshop)
    return building.build_source(source, target, means)


def build_folder(folder: Path, name: str, target: Target, cache: Cache, *, relative_to: Path) -> Pin:
    means = Means(cache=cache, report=silent, permission=Permission())
    return building.build_folder(folder, name, target, means, relative_to=relative_to)


def rebuild(pin: Pin, target: Target, cache: Cache, report: Report, *, indexes: Indexes) -> None:
    building.rebuild(pin, target, Means(cache=cache, report=report, permission=ALLOWED, indexes=indexes))


def source_of(index: PackageIndex, target: Target, name: str, **options: str) -> SourceDistribution:
    index.files[f"{name}-1.0.tar.gz"] = sdist(name, **options)
    (found,) = resolve([name], target)
    assert isinstance(found, SourceDistribution)
    return found


def test_a_source_distribution_is_built_once_and_the_same_again(
    index: PackageIndex, debian: Target, cache: Cache, tmp_path: Path
) -> None:
    source = source_of(index, debian, "plain")
    pin = build_source(source, debian, cache, silent)
    assert (pin.name, pin.version, pin.filename) == ("plain", "1.0", "plain-1.0-py3-none-any.whl")
    assert pin.source
    assert (pin.source.name, pin.source.sha256) == ("plain-1.0.tar.gz", source.sha256)
    path = cache.blob_path(pin.sha256)
    wheel = Wheel(filename=pin.filename, sha256=pin.sha256, path=path, size=path.stat().st_size)
    with open_wheel(wheel) as opened:
        assert [member.name for member in opened.members][:2] == [
            "plain-1.0.dist-info/METADATA",
            "plain-1.0.dist-info/RECORD",
        ]
    index.requests.clear()
    # A pure wheel is for every platform.
    arm = replace(debian, platform=Platform("linux", "arm64"), version="3.12.1")
    assert build_source(source, arm, cache, silent) == pin
    assert index.requests == []
    assert build_source(source, debian, Cache(tmp_path / "other"), silent) == pin
    assert fetch_wheels([pin], debian, cache, silent)[0].sha256 == pin.sha256


def test_a_wheel_that_fits_is_preferred(index: PackageIndex, debian: Target) -> None:
    index.files["both-1.0.tar.gz"] = sdist("both")
    index.files["both-1.0-py3-none-any.whl"] = small_wheel("both", "1.0")
    assert [pin.filename for pin in resolved(["both"], debian)] == ["both-1.0-py3-none-any.whl"]


def test_only_what_lacks_a_wheel_is_built(index: PackageIndex, debian: Target) -> None:
    index.files["top-1.0-py3-none-any.whl"] = small_wheel("top", "1.0", requires="below")
    index.files["below-1.0.tar.gz"] = sdist("below")
    index.files["top-1.0.tar.gz"] = b"never looked at"
    found = resolve(["top"], debian)
    assert [type(one) for one in found] == [SourceDistribution, Pin]


def test_hashes_that_are_required(index: PackageIndex, debian: Target) -> None:
    index.files["both-1.0-py3-none-any.whl"] = small_wheel("both", "1.0")
    (pin,) = resolved(["both"], debian)
    assert resolved(["both"], debian, hashes={"both": frozenset({pin.sha256, "0" * 64})}) == (pin,)
    with pytest.raises(InputError, match=r"no file of both 1\.0 on the index has a hash that is required"):
        resolve(["both"], debian, hashes={"both": frozenset({"0" * 64})})


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
        build_source(source, debian, cache, silent)
    assert "UV_FIND_LINKS" in str(caught.value.hint)


def test_machine_code_that_fits(index: PackageIndex, debian: Target, cache: Cache) -> None:
    source = source_of(index, debian, "native", tag="cp311-cp311-linux_x86_64", mark="GLIBC_2.17")
    assert build_source(source, debian, cache, silent).filename == "native-1.0-cp311-cp311-linux_x86_64.whl"
    with pytest.raises(InputError, match="what builds here is"):
        build_source(source, replace(debian, platform=Platform("linux", "arm64")), cache, silent)
    with pytest.raises(InputError, match=r"musl 1\.2, and has to be built for that"):
        build_source(source, replace(debian, libc="musl", libc_version="1.2"), cache, silent)


class _Workshop:
    """Says that it builds in a container of the base, and writes a wheel of this name."""

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
def test_what_does_not_fit_is_built_in_the_workshop(
    index: PackageIndex, debian: Target, cache: Cache, monkeypatch: pytest.MonkeyPatch, tag: str, mark: str
) -> None:
    source = source_of(index, debian, "native", tag=tag, mark=mark)
    workshop = _Workshop("native-1.0-cp311-cp311-linux_x86_64.whl")
    with pytest.raises(InputError) as unasked:
        build_source(source, debian, cache, silent, workshop=workshop)
    assert str(unasked.value.hint).startswith("--allow-builds builds it in a container of the base, which has")
    assert workshop.built == 0
    monkeypatch.setattr(sys.modules[__name__], "ALLOWED", Permission(consent=Consent(allow_builds=True)))
    first, again = (build_source(source, debian, cache, silent, workshop=workshop) for _ in range(2))
    assert (first, first.filename, workshop.built) == (again, workshop.filename, 1)
    # Not what a container makes for another Python either, and not one that is not there.
    wrong = _Workshop("native-1.0-cp313-cp313-linux_x86_64.whl")
    with pytest.raises(InputError, match="what builds there is native-1"):
        build_source(source, debian, Cache(cache.root / "other"), silent, workshop=wrong)
    absent = _Workshop(workshop.filename, "neither docker nor buildah is here")
    with pytest.raises(InputError) as caught:
        build_source(source, debian, Cache(cache.root / "other"), silent, workshop=absent)
    assert "but neither docker nor buildah is here; build its wheel" in str(caught.value.hint)
    assert absent.built == 0


def test_what_builds_here_needs_no_workshop(index: PackageIndex, debian: Target, cache: Cache) -> None:
    unused = _Workshop("never-1.0-py3-none-any.whl")
    for name, tag in (("plain", "py3-none-any"), ("native", "cp311-cp311-linux_x86_64")):
        source = source_of(index, debian, name, tag=tag)
        assert build_source(source, debian, cache, silent, workshop=unused).filename == f"{name}-1.0-{tag}.whl"
    assert unused.built == 0


def test_a_compiler_is_given_pythons_own_flags(
    index: PackageIndex, debian: Target, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flags() -> bytes:
        source = source_of(index, debian, "native", tag="cp311-cp311-linux_x86_64", mark="flags")
        kept = Cache(cache.root / os.environ.get("CFLAGS", "none"))
        with zipfile.ZipFile(kept.blob_path(build_source(source, debian, kept, silent).sha256)) as wheel:
            return wheel.read("native/native.so").removeprefix(b"\x7fELF")

    own = flags().decode()
    assert "-O" in own
    assert own.endswith(" -g0")
    monkeypatch.setenv("CFLAGS", "-march=native")
    assert flags() == b"-march=native -g0"


def test_what_the_cache_lost_is_built_again_and_compared(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pin = build_source(source_of(index, debian, "plain"), debian, cache, silent)
    cache.blob_path(pin.sha256).unlink()
    rebuild(pin, debian, cache, silent, indexes=ANY)
    assert cache.has_blob(pin.sha256)
    with pytest.raises(InputError, match="builds to another wheel here than the lock says"):
        rebuild(replace(pin, sha256="0" * 64), debian, cache, silent, indexes=ANY)
    index.files["plain-1.0.tar.gz"] = sdist("plain", mark="other")
    with pytest.raises(OutsideError, match=r"the index has no plain-1\.0\.tar\.gz with sha256 .*; it offers"):
        rebuild(pin, debian, Cache(cache.root / "other"), silent, indexes=ANY)


def test_a_folder_is_built_from_a_copy(tmp_path: Path, debian: Target, cache: Cache, quiet_uv: None) -> None:
    assert quiet_uv is None
    folder = project(tmp_path / "shared", "shared-lib")
    (folder / ".env").write_text("SECRET=1")
    before = sorted(path.name for path in folder.iterdir())
    pin = build_folder(folder, "shared-lib", debian, cache, relative_to=tmp_path / "comp")
    assert sorted(path.name for path in folder.iterdir()) == before
    assert pin.source
    assert (pin.name, pin.source.name, pin.source.sha256) == ("shared-lib", "../shared", folder_digest(folder))
    with pytest.raises(InputError, match="is the project shared-lib, and other is required from there"):
        build_folder(folder, "other", debian, cache, relative_to=tmp_path)
    (folder / "wheel.txt").write_text("shared_lib\n1.0\nfail\n\n\n")
    with pytest.raises(InputError, match="shared-lib does not build") as caught:
        build_folder(folder, "shared-lib", debian, cache, relative_to=tmp_path)
    assert caught.value.where
    assert caught.value.where.path == folder / "pyproject.toml"
    (tmp_path / "comp").mkdir()
    lost = replace(pin, sha256="0" * 64)
    with pytest.raises(InputError, match=r"\.\./shared|does not build"):
        rebuild(lost, debian, cache, silent, indexes=Indexes(where=tmp_path / "comp" / "pyproject.toml"))


def test_a_build_reads_what_its_settings_name_above_the_folder(
    tmp_path: Path, debian: Target, cache: Cache, quiet_uv: None
) -> None:
    assert quiet_uv is None
    (tmp_path / ".git").mkdir()
    (tmp_path / "LICENSE").write_text("all rights")
    folder = tmp_path / "libs" / "shared"
    (folder / "shared").mkdir(parents=True)
    (folder / "shared" / "__init__.py").touch()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "shared"\nversion = "1.0"\n'
        '[tool.hatch.build.targets.wheel.force-include]\n"../../LICENSE" = "shared/LICENSE"\n'
    )
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    pin = build_folder(folder, "shared", debian, cache, relative_to=tmp_path)
    with zipfile.ZipFile(Cache(cache.root).blob_path(pin.sha256)) as wheel:
        assert wheel.read("shared/LICENSE") == b"all rights"
    after = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    assert [path for path in after if path not in before and path.parts[0] in {"libs", "LICENSE"}] == []


def test_a_build_that_asks_git_for_its_files_finds_those_that_are_tracked(
    tmp_path: Path, debian: Target, cache: Cache, quiet_uv: None
) -> None:
    assert quiet_uv is None
    folder = tmp_path / "libs" / "shared"
    (folder / "shared").mkdir(parents=True)
    for name in ("__init__.py", "data.json", "scratch.json"):
        (folder / "shared" / name).write_text("{}")
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools", "setuptools-scm>=8"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "shared"\nversion = "1.0"\n[tool.setuptools]\npackages = ["shared"]\n'
    )

    def files() -> list[str]:
        pin = build_folder(folder, "shared", debian, cache, relative_to=tmp_path)
        with zipfile.ZipFile(cache.blob_path(pin.sha256)) as wheel:
            return sorted(name for name in wheel.namelist() if name.startswith("shared/"))

    # Without a repository nothing is known of what is tracked.
    assert files() == ["shared/__init__.py"]
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", folder, "add", "shared/__init__.py", "shared/data.json", "pyproject.toml"], check=True)
    assert files() == ["shared/__init__.py", "shared/data.json"]
    subprocess.run(["git", "-C", folder, "add", "shared/scratch.json"], check=True)
    assert files() == ["shared/__init__.py", "shared/data.json", "shared/scratch.json"]
    assert not (folder / ".git").exists()


def test_a_version_is_never_asked_of_git(
    tmp_path: Path, debian: Target, cache: Cache, quiet_uv: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert quiet_uv is None
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "shared.py").touch()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools", "setuptools-scm>=8"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "shared"\ndynamic = ["version"]\n[tool.setuptools_scm]\n'
        '[tool.setuptools]\npy-modules = ["shared"]\n'
    )
    pin = build_folder(folder, "shared", debian, cache, relative_to=tmp_path)
    assert pin.version == f"0+content.{folder_digest(folder)[:12]}"
    assert build_folder(folder, "shared", debian, cache, relative_to=tmp_path) == pin
    # The user's word counts, and is told from ours; not what is said of another project.
    monkeypatch.setenv("SETUPTOOLS_SCM_PRETEND_VERSION_FOR_OTHER", "3.0")
    assert build_folder(folder, "shared", debian, cache, relative_to=tmp_path).version == pin.version
    monkeypatch.setenv("SETUPTOOLS_SCM_PRETEND_VERSION_FOR_SHARED", "2.0")
    named = build_folder(folder, "shared", debian, cache, relative_to=tmp_path)
    assert (named.version, named.source) == ("2.0", pin.source)


@pytest.mark.parametrize(
    ("requires", "dynamic", "names"),
    [
        ("hatchling', 'hatch-vcs", "version", ["SETUPTOOLS_SCM_PRETEND_VERSION"]),
        ("pdm.backend", "version", ["PDM_BUILD_SCM_VERSION"]),
        ("uv-dynamic-versioning", "version", ["UV_DYNAMIC_VERSIONING_BYPASS"]),
        ("setuptools", "version", []),
        ("setuptools-scm", "readme", []),
    ],
)
def test_which_tool_is_told_a_version(tmp_path: Path, requires: str, dynamic: str, names: list[str]) -> None:
    (tmp_path / "pyproject.toml").write_text(
        f"[build-system]\nrequires = ['{requires}']\n[project]\ndynamic = ['{dynamic}']\n"
    )
    found = version_variables(tmp_path, "0123456789abcdef", {"HOME": "/"})
    assert found == dict.fromkeys(names, "0+content.0123456789ab")


def test_the_digest_of_a_folder(tmp_path: Path) -> None:
    folder = project(tmp_path / "shared", "shared")
    digest = folder_digest(folder)
    for name in (".git/config", "build/lib/x", "dist/y.whl", "shared.egg-info/z", "__pycache__/a.pyc"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    os.utime(folder / "wheel.txt", (0, 0))
    assert folder_digest(folder) == digest
    (folder / "wheel.txt").chmod(0o755)
    changed = folder_digest(folder)
    assert changed != digest
    (folder / "new.py").touch()
    assert folder_digest(folder) not in {digest, changed}


def test_projects_are_followed_by_path_and_workspace(tmp_path: Path) -> None:
    top = tmp_path / "top"
    source = 'b = { path = "../b", editable = true }\n'
    project(top / "packages" / "a", "a", project=f'dependencies = ["b", "six"]\n[tool.uv.sources]\n{source}')
    project(
        top / "packages" / "b", "b", project='dependencies = ["C_c"]\n[tool.uv.sources]\nc-c = { workspace = true }'
    )
    project(top / "packages" / "c", "c-c")
    project(top / "packages" / "skipped", "c-c")
    (top / "pyproject.toml").write_text(
        '[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/skipped"]\n'
        "[tool.uv.sources]\na = { workspace = true }\nnumpy = { index = 'x' }\n"
        "[[tool.uv.index]]\nname = 'x'\nurl = 'https://example.com/simple'\n"
    )
    comp = component(top / "comp")
    found = local_projects(comp.pyproject, ("a>=1", "numpy", "elsewhere"))
    assert found == {name: (top / "packages" / name[0]).resolve() for name in ("a", "b", "c-c")}
    comp.pyproject.write_text('[tool.uv.sources]\ngone = { path = "../gone" }\nno = { workspace = true }\n')
    with pytest.raises(InputError, match=r"where there is no pyproject\.toml"):
        local_projects(comp.pyproject, ("gone",))
    with pytest.raises(InputError, match="which has no such member"):
        local_projects(comp.pyproject, ("no",))


def test_a_local_project_takes_the_place_of_the_indexs(
    index: PackageIndex, debian: Target, cache: Cache, tmp_path: Path
) -> None:
    index.files["shared-2.0-py3-none-any.whl"] = small_wheel("shared", "2.0")
    index.files["top-1.0-py3-none-any.whl"] = small_wheel("top", "1.0", requires="shared")
    here = build_folder(project(tmp_path / "shared", "shared"), "shared", debian, cache, relative_to=tmp_path)
    assert [pin.name for pin in resolved(["top"], debian, local=[here])] == ["shared", "top"]
    assert resolved(["top"], debian, local=[here])[0] == here


def test_members_are_in_order_and_modes_are_kept(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pin = build_source(source_of(index, debian, "plain"), debian, cache, silent)
    with zipfile.ZipFile(cache.blob_path(pin.sha256)) as wheel:
        infos = wheel.infolist()
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}

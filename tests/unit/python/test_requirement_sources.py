"""Where requirements come from: `[tool.uv.sources]`, git repositories and addresses, through lock and verification."""

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.artifacts import FACTS, base_image, component
from tests.package_index import PackageIndex, serving_index, small_wheel
from tests.projects import project, sdist
from toolkit.cache import Cache
from toolkit.config import Project
from toolkit.errors import InputError, Location, OutsideError
from toolkit.jail.consent import Consent
from toolkit.locking import Base, existing_lock, is_fresh, refresh_lock
from toolkit.python.git import GitOrigin, commit_of, is_of, version_of
from toolkit.python.local import asks_git
from toolkit.python.lock import Lock
from toolkit.python.pin import Pin
from toolkit.python.requirement_sources import FileOrigin, follow, origins_of
from toolkit.python.target import Target
from toolkit.toml import Document
from toolkit.tools import Tools


@dataclass
class Locking:
    """A component with settings of its own, locked for one made-up base."""

    folder: Path
    tools: Tools
    base: Base

    def project(self, dependencies: Sequence[str], settings: str = "", **changes: Any) -> Project:  # noqa: ANN401
        made = component(self.folder)
        text = f'[project]\nname = "x"\nversion = "1"\ndependencies = {list(dependencies)!r}\n{settings}\n'
        made.pyproject.write_text(text)
        allowed = {"allow_builds": ("lib", "near", "made"), **changes}
        return replace(made, dependencies=tuple(dependencies), **allowed)

    def lock(self, dependencies: Sequence[str], settings: str = "", **changes: Any) -> dict[str, Pin]:  # noqa: ANN401
        """Lock anew; what comes has to be fresh, verified, and the same when it is read again."""
        made = self.project(dependencies, settings, **changes)
        made.lock.unlink(missing_ok=True)
        lock = refresh_lock(made, (self.base,), self.tools)
        assert existing_lock(made) == lock
        self.again(made)
        as_pylock = replace(made, lock=made.folder / "pylock.toml")
        as_pylock.lock.unlink(missing_ok=True)
        assert refresh_lock(as_pylock, (self.base,), self.tools) == existing_lock(as_pylock) == lock
        return {pin.name: pin for pin in lock.pins[self.base.target.platform]}

    def again(self, made: Project) -> Lock:
        """Use the lock as `--locked` does, with a cache in which nothing is known."""
        elsewhere = replace(self.tools, cache=Cache(self.folder.parent / f"cache-{os.urandom(4).hex()}"))
        return refresh_lock(made, (self.base,), elsewhere, locked=True)


@pytest.fixture
def locking(tmp_path: Path, index: PackageIndex, debian: Target) -> Locking:
    assert index.port
    base = Base(image=base_image(), reference="layout:base", pinned=None, facts=FACTS, target=debian)
    return Locking(folder=tmp_path / "comp", tools=Tools(cache=Cache(tmp_path / "cache")), base=base)


def git(folder: Path, *words: str) -> str:
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *settings, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, message: str = "one") -> str:
    if not (folder / ".git").is_dir():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of two projects: lib, which requires alpha and its neighbour below `other`."""
    top = tmp_path / "repository"
    sources = 'dependencies = ["near", "alpha<2"]\n[tool.uv.sources]\nnear = { path = "other" }'
    project(top, "lib", project=sources, requires="near")
    project(top / "other", "near")
    commit(top)
    git(top, "tag", "v1")
    return top


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
        assert not is_fresh(locking.project(["toolz"], settings), fresh, "3.11")


def test_a_required_projects_index_counts(locking: Locking, tmp_path: Path) -> None:
    with second_index({"toolz-1.0-py3-none-any.whl": small_wheel("toolz", "1.0")}) as served:
        inner = '[tool.uv.sources]\ntoolz = { index = "mine" }\n' + INDEX.format(url=served.url)
        project(tmp_path / "inner", "inner", project=f'dependencies = ["toolz"]\n{inner}', requires="toolz")
        pins = locking.lock(["inner"], '[tool.uv.sources]\ninner = { path = "../inner" }\n')
        assert pins["toolz"].version == "1.0"


def test_an_index_that_is_not_defined_is_refused(locking: Locking) -> None:
    with pytest.raises(InputError, match="the source of toolz names the index 'mine', which is not defined") as caught:
        locking.lock(["toolz"], '[tool.uv.sources]\ntoolz = { index = "mine" }\n')
    assert str(caught.value.where).endswith("pyproject.toml:6:1")


@pytest.mark.parametrize("how", ["branch", "tag", "rev", "none", "address", "commit", "short"])
def test_a_project_in_git(locking: Locking, repository: Path, how: str) -> None:
    first = git(repository, "rev-parse", "HEAD")
    address = repository.as_uri()
    source = {
        "branch": f'{{ git = "{address}", branch = "main" }}',
        "tag": f'{{ git = "{address}", tag = "v1" }}',
        "rev": f'{{ git = "{address}", rev = "v1" }}',
        "none": f'{{ git = "{address}" }}',
        "commit": f'{{ git = "{address}", rev = "{first}" }}',
        "short": f'{{ git = "{address}", rev = "{first[:9]}" }}',
    }.get(how)
    required = ["lib"] if source else [f"lib @ git+{address}@main"]
    settings = f"[tool.uv.sources]\nlib = {source}\n" if source else ""
    pins = locking.lock(required, settings)
    assert list(pins) == ["lib", "near"]  # What the wheel itself requires; alpha stands only in its settings.
    assert pins["lib"].source
    assert pins["near"].source
    assert pins["lib"].source.name == f"git+{address}@{first}"
    assert pins["near"].source.name == f"git+{address}@{first}#subdirectory=other"
    # The reference moves on: the lock stays until it is upgraded.
    (repository / "more.txt").write_text("more")
    second = commit(repository, "two")
    made = locking.project(required, settings)
    assert locking.again(made) == existing_lock(made)
    newer = refresh_lock(made, (locking.base,), locking.tools, upgrade=True)
    assert newer.packages["lib"] == f"1.0 ({(second if how in {'branch', 'none', 'address'} else first)[:9]})"
    moved = {pin.name: pin.source.commit for pin in newer.pins[locking.base.target.platform] if pin.source}
    assert moved["lib"] == (second if how in {"branch", "none", "address"} else first)


def test_a_commit_that_the_reference_never_named_is_refused(locking: Locking, repository: Path) -> None:
    settings = f'[tool.uv.sources]\nlib = {{ git = "{repository.as_uri()}", branch = "main" }}\n'
    first = git(repository, "rev-parse", "HEAD")
    locking.lock(["lib"], settings)
    # A stranger's commit, which the server has as well.
    git(repository, "checkout", "--quiet", "-b", "theirs")
    (repository / "evil.txt").write_text("evil")
    theirs = commit(repository, "evil")
    git(repository, "checkout", "--quiet", "main")
    made = locking.project(["lib"], settings)
    made.lock.write_text(made.lock.read_text().replace(first, theirs))
    with pytest.raises(InputError, match=rf"from git\+file:///.*@{theirs}, is not the wheel of .*@{first}"):
        locking.again(made)
    origin = GitOrigin(url=repository.as_uri(), ref="main")
    assert is_of(origin, first, locking.tools.cache)
    assert not is_of(origin, theirs, locking.tools.cache)
    assert not is_of(origin, "HEAD", locking.tools.cache)


def test_links_that_lead_out_of_a_repository_are_refused(locking: Locking, repository: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush")
    (repository / "data.txt").symlink_to(tmp_path / "secret")
    commit(repository, "two")
    with pytest.raises(InputError, match="cannot be used"):
        locking.lock([f"lib @ git+{repository.as_uri()}"])
    (repository / "data.txt").unlink()
    (repository / "pyproject.toml").write_text((repository / "pyproject.toml").read_text().replace("other", "../up"))
    project(tmp_path / "up", "near")
    commit(repository, "three")
    with pytest.raises(InputError, match="requires near from outside of it"):
        locking.lock([f"lib @ git+{repository.as_uri()}"])


@pytest.mark.parametrize(
    ("tag", "later", "version"),
    [("v1.2.3", 0, "1.2.3"), ("v1.2.3", 1, "1.2.4.dev1+g"), ("lib-2.0rc1", 2, "2.0.dev2+g"), (None, 0, "0+content")],
)
def test_a_version_from_tags(locking: Locking, tmp_path: Path, tag: str | None, later: int, version: str) -> None:
    """A project whose build asks git for its version gets the one that its tags give."""
    top = project(tmp_path / "scm", "lib")
    settings = (top / "pyproject.toml").read_text().replace('version = "1.0"', 'dynamic = ["version"]')
    (top / "pyproject.toml").write_text(settings.replace("requires = []", 'requires = ["setuptools-scm"]'))
    commit(top)
    if tag:
        git(top, "tag", tag)
    for number in range(later):
        (top / f"{number}.txt").write_text("")
        commit(top, str(number))
    origin = GitOrigin(url=top.as_uri(), ref="main")
    cache = locking.tools.cache
    found = version_of(origin, commit_of(origin), cache)
    assert (found or "0+content").startswith(version)
    assert version_of(origin, commit_of(origin), cache) == found
    assert asks_git(top)


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


def test_what_strangers_wrote_is_built_with_consent_only(
    locking: Locking, index: PackageIndex, repository: Path
) -> None:
    index.files["made-1.0.tar.gz"] = sdist("made")
    archive = f"http://127.0.0.1:{index.port}/files/made-1.0.tar.gz"
    origins = {
        "lib": (f"git+{repository.as_uri()}", f"@{git(repository, 'rev-parse', 'HEAD')}", "the repository"),
        "made": (archive, "", "made-1.0.tar.gz"),
    }
    dry = replace(locking.tools, consent=Consent(dry=True, allow_builds=True))
    for name, (address, commit_there, code) in origins.items():
        made = locking.project([f"{name} @ {address}"], allow_builds=("other",))
        words = f"{name} is required from {address}{commit_there} and would have to be built"
        with pytest.raises(InputError) as refused:
            refresh_lock(made, (locking.base,), locking.tools)
        assert refused.value.message == f"{words}: that runs code of {code}, backend, in a jail without network"
        assert refused.value.where
        assert f'`allow-builds = ["{name}"]`' in (refused.value.hint or "")
        with pytest.raises(InputError) as in_vain:
            refresh_lock(replace(made, allow_builds=(name,)), (locking.base,), dry)
        assert in_vain.value.message == f"{words}, which a dry run does not do"
    # One that a requirements file asks for is named with that.
    (locking.folder / "more.txt").write_text(f"lib @ git+{repository.as_uri()}\n")
    listing = locking.project([], requirements=locking.folder / "more.txt", allow_builds=())
    with pytest.raises(InputError) as listed:
        refresh_lock(listing, (locking.base,), locking.tools)
    assert listed.value.where == Location(path=locking.folder / "more.txt")
    # The user's own folder needs none.
    own = locking.project(["near"], f'[tool.uv.sources]\nnear = {{ path = "{repository}/other" }}\n', allow_builds=())
    assert refresh_lock(own, (locking.base,), locking.tools).pins


def test_what_git_says_is_passed_on(locking: Locking, repository: Path) -> None:
    with pytest.raises(InputError, match=r"has no nothing"):
        locking.lock([f"lib @ git+{repository.as_uri()}@nothing"])
    with pytest.raises(OutsideError, match="git cannot use file:///none"):
        locking.lock(["lib @ git+file:///none"])
    with pytest.raises(OutsideError, match="git cannot use"):
        commit_of(GitOrigin(url="ext::sh -c id", ref="main"))
    with pytest.raises(OutsideError, match="git cannot use"):
        commit_of(GitOrigin(url="--upload-pack=id", ref="main"))


def test_a_private_repository(
    locking: Locking, repository: Path, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Plain files over http, as old servers give them: without commits by name, and with a password."""
    caplog.set_level("DEBUG")
    git(repository, "update-server-info")
    served = {
        f"/{path.relative_to(repository / '.git')}": path.read_bytes()
        for path in (repository / ".git").rglob("*")
        if path.is_file()
    }
    with serving_index(PackageIndex(user="ann:hush-hush-7")) as server:
        server.plain = {f"/lib.git{path}": data for path, data in served.items()}
        address = f"http://ann:hush-hush-7@127.0.0.1:{server.port}/lib.git"
        pins = locking.lock([f"lib @ git+{address}@main"])
        bare = address.replace("ann:hush-hush-7@", "")
        with pytest.raises(OutsideError, match="git cannot use") as refused:
            locking.lock([f"lib @ git+{bare}@main"])
    assert pins["lib"].source
    assert pins["lib"].source.name == f"git+{bare}@{git(repository, 'rev-parse', 'HEAD')}"
    assert "hush" not in caplog.text + str(refused.value) + repr(pins)
    kept = [*locking.folder.glob("*lock*"), *(tmp_path / "cache").rglob("*")]
    assert not [path for path in kept if path.is_file() and b"hush" in path.read_bytes()]


def test_files_by_address_and_path(locking: Locking, index: PackageIndex, tmp_path: Path) -> None:
    index.files["far-1.0-py3-none-any.whl"] = small_wheel("far", "1.0", requires="alpha<2")
    index.files["made-1.0.tar.gz"] = sdist("made")
    (tmp_path / "near-1.0-py3-none-any.whl").write_bytes(small_wheel("near", "1.0"))
    files = f"http://127.0.0.1:{index.port}/files"
    settings = (
        f'[tool.uv.sources]\nmade = {{ url = "{files}/made-1.0.tar.gz" }}\n'
        'near = { path = "../near-1.0-py3-none-any.whl" }\n'
    )
    sha256 = hashlib.sha256(index.files["far-1.0-py3-none-any.whl"]).hexdigest()
    required = [f"far[x] @ {files}/far-1.0-py3-none-any.whl#sha256={sha256}", "made", "near"]
    pins = locking.lock(required, settings)
    sources = {pin.name: pin.source and pin.source.name for pin in pins.values()}
    assert sources == {
        "alpha": None,
        "far": f"{files}/far-1.0-py3-none-any.whl",
        "made": f"{files}/made-1.0.tar.gz",
        "near": "../near-1.0-py3-none-any.whl",
    }
    assert pins["far"].sha256 == sha256
    assert (locking.folder / "requirements.lock").read_text().count(sha256) == 1
    with pytest.raises(InputError, match=f"has the sha256 {sha256}, and {'0' * 64} is required"):
        locking.lock([f"far @ {files}/far-1.0-py3-none-any.whl#sha256={'0' * 64}"])
    # A hash in the lock is not believed, even where the cache has such a file.
    evil, _ = locking.tools.cache.keep_blob([small_wheel("far", "1.0", content="evil")])
    locking.lock(required, settings)
    made = locking.project(required, settings)
    made.lock.write_text(made.lock.read_text().replace(sha256, evil))
    with pytest.raises(InputError, match="is not the wheel of"):
        refresh_lock(made, (locking.base,), locking.tools, locked=True)


def test_a_wheel_that_requires_by_address(locking: Locking, index: PackageIndex, tmp_path: Path) -> None:
    index.files["far-1.0-py3-none-any.whl"] = small_wheel("far", "1.0")
    address = f"far @ http://127.0.0.1:{index.port}/files/far-1.0-py3-none-any.whl"
    project(tmp_path / "inner", "inner", project=f"dependencies = ['{address}']", requires=address)
    pins = locking.lock(["inner"], '[tool.uv.sources]\ninner = { path = "../inner" }\n')
    assert list(pins) == ["far", "inner"]


def test_extras_groups_and_projects_that_are_no_packages(locking: Locking, tmp_path: Path, index: PackageIndex) -> None:
    index.files["idna-3.0-py3-none-any.whl"] = small_wheel("idna", "3.0")
    project(tmp_path / "near", "near")
    inner = (
        '[project.optional-dependencies]\nfast = ["near", "alpha<2"]\n'
        '[tool.uv.sources]\nnear = { path = "../near", extra = "fast" }\n'
    )
    wants = "near; extra == 'fast'"
    project(tmp_path / "inner", "inner", project=inner, requires=wants)
    source = '[tool.uv.sources]\ninner = { path = "../inner" }\n'
    assert list(locking.lock(["inner"], source)) == ["inner"]
    assert list(locking.lock(["inner[Fast]"], source)) == ["inner", "near"]
    virtual = tmp_path / "virtual"
    virtual.mkdir()
    (virtual / "pyproject.toml").write_text(
        '[project]\nname = "virtual"\nversion = "1"\ndependencies = ["idna", "near"]\n'
        '[tool.uv.sources]\nnear = { path = "../near" }\n'
    )
    source = '[tool.uv.sources]\nvirtual = { path = "../virtual", package = false }\n'
    source += 'idna = [{ path = "../gone", group = "dev" }]\n'
    assert list(locking.lock(["virtual"], source)) == ["idna", "near"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('{ git = "https://x/y", rev = "a", tag = "b" }', "names rev and tag; one is enough"),
        ('{ git = "https://x/y", lfs = true }', "git LFS"),
        ('{ git = "https://x/y", subdir = "a" }', "has the key 'subdir', which is not known"),
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


def test_addresses_of_requirements() -> None:
    found = origins_of(
        [
            "a @ git+https://ann:t@host/x/y.git@v1#subdirectory=z",
            "b @ git+ssh://git@host/x",
            "c @ https://u:p@host/c-1.0.tar.gz?token=1#sha256=ab",
        ]
    )
    first, second, third = found["a"], found["b"], found["c"]
    assert isinstance(first, GitOrigin)
    assert (first.url, first.ref, first.subdirectory) == ("https://ann:t@host/x/y.git", "v1", "z")
    assert isinstance(second, GitOrigin)
    assert (second.url, second.ref) == ("ssh://git@host/x", None)
    assert isinstance(third, FileOrigin)
    assert (third.sha256, third.filename) == ("ab", "c-1.0.tar.gz")
    assert "ann" not in repr(first) + repr(third)
    assert third.address == "https://host/c-1.0.tar.gz"  # What follows ? may be a secret, too.
    for text in ("d @ hg+https://host/x", "d @ ftp://host/d.whl", "d @ file:///gone/d.txt"):
        with pytest.raises(InputError, match="d is required from"):
            origins_of([text])


def test_one_package_from_two_places_is_refused(locking: Locking, tmp_path: Path) -> None:
    project(tmp_path / "near", "near")
    project(tmp_path / "other", "near")
    inner = 'dependencies = ["near"]\n[tool.uv.sources]\nnear = { path = "../other" }'
    project(tmp_path / "inner", "inner", project=inner, requires="near")
    sources = '[tool.uv.sources]\nnear = { path = "../near" }\ninner = { path = "../inner" }\n'
    with pytest.raises(InputError, match="near is required from two places"):
        locking.lock(["near", "inner"], sources)


def test_without_sources(locking: Locking, index: PackageIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    index.files["near-1.0-py3-none-any.whl"] = small_wheel("near", "1.0")
    made = locking.project(["near"], '[tool.uv.sources]\nnear = { path = "../gone" }\n')
    monkeypatch.setenv("UV_NO_SOURCES", "1")
    assert follow(Document.read(made.pyproject), made.dependencies).origins == {}

"""Projects in git: commits, versions, logins, and what is refused."""

import os
from pathlib import Path

import pytest

from tests.locking import Locking, commit, git
from tests.package_index import PackageIndex, serving_index
from tests.projects import project
from toolkit.errors import InputError, OutsideError
from toolkit.job.lock import existing_lock, refresh_lock
from toolkit.requirements.building.version_variables import asks_git_for_version
from toolkit.requirements.git import Git
from toolkit.requirements.origins import GitOrigin


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
    newer = refresh_lock(made, (locking.base,), locking.context, upgrade=True)
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
    assert Git(cache=locking.context.cache, environ=os.environ).was_named(origin, first)
    assert not Git(cache=locking.context.cache, environ=os.environ).was_named(origin, theirs)
    assert not Git(cache=locking.context.cache, environ=os.environ).was_named(origin, "HEAD")


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
    asking = Git(cache=locking.context.cache, environ=os.environ)
    found = asking.version(origin, asking.commit(origin))
    assert (found or "0+content").startswith(version)
    assert asking.version(origin, asking.commit(origin)) == found
    assert asks_git_for_version(top)


def test_errors_of_git_are_passed_on(locking: Locking, repository: Path) -> None:
    with pytest.raises(InputError, match=r"has no nothing"):
        locking.lock([f"lib @ git+{repository.as_uri()}@nothing"])
    with pytest.raises(OutsideError, match="git cannot use file:///none"):
        locking.lock(["lib @ git+file:///none"])
    with pytest.raises(OutsideError, match="git cannot use"):
        Git(cache=locking.context.cache, environ=os.environ).commit(GitOrigin(url="ext::sh -c id", ref="main"))
    with pytest.raises(OutsideError, match="git cannot use"):
        Git(cache=locking.context.cache, environ=os.environ).commit(GitOrigin(url="--upload-pack=id", ref="main"))


def test_a_private_repository(
    locking: Locking, repository: Path, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Plain files over http, as old servers give them: without commits by name, and with a password."""
    caplog.set_level("DEBUG", logger="toolkit")
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

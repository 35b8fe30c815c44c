"""The pins of what comes from elsewhere than an index."""

import hashlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.locking import Locking, git
from tests.package_index import PackageIndex, small_wheel
from tests.projects import project, sdist
from toolkit.errors import InputError, Location
from toolkit.jail.consent import Consent
from toolkit.job.lock import refresh_lock


def test_foreign_projects_are_built_with_consent_only(locking: Locking, index: PackageIndex, repository: Path) -> None:
    index.files["made-1.0.tar.gz"] = sdist("made")
    archive = f"http://127.0.0.1:{index.port}/files/made-1.0.tar.gz"
    origins = {
        "lib": (f"git+{repository.as_uri()}", f"@{git(repository, 'rev-parse', 'HEAD')}", "the repository"),
        "made": (archive, "", "made-1.0.tar.gz"),
    }
    dry = replace(locking.context, consent=Consent(dry=True, allow_builds=True))
    for name, (address, commit_there, code) in origins.items():
        made = locking.project([f"{name} @ {address}"], allow_builds=("other",))
        words = f"{name} is required from {address}{commit_there} and would have to be built"
        with pytest.raises(InputError) as refused:
            refresh_lock(made, (locking.base,), locking.context)
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
        refresh_lock(listing, (locking.base,), locking.context)
    assert listed.value.where == Location(path=locking.folder / "more.txt")
    # The user's own folder needs none.
    own = locking.project(["near"], f'[tool.uv.sources]\nnear = {{ path = "{repository}/other" }}\n', allow_builds=())
    assert refresh_lock(own, (locking.base,), locking.context).pins


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
    assert pins["far"].digest.hex == sha256
    assert (locking.folder / "requirements.lock").read_text().count(sha256) == 1
    with pytest.raises(InputError, match=f"has the sha256 {sha256}, and {'0' * 64} is required"):
        locking.lock([f"far @ {files}/far-1.0-py3-none-any.whl#sha256={'0' * 64}"])
    # A hash in the lock is not believed, even where the cache has such a file.
    evil, _ = locking.context.cache.store([small_wheel("far", "1.0", content="evil")])
    locking.lock(required, settings)
    made = locking.project(required, settings)
    made.lock.write_text(made.lock.read_text().replace(sha256, evil.hex))
    with pytest.raises(InputError, match="is not the wheel of"):
        refresh_lock(made, (locking.base,), locking.context, locked=True)


def test_a_wheel_that_requires_by_address(locking: Locking, index: PackageIndex, tmp_path: Path) -> None:
    index.files["far-1.0-py3-none-any.whl"] = small_wheel("far", "1.0")
    address = f"far @ http://127.0.0.1:{index.port}/files/far-1.0-py3-none-any.whl"
    project(tmp_path / "inner", "inner", project=f"dependencies = ['{address}']", requires=address)
    pins = locking.lock(["inner"], '[tool.uv.sources]\ninner = { path = "../inner" }\n')
    assert list(pins) == ["far", "inner"]

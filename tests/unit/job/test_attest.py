"""Provenance of pushed images: once for each state of the folder, also without a new build."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fake_remote import FakeRemote
from tests.provenances import provenance
from tests.repositories import ENVIRON, Repo, make_repository
from tests.signing_keys import write_keys
from toolkit.cache.store import Cache
from toolkit.config.project import read_project
from toolkit.errors import RemoteError
from toolkit.job import build as job
from toolkit.job.attest import attest_pushed
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.oci.reference import parse_reference
from toolkit.provenance.attached import Attested, attested
from toolkit.signing.keys import PublicKey, read_private_key

if TYPE_CHECKING:
    from toolkit.job.build import Milestone


@pytest.fixture
def context(cache: Cache) -> BuildContext:
    return BuildContext(cache=cache, environ={**ENVIRON, "NO_PROXY": "127.0.0.1"})


@pytest.fixture
def repository(folder: Path) -> Repo:
    return make_repository(folder, {".gitattributes": ""})


def request_to(folder: Path, fake: FakeRemote, **more: str) -> BuildRequest:
    overrides = {"image": f"{fake.host}/ml/count", "provenance": "true", **more}
    return BuildRequest(folder=folder, overrides=overrides, push=True)


def build(request: BuildRequest, context: BuildContext) -> tuple[bool, str]:
    """Build; return whether anything was built, and the image."""
    reached: list[Milestone] = []
    image = job.build(request, context.again(connected=False), reached.append)
    return "unchanged" not in {each.kind for each in reached}, image


def found(image: str, context: BuildContext, *keys: PublicKey) -> tuple[Attested, ...]:
    reference = parse_reference(image)
    subject = context.remote().head(reference)
    assert subject
    return attested(context.remote(), reference, subject, keys)


def test_a_push_attaches_once_and_again_for_another_commit(
    repository: Repo, context: BuildContext, fake: FakeRemote
) -> None:
    request = request_to(repository.folder, fake)
    is_new, image = build(request, context)
    (first,) = found(image, context)
    # The build wrote the lock, which no commit has.
    assert (is_new, first.provenance.is_dirty) == (True, True)
    assert build(request, context) == (False, image)
    assert len(found(image, context)) == 1
    commit = repository.commit()
    assert build(request, context) == (False, image)
    clean = [each.provenance.source for each in found(image, context) if not each.provenance.is_dirty]
    assert [source.digest["gitCommit"] for source in clean if source] == [commit]
    # A later commit makes the same image, and adds nothing.
    repository.commit({"elsewhere.txt": "x"})
    assert build(request, context) == (False, image)
    assert len(found(image, context)) == 2
    # One with another history does.
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit()
    assert build(request, context) == (False, image)
    assert len(found(image, context)) == 3


def test_without_the_setting_nothing_is_attached_and_with_it_later_it_is(
    repository: Repo, context: BuildContext, fake: FakeRemote
) -> None:
    _, image = build(request_to(repository.folder, fake, provenance="false"), context)
    assert found(image, context) == ()
    assert build(request_to(repository.folder, fake), context) == (True, image)
    assert len(found(image, context)) == 1


def test_what_the_server_lost_is_attached_again(repository: Repo, context: BuildContext, fake: FakeRemote) -> None:
    request = request_to(repository.folder, fake)
    _, image = build(request, context)
    (there,) = found(image, context)
    del fake.manifests["ml/count"][str(there.digest)]
    assert build(request, context) == (False, image)
    assert len(found(image, context)) == 1


def test_a_key_signs_it(repository: Repo, context: BuildContext, fake: FakeRemote, tmp_path: Path) -> None:
    key = read_private_key(write_keys(tmp_path)[0], lambda: None)
    request = request_to(repository.folder, fake)
    signing = BuildRequest(folder=request.folder, overrides=request.overrides, push=True, key=key)
    _, image = build(signing, context)
    (there,) = found(image, context, key.public)
    assert (there.is_signed, there.key) == (True, key.name)
    assert build(signing, context) == (False, image)
    assert len(found(image, context, key.public)) == 1


def test_provenance_of_an_image_that_is_gone_is_an_error(folder: Path, context: BuildContext, fake: FakeRemote) -> None:
    image = f"{fake.host}/ml/count@sha256:{'a' * 64}"
    with pytest.raises(RemoteError, match="does not have"):
        attest_pushed(image, read_project(folder, environ={}), provenance(), None, context)

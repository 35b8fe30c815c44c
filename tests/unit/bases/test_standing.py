"""Whether tags of bases moved: what is asked, and what a newer image brings."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.bases import NEW, NO_MIRROR, OLD, base_archive, debian_base, fix_openssl
from tests.debian_archive import serving_archive
from tests.fake_remote import FakeRemote, serving, store
from toolkit.bases.making import make_base
from toolkit.bases.recipe import Recipe
from toolkit.bases.standing import Standing, State, is_official, standings
from toolkit.bases.used import Held, UsedBase
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Platform
from toolkit.oci.layout import write_layout
from toolkit.oci.reference import parse_reference
from toolkit.system.turns import Shared


@pytest.fixture
def remote() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        yield remote


@pytest.fixture
def context(tmp_path: Path) -> BuildContext:
    return BuildContext(cache=Cache(tmp_path / "cache"), environ=NO_MIRROR)


def used(remote: FakeRemote, digest: Digest | None, tag: str = "3.11", held: Held = Held.LOCK) -> UsedBase:
    name = f"{remote.host}/base/python:{tag}"
    reference = replace(parse_reference(name), digest=digest) if digest else None
    return UsedBase(name=name, held=held, reference=reference, platform=Platform("linux", "amd64"), components=())


def asked(remote: FakeRemote, method: str) -> list[str]:
    calls = [call.path.removeprefix("/v2/base/python/") for call in remote.calls if call.method == method]
    # One more may look whether the server is there.
    return sorted(path for path in calls if path != "/v2/")


def states(found: Sequence[Standing]) -> list[State]:
    return [each.state for each in found]


def test_a_tag_that_moved_is_compared(remote: FakeRemote, context: BuildContext) -> None:
    old, new = debian_base(OLD), debian_base(NEW)
    store(remote, old)
    store(remote, new)
    (found,) = standings([used(remote, old.digest)], context)
    assert (found.state, found.is_newer, found.problem) == (State.NEWER, True, None)
    assert found.now == replace(parse_reference(f"{remote.host}/base/python"), digest=new.digest)
    assert found.found
    assert [change.name for change in found.found.packages] == ["libssl3", "libzstd1", "zlib1g"]


def test_each_tag_is_asked_for_once_by_head_and_no_layer_is_read(remote: FakeRemote, context: BuildContext) -> None:
    old = debian_base(OLD)
    store(remote, old)
    store(remote, old, tag="2")
    bases = [
        used(remote, old.digest),
        used(remote, old.digest, held=Held.SETTINGS),
        used(remote, old.digest, "2"),
        used(remote, None, held=Held.NOTHING),
        replace(used(remote, None, held=Held.DISK), name="layout:/none"),
    ]
    remote.calls.clear()
    found = standings(bases, context)
    assert states(found) == [State.CURRENT, State.CURRENT, State.CURRENT, State.UNLOCKED, State.UNKNOWN]
    assert asked(remote, "HEAD") == ["manifests/2", "manifests/3.11"]
    # Whether `comp base` made it stands in its config; the cache keeps both documents.
    assert asked(remote, "GET") == [f"blobs/{old.config_descriptor.digest}", f"manifests/{old.digest}"]
    remote.calls.clear()
    standings(bases, replace(context, shared=Shared()))
    assert asked(remote, "HEAD") == ["manifests/2", "manifests/3.11"]
    assert asked(remote, "GET") == []


def test_a_server_that_asks_for_patience_is_given_it(remote: FakeRemote, context: BuildContext) -> None:
    old = debian_base(OLD)
    store(remote, old)
    remote.calls.clear()
    remote.faults.fail("HEAD", "/manifests/3.11", 429, Retry_After="0")
    assert states(standings([used(remote, old.digest)] * 3, context)) == [State.CURRENT] * 3
    # The refused request, and one more.
    assert len(remote.called("HEAD")) == 2


def test_a_mirror_is_asked_in_place_of_the_host(remote: FakeRemote, context: BuildContext) -> None:
    old = debian_base(OLD)
    store(remote, old)
    mirrored = replace(context, environ={**NO_MIRROR, "COMP_MIRRORS": f"registry.example.com={remote.host}"})
    reference = replace(parse_reference("registry.example.com/base/python:3.11"), digest=old.digest)
    base = replace(used(remote, old.digest), name="registry.example.com/base/python:3.11", reference=reference)
    assert states(standings([base], mirrored)) == [State.CURRENT]


def test_a_base_that_cannot_be_asked_for_hides_no_other(remote: FakeRemote, context: BuildContext) -> None:
    old = debian_base(OLD)
    store(remote, old)
    gone, there = standings([used(remote, old.digest, "gone"), used(remote, old.digest)], context)
    assert states([gone, there]) == [State.UNKNOWN, State.CURRENT]
    assert isinstance(gone.problem, OutsideError)
    assert gone.problem.message == f"there is no base image {remote.host}/base/python:gone"


def test_that_a_tag_moved_is_known_even_if_the_old_image_is_gone(remote: FakeRemote, context: BuildContext) -> None:
    store(remote, debian_base(NEW))
    (found,) = standings([used(remote, Digest("a" * 64))], context)
    assert (found.state, found.found) == (State.NEWER, None)
    assert found.problem
    assert "a" * 64 in found.problem.message


def test_large_images_are_compared_only_on_request(remote: FakeRemote, context: BuildContext) -> None:
    old, new = debian_base(OLD), debian_base(NEW)
    store(remote, old)
    store(remote, new)
    (found,) = standings([used(remote, old.digest)], context, most_fetched=10)
    assert (found.state, found.found) == (State.NEWER, None)
    assert found.problem
    assert found.problem.message.startswith("to compare it, ")
    assert remote.called("GET", "/blobs/" + str(old.layers[0].descriptor.digest)) == []
    (found,) = standings([used(remote, old.digest)], context, most_fetched=None)
    assert found.found


def test_a_made_base_has_newer_packages(tmp_path: Path, remote: FakeRemote, context: BuildContext) -> None:
    with serving_archive(base_archive(tmp_path / "archive")) as archive:
        made = replace(context, environ=archive.environ)
        image = make_base(Recipe(suite="bookworm"), [Platform("linux", "amd64")], made).images[0]
        store(remote, image)
        write_layout(image, tmp_path / "layout")
        on_disk = replace(used(remote, None, held=Held.DISK), name=f"layout:{tmp_path / 'layout'}")
        bases = [used(remote, image.digest), on_disk]
        assert states(standings(bases, made)) == [State.CURRENT, State.CURRENT]
        fix_openssl(archive)
        found = standings(bases, replace(made, shared=Shared()))
        assert states(found) == [State.PACKAGES, State.PACKAGES]
        for each in found:
            assert each.is_newer
            assert each.found
            assert [change.name for change in each.found.packages] == ["libssl3", "tzdata"]
            assert each.recipe == Recipe(suite="bookworm")
        down = replace(made, environ=NO_MIRROR, shared=Shared())
        assert states(standings(bases, down)) == [State.UNKNOWN, State.UNKNOWN]
        # Bases that others made are none of Debian's mirrors' business.
        write_layout(debian_base(), tmp_path / "other")
        other = replace(on_disk, name=f"layout:{tmp_path / 'other'}")
        assert states(standings([other], down)) == [State.FIXED]


def test_official_images_are_not_looked_into() -> None:
    assert is_official(parse_reference("python:3.11-slim"))
    assert not is_official(parse_reference("example.com/library/python"))
    assert not is_official(parse_reference("team/base:1"))

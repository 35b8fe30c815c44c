"""The list of bases, which asks no server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.bases import OLD, debian_base
from tests.fake_remote import FakeRemote, serving, store
from toolkit.bases.description import describe
from toolkit.bases.listing import listed_bases
from toolkit.bases.opening import made_folder
from toolkit.bases.used import Held, UsedBase
from toolkit.cache.store import Cache
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Platform
from toolkit.oci.layout import write_layout
from toolkit.oci.reference import parse_reference


@pytest.fixture
def remote() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        yield remote


@pytest.fixture
def context(tmp_path: Path) -> BuildContext:
    return BuildContext(cache=Cache(tmp_path / "cache"), environ={})


def used(name: str, held: Held, digest: object = None) -> UsedBase:
    reference = parse_reference(f"{name}@{digest}") if digest else None
    return UsedBase(name=name, held=held, reference=reference, platform=Platform("linux", "amd64"), components=())


def test_of_a_remote_base_only_what_the_cache_has_is_known(remote: FakeRemote, context: BuildContext) -> None:
    image = debian_base()
    store(remote, image)
    base = used(f"{remote.host}/base/python:3.11", Held.LOCK, image.digest)
    remote.calls.clear()
    (unknown,) = listed_bases([base], context)
    assert (unknown.digest, unknown.facts, remote.calls) == (str(image.digest), None, [])
    # After a build.
    assert base.reference
    pulled = context.remote().pull(base.reference, base.platform, context.cache)
    (documents,) = listed_bases([base], context)
    assert documents.facts is None
    describe(pulled, context.cache)
    remote.calls.clear()
    (known,) = listed_bases([base], context)
    assert known.facts
    assert (known.facts.python, len(known.facts.packages), remote.calls) == ("3.11.2", len(OLD), [])


def test_made_bases_come_once(context: BuildContext) -> None:
    image = debian_base()
    made = made_folder(context) / "debian-bookworm"
    write_layout(image, made)
    write_layout(image, made_folder(context) / "debian-trixie")
    (made_folder(context) / "debian-sid").mkdir()
    broken = made_folder(context) / "debian-broken"
    write_layout(image, broken)
    (broken / "index.json").write_text("{}")
    found = list(listed_bases([used(f"layout:{made}", Held.DISK), used("a:1", Held.NOTHING)], context))
    assert [(base.name, base.held, base.digest) for base in found] == [
        (f"layout:{made}", "disk", str(image.digest)),
        ("a:1", "nothing", ""),
        ("debian-broken", "made", ""),
        ("debian-trixie", "made", str(image.digest)),
    ]
    assert found[3].facts
    assert found[3].facts.suite == "bookworm"
    assert found[2].problem


def test_an_archive_is_named_and_not_read(context: BuildContext) -> None:
    (base,) = listed_bases([used("archive:/none.tar", Held.DISK)], context)
    assert replace(base, components=()) == base
    assert (base.facts, base.digest, base.problem) == (None, "", "")

"""Exports in a repository of a distribution server, which has no locks."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.carried import NO_BUDGET, filled, repository, wheel_in
from tests.fake_remote import FakeRemote
from toolkit.cache.store import Cache
from toolkit.cache_export.exporting import export
from toolkit.cache_export.importing import import_cache
from toolkit.cache_export.repository import Repository
from toolkit.errors import InputError
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote


def test_a_second_push_sends_only_the_new_blobs(fake: FakeRemote, tmp_path: Path) -> None:
    cache = filled(tmp_path / "a")
    export(cache, repository(fake), budget=NO_BUDGET)
    before = len(fake.called("PUT", "/blobs/uploads/"))
    wheel_in(cache, tmp_path, "another")
    export(cache, repository(fake), budget=NO_BUDGET)
    # The wheel, and the table.
    assert len(fake.called("PUT", "/blobs/uploads/")) == before + 2


def test_a_blob_that_the_server_lost_is_sent_again_or_dropped(fake: FakeRemote, tmp_path: Path) -> None:
    cache, other = filled(tmp_path / "a"), Cache(tmp_path / "b")
    lost, wheel = wheel_in(other, tmp_path, "lost"), wheel_in(cache, tmp_path, "again")
    export(other, repository(fake), budget=NO_BUDGET)
    export(cache, repository(fake), budget=NO_BUDGET)
    for digest in (lost, wheel):
        del fake.blobs["team/cache"][str(digest)]
    done = export(cache, repository(fake), budget=NO_BUDGET)
    named = {blob.digest for blob in done.contents.blobs}
    assert (wheel in named, lost in named) == (True, False)
    assert str(wheel) in fake.blobs["team/cache"]


class _Disturbed(Repository):
    """A repository in which another export happens at one step of ours."""

    def __init__(self, fake: FakeRemote, step: int, other: Callable[[], object]) -> None:
        reference = parse_reference(f"{fake.host}/team/cache")
        super().__init__(reference, Remote(environ={}, pause=lambda _: None), pause=lambda _: None)
        self._step, self._other = step, other

    def _tagged(self) -> object:  # type: ignore[override]
        """Let the other export happen before our look at the tag."""
        self._step -= 1
        if self._step == 0:
            self._other()
        return super()._tagged()


@pytest.mark.parametrize("step", [1, 2])
def test_exports_at_once_keep_the_entries_of_both(fake: FakeRemote, tmp_path: Path, step: int) -> None:
    one, two = filled(tmp_path / "a", "one"), filled(tmp_path / "b", "two")
    export(one, _Disturbed(fake, step, lambda: export(two, repository(fake), budget=NO_BUDGET)), budget=NO_BUDGET)
    assert len(import_cache(Cache(tmp_path / "c"), repository(fake), trust_records=True).added.blobs) == 8


def test_an_export_that_looked_at_the_tag_before_ours_was_set_does_not_replace_it(
    fake: FakeRemote, tmp_path: Path
) -> None:
    one, two = filled(tmp_path / "a", "one"), filled(tmp_path / "b", "two")
    export(two, repository(fake), budget=NO_BUDGET)
    late = fake.tags["team/cache"].pop("latest")
    paused: list[float] = []

    def overwrite(seconds: float) -> None:
        """Set the tag to the other export, once."""
        if not paused:
            fake.tags["team/cache"]["latest"] = late
        paused.append(seconds)

    reference = parse_reference(f"{fake.host}/team/cache")
    export(one, Repository(reference, Remote(environ={}), pause=overwrite), budget=NO_BUDGET)
    assert len(import_cache(Cache(tmp_path / "c"), repository(fake), trust_records=True).added.blobs) == 8
    assert len(paused) == 2
    # What is there already needs no waiting.
    export(one, Repository(reference, Remote(environ={}), pause=overwrite), budget=NO_BUDGET)
    assert len(paused) == 2


def test_a_tag_that_is_an_image_is_never_replaced(fake: FakeRemote, tmp_path: Path) -> None:
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": f"sha256:{'a' * 64}", "size": 1}
    manifest = b'{"schemaVersion":2,"config":%s,"layers":[]}' % repr(config).replace("'", '"').encode()
    digest = fake.put_manifest("team/cache", manifest, "application/vnd.oci.image.manifest.v1+json", tag="latest")
    for work in (
        lambda: export(filled(tmp_path / "a"), repository(fake), budget=NO_BUDGET),
        lambda: import_cache(Cache(tmp_path / "b"), repository(fake), trust_records=True),
    ):
        with pytest.raises(InputError, match=r"image\.config\.v1"):
            work()
    assert fake.tags["team/cache"]["latest"] == digest

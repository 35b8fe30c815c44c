"""Bases by the names that users give."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bases import debian_base
from tests.collections import component
from tests.fake_remote import FakeRemote, serving, store
from toolkit.bases.opening import full_name, made_folder, open_base, pulled, to_fetch, with_digest
from toolkit.cache.store import Cache
from toolkit.errors import InputError, OutsideError
from toolkit.job.context import BuildContext
from toolkit.oci.archive import write_archive
from toolkit.oci.descriptor import Platform
from toolkit.oci.layout import write_layout
from toolkit.oci.reference import parse_reference

AMD64 = Platform("linux", "amd64")


@pytest.fixture
def context(tmp_path: Path) -> BuildContext:
    return BuildContext(cache=Cache(tmp_path / "cache"), environ={})


@pytest.fixture
def remote() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        yield remote


def test_names_of_made_bases_places_and_components(tmp_path: Path, context: BuildContext) -> None:
    made = made_folder(context) / "debian-bookworm"
    write_layout(debian_base(), made)
    assert full_name("debian-bookworm", context) == f"layout:{made}"
    assert full_name("layout:a/b", context) == f"layout:{Path('a/b').absolute()}"
    assert full_name("python:3.11-slim", context) == "python:3.11-slim"
    # Nothing outside of the cache is reached by such a name.
    (context.cache.root / "oci-layout").write_text("{}")
    with pytest.raises(InputError, match="is not a component"):
        full_name("..", context)
    folder = component(tmp_path / "one", contract=False, more='base = "example.com/base:1"\n')
    assert full_name(str(folder), context) == "example.com/base:1"
    broken = component(tmp_path / "two", contract=False, more='base = "UPPER:1"\n')
    with pytest.raises(InputError, match=r"the base of .*two cannot be read"):
        full_name(str(broken), context)


def test_layouts_and_archives(tmp_path: Path, context: BuildContext) -> None:
    image = debian_base()
    write_layout(image, tmp_path / "layout")
    with (tmp_path / "base.tar").open("wb") as stream:
        write_archive(image, stream)
    opened = open_base(f"layout:{tmp_path / 'layout'}", None, context)
    assert (opened.image.digest, opened.platforms) == (image.digest, ("linux/amd64",))
    assert open_base(f"archive:{tmp_path / 'base.tar'}", AMD64, context).image.config == image.config
    with pytest.raises(InputError, match="is not an OCI image layout"):
        open_base(f"layout:{tmp_path / 'none'}", None, context)
    with pytest.raises(InputError, match="does not have an image for linux/arm64"):
        open_base(f"layout:{tmp_path / 'layout'}", Platform("linux", "arm64"), context)


def test_a_tag_is_asked_for_once_and_layers_are_left_where_they_are(remote: FakeRemote, context: BuildContext) -> None:
    image = debian_base()
    store(remote, image)
    name = f"{remote.host}/base/python:3.11"
    for _ in range(2):
        opened = open_base(name, None, context)
        assert (opened.image.digest, opened.platforms) == (image.digest, ("linux/amd64",))
    assert len(remote.called("HEAD")) == 1
    (layer,) = image.layers
    assert to_fetch(opened.image, context) == layer.descriptor.size
    list(opened.image.layers[0].chunks())
    assert to_fetch(opened.image, context) == 0
    reference = with_digest(parse_reference(name), context)
    assert reference.digest == image.digest
    assert pulled(reference, AMD64, context).digest == image.digest
    with pytest.raises(OutsideError, match="there is no base image"):
        open_base(f"{remote.host}/base/python:none", None, context)

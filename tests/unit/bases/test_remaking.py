"""A made base on this disk, made anew in its place."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.bases import base_archive, fix_openssl
from tests.debian_archive import serving_archive
from toolkit.bases.making import make_base
from toolkit.bases.recipe import Recipe
from toolkit.bases.remaking import base_on_disk, remake
from toolkit.bases.used import Held
from toolkit.bases.writing import write_base
from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Platform
from toolkit.oci.layout import layout_digest, layout_platforms
from toolkit.system.turns import Shared

PLATFORMS = [Platform("linux", name) for name in ("amd64", "arm64")]
RECIPE = Recipe(suite="bookworm", packages=("gawk",))


def test_it_keeps_its_platforms_and_packages(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    with serving_archive(base_archive(tmp_path / "archive", "amd64", "arm64")) as archive:
        context = BuildContext(cache=Cache(tmp_path / "cache"), environ=archive.environ)
        built = make_base(RECIPE, PLATFORMS, context)
        write_base(built, folder, name="debian-bookworm")
        assert remake(f"layout:{folder}", RECIPE, context).digest == built.digest
        fix_openssl(archive)
        archive.publish("amd64", "arm64")
        again = remake(f"layout:{folder}", RECIPE, replace(context, shared=Shared()))
    assert again.digest == layout_digest(folder) != built.digest
    assert layout_platforms(folder) == ("linux/amd64", "linux/arm64")
    base = base_on_disk(f"layout:{folder}")
    assert (base.held, base.platform, base.components) == (Held.DISK, PLATFORMS[0], ())


def test_an_archive_is_made_by_its_command(tmp_path: Path) -> None:
    context = BuildContext(cache=Cache(tmp_path / "cache"), environ={})
    with pytest.raises(InputError, match=r"archive:a\.tar is not made anew in its place") as refused:
        remake("archive:a.tar", RECIPE, context)
    assert refused.value.hint == ("`comp base create --suite bookworm --packages gawk --output archive:a.tar` makes it")
    assert base_on_disk("archive:a.tar").platform == PLATFORMS[0]

"""Whether the archive has newer packages than a made base."""

from pathlib import Path

from msgspec.structs import replace

from tests.bases import base_archive, fix_openssl
from tests.debian_archive import serving_archive
from toolkit.bases.description import describe
from toolkit.bases.difference import PackageChange
from toolkit.bases.freshness import newer_packages
from toolkit.bases.making import make_base
from toolkit.bases.recipe import Recipe
from toolkit.cache.store import Cache
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Platform
from toolkit.system.turns import Shared

RECIPE = Recipe(suite="bookworm")


def test_packages_of_the_archive_now(tmp_path: Path) -> None:
    with serving_archive(base_archive(tmp_path / "archive")) as archive:
        context = BuildContext(cache=Cache(tmp_path / "cache"), environ=archive.environ)
        made = describe(make_base(RECIPE, [Platform("linux", "amd64")], context).images[0], context.cache)
        assert newer_packages(made, RECIPE, context).packages == ()
        fix_openssl(archive)
        archive.add("python3.11-minimal", "3.11.9-1", files={}, suite="bookworm-updates")
        archive.publish()
        later = replace(context, shared=Shared())
        found = newer_packages(made, RECIPE, later)
        assert found.packages == (
            PackageChange(
                name="libssl3",
                before="3.0.15-1",
                after="3.0.16-1",
                security=True,
                cves=("CVE-2025-9999", "CVE-2026-1234"),
            ),
            PackageChange(name="python3.11-minimal", before="3.11.2-6", after="3.11.9-1", security=False),
            PackageChange(name="tzdata", before="1.0-1", after="1.0-2", security=False),
        )
        assert found.facts == {"python": ("3.11.2", "3.11.9")}
        # What is made then is what was said.
        again = describe(make_base(RECIPE, [Platform("linux", "amd64")], later).images[0], context.cache)
        versions = {package.name: package.version for package in again.packages}
        assert versions == {package.name: package.version for package in found.after.packages}

"""The packages that dpkg or apk installed, from their databases."""

from collections.abc import Callable, Iterator, Mapping

from toolkit.debian.status import installed
from toolkit.oci.package_files import APK
from toolkit.supply.licenses import debian_licenses
from toolkit.supply.package import Ecosystem, Package


def debian_packages(files: Mapping[str, bytes], resolve: Callable[[str], str | None]) -> Iterator[Package]:
    """Yield the installed packages of dpkg's database (deb-control(5)).

    `files` are those of the image by path. `resolve` follows links: packages of one source share a folder of documents.
    """
    for path, fields in installed(files):
        name = fields["Package"]
        written = files.get(resolve(f"usr/share/doc/{name}/copyright") or "", b"").decode("utf-8", "replace")
        # `Source: gcc-12 (12.2.0-14)` has the version where it differs.
        source = fields.get("Source", "").partition(" ")[0]
        yield Package(
            ecosystem=Ecosystem.DEBIAN,
            name=name,
            version=fields["Version"],
            path=path,
            architecture=fields.get("Architecture", ""),
            source=source if source != name else "",
            licenses=debian_licenses(written),
            supplier=fields.get("Maintainer", ""),
            homepage=fields.get("Homepage", ""),
        )


def alpine_packages(files: Mapping[str, bytes]) -> Iterator[Package]:
    """Yield the installed packages of apk's database."""
    for block in files.get(APK, b"").decode("utf-8", "replace").split("\n\n"):
        fields = dict(line.split(":", 1) for line in block.splitlines() if line[1:2] == ":")
        if "P" in fields and "V" in fields:
            yield Package(
                ecosystem=Ecosystem.ALPINE,
                name=fields["P"],
                version=fields["V"],
                path=APK,
                architecture=fields.get("A", ""),
                source=fields.get("o", "") if fields.get("o") != fields["P"] else "",
                licenses=(fields["L"],) if fields.get("L") else (),
                supplier=fields.get("m", ""),
                homepage=fields.get("U", ""),
            )

"""Package URLs (purl-spec, PURL-TYPES) of the packages of an image."""

from packageurl import PackageURL

from toolkit.supply.package import Ecosystem, Package, System
from toolkit.supply.subject import Subject


def package_url(package: Package, system: System) -> PackageURL:
    """Return a package's URL; Debian's and Alpine's packages are named by the system that they are of."""
    if package.ecosystem not in {Ecosystem.DEBIAN, Ecosystem.ALPINE}:
        return PackageURL(type=package.ecosystem.value, name=package.name, version=package.version)
    vendor = system.id or {"deb": "debian", "apk": "alpine"}[package.ecosystem.value]
    qualifiers = {
        "arch": package.architecture,
        "upstream": package.source,
        "distro": f"{vendor}-{system.version}" if system.version else "",
    }
    return PackageURL(
        type=package.ecosystem.value,
        namespace=vendor,
        name=package.name,
        version=package.version,
        qualifiers={key: value for key, value in qualifiers.items() if value},
    )


def subject_url(subject: Subject) -> PackageURL:
    """Return an image's URL, by its digest; `repository_url` says where it is, if it is on a remote."""
    place = {"repository_url": subject.repository} if subject.repository else {}
    return PackageURL(
        type="oci",
        name=(subject.repository or subject.name).rpartition("/")[2].lower(),
        version=str(subject.digest),
        qualifiers={"arch": subject.architecture, **place},
    )

from msgspec.structs import replace

from tests.sboms import SUBJECT
from toolkit.supply.package import Ecosystem, Package, System
from toolkit.supply.purl import package_url, subject_url


def test_packages_of_a_system_without_a_name_are_of_the_usual_vendor() -> None:
    package = Package(ecosystem=Ecosystem.ALPINE, name="musl", version="1.2", path="p", architecture="x86_64")
    assert package_url(package, System()).to_string() == "pkg:apk/alpine/musl@1.2?arch=x86_64"
    wolfi = System(id="wolfi", version="20230201")
    assert package_url(package, wolfi).to_string() == "pkg:apk/wolfi/musl@1.2?arch=x86_64&distro=wolfi-20230201"


def test_an_image_on_no_remote_has_its_own_name() -> None:
    local = replace(SUBJECT, repository="")
    assert subject_url(local).to_string() == f"pkg:oci/train-model@sha256:{'a' * 64}?arch=amd64"

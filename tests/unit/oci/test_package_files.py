import pytest

from toolkit.oci.package_files import describes_packages, is_status


@pytest.mark.parametrize(
    "path",
    [
        "etc/os-release",
        "lib/apk/db/installed",
        "var/lib/dpkg/status",
        "var/lib/dpkg/status.d/dash",
        "usr/share/doc/dash/copyright",
        "opt/site-packages/a-1.dist-info/METADATA",
        "a-1.dist-info/sboms/deep/a.json",
        "usr/lib/python3/dist-packages/a-1.egg-info",
        "usr/lib/python3/dist-packages/a-1.egg-info/PKG-INFO",
    ],
)
def test_files_that_describe_packages(path: str) -> None:
    assert describes_packages(path)


@pytest.mark.parametrize(
    "path",
    [
        "opt/etc/os-release",
        "var/lib/dpkg/status-old",
        "var/lib/dpkg/status.d/dash.md5sums",
        "usr/share/doc/dash/html/copyright",
        "opt/site-packages/a-1.dist-info/RECORD",
        "opt/site-packages/a/METADATA",
        "a-info/copyright.py",
    ],
)
def test_other_files(path: str) -> None:
    assert not describes_packages(path)


def test_sums_beside_a_package_are_no_status() -> None:
    assert is_status("var/lib/dpkg/status.d/dash")
    assert not is_status("var/lib/dpkg/status.d/deep/dash")
